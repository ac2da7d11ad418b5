//! Phones over real sockets: repeats, late and disordered pushes, heartbeats and silence.

use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, PolicyActivated};
use duizhang_core::id::OrderId;
use duizhang_core::notification::Verdict;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::Policy;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::md5_hex;

use crate::rig::{DEVICE_KEY, MERCHANT_KEY, OPERATOR_TOKEN, Rig, T, TOKEN, guarded, push_path};
use crate::shop::Shop;
use crate::wire::{get, get_as, post_json};

fn payments(rig: &Rig) -> usize {
    let observed = |decision: &Decision| matches!(decision, Decision::PaymentObserved { .. });
    rig.chapters(|chapter| chapter.decisions.iter().any(observed)).len()
}

fn deliveries(rig: &Rig) -> usize {
    rig.chapters(|chapter| matches!(chapter.fact, Fact::NotificationReceived(_))).len()
}

#[tokio::test]
async fn one_push_sent_once_twice_or_a_thousand_times_at_once_is_one_payment() {
    for times in [1, 2, 1_000] {
        let rig = Rig::new().await;
        let mut shop = Shop::good().await;
        let (order, payable) = rig.order("N1", "10.00", &shop.url()).await;
        let (other, _) = rig.order("N2", "10.00", &shop.url()).await;
        let path = push_path(&payable, T);
        let pushes: Vec<_> = (0..times)
            .map(|_| {
                let (at, path) = (rig.at, path.clone());
                tokio::spawn(async move { get(at, &path).await })
            })
            .collect();
        for push in pushes {
            let answer = push.await.expect("no panic");
            assert_eq!(answer.json()["code"], 1, "a repeat is answered like the first");
        }
        assert_eq!(payments(&rig), 1, "{times} times");
        assert_eq!(deliveries(&rig), times, "every delivery is kept with its verdict");
        assert_eq!(rig.seen(order).status, OrderStatus::Paid);
        assert_eq!(rig.seen(order).received, rig.seen(order).payable);
        assert_eq!(rig.seen(other).status, OrderStatus::Open);
        shop.next().await;
        assert_eq!(shop.waiting(), 0);
        rig.stop().await;
    }
}

#[tokio::test]
async fn a_forced_push_of_the_same_money_is_a_repeat() {
    let rig = Rig::new().await;
    let (order, payable) = rig.order("N1", "10.00", "http://shop.example/n").await;
    let path = push_path(&payable, T);
    for path in [&path, &format!("{path}&force_push=1"), &format!("{path}&force_push=true")] {
        assert_eq!(get(rig.at, path).await.json()["code"], 1, "{path}");
    }
    assert_eq!((payments(&rig), deliveries(&rig)), (1, 3));
    let judged = rig.chapters(|chapter| {
        let repeat = |decision: &Decision| {
            matches!(decision, Decision::NotificationJudged { verdict: Verdict::Repeat { .. }, .. })
        };
        chapter.decisions.iter().any(repeat)
    });
    assert_eq!(judged.len(), 2);
    assert_eq!(rig.seen(order).status, OrderStatus::Paid);
    rig.stop().await;
}

#[tokio::test]
async fn pushes_in_any_order_each_settle_their_own() {
    let rig = Rig::new().await;
    let mut orders = Vec::new();
    for number in 0..10 {
        orders.push(rig.order(&format!("N{number}"), "10.00", "http://shop.example/n").await);
    }
    rig.clock().advance(Span::from_mins(1));
    // The newest is pushed first; each bears the time at which the phone saw it.
    for (age, (_, payable)) in (0..).zip(&orders).collect::<Vec<(u64, _)>>().into_iter().rev() {
        assert_eq!(rig.push(payable, T + 1_000 * age).await.json()["code"], 1);
    }
    for (order, _) in &orders {
        let seen = rig.seen(*order);
        assert_eq!((seen.status, seen.received), (OrderStatus::Paid, seen.payable));
    }
    assert_eq!(rig.server.book().views().inbox.held().count(), 0);
    rig.stop().await;
}

