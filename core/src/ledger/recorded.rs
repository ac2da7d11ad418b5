//! What people put into the books beside payments: the stored words for movements of money that no
//! notification tells of, and for adjustments.
//!
//! Invariants: all of it lies in the log, so a released variant or field never changes and variants
//! are only appended. An id is drawn by whoever records, so that what is sent twice counts once.
//! Deliberately not here: what is refused (`ruling`), what is posted (`poster`).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::account::Named;
use crate::amount::Amount;
use crate::id::{AdjustmentId, BankId, MovementId, WalletId};
use crate::time::Timestamp;

/// Money that moved, or was there, without a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Movement {
    /// A channel took a fee, as its statement says.
    ChannelFee {
        /// From where.
        wallet: WalletId,
        /// How much.
        fee: Amount,
    },
    /// Money left a wallet for the bank.
    WithdrawalSent {
        /// From where.
        wallet: WalletId,
        /// To where.
        bank: BankId,
        /// What will arrive.
        amount: Amount,
        /// What the channel takes beside it; may be zero.
        fee: Amount,
    },
    /// A withdrawal is at the bank, whole.
    WithdrawalArrived {
        /// The movement that sent it.
        withdrawal: MovementId,
    },
    /// Money went from one wallet to another.
    Transfer {
        /// From where.
        from: WalletId,
        /// To where.
        to: WalletId,
        /// What arrives.
        amount: Amount,
        /// What the channel takes beside it; may be zero.
        fee: Amount,
    },
    /// What a wallet or a bank held before the first event.
    Opening {
        /// Which one.
        account: Named,
        /// How much.
        amount: Amount,
    },
}

/// Somebody recorded a movement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovementRecorded {
    /// Its id.
    pub id: MovementId,
    /// What moved.
    pub movement: Movement,
    /// When the channel or the bank says that it did.
    pub moved_at: Timestamp,
    /// Who recorded it.
    pub by: String,
    /// The evidence: a statement's line, a serial number, a note.
    pub evidence: String,
}

/// Somebody wants the books put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentProposed {
    /// Its id.
    pub id: AdjustmentId,
    /// What is to be posted: positive to debit, negative to credit.
    pub lines: Vec<(Named, Amount)>,
    /// When it is to count.
    pub value_at: Timestamp,
    /// Who wants it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What a second person says to an adjustment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdjustmentVerdict {
    /// It is posted.
    Approve,
    /// It is not.
    Decline,
}

/// Somebody judged an adjustment that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustmentJudged {
    /// Which one.
    pub id: AdjustmentId,
    /// What is to become of it.
    pub verdict: AdjustmentVerdict,
    /// Who judged.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Settings of the books that decisions depend on. Beside [`crate::policy::Policy`], because that
/// one is released and its fields do not change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksPolicy {
    /// The most that one person may adjust alone: the debits of an adjustment in minor units, of
    /// each currency. Zero, which holds until a policy says otherwise, lets nobody.
    pub alone_max: u64,
}

/// Settings of the books were put into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BooksPolicyActivated {
    /// The settings, whole.
    pub policy: BooksPolicy,
    /// Who or what activated them.
    pub by: String,
}
