//! The Android app "Incoming SMS to URL forwarder" at `/hook/{device}`.
//!
//! It posts JSON of the user's template and signs the whole body: `X-Signature` is the hexadecimal
//! HMAC-SHA256 of the bytes. A text message has its sender as `from`; a notification has its title
//! there, and the app that showed it is not told unless the user's template says so.
//!
//! Invariants: the signature covers all that is said; a notification counts as the same when both
//! stamps, sender and text are the same, whatever the battery says meanwhile.
//! Deliberately not here: the app's heartbeat, which is not signed.
//!
//! Wire facts: `bogkonstantin/android_income_sms_gateway_webhook` `README.md`.

use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;

use super::forwarded::{
    self, Address, App, FIELDS_UNREADABLE, Named, Shape, Told, read_moment, shape, unreadable,
};
use crate::rules::Rules;
use crate::source::{DeviceKeys, Evidence, Outcome, Reading, Refusal, Source, check_signer};
use crate::wire::{Answer, Request, hex_equal, hex_lower, hmac_sha256};

const NAME: &str = "income-sms";

/// The source for the SMS forwarder that signs its body.
#[derive(Clone, Debug, Default)]
pub struct IncomeSms {
    rules: Rules,
}

impl IncomeSms {
    /// A source that reads messages by these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Source for IncomeSms {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        shape(request) == Some(Shape::IncomeSms)
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let address = Address::of(request).ok_or(Refusal::MissingParameter("device"))?;
        let sign = request.header("x-signature").unwrap_or_default().trim();
        let fits = |key: &[u8]| hex_equal(sign, &hex_lower(&hmac_sha256(key, &request.body)));
        let device = check_signer(keys, address.device, &fits)?;
        let raw = request.without_secrets();
        // What the signature does not cover says nothing: neither query nor path has fields.
        let body = Named::object(&String::from_utf8_lossy(&request.body));
        let evidence = match body {
            Ok(named) => self.read_fields(&device, &named),
            Err(_) => unreadable(FIELDS_UNREADABLE, &String::from_utf8_lossy(&raw)),
        };
        Ok(Reading { device, evidence, raw, source: NAME, repeat_key: None })
    }

    fn answer(&self, _request: &Request, outcome: Outcome) -> Answer {
        forwarded::answer(outcome)
    }

    fn refuse(&self, _request: &Request, refusal: &Refusal) -> Answer {
        forwarded::refuse(refusal)
    }
}

impl IncomeSms {
    fn read_fields(&self, device: &DeviceId, named: &Named) -> Evidence {
        let from = named.get(&["from"]).unwrap_or_default();
        let text = named.get(&["text"]).unwrap_or_default();
        let [sent, received] =
            ["sentStamp", "receivedStamp"].map(|name| named.get(&[name]).unwrap_or_default());
        // The phone knows when it received; when a message was sent is the network's word.
        let sent_at = read_moment(received).or_else(|| read_moment(sent));
        let (package, title) = match named.get(&["package"]) {
            Some(package) => (Some(package), from),
            None if is_number(from) => (Some(from), ""),
            None => (None, from),
        };
        let content = Digest::of(&[from, text, sent, received].map(str::as_bytes));
        let key = Digest::of(&[device.as_str().as_bytes(), NAME.as_bytes(), &content.bytes()]);
        let app = App::named(package);
        Told { app, title, text, sent_at, key, content }.judge(&self.rules)
    }
}

/// Whether this is the number of a text message's sender.
fn is_number(from: &str) -> bool {
    let digits = from.strip_prefix('+').unwrap_or(from);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use proptest::prelude::*;

    const KEY: &[u8] = b"device-key-0001";

    struct Phones;

    impl DeviceKeys for Phones {
        fn each(&self, _: &mut dyn FnMut(&DeviceId, &[u8])) {}

        fn each_of(&self, _: &DeviceId, show: &mut dyn FnMut(&[u8])) {
            show(KEY);
        }
    }

    fn read(body: &str, signed: &str) -> Result<Evidence, Refusal> {
        let mut request = Request::new(Method::Post, "/hook/phone-1", "");
        let sign = hex_lower(&hmac_sha256(KEY, signed.as_bytes()));
        request.headers.push((String::from("x-signature"), sign));
        request.body = body.as_bytes().to_vec();
        IncomeSms::default().read(&request, &Phones).map(|reading| reading.evidence)
    }

    const PAID: &str = r#"{"package":"com.tencent.mm","from":"微信支付","text":"微信支付收款8.88元","sentStamp":1700000000000,"receivedStamp":1700000000500,"battery":90}"#;

    fn key(body: &str) -> Digest {
        match read(body, body) {
            Ok(Evidence::Money(notice)) => notice.key,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn a_repeat_is_told_by_stamps_sender_and_text() {
        assert_eq!(key(PAID), key(&PAID.replace("90", "89")), "the battery is no part of it");
        for other in [
            PAID.replace("00500", "00501"),
            PAID.replace("1700000000000", "1700000000001"),
            PAID.replace("8.88", "8.89"),
        ] {
            assert_ne!(key(PAID), key(&other), "{other}");
        }
    }

    #[test]
    fn a_notification_of_any_app_is_kept() {
        let body = PAID.replace(r#""package":"com.tencent.mm","#, "");
        let kept = read(&body, &body);
        assert!(matches!(kept, Ok(Evidence::Unreadable { .. })), "{kept:?}");
    }

    #[test]
    fn senders_are_numbers_titles_or_packages() {
        let from = |from: &str, rest: &str| {
            let text = "您尾号0345卡8月15日23:46工商银行收入(他行汇入)1,000元，余额1,000.00元。";
            let body = format!(
                r#"{{"from":"{from}","text":"{text}","receivedStamp":"2023-11-15 06:13:20"{rest}}}"#
            );
            matches!(read(&body, &body), Ok(Evidence::Money(_)))
        };
        assert!(from("95588", ""));
        assert!(!from("工商银行", ""));
        assert!(!from("95588", r#","package":"com.example.chat""#));
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_refused(at in 0_usize..PAID.len(), byte in 32_u8..127) {
            let mut body = PAID.as_bytes().to_vec();
            prop_assume!(body[at] != byte);
            body[at] = byte;
            let body = String::from_utf8_lossy(&body);
            prop_assert_eq!(read(&body, PAID), Err(Refusal::BadSignature));
        }
    }
}
