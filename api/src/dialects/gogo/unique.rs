//! How many readings a signed text has: counted, by trying every split of it against every message
//! of the protocol. The merchant's name in front of all of them is left out: whoever knows the key
//! knows where it ends.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::dialects::strict::{MARKS, is_marked, is_odd, is_strict_number, is_strict_price};

/// The grammar of payId, param and price.
type Grammar = [fn(&str) -> bool; 3];

const STRICT: Grammar = [is_strict_number, is_marked, is_strict_price];
const PLAIN: Grammar = [
    |text| !text.is_empty() && !is_odd(text),
    |text| !is_odd(text),
    |text| {
        use duizhang_core::amount::{Amount, Currency};
        Amount::parse(text, Currency::Cny).is_ok_and(Amount::is_positive)
    },
];

fn is_kind(text: &str) -> bool {
    matches!(text, "1" | "2")
}

fn splits(text: &str, fits: fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
    let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    places.map(|at| text.split_at(at)).filter(move |(front, _)| fits(front))
}

/// Every reading of a text, as a request and as a callback.
fn readings(text: &str, [pay_id, param, price]: Grammar) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for (number, rest) in splits(text, pay_id) {
        for (own, rest) in splits(rest, param) {
            for (kind, rest) in splits(rest, is_kind) {
                if price(rest) {
                    found.push(vec![number, own, kind, rest]);
                }
                for (asked, came) in splits(rest, price).filter(|(_, came)| price(came)) {
                    found.push(vec![number, own, kind, asked, came]);
                }
            }
        }
    }
    found
}

fn message() -> impl Strategy<Value = Vec<String>> {
    // Few characters, and those that other fields are made of, so that boundaries collide often.
    let mark = proptest::sample::select(&MARKS[..]);
    let param = (mark, "[0-9.12|{~:a_-]{0,6}", "[|{~:}a_-]")
        .prop_map(|(mark, middle, end)| format!("{mark}{middle}{end}"));
    let price = || "(0\\.0[1-9]|[1-9][0-9]{0,3}\\.[0-9]{2})";
    ("[0-9A-Za-z_-]{1,6}", param, "[12]", price(), proptest::option::of(price())).prop_map(
        |(pay_id, param, kind, asked, came)| {
            [pay_id, param, kind, asked].into_iter().chain(came).collect()
        },
    )
}

#[test]
fn a_strict_message_has_exactly_one_reading() {
    let config = Config { cases: 1_600, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&message(), |message| {
            let text = message.concat();
            prop_assert_eq!(readings(&text, STRICT), [message], "{}", text);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_the_plain_grammar_leaves_open_is_known() {
    // Each pair of readings has one signature. Nobody can send the other request without the key;
    // a payer can show the shop the other callback. In the last row an order that was paid in full
    // is shown as a dearer one: price fits the shop's own, and only what came does not.
    let cases: [(&[&str], &[&str]); 4] = [
        (&["ORD", "7", "1", "10.00", "10.01"], &["ORD7", "", "1", "10.00", "10.01"]),
        (&["ORD7", "", "1", "110.00", "110.01"], &["ORD71", "", "1", "10.00", "110.01"]),
        (&["ORD7", "", "1", "1.00", "10.01"], &["ORD7", "", "1", "1.0", "010.01"]),
        (&["ORD71", "", "1", "10.00", "10.00"], &["ORD7", "", "1", "110.00", "10.00"]),
    ];
    for (one, other) in &cases {
        let text = one.concat();
        assert_eq!(text, other.concat());
        let plain = readings(&text, PLAIN);
        assert!(plain.iter().any(|read| read == one), "{one:?}");
        assert!(plain.iter().any(|read| read == other), "{other:?}");
        assert_eq!(readings(&text, STRICT).len(), 0, "{text}");
    }
}
