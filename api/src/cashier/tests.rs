//! The page as a whole: every state in every language and channel, hostile texts, sizes, and the
//! code read back from the HTML by a decoder that shares no code with the encoder.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;

use super::phrases::Phrases;
use super::*;
use Language::{Chinese, English};

const NOON: Timestamp = Timestamp::from_secs(1_772_337_600);
const PAID: CashierState = CashierState::Paid { at: NOON, received: Amount::fen(1_001) };
const PAID_LATE: CashierState = CashierState::PaidLate { at: NOON, received: Amount::fen(990) };
const REFUNDED: CashierState = CashierState::Refunded { amount: Amount::fen(500) };
const STATES: [CashierState; 7] = [
    CashierState::Waiting,
    CashierState::Held,
    PAID,
    PAID_LATE,
    CashierState::Expired,
    CashierState::Closed,
    REFUNDED,
];

fn view(language: Language, state: CashierState) -> CashierView {
    CashierView {
        language,
        channel: Channel::Wechat,
        requested: Amount::fen(1_000),
        payable: Amount::fen(1_001),
        qr: String::from("wxp://f2f0example"),
        fixed: false,
        subject: String::from("手机壳"),
        merchant: String::from("小店"),
        order_number: String::from("20260301-0001"),
        created: NOON.minus(Span::from_secs(51)),
        expires: NOON.plus(Span::from_secs(249)),
        now: NOON,
        utc_offset_secs: 8 * 3_600,
        state,
        return_url: Some(String::from("https://shop.example/thanks?a=1&b=2")),
        events_path: String::from("/pay/o7zz/events"),
    }
}

fn page(view: &CashierView) -> String {
    render(view).expect("a page")
}

/// What lies between two marks for the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after}")).0
}

/// Paints the outline of a code, magnified, and scans it as a camera would.
pub(super) fn scan(side: usize, outline: &str) -> String {
    const SCALE: usize = 4;
    let mut dark = vec![vec![false; side]; side];
    for piece in outline.split('z').filter(|piece| !piece.is_empty()) {
        let numbers: Vec<usize> = piece
            .split(|c: char| !c.is_ascii_digit())
            .filter(|number| !number.is_empty())
            .map(|number| number.parse().expect("a coordinate"))
            .collect();
        let [x, y, length, 1, back] = numbers[..] else {
            panic!("a piece that is no run: {piece}")
        };
        assert_eq!(length, back, "{piece}");
        dark[y][x..x + length].fill(true);
    }
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(side * SCALE, side * SCALE, |x, y| {
            if dark[y / SCALE][x / SCALE] { 0 } else { 255 }
        });
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code");
    grids[0].decode().expect("a readable code").1
}

/// Decodes a picture and scans it as a camera would.
pub(super) fn scan_png(picture: &[u8]) -> String {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a picture");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a small picture")];
    let info = reader.next_frame(&mut pixels).expect("one frame");
    let side = usize::try_from(info.width).expect("a small picture");
    let mut image =
        rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| pixels[y * side + x]);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code");
    grids[0].decode().expect("a readable code").1
}

#[test]
fn every_state_says_what_it_is_in_both_languages() {
    let cases: [(CashierState, Language, &[&str]); 14] = [
        (CashierState::Waiting, Chinese, &["请用微信扫码付款", "应付金额", "剩余时间", "4:09"]),
        (CashierState::Waiting, English, &["Scan with WeChat to pay", "Time left", "4:09"]),
        (
            CashierState::Held,
            Chinese,
            &["正在核对", "请不要重复付款", "<p class=\"label\">应付金额</p>"],
        ),
        (CashierState::Held, English, &["being checked", "do not pay again"]),
        (PAID, Chinese, &["付款成功", "2026-03-01 12:00:00"]),
        (PAID, English, &["Payment received", "2026-03-01T12:00:00+08:00"]),
        (PAID_LATE, Chinese, &["晚于截止时间", "由商家决定", "2026-03-01 12:00:00"]),
        (PAID_LATE, English, &["after the deadline", "The shop decides"]),
        (CashierState::Expired, Chinese, &["订单已过期", "款项不会丢失"]),
        (CashierState::Expired, English, &["has expired", "the money is not lost"]),
        (CashierState::Closed, Chinese, &["订单已关闭", "请不要再付款"]),
        (CashierState::Closed, English, &["was closed", "do not pay"]),
        (REFUNDED, Chinese, &["已退款", "原路退回"]),
        (REFUNDED, English, &["Refunded", "the way it came"]),
    ];
    for (state, language, phrases) in cases {
        let html = page(&view(language, state));
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
        assert!(html.contains(&format!("data-state=\"{}\"", state.word())));
        assert_eq!(html.matches("<h1>").count(), 1, "{state:?}");
        assert_eq!(html.matches("class=\"amount\"").count(), 1, "one hero: {state:?}");
        for phrase in
            ["手机壳", "小店", "20260301-0001", "https://shop.example/"].iter().chain(phrases)
        {
            assert!(html.contains(phrase), "{phrase} in {state:?} {language:?}");
        }
    }
}

