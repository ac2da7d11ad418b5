//! The numbers of a day: of one wallet, or of all wallets of a currency.
//!
//! Invariants: counts and sums of each side are kept apart; adding is all that a total does.
//! Deliberately not here: what is counted where (`counting`).

use duizhang_core::amount::Currency;
use serde::Serialize;

use crate::spelling;

/// How many, and how much in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// How much.
    pub minor: i128,
}

impl Count {
    pub(super) fn add(&mut self, minor: i128) {
        self.count += 1;
        self.minor += minor;
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { count: self.count + other.count, minor: self.minor + other.minor }
    }
}

/// Both sides of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Both {
    /// What the channel says.
    pub channel: Count,
    /// What our log or our books say.
    pub ours: Count,
}

impl Both {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { channel: self.channel.plus(other.channel), ours: self.ours.plus(other.ours) }
    }
}

/// The payments to us of a day, each in one of the classes below `received`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Receipts {
    /// All but repeated ones.
    pub received: Both,
    /// Both sides say the same.
    pub agreed: Both,
    /// Of those: seen by us on another business day than the channel's.
    pub cross_day: Both,
    /// The channel alone has it.
    pub only_channel: Both,
    /// We alone have it.
    pub only_ours: Both,
    /// The two amounts differ.
    pub amount_differs: Both,
    /// The channel does not call it paid.
    pub status_differs: Both,
    /// The fee, the wallet or the day differs, or one key has two contents.
    pub other_differs: Both,
    /// One equals the sum of several.
    pub split: Both,
    /// Several could be meant, or another day or file decides.
    pub undecided: Both,
    /// The same line or notice again; not counted above.
    pub repeated: Both,
}

impl Receipts {
    fn plus(self, other: Self) -> Self {
        Self {
            received: self.received.plus(other.received),
            agreed: self.agreed.plus(other.agreed),
            cross_day: self.cross_day.plus(other.cross_day),
            only_channel: self.only_channel.plus(other.only_channel),
            only_ours: self.only_ours.plus(other.only_ours),
            amount_differs: self.amount_differs.plus(other.amount_differs),
            status_differs: self.status_differs.plus(other.status_differs),
            other_differs: self.other_differs.plus(other.other_differs),
            split: self.split.plus(other.split),
            undecided: self.undecided.plus(other.undecided),
            repeated: self.repeated.plus(other.repeated),
        }
    }

    /// What both sides must explain: everything that is not agreed and not repeated.
    pub(super) fn unexplained(&self) -> [Both; 7] {
        [
            self.only_channel,
            self.only_ours,
            self.amount_differs,
            self.status_differs,
            self.other_differs,
            self.split,
            self.undecided,
        ]
    }
}

/// A wallet's day in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WalletDay {
    /// The wallet; `total` for the sum of all.
    pub wallet: String,
    /// Its channel.
    pub channel: String,
    /// The currency.
    #[serde(serialize_with = "spelling::currency")]
    pub currency: Currency,
    /// Whether files of it cover the whole day.
    pub covered: bool,
    /// The balance before the day, where the statement shows balances.
    pub opening_channel: Option<i128>,
    /// The balance of the books before the day.
    pub opening_ours: i128,
    /// The payments to us.
    pub receipts: Receipts,
    /// Refunds, as amounts that went out.
    pub refunds: Both,
    /// What the channel took.
    pub fees: Both,
    /// What went to a bank.
    pub withdrawals: Both,
    /// Everything else, with its sign.
    pub other: Both,
    /// The balance behind the day, where the statement shows balances.
    pub closing_channel: Option<i128>,
    /// The balance of the books behind the day.
    pub closing_ours: i128,
    /// One row for each class that has an item, money out counted negative.
    pub classes: Vec<Tally>,
    /// All of it.
    pub total: Tally,
}

/// Both sides of a class, whatever the money did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The class; `total` for the sum.
    pub class: String,
    /// How many of ours.
    pub ours: usize,
    /// Their sum in minor units, money out counted negative.
    pub ours_minor: i128,
    /// How many of the channel's.
    pub channel: usize,
    /// Their sum in minor units, money out counted negative.
    pub channel_minor: i128,
}

impl Tally {
    pub(super) fn take(&mut self, other: &Self) {
        self.ours += other.ours;
        self.ours_minor += other.ours_minor;
        self.channel += other.channel;
        self.channel_minor += other.channel_minor;
    }
}

impl WalletDay {
    pub(super) fn new(wallet: &str, channel: &str, currency: Currency) -> Self {
        Self {
            wallet: wallet.to_owned(),
            channel: channel.to_owned(),
            currency,
            covered: false,
            opening_channel: None,
            opening_ours: 0,
            receipts: Receipts::default(),
            refunds: Both::default(),
            fees: Both::default(),
            withdrawals: Both::default(),
            other: Both::default(),
            closing_channel: None,
            closing_ours: 0,
            classes: Vec::new(),
            total: Tally { class: "total".to_owned(), ..Tally::default() },
        }
    }

    /// Whether there is nothing to say of it.
    pub(super) fn is_empty(&self) -> bool {
        let moved = [self.refunds, self.fees, self.withdrawals, self.other];
        !self.covered
            && self.classes.is_empty()
            && moved.iter().all(|both| *both == Both::default())
            && (self.opening_ours, self.closing_ours) == (0, 0)
    }

    /// What the channel has more than the books at the end of the day.
    #[must_use]
    pub fn difference(&self) -> Option<i128> {
        self.closing_channel.map(|channel| channel - self.closing_ours)
    }

    /// The sum of all wallets of a currency.
    pub(super) fn total_of(currency: Currency, wallets: &[Self]) -> Self {
        let mut total = Self::new("total", "", currency);
        let of_currency = || wallets.iter().filter(|day| day.currency == currency);
        let sum = |of: fn(&Self) -> Option<i128>| of_currency().map(of).sum::<Option<i128>>();
        total.covered = of_currency().all(|day| day.covered);
        total.opening_channel = sum(|day| day.opening_channel);
        total.closing_channel = sum(|day| day.closing_channel);
        for day in of_currency() {
            total.opening_ours += day.opening_ours;
            total.closing_ours += day.closing_ours;
            total.receipts = total.receipts.plus(day.receipts);
            total.refunds = total.refunds.plus(day.refunds);
            total.fees = total.fees.plus(day.fees);
            total.withdrawals = total.withdrawals.plus(day.withdrawals);
            total.other = total.other.plus(day.other);
            for row in &day.classes {
                match total.classes.iter_mut().find(|one| one.class == row.class) {
                    Some(known) => known.take(row),
                    None => total.classes.push(row.clone()),
                }
            }
            total.total.take(&day.total);
        }
        total
    }
}

/// What is open in the books at the end of a day, in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The currency.
    #[serde(serialize_with = "spelling::currency")]
    pub currency: Currency,
    /// Money without an order (暂收款, 过期到账, 撞单待判).
    pub unclaimed: Count,
    /// Of that, second payments for one order.
    pub paid_twice: Count,
    /// What orders are still to bring.
    pub receivable: i128,
    /// Refunds that were agreed and are not yet with the payer.
    pub refunds_due: i128,
    /// What came beyond what was to be paid.
    pub overpaid: i128,
    /// Money that the channel has and we never saw, as far as it is booked (长款挂账).
    pub long: i128,
    /// Records of money that the channel does not have, as far as they are booked (短款挂账).
    pub short: i128,
    /// Withdrawn and not yet at the bank.
    pub in_transit: i128,
}
