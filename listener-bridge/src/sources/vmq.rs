//! The V免签 phone family: `appHeart` and `appPush` of the original, and the monitor paths of its
//! forks.
//!
//! A heartbeat is signed `md5(t + key)`, a push `md5(type + price + t + key)`, over the texts as
//! received. The formula has no separators, so the grammar must give one signed text one reading:
//! `type` is one of `1`, `2` and `3`, `t` is exactly 13 digits, and a heartbeat's text is those 13
//! digits alone, which leaves nothing for a push. One fork sends a `t` of 10 digits; a push
//! `1|1000|1763700000` signs the same text as `1|1|0001763700000`, so it is refused by name.
//!
//! Invariants: an observed heartbeat never passes as a push; no window of time refuses a push,
//! however late; a push that is proven but whose price means nothing is kept as unreadable; the
//! same push, repeated with or without `force_push`, has the same key.
//! Deliberately not here: the merchant's side of the same protocol (a dialect), and `metadata` and
//! other unsigned extras, which prove nothing.
//!
//! Wire facts: `szvone/Vmq` `WebController.java`, `WebService.java`; `hulisang/vmqfox-backend`
//! `Monitor.php`.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;
use duizhang_core::time::Timestamp;
use serde::Serialize;

use crate::source::{
    DeviceKeys, Evidence, Notice, Outcome, Reading, Refusal, Source, check_signer, find_signer,
};
use crate::wire::{Answer, Params, Request, hex_equal, hex_lower, hmac_sha256, md5_hex};

const NAME: &str = "vmq";

/// How many digits a time in milliseconds has, from 2001 to 2286.
const T_DIGITS: usize = 13;

/// The source for V免签 phones and their forks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vmq;

/// What a path asks for, and whose words it wants to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Endpoint<'a> {
    call: Call,
    words: Words,
    /// The device, on paths that name one.
    device: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Heart,
    Push,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// The original's: code 1 or -1.
    App,
    /// The forks' on `/api/monitor`: code 200 or 400.
    Monitor,
}

impl Source for Vmq {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        endpoint(&request.path).is_some()
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let Some(endpoint) = endpoint(&request.path) else {
            return Err(bad("path", "not one of this source"));
        };
        let params = Params::of(request)?;
        let t = read_t(params.require("t")?)?;
        let (device, evidence) = match endpoint.call {
            Call::Heart => {
                let device = signer(keys, endpoint, &params, &[t.text])?;
                (device, Evidence::Heartbeat { sent_at: t.at })
            }
            Call::Push => {
                let (digit, channel) = read_type(params.require("type")?)?;
                let price = params.require("price")?;
                let device = signer(keys, endpoint, &params, &[digit, price, t.text])?;
                let evidence = read_push(&device, digit, channel, price, t);
                (device, evidence)
            }
        };
        Ok(Reading {
            device,
            evidence,
            raw: request.without_secrets(),
            source: NAME,
            repeat_key: None,
        })
    }

    fn answer(&self, request: &Request, outcome: Outcome) -> Answer {
        let Some(Endpoint { call, words, .. }) = endpoint(&request.path) else {
            return envelope(404, -1, "失败");
        };
        match (outcome, words, call) {
            // Phones ask again, or alarm, unless a repeat is answered like the first; what waits
            // for a person is safe, and sending it again would change nothing.
            (Outcome::Accepted | Outcome::Repeat | Outcome::Held, Words::App, _) => {
                envelope(200, 1, "成功")
            }
            (Outcome::Accepted | Outcome::Repeat | Outcome::Held, Words::Monitor, Call::Heart) => {
                envelope(200, 200, "心跳更新成功")
            }
            (Outcome::Accepted | Outcome::Repeat, Words::Monitor, Call::Push) => {
                envelope(200, 200, "订单支付成功")
            }
            (Outcome::Held, Words::Monitor, Call::Push) => envelope(200, 200, "成功"),
            (Outcome::Unavailable, _, _) => {
                let code = if words == Words::App { -1 } else { 500 };
                envelope(503, code, "服务暂时不可用，请稍后重试").with_header("retry-after", "1")
            }
        }
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer {
        let endpoint = endpoint(&request.path);
        let monitor = endpoint.is_some_and(|endpoint| endpoint.words == Words::Monitor);
        let heart = endpoint.is_some_and(|endpoint| endpoint.call == Call::Heart);
        let code = if monitor { 400 } else { -1 };
        match refusal {
            Refusal::BadSignature if !monitor => envelope(200, code, "签名校验错误"),
            Refusal::BadSignature if heart => envelope(200, code, "密钥错误---请检查配置数据！"),
            Refusal::BadSignature => envelope(200, code, "签名校验不通过"),
            Refusal::SharedKey => envelope(200, code, "多个监控端使用了同一密钥，请检查配置"),
            Refusal::MissingParameter(_) => envelope(200, code, "缺少必要参数"),
            Refusal::BadParameter { name, .. } => envelope(200, code, &format!("参数错误：{name}")),
        }
    }
}

