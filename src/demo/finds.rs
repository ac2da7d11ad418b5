//! What the channels know of the day, worked out from the town's truth, and what finance must
//! therefore find: each difference between that and the notices, with its code.
//!
//! Invariants: nothing here asks the engine. Payments of one amount that lie so near to each other
//! on one wallet that no line could be told from the next are expected as one question.
//! Deliberately not here: how the files look ([`super::bank`]), and who does what about it
//! ([`super::morning`]).

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::Zone;

use super::bank::{Entry, What, serial};
use super::chance::Chance;
use super::day::{Day, House, Scene, clock};
use super::drive::{Paid, Trace, Truth};
use super::town;

/// Payments of one amount that lie no further from each other than this can be each other's: the
/// longest delay of a notice that the comparison reckons with.
const NEAR: Span = Span::from_mins(15);

/// Places of movements that are no payments, behind those of payments.
const REFUNDS_FROM: usize = 5_000;
const WITHDRAWALS_FROM: usize = 6_000;
const SPENDINGS_FROM: usize = 7_000;
const FOUND_LATER: usize = 8_000;

/// One account and what moved on it, as its channel tells it in the morning and later.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) wallet: WalletId,
    pub(super) channel: Channel,
    pub(super) first: Vec<Entry>,
    /// The rows of an export some hours later, where they are others.
    pub(super) later: Option<Vec<Entry>>,
}

/// What is to become of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The line is taken for a payment.
    Taken,
    /// It ends by itself when somebody records what was forgotten.
    Recorded,
    /// What was forgotten is recorded, and a person ends it as adjusted.
    Adjusted,
    /// It ends by itself with a later file.
    Later,
    /// It is accepted at the close.
    Accepted,
}

/// A difference that finance must find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Find {
    pub(super) words: &'static str,
    pub(super) code: &'static str,
    pub(super) wallet: WalletId,
    pub(super) amount: Amount,
    /// The channel's number, where it is about a line that is nobody's.
    pub(super) line: Option<String>,
    pub(super) fate: Fate,
}

/// A withdrawal that an operator wrote down without its fee.
pub(super) struct Noted {
    pub(super) wallet: WalletId,
    pub(super) arrives: Amount,
    pub(super) at: Timestamp,
    pub(super) serial: String,
}

/// What the channels know, and what follows.
pub(super) struct Bank {
    /// The first instant of the business day.
    pub(super) day: Timestamp,
    pub(super) accounts: Vec<Account>,
    pub(super) finds: Vec<Find>,
}

fn midnight(day: &Day) -> Timestamp {
    day.opens.minus(Span::from_hours(8))
}

/// The withdrawal of the studio, whose fee of a thousandth somebody forgot.
pub(super) fn noted(day: &Day, zone: Zone) -> Noted {
    let midnight = midnight(day);
    Noted {
        wallet: town::wallet(House::Kite, Channel::Wechat),
        arrives: Amount::fen(200_000),
        at: clock(midnight, 22, 15, 0),
        serial: serial(Channel::Wechat, zone, midnight, WITHDRAWALS_FROM),
    }
}

/// What WeChat takes for a withdrawal: a thousandth.
fn withdrawal_fee(arrives: Amount) -> Amount {
    Amount::fen(arrives.minor() / 1_000)
}

/// Works out what the channels know of a day.
pub(super) fn bank(day: &Day, truth: &Truth, zone: Zone, seed: u64) -> Bank {
    let mut chance = Chance::new(seed.rotate_left(16));
    let mut made = Making { day, truth, zone, midnight: midnight(day), finds: Vec::new() };
    let accounts = [House::Tea, House::Kite].map(|house| {
        [Channel::Wechat, Channel::Alipay].map(|channel| made.account(house, channel, &mut chance))
    });
    let mut accounts: Vec<Account> = accounts.into_iter().flatten().collect();
    made.unheard();
    made.alike();
    made.withdrawals(&mut accounts, &mut chance);
    made.refunds(&mut accounts);
    made.torn(&mut accounts);
    Bank { day: made.midnight, accounts, finds: made.finds }
}

