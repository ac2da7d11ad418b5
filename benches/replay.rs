//! The real program over a book of a million events on this disk: `replay` of everything, `replay`
//! of the last day, `audit`.
//!
//! Each time is that of a whole process: opening the journal and the store, reading, decoding,
//! deciding again, telling. The fastest of some runs is printed; the file cache is warm. `--test`
//! plays a short book once; `--keep DIR` leaves the book in a folder, to be played by hand.
//! Deliberately not here: deciding alone, with all events in memory (`fold`).
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::print_stdout, reason = "the times are the result")]

mod history;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use duizhang_core::event::Chapter;
use duizhang_eventlog::history::write;
use duizhang_eventlog::{EventLog, Group, LogConfig, SledLog};
use duizhang_projections::calendar::Zone;
use history::History;

/// Events of the book; of the short one, too.
const EVENTS: u64 = 1_000_000;
const EVENTS_QUICK: u64 = 2_000;
/// Facts in one group: what a writer under load takes at once.
const GROUP_FACTS: usize = 64;
/// Runs of each verb.
const RUNS: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // As criterion does it: only `cargo bench` says `--bench`, and without it the bench is a test.
    let quick = !arguments.iter().any(|argument| argument == "--bench")
        || arguments.iter().any(|argument| argument == "--test");
    let kept = arguments.iter().position(|argument| argument == "--keep");
    let kept = kept.and_then(|at| arguments.get(at + 1)).map(PathBuf::from);
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let data = kept.unwrap_or_else(|| directory.path().to_owned());
    let (head, day) = book(&data, if quick { EVENTS_QUICK } else { EVENTS });
    let runs = if quick { 1 } else { RUNS };
    let verbs: [(&str, &[&str]); 3] = [
        ("replay of everything", &["replay", "--from", "0", "--to", &head]),
        ("replay of the last day", &["replay", "--day", &day]),
        ("audit", &["audit"]),
    ];
    for (name, verb) in verbs {
        let fastest = (0..runs).map(|_| timed(&data, verb)).min().expect("one run at least");
        println!("{name}: {head} events in {} ms", fastest.as_millis());
    }
}

/// Writes a book, and returns its last position and its last business day.
fn book(data: &Path, events: u64) -> (String, String) {
    let (log, _) = SledLog::open(data, LogConfig::default()).expect("a new book");
    let mut last = None;
    for facts in History::of(events).entries.chunks(GROUP_FACTS) {
        let latest = facts.last().expect("a group has facts").at;
        let mut group = Group::new(latest);
        for entry in facts {
            let (position, at, fact) = (entry.position, entry.at, entry.fact.clone());
            let decisions = entry.decisions.clone();
            write(&Chapter { position, at, fact, decisions }, &mut group).expect("it fits");
        }
        log.append(&group).expect("appends");
        last = Some(latest);
    }
    let head = log.head().position.to_string();
    log.close().expect("closes");
    let zone = Zone::new("Asia/Shanghai").expect("a zone");
    (head, zone.day_of(last.expect("a book has facts")).to_string())
}

/// How long the program takes, from its start to its end.
fn timed(data: &Path, verb: &[&str]) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duizhang"));
    command.args(verb).arg("--data").arg(data).stdout(Stdio::null());
    let start = Instant::now();
    let ended = command.status().expect("the program starts");
    let spent = start.elapsed();
    assert!(ended.success(), "{verb:?} ended with {ended}");
    spent
}