/// A phone's time: the text that is signed, and what it means.
#[derive(Clone, Copy)]
struct PhoneTime<'a> {
    text: &'a str,
    at: Timestamp,
}

fn endpoint(path: &str) -> Option<Endpoint<'_>> {
    let (device, rest) = if let Some(below) = path.strip_prefix("/d/") {
        below.split_once('/').map(|(device, rest)| (Some(device), rest))?
    } else if let Some(below) = path.strip_prefix("/m/") {
        below.split_once('/').map(|(_, rest)| (None, rest))?
    } else {
        (None, path.strip_prefix('/')?)
    };
    let (call, words) = match rest {
        "appHeart" => (Call::Heart, Words::App),
        "appPush" => (Call::Push, Words::App),
        "api/monitor/heart" => (Call::Heart, Words::Monitor),
        "api/monitor/push" => (Call::Push, Words::Monitor),
        _ => return None,
    };
    Some(Endpoint { call, words, device })
}

fn read_t(text: &str) -> Result<PhoneTime<'_>, Refusal> {
    let digits = text.len() == T_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse::<i64>().ok().filter(|_| digits);
    let millis = millis.ok_or_else(|| bad("t", "not a time in milliseconds of 13 digits"))?;
    Ok(PhoneTime { text, at: Timestamp::from_millis(millis) })
}

fn read_type(text: &str) -> Result<(&str, Channel), Refusal> {
    match text {
        "1" => Ok((text, Channel::Wechat)),
        "2" => Ok((text, Channel::Alipay)),
        "3" => Ok((text, Channel::Qq)),
        _ => Err(bad("type", "not one of 1, 2, 3")),
    }
}

fn signer(
    keys: &dyn DeviceKeys,
    endpoint: Endpoint<'_>,
    params: &Params,
    signed: &[&str],
) -> Result<DeviceId, Refusal> {
    let sign = params.require("sign")?;
    let whole = match params.get("signType") {
        None | Some("MD5" | "md5") => None,
        Some("HMAC_SHA256") => Some(hmac_message(endpoint.call, params)?),
        Some(_) => return Err(bad("signType", "not one of MD5, HMAC_SHA256")),
    };
    let fits = |key: &[u8]| {
        let Some(message) = &whole else {
            let parts = signed.iter().map(|text| text.as_bytes()).chain([key]);
            return hex_equal(sign, &md5_hex(&parts.collect::<Vec<&[u8]>>()));
        };
        hex_equal(sign, &hex_lower(&hmac_sha256(key, message.as_bytes())))
    };
    match endpoint.device {
        Some(name) => check_signer(keys, name, &fits),
        None => find_signer(keys, &fits),
    }
}

