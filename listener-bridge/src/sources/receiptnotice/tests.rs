//! receiptnotice: whose signature fits, and what is believed of what the app made.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::DeviceId;
use proptest::prelude::*;

use super::ReceiptNotice;
use super::sealed::seal;
use crate::source::{DeviceKeys, Evidence, Refusal, Source};
use crate::wire::{Method, Request, md5_hex};

const KEY: &[u8] = b"device-key-0001";
const DES_KEY: &[u8; 8] = b"des-key1";

struct Phones;

impl DeviceKeys for Phones {
    fn each(&self, _: &mut dyn FnMut(&DeviceId, &[u8])) {}

    fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
        match device.as_str() {
            "phone-1" => show(KEY),
            "phone-2" => show(DES_KEY),
            _ => {}
        }
    }
}

fn upper(parts: &[&[u8]]) -> String {
    md5_hex(parts).to_uppercase()
}

/// The signature with a secret, or without one.
fn sign(signed: &str, secret: &[u8]) -> String {
    upper(&[upper(&[signed.as_bytes()]).as_bytes(), secret])
}

const TIME: &str = "2023-11-15 06:13:20";

fn body(kind: &str, money: &str, content: &str, sign: &str) -> String {
    format!(
        r#"{{"type":"{kind}","time":"{TIME}","title":"微信支付","money":"{money}","content":"{content}","deviceid":"d","sign":"{sign}","encrypt":"0"}}"#
    )
}

fn read_at(path: &str, query: &str, body: &str) -> Result<Evidence, Refusal> {
    let mut request = Request::new(Method::Post, path, query);
    request.headers.push((String::from("content-type"), String::from("application/json")));
    request.body = body.as_bytes().to_vec();
    assert!(ReceiptNotice::default().claims(&request), "{body}");
    ReceiptNotice::default().read(&request, &Phones).map(|reading| reading.evidence)
}

fn read(query: &str, body: &str) -> Result<Evidence, Refusal> {
    read_at("/hook/phone-1", query, body)
}

fn keyed(kind: &str, money: &str, content: &str) -> Result<Evidence, Refusal> {
    read("", &body(kind, money, content, &sign(&format!("{kind}{money}"), KEY)))
}

const TEXT: &str = "微信支付收款0.01元";

#[test]
fn the_published_signatures_come_out() {
    assert_eq!(sign("wechat0.01", b""), "2007AC5290A1B39B0955AAB09F96DF05");
    assert_eq!(sign("wechat0.01", b"key"), "9E2DC4F55379B94B781485B4C507FE87");
}

