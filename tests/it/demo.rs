//! `duizhang demo` as its user runs it: the real binary, and what it prints and leaves behind.
//!
//! Deliberately not here: planted faults, which need a seam in the code (`src/demo/tests.rs`).

use std::path::Path;
use std::process::{Command, Output};

fn demo(arguments: &[&str], data: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_duizhang"))
        .arg("demo")
        .args(arguments)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the program runs")
}

/// What a day prints, with the name of its directory taken out.
fn told(seed: &str) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = demo(&["--exit", "--seed", seed], directory.path());
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).expect("the report is text");
    assert_eq!(output.status.code(), Some(0), "{text}\n{error}");
    assert_eq!(error, "", "nothing but the report is said");
    text.replace(&directory.path().display().to_string(), "DIR")
}

#[test]
fn two_seeds_play_two_days_and_one_seed_plays_one() {
    let (one, again, other) = (told("11"), told("11"), told("12"));
    for text in [&one, &other] {
        for section in [
            "One day on Lantern Street (seed 1",
            "What happened\n",
            "\nOrders\n",
            "\nNotifications and payments\n",
            "\nMoney by wallet\n",
            "\nCallbacks\n",
            "\nRefunds\n",
            "\nGaps in watching\n",
            "\nFor a person to look at\n",
            "\nChecks\n",
            "\nReplay\n",
            "  every decision derived again: ",
            "  they agree\n",
            "Statements of the channels and ledgers are not part of this version.\n",
        ] {
            assert!(text.contains(section), "{section:?} is not in\n{text}");
        }
        assert!(!text.contains("127.0.0.1"), "a port would make two runs differ\n{text}");
        assert!(!text.contains("DIFFERENCE") && !text.contains("FAILED"), "{text}");
    }
    assert_eq!(one, again);
    assert_ne!(one, other);
}

#[test]
fn a_directory_with_a_book_in_it_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal");
    std::fs::write(&file, "of somebody else").unwrap();
    let output = demo(&["--exit"], directory.path());
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "of somebody else");
}

#[test]
fn a_seed_that_is_no_number_is_wrong_usage() {
    let directory = tempfile::tempdir().unwrap();
    let output = demo(&["--exit", "--seed", "friday"], directory.path());
    assert_eq!(output.status.code(), Some(64));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}
