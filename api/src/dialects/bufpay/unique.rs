//! How many readings a signed text has: counted, by trying every split of it against every message
//! of the protocol.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::grammar::{is_pay_type, is_strict_address, is_strict_name, is_strict_uid};
use crate::dialects::strict::{is_strict_number, is_strict_price};

/// The grammar of the texts between two splits, by what they are.
#[derive(Clone, Copy)]
struct Grammar {
    name: fn(&str) -> bool,
    price: fn(&str) -> bool,
    order_id: fn(&str) -> bool,
    order_uid: fn(&str) -> bool,
    notify_url: fn(&str) -> bool,
    later_url: fn(&str) -> bool,
    /// Whether an absent way back forbids an address for complaints.
    in_order: bool,
}

const STRICT: Grammar = Grammar {
    name: is_strict_name,
    price: is_strict_price,
    order_id: is_strict_number,
    order_uid: is_strict_uid,
    notify_url: is_strict_address,
    later_url: |text| text.is_empty() || is_strict_address(text),
    in_order: true,
};

/// The default, as far as the cases below need it.
const PLAIN: Grammar = Grammar {
    name: |text| !text.is_empty(),
    price: |text| {
        use duizhang_core::amount::{Amount, Currency};
        Amount::parse(text, Currency::Cny).is_ok_and(Amount::is_positive)
    },
    order_id: |text| !text.is_empty(),
    order_uid: |_| true,
    notify_url: |text| text.is_empty() || text.starts_with("http"),
    later_url: |text| text.is_empty() || text.starts_with("http"),
    in_order: false,
};

fn is_aoid(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn splits(text: &str, fits: fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
    let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    places.map(|at| text.split_at(at)).filter(move |(front, _)| fits(front))
}

/// Every reading of a text as a request: the loops try all places; nothing is assumed about where a
/// field ends.
fn requests(text: &str, grammar: Grammar) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for (name, rest) in splits(text, grammar.name) {
        for (pay_type, rest) in splits(rest, is_pay_type) {
            for (price, rest) in splits(rest, grammar.price) {
                for (order_id, rest) in splits(rest, grammar.order_id) {
                    for (order_uid, rest) in splits(rest, grammar.order_uid) {
                        for (notify, rest) in splits(rest, grammar.notify_url) {
                            for (back, feedback) in splits(rest, grammar.later_url) {
                                let disordered = back.is_empty() && !feedback.is_empty();
                                if (grammar.later_url)(feedback)
                                    && !(grammar.in_order && disordered)
                                {
                                    found.push(vec![
                                        name, pay_type, price, order_id, order_uid, notify, back,
                                        feedback,
                                    ]);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    found
}

/// Every reading of a text as a callback.
fn callbacks(text: &str, grammar: Grammar) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    for (aoid, rest) in splits(text, is_aoid) {
        for (order_id, rest) in splits(rest, grammar.order_id) {
            for (order_uid, rest) in splits(rest, grammar.order_uid) {
                for (price, pay_price) in splits(rest, grammar.price) {
                    if (grammar.price)(pay_price) {
                        found.push(vec![aoid, order_id, order_uid, price, pay_price]);
                    }
                }
            }
        }
    }
    found
}

fn readings(text: &str, grammar: Grammar) -> Vec<Vec<&str>> {
    let mut found = requests(text, grammar);
    found.extend(callbacks(text, grammar));
    found
}

fn message() -> impl Strategy<Value = Vec<String>> {
    // Few characters, and those that other fields are made of, so that boundaries collide often.
    let name = || "(ali|wec|hat|pay|[a-fw0-9.|:/_]){1,5}";
    let pay_type = || "(alipay|wechat)";
    let price = || "(0\\.0[1-9]|[1-9][0-9]{0,2}\\.[0-9]{2})";
    let order_id = || "(http|https|[a-f0-9_-]){1,5}";
    let order_uid = || "[|{~](http|https|[0-9a-f.|~_-]){0,4}[|{}a_]";
    let address = || "https?://(http|https|[a-c0-9./?=&:|]){1,5}";
    let kept = |message: &Vec<String>| {
        let [name, .., _] = message.as_slice() else { return false };
        message.len() == 5
            || (is_strict_name(name)
                && message[5..].iter().all(|text| text.is_empty() || is_strict_address(text)))
    };
    let later = (address(), address(), 0..3_usize).prop_map(|(back, feedback, count)| {
        [Some(back).filter(|_| count > 0), Some(feedback).filter(|_| count > 1)]
            .map(Option::unwrap_or_default)
    });
    let request = (name(), pay_type(), price(), order_id(), order_uid(), address(), later)
        .prop_map(|(a, b, c, d, e, f, [g, h])| vec![a, b, c, d, e, f, g, h]);
    let callback = ("[0-9a-f]{32}", order_id(), order_uid(), price(), price())
        .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e]);
    prop_oneof![3 => request, 1 => callback].prop_filter("outside of the grammar", kept)
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
    let aoid = "0123456789abcdef0123456789abcdef";
    // Each pair of readings has one signature, so whoever holds one of them can send the other.
    // In the last row an order that was paid in full is shown as a dearer one, whose number is that
    // of the first without its last digit: price fits the shop's own, and only what came does not.
    let cases: [(&[&str], &[&str]); 5] = [
        (
            &["VIP", "wechat", "10.00", "A", "u", "http://a", "", ""],
            &["VIP", "wechat", "10.00", "Au", "", "http://a", "", ""],
        ),
        (
            &["VIP", "wechat", "10.00", "1", "", "http://a", "", ""],
            &["VIP", "wechat", "10.0", "01", "", "http://a", "", ""],
        ),
        (
            &["VIP", "wechat", "10.00", "A", "", "http://a", "http://b", ""],
            &["VIP", "wechat", "10.00", "A", "", "http://a", "", "http://b"],
        ),
        (&[aoid, "A", "", "12.00", "10.01"], &[aoid, "A1", "", "2.00", "10.01"]),
        (&[aoid, "A1", "", "2.00", "2.00"], &[aoid, "A", "", "12.00", "2.00"]),
    ];
    for (one, other) in cases {
        let text = one.concat();
        assert_eq!(text, other.concat());
        let plain = readings(&text, PLAIN);
        assert!(plain.iter().any(|read| read == one), "{one:?}");
        assert!(plain.iter().any(|read| read == other), "{other:?}");
        assert_eq!(readings(&text, STRICT).len(), 0, "{text}");
    }
}
