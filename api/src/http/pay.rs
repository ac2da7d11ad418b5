//! The cashier's routes: the page of an order, and the stream that tells it of changes.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use duizhang_core::amount::Amount;
use duizhang_core::id::OrderId;
use duizhang_core::order::OrderStatus;
use duizhang_core::time::Timestamp;
use duizhang_projections::orders::OrderView;
use serde::Deserialize;
use tokio::sync::watch;

use crate::app::App;
use crate::cashier::{
    ASSET_HEADERS, CashierState, CashierView, Language, PAGE_HEADERS, SCRIPT, STATE_EVENT,
    STYLESHEET, choose_language, render, render_not_found,
};
use crate::dialects::DOCS_STYLESHEET;
use crate::http::router::Shared;
use crate::http::seats::Seat;

/// What the address of the page may carry besides the token.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    lang: Option<String>,
}

/// The page of an order.
pub(super) async fn page(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response<Body> {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = choose_language(accepted, wish.lang.as_deref());
    let order = token.parse::<OrderId>().ok().and_then(|id| find(&shared.app, id));
    let (status, html) = match order {
        Some(order) => (StatusCode::OK, render(&view(&shared.app, &order, language))),
        None => (StatusCode::NOT_FOUND, render_not_found(language)),
    };
    match html {
        Ok(html) => with_headers(status, &PAGE_HEADERS, Body::from(html)),
        Err(error) => {
            tracing::error!(%error, "the cashier page cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn find(app: &App, id: OrderId) -> Option<OrderView> {
    app.book.order(id).unwrap_or_else(|error| {
        tracing::error!(%error, order = %id, "an order cannot be read from the log");
        None
    })
}

fn with_headers(status: StatusCode, headers: &[(&str, &str)], body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn view(app: &App, order: &OrderView, language: Language) -> CashierView {
    let merchant = app.book.views().book.merchant(&order.merchant).map(|m| m.name.clone());
    let now = crate::dialects::Desk::now(app);
    CashierView {
        language,
        channel: order.channel,
        requested: order.requested,
        payable: order.payable,
        qr: order.qr.clone(),
        fixed: order.qr_fixed,
        subject: order.subject.clone().unwrap_or_default(),
        merchant: merchant.unwrap_or_default(),
        order_number: order.number.clone(),
        created: order.created_at,
        expires: order.expires_at,
        now,
        utc_offset_secs: app.zone.offset_secs(now),
        state: state_of(order.status, order.ended_at, order.received, order.refunded),
        return_url: app.return_url(order),
        events_path: format!("/pay/{}/events", order.id),
    }
}

fn state_of(
    status: OrderStatus,
    ended_at: Option<Timestamp>,
    received: Amount,
    refunded: Amount,
) -> CashierState {
    let at = ended_at.unwrap_or_default();
    if refunded.is_positive() {
        return CashierState::Refunded { amount: refunded };
    }
    match status {
        OrderStatus::Open => CashierState::Waiting,
        OrderStatus::Paid | OrderStatus::Overpaid => CashierState::Paid { at, received },
        OrderStatus::PaidLate => CashierState::PaidLate { at, received },
        OrderStatus::Underpaid => CashierState::Held,
        OrderStatus::Expired => CashierState::Expired,
        OrderStatus::Closed => CashierState::Closed,
    }
}

/// An order's state, and when it is followed no more: money that comes after the quarantine of an
/// expired order is not taken for it.
fn look(app: &App, id: OrderId) -> Option<(CashierState, Timestamp)> {
    let views = app.book.views();
    let row = views.orders.get(id)?;
    let amount = |minor| Amount::from_minor(minor, row.currency);
    let state = state_of(row.status, row.ended_at, amount(row.received), amount(row.refunded));
    let until = match (state, row.ended_at) {
        (CashierState::Expired, Some(at)) => at.plus(views.book.policy().quarantine),
        _ if state.is_live() => Timestamp::MAX,
        _ => Timestamp::MIN,
    };
    Some((state, until))
}

/// The stream of an order's states: one at once, then each that differs from the one before.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
) -> Response<Body> {
    let order = token.parse::<OrderId>().ok();
    let known = order.and_then(|id| Some((id, look(&shared.app, id)?)));
    let Some((id, (_, until))) = known else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if until <= shared.app.clock.now() {
        // Nothing will change any more; 204 tells the browser not to ask again.
        return StatusCode::NO_CONTENT.into_response();
    }
    let Some(seat) = shared.seats.take(id) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let follower = Follower {
        changes: shared.app.book.watch(id),
        closing: shared.closing.clone(),
        told: None,
        id,
        shared: Arc::clone(&shared),
        _seat: seat,
    };
    let stream = futures_util::stream::unfold(follower, Follower::next);
    let mut response = Sse::new(stream).keep_alive(KeepAlive::default()).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

struct Follower {
    shared: Arc<Shared>,
    id: OrderId,
    changes: watch::Receiver<()>,
    closing: watch::Receiver<bool>,
    told: Option<&'static str>,
    _seat: Seat,
}

impl Follower {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            self.changes.borrow_and_update();
            let (state, until) = look(&self.shared.app, self.id)?;
            if self.told != Some(state.word()) {
                self.told = Some(state.word());
                return Some((Ok(Event::default().event(STATE_EVENT).data(state.word())), self));
            }
            let clock = Arc::clone(&self.shared.app.clock);
            if until <= clock.now() {
                return None;
            }
            tokio::select! {
                changed = self.changes.changed() => changed.ok()?,
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = clock.sleep_until(until) => {}
            }
        }
    }
}

/// The page's stylesheet.
pub(super) async fn stylesheet() -> Response<Body> {
    asset("text/css; charset=utf-8", STYLESHEET)
}

/// The stylesheet of the API's description.
pub(super) async fn docs_stylesheet() -> Response<Body> {
    asset("text/css; charset=utf-8", DOCS_STYLESHEET)
}

/// The page's script.
pub(super) async fn script() -> Response<Body> {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

fn asset(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut response = with_headers(StatusCode::OK, &ASSET_HEADERS, Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
