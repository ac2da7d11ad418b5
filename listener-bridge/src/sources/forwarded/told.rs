//! What a forwarded notification means, once its sender is proven.
//!
//! Invariants: only a notification whose time is known can be money, because a late one without a
//! time would be taken for a payment of now; one whose app is not named is money only by way of a
//! protocol whose sender picks the payment apps itself, and there only if the rules of exactly one
//! app read it so. Any app may show a notification that is titled like a payment app's.
//! Deliberately not here: who sent it, and which fields of a request these are.

use duizhang_core::digest::Digest;
use duizhang_core::time::Timestamp;

use crate::rules::{Rules, Verdict};
use crate::source::{Evidence, Notice};

/// The apps whose rules are asked where a notification does not say which app showed it.
const PAYMENT_APPS: [&str; 3] = ["com.tencent.mm", "com.eg.android.AlipayGphone", "com.unionpay"];

/// Why a proven request whose fields are doubled, broken or of another kind is kept for a person.
/// It stands in the log as the rule, so it does not repeat the sender's own names of fields.
pub(in crate::sources) const FIELDS_UNREADABLE: &str = "the parameters cannot be read";

/// Why a notification is kept whose app may be any.
const APP_UNKNOWN: &str = "the app is not named";

/// Which app showed a notification.
#[derive(Clone, Copy)]
pub(in crate::sources) enum App<'a> {
    /// The app's package, or the number that a text message came from.
    Named(&'a str),
    /// One of the payment apps, which the forwarder was told to pick.
    OfPayment,
    /// Any app on the phone.
    Unknown,
}

impl<'a> App<'a> {
    /// The app that a name stands for, where there is one.
    pub(in crate::sources) fn named(package: Option<&'a str>) -> Self {
        package.map_or(Self::Unknown, Self::Named)
    }
}

/// A notification as a forwarder tells it.
pub(in crate::sources) struct Told<'a> {
    pub(in crate::sources) app: App<'a>,
    pub(in crate::sources) title: &'a str,
    pub(in crate::sources) text: &'a str,
    pub(in crate::sources) sent_at: Option<Timestamp>,
    pub(in crate::sources) key: Digest,
    pub(in crate::sources) content: Digest,
}

impl Told<'_> {
    /// What the rules make of it.
    pub(in crate::sources) fn judge(&self, rules: &Rules) -> Evidence {
        let said = [self.title.trim(), self.text.trim()].join("\n");
        if self.text.is_empty() {
            return unreadable("the text is missing", &said);
        }
        let Some(sent_at) = self.sent_at else {
            return unreadable("the time is missing or no time", &said);
        };
        let verdict = match self.app {
            App::Named(package) => rules.read(package, self.title, self.text),
            App::OfPayment => self.of_any_app(rules),
            App::Unknown => Verdict::Unreadable { reason: String::from(APP_UNKNOWN) },
        };
        match verdict {
            Verdict::Ignored { rule } => Evidence::Ignored { reason: rule, text: said },
            Verdict::Unreadable { reason } => unreadable(&reason, &said),
            Verdict::Money { rule, channel, amount, references } => Evidence::Money(Notice {
                channel: Some(channel),
                amount,
                sent_at: Some(sent_at),
                key: self.key,
                content: self.content,
                references,
                rule,
                title: String::from(self.title),
                text: String::from(self.text),
            }),
        }
    }

    fn of_any_app(&self, rules: &Rules) -> Verdict {
        let mut verdicts: Vec<Verdict> =
            PAYMENT_APPS.iter().map(|app| rules.read(app, self.title, self.text)).collect();
        let money = |verdict: &Verdict| matches!(verdict, Verdict::Money { .. });
        let ignored = |verdict: &Verdict| matches!(verdict, Verdict::Ignored { .. });
        match verdicts.iter().filter(|verdict| money(verdict)).count() {
            0 => {}
            1 => verdicts.retain(money),
            _ => {
                let reason = String::from("the rules of several apps read this text");
                return Verdict::Unreadable { reason };
            }
        }
        if !verdicts.iter().any(money) && verdicts.iter().any(ignored) {
            verdicts.retain(ignored);
        }
        verdicts.swap_remove(0)
    }
}

pub(in crate::sources) fn unreadable(reason: &str, text: &str) -> Evidence {
    Evidence::Unreadable { reason: String::from(reason), text: String::from(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(app: App<'_>, title: &str, text: &str, sent_at: Option<i64>) -> Evidence {
        let key = Digest::of(&[b"key"]);
        let sent_at = sent_at.map(Timestamp::from_millis);
        Told { app, title, text, sent_at, key, content: key }.judge(&Rules::default())
    }

    const NOW: Option<i64> = Some(1_700_000_000_000);

    #[test]
    fn an_app_that_is_not_named_is_found_by_its_own_templates() {
        let cases = [
            ("微信支付", "微信支付收款8.88元", Some("wechat-receipt")),
            ("收款通知", "收款1.00元", Some("wechat-receipt")),
            ("收款通知", "X通过扫码向你付款0.01元", Some("alipay-code")),
            ("收钱码到账通知", "成功收款0.01元。", Some("alipay-receipt")),
            ("云闪付", "云闪付收款1.00元", Some("unionpay-receipt")),
            ("张三", "微信支付收款8.88元", None),
        ];
        for (title, text, rule) in cases {
            match told(App::OfPayment, title, text, NOW) {
                Evidence::Money(notice) => assert_eq!(Some(notice.rule.as_str()), rule, "{text}"),
                other => assert_eq!(rule, None, "{text}: {other:?}"),
            }
        }
        let ignored = told(App::OfPayment, "支付宝", "退款到账100.00元", NOW);
        assert!(matches!(ignored, Evidence::Ignored { .. }), "{ignored:?}");
    }

    #[test]
    fn what_any_app_may_have_shown_is_kept() {
        for (title, text) in [("微信支付", "微信支付收款8.88元"), ("支付宝", "退款到账100.00元")]
        {
            match told(App::named(None), title, text, NOW) {
                Evidence::Unreadable { reason, .. } => assert_eq!(reason, APP_UNKNOWN),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_text_that_two_apps_could_have_written_is_kept() {
        let rule = |name: &str, app: &str, channel: &str| {
            format!(
                "[[rule]]\nname = \"{name}\"\npackages = [\"{app}\"]\ntext = '^{{amount}}元$'\n\
                 channel = \"{channel}\"\nkind = \"money\"\n"
            )
        };
        let rules = rule("a", "com.tencent.mm", "wechat") + &rule("b", "com.unionpay", "unionpay");
        let rules = Rules::parse(&rules).expect("two rules");
        let key = Digest::of(&[]);
        let sent_at = NOW.map(Timestamp::from_millis);
        let told =
            Told { app: App::OfPayment, title: "", text: "1.00元", sent_at, key, content: key };
        let kept = told.judge(&rules);
        assert!(matches!(&kept, Evidence::Unreadable { reason, .. } if reason.contains("several")));
    }

    #[test]
    fn money_needs_a_time_and_a_text() {
        for (text, sent_at, word) in
            [("微信支付收款8.88元", None, "time"), ("", NOW, "text"), ("", None, "text")]
        {
            match told(App::Named("com.tencent.mm"), "微信支付", text, sent_at) {
                Evidence::Unreadable { reason, .. } => assert!(reason.contains(word), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(title in "\\PC{0,12}", text in "(收款|到账|[0-9.,]|元|\\PC){0,12}") {
            let _ = told(App::OfPayment, &title, &text, NOW);
        }
    }
}
