//! The protocol as a whole: which paths are its own, and who reads and answers what.
//!
//! Invariants: on the root, where V免签 has the same names, a request belongs here only by its
//! `App-Id` header; every claimed request gets HTTP 200 with a code in its body, as the original
//! answers. Only a verb that the original does not take is refused by HTTP.
//! Deliberately not here: the phone's side, which the original keeps to itself.
//!
//! Wire facts: `gogozhifu/code-demo-plugin: gogozhifu-demo-php/pay.php, notify.php;
//! gogozhifu-demo-java/GoGoZhiFu.java, HttpUtils.java; gogozhifu-demo-python/
//! gogozhifu-demo-python.py; gogozhifu-asp-demo/pay.asp; gogozhifu-ecshop/includes/modules/payment/
//! gogozhifuwx.php`; the tables of the original's own article.

use duizhang_listener_bridge::wire::{Answer, Method, Params, Request};
use duizhang_projections::orders::OrderView;

use super::requests::Credentials;
use super::{answers, callback, requests};
use crate::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, Message, Reply, Unsendable, way, words,
};

/// The GOGO dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gogo;

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `createOrder`
    Create,
    /// `getOrder`
    Get,
    /// `checkOrder`
    Check,
    /// `closeOrder`
    Close,
    /// `deleteOrder`
    Delete,
}

impl Endpoint {
    /// What a request asks for; none where it is of another protocol.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let name = match request.path.strip_prefix("/shop/api/") {
            Some(name) => name,
            None => request.header("app-id").and(request.path.strip_prefix('/'))?,
        };
        match name {
            "createOrder" => Some(Self::Create),
            "getOrder" => Some(Self::Get),
            "checkOrder" => Some(Self::Check),
            "closeOrder" => Some(Self::Close),
            "deleteOrder" => Some(Self::Delete),
            _ => None,
        }
    }
}

impl Dialect for Gogo {
    fn claims(&self, request: &Request) -> bool {
        Endpoint::of(request).is_some()
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let endpoint = Endpoint::of(request).ok_or_else(answers::no_such_path)?;
        if !matches!(request.method, Method::Get | Method::Post) {
            return Err(answers::wrong_verb());
        }
        let credentials = Credentials::of(request);
        let params = Params::of_form_or_json(request)
            .map_err(|error| answers::refuse(&words::of_params(&error)))?;
        let read = match endpoint {
            Endpoint::Create => requests::read_create(&params, credentials, desk),
            Endpoint::Get | Endpoint::Check => requests::read_look(&params, credentials, desk),
            Endpoint::Close | Endpoint::Delete => requests::read_close(&params, credentials, desk),
        };
        read.map_err(|text| answers::refuse(&text))
    }

    fn too_large(&self, _: &Request) -> Answer {
        answers::refuse("请求内容过长")
    }

    fn answer(&self, request: &Request, _: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        match Endpoint::of(request) {
            Some(Endpoint::Create) if wants_page(request) => answers::word_page(reply, desk),
            Some(endpoint) => answers::word(endpoint, reply, desk),
            None => answers::no_such_path(),
        }
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        way::check_payment_callback(message)?;
        let params = callback::signed_params(message.order, desk).ok_or(Unsendable::NoKey)?;
        // Some shops read the query only, and some ask whether there is a form at all.
        Ok(way::post_form(way::join(message.url, &params), params))
    }

    fn return_url(&self, order: &OrderView, desk: &dyn Desk) -> Option<String> {
        callback::way_back(order, desk)
    }

    fn judge(&self, status: u16, body: &[u8]) -> Judged {
        words::judge_success(status, body)
    }
}

/// Whether the caller wants a page instead of JSON.
fn wants_page(request: &Request) -> bool {
    Params::of_form_or_json(request).is_ok_and(|params| params.get("isHtml") == Some("1"))
}
