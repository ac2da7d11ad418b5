//! What the engine concluded. A decision carries what was decided and why, never a running total.
//!
//! Invariants: as for facts, a released variant or field never changes and variants are only
//! appended. A decision follows the fact that it was made on in the log, so it repeats neither time
//! nor cause.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::breaks::{BreakState, Ending, FoundBreak};
use crate::callback::CallbackId;
use crate::closing::Day;
use crate::id::{
    AdjustmentId, BreakId, DeviceId, NotificationId, OrderId, PaymentId, RefundId, WalletId,
};
use crate::matcher::{Grade, HoldReason, Rule, Standing};
use crate::notification::Verdict;
use crate::refund::RefundState;
use crate::time::Timestamp;

/// What the engine concluded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// The order exists, and the payable amount is held for it on the wallet.
    OrderAccepted {
        /// The order.
        order: OrderId,
        /// Who receives.
        wallet: WalletId,
        /// What the payer must pay to the last minor unit.
        payable: Amount,
        /// When it stops waiting.
        expires_at: Timestamp,
    },
    /// The order stopped waiting.
    OrderExpired {
        /// The order.
        order: OrderId,
        /// Until when its amount is not given to another.
        quarantined_until: Timestamp,
    },
    /// The order was closed before it was paid.
    OrderClosed {
        /// The order.
        order: OrderId,
        /// Until when its amount is not given to another.
        quarantined_until: Timestamp,
    },
    /// The quarantine ended; the amount may be held by another order.
    AmountReleased {
        /// The order that held it.
        order: OrderId,
    },
    /// What kind of delivery this was.
    NotificationJudged {
        /// The delivery.
        notification: NotificationId,
        /// First, repeat, conflict, …
        verdict: Verdict,
    },
    /// Money arrived, as far as we can tell.
    PaymentObserved {
        /// The payment.
        payment: PaymentId,
        /// The wallets that it may have come to; one in most cases.
        wallets: Vec<WalletId>,
        /// How much.
        amount: Amount,
        /// When it was paid, as far as we can tell.
        paid_at: Timestamp,
    },
    /// The payment settles the order.
    PaymentMatched {
        /// The payment.
        payment: PaymentId,
        /// The order.
        order: OrderId,
        /// How sure.
        grade: Grade,
        /// By what.
        rule: Rule,
        /// Every order that could have been meant, this one among them.
        candidates: Vec<OrderId>,
    },
    /// The payment settles nothing by itself: it stays in suspense until a person decides.
    PaymentHeld {
        /// The payment.
        payment: PaymentId,
        /// Ambiguous or orphan.
        grade: Grade,
        /// Why.
        reason: HoldReason,
        /// Every order that could have been meant.
        candidates: Vec<OrderId>,
    },
    /// Other decisions have left one order for a held payment: proposed, not settled.
    MatchProposed {
        /// The payment.
        payment: PaymentId,
        /// The only order left.
        order: OrderId,
    },
    /// The order has its money.
    OrderPaid {
        /// The order.
        order: OrderId,
        /// By which payment.
        payment: PaymentId,
        /// What came.
        received: Amount,
        /// Exact, late, over or under.
        standing: Standing,
        /// Until when its amount is not given to another.
        quarantined_until: Timestamp,
    },
    /// The merchant is to be told.
    CallbackScheduled {
        /// The message.
        callback: CallbackId,
        /// What it says.
        topic: crate::callback::Topic,
        /// When to send it.
        due: Timestamp,
    },
    /// The attempt failed; there will be another.
    CallbackRetried {
        /// The message.
        callback: CallbackId,
        /// When to send it again.
        due: Timestamp,
    },
    /// The merchant has it.
    CallbackAcknowledged {
        /// The message.
        callback: CallbackId,
    },
    /// No more attempts by ourselves.
    CallbackAbandoned {
        /// The message.
        callback: CallbackId,
    },
    /// Nothing was heard of the device for too long: nobody watches.
    DeviceFellSilent {
        /// The device.
        device: DeviceId,
        /// When it was last heard.
        since: Timestamp,
    },
    /// The device is back; between the two times nobody watched.
    DeviceReturned {
        /// The device.
        device: DeviceId,
        /// When it had last been heard.
        since: Timestamp,
    },
    /// The refund exists and waits for approval.
    RefundOpened {
        /// The refund.
        refund: RefundId,
    },
    /// The refund moved on.
    RefundAdvanced {
        /// The refund.
        refund: RefundId,
        /// To where.
        to: RefundState,
    },
    /// A person found that evidence says nothing of money.
    EvidenceDismissed {
        /// The delivery.
        notification: NotificationId,
    },
    /// The payment is out of suspense without an order, by a person's word.
    SuspenseEnded {
        /// The payment.
        payment: PaymentId,
    },
    /// The adjustment stands in the books.
    AdjustmentPosted {
        /// The adjustment.
        adjustment: AdjustmentId,
    },
    /// The adjustment will not be posted.
    AdjustmentDeclined {
        /// The adjustment.
        adjustment: AdjustmentId,
    },
    /// Books and statement disagree.
    BreakOpened {
        /// About what.
        id: BreakId,
        /// On whose statement.
        wallet: WalletId,
        /// The day that it is about.
        day: Day,
        /// The day that it is booked in: another one where that is closed.
        booked: Day,
        /// What was found.
        found: FoundBreak,
    },
    /// A later run finds the break otherwise.
    BreakReclassified {
        /// The break.
        id: BreakId,
        /// The day that it is booked in from now on.
        booked: Day,
        /// What was found.
        found: FoundBreak,
    },
    /// The break was over, and is open again.
    BreakReopened {
        /// The break.
        id: BreakId,
        /// The day that it is booked in from now on.
        booked: Day,
    },
    /// The break moved on, by a person's word.
    BreakMoved {
        /// The break.
        id: BreakId,
        /// To where.
        to: BreakState,
    },
    /// The break is over.
    BreakResolved {
        /// The break.
        id: BreakId,
        /// How it ended.
        ending: Ending,
    },
    /// The run over the wallet's day is whole.
    DayReckoned {
        /// Whose day.
        wallet: WalletId,
        /// Which day.
        day: Day,
    },
    /// No break is dated into the day any more.
    DayClosed {
        /// Which day.
        day: Day,
    },
    /// One person wants the day open again; another one has to want it too.
    DayReopenProposed {
        /// Which day.
        day: Day,
    },
    /// The day is open again.
    DayReopened {
        /// Which day.
        day: Day,
    },
}
