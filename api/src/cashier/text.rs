//! Foreign text, amounts and times as the payer reads them.
//!
//! Invariants: a foreign text cannot turn the direction of what stands around it, hide characters
//! or push the rest off the page; an amount keeps its digits as the payer has to type them, without
//! grouping.
//! Deliberately not here: escaping for HTML, which the template engine does, and sentences.

use chrono::{DateTime, FixedOffset, SecondsFormat};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::time::{Span, Timestamp};

use super::language::Language;

/// How many characters of a shop's text the page shows; three lines on a phone.
pub const TEXT_CHARS_MAX: usize = 120;

/// Longest address that becomes a link; browsers and proxies cut addresses not far above.
pub(super) const ADDRESS_BYTES_MAX: usize = 2_048;

/// A shop's text, made harmless for the eye: what cannot be seen is shown as U+FFFD, what is too
/// long is cut.
pub(super) fn visible(text: &str) -> String {
    let mut shown: String = text
        .trim()
        .chars()
        .take(TEXT_CHARS_MAX)
        .map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.trim().chars().nth(TEXT_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Controls, marks that turn the direction of writing, and characters without width or ink. The
/// joiner U+200D stays: family emoji are made with it.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

/// Only an address of at most [`ADDRESS_BYTES_MAX`] bytes that a browser opens as a web page. The
/// first characters decide the scheme, so nothing that follows can make it a script; hidden
/// characters in an address are never meant well.
pub(super) fn web_address(address: &str) -> Option<&str> {
    let is_web = ["https://", "http://"].into_iter().any(|scheme| {
        address
            .get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme) && address.len() > scheme.len())
    });
    let is_plain = !address.chars().any(|c| is_hidden(c) || c.is_whitespace());
    (is_web && is_plain && address.len() <= ADDRESS_BYTES_MAX).then_some(address)
}

/// A payment address that may be shown whole, to be copied: cut or altered it would be another one.
pub(super) fn whole_address(address: &str) -> Option<&str> {
    let is_plain = !address.is_empty() && !address.chars().any(is_hidden);
    (is_plain && address.len() <= ADDRESS_BYTES_MAX).then_some(address)
}

/// The sign that stands before an amount.
pub(super) const fn sign(currency: Currency) -> &'static str {
    match currency {
        Currency::Cny => "¥",
        Currency::Hkd => "HK$",
        Currency::Usd => "US$",
        Currency::Eur => "€",
        Currency::Jpy => "JP¥",
    }
}

/// An amount inside a sentence: `10.01 元` or `¥10.01`.
pub(super) fn amount(language: Language, amount: Amount) -> String {
    let number = amount.decimal_text();
    match language {
        Language::Chinese => format!("{number} {}", chinese_unit(amount.currency())),
        Language::English => format!("{}{number}", sign(amount.currency())),
    }
}

const fn chinese_unit(currency: Currency) -> &'static str {
    match currency {
        Currency::Cny => "元",
        Currency::Hkd => "港元",
        Currency::Usd => "美元",
        Currency::Eur => "欧元",
        Currency::Jpy => "日元",
    }
}

/// A span as a clock counts it down: `4:09`, `1:00:00`.
pub(super) fn count_down(left: Span) -> String {
    let secs = left.secs();
    let (hours, mins, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    if hours > 0 { format!("{hours}:{mins:02}:{secs:02}") } else { format!("{mins}:{secs:02}") }
}

/// An instant in the book's zone: the text for people and the text for machines.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) shown: String,
    pub(super) machine: String,
}

/// The instant at this offset from UTC; nothing for an instant or an offset that no calendar has.
pub(super) fn moment(at: Timestamp, utc_offset_secs: i32) -> Option<Moment> {
    let zone = FixedOffset::east_opt(utc_offset_secs)?;
    let local = DateTime::from_timestamp_micros(at.micros())?.with_timezone(&zone);
    Some(Moment {
        shown: local.format("%Y-%m-%d %H:%M:%S").to_string(),
        machine: local.to_rfc3339_opts(SecondsFormat::Secs, true),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hidden_characters_are_shown_and_long_texts_are_cut() {
        assert_eq!(visible(" 手机壳 👨‍👩‍👧 "), "手机壳 👨‍👩‍👧");
        assert_eq!(
            visible("ab\u{202E}cd\u{200B}\n\u{2066}"),
            "ab\u{FFFD}cd\u{FFFD}\u{FFFD}\u{FFFD}"
        );
        let exact = "字".repeat(TEXT_CHARS_MAX);
        assert_eq!(visible(&exact), exact);
        assert_eq!(visible(&format!("{exact}字")), format!("{exact}…"));
    }

    #[test]
    fn only_web_addresses_are_links() {
        for good in ["https://shop.example/", "http://127.0.0.1:80/a?b=c", "HTTPS://shop.example"] {
            assert_eq!(web_address(good), Some(good));
        }
        for bad in [
            "",
            "https://",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)//https://shop.example",
            "\tjavascript:alert(1)",
            " https://shop.example",
            "java\nscript:alert(1)",
            "https://shop.example/\u{202E}moc",
            "https://shop.example/a b",
            "data:text/html,x",
            "//shop.example",
            "/pay/x",
            "weixin://x",
            "店://",
        ] {
            assert_eq!(web_address(bad), None, "{bad}");
        }
        let longest = format!("{:a<ADDRESS_BYTES_MAX$}", "https://");
        assert_eq!(web_address(&longest), Some(longest.as_str()));
        assert_eq!(web_address(&format!("{longest}a")), None);
    }

    #[test]
    fn times_are_written_in_the_books_zone() {
        let at = Timestamp::from_secs(1_772_323_200);
        let shown = moment(at, 8 * 3_600).expect("a time of this century");
        assert_eq!(shown.shown, "2026-03-01 08:00:00");
        assert_eq!(shown.machine, "2026-03-01T08:00:00+08:00");
        assert!(moment(Timestamp::MAX, 0).is_none());
        assert!(moment(at, i32::MAX).is_none());
    }

    #[test]
    fn spans_are_counted_down_as_clocks_do() {
        let cases =
            [(0, "0:00"), (59, "0:59"), (249, "4:09"), (3_600, "1:00:00"), (90_061, "25:01:01")];
        for (secs, text) in cases {
            assert_eq!(count_down(Span::from_secs(secs)), text);
        }
    }

    #[test]
    fn amounts_keep_their_digits() {
        assert_eq!(amount(Language::Chinese, Amount::fen(123_456_789)), "1234567.89 元");
        assert_eq!(amount(Language::English, Amount::fen(1_001)), "¥10.01");
        let yen = Amount::from_minor(500, Currency::Jpy);
        assert_eq!(amount(Language::Chinese, yen), "500 日元");
        assert_eq!(amount(Language::English, yen), "JP¥500");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_short_and_holds_nothing_hidden(text in any::<String>()) {
            let shown = visible(&text);
            prop_assert!(shown.chars().count() <= TEXT_CHARS_MAX + 1);
            prop_assert!(!shown.chars().any(is_hidden));
        }

        #[test]
        fn a_link_always_opens_a_web_page(text in "(?i)(https?|javascript|data)?:?/{0,2}\\PC{0,20}") {
            if let Some(address) = web_address(&text) {
                let lower = address.to_ascii_lowercase();
                prop_assert!(lower.starts_with("http://") || lower.starts_with("https://"));
            }
        }

        #[test]
        fn any_time_is_written_or_left_out(micros: i64, offset: i32) {
            let _ = moment(Timestamp::from_micros(micros), offset);
        }
    }
}
