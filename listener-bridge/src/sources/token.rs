//! Tools whose user writes address and fields: MacroDroid, Tasker, Automate, Shortcuts, the many
//! small forwarders, at `/hook/{device}` with the device's key as a token.
//!
//! Invariants: the token must be the key of the device that the path names; a notification counts
//! as the same when time, sender, title and text are the same; without a time it is kept and never
//! taken for money, because its repeat could not be told from a second payment.
//! Deliberately not here: signatures, how requests are told apart (the shared `hook`), and the ids
//! of notifications, which Android gives out again for the next one.
//!
//! Wire facts: `glogiotatidis/notification-fwder` `WebhookPayload.kt`, `cmd2001/SmsForwarder-WebX`.

use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;

use super::forwarded::{
    self, Address, App, FIELDS_UNREADABLE, Named, Shape, Told, read_moment, shape, unreadable,
};
use crate::rules::Rules;
use crate::source::{DeviceKeys, Evidence, Outcome, Reading, Refusal, Source, check_signer};
use crate::wire::{Answer, Request, bytes_equal};

const NAME: &str = "hook";

const PACKAGES: [&str; 12] = [
    "package",
    "packageName",
    "package_name",
    "pkg",
    "app",
    "app_name",
    "appName",
    "bundle",
    "from",
    "sender",
    "phoneNumber",
    "number",
];
const TITLES: [&str; 2] = ["title", "subject"];
const TEXTS: [&str; 8] = ["text", "content", "msg", "message", "body", "sms", "bigText", "ticker"];
const TIMES: [&str; 8] =
    ["timestamp", "time", "ts", "t", "date", "receivedAt", "receivedStamp", "sentStamp"];

/// The source for whatever presents a device's key.
#[derive(Clone, Debug, Default)]
pub struct TokenHook {
    rules: Rules,
}

impl TokenHook {
    /// A source that reads notifications by these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Source for TokenHook {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        shape(request) == Some(Shape::Token)
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let address = Address::of(request).ok_or(Refusal::MissingParameter("device"))?;
        let sound = Named::sound_part(&address.request);
        let token = forwarded::token(&address, &sound);
        let token = token.ok_or(Refusal::MissingParameter("token"))?;
        let device = check_signer(keys, address.device, &|key| bytes_equal(token.as_bytes(), key))?;
        let raw = request.without_secrets();
        let evidence = match Named::of(&address.request) {
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

impl TokenHook {
    fn read_fields(&self, device: &DeviceId, named: &Named) -> Evidence {
        let time = named.get(&TIMES).unwrap_or_default();
        let sent_at = read_moment(time);
        if let (Some("heartbeat"), Some(sent_at)) = (named.get(&["event"]), sent_at) {
            return Evidence::Heartbeat { sent_at };
        }
        let package = named.get(&PACKAGES);
        let title = named.get(&TITLES).unwrap_or_default();
        let text = named.get(&TEXTS).unwrap_or_default();
        let said = [package.unwrap_or_default(), title, text, time].map(str::as_bytes);
        let content = Digest::of(&said);
        let key = Digest::of(&[device.as_str().as_bytes(), NAME.as_bytes(), &content.bytes()]);
        let app = App::named(package);
        Told { app, title, text, sent_at, key, content }.judge(&self.rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;

    struct Phones;

    impl DeviceKeys for Phones {
        fn each(&self, _: &mut dyn FnMut(&DeviceId, &[u8])) {}

        fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
            if device.as_str() == "phone-1" {
                show(b"device-key-0001");
            }
        }
    }

    fn read(query: &str) -> Result<Evidence, Refusal> {
        let request = Request::new(Method::Get, "/hook/phone-1/device-key-0001", query);
        TokenHook::default().read(&request, &Phones).map(|reading| reading.evidence)
    }

    fn identity(query: &str) -> (Digest, Digest) {
        match read(query) {
            Ok(Evidence::Money(notice)) => (notice.key, notice.content),
            other => panic!("{query}: {other:?}"),
        }
    }

    const PAID: &str =
        "app=com.tencent.mm&title=微信支付&text=微信支付收款8.88元&time=1700000000000";

    #[test]
    fn an_app_has_many_names_and_one_without_a_name_is_not_believed() {
        let read = |name: &str, app: &str| {
            let mut request = Request::new(Method::Post, "/hook/phone-1/device-key-0001", "");
            let told = r#""title":"微信支付","text":"微信支付收款8.88元","time":"1700000000000""#;
            request.body = format!(r#"{{"{name}":"{app}",{told}}}"#).into_bytes();
            let reading = TokenHook::default().read(&request, &Phones).unwrap();
            matches!(reading.evidence, Evidence::Money(_))
        };
        for name in ["package", "app", "app_name", "appName", "bundle", "from"] {
            assert!(read(name, "com.tencent.mm"), "{name}");
            assert!(!read(name, "com.example.chat"), "{name}");
            assert!(!read(name, "微信"), "{name}: an app's name on the screen is its maker's word");
        }
        assert!(!read("x", "com.tencent.mm"));
    }

    #[test]
    fn every_name_that_a_user_may_choose_is_read() {
        for package in PACKAGES {
            for (title, (text, time)) in TITLES.iter().zip(TEXTS.iter().zip(TIMES)) {
                let query = format!(
                    "{package}=com.tencent.mm&{title}=微信支付&{text}=微信支付收款8.88元&{time}=\
                     2023-11-15+06:13:20"
                );
                let (Ok(Evidence::Money(notice)), query) = (read(&query), query) else {
                    panic!("no money")
                };
                assert_eq!(notice.amount.to_string(), "8.88 CNY", "{query}");
            }
        }
    }

    #[test]
    fn what_says_the_same_is_a_repeat_and_nothing_else_is() {
        let first = identity(PAID);
        assert_eq!(first, identity(PAID));
        assert_eq!(first, identity(&format!("{PAID}&id=4097&battery=90")));
        let others = [
            PAID.replace("8.88", "8.89"),
            PAID.replace("00000", "00001"),
            PAID.replace("title=微信支付", "title=微信收款助手"),
        ];
        for other in others {
            assert_ne!(first.0, identity(&other).0, "{other}");
        }
    }

    #[test]
    fn a_heartbeat_needs_a_time_and_is_no_money() {
        let beat = read("event=heartbeat&t=1700000000");
        assert!(matches!(beat, Ok(Evidence::Heartbeat { .. })), "{beat:?}");
        let timeless = read("event=heartbeat");
        assert!(matches!(timeless, Ok(Evidence::Unreadable { .. })), "{timeless:?}");
    }
}
