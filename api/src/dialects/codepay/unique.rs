//! How many readings a signed text has: counted, by trying every split of it.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::grammar::{check_pairs, is_strict_name, is_strict_value};
use super::received::{Charset, signed_bytes};

type Pairs = Vec<(String, String)>;

/// The grammar of names and values between two splits.
#[derive(Clone, Copy)]
struct Grammar {
    name: fn(&str) -> bool,
    value: fn(&str) -> bool,
}

const STRICT: Grammar = Grammar { name: is_strict_name, value: is_strict_value };

/// Every text: what the plain grammar accepts is asked of it afterwards.
const ANY: Grammar = Grammar { name: |name| !name.is_empty(), value: |_| true };

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

/// The readings that a merchant who is not strict is given.
fn plain_readings(text: &str) -> Vec<Pairs> {
    let fits = |pairs: &Pairs| {
        let pairs: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        check_pairs(&pairs).is_ok()
    };
    readings(text, "", ANY).into_iter().filter(fits).collect()
}

/// What a reading says of a parameter, up to its first `&`.
fn head<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    let own = pairs.iter().find(|(other, _)| other == name);
    own.map(|(_, value)| value.split('&').next().unwrap_or_default())
}

fn pairs(texts: &[(&str, &str)]) -> Pairs {
    texts.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect()
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
    let one = pairs(&[("return_url", "http://a/r?o=1&token=2"), ("type", "1")]);
    let other = pairs(&[("return_url", "http://a/r?o=1"), ("token", "2"), ("type", "1")]);
    assert_eq!(signed(&one), signed(&other));
    let plain = plain_readings(&signed(&one));
    assert!(plain.contains(&one) && plain.contains(&other), "{plain:?}");
    assert_eq!(readings(&signed(&one), "", STRICT), [other]);
}

#[test]
fn an_address_that_names_another_order_is_refused() {
    let rest = [("notify_url", "http://s/n"), ("pay_id", "A"), ("price", "100")];
    let back = ("return_url", "http://s/r?o=1&pay_id=B&price=1");
    let sent = pairs(&[&[("id", "1001")], &rest[..], &[back, ("type", "1")]].concat());
    let swallowed = "http://s/n&pay_id=A&price=100&return_url=http://s/r?o=1";
    let other = pairs(&[
        ("id", "1001"),
        ("notify_url", swallowed),
        ("pay_id", "B"),
        ("price", "1"),
        ("type", "1"),
    ]);
    let all = readings(&signed(&sent), "", ANY);
    assert!(all.contains(&sent) && all.contains(&other), "{all:?}");
    assert_eq!(plain_readings(&signed(&sent)), Vec::<Pairs>::new());
    let same = back.1.replace("pay_id=B&price=1", "pay_id=A&price=100");
    let real = pairs(&[&[("id", "1001")], &rest[..], &[("return_url", &same)]].concat());
    assert!(plain_readings(&signed(&real)).contains(&real), "an address may repeat the order");
}

/// Requests made of few words, whose addresses hold what may be a parameter.
fn request() -> impl Strategy<Value = Pairs> {
    let names = ["id", "notify_url", "param", "pay_id", "price", "return_url", "type", "o"];
    let word = || proptest::sample::select(&["A", "B", "1", "http://a/n?x=1"][..]);
    let piece = (proptest::sample::select(names.to_vec()), word());
    let tail = proptest::collection::vec(piece, 0..3).prop_map(|pieces| {
        pieces.iter().map(|(name, value)| format!("&{name}={value}")).collect::<String>()
    });
    let optional = proptest::sample::subsequence(vec!["notify_url", "param", "return_url"], 0..=3);
    (proptest::collection::vec((word(), tail), 6), optional).prop_map(|(values, optional)| {
        let mut names = vec!["id", "pay_id", "price"];
        names.extend(optional);
        let pair = |(name, (word, tail)): (&str, (&str, String))| {
            let tail = if name.ends_with("_url") { tail } else { String::new() };
            (String::from(name), format!("{word}{tail}"))
        };
        names.into_iter().zip(values).map(pair).collect()
    })
}

#[test]
fn lax_readings_agree_in_everything_that_matters() {
    let (mut accepted, mut differing) = (0, 0);
    let core = ["id", "notify_url", "param", "pay_id", "price", "return_url"];
    let differ = |all: &[Pairs]| {
        core.iter().any(|name| all.windows(2).any(|two| head(&two[0], name) != head(&two[1], name)))
    };
    let mut runner = TestRunner::deterministic();
    for _ in 0..800 {
        let request = request().new_tree(&mut runner).unwrap().current();
        let text = signed(&request);
        let plain = plain_readings(&text);
        assert!(!differ(&plain), "{text} {plain:?}");
        accepted += usize::from(plain.len() > 1);
        differing += usize::from(differ(&readings(&text, "", ANY)));
    }
    assert!(accepted > 50 && differing > 50, "{accepted} {differing}: hardly tried");
}
