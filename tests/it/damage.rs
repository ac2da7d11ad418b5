//! Damaged files in a real data directory: sled's copy is repaired from the journal and the repair
//! is told; a damaged journal is refused by name.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use duizhang_eventlog::StoreRepair;

use crate::program::{BookFile, Ledger, Load, Program, Records, Shop};

/// What the program says of each repair.
const REPAIRED: &str = "repaired from the journal";

/// A data directory with some hundred events, and what its clients were told.
fn filled() -> (BookFile, Ledger) {
    let shop = Shop::new();
    let (book, load) = (BookFile::new(&shop.url()), Load::default());
    let program = book.serve();
    for client in load.burst(program.caller(), 120, 120) {
        client.join().expect("no panic");
    }
    // What is still to be told would be told, and recorded, by the next start.
    let paid = load.ledger().pushes_told.len();
    shop.until("the callbacks of all that was paid", |came| came.len() >= paid);
    assert_eq!(program.stop().code, Some(0));
    (book, load.ledger())
}

fn change(path: &Path, change: impl FnOnce(&File, u64)) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("the file is there");
    let length = file.metadata().expect("its length").len();
    change(&file, length);
}

fn flip(file: &File, from: u64, bytes: usize) {
    let mut old = vec![0; bytes];
    file.read_exact_at(&mut old, from).expect("it is that long");
    old.iter_mut().for_each(|byte| *byte ^= 0x5a);
    file.write_all_at(&old, from).expect("it is written");
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data.join("journal")).expect("a folder").flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.file_name().is_some_and(|name| name != "LOCK"));
    files.sort();
    files
}

#[test]
fn a_damaged_store_is_repaired_from_the_journal_at_the_next_start() {
    type Damage = (&'static str, fn(&Path));
    let damages: [Damage; 6] = [
        ("the tail of sled's file is cut off", |db| {
            change(db, |file, length| file.set_len(length.min(16 * 1_024)).expect("it is cut"));
        }),
        ("all but the begin of sled's file is cut off", |db| {
            change(db, |file, _| file.set_len(5_000).expect("it is cut"));
        }),
        ("sled's file is empty", |db| change(db, |file, _| file.set_len(0).expect("it is cut"))),
        ("bytes all over sled's file are flipped", |db| {
            change(db, |file, length| {
                (1..length / 4_096).for_each(|page| flip(file, page * 4_096 - 64, 128));
            });
        }),
        ("the begin of sled's file is flipped", |db| change(db, |file, _| flip(file, 0, 64))),
        ("sled's folder is gone", |db| {
            std::fs::remove_dir_all(db.parent().expect("a folder")).expect("it is removed");
        }),
    ];
    let (book, told) = filled();
    let before = Records::audited(&book.data()).expect("the audit is clean");
    for (what, damage) in damages {
        damage(&book.data().join("sled").join("db"));
        let ended = book.serve().stop();
        assert_eq!(ended.code, Some(0), "{what}: {ended:?}");
        let lines: Vec<_> = ended.errors.lines().filter(|line| line.contains(REPAIRED)).collect();
        assert_eq!(lines.len(), 1, "{what}: the repair is told once: {}", ended.errors);
        let after = Records::audited(&book.data()).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(after.chapters, before.chapters, "{what}");
        assert_eq!(told.contradictions(&after), [""; 0], "{what}");
    }
}

#[test]
fn a_repair_is_told_by_the_opening() {
    let (book, told) = filled();
    change(&book.data().join("sled").join("db"), |file, _| file.set_len(0).expect("it is cut"));
    let (records, opening) = Records::read(&book.data()).expect("it is repaired");
    assert!(!matches!(opening.store, StoreRepair::None), "{opening:?}");
    assert_eq!(told.contradictions(&records), [""; 0]);
    let (_, opening) = Records::read(&book.data()).expect("it is whole");
    assert!(matches!(opening.store, StoreRepair::None), "{opening:?}");
}

#[test]
fn a_damaged_journal_is_refused_by_name_and_nothing_is_served() {
    let (book, _) = filled();
    let [first, ..] = &segments(&book.data())[..] else { panic!("there is a segment") };
    // Some hundred frames follow, so this is the middle of what was acknowledged.
    change(first, |file, _| flip(file, 8_192, 16));
    let Err(ended) = Program::start(book.command(&["serve"])) else {
        panic!("a book with a damaged journal is served")
    };
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let name = first.file_name().and_then(|name| name.to_str()).expect("a name");
    assert!(ended.errors.contains(name), "the segment is named: {}", ended.errors);
    assert!(ended.errors.contains("damaged"), "{}", ended.errors);
    let again = Program::start(book.command(&["serve"])).err().expect("it is refused again");
    let last = |text: &str| text.lines().last().map(str::to_owned);
    assert_eq!(last(&again.errors), last(&ended.errors), "refusing changes nothing");
}
