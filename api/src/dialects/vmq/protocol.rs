//! The protocol as a whole: which paths are its own, and who reads and answers what.
//!
//! Invariants: a request with an `App-Id` header is never claimed, because GOGO shares the path
//! names; every claimed request gets HTTP 200 with a code in its body, as the original answers,
//! because shops parse the body and many stop at any other status. Only a verb that the original
//! does not take is refused by HTTP.
//! Deliberately not here: the phone's side (`appHeart`, `appPush`: a source), the administration of
//! the original.
//!
//! Wire facts: `szvone/Vmq: src/main/java/com/vone/mq/controller/WebController.java`,
//! `src/main/java/com/vone/mq/service/WebService.java`; `szvone/vmqphp:
//! application/index/controller/Index.php`.

use duizhang_listener_bridge::wire::{Answer, Method, Params, Request};
use duizhang_projections::orders::OrderView;

use super::{answers, callback, fox, picture, requests};
use crate::dialects::proof::{merchant_named, split_merchant};
use crate::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, MerchantCard, Message, Reply, Unsendable, way,
    words,
};

/// The V免签 dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vmq;

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
    /// `getState`
    State,
}

/// A path of this protocol, and the merchant that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// What is asked for.
    pub(super) endpoint: Endpoint,
    /// The merchant in front of it; none on the original's own paths.
    pub(super) merchant: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Reads a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (merchant, rest) = split_merchant(path)?;
        let endpoint = match rest {
            "createOrder" => Endpoint::Create,
            "getOrder" => Endpoint::Get,
            "checkOrder" => Endpoint::Check,
            "closeOrder" => Endpoint::Close,
            "getState" => Endpoint::State,
            _ => return None,
        };
        Some(Self { endpoint, merchant })
    }

    /// The enabled merchant that is spoken to.
    pub(super) fn merchant(&self, desk: &dyn Desk) -> Option<MerchantCard> {
        merchant_named(self.merchant, desk)
    }
}

impl Dialect for Vmq {
    fn claims(&self, request: &Request) -> bool {
        let forks = fox::Place::of(&request.path).is_some() || picture::is_its_path(&request.path);
        let own = Place::of(&request.path).is_some() || forks;
        own && request.header("app-id").is_none()
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        if let Some(place) = fox::Place::of(&request.path) {
            return place.read(request, desk);
        }
        if picture::is_its_path(&request.path) {
            return Err(picture::answer(request));
        }
        let place = Place::of(&request.path).ok_or_else(answers::no_such_path)?;
        if !matches!(request.method, Method::Get | Method::Post) {
            return Err(answers::wrong_verb());
        }
        let params = Params::of(request)
            .map_err(|error| answers::refuse(place.endpoint, false, &words::of_params(&error)))?;
        let read = match place.endpoint {
            Endpoint::Create => requests::read_create(&params, &place, desk),
            Endpoint::Get | Endpoint::Check => requests::read_look(&params),
            Endpoint::Close => requests::read_close(&params, &place, desk),
            Endpoint::State => requests::read_state(&params, &place, desk),
        };
        read.map_err(|text| answers::refuse(place.endpoint, wants_page(&params), &text))
    }

    fn too_large(&self, request: &Request) -> Answer {
        if fox::Place::of(&request.path).is_some() {
            return fox::refuse("请求内容过长");
        }
        let Some(place) = Place::of(&request.path) else { return answers::no_such_path() };
        let page = Params::of(request).is_ok_and(|params| wants_page(&params));
        answers::refuse(place.endpoint, page, "请求内容过长")
    }

    fn answer(&self, request: &Request, _: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        let page = Params::of(request).is_ok_and(|params| wants_page(&params));
        if let Some(place) = fox::Place::of(&request.path) {
            return place.word(page, reply, desk);
        }
        let Some(place) = Place::of(&request.path) else { return answers::no_such_path() };
        answers::word(&place, page, reply, desk)
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        way::check_payment_callback(message)?;
        let query =
            callback::signed_query(message.order, message.at, desk).ok_or(Unsendable::NoKey)?;
        Ok(CallbackRequest {
            method: Method::Get,
            url: way::join(message.url, &query),
            headers: Vec::new(),
            body: Vec::new(),
        })
    }

    fn return_url(&self, order: &OrderView, desk: &dyn Desk) -> Option<String> {
        callback::way_back(order, desk)
    }

    fn judge(&self, status: u16, body: &[u8]) -> Judged {
        words::judge_success(status, body)
    }
}

/// Whether the caller wants a page instead of JSON. Only `createOrder` knows the parameter.
pub(super) fn wants_page(params: &Params) -> bool {
    params.get("isHtml").is_some_and(|value| value == "1")
}
