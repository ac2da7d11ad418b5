//! The protocol as a whole: which paths are its own, and who reads and answers what.
//!
//! Invariants: every claimed request is answered, with HTTP 200 and a code in its body, because
//! shops parse the body; only a verb that the original does not take is refused by HTTP. A request
//! of the first version is GET or POST, wherever the original takes either; one of the second is
//! POST, but for the payer's browser.
//! Deliberately not here: what a merchant's configuration says (see [`super::shops`]).
//!
//! Wire facts: `wrky02/epay: submit.php, mapi.php, api.php, getshop.php`; `monlor/Epay:
//! includes/lib/ApiHelper.php, includes/lib/Payment.php, includes/lib/api/Pay.php,
//! includes/lib/api/Merchant.php, includes/functions.php`.

use std::collections::BTreeMap;

use duizhang_core::id::MerchantId;
use duizhang_listener_bridge::wire::{Answer, Method, Params, Request};
use duizhang_projections::orders::OrderView;

use super::place::{Endpoint, Place, Second};
use super::refusal::{self, Refusal};
use super::shops::{NotifyMethod, Shop};
use super::v1_answers::refuse;
use super::v1_requests::Ask;
use super::{callback, v1_answers, v1_requests, v2_answers, v2_requests};
use crate::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, Message, Reply, Unsendable, way,
};

/// The epay dialect, with what the configuration says about single merchants.
#[derive(Clone, Debug, Default)]
pub struct Epay {
    shops: BTreeMap<MerchantId, Shop>,
}

impl Epay {
    /// The dialect with the settings of those merchants that have any.
    #[must_use]
    pub fn new(shops: BTreeMap<MerchantId, Shop>) -> Self {
        Self { shops }
    }
}

impl Dialect for Epay {
    fn claims(&self, request: &Request) -> bool {
        Place::of(&request.path).is_some()
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        let place = Place::of(&request.path).ok_or_else(no_such_path)?;
        if !takes(place.endpoint, &request.method) {
            return Err(wrong_verb(place.endpoint));
        }
        let page = is_page(place.endpoint);
        let read =
            Params::of(request).map_err(|error| refusal::of_params(&error)).and_then(|params| {
                match place.endpoint {
                    Endpoint::Second(ask) => {
                        v2_requests::read(ask, &place, &params, &self.shops, desk)
                    }
                    first => match Ask::of(first, &params) {
                        Some(ask) => v1_requests::read(ask, &place, &params, desk),
                        None => Err(Refusal::coded(-5, "No Act!")),
                    },
                }
            });
        read.map_err(|refusal| refuse(page, &refusal))
    }

    fn too_large(&self, request: &Request) -> Answer {
        let Some(place) = Place::of(&request.path) else { return no_such_path() };
        refuse(is_page(place.endpoint), &Refusal::new("请求内容过长"))
    }

    fn answer(&self, request: &Request, call: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        let Some(place) = Place::of(&request.path) else { return no_such_path() };
        let params = Params::of(request).unwrap_or_default();
        match place.endpoint {
            Endpoint::Second(ask) => v2_answers::word(ask, &params, call, reply, desk),
            first => match Ask::of(first, &params) {
                Some(ask) => v1_answers::word(ask, &place, &params, call, reply, desk),
                None => refuse(false, &Refusal::coded(-5, "No Act!")),
            },
        }
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        way::check_payment_callback(message)?;
        let signed = callback::signed(message.order, message.at, desk);
        let form = signed.ok_or(Unsendable::NoKey)?.form();
        let shop = self.shops.get(&message.order.merchant);
        Ok(match shop.map(|shop| shop.notify_method).unwrap_or_default() {
            NotifyMethod::Get => CallbackRequest {
                method: Method::Get,
                url: way::join(message.url, &form),
                headers: Vec::new(),
                body: Vec::new(),
            },
            NotifyMethod::Post => way::post_form(String::from(message.url), form),
        })
    }

    fn return_url(&self, order: &OrderView, desk: &dyn Desk) -> Option<String> {
        callback::way_back(order, desk)
    }

    fn judge(&self, status: u16, body: &[u8]) -> Judged {
        callback::judge(status, body)
    }
}

/// Whether the payer's browser asks, which wants a page.
const fn is_page(endpoint: Endpoint) -> bool {
    matches!(endpoint, Endpoint::Submit | Endpoint::Second(Second::Submit))
}

fn takes(endpoint: Endpoint, method: &Method) -> bool {
    match endpoint {
        Endpoint::Submit | Endpoint::Mapi | Endpoint::Api | Endpoint::Getshop => {
            matches!(method, Method::Get | Method::Post)
        }
        Endpoint::Second(Second::Submit) => matches!(method, Method::Get | Method::Post),
        Endpoint::Second(_) => *method == Method::Post,
    }
}

fn wrong_verb(endpoint: Endpoint) -> Answer {
    let (allow, text) = match takes(endpoint, &Method::Get) {
        true => ("GET, POST", "请使用GET或POST"),
        false => ("POST", "请使用POST"),
    };
    let refused = refuse(is_page(endpoint), &Refusal::new(text));
    Answer { status: 405, ..refused }.with_header("allow", allow)
}

fn no_such_path() -> Answer {
    Answer { status: 404, ..refuse(false, &Refusal::coded(-5, "接口方法不存在")) }
}
