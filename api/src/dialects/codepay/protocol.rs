//! The protocol as a whole: which paths are its own, and who reads and answers what.
//!
//! Invariants: every claimed request gets HTTP 200 with a status in its body, as clients parse it
//! and many stop at any other one; only pictures and other verbs are refused by HTTP.
//! Deliberately not here: the original's assistant on the shop's computer, whose wire is closed.
//!
//! Wire facts: `sljeff/py-codepay: codepay/__init__.py`; `assimon/dujiaoka:
//! app/Http/Controllers/Pay/MapayController.php`; `Blokura/Epay: plugins/codepay/notify.php`.

use std::collections::BTreeMap;

use duizhang_core::id::MerchantId;
use duizhang_listener_bridge::wire::{Answer, Method, Request};
use duizhang_projections::orders::OrderView;

use super::money::Money;
use super::received::Received;
use super::requests::Refusal;
use super::{answers, callback, requests};
use crate::dialects::proof::split_merchant;
use crate::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, Message, Reply, Unsendable, way, words,
};

/// The codepay dialect, with what the configuration says about single merchants.
#[derive(Clone, Debug, Default)]
pub struct Codepay {
    money: BTreeMap<MerchantId, Money>,
}

impl Codepay {
    /// The dialect with the settings of those merchants that have any.
    #[must_use]
    pub fn new(money: BTreeMap<MerchantId, Money>) -> Self {
        Self { money }
    }
}

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint<'a> {
    /// `creat_order`, spelled as the original spells it.
    Create,
    /// `ispay`
    IsPay,
    /// `qr/{order}.png`, the picture that `qrcode` in an answer points to.
    Picture(&'a str),
}

/// A path of this protocol, and the merchant that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// What is asked for.
    pub(super) endpoint: Endpoint<'a>,
    /// The merchant in front of it; none on the original's own paths.
    pub(super) merchant: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Reads a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (merchant, rest) = split_merchant(path)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let endpoint = match rest {
            "creat_order" | "creat_order/creat_order" => Endpoint::Create,
            "ispay" => Endpoint::IsPay,
            other => Endpoint::Picture(other.strip_prefix("qr/")?.strip_suffix(".png")?),
        };
        Some(Self { endpoint, merchant })
    }
}

impl Dialect for Codepay {
    fn claims(&self, request: &Request) -> bool {
        Place::of(&request.path).is_some()
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let place = Place::of(&request.path).ok_or_else(answers::no_such_path)?;
        let verb = match place.endpoint {
            // The original's page mode 2 posts a form from the payer's browser.
            Endpoint::Create => matches!(request.method, Method::Get | Method::Post),
            Endpoint::IsPay | Endpoint::Picture(_) => request.method == Method::Get,
        };
        if !verb {
            return Err(answers::wrong_verb(place.endpoint));
        }
        if let Endpoint::Picture(order) = place.endpoint {
            return requests::read_picture(order).ok_or_else(answers::no_such_path);
        }
        let received = Received::of(request).map_err(|error| answers::unreadable(&error))?;
        let read = match place.endpoint {
            Endpoint::Create => requests::read_create(&received, &place, &self.money, desk),
            Endpoint::IsPay | Endpoint::Picture(_) => requests::read_is_pay(&received, desk),
        };
        read.map_err(|refusal| answers::refuse(place.endpoint, &received, &refusal))
    }

    fn too_large(&self, request: &Request) -> Answer {
        let Some(place) = Place::of(&request.path) else { return answers::no_such_path() };
        let refusal = Refusal { status: -2, text: String::from("too long") };
        match Received::of(request) {
            Ok(received) => answers::refuse(place.endpoint, &received, &refusal),
            Err(error) => answers::unreadable(&error),
        }
    }

    fn answer(&self, request: &Request, _: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        match (Place::of(&request.path), Received::of(request)) {
            (Some(place), Ok(received)) => answers::word(&place, &received, reply, desk),
            _ => answers::no_such_path(),
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

    fn judge(&self, status: u16, body: &[u8]) -> Judged {
        words::judge_success(status, body)
    }
}