#[test]
fn only_a_waiting_page_can_be_paid() {
    for state in STATES {
        for language in Language::ALL {
            let html = page(&view(language, state));
            let payable = state == CashierState::Waiting;
            for part in ["id=\"modules\"", "id=\"left\"", "class=\"steps\"", "class=\"hint\""] {
                assert_eq!(html.contains(part), payable, "{part} in {state:?}");
            }
            let follows = html.contains("data-events=\"/pay/o7zz/events\"");
            assert_eq!(follows, state.is_live(), "{state:?}");
            let refreshes = html.contains("<noscript><meta http-equiv=\"refresh\"");
            assert_eq!(refreshes, payable || state == CashierState::Held, "{state:?}");
        }
    }
}

#[test]
fn the_hero_is_what_is_to_be_paid_or_went_back() {
    let hero = |view: &CashierView| {
        let html = page(view);
        let (size, rest) =
            between(&html, "<p class=\"amount", "</p>").split_once('"').expect("class");
        let (sign, number) = rest.split_once("</span>").expect("a sign");
        (size.to_owned(), sign.replace("><span class=\"currency\">", ""), number.to_owned())
    };
    let parts = |size: &str, sign: &str, number: &str| (size.into(), sign.into(), number.into());
    let mut order = view(English, CashierState::Waiting);
    assert_eq!(hero(&order), parts("", "¥", "10.01"));
    order.state = REFUNDED;
    assert_eq!(hero(&order), parts("", "¥", "5.00"));
    order.state = PAID_LATE;
    assert_eq!(hero(&order), parts("", "¥", "9.90"), "what came, not what was due");
    order.state = CashierState::Waiting;
    (order.requested, order.payable) = (Amount::fen(99_999_999), Amount::fen(100_000_000));
    assert_eq!(hero(&order), parts(" long", "¥", "1000000.00"));
    order.requested = Amount::from_minor(500, Currency::Jpy);
    order.payable = order.requested;
    assert_eq!(hero(&order), parts("", "JP¥", "500"));
}

#[test]
fn the_hint_is_there_only_when_the_amounts_differ() {
    let cases = [
        (
            Chinese,
            1_000,
            1_001,
            Some("请务必支付 10.01 元，不是 10.00 元：这一分钱用来认出您的付款。"),
        ),
        (
            Chinese,
            1_000,
            999,
            Some("请务必支付 9.99 元，不是 10.00 元：这一分钱用来认出您的付款。"),
        ),
        (
            Chinese,
            1_000,
            1_003,
            Some("请务必支付 10.03 元，不是 10.00 元：相差的 0.03 元用来认出您的付款。"),
        ),
        (Chinese, 1_000, 1_000, None),
        (
            English,
            1_000,
            1_001,
            Some(
                "Pay exactly ¥10.01, not ¥10.00: the difference of ¥0.01 is how your payment is recognised.",
            ),
        ),
        (English, 1_000, 1_000, None),
    ];
    for (language, requested, payable, hint) in cases {
        let mut order = view(language, CashierState::Waiting);
        (order.requested, order.payable) = (Amount::fen(requested), Amount::fen(payable));
        let html = page(&order);
        match hint {
            Some(hint) => {
                assert_eq!(between(&html, "<p class=\"hint\" role=\"note\">", "</p>"), hint)
            }
            None => assert!(!html.contains("class=\"hint\""), "{requested} {payable}"),
        }
        let asked = Amount::fen(requested).decimal_text();
        assert_eq!(html.contains(&asked), hint.is_some() || requested == payable);
    }
}

