//! Reading a notification by rules: the first rule that matches decides.
//!
//! Invariants: a rule sees only what its own packages say; a text that no rule knows, and one whose
//! amount means nothing, is kept as possible money and never dropped; the same rules give the same
//! verdict for the same text.
//! Deliberately not here: who sent the notification, and whether that is proven.

use std::sync::LazyLock;

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use regex::{Captures, Regex};

use super::amounts;
use super::cases::{Case, CaseFailure};
use super::file::{self, AMOUNT_GROUP, Kind, REFERENCE_GROUP, Rule, RuleError};

/// The rules of this release, with their cases.
pub const DEFAULT_RULES: &str = include_str!("default.toml");

/// Most references that are taken from one notification: a remark holds one or two, the rest is
/// noise.
const REFERENCES_MAX: usize = 8;

/// A checked list of rules.
#[derive(Clone, Debug)]
pub struct Rules {
    rules: Vec<Rule>,
    references: Vec<Regex>,
    cases: Vec<Case>,
}

/// What the rules say about a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Money arrived.
    Money {
        /// The rule that read it.
        rule: String,
        /// The payment network.
        channel: Channel,
        /// How much; more than zero.
        amount: Amount,
        /// Order numbers and the like that stand in the text.
        references: Vec<String>,
    },
    /// A rule knows that this is no money.
    Ignored {
        /// The rule's name.
        rule: String,
    },
    /// This may be money, and a person has to look.
    Unreadable {
        /// Why.
        reason: String,
    },
}

impl Default for Rules {
    /// The rules of this release.
    fn default() -> Self {
        static BUILT_IN: LazyLock<Rules> = LazyLock::new(|| {
            Rules::parse(DEFAULT_RULES).expect("a test parses the file that is built in")
        });
        BUILT_IN.clone()
    }
}

impl Rules {
    /// Reads and checks a rules file. Its cases are not run; [`Rules::check`] does that.
    ///
    /// # Errors
    /// [`RuleError`] names the rule or case and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let file::Checked { rules, references, cases } = file::parse(text)?;
        Ok(Self { rules, references, cases })
    }

    /// Runs the cases of the file.
    ///
    /// # Errors
    /// Every case whose verdict is another than the one that it expects, in order.
    pub fn check(&self) -> Result<(), Vec<CaseFailure>> {
        let failures: Vec<CaseFailure> =
            self.cases.iter().filter_map(|case| case.run(self)).collect();
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// What the first rule that matches says. `package` is the app's package name, or the number
    /// that a text message came from.
    #[must_use]
    pub fn read(&self, package: &str, title: &str, text: &str) -> Verdict {
        let found = self.rules.iter().find_map(|rule| {
            rule.packages
                .iter()
                .any(|known| known == package)
                .then(|| rule.matches(title, text).map(|captured| (rule, captured)))
                .flatten()
        });
        match found {
            None => unreadable("no rule knows this text"),
            Some((rule, captured)) => self.conclude(rule, captured, text),
        }
    }

    /// How many cases the file carries.
    #[must_use]
    pub fn case_count(&self) -> usize {
        self.cases.len()
    }

    fn conclude(&self, rule: &Rule, captured: Option<&str>, text: &str) -> Verdict {
        let name = &rule.name;
        match (rule.kind, rule.channel, captured) {
            (Kind::Ignore, _, _) => Verdict::Ignored { rule: name.clone() },
            (Kind::Keep, _, _) => unreadable(&format!("rule {name}: the amount is not told")),
            (Kind::Money, Some(channel), Some(captured)) => match amounts::read(captured) {
                Ok(amount) => {
                    let references = self.references_in(text);
                    Verdict::Money { rule: name.clone(), channel, amount, references }
                }
                Err(error) => unreadable(&format!("rule {name}: {error}")),
            },
            // A pattern may make its amount optional; then the text has none.
            (Kind::Money, _, _) => unreadable(&format!("rule {name}: the amount is not told")),
        }
    }

    fn references_in(&self, text: &str) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for captures in self.references.iter().flat_map(|pattern| pattern.captures_iter(text)) {
            let Some(reference) = captures.name(REFERENCE_GROUP) else { continue };
            if found.len() < REFERENCES_MAX && !found.iter().any(|old| old == reference.as_str()) {
                found.push(String::from(reference.as_str()));
            }
        }
        found
    }
}

impl Rule {
    /// Whether both patterns match; inside, what the amount's group captured.
    fn matches<'t>(&self, title: &'t str, text: &'t str) -> Option<Option<&'t str>> {
        let in_title = captures(self.title.as_ref(), title)?;
        let in_text = captures(self.text.as_ref(), text)?;
        let amount = |found: Option<Captures<'t>>| Some(found?.name(AMOUNT_GROUP)?.as_str());
        Some(amount(in_title).or_else(|| amount(in_text)))
    }
}

/// `None` where there is a pattern and it does not match.
fn captures<'t>(pattern: Option<&Regex>, text: &'t str) -> Option<Option<Captures<'t>>> {
    match pattern {
        None => Some(None),
        Some(pattern) => pattern.captures(text).map(Some),
    }
}

