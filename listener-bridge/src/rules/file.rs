//! The rules file: what may stand in it, and what is wrong with one that is refused.
//!
//! Invariants: an unknown key, a name used twice, a pattern that does not compile, and a money rule
//! that does not say where its amount stands are errors that name the rule; patterns have a size
//! limit, and the engine that runs them takes linear time, so that no rule can stop the reader.
//! Deliberately not here: running rules ([`super::reading`]) and the file's own tests
//! ([`super::cases`]).

use duizhang_core::channel::Channel;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::amounts::AMOUNT_PATTERN;
use super::cases::{Case, CaseEntry};

/// Longest rules file in bytes: the default one has about 25 KB, a file for every app that we know
/// would have ten times as much.
pub const RULES_BYTES_MAX: usize = 256 * 1024;
/// Most rules in a file: a notification is tried against all rules of its package in the worst
/// case; the default file has 22.
pub const RULES_MAX: usize = 500;
/// Most memory in bytes that one compiled pattern may take: 500 rules of two patterns of this size
/// stay below 256 MB even in a file made to hurt; the default patterns fit many times over.
pub const RULE_REGEX_BYTES_MAX: usize = 256 * 1024;

/// What stands for the amount in a pattern, and is replaced by the group that reads one.
const AMOUNT_PLACE: &str = "{amount}";
/// The named group that an amount is taken from.
pub(super) const AMOUNT_GROUP: &str = "amount";
/// The named group that a reference is taken from.
pub(super) const REFERENCE_GROUP: &str = "reference";

/// Why a rules file is refused.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Longer than [`RULES_BYTES_MAX`].
    #[error("reading the rules: the file is longer than {RULES_BYTES_MAX} bytes")]
    TooLong,
    /// More than [`RULES_MAX`] rules.
    #[error("reading the rules: more than {RULES_MAX} rules")]
    TooMany,
    /// The text is not TOML, or has a key or value that has no meaning here.
    #[error("reading the rules: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Two rules bear one name.
    #[error("rule {0}: the name stands twice")]
    DuplicateName(String),
    /// A rule without a name.
    #[error("rule number {0}: the name is empty")]
    NoName(usize),
    /// A rule that names no package would read what any app says.
    #[error("rule {0}: no package is named")]
    NoPackage(String),
    /// A rule without any pattern would take everything that its packages say.
    #[error("rule {0}: neither title nor text has a pattern")]
    NoPattern(String),
    /// A pattern does not compile or is too large.
    #[error("{place}: the pattern is refused: {source}")]
    Pattern {
        /// The rule, or the list of references.
        place: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// A money rule whose patterns have no group `amount`, or one in each of title and text.
    #[error("rule {0}: exactly one of title and text must have the group amount")]
    AmountGroup(String),
    /// A money rule that names no channel, or a channel that we do not know.
    #[error(
        "rule {0}: a money rule names its channel, one of wechat, alipay, qq, unionpay, youzan"
    )]
    Channel(String),
    /// A reference pattern has no group `reference`.
    #[error("references: the pattern {0} has no group reference")]
    ReferenceGroup(String),
    /// A case does not say exactly one of what is expected.
    #[error("case number {0}: exactly one of amount, ignored and unreadable says what is expected")]
    Case(usize),
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    references: Vec<String>,
    #[serde(default)]
    rule: Vec<RuleEntry>,
    #[serde(default)]
    case: Vec<CaseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    name: String,
    packages: Vec<String>,
    title: Option<String>,
    text: Option<String>,
    channel: Option<String>,
    kind: Kind,
}

/// What a rule knows about the texts that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// Money arrived, and the amount stands in the text.
    Money,
    /// It is no money.
    Ignore,
    /// It may be money, but the amount cannot be known from the text: a person has to look.
    Keep,
}

/// A rule that has been checked.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) packages: Vec<String>,
    pub(super) title: Option<Regex>,
    pub(super) text: Option<Regex>,
    pub(super) channel: Option<Channel>,
    pub(super) kind: Kind,
}

/// What a file holds once it has been checked.
pub(super) struct Checked {
    pub(super) rules: Vec<Rule>,
    pub(super) references: Vec<Regex>,
    pub(super) cases: Vec<Case>,
}

