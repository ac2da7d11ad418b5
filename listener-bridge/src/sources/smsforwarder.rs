//! SmsForwarder's webhook channel at `/hook/{device}`.
//!
//! The app signs base64 of HMAC-SHA256(key = secret, `timestamp \n secret`) and not the content, so
//! whoever sees one request can write another amount under it: the repeat key is (device,
//! timestamp, signature) and the whole request is its content, so that the same signature over
//! other words is a conflict, which a person decides. Without a secret in the app, the device's key
//! must come as `token` in the query or as a bearer header.
//!
//! Invariants: a signature that is there must fit, whatever else is presented; no window of time
//! refuses a notice; once the sender is proven, what cannot be read is kept as unreadable evidence,
//! and before that it is refused; a notice without a timestamp is never taken for money, because
//! its repeat could not be told from a second payment.
//! Deliberately not here: what a notification means (rules), and other forwarders.
//!
//! Wire facts: `pppscn/SmsForwarder` `WebhookUtils.kt`, `MsgInfo.kt`.

use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;
use duizhang_core::time::Timestamp;

use super::forwarded::{
    self, Address, FIELDS_UNREADABLE, Fields, Named, Shape, Stamped, shape, split_template,
    token_key, unreadable,
};
use crate::rules::{Rules, Verdict};
use crate::source::{
    DeviceKeys, Evidence, Notice, Outcome, Reading, Refusal, Source, check_signer,
};
use crate::wire::{Answer, Request, bytes_equal};

const NAME: &str = "smsforwarder";

/// How many digits a time in milliseconds has, from 2001 to 2286.
const TIMESTAMP_DIGITS: usize = 13;

/// The source for SmsForwarder, with the rules that read what it forwards.
#[derive(Clone, Debug, Default)]
pub struct SmsForwarder {
    rules: Rules,
}

impl SmsForwarder {
    /// A source that reads notifications by these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Source for SmsForwarder {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        shape(request) == Some(Shape::SmsForwarder)
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let Some(address) = Address::of(request) else {
            let why = String::from("not one of this source");
            return Err(Refusal::BadParameter { name: String::from("path"), why });
        };
        let asked: &Request = &address.request;
        let strict = Fields::of(asked);
        let proof = match &strict {
            Ok(fields) => Proof::of(&address, fields)?,
            Err(refusal) => {
                Proof::of(&address, &Fields::sound_part(asked)).map_err(|_| refusal.clone())?
            }
        };
        let device = check_signer(keys, address.device, &|key| proof.fits(key))?;
        let raw = request.without_secrets();
        let (evidence, repeat_key) = match strict {
            Ok(fields) => {
                let repeat_key = repeat_key(&device, &fields, &proof);
                (self.read_fields(&device, &fields, &proof, &raw), repeat_key)
            }
            // The refusal repeats the sender's own names of parameters, and the reason stands in
            // the log as the rule.
            Err(_) => (unreadable(FIELDS_UNREADABLE, &String::from_utf8_lossy(&raw)), None),
        };
        Ok(Reading { device, evidence, raw, source: NAME, repeat_key })
    }

    fn answer(&self, _request: &Request, outcome: Outcome) -> Answer {
        // The app asks again only where nobody answers.
        forwarded::answer(outcome)
    }

    fn refuse(&self, _request: &Request, refusal: &Refusal) -> Answer {
        forwarded::refuse(refusal)
    }
}

impl SmsForwarder {
    /// What a proven request says.
    fn read_fields(
        &self,
        device: &DeviceId,
        fields: &Fields,
        proof: &Proof,
        raw: &[u8],
    ) -> Evidence {
        let package = fields.from.as_deref().unwrap_or_default();
        let (title, text) = notification(fields, package);
        let said = [title.trim(), text.trim()].join("\n");
        let Some(timestamp) = fields.timestamp.as_deref() else {
            return unreadable("timestamp is missing", &said);
        };
        let Some(sent_at) = read_timestamp(timestamp) else {
            return unreadable("timestamp is not a time in milliseconds of 13 digits", &said);
        };
        if text.is_empty() {
            return unreadable("content is missing", &said);
        }
        match self.rules.read(package, &title, &text) {
            Verdict::Ignored { rule } => Evidence::Ignored { reason: rule, text: said },
            Verdict::Unreadable { reason } => unreadable(&reason, &said),
            Verdict::Money { rule, channel, amount, references } => Evidence::Money(Notice {
                channel: Some(channel),
                amount,
                sent_at: Some(sent_at),
                key: stamp(device, timestamp, proof),
                content: Digest::of(&[raw]),
                references,
                rule,
                title,
                text,
            }),
        }
    }
}

/// The signature does not cover the content, so it is good for one content only: a second request
/// under it is a repeat or a conflict, whatever it says.
fn repeat_key(device: &DeviceId, fields: &Fields, proof: &Proof) -> Option<Digest> {
    fields.timestamp.as_deref().map(|timestamp| stamp(device, timestamp, proof))
}

fn stamp(device: &DeviceId, timestamp: &str, proof: &Proof) -> Digest {
    match proof {
        Proof::Sign(stamped) => stamped.repeat_key(device),
        Proof::Token(_) => token_key(device, timestamp),
    }
}

