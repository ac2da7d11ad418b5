//! How many readings a signed text has: counted, by trying every grouping of its pieces.
//!
//! A text is `k=v` joined by `&`. A reading takes each piece either as the beginning of a parameter
//! or as a part of the value before it. Whoever knows one signed text can send every reading of
//! which the pairs sort back to the same text.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::canon;
use super::grammar::check_pairs;

type Reading = BTreeMap<String, String>;

/// Every reading of a text that a server could be shown, whatever it thinks of its parameters.
fn readings(text: &str) -> Vec<Reading> {
    let pieces: Vec<&str> = text.split('&').collect();
    assert!(pieces.len() <= 16, "2^15 groupings are enough");
    let mut found = Vec::new();
    for cuts in 0_u32..1 << (pieces.len() - 1) {
        let mut groups = vec![String::from(pieces[0])];
        for (at, piece) in pieces.iter().enumerate().skip(1) {
            if cuts & (1 << (at - 1)) == 0 {
                groups.push(String::from(*piece));
            } else {
                let last = groups.last_mut().unwrap();
                last.push('&');
                last.push_str(piece);
            }
        }
        let pairs: Option<Vec<(String, String)>> = groups
            .iter()
            .map(|group| {
                let (name, value) = group.split_once('=')?;
                Some((String::from(name), String::from(value)))
            })
            .collect();
        let Some(pairs) = pairs else { continue };
        let reading: Reading = pairs.iter().cloned().collect();
        let again =
            canon::text(reading.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if reading.len() == pairs.len() && again == text {
            found.push(reading);
        }
    }
    found
}

fn accepted(text: &str, strict: bool) -> Vec<Reading> {
    let fits = |reading: &Reading| {
        let pairs: Vec<_> = reading.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        check_pairs(&pairs, strict).is_ok()
    };
    readings(text).into_iter().filter(fits).collect()
}

/// Most pieces of a text: 2^9 groupings are tried for each.
const PIECES_MAX: usize = 10;
/// Names inside values: those of parameters collide, the others are only in the way.
const COLLIDING: &[&str] =
    &["money", "out_trade_no", "notify_url", "param", "pid", "type", "name", "order"];
const MOSTLY_FREE: &[&str] = &["order", "p", "nx", "q", "zz", "aa", "type"];

/// What a shop's server or its payer decides over, made of few words so that they collide.
fn request(inner: &'static [&'static str]) -> impl Strategy<Value = Reading> {
    let word = || proptest::sample::select(&["A", "B", "1", "VIP", "http://a/n?x=1"][..]);
    let name = move || proptest::sample::select(inner);
    let value =
        (word(), proptest::collection::vec((name(), word()), 0..2)).prop_map(|(head, tail)| {
            let tail: String =
                tail.iter().map(|(name, value)| format!("&{name}={value}")).collect();
            format!("{head}{tail}")
        });
    let required = ["money", "name", "notify_url", "out_trade_no", "pid"];
    let optional =
        proptest::sample::subsequence(vec!["device", "param", "return_url", "type"], 0..3);
    (proptest::collection::vec(value, 9), optional).prop_map(move |(values, optional)| {
        let names = required.iter().copied().chain(optional);
        names.map(String::from).zip(values).collect()
    })
}

fn text_of(request: &Reading) -> String {
    canon::text(request.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

fn first_piece(reading: &Reading, name: &str) -> Option<String> {
    reading.get(name).map(|value| String::from(value.split('&').next().unwrap_or_default()))
}

#[test]
fn a_strict_request_has_exactly_one_reading() {
    let (accepted_ones, several) = (Cell::new(0), Cell::new(0));
    let config = Config { max_global_rejects: 1 << 20, ..Config::with_cases(400) };
    let mut runner = TestRunner::new(config);
    runner
        .run(&request(MOSTLY_FREE), |request| {
            let text = text_of(&request);
            prop_assume!(text.split('&').count() <= PIECES_MAX);
            several.set(several.get() + usize::from(readings(&text).len() > 1));
            let accepted = accepted(&text, true);
            prop_assert!(accepted.len() <= 1, "{} {:?}", text, accepted);
            accepted_ones.set(accepted_ones.get() + accepted.len());
            Ok(())
        })
        .unwrap();
    assert!(accepted_ones.get() > 50 && several.get() > 50, "{accepted_ones:?} {several:?}");
}

#[test]
fn lax_readings_agree_in_everything_that_matters() {
    let disagreeing = Cell::new(0);
    let config = Config { max_global_rejects: 1 << 20, ..Config::with_cases(400) };
    let mut runner = TestRunner::new(config);
    runner
        .run(&request(COLLIDING), |request| {
            let text = text_of(&request);
            prop_assume!(text.split('&').count() <= PIECES_MAX);
            let accepted = accepted(&text, false);
            let all = readings(&text);
            for core in ["money", "notify_url", "out_trade_no", "param", "pid", "return_url"] {
                let said: Vec<_> = accepted.iter().map(|one| first_piece(one, core)).collect();
                prop_assert!(
                    said.windows(2).all(|two| two[0] == two[1]),
                    "{} {} {:?}",
                    core,
                    text,
                    said
                );
                let said: Vec<_> = all.iter().map(|one| first_piece(one, core)).collect();
                let differ = said.windows(2).any(|two| two[0] != two[1]);
                disagreeing.set(disagreeing.get() + usize::from(differ));
            }
            Ok(())
        })
        .unwrap();
    assert!(disagreeing.get() > 50, "{disagreeing:?}: the rules were hardly needed");
}

#[test]
fn the_known_ambiguity_is_found_and_refused() {
    let evil = "money=1&name=VIP&notify_url=http://a/n&out_trade_no=T999&p=x&notify_url=http://a/n\
                &out_trade_no=T1&pid=1001";
    let numbers: Vec<_> =
        readings(evil).iter().filter_map(|one| first_piece(one, "out_trade_no")).collect();
    assert!(numbers.contains(&String::from("T1")) && numbers.contains(&String::from("T999")));
    assert!(accepted(evil, false).is_empty());
    assert!(accepted(evil, true).is_empty());
    let real = "money=1&name=VIP&notify_url=http://a/n?x=1&y=2&out_trade_no=T1&pid=1001";
    let sent = Some(String::from("http://a/n?x=1&y=2"));
    assert!(accepted(real, false).iter().any(|one| one.get("notify_url").cloned() == sent));
    let [only] = &accepted(real, true)[..] else { panic!("one reading") };
    assert_eq!(only.get("notify_url").cloned(), sent);
}
