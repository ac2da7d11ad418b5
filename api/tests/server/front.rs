//! The HTTP front: operators' paths, limits, the cashier page and its stream.

use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::md5_hex;
use serde_json::json;

use crate::rig::{MERCHANT_KEY, Rig, Setting, T, TOKEN, guarded};
use crate::shop::Shop;
use crate::wire::{Events, get, post_json, raw};

#[tokio::test]
async fn operators_paths_say_how_the_server_is() {
    let rig = Rig::new().await;
    let alive = get(rig.at, "/healthz").await;
    assert_eq!((alive.status, alive.text().as_str()), (200, "ok\n"));
    let ready = get(rig.at, "/readyz").await;
    assert_eq!((ready.status, ready.text().as_str()), (200, "ready\n"));
    rig.order("N1", "10.00", "http://shop.example/n").await;
    let metrics = get(rig.at, "/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").is_some_and(|kind| kind.contains("openmetrics")));
    assert!(metrics.text().contains("orders"), "{}", metrics.text());
    assert!(metrics.text().ends_with("# EOF\n"));
    // Healthz, readyz, the order and this one, each on a connection of its own.
    for line in [
        r#"connections_total{word="accepted"} 4"#,
        r#"connections_total{word="refused"} 0"#,
        r#"connections_total{word="too_often"} 0"#,
        r#"connections_total{word="overdue_head"} 0"#,
        r#"now{word="connections_open"} 1"#,
    ] {
        assert!(metrics.text().contains(line), "{line}: {}", metrics.text());
    }
    rig.stop().await;
}

#[tokio::test]
async fn the_description_of_the_api_has_every_stylesheet_that_its_policy_lets_in() {
    let rig = Rig::new().await;
    let page = get(rig.at, "/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").expect("a policy").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("style-src 'self'"));
    let text = page.text();
    let links: Vec<&str> = text
        .split("<link rel=\"stylesheet\" href=\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(path, _)| path))
        .collect();
    assert_eq!(links.len(), 2);
    for path in links {
        let sheet = get(rig.at, path).await;
        assert_eq!(
            (sheet.status, sheet.header("content-type")),
            (200, Some("text/css; charset=utf-8"))
        );
    }
    rig.stop().await;
}

