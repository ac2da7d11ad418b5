//! The cases that a rules file carries about itself.
//!
//! Invariants: a case expects exactly one verdict; a failing case tells what it got.
//! Deliberately not here: any case (they stand in the file, beside the rules that they are about).

use duizhang_core::amount::{Amount, Currency};
use serde::Deserialize;

use super::reading::{Rules, Verdict};

/// A case as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseEntry {
    package: String,
    #[serde(default)]
    title: String,
    text: String,
    /// Money of this many yuan, with a channel that the rule knows.
    amount: Option<String>,
    /// No money, by the rule of this name.
    ignored: Option<String>,
    /// Kept for a person; only `true` has a meaning.
    unreadable: Option<bool>,
}

/// A case that says what it expects.
#[derive(Clone, Debug)]
pub(super) struct Case {
    package: String,
    title: String,
    text: String,
    expected: Expected,
}

#[derive(Clone, Debug)]
enum Expected {
    Money(Amount),
    Ignored(String),
    Unreadable,
}

/// A case whose verdict is another than the one that it expects.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("package {package}, title {title:?}, text {text:?}: expected {expected}, got {got}")]
pub struct CaseFailure {
    /// The app that said it.
    pub package: String,
    /// The notification's title.
    pub title: String,
    /// The notification's text.
    pub text: String,
    /// The verdict that the case expects.
    pub expected: String,
    /// The verdict of the rules.
    pub got: String,
}

impl CaseEntry {
    /// `None` where it does not expect exactly one verdict.
    pub(super) fn check(self) -> Option<Case> {
        let Self { package, title, text, amount, ignored, unreadable } = self;
        let expected = match (amount, ignored, unreadable) {
            (Some(amount), None, None) => {
                Expected::Money(Amount::parse(&amount, Currency::Cny).ok()?)
            }
            (None, Some(rule), None) => Expected::Ignored(rule),
            (None, None, Some(true)) => Expected::Unreadable,
            _ => return None,
        };
        Some(Case { package, title, text, expected })
    }
}

impl Case {
    /// What some rules say about it.
    pub(super) fn read_by(&self, rules: &Rules) -> Verdict {
        rules.read(&self.package, &self.title, &self.text)
    }

    /// What is wrong, where something is.
    pub(super) fn run(&self, rules: &Rules) -> Option<CaseFailure> {
        let got = self.read_by(rules);
        let fits = match (&self.expected, &got) {
            (Expected::Money(expected), Verdict::Money { amount, .. }) => expected == amount,
            (Expected::Ignored(expected), Verdict::Ignored { rule }) => expected == rule,
            (Expected::Unreadable, Verdict::Unreadable { .. }) => true,
            (Expected::Money(_) | Expected::Ignored(_) | Expected::Unreadable, _) => false,
        };
        (!fits).then(|| CaseFailure {
            package: self.package.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            expected: self.expected.words(),
            got: words(&got),
        })
    }
}

impl Expected {
    fn words(&self) -> String {
        match self {
            Self::Money(amount) => amount.to_string(),
            Self::Ignored(rule) => format!("no money by rule {rule}"),
            Self::Unreadable => String::from("unreadable"),
        }
    }
}

fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Money { rule, amount, .. } => format!("{amount} by rule {rule}"),
        Verdict::Ignored { rule } => format!("no money by rule {rule}"),
        Verdict::Unreadable { reason } => format!("unreadable: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = "[[rule]]\nname='money'\npackages=['p']\ntext='收款{amount}元'\n\
        channel='wechat'\nkind='money'\n\
        [[rule]]\nname='report'\npackages=['p']\ntext='报表'\nkind='ignore'\n";

    fn failures(case: &str) -> Vec<String> {
        let rules = Rules::parse(&format!("{RULES}[[case]]\npackage='p'\n{case}")).unwrap();
        rules.check().err().unwrap_or_default().iter().map(CaseFailure::to_string).collect()
    }

    #[test]
    fn right_cases_pass_and_wrong_ones_say_what_they_got() {
        let cases = [
            ("text='收款1元'\namount='1.00'", None),
            ("text='报表'\nignored='report'", None),
            ("text='?'\nunreadable=true", None),
            ("text='收款1元'\namount='2'", Some("expected 2.00 CNY, got 1.00 CNY by rule money")),
            ("text='收款1元'\nunreadable=true", Some("expected unreadable, got 1.00 CNY by rule")),
            (
                "text='报表'\nignored='money'",
                Some("no money by rule money, got no money by rule report"),
            ),
            ("text='?'\namount='1'", Some("got unreadable: no rule knows this text")),
            ("text='?'\nignored='report'", Some("got unreadable: no rule knows this text")),
        ];
        for (case, expected) in cases {
            let got = failures(case);
            match expected {
                None => assert!(got.is_empty(), "{case}: {got:?}"),
                Some(words) => assert!(got[0].contains(words), "{case}: {got:?}"),
            }
        }
    }

    #[test]
    fn a_case_whose_amount_means_nothing_is_refused() {
        let text = format!("{RULES}[[case]]\npackage='p'\ntext='x'\namount='one'");
        let error = Rules::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with("case number 1"), "{error}");
    }
}