impl Bank {
    /// The tea house's wallet with one row more, which its channel books after everybody has gone
    /// home.
    pub(super) fn found_later(&self, zone: Zone) -> Account {
        let wallet = town::wallet(House::Tea, Channel::Wechat);
        let known = self.accounts.iter().find(|account| account.wallet == wallet);
        let mut account = known.expect("the tea house has a WeChat wallet").clone();
        let number = serial(Channel::Wechat, zone, self.day, FOUND_LATER);
        let at = clock(self.day, 21, 47, 12);
        account.first.push(Entry::receipt(at, Amount::fen(1_234), number));
        account
    }
}

struct Making<'a> {
    day: &'a Day,
    truth: &'a Truth,
    zone: Zone,
    midnight: Timestamp,
    finds: Vec<Find>,
}

impl Making<'_> {
    fn serial(&self, channel: Channel, place: usize) -> String {
        serial(channel, self.zone, self.midnight, place)
    }

    fn find(&mut self, words: &'static str, code: &'static str, of: (&WalletId, Amount)) {
        let (wallet, amount) = (of.0.clone(), of.1);
        self.finds.push(Find { words, code, wallet, amount, line: None, fate: Fate::Accepted });
    }

    fn scene(&self, paid: &Paid) -> Option<Scene> {
        paid.visit.and_then(|place| self.day.visits[place].scene)
    }

    /// What came, and what the house spent.
    fn account(&self, house: House, channel: Channel, chance: &mut Chance) -> Account {
        let wallet = town::wallet(house, channel);
        let came = self
            .truth
            .paid
            .iter()
            .enumerate()
            .filter(|(_, paid)| paid.wallet == wallet && paid.trace != Trace::Phantom);
        let mut first: Vec<Entry> = came
            .map(|(place, paid)| {
                Entry::receipt(paid.at, paid.amount, self.serial(channel, place + 1))
            })
            .collect();
        let house = if house == House::Tea { 0 } else { 100 };
        for place in 0..1 + usize::try_from(chance.below(3)).unwrap_or(0) {
            let at = self.day.opens.plus(chance.seconds(0, 12 * 3_600));
            let amount = Amount::fen(chance.pick(&[2_600, 4_800, 13_500, 26_800]));
            let serial = self.serial(channel, SPENDINGS_FROM + house + place);
            first.push(Entry { at, what: What::Spending, amount, serial, torn: false });
        }
        Account { wallet, channel, first, later: None }
    }

    /// Money that only the channel knows of, and money that only a notice knows of.
    fn unheard(&mut self) {
        let truth = self.truth;
        for (place, paid) in truth.paid.iter().enumerate() {
            let of = (&paid.wallet, paid.amount);
            match self.scene(paid) {
                Some(scene @ (Scene::Lost | Scene::LostToo)) => {
                    self.find("a guest paid and the notice got lost", "U02", of);
                    let kite = self.day.visits[paid.visit.unwrap_or_default()].channel;
                    let line = Some(self.serial(kite, place + 1));
                    let fate = if scene == Scene::Lost { Fate::Taken } else { Fate::Accepted };
                    if let Some(find) = self.finds.last_mut() {
                        (find.line, find.fate) = (line, fate);
                    }
                }
                Some(Scene::Phantom) => {
                    self.find("a notice with a leaked key tells of money", "T03", of);
                }
                None if paid.visit.is_none() => {
                    self.find("money came that nobody asked for", "U02", of);
                }
                _ => {}
            }
        }
    }

    /// Payments of one amount on one wallet, near to each other: whose line is whose?
    fn alike(&mut self) {
        let mut real: Vec<&Paid> = self.truth.paid.iter().collect();
        real.retain(|paid| paid.trace != Trace::Phantom);
        real.sort_by_key(|paid| (&paid.wallet, paid.amount, paid.at));
        let near = |a: &&Paid, b: &&Paid| {
            let money = |paid: &Paid| (paid.wallet.clone(), paid.amount);
            money(a) == money(b) && b.at.since(a.at) <= NEAR
        };
        for crowd in real.chunk_by(near).filter(|crowd| crowd.len() > 1) {
            let told = crowd.iter().filter(|paid| paid.trace == Trace::Heard).count();
            let words = if told < crowd.len() {
                "paid twice within seconds, and told once"
            } else {
                "two payments of one amount: which line is whose?"
            };
            self.find(words, "A02", (&crowd[0].wallet, crowd[0].amount));
        }
    }

    /// One that nobody recorded, and one that was recorded without its fee.
    fn withdrawals(&mut self, accounts: &mut [Account], chance: &mut Chance) {
        let arrives = Amount::fen(10_000 * chance.pick(&[5, 6, 8, 9]));
        let tea = town::wallet(House::Tea, Channel::Wechat);
        let number = self.serial(Channel::Wechat, WITHDRAWALS_FROM + 1);
        let at = clock(self.midnight, 22, 5, 0);
        let whole = add(accounts, &tea, (at, arrives, number.clone()));
        self.find("a withdrawal that nobody recorded", "U03", (&tea, whole));
        if let Some(find) = self.finds.last_mut() {
            (find.line, find.fate) = (Some(number), Fate::Recorded);
        }
        let Noted { wallet, arrives, at, serial } = noted(self.day, self.zone);
        add(accounts, &wallet, (at, arrives, serial));
        let fee = withdrawal_fee(arrives);
        self.find("a withdrawal was recorded without its fee", "M02", (&wallet, fee));
        if let Some(find) = self.finds.last_mut() {
            find.fate = Fate::Adjusted;
        }
    }

    /// What was given back. The channel lists one of the refunds some hours later.
    fn refunds(&mut self, accounts: &mut [Account]) {
        for (place, (scene, sent)) in self.truth.sent.iter().enumerate() {
            let refunds = self.truth.refunds.iter();
            let Some((_, _, amount, _)) = refunds.clone().find(|(of, ..)| of == scene) else {
                continue;
            };
            let of_scene = |paid: &&Paid| self.scene(paid) == Some(*scene);
            let Some(paid) = self.truth.paid.iter().find(of_scene) else { continue };
            let owner = |account: &&mut Account| account.wallet == paid.wallet;
            let Some(account) = accounts.iter_mut().find(owner) else { continue };
            let serial = self.serial(account.channel, REFUNDS_FROM + place);
            // The channel's clock is a second ahead.
            let at = sent.plus(Span::from_secs(1));
            let row = Entry { at, what: What::Refund, amount: *amount, serial, torn: false };
            let mut told = account.first.clone();
            told.push(row);
            for entry in told.iter_mut().filter(|entry| entry.at == paid.at) {
                entry.what = What::Receipt { back: *amount };
            }
            if *scene == Scene::Refunded {
                account.later = Some(told);
                self.find("the channel lists a refund only later", "R01", (&paid.wallet, *amount));
                if let Some(find) = self.finds.last_mut() {
                    find.fate = Fate::Later;
                }
            } else {
                account.first = told;
            }
        }
    }

    /// A spreadsheet was too narrow for one of the house's own purchases.
    fn torn(&mut self, accounts: &mut [Account]) {
        let wallet = town::wallet(House::Tea, Channel::Alipay);
        let Some(account) = accounts.iter_mut().find(|account| account.wallet == wallet) else {
            return;
        };
        account.later = Some(account.first.clone());
        let spent = account.first.iter_mut().find(|entry| entry.what == What::Spending);
        if let Some(entry) = spent {
            entry.torn = true;
            self.find("a row whose time a spreadsheet spoiled", "F04", (&wallet, Amount::fen(0)));
            if let Some(find) = self.finds.last_mut() {
                find.fate = Fate::Later;
            }
        }
    }
}

/// Adds a withdrawal to an account; the whole amount that left.
fn add(
    accounts: &mut [Account],
    wallet: &WalletId,
    (at, arrives, serial): (Timestamp, Amount, String),
) -> Amount {
    let fee = withdrawal_fee(arrives);
    let amount = Amount::fen(arrives.minor() + fee.minor());
    let entry = Entry { at, what: What::Withdrawal { fee }, amount, serial, torn: false };
    for account in accounts.iter_mut().filter(|account| account.wallet == *wallet) {
        account.first.push(entry.clone());
    }
    amount
}
