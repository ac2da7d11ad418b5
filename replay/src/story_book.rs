//! Books played by the rules and written into a log, for tests.

use std::ops::ControlFlow;

use duizhang_core::event::Chapter;
use duizhang_core::position::Position;
use duizhang_core::testing::Book;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::history::{chapters, write};
use duizhang_eventlog::{EventLog, Group, MemoryLog};

/// Events in a group of these logs, so that a short story has several groups.
const GROUP_EVENTS: usize = 16;

/// What the book has recorded.
pub(crate) fn story_of(book: &Book) -> Vec<Chapter> {
    let entries = book.log.iter();
    entries
        .map(|entry| Chapter {
            position: entry.position,
            at: entry.at,
            fact: entry.fact.clone(),
            decisions: entry.decisions.clone(),
        })
        .collect()
}

/// A log with these chapters, whatever they say and wherever they say they are.
pub(crate) fn log_of(chapters: &[Chapter]) -> MemoryLog {
    let log = MemoryLog::new();
    write_into(&log, chapters);
    log
}

/// Writes these chapters behind what a log has.
pub(crate) fn write_into(log: &dyn EventLog, chapters: &[Chapter]) {
    let mut group = Group::new(Timestamp::MIN);
    for chapter in chapters {
        if group.count() >= GROUP_EVENTS {
            EventLog::append(log, &group).expect("a healthy disk");
            group.restart(chapter.at);
        }
        if group.is_empty() {
            group.restart(chapter.at);
        }
        write(chapter, &mut group).expect("a short chapter fits");
    }
    if !group.is_empty() {
        EventLog::append(log, &group).expect("a healthy disk");
    }
}

/// The log of a book.
pub(crate) fn log_of_book(book: &Book) -> MemoryLog {
    log_of(&story_of(book))
}

#[test]
fn a_book_is_read_back_from_its_log() {
    let mut book = Book::default();
    book.open("shop", "A1", 1_000);
    book.pay(1_000);
    let mut read = Vec::new();
    let end = Position::new(u64::MAX);
    chapters(&log_of_book(&book), Position::START, end, &mut |chapter| {
        read.push(chapter);
        ControlFlow::Continue(())
    })
    .expect("a healthy log");
    assert_eq!(read, story_of(&book));
}
