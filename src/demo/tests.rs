//! The demo against itself: clean days agree, planted faults are found, and a seed is a day.

use std::path::Path;

use super::doors::Faults;
use super::run::{Options, Played, play, run};

fn options(seed: u64) -> Options {
    Options { seed, exit: true, port: 0, data: None }
}

async fn day(seed: u64, faults: Faults) -> Played {
    let directory = tempfile::tempdir().unwrap();
    play(&options(seed), directory.path(), faults).await.unwrap()
}

fn differences(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("DIFFERENCE  ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_without_faults_agrees_in_all_three_books() {
    let played = day(3, Faults::default()).await;
    assert!(played.clean, "{}", played.text);
    assert!(differences(&played.text).is_empty());
    assert!(played.text.contains("they agree"));
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_the_shop_forgets_is_found_and_is_the_only_difference() {
    let played = day(3, Faults { callbacks_forgotten: 1, ..Faults::default() }).await;
    assert!(!played.clean);
    let found = differences(&played.text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("believes that the shop knows, and the shop does not"), "{found:?}");
    played.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fen_too_much_in_the_town_s_own_list_is_found() {
    let played = day(3, Faults { slip_fen: 1, ..Faults::default() }).await;
    assert!(!played.clean);
    let found = differences(&played.text);
    assert!(found.iter().any(|line| line.starts_with("all money: ")), "{found:?}");
    assert!(found.iter().any(|line| line.starts_with("money on wallet ")), "{found:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    played.stop().await;
}

/// The story and the report without the lines that name the directory.
fn told(text: &str, directory: &Path) -> String {
    text.replace(&directory.display().to_string(), "DIR")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_tells_the_same_story_and_another_seed_another() {
    let mut stories = Vec::new();
    for seed in [5, 5, 6] {
        let directory = tempfile::tempdir().unwrap();
        let played = play(&options(seed), directory.path(), Faults::default()).await.unwrap();
        stories.push(told(&played.text, directory.path()));
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
