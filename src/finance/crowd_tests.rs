//! More exports of one day than a run looks at: what is one too many is not kept, and the day goes
//! on without it.

use duizhang_core::limits::STATEMENTS_PER_RUN_MAX;

use super::crash_tests::{FUNDS, Machine};

/// The same day exported again, with a note that makes it another file.
fn export(number: usize) -> String {
    FUNDS.replace("茶", &format!("茶{number}"))
}

#[test]
fn a_file_too_many_is_not_kept_and_locks_no_day() {
    let data = tempfile::tempdir().expect("a folder");
    let machine = Machine::new();
    let kept = || std::fs::read_dir(data.path().join("statements")).map_or(0, Iterator::count);
    let files = |numbers: std::ops::Range<usize>| numbers.map(export).collect::<Vec<_>>();
    let many = machine.hand_in(data.path(), &files(0..STATEMENTS_PER_RUN_MAX + 1));
    let refused = format!("{:#}", many.expect_err("one too many at once"));
    assert!(refused.contains("keep the statement funds-128.csv"), "{refused}");
    assert_eq!(kept(), 0, "all or none of what is handed in together");

    machine.hand_in(data.path(), &files(0..STATEMENTS_PER_RUN_MAX)).expect("they fit");
    let one_more = machine.hand_in(data.path(), &[export(999)]);
    let refused = format!("{:#}", one_more.expect_err("one too many"));
    assert!(refused.contains("a run looks at no more: nothing was kept"), "{refused}");
    assert_eq!(kept(), STATEMENTS_PER_RUN_MAX);

    let again = machine.hand_in(data.path(), &[export(7), export(7)]).expect("it is kept already");
    assert!(again.contains("was kept before"), "{again}");
    assert!(again.contains("nothing has changed since the last run"), "{again}");
    assert!(machine.is_reconciled());
}
