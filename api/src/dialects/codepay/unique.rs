//! How many readings a signed text has: counted, by trying every split of it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::grammar::{is_strict_name, is_strict_value};
use super::received::{Charset, signed_bytes};

type Pairs = Vec<(String, String)>;

/// The grammar of names and values between two splits.
#[derive(Clone, Copy)]
struct Grammar {
    name: fn(&str) -> bool,
    value: fn(&str) -> bool,
}

const STRICT: Grammar = Grammar { name: is_strict_name, value: is_strict_value };

/// What the plain grammar leaves to addresses: every text.
const PLAIN: Grammar = Grammar { name: |name| !name.is_empty(), value: |_| true };

/// Every list of sorted parameters that makes this text. All places of `=` and `&` are tried as
/// borders; nothing is assumed about where a value ends.
fn readings(text: &str, after: &str, grammar: Grammar) -> Vec<Pairs> {
    let mut found = Vec::new();
    for (equals, _) in text.match_indices('=') {
        let (name, rest) = (&text[..equals], &text[equals + 1..]);
        if name <= after || !(grammar.name)(name) {
            continue;
        }
        let pair = |value: &str| (String::from(name), String::from(value));
        let fits = |value: &str| !value.is_empty() && (grammar.value)(value);
        if fits(rest) {
            found.push(vec![pair(rest)]);
        }
        for (and, _) in rest.match_indices('&').filter(|(and, _)| fits(&rest[..*and])) {
            for more in readings(&rest[and + 1..], name, grammar) {
                found.push([vec![pair(&rest[..and])], more].concat());
            }
        }
    }
    found
}

fn signed(pairs: &Pairs) -> String {
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    String::from_utf8(signed_bytes(pairs, Charset::Utf8)).unwrap()
}

#[test]
fn a_strict_message_has_exactly_one_reading() {
    // Few characters, and those that borders are made of, so that they collide often.
    let pairs = proptest::collection::btree_map("[a-c_]{1,2}", "[a-c=_?/]{1,6}", 1..6);
    let config = Config { cases: 1_600, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&pairs, |pairs| {
            let pairs: Pairs = pairs.into_iter().collect();
            let readings = readings(&signed(&pairs), "", STRICT);
            prop_assert_eq!(readings, vec![pairs]);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_the_plain_grammar_leaves_open_is_known() {
    let pairs = |texts: &[(&str, &str)]| -> Pairs {
        texts.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect()
    };
    let one = pairs(&[("return_url", "http://a/r?o=1&token=2"), ("type", "1")]);
    let other = pairs(&[("return_url", "http://a/r?o=1"), ("token", "2"), ("type", "1")]);
    assert_eq!(signed(&one), signed(&other));
    let plain = readings(&signed(&one), "", PLAIN);
    assert!(plain.contains(&one) && plain.contains(&other), "{plain:?}");
    assert_eq!(readings(&signed(&one), "", STRICT), [other]);
}
