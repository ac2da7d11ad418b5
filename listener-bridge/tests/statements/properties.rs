//! Random damage: whatever happens to a file, reading it ends, does not panic, and loses no row
//! without a word.

use duizhang_core::statement::STATEMENT_LINES_MAX;
use duizhang_listener_bridge::statements::{Mapping, read_statement};
use proptest::prelude::*;
use proptest::sample::Index;

use super::gbk;
use super::layouts::{FUNDS, GEN_3, QQ, TRADES, WECHAT_CSV};
use super::samples;

/// Every sample, every file of ours, and the mapping that reads it.
fn corpus() -> Vec<(Vec<u8>, Option<Mapping>)> {
    let utf8 = [WECHAT_CSV, FUNDS, QQ].map(|text| text.as_bytes().to_vec());
    let own = [gbk(TRADES), gbk(GEN_3)].into_iter().chain(utf8);
    let mut corpus: Vec<(Vec<u8>, Option<Mapping>)> =
        own.into_iter().map(|bytes| (bytes, None)).collect();
    for (name, bytes) in samples::all() {
        let by = if name.contains("jd") { Some(samples::mapping("jd")) } else { None };
        let by = if name.contains("icbc") { Some(samples::mapping("bank_icbc")) } else { by };
        corpus.push((bytes, by));
    }
    corpus
}

#[derive(Clone, Debug)]
enum Damage {
    Set(Index, u8),
    Cut(Index),
    Drop(Index, usize),
    Double(Index, usize),
}

impl Damage {
    fn to(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set(at, value) => {
                let at = at.index(bytes.len());
                bytes[at] = *value;
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Drop(at, count) => {
                let at = at.index(bytes.len());
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::Double(at, count) => {
                let at = at.index(bytes.len());
                let piece = bytes[at..(at + count).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, value)| Damage::Set(at, value)),
        1 => any::<Index>().prop_map(Damage::Cut),
        2 => (any::<Index>(), 1_usize..200).prop_map(|(at, count)| Damage::Drop(at, count)),
        2 => (any::<Index>(), 1_usize..200).prop_map(|(at, count)| Damage::Double(at, count)),
    ];
    prop::collection::vec(one, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_damage_gives_a_statement_or_a_refusal(damages in damages()) {
        for (mut bytes, wanted) in corpus() {
            for damage in &damages {
                damage.to(&mut bytes);
            }
            if let Ok(statement) = read_statement(&bytes, wanted.as_ref()) {
                prop_assert!(!statement.proof.is_empty());
                prop_assert!(statement.lines.len() <= STATEMENT_LINES_MAX);
                prop_assert!(statement.lines.iter().all(|read| read.line.gross.minor() >= 0));
                prop_assert!(statement.lines.iter().all(|read| read.line.fee.minor() >= 0));
                // The same bytes are the same statement.
                prop_assert_eq!(&read_statement(&bytes, wanted.as_ref()).unwrap(), &statement);
            }
        }
    }

    #[test]
    fn a_line_that_is_taken_away_is_missed(gone in any::<Index>()) {
        for (text, rows) in [(WECHAT_CSV, 4), (TRADES, 3), (FUNDS, 3), (QQ, 2)] {
            let is_row = |line: &&str| line.trim_start_matches('`').starts_with("2026");
            let at = gone.index(rows);
            let victim = text.lines().filter(is_row).nth(at).unwrap();
            let cut: String = text.split_inclusive('\n').filter(|line| line.trim_end() != victim.trim_end()).collect();
            let statement = read_statement(cut.as_bytes(), None).unwrap();
            prop_assert_eq!(statement.lines.len(), rows - 1);
            prop_assert_eq!(statement.outcome(), duizhang_listener_bridge::statements::Outcome::Fail);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_statement(&bytes, None);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(:61:|:60F:|<OFX>|<STMTTRN>|!Type:|\\^|D8/|T1|`|,|\"|\n|[a-z0-9<>]){0,60}") {
        let _ = read_statement(text.as_bytes(), None);
    }
}
