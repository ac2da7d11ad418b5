//! What came from outside. A fact is written once, in the past tense, and never edited; time, ids
//! and chance that a decision needs arrive inside it.
//!
//! Invariants: a released variant or field never changes and variants are only appended, because
//! their index is the stored form (golden files keep this true). No secret is ever part of a fact.
//! Deliberately not here: what follows from a fact ([`crate::decision`]).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::breaks::{BreakWorked, DayReconciled, LineTaken, StatementKept, TermsActivated};
use crate::callback::{AttemptOutcome, CallbackId};
use crate::channel::Channel;
use crate::closing::{DayCloseRequested, DayReopenRequested};
use crate::digest::Digest;
use crate::id::{DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId};
use crate::ledger::{AdjustmentJudged, AdjustmentProposed, BooksPolicyActivated, MovementRecorded};
use crate::order::Dialect;
use crate::policy::Policy;
use crate::refund::RefundStep;
use crate::time::{Span, Timestamp};

/// What came from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The first event of a log.
    BookOpened(BookOpened),
    /// The settings that decisions depend on have changed.
    PolicyActivated(PolicyActivated),
    /// A merchant was declared, or its declaration changed.
    MerchantDeclared(Merchant),
    /// A wallet was declared, or its declaration changed.
    WalletDeclared(Wallet),
    /// A device was declared, or its declaration changed.
    DeviceDeclared(Device),
    /// A merchant asked to be paid.
    OrderRequested(OrderRequested),
    /// Somebody asked to close an order.
    OrderCloseRequested(OrderCloseRequested),
    /// Evidence of money, or what may be such, was delivered.
    NotificationReceived(NotificationReceived),
    /// A device said that it is alive.
    HeartbeatReceived(HeartbeatReceived),
    /// Time passed, and something was due.
    ClockTicked,
    /// A callback was sent, or could not be.
    CallbackAttempted(CallbackAttempted),
    /// An operator asked to send a callback again.
    RedeliveryRequested(RedeliveryRequested),
    /// A merchant asked to give money back.
    RefundRequested(RefundRequested),
    /// An operator moved a refund on.
    RefundStepTaken(RefundStepTaken),
    /// An operator said which order a held payment belongs to.
    PaymentAssigned(PaymentAssigned),
    /// An operator read evidence that the engine could not read or did not trust; or the platform
    /// that sent it was asked what it is about.
    EvidenceJudged(EvidenceJudged),
    /// An operator said that a held payment belongs to no order.
    PaymentDismissed(PaymentDismissed),
    /// A platform made a code for an order.
    CodeIssued(CodeIssued),
    /// Somebody recorded money that moved without a payer.
    MovementRecorded(MovementRecorded),
    /// Somebody wants the books put right.
    AdjustmentProposed(AdjustmentProposed),
    /// Somebody judged an adjustment that waits.
    AdjustmentJudged(AdjustmentJudged),
    /// The settings of the books have changed.
    BooksPolicyActivated(BooksPolicyActivated),
    /// A channel's statement was read and is kept.
    StatementKept(StatementKept),
    /// A day of a wallet was reconciled, or a part of that.
    DayReconciled(DayReconciled),
    /// A person did something with a break.
    BreakWorked(BreakWorked),
    /// Somebody wants a day closed.
    DayCloseRequested(DayCloseRequested),
    /// Somebody wants a closed day opened again.
    DayReopenRequested(DayReopenRequested),
    /// A person took a line of a statement for a payment.
    LineTaken(LineTaken),
    /// The terms of reconciliation have changed.
    TermsActivated(TermsActivated),
}

/// The first event of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookOpened {
    /// A name for people.
    pub book: String,
    /// The IANA name of the zone whose calendar days are business days.
    pub time_zone: String,
}

/// New settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyActivated {
    /// The settings, whole.
    pub policy: Policy,
    /// Who or what activated them.
    pub by: String,
}

/// Who asks to be paid through us. Keys are not here: the log is for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    /// Its name in protocols.
    pub id: MerchantId,
    /// Its name for people.
    pub name: String,
    /// Where callbacks go that name no address of their own.
    pub notify_url: Option<String>,
    /// The wallets that may take its money.
    pub wallets: Vec<WalletId>,
    /// Answers on dialect paths that carry no merchant.
    pub default: bool,
    /// Legacy signatures are accepted only in the grammar that leaves one reading.
    pub strict: bool,
    /// May create orders.
    pub enabled: bool,
}

/// A receiving account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// Its name.
    pub id: WalletId,
    /// Its network.
    pub channel: Channel,
    /// The text of its any-amount code, where it has one.
    pub qr: Option<String>,
    /// Its fixed-amount codes: amount and text.
    pub fixed: Vec<(Amount, String)>,
    /// May take new orders. Money that comes all the same is still seen.
    pub enabled: bool,
}

/// A phone or other watcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its name.
    pub id: DeviceId,
    /// The wallets that it watches.
    pub wallets: Vec<WalletId>,
    /// May report.
    pub enabled: bool,
}

