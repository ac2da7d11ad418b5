//! What decisions about the books need to know, and why they refuse.
//!
//! Invariants: no field is public; the fold writes them and the rulings read them. Memory is one
//! record of some 100 bytes for each movement and adjustment: those that people make by hand, and
//! one for each fee that a file tells of, which is 11 MB a year of a shop with 300 payments a day.
//! Deliberately not here: balances, which no decision depends on.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::fmt;

use super::account::Named;
use super::recorded::{AdjustmentProposed, BooksPolicy, Movement, MovementRecorded};
use crate::amount::Currency;
use crate::digest::Digest;
use crate::id::{AdjustmentId, BankId, MovementId};
use crate::time::Timestamp;

/// What `decide` remembers of a movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementRecord {
    /// The fingerprint of what must be equal in a repeat.
    pub content: Digest,
    /// Whether money is sent with it to a bank.
    pub was_withdrawal: bool,
}

/// Where an adjustment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdjustmentState {
    /// Waits for a second person.
    Proposed,
    /// It stands in the books.
    Posted,
    /// It will not be posted.
    Declined,
}

impl AdjustmentState {
    /// The word that views and reports use.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Posted => "posted",
            Self::Declined => "declined",
        }
    }
}

/// What `decide` remembers of an adjustment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentRecord {
    /// The fingerprint of what must be equal in a repeat.
    pub content: Digest,
    /// Who proposed it.
    pub by: String,
    /// Where it stands.
    pub state: AdjustmentState,
}

/// What decisions about the books need to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    policy: BooksPolicy,
    movements: BTreeMap<MovementId, MovementRecord>,
    /// The withdrawals that have not arrived, and when each was sent.
    under_way: BTreeMap<MovementId, Timestamp>,
    adjustments: BTreeMap<AdjustmentId, AdjustmentRecord>,
    opened: BTreeSet<(Named, Currency)>,
    banks: BTreeSet<BankId>,
}

impl Books {
    /// The settings in force.
    #[must_use]
    pub fn policy(&self) -> BooksPolicy {
        self.policy
    }

    /// A movement by id.
    #[must_use]
    pub fn movement(&self, id: MovementId) -> Option<&MovementRecord> {
        self.movements.get(&id)
    }

    /// An adjustment by id.
    #[must_use]
    pub fn adjustment(&self, id: AdjustmentId) -> Option<&AdjustmentRecord> {
        self.adjustments.get(&id)
    }

    /// All adjustments.
    pub fn adjustments(&self) -> impl Iterator<Item = (AdjustmentId, &AdjustmentRecord)> {
        self.adjustments.iter().map(|(id, record)| (*id, record))
    }

    /// All withdrawals that have not arrived.
    pub fn on_their_way(&self) -> impl Iterator<Item = MovementId> {
        self.under_way.keys().copied()
    }

    /// When a withdrawal that has not arrived was sent.
    #[must_use]
    pub fn sent_at(&self, withdrawal: MovementId) -> Option<Timestamp> {
        self.under_way.get(&withdrawal).copied()
    }

    /// Whether an opening balance of an account was recorded.
    #[must_use]
    pub fn is_opened(&self, account: &Named, currency: Currency) -> bool {
        self.opened.contains(&(account.clone(), currency))
    }

    /// Whether a bank may be named: it is known, or there is room for one more.
    #[must_use]
    pub fn has_room_for(&self, bank: &BankId, banks_max: usize) -> bool {
        self.banks.contains(bank) || self.banks.len() < banks_max
    }

    pub(crate) fn activate(&mut self, policy: BooksPolicy) {
        self.policy = policy;
    }

