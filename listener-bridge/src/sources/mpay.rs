//! mpay's two listening protocols, both fed by SmsForwarder: v1 at `/mpayNotify`, v2 at
//! `/api/pay/{channel}/notify`; also below `/m/{merchant}/`.
//!
//! Both sign as SmsForwarder does, over the time and not over what is said, so a second content
//! under one signature is a conflict. v1 sends `action`, `time`, `sign` and `data`, a JSON text of
//! a notification (`mpay`) or of the amount that a watcher on a PC saw (`mpaypc`). v2 sends
//! SmsForwarder's own fields, `content` being JSON of `title` and `msg`.
//!
//! Invariants: the signature says whose device it is, account and channel numbers are not believed;
//! once the sender is proven, what cannot be read is kept; no window of time refuses a notice.
//! Deliberately not here: `/checkOrder` and `/checkPayResult`, by which a watcher asks for pending
//! amounts: whoever holds a device's key has no business with the shops' orders.
//!
//! Wire facts: mpay `PayController.php`, `payclient/*`; `techhaha/mpay_v2`
//! `WechatReceiptPayment.php`, `AlipayReceiptPayment.php`.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::digest::Digest;

use super::forwarded::{App, FIELDS_UNREADABLE, Named, Stamped, Told, read_moment, unreadable};
use crate::rules::Rules;
use crate::source::{DeviceKeys, Evidence, Notice, Outcome, Reading, Refusal, Source, find_signer};
use crate::wire::{Answer, Request};

const NAME: &str = "mpay";

/// The source for phones and watchers of mpay.
#[derive(Clone, Debug, Default)]
pub struct Mpay {
    rules: Rules,
}

impl Mpay {
    /// A source that reads notifications by these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Source for Mpay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        version(&request.path).is_some()
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let version = version(&request.path).unwrap_or(Version::One);
        let strict = Named::of(request);
        let sound = Named::sound_part(request);
        let (time, sign) = stamp_of(version, &sound).map_err(|missing| match &strict {
            Ok(_) => missing,
            Err(refusal) => refusal.clone(),
        })?;
        let stamped = Stamped::of(time, sign).ok_or(Refusal::BadSignature)?;
        let device = find_signer(keys, &|key| stamped.fits(key))?;
        let raw = request.without_secrets();
        let key = stamped.repeat_key(&device);
        let evidence = match &strict {
            Err(_) => unreadable(FIELDS_UNREADABLE, &String::from_utf8_lossy(&raw)),
            Ok(named) => {
                let delivery = Delivery { key, content: Digest::of(&[&raw]), time };
                match version {
                    Version::One => self.read_one(named, &delivery),
                    Version::Two => self.read_two(named, &delivery),
                }
            }
        };
        Ok(Reading { device, evidence, raw, source: NAME, repeat_key: Some(key) })
    }

    fn answer(&self, _request: &Request, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Accepted | Outcome::Repeat | Outcome::Held => Answer::text(200, "200"),
            Outcome::Unavailable => {
                Answer::text(503, "服务暂时不可用").with_header("retry-after", "1")
            }
        }
    }

    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer {
        if version(&request.path) == Some(Version::Two) {
            return Answer::text(400, "400");
        }
        match refusal {
            Refusal::BadSignature | Refusal::SharedKey => Answer::text(200, "签名错误"),
            Refusal::MissingParameter("action") => Answer::text(200, "非mpay的访问请求"),
            Refusal::MissingParameter(_) | Refusal::BadParameter { .. } => {
                Answer::text(200, "通知数据为空")
            }
        }
    }
}

fn version(path: &str) -> Option<Version> {
    let below = path.strip_prefix("/m/").and_then(|below| below.split_once('/'));
    let path = below.map_or_else(|| path.strip_prefix('/'), |(_, rest)| Some(rest))?;
    if path == "mpayNotify" {
        return Some(Version::One);
    }
    let channel = path.strip_prefix("api/pay/")?.strip_suffix("/notify")?;
    (!channel.is_empty() && !channel.contains('/')).then_some(Version::Two)
}

