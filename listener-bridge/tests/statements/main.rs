//! Statement files, end to end: public samples, files written to the letter of each layout with
//! its traps, wrong files, and properties over damage and over rendering.
//!
//! Deliberately not here: the small readers of text, money and time, which test themselves.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by where it stops")]

mod containers;
mod layouts;
mod properties;
mod rendered;
mod samples;
mod traps;

use duizhang_core::statement::{Line, LineKind};
use duizhang_listener_bridge::statements::{Check, Outcome, Statement};
use encoding_rs::GB18030;

/// A text as China's channels encode it.
pub(crate) fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = GB18030.encode(text);
    assert!(!lossy, "GB18030 has every character");
    bytes.into_owned()
}

/// How many lines of a kind there are, and what they sum to in minor units.
pub(crate) fn sum_of(statement: &Statement, kind: LineKind) -> (usize, i64) {
    let lines = statement.lines.iter().map(|recorded| &recorded.line);
    let of_kind: Vec<&Line> = lines.filter(|line| line.kind == kind).collect();
    (of_kind.len(), of_kind.iter().map(|line| line.gross.minor()).sum())
}

/// The worst outcome of one check, if it was made.
pub(crate) fn outcome_of(statement: &Statement, check: Check) -> Option<Outcome> {
    let findings = statement.proof.iter().filter(|finding| finding.check == check);
    findings.map(|finding| finding.outcome).max()
}

/// An archive of these entries, with names as they are given.
pub(crate) fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