    pub(crate) fn record(&mut self, recorded: &MovementRecorded, content: Digest) {
        let was_withdrawal = matches!(recorded.movement, Movement::WithdrawalSent { .. });
        match &recorded.movement {
            Movement::WithdrawalArrived { withdrawal } => {
                let sent = self.under_way.remove(withdrawal);
                assert!(sent.is_some(), "only a withdrawal under way arrives");
            }
            Movement::Opening { account, amount } => {
                self.opened.insert((account.clone(), amount.currency()));
                if let Named::Bank(bank) = account {
                    self.banks.insert(bank.clone());
                }
            }
            Movement::WithdrawalSent { bank, .. } => {
                self.under_way.insert(recorded.id, recorded.moved_at);
                self.banks.insert(bank.clone());
            }
            Movement::ChannelFee { .. } | Movement::Transfer { .. } => {}
        }
        self.movements.insert(recorded.id, MovementRecord { content, was_withdrawal });
    }

    pub(crate) fn propose(&mut self, proposed: &AdjustmentProposed, content: Digest) {
        for (account, _) in &proposed.lines {
            if let Named::Bank(bank) = account {
                self.banks.insert(bank.clone());
            }
        }
        let (by, state) = (proposed.by.clone(), AdjustmentState::Proposed);
        self.adjustments.insert(proposed.id, AdjustmentRecord { content, by, state });
    }

    pub(crate) fn post(&mut self, adjustment: AdjustmentId) {
        self.advance(adjustment, AdjustmentState::Posted);
    }

    pub(crate) fn decline(&mut self, adjustment: AdjustmentId) {
        self.advance(adjustment, AdjustmentState::Declined);
    }

    fn advance(&mut self, adjustment: AdjustmentId, to: AdjustmentState) {
        let record = self.adjustments.get_mut(&adjustment);
        record.expect("a decision names a known adjustment").state = to;
    }
}

/// Why the books do not take what was recorded or proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BooksRefusal {
    /// The id was used before with other content.
    IdTaken,
    /// No such withdrawal.
    UnknownWithdrawal,
    /// The withdrawal has arrived already.
    WithdrawalArrived,
    /// The account has an opening balance already.
    AlreadyOpened,
    /// Only wallets and banks have opening balances.
    NotOpenable,
    /// A transfer goes from a wallet to itself.
    SameWallet,
    /// A fee is less than nothing, or has another currency.
    BadFee,
    /// The time lies in the future.
    TimeAhead,
    /// The time lies further back than anybody records.
    TooLongAgo,
    /// A withdrawal arrives after it was sent.
    BeforeItWasSent,
    /// An amount is beyond what any text may spell.
    AmountTooLarge,
    /// The book has as many banks as it may have.
    TooManyBanks,
    /// The adjustment has no lines, too many, or lines of nothing.
    BadLines,
    /// The lines of the adjustment do not sum to zero.
    Unbalanced,
    /// The account moves only with the payment, refund or break that it speaks of.
    NotAdjustable,
    /// No such adjustment.
    UnknownAdjustment,
    /// The adjustment does not wait any more.
    AdjustmentIs(AdjustmentState),
    /// Whoever proposed an adjustment does not approve it.
    SamePerson,
}

impl fmt::Display for BooksRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IdTaken => "the id was used with other content",
            Self::UnknownWithdrawal => "unknown withdrawal",
            Self::WithdrawalArrived => "the withdrawal has arrived already",
            Self::AlreadyOpened => "the account has an opening balance already",
            Self::NotOpenable => "only wallets and banks have opening balances",
            Self::SameWallet => "a transfer needs two wallets",
            Self::BadFee => "the fee is less than nothing or has another currency",
            Self::TimeAhead => "the time lies in the future",
            Self::TooLongAgo => "the time lies more than ten years back",
            Self::BeforeItWasSent => "the withdrawal was sent after that time",
            Self::AmountTooLarge => "an amount is too large",
            Self::TooManyBanks => "too many banks",
            Self::BadLines => "an adjustment has 2 to 32 lines, none of nothing",
            Self::Unbalanced => "the lines do not sum to zero",
            Self::NotAdjustable => {
                "this account moves only with the payment, refund or break that it speaks of"
            }
            Self::UnknownAdjustment => "unknown adjustment",
            Self::AdjustmentIs(state) => {
                return write!(f, "the adjustment is {}", state.word());
            }
            Self::SamePerson => "whoever proposed an adjustment does not approve it",
        })
    }
}
