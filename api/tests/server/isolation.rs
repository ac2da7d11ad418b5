//! One dead shop delays no other.

use duizhang_core::time::Span;
use duizhang_projections::callbacks::CallbackStanding;

use crate::rig::{Rig, T};
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