/// How a request proves who sent it.
enum Proof {
    /// A signature over the timestamp.
    Sign(Stamped),
    /// The device's key itself.
    Token(String),
}

impl Proof {
    fn of(address: &Address<'_>, fields: &Fields) -> Result<Self, Refusal> {
        if let Some(sign) = fields.sign.as_deref().filter(|sign| !sign.is_empty()) {
            let timestamp = fields.timestamp.as_deref();
            let timestamp = timestamp.ok_or(Refusal::MissingParameter("timestamp"))?;
            return Stamped::of(timestamp, sign).map(Self::Sign).ok_or(Refusal::BadSignature);
        }
        let named = Named::sound_part(&address.request);
        let token = forwarded::token(address, &named);
        token.map(Self::Token).ok_or(Refusal::MissingParameter("sign"))
    }

    fn fits(&self, key: &[u8]) -> bool {
        match self {
            Self::Sign(stamped) => stamped.fits(key),
            Self::Token(token) => bytes_equal(token.as_bytes(), key),
        }
    }
}

/// Title and text of the notification: as told apart by the user's template, or from the app's
/// default template.
fn notification(fields: &Fields, package: &str) -> (String, String) {
    let text = fields.content.as_deref().filter(|text| !text.is_empty());
    let text = text.or(fields.msg.as_deref()).unwrap_or_default();
    match &fields.title {
        Some(title) => (title.clone(), String::from(text)),
        None => split_template(package, text).unwrap_or((String::new(), String::from(text))),
    }
}

