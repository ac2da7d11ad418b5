//! Which language the payer reads.
//!
//! Invariants: the choice in the address wins, then the browser's list by its weights, then
//! Chinese; a text that cannot be read is passed over, never an error.
//! Deliberately not here: the phrases themselves, and scripts or regions (`zh-TW` reads the same
//! page).

/// How many entries of an Accept-Language header are looked at. Browsers send fewer than ten.
const ENTRIES_MAX: usize = 16;

/// A language of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 简体中文.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Both, the default first.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The BCP 47 tag for the `lang` attribute.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The word that `?lang=` takes.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The name of the language in itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Chinese => "中文",
            Self::English => "English",
        }
    }

    /// The other one, for the switch on the page.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.word()))
    }
}

/// The language for a request, from its Accept-Language header and its `lang` parameter.
#[must_use]
pub fn choose_language(accept_language: Option<&str>, query: Option<&str>) -> Language {
    query
        .and_then(Language::from_tag)
        .or_else(|| accept_language.and_then(most_wanted))
        .unwrap_or(Language::Chinese)
}

fn most_wanted(header: &str) -> Option<Language> {
    let mut best: Option<(u16, Language)> = None;
    for entry in header.split(',').take(ENTRIES_MAX) {
        let (tag, parameters) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let (Some(language), Some(weight)) = (Language::from_tag(tag), weight(parameters)) else {
            continue;
        };
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// The weight in thousandths (RFC 9110, 12.4.2): `0` to `1` with at most three decimals.
fn weight(parameters: &str) -> Option<u16> {
    let value = parameters.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim();
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{Chinese, English};
    use proptest::prelude::*;

    #[test]
    fn the_address_wins_then_the_browser_then_chinese() {
        let cases = [
            (None, None, Chinese),
            (None, Some("en"), English),
            (None, Some("EN-us"), English),
            (Some("en"), Some("zh"), Chinese),
            (Some("en"), Some("xx"), English),
            (Some("en"), Some(""), English),
            (Some("en-US,en;q=0.9"), None, English),
            (Some("zh-TW"), None, Chinese),
            (Some("de,fr;q=0.8"), None, Chinese),
            (Some("de,en;q=0.3,zh;q=0.2"), None, English),
            (Some("en;q=0.3, zh-CN;q=0.8"), None, Chinese),
            (Some("en , zh"), None, English),
            (Some("en;q=0"), None, Chinese),
            (Some("zh;q=0,en;q=0.001"), None, English),
        ];
        for (header, query, language) in cases {
            assert_eq!(choose_language(header, query), language, "{header:?} {query:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let headers = [
            "",
            ",",
            ";;;",
            "en;q=",
            "en;q=2",
            "en;q=1.5",
            "en;q=0.1234",
            "en;q=-1",
            "*",
            "english",
        ];
        for header in headers {
            assert_eq!(choose_language(Some(header), None), Chinese, "{header}");
        }
        let late = format!("{}en", "de,".repeat(ENTRIES_MAX));
        assert_eq!(choose_language(Some(&late), None), Chinese);
    }

    proptest! {
        #[test]
        fn any_header_gives_a_language(header in "\\PC{0,60}", query in "\\PC{0,10}") {
            let _ = choose_language(Some(&header), Some(&query));
        }
    }
}
