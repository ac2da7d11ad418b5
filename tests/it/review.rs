//! The verbs that read a book, as an auditor meets them.
//!
//! Deliberately not here: what a replay or an audit finds in detail, which is tested in `replay`.

use std::path::Path;

use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::OrderId;
use duizhang_eventlog::history::write;
use duizhang_eventlog::{EventLog, Group, LogConfig, SledLog};

use crate::program::BookFile;

/// Writes into the log what no writer of ours would: the release of an amount that nobody held.
/// Returns the last position.
fn contradict(data: &Path) -> u64 {
    let (log, _) = SledLog::open(data, LogConfig::default()).expect("nobody else has it");
    let head = log.head();
    let chapter = Chapter {
        position: head.position.next(),
        at: head.time,
        fact: Fact::ClockTicked,
        decisions: vec![Decision::AmountReleased { order: OrderId::from_bits(7) }],
    };
    let mut group = Group::new(head.time);
    write(&chapter, &mut group).expect("two events fit");
    let head = log.append(&group).expect("a healthy disk");
    log.close().expect("it closes");
    head.position.number()
}

#[test]
fn a_log_that_contradicts_itself_is_a_finding_of_every_verb_that_plays_it() {
    let book = BookFile::new("http://127.0.0.1:8331/");
    assert_eq!(book.serve().stop().code, Some(0));
    let head = contradict(&book.data()).to_string();
    let verbs: [(&[&str], &str); 4] = [
        (&["audit"], "contradicts what came before it"),
        (&["replay", "--day", "2026-11-21"], "No report: the events contradict each other."),
        (&["replay", "--day", "2026-11-21", "--json"], "\"report\": null"),
        (&["replay", "--from", "0", "--to", &head], "the play ended here"),
    ];
    for (verb, says) in verbs {
        let ended = book.run(verb);
        assert_eq!(ended.code, Some(1), "{verb:?}: {ended:?}");
        assert!(ended.output.contains(says), "{verb:?}: {ended:?}");
    }
}