/// The time and the signature over it.
fn stamp_of(version: Version, named: &Named) -> Result<(&str, &str), Refusal> {
    let time = match version {
        Version::One if !matches!(named.get(&["action"]), Some("mpay" | "mpaypc")) => {
            return Err(Refusal::MissingParameter("action"));
        }
        Version::One => named.get(&["time"]).ok_or(Refusal::MissingParameter("time")),
        Version::Two => named.get(&["timestamp"]).ok_or(Refusal::MissingParameter("timestamp")),
    }?;
    Ok((time, named.get(&["sign"]).ok_or(Refusal::MissingParameter("sign"))?))
}

/// What a proven request is known by.
struct Delivery<'a> {
    key: Digest,
    content: Digest,
    time: &'a str,
}

impl Mpay {
    fn read_one(&self, named: &Named, delivery: &Delivery<'_>) -> Evidence {
        let data = named.get(&["data"]).unwrap_or_default();
        let Ok(fields) = Named::object(data) else {
            return unreadable("data is not a JSON object", data);
        };
        if named.get(&["action"]) == Some("mpaypc") {
            return read_watched(&fields, data, delivery);
        }
        // The app that SmsForwarder's rule picked, which mpay's own templates leave unnamed.
        let app = fields.get(&["package", "from"]).map_or(App::OfPayment, App::Named);
        self.judge(app, &fields, delivery)
    }

    fn read_two(&self, named: &Named, delivery: &Delivery<'_>) -> Evidence {
        let content = named.get(&["content"]).unwrap_or_default();
        match Named::object(content) {
            Ok(fields) => self.judge(App::named(named.get(&["from"])), &fields, delivery),
            Err(_) => unreadable("content is not a JSON object", content),
        }
    }

    fn judge(&self, app: App<'_>, fields: &Named, delivery: &Delivery<'_>) -> Evidence {
        let title = fields.get(&["title"]).unwrap_or_default();
        let text = fields.get(&["msg", "content"]).unwrap_or_default();
        let Delivery { key, content, time } = *delivery;
        let sent_at = read_moment(time);
        Told { app, title, text, sent_at, key, content }.judge(&self.rules)
    }
}

