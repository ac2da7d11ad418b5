//! The phones of `ifmein/vmq-apk`: JSON at `/api/v1/…` with an HMAC in headers.
//!
//! `X-VMQ-Signature: v1=` is hexadecimal HMAC-SHA256 over six lines: the protocol's name, the verb,
//! the path, `X-VMQ-Timestamp` in seconds, `X-VMQ-Nonce`, and the SHA-256 of the body. The address
//! in the app may have a base path, which is signed as a part of the path.
//!
//! The app draws a new nonce and takes a new time for each try, so its second try cannot be told
//! from a second payment.
//!
//! Invariants: the signature covers all that is said, so one signed request has one reading, and
//! the same request again is a repeat; an amount keeps the spelling of the wire until it is parsed.
//! Deliberately not here: a window of time, which would lose late money.
//!
//! Wire facts: `ifmein/vmq-apk` `RequestSignature.kt`, `RequestSignatureTest.kt`.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::digest::Digest;
use duizhang_core::time::Timestamp;

use super::forwarded::{Named, answer, read_moment, refuse, unreadable};
use crate::source::{DeviceKeys, Evidence, Notice, Outcome, Reading, Refusal, Source, find_signer};
use crate::wire::{Answer, Request, hex_equal, hex_lower, hmac_sha256, sha256_hex};

const NAME: &str = "vmq-v1";
const HEART: &str = "/api/v1/system/heartbeat";
const PUSH: &str = "/api/v1/payments/notify";
/// Longest nonce in bytes: the app's is a UUID of 36.
const NONCE_BYTES_MAX: usize = 128;

/// The source for ifmein's phones.
#[derive(Clone, Copy, Debug, Default)]
pub struct VmqV1;

impl Source for VmqV1 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        request.path.ends_with(HEART) || request.path.ends_with(PUSH)
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let header = |wire: &str, name| {
            request.header(wire).map(str::trim).ok_or(Refusal::MissingParameter(name))
        };
        let timestamp = header("x-vmq-timestamp", "X-VMQ-Timestamp")?;
        let nonce = header("x-vmq-nonce", "X-VMQ-Nonce")?;
        let sign = header("x-vmq-signature", "X-VMQ-Signature")?;
        let sent_at = read_moment(timestamp).ok_or_else(|| bad("X-VMQ-Timestamp", "no time"))?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if nonce.is_empty() || nonce.len() > NONCE_BYTES_MAX || !nonce.bytes().all(plain) {
            return Err(bad("X-VMQ-Nonce", "not letters, digits and -_. alone"));
        }
        let sign = sign.strip_prefix("v1=").ok_or(Refusal::BadSignature)?;
        let message = message(request, timestamp, nonce);
        let fits = |key: &[u8]| hex_equal(sign, &hex_lower(&hmac_sha256(key, message.as_bytes())));
        let device = find_signer(keys, &fits)?;
        let key = Digest::of(&[device.as_str().as_bytes(), NAME.as_bytes(), nonce.as_bytes()]);
        let evidence = if request.path.ends_with(HEART) {
            Evidence::Heartbeat { sent_at }
        } else {
            read_push(key, &request.body, sent_at)
        };
        let raw = request.without_secrets();
        // Headers are not kept, so two pushes may have the same bytes; their nonces differ.
        Ok(Reading { device, evidence, raw, source: NAME, repeat_key: Some(key) })
    }

    fn answer(&self, _request: &Request, outcome: Outcome) -> Answer {
        answer(outcome)
    }

    fn refuse(&self, _request: &Request, refusal: &Refusal) -> Answer {
        refuse(refusal)
    }
}

fn message(request: &Request, timestamp: &str, nonce: &str) -> String {
    let verb = request.method.to_string().to_ascii_uppercase();
    let body = sha256_hex(&request.body);
    ["VMQ-HMAC-SHA256-V1", &verb, &request.path, timestamp, nonce, &body].join("\n")
}

/// What a proven push says.
fn read_push(key: Digest, body: &[u8], sent_at: Timestamp) -> Evidence {
    let said = String::from_utf8_lossy(body);
    let Ok(named) = Named::object(&said) else {
        return unreadable("not a JSON object", &said);
    };
    let channel = match named.get(&["channel"]) {
        Some("1") => Channel::Wechat,
        Some("2") => Channel::Alipay,
        Some(_) | None => return unreadable("channel is not one of 1, 2", &said),
    };
    let price = named.get(&["price"]).unwrap_or_default();
    let amount = match Amount::parse(price, Currency::Cny) {
        Ok(amount) if amount.is_positive() => amount,
        Ok(_) => return unreadable("price is not more than zero", &said),
        Err(error) => return unreadable(&format!("price: {error}"), &said),
    };
    let fen = amount.minor().to_be_bytes();
    let at = sent_at.millis().to_be_bytes();
    Evidence::Money(Notice {
        channel: Some(channel),
        amount,
        sent_at: Some(sent_at),
        key,
        content: Digest::of(&[channel.word().as_bytes(), &fen, &at]),
        references: Vec::new(),
        rule: String::from(NAME),
        title: String::new(),
        text: String::new(),
    })
}

