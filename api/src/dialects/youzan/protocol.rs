//! The protocol as a whole: its one path, and who reads and answers what.
//!
//! Invariants: success is HTTP 200 with the code, a failure HTTP 500 with a sentence, as the
//! original answers; only who may not ask, and a verb that the original does not take, are told by
//! other statuses.
//! Deliberately not here: Youzan's pushes (a source), and asking Youzan ([`crate::youzan`]).
//!
//! Wire facts: `thundernet8/YouzanPayPortal: src/controller/payment.ts`,
//! `src/service/youzanPayService.ts`.

use duizhang_listener_bridge::wire::{Answer, Method, Request};
use duizhang_projections::orders::OrderView;

use super::{answers, callback, requests};
use crate::dialects::proof::split_merchant;
use crate::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, Message, Reply, Unsendable, way,
};

/// The dialect of the Youzan bridge.
#[derive(Clone, Copy, Debug, Default)]
pub struct Youzan;

/// The merchant that the path names, if any; none where the path is not ours.
pub(super) fn place_of(path: &str) -> Option<Option<&str>> {
    let (merchant, rest) = split_merchant(path)?;
    (rest == "api/payment/qrcode").then_some(merchant)
}

impl Dialect for Youzan {
    fn claims(&self, request: &Request) -> bool {
        place_of(&request.path).is_some()
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let merchant = place_of(&request.path).ok_or_else(answers::no_such_path)?;
        if request.method != Method::Post {
            return Err(answers::wrong_verb());
        }
        requests::read_create(request, merchant, desk)
    }

    fn answer(&self, _: &Request, _: &Call, reply: &Reply, _: &dyn Desk) -> Answer {
        answers::word(reply)
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        way::check_payment_callback(message)?;
        let form = callback::signed_form(message, desk).ok_or(Unsendable::NoKey)?;
        Ok(way::post_form(String::from(message.url), form))
    }

    fn too_large(&self, _: &Request) -> Answer {
        answers::failed("the request is too large")
    }

    fn return_url(&self, order: &OrderView, _: &dyn Desk) -> Option<String> {
        // The protocol sends nobody back; only an order of another hand could name an address.
        order.return_url.clone()
    }

    fn judge(&self, status: u16, _: &[u8]) -> Judged {
        if status == 200 { Judged::Acknowledged } else { Judged::NotYet }
    }
}