pub(super) fn parse(text: &str) -> Result<Checked, RuleError> {
    if text.len() > RULES_BYTES_MAX {
        return Err(RuleError::TooLong);
    }
    let file: File = toml::from_str(text)?;
    if file.rule.len() > RULES_MAX {
        return Err(RuleError::TooMany);
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(file.rule.len());
    for (index, entry) in file.rule.into_iter().enumerate() {
        if entry.name.is_empty() {
            return Err(RuleError::NoName(index.saturating_add(1)));
        }
        if rules.iter().any(|rule| rule.name == entry.name) {
            return Err(RuleError::DuplicateName(entry.name));
        }
        rules.push(check_rule(entry)?);
    }
    let references = file.references.iter().map(|pattern| check_reference(pattern));
    let cases = file.case.into_iter().enumerate();
    let cases = cases.map(|(index, entry)| {
        entry.check().ok_or_else(|| RuleError::Case(index.saturating_add(1)))
    });
    Ok(Checked {
        rules,
        references: references.collect::<Result<_, _>>()?,
        cases: cases.collect::<Result<_, _>>()?,
    })
}

fn check_rule(entry: RuleEntry) -> Result<Rule, RuleError> {
    let RuleEntry { name, packages, title, text, channel, kind } = entry;
    if packages.is_empty() || packages.iter().any(String::is_empty) {
        return Err(RuleError::NoPackage(name));
    }
    if title.is_none() && text.is_none() {
        return Err(RuleError::NoPattern(name));
    }
    let place = format!("rule {name}");
    let title = title.map(|pattern| compile(&place, &pattern)).transpose()?;
    let text = text.map(|pattern| compile(&place, &pattern)).transpose()?;
    let channel = match channel.map(|word| word.parse::<Channel>()).transpose() {
        Ok(channel) if channel.is_some() || kind != Kind::Money => channel,
        Ok(_) | Err(_) => return Err(RuleError::Channel(name)),
    };
    let amounts = [&title, &text]
        .into_iter()
        .flatten()
        .filter(|pattern| has_group(pattern, AMOUNT_GROUP))
        .count();
    if kind == Kind::Money && amounts != 1 {
        return Err(RuleError::AmountGroup(name));
    }
    Ok(Rule { name, packages, title, text, channel, kind })
}

fn check_reference(pattern: &str) -> Result<Regex, RuleError> {
    let compiled = compile("references", pattern)?;
    if has_group(&compiled, REFERENCE_GROUP) {
        Ok(compiled)
    } else {
        Err(RuleError::ReferenceGroup(String::from(pattern)))
    }
}

fn compile(place: &str, pattern: &str) -> Result<Regex, RuleError> {
    RegexBuilder::new(&pattern.replace(AMOUNT_PLACE, AMOUNT_PATTERN))
        .size_limit(RULE_REGEX_BYTES_MAX)
        .dfa_size_limit(RULE_REGEX_BYTES_MAX)
        .build()
        .map_err(|source| RuleError::Pattern {
            place: String::from(place),
            source: Box::new(source),
        })
}

pub(super) fn has_group(pattern: &Regex, group: &str) -> bool {
    pattern.capture_names().flatten().any(|name| name == group)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[rule]]\nname='a'\npackages=['p']\ntext='收款{amount}元'\n\
        channel='wechat'\nkind='money'\n";

    fn refused(text: &str) -> String {
        match parse(text) {
            Ok(_) => String::from("taken"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_wrong_file_is_refused_by_name() {
        let rule = |lines: &str| format!("[[rule]]\nname='b'\n{lines}");
        let cases = [
            (String::from("rule = 1"), "invalid type"),
            (String::from("[[rules]]\nname='a'"), "unknown field `rules`"),
            (format!("{GOOD}colour='red'"), "unknown field `colour`"),
            (rule("packages=['p']\ntext='x'\nkind='maybe'"), "unknown variant `maybe`"),
            (rule("text='x'\nkind='ignore'"), "missing field `packages`"),
            (format!("{GOOD}{GOOD}"), "rule a: the name stands twice"),
            (GOOD.replace("'a'", "''"), "rule number 1: the name is empty"),
            (rule("packages=[]\ntext='x'\nkind='ignore'"), "rule b: no package is named"),
            (rule("packages=['']\ntext='x'\nkind='ignore'"), "rule b: no package is named"),
            (rule("packages=['p']\nkind='ignore'"), "rule b: neither title nor text"),
            (rule("packages=['p']\ntext='('\nkind='ignore'"), "rule b: the pattern is refused"),
            (
                rule("packages=['p']\ntext='(?:.{1000}){1000}'\nkind='ignore'"),
                "rule b: the pattern",
            ),
            (GOOD.replace("{amount}", "([0-9]+)"), "rule a: exactly one of title and text"),
            (format!("{GOOD}title='{{amount}}'"), "rule a: exactly one of title and text"),
            (GOOD.replace("'wechat'", "'paypal'"), "rule a: a money rule names its channel"),
            (GOOD.replace("channel='wechat'\n", ""), "rule a: a money rule names its channel"),
            (String::from("references=['x']"), "references: the pattern x has no group"),
            (String::from("references=['(']"), "references: the pattern is refused"),
            (String::from("[[case]]\npackage='p'\ntext='x'"), "case number 1: exactly one"),
            (
                String::from("[[case]]\npackage='p'\ntext='x'\namount='1'\nunreadable=true"),
                "case number 1: exactly one",
            ),
            (
                String::from("[[case]]\npackage='p'\ntext='x'\nunreadable=false"),
                "case number 1: exactly one",
            ),
            ("#".repeat(RULES_BYTES_MAX + 1), "longer than"),
            (many(RULES_MAX + 1), "more than 500 rules"),
        ];
        for (text, expected) in cases {
            let error = refused(&text);
            assert!(error.contains(expected), "{expected:?} is not in {error:?}");
        }
    }

    fn many(count: usize) -> String {
        let rule = |i| format!("[[rule]]\nname='r{i}'\npackages=['p']\ntext='x'\nkind='ignore'\n");
        (0..count).map(rule).collect()
    }

    #[test]
    fn a_right_file_is_taken() {
        assert_eq!(refused(GOOD), "taken");
        assert_eq!(refused(""), "taken");
        assert_eq!(refused(&many(RULES_MAX)), "taken");
        assert_eq!(refused(&GOOD.replace("{amount}", "(?<amount>[0-9]+)")), "taken");
        assert_eq!(refused("references=['备注(?<reference>[0-9]+)']"), "taken");
    }
}