fn bad(name: &str, why: &str) -> Refusal {
    Refusal::BadParameter { name: String::from(name), why: String::from(why) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use duizhang_core::id::DeviceId;
    use proptest::prelude::*;

    const KEY: &[u8] = b"test_secret_key_123";
    const NONCE: &str = "123e4567-e89b-42d3-a456-426614174000";
    const T: &str = "1784194689";

    struct Phones;

    impl DeviceKeys for Phones {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            show(&DeviceId::new("phone-1").unwrap(), KEY);
        }

        fn each_of(&self, _: &DeviceId, _: &mut dyn FnMut(&[u8])) {}
    }

    fn request(path: &str, body: &[u8], headers: [&str; 3]) -> Request {
        let mut request = Request::new(Method::Post, path, "");
        let names = ["x-vmq-timestamp", "x-vmq-nonce", "x-vmq-signature"];
        let pairs = names.into_iter().zip(headers);
        request.headers = pairs.map(|(name, text)| (name.into(), text.into())).collect();
        request.body = body.to_vec();
        request
    }

    fn signed(path: &str, body: &str, nonce: &str) -> Request {
        let unsigned = request(path, body.as_bytes(), [T, nonce, ""]);
        let message = message(&unsigned, T, nonce);
        let sign = format!("v1={}", hex_lower(&hmac_sha256(KEY, message.as_bytes())));
        request(path, body.as_bytes(), [T, nonce, &sign])
    }

    fn read(request: &Request) -> Result<Evidence, Refusal> {
        VmqV1.read(request, &Phones).map(|reading| reading.evidence)
    }

    fn notice(body: &str, nonce: &str) -> Notice {
        match read(&signed(PUSH, body, nonce)) {
            Ok(Evidence::Money(notice)) => notice,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn the_apps_own_test_vector_is_read() {
        let sign = "v1=7b6ba572f9c836e36bac9aaa30af001eb3053c5db2bd2b0128128a9c0cc4f247";
        let beat = request(HEART, br#"{"client":"android"}"#, [T, NONCE, sign]);
        let sent_at = Timestamp::from_secs(1_784_194_689);
        assert_eq!(read(&beat), Ok(Evidence::Heartbeat { sent_at }));
        let moved = Request { path: String::from(PUSH), ..beat };
        assert_eq!(read(&moved), Err(Refusal::BadSignature), "no heartbeat is a push");
    }

    #[test]
    fn a_push_is_money_and_its_nonce_says_which() {
        let body = r#"{"channel":1,"price":12.34}"#;
        let first = notice(body, NONCE);
        assert_eq!((first.amount, first.channel), (Amount::fen(1234), Some(Channel::Wechat)));
        assert_eq!(first.key, notice(body, NONCE).key);
        assert_ne!(first.key, notice(body, "another-nonce").key);
        let other = notice(r#"{"channel":1,"price":12.35}"#, NONCE);
        assert_eq!(first.key, other.key);
        assert_ne!(first.content, other.content);
        let cases = [("10.0", 1000), ("1.0E1", 1000), ("7", 700), ("\"0.01\"", 1)];
        for (price, fen) in cases {
            let body = format!(r#"{{"channel":2,"price":{price}}}"#);
            assert_eq!(notice(&body, NONCE).amount, Amount::fen(fen), "{price}");
        }
        assert!(read(&signed(&format!("/base{PUSH}"), body, NONCE)).is_ok(), "below a base");
    }

    #[test]
    fn pushes_that_nobody_can_read_are_told_apart_by_their_nonces() {
        let key = |nonce: &str| {
            let push = signed(PUSH, r#"{"channel":9,"price":1}"#, nonce);
            VmqV1.read(&push, &Phones).map(|reading| (reading.repeat_key, reading.raw))
        };
        let (one, other) = (key(NONCE), key("another-nonce"));
        assert_eq!(one, key(NONCE));
        assert_ne!(one.as_ref().map(|(key, _)| *key), other.as_ref().map(|(key, _)| *key));
        assert_eq!(one.map(|(_, raw)| raw), other.map(|(_, raw)| raw));
    }

    #[test]
    fn what_is_no_amount_is_kept_and_what_is_not_proven_is_refused() {
        for body in [
            "",
            "x",
            "{}",
            r#"{"channel":1}"#,
            r#"{"channel":4,"price":1}"#,
            r#"{"channel":1,"price":0}"#,
            r#"{"channel":1,"price":0.001}"#,
            r#"{"channel":1,"price":"1,160.00"}"#,
        ] {
            let kept = read(&signed(PUSH, body, NONCE));
            assert!(matches!(kept, Ok(Evidence::Unreadable { .. })), "{body}: {kept:?}");
        }
        for headers in [["", NONCE, "v1=00"], [T, "", "v1=00"], [T, "a\nb", "v1=00"]] {
            let refused = read(&request(PUSH, b"{}", headers));
            assert!(matches!(refused, Err(Refusal::BadParameter { .. })), "{headers:?}");
        }
        for sign in ["", "v1=", "v2=00", "v1=00"] {
            assert_eq!(read(&request(PUSH, b"{}", [T, NONCE, sign])), Err(Refusal::BadSignature));
        }
        let bare = Request::new(Method::Post, PUSH, "");
        assert_eq!(read(&bare), Err(Refusal::MissingParameter("X-VMQ-Timestamp")));
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_refused(at in 0_usize..27, byte in 32_u8..127) {
            let mut push = signed(PUSH, r#"{"channel":1,"price":12.34}"#, NONCE);
            prop_assume!(push.body[at] != byte);
            push.body[at] = byte;
            prop_assert_eq!(read(&push), Err(Refusal::BadSignature));
        }
    }
}