/// What vmq-suite's `HMAC_SHA256` signs: all parameters but the signature, sorted by name, as
/// `name=value` with `&` between them. A separator inside a name or value would give one text two
/// readings, and a heartbeat that holds a push's parameters would be good for both.
fn hmac_message(call: Call, params: &Params) -> Result<String, Refusal> {
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(params.len());
    for param in params.iter().filter(|param| param.name != "sign") {
        if param.name.contains(['&', '=']) || param.value.contains('&') {
            return Err(bad("signType", "a parameter holds a separator"));
        }
        if call == Call::Heart && matches!(param.name.as_str(), "type" | "price") {
            return Err(bad(&param.name, "no part of a heartbeat"));
        }
        pairs.push((&param.name, &param.value));
    }
    pairs.sort_unstable();
    let texts = pairs.iter().map(|(name, value)| format!("{name}={value}"));
    Ok(texts.collect::<Vec<String>>().join("&"))
}

/// What a proven push says.
fn read_push(
    device: &DeviceId,
    digit: &str,
    channel: Channel,
    price: &str,
    t: PhoneTime<'_>,
) -> Evidence {
    let amount = match Amount::parse(price, Currency::Cny) {
        Ok(amount) if amount.is_positive() => amount,
        Ok(_) => return unreadable(digit, price, "price is not more than zero"),
        Err(error) => return unreadable(digit, price, &format!("price: {error}")),
    };
    let fen = amount.minor().to_be_bytes();
    let parts = [device.as_str().as_bytes(), NAME.as_bytes(), digit.as_bytes(), &fen];
    let [device, source, digit, fen] = parts;
    let time = t.text.as_bytes();
    Evidence::Money(Notice {
        channel: Some(channel),
        amount,
        sent_at: Some(t.at),
        key: Digest::of(&[device, source, digit, fen, time]),
        // The key already covers all that a push says: an app that spells 10.0 as 10.00 when it
        // asks again repeats itself and does not contradict itself.
        content: Digest::of(&[digit, fen, time]),
        references: Vec::new(),
        rule: String::from(NAME),
        title: String::new(),
        text: String::new(),
    })
}

fn unreadable(digit: &str, price: &str, reason: &str) -> Evidence {
    let text = format!("type={digit} price={price}");
    Evidence::Unreadable { reason: String::from(reason), text }
}

fn bad(name: &str, why: &str) -> Refusal {
    Refusal::BadParameter { name: String::from(name), why: String::from(why) }
}

#[derive(Serialize)]
struct Envelope<'a> {
    code: i16,
    msg: &'a str,
    data: Option<()>,
}

