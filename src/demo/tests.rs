//! The demo against itself: clean days agree, planted faults are found, and a seed is a day.

use std::collections::BTreeSet;
use std::path::Path;

use duizhang_core::amount::Amount;
use duizhang_listener_bridge::statements::{Outcome, read_statement};

use super::bank::Entry;
use super::doors::{Books, Faults, Told};
use super::drive::Truth;
use super::finds::{Fate, Find};
use super::run::{Options, Played, play, run};

fn options(seed: u64) -> Options {
    Options { seed, exit: true, port: 0, data: None }
}

async fn day(seed: u64, faults: Faults) -> Played {
    let directory = tempfile::tempdir().unwrap();
    play(&options(seed), directory.path(), faults).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_faults_agrees_in_all_three_books() {
    let played = day(3, Faults::default()).await;
    assert_eq!(played.differences(), Vec::<String>::new());
    assert!(played.is_clean());
    assert!(played.text(Path::new("DIR")).contains("they agree"));
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_the_shop_forgets_is_found_and_is_the_only_difference() {
    let played = day(3, Faults { callbacks_forgotten: 1, ..Faults::default() }).await;
    let found = played.differences();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("believes that the shop knows, and the shop does not"), "{found:?}");
    assert!(!played.is_clean());
    assert!(played.text(Path::new("DIR")).contains(&format!("DIFFERENCE  {}", found[0])));
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fen_too_much_in_the_town_s_own_list_is_found() {
    let played = day(3, Faults { slip_fen: 1, ..Faults::default() }).await;
    let found = played.differences();
    assert!(found.iter().any(|line| line.starts_with("all money: ")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("money on wallet ")), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(!played.is_clean());
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_morning_finds_what_was_planted_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let played = play(&options(3), directory.path(), Faults::default()).await.unwrap();
    let bank = played.bank();
    let fates: Vec<Fate> = bank.finds.iter().map(|find| find.fate).collect();
    for fate in [Fate::Taken, Fate::Recorded, Fate::Adjusted, Fate::Later, Fate::Accepted] {
        assert!(fates.contains(&fate), "{fates:?}");
    }
    let codes: BTreeSet<&str> = bank.finds.iter().map(|find| find.code).collect();
    assert_eq!(codes, BTreeSet::from(["A02", "F04", "M02", "R01", "T03", "U02", "U03"]));

    let morning = played.morning(directory.path(), &bank).await.unwrap();
    assert_eq!(morning.wrong, Vec::<String>::new());
    assert_eq!(morning.found.len(), bank.finds.len());
    assert_eq!((morning.ended.len(), morning.changes.len()), (3, 1), "{morning:?}");
    assert!(morning.text("DIR").contains("each planted break was found, and nothing else"));
    for path in &morning.files {
        let statement = read_statement(&std::fs::read(path).unwrap(), None).unwrap();
        let torn = path.ends_with("ali-tea.csv");
        assert_eq!(statement.rejected.len(), usize::from(torn), "{path:?}");
        let outcome = if torn { Outcome::Fail } else { Outcome::Ok };
        assert_eq!(statement.outcome(), outcome, "{path:?}: {:?}", statement.proof);
    }
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_that_errs_is_told_row_by_row() {
    let directory = tempfile::tempdir().unwrap();
    let played = play(&options(3), directory.path(), Faults::default()).await.unwrap();
    let mut bank = played.bank();
    let rows = &mut bank.accounts[0].first;
    let dropped = rows.iter().position(|row| row.amount == Amount::fen(1_883)).unwrap();
    let gone = rows.remove(dropped);
    rows.push(Entry::receipt(gone.at, Amount::fen(7_777), gone.serial));
    let invented = bank.finds[0].clone();
    bank.finds.push(Find { code: "D04", ..invented });

    let morning = played.morning(directory.path(), &bank).await.unwrap();
    let told = |words: &[&str]| {
        let all = |line: &&String| words.iter().all(|word| line.contains(word));
        assert_eq!(morning.wrong.iter().filter(all).count(), 1, "{words:?}: {:?}", morning.wrong);
    };
    told(&["found and not planted", "T03", "18.83"]);
    told(&["found and not planted", "U02", "77.77"]);
    told(&["planted and not found", "D04"]);
    let text = morning.text("DIR");
    assert!(text.contains("DIFFERENCE  planted and not found"), "{text}");
    assert!(!text.contains("nothing else") && !text.contains("are what they were"), "{text}");
    played.stop().await;
}

/// A page of one of the books that is not as it was, and the words that say so.
type Forgery = (&'static str, fn(&mut Truth, &mut Books));

const FORGERIES: [Forgery; 11] = [
    ("deliveries sent again: ", |truth, _| truth.retries += 1),
    ("forged deliveries: ", |truth, _| truth.forged = 0),
    ("reports that are no money: ", |truth, _| truth.ignored += 1),
    ("notices that say no amount: ", |truth, _| truth.unread += 1),
    ("payments assigned by an operator: ", |truth, _| truth.assigned -= 1),
    ("payments: ", |truth, _| drop(truth.paid.pop())),
    ("refunds: ", |truth, _| drop(truth.refunds.pop())),
    ("knocks at the shops' doors: ", |_, books| books.knocks += 1),
    ("as the shop was told: ", |_, books| books.refunds.clear()),
    ("of an order TEA-9999 that nobody made", |_, books| {
        books.paid.insert("TEA-9999".into(), Told { received: "1.00".into(), times: 1 });
    }),
    ("the shop heard 0.01, the engine has ", |_, books| {
        books.paid.values_mut().take(1).for_each(|told| told.received = "0.01".into());
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_forged_page_of_the_books_is_found() {
    let mut played = day(4, Faults::default()).await;
    let (truth, books) = (played.truth.clone(), played.books.clone());
    for (words, forge) in FORGERIES {
        forge(&mut played.truth, &mut played.books);
        let found = played.differences();
        assert!(found.iter().any(|line| line.contains(words)), "{words}: {found:?}");
        (played.truth, played.books) = (truth.clone(), books.clone());
        assert!(played.is_clean(), "the book is as it was");
    }
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let mut stories = Vec::new();
    for seed in [5, 5, 6] {
        let directory = tempfile::tempdir().unwrap();
        let played = play(&options(seed), directory.path(), Faults::default()).await.unwrap();
        stories.push(played.text(Path::new("DIR")));
        played.stop().await;
    }
    assert_eq!(stories[0], stories[1]);
    assert_ne!(stories[1], stories[2]);
}

#[tokio::test]
async fn a_directory_with_something_in_it_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("book"), "of somebody").unwrap();
    let data = Some(directory.path().to_owned());
    let refused = run(Options { data, ..options(1) }).await.unwrap_err().to_string();
    assert!(refused.contains("is not empty"), "{refused}");
    assert!(refused.contains(&directory.path().display().to_string()), "{refused}");
}
