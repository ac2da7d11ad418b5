//! The protocol as a whole: which paths are its own, and who reads and answers what.
//!
//! Invariants: the names of epay's second version below `/api/pay/` are never claimed; every
//! claimed request gets HTTP 200 with a `status` in its body, because clients read the body and
//! several throw at any other code. Only a verb that the original does not take is refused by HTTP.
//! Deliberately not here: the phone's side, which the original keeps to itself.
//!
//! Wire facts: `bufpay/bufpay_demo: bufpay_api_demo.py, bufpay_api_demo.php,
//! bufpay_callback_demo.php`; `fastuptime/Nodejs_BufPAY: bufpay.js`; the original's own article.

use duizhang_listener_bridge::wire::{Answer, Method, Params, Request};
use duizhang_projections::orders::OrderView;

use super::answers::{Refused, Shape};
use super::{answers, callback, requests};
use crate::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, Message, Reply, Unsendable, way, words,
};

/// The BufPay dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bufpay;

/// The names below `/api/pay/` that are epay's, so no merchant of this protocol may bear one.
const EPAY_NAMES: [&str; 6] = ["submit", "create", "query", "refund", "refundquery", "close"];

/// A path of this protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// `/api/pay/{aid}`: the merchant that is asked.
    Pay(&'a str),
    /// `/api/query/{aoid}`: the order that is asked for.
    Query(&'a str),
}

impl<'a> Place<'a> {
    /// Reads a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let one = |name: &&str| !name.is_empty() && !name.contains('/');
        let below = path.strip_prefix("/api/")?;
        if let Some(aid) = below.strip_prefix("pay/").filter(one) {
            return (!EPAY_NAMES.contains(&aid)).then_some(Self::Pay(aid));
        }
        below.strip_prefix("query/").filter(one).map(Self::Query)
    }

    /// The verb that the original takes.
    fn verb(self) -> Method {
        match self {
            Self::Pay(_) => Method::Post,
            Self::Query(_) => Method::Get,
        }
    }
}

impl Dialect for Bufpay {
    fn claims(&self, request: &Request) -> bool {
        Place::of(&request.path).is_some()
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let place = Place::of(&request.path).ok_or_else(answers::no_such_path)?;
        if request.method != place.verb() {
            return Err(answers::wrong_verb(&place.verb()));
        }
        match place {
            Place::Pay(aid) => {
                let params = Params::of_form_or_json(request)
                    .map_err(|error| Refused::Param(words::of_params(&error)));
                params
                    .and_then(|params| requests::read_pay(&params, aid, desk))
                    .map_err(|refused| answers::refuse(Shape::of(request), &refused))
            }
            // The path says all; what stands behind it is not looked at.
            Place::Query(aoid) => requests::read_query(aoid).ok_or_else(answers::not_exist),
        }
    }

    fn too_large(&self, request: &Request) -> Answer {
        answers::refuse(Shape::of(request), &Refused::Param(String::from("请求内容过长")))
    }

    fn answer(&self, request: &Request, _: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        match Place::of(&request.path) {
            Some(Place::Pay(_)) => answers::word_pay(Shape::of(request), reply, desk),
            Some(Place::Query(_)) => answers::word_query(reply),
            None => answers::no_such_path(),
        }
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        way::check_payment_callback(message)?;
        let form = callback::signed_form(message.order, desk).ok_or(Unsendable::NoKey)?;
        Ok(way::post_form(String::from(message.url), form))
    }

    fn return_url(&self, order: &OrderView, desk: &dyn Desk) -> Option<String> {
        callback::way_back(order, desk)
    }

    fn judge(&self, status: u16, _: &[u8]) -> Judged {
        callback::judge(status)
    }
}
