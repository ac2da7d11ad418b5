//! One dead shop delays no other, and neither does one mistake of ours.

use std::sync::atomic::{AtomicBool, Ordering};

use duizhang_api::dialects::{
    Call, CallbackRequest, Desk, Dialect, Judged, Message, Reply, Unsendable, Vmq,
};
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{Answer, Request};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;

use crate::rig::{Rig, Setting, T};
use crate::shop::{Habit, Shop};

/// What the deliverer allows one endpoint.
const PLACES: usize = 4;

#[tokio::test]
async fn a_shop_that_hangs_holds_its_own_places_and_no_others() {
    let rig = Rig::new().await;
    let mut dead = Shop::new(Habit::Hang).await;
    let mut healthy = Shop::good().await;
    let mut t = T;
    for number in 0..40 {
        let (_, payable) = rig.order(&format!("D{number}"), "10.00", &dead.url()).await;
        t += 1;
        rig.push(&payable, t).await;
    }
    for _ in 0..PLACES {
        dead.next().await;
    }
    for number in 0..20 {
        let (order, payable) = rig.order(&format!("H{number}"), "50.00", &healthy.url()).await;
        t += 1;
        rig.push(&payable, t).await;
        let came = healthy.next().await;
        assert_eq!(came.param("payId"), Some(format!("H{number}").as_str()));
        rig.until("the healthy shop's acknowledgement", |rig| {
            rig.seen(order).callback == CallbackStanding::Acknowledged
        })
        .await;
    }
    assert_eq!(dead.waiting(), 0, "the dead shop has its {PLACES} places and no more");
    assert_eq!(rig.server.book().views().callbacks.attempts, 20);

    dead.becomes(Habit::say(200, "success"));
    dead.let_go();
    // The four attempts that hung have failed; all that waited behind them is delivered at once.
    rig.until("what waited behind the dead attempts", |rig| {
        let callbacks = &rig.server.book().views().callbacks;
        (callbacks.acknowledged, callbacks.attempts) == (56, 60)
    })
    .await;
    rig.clock().advance(Span::from_secs(20));
    rig.until("the second attempts of the four", |rig| {
        rig.server.book().views().callbacks.acknowledged == 60
    })
    .await;
    assert_eq!(rig.server.book().views().callbacks.pending_count(), 0);
    rig.stop().await;
}

/// Whether [`Wrong`] is mended.
static MENDED: AtomicBool = AtomicBool::new(false);

/// V免签 with a mistake: it panics over one order until it is mended.
struct Wrong;

impl Dialect for Wrong {
    fn claims(&self, request: &Request) -> bool {
        Vmq.claims(request)
    }

    fn read(&self, request: &Request, desk: &dyn Desk) -> Result<Call, Answer> {
        Vmq.read(request, desk)
    }

    fn too_large(&self, request: &Request) -> Answer {
        Vmq.too_large(request)
    }

    fn answer(&self, request: &Request, call: &Call, reply: &Reply, desk: &dyn Desk) -> Answer {
        Vmq.answer(request, call, reply, desk)
    }

    fn write_callback(
        &self,
        message: &Message<'_>,
        desk: &dyn Desk,
    ) -> Result<CallbackRequest, Unsendable> {
        let mended = MENDED.load(Ordering::SeqCst);
        assert!(mended || message.order.number != "BAD", "the mistake that this test plants");
        Vmq.write_callback(message, desk)
    }

    fn return_url(&self, order: &OrderView, desk: &dyn Desk) -> Option<String> {
        Vmq.return_url(order, desk)
    }

    fn judge(&self, status: u16, body: &[u8]) -> Judged {
        Vmq.judge(status, body)
    }
}

#[tokio::test]
async fn an_attempt_that_panics_holds_up_nobody_and_is_made_again() {
    let rig = Setting { vmq: || Box::new(Wrong), ..Setting::new() }.start().await;
    let (mut hit, mut shop) = (Shop::good().await, Shop::good().await);
    let (bad, payable) = rig.order("BAD", "10.00", &hit.url()).await;
    assert_eq!(rig.push(&payable, T).await.json()["code"], 1);
    for number in 0..20_u64 {
        let (_, payable) = rig.order(&format!("N{number}"), "20.00", &shop.url()).await;
        assert_eq!(rig.push(&payable, T + 1 + number).await.json()["code"], 1);
        shop.next().await;
    }
    assert_eq!(hit.waiting(), 0);
    assert_eq!(rig.seen(bad).callback, CallbackStanding::Pending, "it is not given up");
    // A place that a panic kept would be missed now: the endpoint has four, and rests after five.
    MENDED.store(true, Ordering::SeqCst);
    rig.clock().advance(Span::from_secs(31));
    assert_eq!(hit.next().await.param("payId"), Some("BAD"));
    rig.until("all to be acknowledged, each by its first attempt that is recorded", |rig| {
        let callbacks = &rig.server.book().views().callbacks;
        (callbacks.acknowledged, callbacks.attempts) == (21, 21)
    })
    .await;
    rig.stop().await;
}