/// An order that expired three hours before its push comes.
async fn expired_long_ago(rig: &Rig) -> OrderId {
    rig.heartbeat(T).await;
    let (order, _) = rig.order("N1", "10.00", "http://shop.example/n").await;
    rig.clock().advance(Span::from_mins(6));
    rig.until("the order to expire", |rig| rig.seen(order).status == OrderStatus::Expired).await;
    rig.clock().advance(Span::from_hours(3));
    order
}

#[tokio::test]
async fn a_push_that_comes_hours_late_settles_its_order_where_nobody_else_could_be_meant() {
    let rig = Rig::new().await;
    let order = expired_long_ago(&rig).await;
    // The phone is back, and its heartbeat vouches for its clock.
    rig.heartbeat(T + (3 * 60 + 6) * 60_000).await;
    assert_eq!(rig.push("10.00", T + 60_000).await.json()["code"], 1);
    assert_eq!(payments(&rig), 1);
    assert_eq!(rig.seen(order).status, OrderStatus::PaidLate);
    assert_eq!(rig.server.book().views().inbox.held().count(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_late_push_is_a_persons_question_where_the_amount_has_a_new_holder() {
    let rig = Rig::new().await;
    // One amount only, so that the next order must get the one that was released.
    let policy = Policy { max_offset: 0, ..Policy::default() };
    let activated = PolicyActivated { policy, by: String::from("test") };
    let activated = Fact::PolicyActivated(activated);
    rig.server.book().submit(activated).await.expect("a sound policy");
    let order = expired_long_ago(&rig).await;
    let (next, payable) = rig.order("N2", "10.00", "http://shop.example/n").await;
    assert_eq!(payable, "10.0", "the amount has a new holder");
    assert_eq!(rig.push("10.00", T + 60_000).await.json()["code"], 1);
    assert_eq!(payments(&rig), 1);
    assert_eq!(rig.seen(next).status, OrderStatus::Open, "money is never guessed");
    let held: Vec<_> = rig.server.book().views().inbox.held().cloned().collect();
    let [held] = &held[..] else { panic!("one payment, not {held:?}") };
    assert!(held.candidates.contains(&order), "{held:?}");

    let path = format!("/v1/operator/payments/{}/assign", held.payment);
    let body = format!(r#"{{"order":"{order}","reason":"the phone was without a network"}}"#);
    let assigned = post_json(rig.at, &path, OPERATOR_TOKEN, &body).await;
    assert_eq!(assigned.status, 200, "{}", assigned.text());
    assert!(rig.seen(order).status.is_settled(), "{:?}", rig.seen(order).status);
    assert_eq!(rig.seen(next).status, OrderStatus::Open);
    assert_eq!(rig.server.book().views().inbox.held().count(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn money_of_no_order_leaves_the_inbox_by_an_operators_word() {
    let rig = Rig::new().await;
    let (order, _) = rig.order("N1", "10.00", "http://shop.example/n").await;
    assert_eq!(rig.push("7.77", T).await.json()["code"], 1);
    let held = rig.server.book().views().inbox.held().next().map(|held| held.payment);
    let payment = held.expect("nobody asked for it");
    let path = format!("/v1/operator/payments/{payment}/dismiss");
    let body = r#"{"reason":"sent by mistake, given back"}"#;
    let refused = post_json(rig.at, &path, TOKEN, body).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(post_json(rig.at, &path, OPERATOR_TOKEN, r#"{"reason":" "}"#).await.status, 422);
    for _ in 0..2 {
        let dismissed = post_json(rig.at, &path, OPERATOR_TOKEN, body).await;
        assert_eq!(dismissed.status, 204, "{}", dismissed.text());
    }
    assert_eq!(rig.server.book().views().inbox.held().count(), 0);
    let known = rig.server.book().views().inbox.dismissed(payment).cloned();
    assert_eq!(known.expect("it is still known").reason, "sent by mistake, given back");
    let assign = format!("/v1/operator/payments/{payment}/assign");
    let body = format!(r#"{{"order":"{order}","reason":"the payer called"}}"#);
    assert_eq!(post_json(rig.at, &assign, OPERATOR_TOKEN, &body).await.status, 404);
    rig.stop().await;
}

#[tokio::test]
async fn a_silent_phone_is_noticed_and_its_gap_is_known_when_it_returns() {
    let rig = Rig::new().await;
    let gaps = |rig: &Rig| rig.server.book().views().book.gaps().to_vec();
    for beat in 0..4 {
        assert_eq!(rig.heartbeat(T + beat * 50_000).await.json()["code"], 1);
        rig.clock().advance(Span::from_secs(50));
    }
    assert!(gaps(&rig).is_empty());
    rig.clock().advance(Span::from_secs(200));
    rig.until("the phone to be silent", |rig| {
        rig.server.book().views().book.devices().any(|device| device.silent)
    })
    .await;
    assert_eq!(gaps(&rig).len(), 1);
    assert_eq!(gaps(&rig)[0].to, None);
    let text = get(rig.at, "/metrics").await.text();
    let silent = text.lines().find(|line| line.contains("devices_silent") && line.contains(" 1"));
    assert!(silent.is_some(), "{text}");

    assert_eq!(rig.heartbeat(T + 400_000).await.json()["code"], 1);
    let known = gaps(&rig);
    let [gap] = &known[..] else { panic!("one gap, not {known:?}") };
    let to = gap.to.expect("the phone is back");
    assert!(to.since(gap.from) >= Span::from_secs(200), "{gap:?}");
    assert!(!rig.server.book().views().book.devices().any(|device| device.silent));
    guarded("the server to stop", rig.stop()).await;
}

#[tokio::test]
async fn the_inbox_is_read_in_pages_and_nothing_is_shown_twice_or_left_out() {
    let rig = Rig::new().await;
    let mut waiting = Vec::new();
    for number in 0..5_u64 {
        let amount = format!("7.0{number}");
        assert_eq!(rig.push(&amount, T + number).await.json()["code"], 1);
        waiting.push(amount);
        let t = T + number;
        let hook = format!("/hook/phone-1?token={DEVICE_KEY}&timestamp={t}&content=x{number}");
        assert_eq!(get(rig.at, &hook).await.json()["code"], 1);
        waiting.push(String::from("unreadable"));
    }
    for limit in [1, 3, 9, 10, 200] {
        let (mut shown, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/v1/operator/inbox?limit={limit}{cursor}");
            let page = get_as(rig.at, &path, OPERATOR_TOKEN).await.json();
            let list = |name: &str| page[name].as_array().expect("a list").clone();
            let (held, questions) = (list("held"), list("questions"));
            assert!((1..=limit).contains(&(held.len() + questions.len())), "{page}");
            shown.extend(held.iter().map(|one| one["amount"].clone()));
            shown.extend(questions.iter().map(|one| one["verdict"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let mut all: Vec<_> = shown.iter().filter_map(|one| one.as_str()).collect();
        if limit == 1 {
            assert_eq!(all, waiting, "the oldest first");
        }
        all.sort_unstable();
        let mut expected = waiting.clone();
        expected.sort_unstable();
        assert_eq!(all, expected, "pages of {limit}");
    }
    let merchant = get_as(rig.at, "/v1/operator/inbox", TOKEN).await;
    assert_eq!(merchant.status, 403);
    rig.stop().await;
}

#[tokio::test]
async fn a_shop_is_told_when_money_last_came_and_a_heartbeat_is_none() {
    let rig = Rig::new().await;
    let state = async || {
        let t = rig.millis();
        let sign = md5_hex(&[format!("{t}{MERCHANT_KEY}").as_bytes()]);
        get(rig.at, &format!("/getState?t={t}&sign={sign}")).await.json()["data"].clone()
    };
    let said = state().await;
    assert_eq!((&said["state"], &said["lastpay"]), (&"-1".into(), &"0".into()), "{said}");
    rig.heartbeat(T).await;
    let said = state().await;
    assert_eq!((&said["state"], &said["lastpay"]), (&"1".into(), &"0".into()), "{said}");
    rig.clock().advance(Span::from_secs(20));
    let paid_at = rig.millis().to_string();
    assert_eq!(rig.push("7.77", rig.millis()).await.json()["code"], 1);
    rig.clock().advance(Span::from_secs(20));
    rig.heartbeat(rig.millis()).await;
    let said = state().await;
    assert_eq!(said["lastpay"], paid_at.as_str(), "{said}");
    assert_eq!(said["lastheart"], rig.millis().to_string().as_str(), "{said}");
    rig.stop().await;
}