fn unreadable(reason: &str) -> Verdict {
    Verdict::Unreadable { reason: String::from(reason) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static RULES: LazyLock<Rules> = LazyLock::new(Rules::default);

    const WECHAT: &str = "com.tencent.mm";
    const ALIPAY: &str = "com.eg.android.AlipayGphone";

    fn fen(package: &str, title: &str, text: &str) -> Option<i64> {
        match RULES.read(package, title, text) {
            Verdict::Money { amount, .. } => Some(amount.minor()),
            Verdict::Ignored { .. } | Verdict::Unreadable { .. } => None,
        }
    }

    #[test]
    fn the_default_file_passes_its_own_cases() {
        assert_eq!(RULES.check(), Ok(()));
        assert!(RULES.case_count() >= 50, "only {} cases", RULES.case_count());
    }

    #[test]
    fn every_default_rule_decides_one_of_the_cases() {
        for rule in &RULES.rules {
            let mut without = RULES.clone();
            without.rules.retain(|other| other.name != rule.name);
            let needed =
                RULES.cases.iter().any(|case| case.read_by(&RULES) != case.read_by(&without));
            assert!(needed, "no case needs rule {}", rule.name);
        }
    }

    #[test]
    fn order_decides_and_packages_bind() {
        let rules = Rules::parse(
            "[[rule]]\nname='first'\npackages=['a']\ntext='收款'\nkind='ignore'\n\
             [[rule]]\nname='second'\npackages=['a','b']\ntext='收款({amount}元)?'\n\
             channel='qq'\nkind='money'\n",
        )
        .unwrap();
        let money =
            |reading: &Verdict| matches!(reading, Verdict::Money { rule, .. } if rule == "second");
        assert_eq!(
            rules.read("a", "", "收款1元"),
            Verdict::Ignored { rule: String::from("first") }
        );
        assert!(money(&rules.read("b", "", "收款1元")));
        assert_eq!(rules.read("c", "", "收款1元"), unreadable("no rule knows this text"));
        assert_eq!(rules.read("", "", ""), unreadable("no rule knows this text"));
        let untold = unreadable("rule second: the amount is not told");
        assert_eq!(rules.read("b", "", "收款"), untold);
        let zero = unreadable("rule second: amount is not more than zero");
        assert_eq!(rules.read("b", "", "收款0元"), zero);
        let large = unreadable("rule second: amount beyond the largest amount");
        assert_eq!(rules.read("b", "", "收款99999999999999元"), large);
    }

    #[test]
    fn references_are_taken_from_remarks_once_and_limited() {
        let references = |text: &str| match RULES.read(WECHAT, "微信支付", text) {
            Verdict::Money { references, .. } => references,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(references("微信支付收款1.00元，付款备注：o-4711"), ["o-4711"]);
        assert_eq!(references("微信支付收款1.00元，备注: A1B2 留言: A1B2"), ["A1B2"]);
        assert!(references("微信支付收款1.00元").is_empty());
        let many = (0..20).map(|i| format!("备注: X{i:04} ")).collect::<String>();
        assert_eq!(references(&format!("微信支付收款1.00元 {many}")).len(), REFERENCES_MAX);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_rule_panic(title in "(?s).{0,40}", text in "(?s).{0,200}") {
            for package in [WECHAT, ALIPAY, "com.unionpay", "", "x"] {
                let _ = RULES.read(package, &title, &text);
                let _ = RULES.read(package, "微信支付", &text);
                let _ = RULES.read(package, &title, "成功收款1.00元");
            }
        }

        #[test]
        fn no_text_of_the_right_words_makes_a_rule_panic(
            text in "(收款|付款|成功|微信支付|[0-9,.]{1,12}|元|¥|。|\\[|\\]|通过扫码向你|备注：){0,12}",
        ) {
            for (package, title) in [(WECHAT, "微信支付"), (ALIPAY, "收钱码")] {
                let _ = RULES.read(package, title, &text);
                let _ = RULES.read(package, &text, title);
            }
        }

        #[test]
        fn a_payer_name_never_changes_the_amount(
            name in "([0-9]{1,4}|元|[,.¥￥，。]|成功收款|通过扫码向你付款|退款|红包|给你转了1笔钱|\\PC|\n){0,12}",
            amount in 1_i64..10_000_000,
        ) {
            let said = Amount::fen(amount).decimal_text();
            for tail in ["", "。", "，点击查看"] {
                let text = format!("{name}通过扫码向你付款{said}元{tail}");
                prop_assert_eq!(fen(ALIPAY, "收钱码", &text), Some(amount), "{}", text);
            }
        }

        #[test]
        fn an_amount_is_read_whole_or_not_at_all(number in "[0-9]{1,5}[0-9.,]{0,6}") {
            let text = format!("微信支付收款{number}元");
            if let Some(read) = fen(WECHAT, "微信支付", &text) {
                let plain = Amount::parse(&number.replace(',', ""), duizhang_core::amount::Currency::Cny);
                prop_assert_eq!(plain.map(Amount::minor), Ok(read), "{}", text);
            }
            let text = format!("个人收款码到账¥{number}");
            if let Some(read) = fen(WECHAT, "微信支付", &text) {
                let number = number.trim_end_matches('.').replace(',', "");
                let plain = Amount::parse(&number, duizhang_core::amount::Currency::Cny);
                prop_assert_eq!(plain.map(Amount::minor), Ok(read), "{}", text);
            }
        }
    }
}