/// A merchant asked to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequested {
    /// The id that the order gets if it is accepted.
    pub order: OrderId,
    /// Who asks.
    pub merchant: MerchantId,
    /// The merchant's own order number, unique for the merchant.
    pub number: String,
    /// The asked amount.
    pub requested: Amount,
    /// The networks that the payer may use; empty means any.
    pub channels: Vec<Channel>,
    /// The protocol of the request, in which callbacks are written.
    pub dialect: Dialect,
    /// How long to wait for the payment, where the request says so.
    pub ttl: Option<Span>,
    /// Where the callback goes, where the request says so.
    pub notify_url: Option<String>,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
    /// What is being paid for.
    pub subject: Option<String>,
    /// Text that goes back to the merchant unchanged.
    pub attachment: Option<String>,
    /// What the dialect needs to answer and call back in the request's own spelling; opaque here.
    pub echo: Option<String>,
    /// The fingerprint of the client's idempotency key, where it sent one.
    pub idempotency: Option<Digest>,
}

/// Who wants an order closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closer {
    /// The merchant itself: its own orders only.
    Merchant(MerchantId),
    /// An operator, by name.
    Operator(String),
}

/// Somebody asked to close an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCloseRequested {
    /// The order.
    pub order: OrderId,
    /// Who asked.
    pub by: Closer,
}

/// What a source made of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// Money came.
    Money {
        /// How much.
        amount: Amount,
        /// The network, where the source can tell.
        channel: Option<Channel>,
        /// When the device says that it happened: data, not truth.
        sent_at: Option<Timestamp>,
        /// Order numbers and the like that the payer wrote.
        references: Vec<String>,
    },
    /// A rule knows that this is no money.
    Ignored,
    /// Nobody can tell what this says.
    Unreadable,
    /// The signature is wrong.
    Forged,
}

/// Evidence of money, or what may be such, was delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationReceived {
    /// The id of this delivery.
    pub notification: NotificationId,
    /// Who delivered it; none where the signature is wrong.
    pub device: Option<DeviceId>,
    /// The protocol it came in.
    pub source: String,
    /// What the source made of it.
    pub reading: Reading,
    /// The rule that read it, or why it could not be read.
    pub rule: String,
    /// The same for every delivery of the same thing.
    pub key: Digest,
    /// The fingerprint of what it says, to tell a repeat from a conflict.
    pub content: Digest,
    /// The request as it was received, without secrets.
    pub raw: Vec<u8>,
}

/// A device said that it is alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeartbeatReceived {
    /// Which one.
    pub device: DeviceId,
    /// The time on its own clock.
    pub sent_at: Option<Timestamp>,
}

/// A callback was sent, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackAttempted {
    /// Which one.
    pub callback: CallbackId,
    /// What came of it.
    pub outcome: AttemptOutcome,
    /// How long the attempt took.
    pub took: Span,
    /// The beginning of the answer's body, or of the error's text.
    pub excerpt: String,
    /// Chance for the next delay, in parts per million.
    pub jitter_ppm: u32,
}

/// An operator asked to send a callback again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedeliveryRequested {
    /// Which one.
    pub callback: CallbackId,
    /// Who asked.
    pub by: String,
}

/// A merchant asked to give money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequested {
    /// The id that the refund gets if it is accepted.
    pub refund: RefundId,
    /// Who asks.
    pub merchant: MerchantId,
    /// Of which order.
    pub order: OrderId,
    /// The merchant's own number for the refund, unique for the merchant.
    pub number: String,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub reason: String,
}

/// An operator moved a refund on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundStepTaken {
    /// Which one.
    pub refund: RefundId,
    /// To where.
    pub step: RefundStep,
    /// Who did it.
    pub by: String,
    /// The evidence or the reason: a transfer number, a note.
    pub evidence: String,
}

/// An operator said which order a held payment belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentAssigned {
    /// The payment.
    pub payment: PaymentId,
    /// Its order.
    pub order: OrderId,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What an operator reads in evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Judgement {
    /// It is money.
    Money {
        /// Where it came in.
        wallet: WalletId,
        /// How much.
        amount: Amount,
        /// When it was paid.
        paid_at: Timestamp,
    },
    /// It is not.
    NotMoney,
    /// It is money, by the platform's own record of the trade.
    Trade {
        /// Where it came in.
        wallet: WalletId,
        /// How much.
        amount: Amount,
        /// When it was paid.
        paid_at: Timestamp,
        /// The platform's number of the trade.
        number: String,
        /// The code that it was paid through, where it was one.
        reference: Option<String>,
    },
}

/// An operator read evidence that the engine could not read or did not trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceJudged {
    /// The delivery.
    pub notification: NotificationId,
    /// What it says.
    pub judgement: Judgement,
    /// Who said so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An operator said that a held payment belongs to no order: paid twice, sent by mistake, given
/// back by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentDismissed {
    /// The payment.
    pub payment: PaymentId,
    /// Who said so.
    pub by: String,
    /// Why, and where the money is now.
    pub reason: String,
}

/// A platform made a code for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeIssued {
    /// The order.
    pub order: OrderId,
    /// The platform's number of the code; what is paid through it bears this.
    pub reference: String,
    /// The address that the code leads to.
    pub qr: String,
    /// The platform's own picture of the code as a data URI; empty where it sent none.
    pub picture: String,
}