#[test]
fn the_steps_say_who_fills_in_the_amount() {
    let cases = [
        (Chinese, false, "扫码后手动输入 10.01 元"),
        (Chinese, true, "金额已自动填好，请核对是 10.01 元"),
        (English, false, "Type the amount ¥10.01 yourself"),
        (English, true, "The amount is filled in for you: check that it is ¥10.01"),
    ];
    for (language, fixed, phrase) in cases {
        let html = page(&CashierView { fixed, ..view(language, CashierState::Waiting) });
        assert!(html.contains(phrase), "{phrase}");
        let other =
            cases.iter().find(|case| case.0 == language && case.1 != fixed).expect("a pair");
        assert!(!html.contains(other.2), "{}", other.2);
    }
}

#[test]
fn each_channel_has_its_name_and_colour() {
    let names = [
        (Channel::Wechat, "微信支付", "WeChat Pay"),
        (Channel::Alipay, "支付宝", "Alipay"),
        (Channel::Qq, "QQ钱包", "QQ Wallet"),
        (Channel::Unionpay, "云闪付", "UnionPay"),
        (Channel::Youzan, "有赞", "Youzan"),
        (Channel::Sandbox, "沙盒", "Sandbox"),
    ];
    assert_eq!(names.map(|name| name.0), Channel::ALL);
    for (channel, chinese, english) in names {
        for (language, name) in [(Chinese, chinese), (English, english)] {
            let html = page(&CashierView { channel, ..view(language, CashierState::Waiting) });
            assert!(html.contains(&format!("</span>{name}</p>")), "{name}");
            assert!(html.contains(&format!("class=\"sheet {} open\"", channel.word())));
            assert_eq!(html.contains("class=\"play\""), channel == Channel::Sandbox);
        }
        assert!(STYLESHEET.contains(&format!(".{} {{ --brand:", channel.word())), "{channel}");
    }
}

#[test]
fn hostile_texts_come_out_as_text() {
    let attacks = [
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "\"><svg onload=alert(1)>",
        "' onmouseover='alert(1)",
        "</title><h1>x",
        "{{ frame.phrases.live }}",
        "<!--",
    ];
    for attack in attacks {
        for state in STATES {
            let clean = page(&view(Chinese, state));
            let mut order = view(Chinese, state);
            order.subject = attack.into();
            order.merchant = attack.into();
            order.order_number = attack.into();
            order.events_path = attack.into();
            order.return_url = Some(format!("https://shop.example/{}", attack.replace(' ', "+")));
            let html = page(&order);
            let tags = |html: &str| html.matches('<').count();
            assert_eq!(tags(&html), tags(&clean), "{attack} brings no tag: {state:?}");
            let quotes = |html: &str| html.matches('"').count();
            assert_eq!(quotes(&html), quotes(&clean), "{attack} ends no attribute: {state:?}");
            assert!(!html.contains(" onmouseover='"), "{attack}");
        }
    }
}

#[test]
fn marks_that_turn_the_writing_do_not_reach_the_page() {
    let mut order = view(English, CashierState::Waiting);
    order.merchant = "shop\u{202E}live\u{2066}\u{200F}".into();
    order.subject = "\u{202D}x\u{0}".into();
    let html = page(&order);
    assert!(html.contains("<bdi>shop\u{FFFD}live\u{FFFD}\u{FFFD}</bdi>"));
    assert!(!html.contains(['\u{202D}', '\u{202E}', '\u{2066}', '\u{200F}', '\u{0}']));
}

