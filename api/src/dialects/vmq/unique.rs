//! How many readings a signed text has: counted, by trying every split of it against every message
//! of the protocol.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::dialects::strict::{MARKS, is_marked, is_odd, is_strict_number, is_strict_price};

/// One way to read a signed text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Read<'a> {
    Create([&'a str; 4]),
    Fox([&'a str; 4]),
    Notify([&'a str; 5]),
    Push([&'a str; 3]),
    Heart(&'a str),
    Close(&'a str),
}

/// The grammar of texts between two splits.
#[derive(Clone, Copy)]
struct Grammar {
    pay_id: fn(&str) -> bool,
    param: fn(&str) -> bool,
    price: fn(&str) -> bool,
}

const STRICT: Grammar =
    Grammar { pay_id: is_strict_number, param: is_marked, price: is_strict_price };

/// The default: every text without `&`, `=` and control characters, every decimal.
const PLAIN: Grammar = Grammar { pay_id: is_plain_id, param: is_plain, price: is_decimal };

fn is_plain(text: &str) -> bool {
    !is_odd(text)
}

fn is_plain_id(text: &str) -> bool {
    !text.is_empty() && is_plain(text)
}

fn is_decimal(text: &str) -> bool {
    use duizhang_core::amount::{Amount, Currency};
    Amount::parse(text, Currency::Cny).is_ok_and(Amount::is_positive)
}

fn is_kind(text: &str) -> bool {
    matches!(text, "1" | "2" | "3")
}

fn is_time(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_order_id(text: &str) -> bool {
    text.parse::<duizhang_core::id::OrderId>().is_ok()
}

fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).map(|at| text.split_at(at))
}

/// Every reading of a text under a grammar. The loops try all places; nothing is assumed about
/// where a field ends.
fn readings(text: &str, grammar: Grammar) -> Vec<Read<'_>> {
    let mut found = Vec::new();
    for (pay_id, rest) in splits(text).filter(|(pay_id, _)| (grammar.pay_id)(pay_id)) {
        for (param, rest) in splits(rest).filter(|(param, _)| (grammar.param)(param)) {
            for (kind, rest) in splits(rest).filter(|(kind, _)| is_kind(kind)) {
                if (grammar.price)(rest) {
                    found.push(Read::Create([pay_id, param, kind, rest]));
                }
                for (price, really) in splits(rest).filter(|(price, _)| (grammar.price)(price)) {
                    if (grammar.price)(really) {
                        found.push(Read::Notify([pay_id, param, kind, price, really]));
                    }
                }
            }
        }
    }
    for (kind, rest) in splits(text).filter(|(kind, _)| is_kind(kind)) {
        for (price, t) in splits(rest).filter(|(_, t)| is_time(t)) {
            if (grammar.price)(price) {
                found.push(Read::Push([kind, price, t]));
            }
        }
    }
    found.extend(fox_readings(text, grammar));
    if is_time(text) {
        found.push(Read::Heart(text));
    }
    if is_order_id(text) {
        found.push(Read::Close(text));
    }
    found
}

/// Every reading of a text as vmqfox's request, whose signed text has names.
fn fox_readings(text: &str, grammar: Grammar) -> Vec<Read<'_>> {
    let mut found = Vec::new();
    let Some(text) = text.strip_prefix(FOX[0]).and_then(|rest| rest.strip_suffix(FOX[4])) else {
        return found;
    };
    for (pay_id, rest) in splits(text).filter(|(pay_id, _)| (grammar.pay_id)(pay_id)) {
        let Some(rest) = rest.strip_prefix(FOX[1]) else { continue };
        for (param, rest) in splits(rest).filter(|(param, _)| (grammar.param)(param)) {
            let Some(rest) = rest.strip_prefix(FOX[2]) else { continue };
            for (kind, rest) in splits(rest).filter(|(kind, _)| is_kind(kind)) {
                let price = rest.strip_prefix(FOX[3]).filter(|price| (grammar.price)(price));
                found.extend(price.map(|price| Read::Fox([pay_id, param, kind, price])));
            }
        }
    }
    found
}

/// What stands in front of vmqfox's four texts, and behind them.
const FOX: [&str; 5] = ["payId=", "&param=", "&type=", "&price=", "&key="];

fn with_names([pay_id, param, kind, price]: [&str; 4]) -> Vec<String> {
    [FOX[0], pay_id, FOX[1], param, FOX[2], kind, FOX[3], price, FOX[4]].map(String::from).to_vec()
}

fn param() -> impl Strategy<Value = String> {
    // Few characters, and those that other fields are made of, so that boundaries collide often.
    let mark = proptest::sample::select(&MARKS[..]);
    (mark, "[0-9.1|{~:a_-]{0,6}", "[|{~:}a_-]").prop_map(|(mark, middle, end)| {
        let mut param = String::from(mark);
        param.push_str(&middle);
        param.push_str(&end);
        param
    })
}

fn message() -> impl Strategy<Value = Vec<String>> {
    let pay_id = || "[0-9A-Za-z_-]{1,6}";
    let kind = || "[123]";
    let price = || "(0\\.0[1-9]|[1-9][0-9]{0,3}\\.[0-9]{2})";
    let t = || "1[0-9]{12}";
    prop_oneof![
        (pay_id(), param(), kind(), price()).prop_map(|(a, b, c, d)| vec![a, b, c, d]),
        (pay_id(), param(), kind(), price(), price())
            .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e]),
        (pay_id(), param(), kind(), price()).prop_map(|(a, b, c, d)| with_names([&a, &b, &c, &d])),
        (kind(), price(), t()).prop_map(|(a, b, c)| vec![a, b, c]),
        t().prop_map(|t| vec![t]),
        any::<u128>()
            .prop_map(|bits| vec![duizhang_core::id::OrderId::from_bits(bits).to_string()]),
    ]
}

fn fields(read: &Read<'_>) -> Vec<String> {
    let owned = |fields: &[&str]| fields.iter().map(|text| String::from(*text)).collect();
    match read {
        Read::Create(fields) => owned(fields),
        Read::Fox(fields) => with_names(*fields),
        Read::Notify(fields) => owned(fields),
        Read::Push(fields) => owned(fields),
        Read::Heart(text) | Read::Close(text) => owned(&[text]),
    }
}

#[test]
fn a_strict_message_has_exactly_one_reading() {
    let config = Config { cases: 1_600, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&message(), |message| {
            let text = message.concat();
            let readings = readings(&text, STRICT);
            prop_assert_eq!(readings.len(), 1, "{:?}", readings);
            prop_assert_eq!(fields(&readings[0]), message);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_the_plain_grammar_leaves_open_is_known() {
    let create = |pay_id, param, kind, price| Read::Create([pay_id, param, kind, price]);
    // Each pair of readings has one signature, so whoever holds one of them can send the other. The
    // last two belong together: an order of 29.90 is asked for as one of 9.90, and its callback has
    // number and price of the shop's own order. Only what came betrays it.
    let notify =
        |pay_id, param, kind, price, came| Read::Notify([pay_id, param, kind, price, came]);
    let cases = [
        (create("ORD", "7", "1", "10.00"), create("ORD7", "", "1", "10.00")),
        (create("ORD7", "", "1", "110.00"), create("ORD71", "", "1", "10.00")),
        (notify("ORD", "", "1", "10.0", "10.01"), create("ORD110.0", "", "1", "0.01")),
        (create("ORD", "", "1", "29.90"), create("ORD", "1", "2", "9.90")),
        (notify("ORD", "1", "2", "9.9", "9.9"), notify("ORD", "", "1", "29.9", "9.9")),
    ];
    for (one, other) in &cases {
        let text = fields(one).concat();
        assert_eq!(text, fields(other).concat());
        let plain = readings(&text, PLAIN);
        assert!(plain.contains(one), "{one:?} of {text}");
        assert!(plain.contains(other), "{other:?} of {text}");
        assert_eq!(readings(&text, STRICT), [], "{text}");
    }
}