#[tokio::test]
async fn what_nobody_speaks_is_not_found() {
    let rig = Rig::new().await;
    let head = rig.server.book().log().head();
    for path in ["/", "/nothing", "/v1", "/pay", "/pay/", "/createOrder/x", "/hook/", "/.env"] {
        assert_eq!(get(rig.at, path).await.status, 404, "{path}");
    }
    for token in ["x", "o1", "o00000000000000000000000001", "%00", "..%2f..%2fetc"] {
        let page = get(rig.at, &format!("/pay/{token}")).await;
        assert_eq!(page.status, 404, "{token}");
        let events = get(rig.at, &format!("/pay/{token}/events")).await;
        assert_eq!(events.status, 404, "{token}");
    }
    assert_eq!(rig.server.book().log().head(), head);
    rig.stop().await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_and_changes_nothing() {
    let rig = Rig::new().await;
    let head = rig.server.book().log().head();
    let long = format!(r#"{{"amount":"1.00","subject":"{}"}}"#, "x".repeat(70_000));
    let native = post_json(rig.at, "/v1/orders", TOKEN, &long).await;
    assert_eq!((native.status, &native.json()["code"]), (413, &json!("body_too_large")));
    let vmq = post_json(rig.at, "/createOrder", "", &long).await;
    assert_eq!((vmq.status, &vmq.json()["msg"]), (200, &json!("请求内容过长")));
    let hook = post_json(rig.at, "/hook/phone-1", "", &"x".repeat(40_000)).await;
    assert_eq!((hook.status, &hook.json()["msg"]), (400, &json!("参数错误")));
    let metrics = get(rig.at, "/metrics").await.text();
    assert!(metrics.contains(r#"evidence_total{word="refused"} 1"#), "{metrics}");
    let lied = format!(
        "POST /v1/orders HTTP/1.1\r\nHost: {}\r\nContent-Length: 99999999\r\nConnection: close\r\n\
         \r\n{}",
        rig.at,
        "x".repeat(400_000)
    );
    assert_eq!(raw(rig.at, lied.as_bytes()).await.status, 413);
    assert_eq!(rig.server.book().log().head(), head);
    let subject = "\\u00e9".repeat(500);
    let escaped = format!(r#"{{"amount":"1.00","subject":"{subject}"}}"#);
    let wide = escaped + &" ".repeat(50_000);
    assert_eq!(post_json(rig.at, "/v1/orders", TOKEN, &wide).await.status, 201);
    rig.stop().await;
}

#[tokio::test]
async fn a_callback_address_inside_the_network_is_refused_when_the_order_is_made() {
    let rig = Setting { allow_private: false, ..Setting::new() }.start().await;
    let head = rig.server.book().log().head();
    let refused = rig.native("N1", "10.00", "http://192.168.1.1/notify").await;
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("invalid_url")));
    let sign = md5_hex(&[format!("N1110.00{MERCHANT_KEY}").as_bytes()]);
    let path =
        format!("/createOrder?payId=N1&type=1&price=10.00&notifyUrl=http://10.0.0.1/n&sign={sign}");
    let refused = get(rig.at, &path).await;
    assert_eq!(refused.json()["msg"], "地址不允许访问：notifyUrl");
    assert_eq!(rig.server.book().log().head(), head);
    rig.stop().await;
}

#[tokio::test]
async fn the_page_shows_the_amount_and_its_stream_turns_from_waiting_to_paid() {
    let rig = Rig::new().await;
    let mut shop = Shop::good().await;
    rig.order("N0", "10.00", &shop.url()).await;
    let (id, payable) = rig.order("N1", "10.00", &shop.url()).await;
    assert_eq!(payable, "10.01");
    let page = get(rig.at, &format!("/pay/{id}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(r#"data-state="waiting""#), "{}", page.text());
    assert!(page.text().contains("10.01"));
    assert!(page.header("content-security-policy").is_some());

    let mut events = Events::open(rig.at, &format!("/pay/{id}/events")).await;
    assert_eq!(events.next().await.as_deref(), Some("waiting"));
    assert_eq!(rig.push("10.01", T).await.json()["code"], 1);
    assert_eq!(events.next().await.as_deref(), Some("paid"));
    assert_eq!(events.next().await, None, "a paid order changes no more");
    shop.next().await;
    let page = get(rig.at, &format!("/pay/{id}")).await;
    assert!(page.text().contains(r#"data-state="paid""#), "{}", page.text());
    assert_eq!(get(rig.at, &format!("/pay/{id}/events")).await.status, 204);
    rig.stop().await;
}

#[tokio::test]
async fn the_stream_follows_an_order_that_expires_and_is_paid_late() {
    let rig = Rig::new().await;
    let shop = Shop::good().await;
    let (id, payable) = rig.order("N1", "10.00", &shop.url()).await;
    let mut events = Events::open(rig.at, &format!("/pay/{id}/events")).await;
    assert_eq!(events.next().await.as_deref(), Some("waiting"));
    rig.clock().advance(Span::from_mins(6));
    assert_eq!(events.next().await.as_deref(), Some("expired"));
    let late = T + 6 * 60_000;
    assert_eq!(rig.push(&payable, late).await.json()["code"], 1);
    assert_eq!(events.next().await.as_deref(), Some("paid-late"));
    rig.stop().await;
}

#[tokio::test]
async fn the_stream_of_an_expired_order_ends_with_its_quarantine() {
    let rig = Rig::new().await;
    let (id, _) = rig.order("N1", "10.00", "http://shop.example/n").await;
    let path = format!("/pay/{id}/events");
    let mut events = Events::open(rig.at, &path).await;
    assert_eq!(events.next().await.as_deref(), Some("waiting"));
    rig.clock().advance(Span::from_mins(5));
    assert_eq!(events.next().await.as_deref(), Some("expired"));
    rig.clock().advance(Span::from_mins(14));
    let mut late = Events::open(rig.at, &path).await;
    assert_eq!(late.next().await.as_deref(), Some("expired"));
    rig.clock().advance(Span::from_mins(1));
    for mut events in [events, late] {
        assert_eq!(events.next().await, None, "nothing can change any more");
    }
    assert_eq!(get(rig.at, &path).await.status, 204, "the browser shall not ask again");
    rig.stop().await;
}

#[tokio::test]
async fn one_order_is_followed_by_a_few_pages_and_leaves_the_others_theirs() {
    let rig = Rig::new().await;
    let (first, _) = rig.order("N1", "10.00", "http://shop.example/n").await;
    let (second, _) = rig.order("N2", "10.00", "http://shop.example/n").await;
    let path = format!("/pay/{first}/events");
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut events = Events::open(rig.at, &path).await;
        assert_eq!(events.next().await.as_deref(), Some("waiting"));
        streams.push(events);
    }
    assert_eq!(get(rig.at, &path).await.status, 503);
    let metrics = get(rig.at, "/metrics").await.text();
    assert!(metrics.contains(r#"now{word="streams_open"} 8"#), "{metrics}");
    let mut other = Events::open(rig.at, &format!("/pay/{second}/events")).await;
    assert_eq!(other.next().await.as_deref(), Some("waiting"));
    assert_eq!(rig.push("10.00", T).await.json()["code"], 1);
    for events in &mut streams {
        assert_eq!(events.next().await.as_deref(), Some("paid"));
        assert_eq!(events.next().await, None);
    }
    rig.stop().await;
}

#[tokio::test]
async fn streams_end_when_the_server_stops() {
    let rig = Rig::new().await;
    let (id, _) = rig.order("N1", "10.00", "http://shop.example/n").await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut events = Events::open(rig.at, &format!("/pay/{id}/events")).await;
        assert_eq!(events.next().await.as_deref(), Some("waiting"));
        streams.push(events);
    }
    let stopping = tokio::spawn(rig.stop());
    for mut events in streams {
        assert_eq!(events.next().await, None);
    }
    guarded("the server to stop", stopping).await.expect("no panic");
}