#[test]
fn only_a_web_address_becomes_a_link_back() {
    for bad in
        ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "\u{1}javascript:x"]
    {
        for state in STATES {
            let html = page(&CashierView { return_url: Some(bad.into()), ..view(English, state) });
            assert!(!html.to_ascii_lowercase().contains("javascript:"), "{bad}");
            assert!(!html.contains("data:text"), "{bad}");
            assert!(!html.contains("Back to the shop"), "{bad}");
        }
    }
    let html = page(&view(English, PAID));
    assert!(html.contains(
        "id=\"return\" rel=\"noreferrer\" href=\"https://shop.example/thanks?a=1&#38;b=2\""
    ));
    let without = page(&CashierView { return_url: None, ..view(English, PAID) });
    assert!(!without.contains("id=\"return\""));
}

#[test]
fn the_code_on_the_page_is_read_back() {
    let html = page(&view(Chinese, CashierState::Waiting));
    let side = between(&html, "<svg viewBox=\"0 0 ", " ").parse().expect("a side");
    assert_eq!(scan(side, between(&html, "fill=\"#000\" d=\"", "\"")), "wxp://f2f0example");
    assert!(
        html.contains("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"),
        "white in the dark"
    );
}

#[test]
fn what_cannot_be_shown_truthfully_is_refused_by_name() {
    let mut order = view(English, CashierState::Waiting);
    order.requested = Amount::from_minor(1_000, Currency::Usd);
    let error = render(&order).expect_err("two currencies");
    assert_eq!(error.to_string(), "compare the amounts of order 20260301-0001");
}

#[test]
fn an_address_that_is_too_long_for_a_code_is_shown_with_the_amount() {
    let long = |bytes: usize| "x".repeat(bytes);
    let web = format!("https://pay.example/{}", long(QR_TEXT_BYTES_MAX));
    let scheme = format!("wxp://{}", long(QR_TEXT_BYTES_MAX));
    // (text of the code, whether it is shown, whether it is a link)
    let cases = [
        (web.clone(), true, true),
        (scheme.clone(), true, false),
        (format!("{scheme}\u{202e}"), false, false),
        (format!("javascript:{}", long(QR_TEXT_BYTES_MAX)), true, false),
        (long(text::ADDRESS_BYTES_MAX + 1), false, false),
    ];
    for (qr, shown, is_link) in cases {
        for language in Language::ALL {
            let html =
                page(&CashierView { qr: qr.clone(), ..view(language, CashierState::Waiting) });
            assert!(html.contains(">10.01<"), "the amount stands whatever the code is");
            assert!(!html.contains("id=\"modules\"") && html.contains("id=\"left\""));
            assert_eq!(html.contains(&format!("<bdi>{qr}</bdi>")), shown, "{qr}");
            assert_eq!(html.contains(&format!("href=\"{qr}\"")), is_link, "{qr}");
            assert_eq!(html.contains(Phrases::of(language).no_address), !shown, "{qr}");
            assert!(html.len() <= PAGE_BYTES_MAX);
        }
        let paid = page(&CashierView { qr: qr.clone(), ..view(English, PAID) });
        assert!(!paid.contains(&qr), "nobody pays twice");
    }
    let html = page(&CashierView { qr: web, ..view(English, CashierState::Waiting) });
    assert!(html.contains("Pay with WeChat") && !html.contains("Scan"), "{html}");
}

#[test]
fn the_largest_page_is_within_its_limit() {
    let fill = |scrap: &str| scrap.repeat(TEXT_CHARS_MAX * 2);
    let mut order = view(English, CashierState::Waiting);
    order.qr = "\u{fffd}".repeat(QR_TEXT_BYTES_MAX / 3);
    order.subject = fill("\"");
    order.merchant = fill("<");
    order.order_number = fill("𠀀");
    order.return_url = Some(format!("{:\"<width$}", "https://", width = text::ADDRESS_BYTES_MAX));
    order.requested = Amount::fen(999_999_999_999_999);
    order.payable = Amount::fen(999_999_999_999_998);
    let longest = page(&order).len();
    assert!(longest <= PAGE_BYTES_MAX, "{longest}");
    assert!(page(&view(Chinese, CashierState::Waiting)).len() < 16 * 1_024);
}