fn read_timestamp(text: &str) -> Option<Timestamp> {
    let digits = text.len() == TIMESTAMP_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).map(Timestamp::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Method, encode_component, hmac_sha256};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    /// A device in rotation, one whose key is too short to sign, and nobody else.
    struct Phones;

    const KEYS: [(&str, &str); 3] =
        [("phone-1", "abc-old-secret"), ("phone-1", "abc-new-secret"), ("short", "abc")];

    impl DeviceKeys for Phones {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            KEYS.iter().for_each(|(name, key)| show(&DeviceId::new(name).unwrap(), key.as_bytes()));
        }

        fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
            KEYS.iter()
                .filter(|(name, _)| *name == device.as_str())
                .for_each(|(_, key)| show(key.as_bytes()));
        }
    }

    fn sign(timestamp: &str, key: &str) -> String {
        STANDARD.encode(hmac_sha256(key.as_bytes(), format!("{timestamp}\n{key}").as_bytes()))
    }

    fn read(path: &str, query: &str) -> Result<Evidence, Refusal> {
        let request = Request::new(Method::Get, path, query);
        SmsForwarder::default().read(&request, &Phones).map(|reading| reading.evidence)
    }

    /// A query with a receipt of 8.88 yuan.
    fn receipt(text: &str, timestamp: &str, sign: &str) -> String {
        let [title, text, sign] = ["微信支付", text, sign].map(encode_component);
        format!(
            "from=com.tencent.mm&title={title}&content={text}&timestamp={timestamp}&sign={sign}"
        )
    }

    fn notice(query: &str) -> Notice {
        match read("/hook/phone-1", query) {
            Ok(Evidence::Money(notice)) => notice,
            other => panic!("{query}: {other:?}"),
        }
    }

    const TEXT: &str = "微信支付收款8.88元";
    const T: &str = "1700000000000";

    #[test]
    fn the_published_signature_comes_out() {
        // The protocol page's vector; its key is too short to sign for a device, and long enough to
        // compute with.
        assert_eq!(sign(T, "abc"), "op8PfVzJL3l7ytCWjPLUMemWOtOBySrLOe22d7A7me4=");
        let refused = read("/hook/short", &receipt(TEXT, T, &sign(T, "abc")));
        assert_eq!(refused, Err(Refusal::BadSignature));
    }

    #[test]
    fn a_signature_is_good_for_one_content_whatever_it_says() {
        let keyed = |text: &str| {
            let query = receipt(text, T, &sign(T, "abc-new-secret"));
            let request = Request::new(Method::Get, "/hook/phone-1", &query);
            let reading = SmsForwarder::default().read(&request, &Phones).expect("proven");
            let money = match &reading.evidence {
                Evidence::Money(notice) => Some(notice.key),
                _ => None,
            };
            (reading.repeat_key.expect("signed"), money)
        };
        let (chat, none) = keyed("晚上吃饭吗");
        let (pays, key) = keyed("微信支付收款100.00元");
        assert_eq!((none, key), (None, Some(pays)));
        assert_eq!(chat, pays, "the second is a conflict, not new money");
    }

    #[test]
    fn the_apps_own_retry_repeats_and_other_words_under_one_signature_conflict() {
        let first = notice(&receipt(TEXT, T, &sign(T, "abc-new-secret")));
        assert_eq!(first.amount.minor(), 888);
        let again = notice(&receipt(TEXT, T, &sign(T, "abc-new-secret")));
        assert_eq!((again.key, again.content), (first.key, first.content));
        let forged = notice(&receipt("微信支付收款888元", T, &sign(T, "abc-new-secret")));
        assert_eq!(forged.key, first.key);
        assert_ne!(forged.content, first.content);
        let later = "1700000000001";
        let second = notice(&receipt(TEXT, later, &sign(later, "abc-new-secret")));
        assert_ne!(second.key, first.key, "two equal payments are two");
    }

    #[test]
    fn both_keys_sign_while_one_is_replaced() {
        for key in ["abc-old-secret", "abc-new-secret"] {
            notice(&receipt(TEXT, T, &sign(T, key)));
            let token = format!("{}&token={key}", receipt(TEXT, T, ""));
            assert_eq!(notice(&token).amount.minor(), 888);
        }
    }

    #[test]
    fn who_is_unknown_hears_what_a_bad_signature_hears() {
        let query = receipt(TEXT, T, &sign(T, "another-secret"));
        let token = format!("{}&token=another-secret", receipt(TEXT, T, ""));
        for path in ["/hook/phone-1", "/hook/nobody", "/hook/short", "/hook/not%20a%20name"] {
            for query in [&query, &token] {
                let refusal = read(path, query).expect_err(path);
                assert_eq!(refusal, Refusal::BadSignature, "{path}");
                let request = Request::new(Method::Get, path, query);
                assert_eq!(SmsForwarder::default().refuse(&request, &refusal).status, 401);
            }
        }
    }

    #[test]
    fn a_wrong_signature_is_not_mended_by_a_right_token() {
        let query = receipt(TEXT, T, &sign(T, "another-secret"));
        let both = format!("{query}&token=abc-new-secret");
        assert_eq!(read("/hook/phone-1", &both), Err(Refusal::BadSignature));
    }

    #[test]
    fn nothing_money_like_is_dropped_once_the_sender_is_proven() {
        let token = "token=abc-new-secret";
        let cases = [
            (
                format!("{token}&from=com.tencent.mm&title=微信支付&content={TEXT}"),
                "timestamp is missing",
            ),
            (format!("{token}&content={TEXT}&timestamp=1700000000"), "13 digits"),
            (format!("{token}&timestamp={T}"), "content is missing"),
            (format!("{token}&timestamp={T}&content="), "content is missing"),
            (format!("{token}&timestamp={T}&content=a&content=b"), FIELDS_UNREADABLE),
            (format!("{token}&timestamp={T}&content=%ff"), FIELDS_UNREADABLE),
            (format!("{token}&timestamp={T}&content={TEXT}"), "no rule knows this text"),
        ];
        for (query, expected) in cases {
            match read("/hook/phone-1", &query) {
                Ok(Evidence::Unreadable { reason, .. }) => {
                    assert!(reason.contains(expected), "{query}: {reason}");
                }
                other => panic!("{query}: {other:?}"),
            }
        }
        let broken =
            format!("content=%ff&timestamp={T}&sign={}", encode_component(&sign(T, KEYS[1].1)));
        assert!(matches!(read("/hook/phone-1", &broken), Ok(Evidence::Unreadable { .. })));
        let unproven = format!("content=%ff&timestamp={T}");
        assert!(matches!(
            read("/hook/phone-1", &unproven),
            Err(Refusal::BadParameter { name, .. }) if name == "content"
        ));
    }

    proptest! {
        #[test]
        fn one_changed_byte_of_what_is_signed_is_refused(
            millis in 1_000_000_000_000_i64..9_999_999_999_999,
            at in 0_usize..56,
            byte in "[0-9A-Za-z]",
        ) {
            let timestamp = millis.to_string();
            let signed = sign(&timestamp, "abc-new-secret");
            let mut both = format!("{timestamp}{signed}");
            // The last digit of base64 has spare bits, and behind it stands only the padding.
            prop_assume!(at < 55);
            both.replace_range(at..=at, &byte);
            let (changed, forged) = both.split_at(13);
            prop_assume!(changed != timestamp || forged != signed);
            let refused = read("/hook/phone-1", &receipt(TEXT, changed, forged));
            prop_assert_eq!(refused, Err(Refusal::BadSignature));
        }

        #[test]
        fn any_request_is_read_or_refused(
            query in "(token=abc-new-secret|content|timestamp|sign|=|&|%|[0-9a-f]){0,20}",
            body in proptest::collection::vec(any::<u8>(), 0..40),
            media in "(application/json|application/x-www-form-urlencoded|text/plain)",
        ) {
            let mut request = Request::new(Method::Post, "/hook/phone-1", &query);
            request.headers.push((String::from("content-type"), media));
            request.body = body;
            let source = SmsForwarder::new(Rules::parse("").unwrap());
            if let Ok(reading) = source.read(&request, &Phones) {
                let kept = matches!(reading.evidence, Evidence::Unreadable { .. });
                prop_assert!(kept, "without rules nothing is money and nothing is dropped");
                let address = reading.raw.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let address = String::from_utf8_lossy(address);
                prop_assert!(!address.split(['?', '&']).any(|piece| piece.starts_with("token=a")));
            }
        }
    }
}
