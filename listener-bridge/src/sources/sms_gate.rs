//! SMS Gateway for Android (capcom6) at `/hook/{device}`.
//!
//! Its webhooks are signed: `X-Signature` is the hexadecimal HMAC-SHA256 of the body with the text
//! of `X-Timestamp` behind it. An incoming message is the event `sms:received`; `system:ping` is a
//! heartbeat.
//!
//! Invariants: the signature covers all that is said; a message counts as the same when sender,
//! time of receipt and text are the same, because a delivery that is tried again is signed anew and
//! the app's own ids repeat; other events are no money.
//! Deliberately not here: sending messages.
//!
//! Wire facts: `android-sms-gateway/docs-web` `docs/features/webhooks.md`.

use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;
use duizhang_core::time::Timestamp;

use super::forwarded::{
    self, Address, App, FIELDS_UNREADABLE, Named, Shape, Told, read_moment, shape, unreadable,
};
use crate::rules::Rules;
use crate::source::{DeviceKeys, Evidence, Outcome, Reading, Refusal, Source, check_signer};
use crate::wire::{Answer, Request, hex_equal, hex_lower, hmac_sha256};

const NAME: &str = "sms-gate";

/// The source for SMS Gateway for Android.
#[derive(Clone, Debug, Default)]
pub struct SmsGate {
    rules: Rules,
}

impl SmsGate {
    /// A source that reads messages by these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Source for SmsGate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        shape(request) == Some(Shape::SmsGate)
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let address = Address::of(request).ok_or(Refusal::MissingParameter("device"))?;
        let [sign, timestamp] =
            ["x-signature", "x-timestamp"].map(|name| request.header(name).unwrap_or_default());
        let Some(signed_at) = read_moment(timestamp) else {
            let why = String::from("not a time in seconds");
            return Err(Refusal::BadParameter { name: String::from("X-Timestamp"), why });
        };
        let signed = [&request.body, timestamp.as_bytes()].concat();
        let fits = |key: &[u8]| hex_equal(sign.trim(), &hex_lower(&hmac_sha256(key, &signed)));
        let device = check_signer(keys, address.device, &fits)?;
        let raw = request.without_secrets();
        let said = String::from_utf8_lossy(&request.body);
        let evidence = match Named::object(&said) {
            Ok(named) => self.read_event(&device, &named, signed_at, &said),
            Err(_) => unreadable(FIELDS_UNREADABLE, &said),
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

impl SmsGate {
    fn read_event(
        &self,
        device: &DeviceId,
        named: &Named,
        signed_at: Timestamp,
        said: &str,
    ) -> Evidence {
        match named.get(&["event"]) {
            Some("sms:received") => {}
            Some("system:ping") => return Evidence::Heartbeat { sent_at: signed_at },
            Some("sms:sent" | "sms:delivered" | "sms:failed") => {
                let reason = String::from("sms-gate-outgoing");
                return Evidence::Ignored { reason, text: String::from(said) };
            }
            Some(_) | None => return unreadable("an event that is not known", said),
        }
        let payload = named.nested("payload").map(Named::object);
        let Some(Ok(payload)) = payload else {
            return unreadable("the payload is missing or broken", said);
        };
        let field = |name| payload.get(&[name]).unwrap_or_default();
        let (number, text, time) = (field("phoneNumber"), field("message"), field("receivedAt"));
        let content = Digest::of(&[number, time, text].map(str::as_bytes));
        let key = Digest::of(&[device.as_str().as_bytes(), NAME.as_bytes(), &content.bytes()]);
        let sent_at = read_moment(time);
        Told { app: App::Named(number), title: "", text, sent_at, key, content }.judge(&self.rules)
    }
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

    fn read(body: &str, timestamp: &str, signed: &str) -> Result<Evidence, Refusal> {
        let mut request = Request::new(Method::Post, "/hook/phone-1", "");
        let sign = hex_lower(&hmac_sha256(KEY, signed.as_bytes()));
        request.headers.push((String::from("x-signature"), sign));
        request.headers.push((String::from("x-timestamp"), String::from(timestamp)));
        request.body = body.as_bytes().to_vec();
        SmsGate::default().read(&request, &Phones).map(|reading| reading.evidence)
    }

    fn signed(body: &str, timestamp: &str) -> Result<Evidence, Refusal> {
        read(body, timestamp, &[body, timestamp].concat())
    }

    const PAID: &str = r#"{"deviceId":"ff","event":"sms:received","id":"Ey6","payload":{"messageId":"abc123","message":"您尾号0345卡8月15日23:46工商银行收入(他行汇入)1,000元，余额1,000.00元。【工商银行】","phoneNumber":"95588","simNumber":1,"receivedAt":"2023-11-15T06:13:20.000+08:00"},"webhookId":"w"}"#;

    #[test]
    fn a_delivery_that_is_signed_anew_is_a_repeat() {
        let key = |body: &str, timestamp: &str| match signed(body, timestamp) {
            Ok(Evidence::Money(notice)) => (notice.key, notice.sent_at.map(Timestamp::millis)),
            other => panic!("{other:?}"),
        };
        let first = key(PAID, "1700000001");
        assert_eq!(first.1, Some(1_700_000_000_000));
        assert_eq!(first, key(PAID, "1700090001"));
        assert_eq!(first, key(&PAID.replace("Ey6", "Ey7").replace("abc123", "x"), "1700000001"));
        assert_ne!(first, key(&PAID.replace("20.000", "21.000"), "1700000001"));
    }

    #[test]
    fn other_events_are_no_money_and_a_ping_is_a_heartbeat() {
        let event = |word: &str| signed(&PAID.replace("sms:received", word), "1700000001");
        assert!(matches!(event("system:ping"), Ok(Evidence::Heartbeat { .. })));
        for word in ["sms:sent", "sms:delivered", "sms:failed"] {
            assert!(matches!(event(word), Ok(Evidence::Ignored { .. })), "{word}");
        }
        for body in [PAID.replace("sms:received", "new"), String::from("{}"), String::from("x")] {
            let kept = signed(&body, "1700000001");
            assert!(matches!(kept, Ok(Evidence::Unreadable { .. })), "{body}: {kept:?}");
        }
    }

    #[test]
    fn body_and_time_have_one_border() {
        let whole = [PAID, "1700000001"].concat();
        for (body, timestamp) in [
            (&whole[..], ""),
            (&whole[..PAID.len() + 1], "700000001"),
            (&whole[..PAID.len() - 1], "}1700000001"),
        ] {
            assert!(read(body, timestamp, &whole).is_err(), "{timestamp}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_byte_is_refused(at in 0_usize..PAID.len(), byte in 32_u8..127) {
            let mut body = PAID.as_bytes().to_vec();
            prop_assume!(body[at] != byte);
            body[at] = byte;
            let body = String::from_utf8_lossy(&body);
            let whole = [PAID, "1700000001"].concat();
            prop_assert_eq!(read(&body, "1700000001", &whole), Err(Refusal::BadSignature));
        }
    }
}