#[test]
fn a_page_past_its_deadline_counts_from_zero() {
    let mut order = view(Chinese, CashierState::Waiting);
    order.now = order.expires.plus(Span::from_secs(9));
    let html = page(&order);
    assert!(html.contains("aria-live=\"off\">0:00</strong>"));
    order.created = order.expires;
    assert!(page(&order).contains("<progress id=\"bar\" max=\"1\" value=\"0\""));
    order.utc_offset_secs = i32::MAX;
    assert!(!page(&order).contains("<time"), "an impossible zone shows no time");
}

#[test]
fn the_page_for_unknown_tokens_tells_nothing() {
    for (language, phrase) in [(Chinese, "找不到这笔订单"), (English, "Order not found")] {
        let html = render_not_found(language).expect("a page");
        assert!(html.contains(phrase));
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
        assert!(!html.contains("<script") && !html.contains("data-"));
        assert_eq!(html, render_not_found(language).expect("a page"));
    }
}

#[test]
fn pages_need_nothing_that_their_policy_forbids() {
    let mut pages: Vec<String> = Language::ALL.map(|l| render_not_found(l).expect("a page")).into();
    pages.extend(STATES.map(|state| page(&view(English, state))));
    let inline = [
        "style=", "<style", "onclick", "onload", "onerror", "<form", "<iframe", "<base", "@import",
    ];
    for html in &pages {
        for forbidden in inline {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        for script in html.match_indices("<script").map(|(at, _)| &html[at..]) {
            assert!(script.starts_with(&format!("<script src=\"{SCRIPT_PATH}\" defer></script>")));
        }
        assert!(html.contains(&format!("<link rel=\"stylesheet\" href=\"{STYLESHEET_PATH}\">")));
    }
    assert!(!STYLESHEET.contains("url(") && !STYLESHEET.contains("@import"));
    for source in ["innerHTML", "eval(", "document.write", "insertAdjacentHTML", ".style"] {
        assert!(!SCRIPT.contains(source), "{source}");
    }
}

#[test]
fn the_headers_forbid_what_the_page_does_not_need() {
    let header = |name: &str| {
        let mut found = PAGE_HEADERS.iter().filter(|header| header.0 == name);
        let value = found.next().unwrap_or_else(|| panic!("no {name}")).1;
        assert!(found.next().is_none(), "{name} twice");
        value
    };
    assert_eq!(
        header("content-security-policy"),
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    );
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
}

#[test]
fn script_and_page_know_the_same_names() {
    let waiting = page(&view(English, CashierState::Waiting));
    let paid = page(&view(English, PAID));
    assert!(SCRIPT.contains(&format!("addEventListener(\"{STATE_EVENT}\"")));
    for id in ["cashier", "left", "bar", "status"] {
        assert!(SCRIPT.contains(&format!("getElementById(\"{id}\")")), "{id}");
        assert!(waiting.contains(&format!("id=\"{id}\"")), "{id}");
    }
    for id in ["return", "returning"] {
        assert!(SCRIPT.contains(&format!("getElementById(\"{id}\")")), "{id}");
        assert!(paid.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(waiting.contains("data-now-ms=\"1772337600000\" data-expires-ms=\"1772337849000\""));
    assert!(SCRIPT.contains("dataset.nowMs") && SCRIPT.contains("dataset.expiresMs"));
    for word in ["waiting", "paid", "expired"] {
        assert!(SCRIPT.contains(&format!("\"{word}\"")));
        assert!(STATES.iter().any(|state| state.word() == word), "{word}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_leaves_the_markup_as_it_is(text: String, state in 0_usize..7, now: i64) {
        let state = STATES[state];
        let clean = page(&view(English, state)).matches(['<', '"', '\'']).count();
        let mut order = view(English, state);
        order.subject.clone_from(&text);
        order.merchant.clone_from(&text);
        order.order_number = text;
        order.now = Timestamp::from_micros(now);
        let html = page(&order);
        prop_assert_eq!(html.matches(['<', '"', '\'']).count(), clean);
        prop_assert!(html.len() <= PAGE_BYTES_MAX);
    }
}