/// What a watcher on a PC saw: an amount, and the number of a kind of code, which says nothing
/// without mpay's own table of accounts. So every wallet of the device may have been paid.
fn read_watched(fields: &Named, data: &str, delivery: &Delivery<'_>) -> Evidence {
    let money = fields.get(&["money"]).unwrap_or_default();
    let amount = match Amount::parse(money, Currency::Cny) {
        Ok(amount) if amount.is_positive() => amount,
        Ok(_) => return unreadable("money is not more than zero", data),
        Err(error) => return unreadable(&format!("money: {error}"), data),
    };
    let Some(sent_at) = read_moment(delivery.time) else {
        return unreadable("time is no time", data);
    };
    Evidence::Money(Notice {
        channel: None,
        amount,
        sent_at: Some(sent_at),
        key: delivery.key,
        content: delivery.content,
        references: Vec::new(),
        rule: String::from("mpaypc"),
        title: String::new(),
        text: String::from(data),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Method, encode_component, hmac_sha256};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use duizhang_core::id::DeviceId;
    use proptest::prelude::*;

    const KEY: &str = "device-key-0001";
    const T: &str = "1700000000000";

    struct Phones;

    impl DeviceKeys for Phones {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            show(&DeviceId::new("phone-1").unwrap(), KEY.as_bytes());
        }

        fn each_of(&self, _: &DeviceId, _: &mut dyn FnMut(&[u8])) {}
    }

    fn sign(time: &str) -> String {
        let mac = hmac_sha256(KEY.as_bytes(), format!("{time}\n{KEY}").as_bytes());
        encode_component(&STANDARD.encode(mac))
    }

    fn read(path: &str, fields: &[(&str, &str)]) -> Result<Reading, Refusal> {
        let mut request = Request::new(Method::Post, path, "");
        let form = String::from("application/x-www-form-urlencoded");
        request.headers.push((String::from("content-type"), form));
        let pairs = fields.iter().map(|(name, text)| format!("{name}={}", encode_component(text)));
        request.body = pairs.collect::<Vec<_>>().join("&").into_bytes();
        Mpay::default().read(&request, &Phones)
    }

    fn one(action: &str, data: &str, time: &str) -> Result<Reading, Refusal> {
        let sign = sign(time);
        let fields = [("action", action), ("time", time), ("sign", &sign), ("data", data)];
        read("/mpayNotify", &fields)
    }

    fn two(from: &str, content: &str) -> Result<Reading, Refusal> {
        let sign = sign(T);
        let fields = [("from", from), ("content", content), ("timestamp", T), ("sign", &sign)];
        read("/api/pay/7/notify", &fields)
    }

    fn money(read: Result<Reading, Refusal>) -> Notice {
        match read {
            Ok(Reading { evidence: Evidence::Money(notice), .. }) => notice,
            other => panic!("{other:?}"),
        }
    }

    fn is_kept(read: Result<Reading, Refusal>) -> bool {
        matches!(read, Ok(Reading { evidence: Evidence::Unreadable { .. }, .. }))
    }

    const PAID: &str = r#"{"title":"微信支付","msg":"微信支付收款8.88元"}"#;

    #[test]
    fn both_versions_share_what_a_signature_is_good_for() {
        let first = money(one("mpay", PAID, T));
        assert_eq!(first.key, money(one("mpay", PAID, T)).key);
        let other = money(one("mpay", &PAID.replace("8.88", "888"), T));
        assert_eq!(first.key, other.key);
        assert_ne!(first.content, other.content, "a conflict");
        assert_eq!(first.key, money(two("com.tencent.mm", PAID)).key, "on the other path as well");
        assert_ne!(first.key, money(one("mpay", PAID, "1700000000001")).key);
    }

    #[test]
    fn an_app_that_is_named_binds_the_text() {
        assert!(is_kept(two("com.example.chat", PAID)));
        assert!(is_kept(two("", PAID)), "SmsForwarder names the app, so who does not is another");
        assert_eq!(money(one("mpay", PAID, T)).rule, "wechat-receipt", "mpay's template does not");
        let named = PAID.replace("{\"", "{\"package\":\"com.example.chat\",\"");
        assert!(is_kept(one("mpay", &named, T)));
    }

    #[test]
    fn a_watcher_names_no_network() {
        let seen = r#"{"aid":"3","pid":"1000","chan":"2","money":"8.88"}"#;
        let notice = money(one("mpaypc", seen, T));
        assert_eq!((notice.amount, notice.channel), (Amount::fen(888), None));
        assert!(is_kept(one("mpaypc", &seen.replace("8.88", "0"), T)));
        assert!(is_kept(one("mpaypc", "{}", T)));
        assert!(is_kept(one("mpaypc", seen, "yesterday")));
    }

    #[test]
    fn broken_data_of_a_proven_sender_is_kept_and_others_are_refused() {
        assert!(is_kept(one("mpay", r#"{"title":"a","msg":"a "b""}"#, T)));
        assert!(is_kept(two("com.tencent.mm", "微信支付收款8.88元")));
        assert_eq!(one("other", PAID, T), Err(Refusal::MissingParameter("action")));
        let unsigned = [("action", "mpay"), ("time", T), ("data", PAID)];
        assert_eq!(read("/mpayNotify", &unsigned), Err(Refusal::MissingParameter("sign")));
        let twice =
            [("action", "mpay"), ("time", T), ("sign", &sign(T)), ("data", ""), ("data", "")];
        assert!(is_kept(read("/mpayNotify", &twice)));
        let forged = [("action", "mpay"), ("time", T), ("sign", "AAAA"), ("data", PAID)];
        assert_eq!(read("/mpayNotify", &forged), Err(Refusal::BadSignature));
    }

    #[test]
    fn only_the_two_protocols_paths_are_claimed() {
        let cases = [
            ("/mpayNotify", Some(Version::One)),
            ("/m/1001/mpayNotify", Some(Version::One)),
            ("/api/pay/7/notify", Some(Version::Two)),
            ("/m/1001/api/pay/7/notify", Some(Version::Two)),
            ("/api/pay//notify", None),
            ("/api/pay/7/8/notify", None),
            ("/api/pay/7", None),
            ("/api/pay/notify", None),
            ("/m/1001/", None),
            ("mpayNotify", None),
            ("", None),
        ];
        for (path, expected) in cases {
            assert_eq!(version(path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_data_is_read_or_kept(data in "[{}\":,a1元\\\\]{0,20}") {
            prop_assert!(one("mpay", &data, T).is_ok());
            prop_assert!(two("com.tencent.mm", &data).is_ok());
        }
    }
}
