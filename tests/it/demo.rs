//! `duizhang demo` as its user runs it: the real binary, and what it prints and leaves behind.
//!
//! Deliberately not here: planted faults, which need a seam in the code (`src/demo/tests.rs`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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
            "\nFinance's morning",
            "\nPlanted, and found\n",
            "  each planted break was found, and nothing else\n",
            "\nWorked on\n",
            "Ended by itself: a withdrawal that nobody recorded\n",
            "The closed day's report and its breaks are what they were.\n",
            "\nThe channels' files and the report of the closed day lie in DIR/bank\n",
        ] {
            assert!(text.contains(section), "{section:?} is not in\n{text}");
        }
        assert!(!text.contains("127.0.0.1"), "a port would make two runs differ\n{text}");
        assert!(!text.contains("DIFFERENCE") && !text.contains("FAILED"), "{text}");
    }
    assert_eq!(one, again);
    assert_ne!(one, other);
}

/// A verb on what a demo left behind.
fn look(verb: &[&str], data: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_duizhang"))
        .args(verb)
        .arg("--data")
        .arg(data)
        .output()
        .expect("the program runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn what_the_demo_leaves_behind_is_a_closed_day_with_its_files() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let output = demo(&["--exit", "--seed", "2"], data);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let day = "2026-01-16";
    assert_eq!(look(&["audit"], data).0, Some(0));
    let (code, shown) = look(&["day", "show", day], data);
    assert_eq!(code, Some(0));
    assert!(shown.starts_with(&format!("{day}  closed")), "{shown}");

    let files = std::fs::read_dir(data.join("bank")).expect("the bank's files");
    let mut names: Vec<String> = files
        .map(|file| file.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let expected = [
        "ali-kite.csv",
        "ali-tea-later.csv",
        "ali-tea.csv",
        "report.html",
        "wx-kite-later.csv",
        "wx-kite.csv",
        "wx-tea-late.csv",
        "wx-tea.csv",
    ];
    assert_eq!(names, expected);
    let (code, listed) = look(&["statement", "list", "--day", day], data);
    assert_eq!((code, listed.lines().count()), (Some(0), 7), "{listed}");
    let page = std::fs::read(data.join("bank/report.html")).expect("a page");
    let again = look(&["report", "--day", day, "--format", "html"], data).1;
    assert_eq!(again.as_bytes(), page, "the closed day's report is the same for ever");
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

/// One request of a browser or a phone, and the whole answer.
fn get(url: &str) -> String {
    let (host, path) =
        url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect(url);
    let mut stream = TcpStream::connect(host).expect("the server listens");
    let head = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the server takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the server answers with text");
    answer
}

/// A program that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where the test was content.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn without_exit_the_server_goes_on_and_its_order_can_be_paid() {
    let directory = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_duizhang"))
        .args(["demo", "--data"])
        .arg(directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told: Vec<String> = lines.take_while(|line| !line.starts_with("Press Ctrl-C")).collect();
    let after = |words: &str| {
        let line = told.iter().find_map(|line| line.split_once(words));
        line.unwrap_or_else(|| panic!("{words:?} is not in {told:#?}")).1.trim().to_owned()
    };
    let cashier = after("an open order to look at:");
    let push = after("pay it, as a phone would:  curl ").replace('\'', "");
    assert!(!after("the operator's token:").is_empty());

    let waiting = get(&cashier);
    assert!(waiting.starts_with("HTTP/1.1 200") && waiting.contains("68.00"), "{waiting}");
    let taken = get(&push);
    assert!(taken.contains(r#""code":1,"#), "{taken}");
    let events = get(&format!("{cashier}/events"));
    assert!(events.starts_with("HTTP/1.1 204"), "a paid order changes no more: {events}");

    let signal = Command::new("kill").args(["-INT", &running.0.id().to_string()]).status().unwrap();
    assert!(signal.success());
    assert_eq!(running.0.wait().unwrap().code(), Some(0));
}