#[test]
fn a_signature_without_a_secret_needs_the_token() {
    let bare = body("wechat", "0.01", TEXT, &sign("wechat0.01", b""));
    let with_key = body("wechat", "0.01", TEXT, &sign("wechat0.01", KEY));
    let unsigned = with_key.replace("\"sign\"", "\"unsigned\"");
    let wrong = body("wechat", "0.01", TEXT, &sign("wechat0.02", KEY));
    let token = "token=device-key-0001";
    let cases = [
        ("", &bare, false),
        (token, &bare, true),
        ("token=another-key-0001", &bare, false),
        ("", &with_key, true),
        (token, &with_key, true),
        ("token=another-key-0001", &with_key, false),
        ("", &unsigned, false),
        (token, &unsigned, true),
        (token, &wrong, false),
        ("", &wrong, false),
    ];
    for (query, body, fits) in cases {
        let read = read(query, body);
        assert_eq!(read.is_ok(), fits, "{query} {body}: {read:?}");
        assert!(fits || read == Err(Refusal::BadSignature), "{query} {body}: {read:?}");
    }
    let in_text =
        body("wechat", "0.01", r#"a","token":"device-key-0001"#, &sign("wechat0.01", b""));
    assert_eq!(read("", &in_text), Err(Refusal::BadSignature), "a text presents no token");
    assert!(read_at("/hook/phone-1/device-key-0001", "", &bare).is_ok(), "a token in the path");
    assert!(read_at("/hook/phone-9/device-key-0001", "", &bare).is_err());
}

#[test]
fn the_fork_with_a_nonce_signs_time_and_nonce_too() {
    let signed = format!("wechat0.01{TIME}NONCE");
    let whole = body("wechat", "0.01", TEXT, &sign(&signed, KEY));
    let with_nonce = whole.replace("\"encrypt\"", "\"nonce\":\"NONCE\",\"encrypt\"");
    assert!(matches!(read("", &with_nonce), Ok(Evidence::Money(_))));
    assert!(read("", &whole).is_err(), "without the nonce");
    assert!(read("", &with_nonce.replace("06:13:20", "06:13:21")).is_err());
}

#[test]
fn one_nonce_is_one_notice_whatever_stands_beside_it() {
    let whole = body("wechat", "0.01", TEXT, &sign(&format!("wechat0.01{TIME}NONCE"), KEY));
    let first = whole.replace("\"encrypt\"", "\"nonce\":\"NONCE\",\"encrypt\"");
    let notice = |body: &str| match read("", body) {
        Ok(Evidence::Money(notice)) => (notice.key, notice.content),
        other => panic!("{body}: {other:?}"),
    };
    let other = first.replace("\"title\":\"微信支付\"", "\"title\":\"微信支付!\"");
    assert_eq!(notice(&first).0, notice(&other).0, "no second payment");
    assert_ne!(notice(&first).1, notice(&other).1, "a conflict for a person");
    assert_eq!(notice(&first), notice(&first.replace("encrypt\":\"0", "encrypt\":\"2")));
    let next = body("wechat", "0.01", TEXT, &sign(&format!("wechat0.01{TIME}OTHER"), KEY));
    let next = next.replace("\"encrypt\"", "\"nonce\":\"OTHER\",\"encrypt\"");
    assert_ne!(notice(&first).0, notice(&next).0);
    // The border of type and amount may be moved; the signed text stays the same.
    let kind = whole.replace("\"type\":\"wechat\"", "\"type\":\"wechat0\"");
    let moved = kind
        .replace("\"0.01\"", "\".01\"")
        .replace("\"encrypt\"", "\"nonce\":\"NONCE\",\"encrypt\"");
    assert!(matches!(read("", &moved), Ok(Evidence::Unreadable { .. })));
}

#[test]
fn sealed_texts_are_proven_by_the_key_that_opens_them() {
    let fields = |key: &[u8; 8]| {
        let signed = sign("wechat0.01", b"");
        let texts = [
            ("type", "wechat"),
            ("time", TIME),
            ("title", "微信支付"),
            ("money", "0.01"),
            ("content", TEXT),
            ("sign", &signed),
        ];
        let texts = texts.map(|(name, text)| format!(r#""{name}":"{}""#, seal(text, key)));
        format!(r#"{{{},"encrypt":"1","url":"http://x","deviceid":"open"}}"#, texts.join(","))
    };
    let sealed = fields(DES_KEY);
    let Ok(Evidence::Money(notice)) = read_at("/hook/phone-2", "", &sealed) else {
        panic!("{sealed}")
    };
    assert_eq!((notice.amount, notice.text.as_str()), (Amount::fen(1), TEXT));
    assert!(read_at("/hook/phone-2", "", &fields(b"des-key2")).is_err());
    let mut request = Request::new(Method::Post, "/hook/phone-2", "");
    request.body = sealed.clone().into_bytes();
    let reading = ReceiptNotice::default().read(&request, &Phones);
    let raw = reading.map(|reading| String::from_utf8_lossy(&reading.raw).into_owned());
    let kept = raw.unwrap_or_default();
    assert!(kept.contains(TEXT) && kept.contains(r#""sign":"""#), "{kept}");
    assert!(!kept.contains(&seal(TEXT, DES_KEY)), "no sealed text stays: {kept}");
    assert!(read_at("/hook/phone-1", "", &sealed).is_err(), "another device's");
}

#[test]
fn a_repeat_says_the_same_and_its_number_is_no_part() {
    let notice = |body: &str| match read("", body) {
        Ok(Evidence::Money(notice)) => notice,
        other => panic!("{body}: {other:?}"),
    };
    let first = body("wechat", "0.01", TEXT, &sign("wechat0.01", KEY));
    let again = first.replace("\"encrypt\"", "\"repeatnum\":\"1\",\"encrypt\"");
    assert_eq!(notice(&first).key, notice(&again).key);
    assert_eq!(notice(&first).content, notice(&again).content);
    assert_ne!(notice(&first).key, notice(&first.replace("06:13:20", "06:13:21")).key);
    let quoted = body("wechat", "0.01", r#"微信支付收款0.01元，"你好""#, &sign("wechat0.01", KEY));
    assert_eq!(notice(&quoted).text, r#"微信支付收款0.01元，"你好""#);
}

#[test]
fn types_name_the_network_and_what_is_no_amount_is_kept() {
    let cases = [
        ("wechat", "0.01", Some(Some(Channel::Wechat))),
        ("wechat-sponsor", "5", Some(Some(Channel::Wechat))),
        ("alipay", "9.99", Some(Some(Channel::Alipay))),
        ("alipay-transfer", "-0.00", None),
        ("alipay-transfer", "1.00", None),
        ("unionpay", "1.00", Some(Some(Channel::Unionpay))),
        ("icbcelife", "1.00", Some(None)),
        ("cashbar-wechat", "1.00", Some(Some(Channel::Wechat))),
        ("cashbar-alipay", "1.00", Some(Some(Channel::Alipay))),
        ("message-bank", "20000.00", Some(Some(Channel::Unionpay))),
        ("message-bank-工商银行", "1000", Some(Some(Channel::Unionpay))),
        ("message-bank-95588", "1.00", None),
        ("qq", "1.00", None),
        ("wechat", "1,160.00", None),
        ("wechat", "0", None),
    ];
    for (kind, money, channel) in cases {
        match (keyed(kind, money, "x"), channel) {
            (Ok(Evidence::Money(notice)), Some(channel)) => assert_eq!(notice.channel, channel),
            (Ok(Evidence::Unreadable { .. }), None) => {}
            (read, _) => panic!("{kind} {money}: {read:?}"),
        }
    }
}

#[test]
fn our_rules_have_a_word_where_they_know_the_text() {
    let read = keyed("wechat", "1000.00", "微信支付收款8.88元，免费提现额度1000.00元");
    assert!(matches!(&read, Ok(Evidence::Unreadable { reason, .. }) if reason.contains("another")));
    let read = keyed("wechat", "100.00", "微信支付收款100.00元，已退款");
    assert!(matches!(&read, Ok(Evidence::Ignored { reason, .. }) if reason == "wechat-undone"));
    let read = keyed("alipay", "8.88", "小王通过扫码向你付款8.88元");
    assert!(matches!(read, Ok(Evidence::Money(_))));
}

#[test]
fn a_broken_body_is_kept_where_the_token_proves_its_sender() {
    let broken = r#"{"type":"wechat","money":"1","money":"2""#;
    assert!(matches!(read("token=device-key-0001", broken), Ok(Evidence::Unreadable { .. })));
    assert!(matches!(read("", broken), Err(Refusal::BadParameter { .. })));
    let signed = sign("wechat0.01", KEY);
    for imitated in [
        body("wechat", "0.01", r#"a","money":"999.00"#, &signed),
        body("wechat", "0.01", r#"a","type":"alipay","sign":"x"#, &signed),
    ] {
        assert!(matches!(read("", &imitated), Ok(Evidence::Unreadable { .. })), "{imitated}");
        let forged = imitated.replace(&signed, "00");
        assert!(matches!(read("", &forged), Err(Refusal::BadParameter { .. })), "{forged}");
    }
}

proptest! {
    #[test]
    fn type_and_money_cannot_change_places(
        kind in "(wechat|alipay|message-bank|message-bank-[a-z]{1,4}|unionpay)",
        money in "[0-9]{1,3}\\.[0-9]{2}",
        at in 1_usize..6,
    ) {
        let signed = format!("{kind}{money}");
        let sign = sign(&signed, KEY);
        let border = kind.len() + at.min(money.len() - 1);
        let (kind, money) = signed.split_at(border);
        let read = read("", &body(kind, money, "x", &sign));
        prop_assert!(!matches!(read, Ok(Evidence::Money(_))), "{:?}", read);
    }
}
