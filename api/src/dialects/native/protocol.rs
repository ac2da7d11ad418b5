//! The protocol as a whole: who asks, and which answer follows.
//!
//! Invariants: everything below `/v1` is claimed, so that an unknown path gets a problem document
//! too; who asks is known by a bearer token and nothing else; every answer is JSON or empty.
//! Deliberately not here: reading bodies, wording answers, the OpenAPI document.

use duizhang_listener_bridge::wire::{Answer, Request};
use duizhang_projections::orders::OrderView;

use super::problem::{Code, problem};
use super::routes::{NoRoute, find};
use super::{answers, callback, requests};
use crate::dialects::{
    Call, CallbackRequest, Caller, Desk, Dialect, Judged, Message, Reply, Token, Unsendable,
};

/// The `/v1` dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

impl Dialect for Native {
    fn claims(&self, request: &Request) -> bool {
        request.path == "/v1" || request.path.starts_with("/v1/")
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let (endpoint, id) = find(&request.method, &request.path).map_err(|none| match none {
            NoRoute::UnknownPath => problem(Code::NotFound, "there is no such path"),
            NoRoute::OtherVerb(verbs) => {
                problem(Code::MethodNotAllowed, &format!("this path takes {verbs}"))
                    .with_header("allow", verbs)
            }
        })?;
        let caller = match request.bearer().and_then(|token| desk.token(token)) {
            Some(Token::Merchant(id)) => Caller::Merchant(id),
            Some(Token::Operator(name)) => Caller::Operator(name),
            None => {
                let detail = "send the header Authorization: Bearer with a valid token";
                return Err(problem(Code::Unauthorized, detail));
            }
        };
        let action = requests::read_action(endpoint, id, request, &caller, desk)?;
        Ok(Call { caller, action })
    }

    fn too_large(&self, _: &Request) -> Answer {
        problem(Code::BodyTooLarge, "the body is longer than 64 KiB")
    }

    fn answer(&self, _: &Request, call: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        answers::word(call, reply, desk)
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        callback::write(message, desk)
    }

    fn return_url(&self, order: &OrderView, _: &dyn Desk) -> Option<String> {
        order.return_url.clone()
    }

    fn judge(&self, status: u16, _: &[u8]) -> Judged {
        match status {
            200..=299 => Judged::Acknowledged,
            410 => Judged::Gone,
            _ => Judged::NotYet,
        }
    }
}