fn envelope(status: u16, code: i16, msg: &str) -> Answer {
    let body = serde_json::to_vec(&Envelope { code, msg, data: None });
    Answer::json(status, body.expect("a number and a text always become JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use proptest::prelude::*;

    const KEY: &str = "83d551f0b3609781a22536ca2658473d";

    struct OnePhone;

    impl DeviceKeys for OnePhone {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            show(&DeviceId::new("phone-1").unwrap(), KEY.as_bytes());
        }

        fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
            if device.as_str() == "phone-1" {
                show(KEY.as_bytes());
            }
        }
    }

    fn sign(text: &str) -> String {
        md5_hex(&[text.as_bytes(), KEY.as_bytes()])
    }

    fn read(path: &str, query: &str) -> Result<Evidence, Refusal> {
        let request = Request::new(Method::Get, path, query);
        Vmq.read(&request, &OnePhone).map(|reading| reading.evidence)
    }

    fn push(digit: &str, price: &str, t: &str, sign: &str) -> Result<Evidence, Refusal> {
        read("/appPush", &format!("t={t}&type={digit}&price={price}&sign={sign}"))
    }

    #[test]
    fn paths_of_original_and_forks_are_claimed_also_below_merchant_and_device() {
        let app = |call, device| Some(Endpoint { call, words: Words::App, device });
        let monitor = |call| Some(Endpoint { call, words: Words::Monitor, device: None });
        let cases = [
            ("/appHeart", app(Call::Heart, None)),
            ("/appPush", app(Call::Push, None)),
            ("/api/monitor/heart", monitor(Call::Heart)),
            ("/api/monitor/push", monitor(Call::Push)),
            ("/m/1001/api/monitor/push", monitor(Call::Push)),
            ("/m/1001/appPush", app(Call::Push, None)),
            ("/d/phone-1/appHeart", app(Call::Heart, Some("phone-1"))),
            ("/apppush", None),
            ("/x/appPush", None),
            ("/m/1001/d/phone-1/appPush", None),
            ("/appPush/", None),
            ("/m/appPush", None),
            ("appPush", None),
            ("/", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(endpoint(path), expected, "{path}");
            let request = Request::new(Method::Post, path, "");
            assert_eq!(Vmq.claims(&request), expected.is_some(), "{path}");
        }
    }

    /// Every way to cut one signed text into a push or a heartbeat.
    fn readings_of(signed: &str) -> Vec<Evidence> {
        let sign = sign(signed);
        let mut found: Vec<Evidence> =
            read("/appHeart", &format!("t={signed}&sign={sign}")).into_iter().collect();
        for first in 0..=signed.len() {
            for second in first..=signed.len() {
                let (digit, price, t) =
                    (&signed[..first], &signed[first..second], &signed[second..]);
                found.extend(push(digit, price, t, &sign));
            }
        }
        found
    }

    #[test]
    fn one_signed_text_has_at_most_one_reading() {
        let times = ["1763700000123", "0000000000000", "1111111111111", "2222222222222"];
        let prices = ["0.01", "1", "1.0", "10.00", "1.0E7", "111", "1000", "", "0", "-5.00"];
        for t in times {
            let heart = readings_of(t);
            assert!(matches!(heart[..], [Evidence::Heartbeat { .. }]), "{t}: {heart:?}");
            for digit in ["1", "2", "3"] {
                for price in prices {
                    let found = readings_of(&format!("{digit}{price}{t}"));
                    assert_eq!(found.len(), 1, "{digit} {price} {t}: {found:?}");
                    let money = !matches!(price, "" | "0" | "-5.00");
                    let read = matches!(found[0], Evidence::Money(_));
                    assert_eq!(read, money, "{digit} {price} {t}");
                }
            }
        }
    }

    /// Signs parameters, sorted by name, as vmq-suite does with its newer signature.
    fn hmac(query: &str) -> String {
        let mac = hmac_sha256(KEY.as_bytes(), query.as_bytes());
        format!("{query}&sign={}", hex_lower(&mac))
    }

    #[test]
    fn the_newer_signature_covers_every_parameter() {
        let push = hmac("nonce=&price=10.0&signType=HMAC_SHA256&t=1779431415000&type=2");
        let beat = hmac("signType=HMAC_SHA256&t=1779431415000");
        let sent_at = Timestamp::from_millis(1_779_431_415_000);
        assert_eq!(read("/appHeart", &beat), Ok(Evidence::Heartbeat { sent_at }));
        let Ok(Evidence::Money(notice)) = read("/appPush", &push) else { panic!("{push}") };
        let md5 = format!(
            "t=1779431415000&type=2&price=10.0&signType=MD5&sign={}",
            sign("210.01779431415000")
        );
        let Ok(Evidence::Money(same)) = read("/appPush", &md5) else { panic!("{md5}") };
        assert_eq!(notice.key, same.key, "whichever way it is signed, it is one event");

        let refused = |path: &str, query: &str| read(path, query).is_err();
        assert!(refused("/appHeart", &push), "no push is a heartbeat");
        assert!(refused("/appPush", &beat), "no heartbeat is a push");
        for (from, to) in [("10.0", "10.1"), ("type=2", "type=1"), ("nonce=", "nonce=1")] {
            assert!(refused("/appPush", &push.replace(from, to)), "{to}");
        }
        assert!(refused("/appPush", &push.replace("signType=HMAC_SHA256&", "")));
        assert!(refused("/appPush", &push.replace("HMAC_SHA256", "SHA256")));
        assert!(refused("/appPush", &format!("{push}&force_push=true")), "every parameter");
    }

    #[test]
    fn a_separator_inside_a_parameter_is_refused() {
        // What is signed reads as type 2, and as type 1 with another parameter.
        let signed = "a=&price=10.0&signType=HMAC_SHA256&t=1779431415000&type=2";
        let mac = hex_lower(&hmac_sha256(KEY.as_bytes(), signed.as_bytes()));
        let forged = "a=%26price%3D10.0&signType=HMAC_SHA256&t=1779431415000&type=2&price=1";
        let read = read("/appPush", &format!("{forged}&sign={mac}"));
        assert_eq!(read, Err(bad("signType", "a parameter holds a separator")));
    }

    #[test]
    fn a_push_with_seconds_would_have_two_readings_and_is_refused() {
        let signed = sign("110001763700000");
        assert_eq!(
            push("1", "1000", "1763700000", &signed),
            Err(bad("t", "not a time in milliseconds of 13 digits"))
        );
        assert_eq!(readings_of("110001763700000").len(), 1, "the other reading is the only one");
    }

    #[test]
    fn a_push_asked_again_in_other_words_is_a_repeat() {
        let key = |digit: &str, price: &str, t: &str| {
            let signed = sign(&format!("{digit}{price}{t}"));
            match push(digit, price, t, &signed) {
                Ok(Evidence::Money(notice)) => (notice.key, notice.content),
                other => panic!("{other:?}"),
            }
        };
        let first = key("2", "10.0", "1779431415000");
        assert_eq!(first, key("2", "10.00", "1779431415000"));
        assert_eq!(first, key("2", "1.0E1", "1779431415000"));
        assert_ne!(first.0, key("1", "10.0", "1779431415000").0, "another channel");
        assert_ne!(first.0, key("2", "10.01", "1779431415000").0, "another amount");
        assert_ne!(first.0, key("2", "10.0", "1779431415001").0, "another time");
    }

    proptest! {
        #[test]
        fn any_signed_text_has_at_most_one_reading(signed in "[123][0-9.E-]{0,8}[0-9]{10,16}") {
            prop_assert!(readings_of(&signed).len() <= 1);
        }

        #[test]
        fn one_changed_byte_of_what_is_signed_is_refused(
            fen in 1_i64..1_000_000,
            digit in "[123]",
            millis in 1_000_000_000_000_i64..9_999_999_999_999,
            at in 0_usize..40,
            byte in "[0-9.]",
        ) {
            let price = Amount::fen(fen).decimal_text();
            let t = millis.to_string();
            let signed = sign(&format!("{digit}{price}{t}"));
            let mut parts = [digit, price, t];
            let mut at = at % (parts[0].len() + parts[1].len() + parts[2].len());
            for part in &mut parts {
                if at < part.len() {
                    let before = part.clone();
                    part.replace_range(at..=at, &byte);
                    prop_assume!(*part != before);
                    break;
                }
                at -= part.len();
            }
            let [digit, price, t] = parts;
            prop_assert!(push(&digit, &price, &t, &signed).is_err());
        }

        #[test]
        fn any_request_is_read_or_refused(query in "(t|type|price|sign|=|&|%|[0-9.a-f]){0,30}") {
            for path in ["/appHeart", "/appPush"] {
                let request = Request::new(Method::Get, path, &query);
                if let Err(refusal) = Vmq.read(&request, &OnePhone) {
                    prop_assert_eq!(Vmq.refuse(&request, &refusal).status, 200);
                }
            }
        }
    }
}
