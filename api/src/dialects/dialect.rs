//! What a dialect is: one merchant-side wire protocol.
//!
//! Invariants: a dialect is a pure translator. It checks a signature over the received bytes before
//! it parses; it answers every request that it claims, in its own words; it never sees a socket,
//! the log or the writer.
//! Deliberately not here: routing, carrying out a [`Call`], sending a callback.

use duizhang_core::callback::{CallbackId, Topic};
use duizhang_core::id::{MerchantId, OrderId, RefundId};
use duizhang_core::order::{self, OrderStatus};
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::wire::{Answer, Method, Request};
use duizhang_projections::calendar::Zone;
use duizhang_projections::orders::{DayTally, OrderView};
use duizhang_projections::refunds::RefundView;

use super::call::{Call, OrderQuery, Reply};
use crate::outbound::UrlRefusal;

/// Longest body of a dialect in bytes. An order's number, two addresses and two texts are 128 + 2 *
/// 2,048 + 2 * 1,024 = 6,272 bytes, and JSON may write each byte as `\u00xx`: 37,632; with names
/// and spaces below 64 KiB.
pub const BODY_BYTES_MAX: usize = 64 * 1_024;

/// One merchant-side wire protocol.
pub trait Dialect: Send + Sync {
    /// Whether a request is of this protocol, by its path and headers.
    fn claims(&self, request: &Request) -> bool;

    /// Checks who asks, then reads what is asked.
    ///
    /// # Errors
    /// The answer where there is nothing to carry out: the refusal in the protocol's own words, or
    /// what needs no book. Nothing has changed.
    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer>;

    /// Refuses a request whose body is longer than [`BODY_BYTES_MAX`]; the request is shown without
    /// its body.
    fn too_large(&self, request: &Request) -> Answer;

    /// Words what came of a call.
    fn answer(&self, request: &Request, call: &Call, reply: &Reply, desk: &dyn Desk) -> Answer;

    /// Writes and signs a callback.
    ///
    /// # Errors
    /// [`Unsendable`] where it cannot be written; the attempt counts as failed.
    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable>;

    /// Where the payer's browser goes back to: the order's return address, with the protocol's
    /// signed parameters once the order is settled. None where the order has no such address.
    fn return_url(&self, order: &OrderView, desk: &dyn Desk) -> Option<String>;

    /// Says whether a merchant's answer means that it has the callback.
    fn judge(&self, status: u16, body: &[u8]) -> Judged;
}

/// What a dialect may look up. None of it is secret from the caller who proves to hold it.
pub trait Desk {
    /// The merchant that answers on paths that carry none.
    fn default_merchant(&self) -> Option<MerchantId>;

    /// What a dialect needs to know of an enabled merchant.
    fn merchant(&self, id: &MerchantId) -> Option<MerchantCard>;

    /// Shows each key of a merchant that is valid now, the newest first, for the MD5 dialects;
    /// nothing where there is none.
    fn each_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8]));

    /// Shows each webhook signing secret of a merchant that is valid now, the newest first.
    fn each_webhook_secret(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8]));

    /// Shows each private key of ours towards a merchant that is valid now, the newest first, in
    /// the text form of [`crate::key_pair`].
    fn each_platform_key(&self, id: &MerchantId, show: &mut dyn FnMut(&[u8]));

    /// Whose bearer token this is.
    fn token(&self, token: &str) -> Option<Token>;

    /// Whether a callback may go to this address, as far as the address alone tells: nothing is
    /// resolved, and each attempt checks again.
    ///
    /// # Errors
    /// [`UrlRefusal`] says what is wrong with it, without repeating any of it.
    fn check_callback(&self, url: &str) -> Result<(), UrlRefusal>;

    /// Whose order this is.
    fn merchant_of(&self, order: OrderId) -> Option<MerchantId>;

    /// An order of a merchant.
    fn find(&self, merchant: &MerchantId, query: &OrderQuery) -> Option<Found>;

    /// The merchant's own number of an order, read from the log.
    fn number(&self, order: OrderId) -> Option<String>;

    /// A refund by the merchant's own number.
    fn find_refund(&self, merchant: &MerchantId, number: &str) -> Option<RefundId>;

    /// Counts a merchant's orders of one protocol.
    fn tally(&self, merchant: &MerchantId, dialect: order::Dialect) -> Tally;

    /// The address under which payers and merchants reach us, without a slash at its end.
    fn public_url(&self) -> &str;

    /// The zone of business days and printed times.
    fn zone(&self) -> Zone;

    /// Log time.
    fn now(&self) -> Timestamp;
}

/// What a dialect needs to know of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantCard {
    /// Its id.
    pub id: MerchantId,
    /// Only the grammar that leaves one reading is accepted.
    pub strict: bool,
}

/// An order that is there, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub order: OrderId,
    /// The protocol it came in.
    pub dialect: order::Dialect,
    /// Where it stands.
    pub status: OrderStatus,
}

/// How many orders a merchant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them, paid or not.
    pub orders: u64,
    /// Those accepted today and settled.
    pub today: DayTally,
    /// Those accepted yesterday and settled.
    pub yesterday: DayTally,
}

/// Whose bearer token was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A merchant's.
    Merchant(MerchantId),
    /// An operator's, by name.
    Operator(String),
}

/// A callback to be written.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Which one; the same in every attempt.
    pub callback: CallbackId,
    /// What it says.
    pub topic: Topic,
    /// The order that it is about.
    pub order: &'a OrderView,
    /// The refund that it is about, where the topic is one.
    pub refund: Option<&'a RefundView>,
    /// Where it goes.
    pub url: &'a str,
    /// When it was scheduled.
    pub since: Timestamp,
    /// When this attempt is made.
    pub at: Timestamp,
}

/// A callback ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackRequest {
    /// GET or POST.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// Headers, without Host and Content-Length.
    pub headers: Vec<(String, String)>,
    /// The body; empty for GET.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for CallbackRequest {
    /// Signatures stand in the address and the headers, so neither is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallbackRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Why a callback cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// The merchant has no key to sign with.
    #[error("the merchant has no key to sign with")]
    NoKey,
    /// The protocol has no word for it.
    #[error("the protocol has no word for this topic")]
    NoWord,
    /// The address is none.
    #[error("the callback address cannot be used")]
    BadAddress,
}

/// What a merchant's answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It has the callback.
    Acknowledged,
    /// It has not; send again.
    NotYet,
    /// It wants no more callbacks at this address.
    Gone,
}
