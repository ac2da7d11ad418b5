//! `export` by the real program: files, standard output, and a running server.
//!
//! Deliberately not here: what the formats hold, and what other programs say to them (projections).

use std::fs;

use crate::program::{BookFile, Load, Program, usual};

/// A served book with some paid orders, whose log rests: callbacks have no address.
fn served() -> (BookFile, String, Program) {
    let address = "notify_url = \"http://127.0.0.1:8331/\"\n";
    let book = BookFile::with(&usual("http://127.0.0.1:8331/").replace(address, ""));
    let admin = book.operator();
    let (program, load) = (book.serve(), Load::default());
    for client in load.burst(program.caller(), 10, 10) {
        client.join().expect("no panic");
    }
    (book, admin, program)
}

#[test]
fn a_running_server_exports_the_bytes_of_a_stopped_one() {
    let (book, admin, program) = served();
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let server = format!("http://{}", program.caller().at);
    for (what, format) in everything() {
        let file = path(&format!("running-{what}-{format}"));
        let mut command = Program::command(&["export", what, "--format", format, "-o", &file]);
        command.args(["--server", &server, "--token", &admin]);
        let ended = Program::run(command);
        assert_eq!(ended.code, Some(0), "{what} {format}: {ended:?}");
        assert!(ended.output.starts_with(&format!("wrote {file} (")), "{ended:?}");
    }
    assert_eq!(program.stop().code, Some(0));
    for (what, format) in everything() {
        let file = path(&format!("stopped-{what}-{format}"));
        let ended = book.run(&["export", what, "--format", format, "-o", &file, "--json"]);
        assert_eq!(ended.code, Some(0), "{what} {format}: {ended:?}");
        let stopped = fs::read(&file).expect("it was written");
        let said: serde_json::Value = serde_json::from_str(&ended.output).expect("JSON");
        assert_eq!(said["bytes"], stopped.len());
        let running = fs::read(path(&format!("running-{what}-{format}"))).expect("it was written");
        assert_eq!(running, stopped, "{what} {format}");
    }
    for (what, told) in [
        ("ledger", "\"narration\":\"order-settled\""),
        ("events", "\"event\":\"order_paid\""),
        ("orders", "\"status\":\"paid\""),
        ("breaks", "\"breaks\":\"0\""),
    ] {
        let written = fs::read_to_string(path(&format!("stopped-{what}-json"))).expect("text");
        assert!(written.contains(told), "{written}");
        let ended = book.run(&["export", what, "--format", "json"]);
        assert_eq!(ended.output, written, "standard output carries the same and nothing else");
    }
}

/// Everything that this build exports.
fn everything() -> Vec<(&'static str, &'static str)> {
    let books = ["beancount", "hledger", "ledger", "voucher-csv", "voucher-xlsx"];
    let mut all: Vec<_> = books.into_iter().map(|format| ("ledger", format)).collect();
    for what in ["ledger", "events", "orders", "breaks"] {
        let parquet = cfg!(feature = "parquet").then_some("parquet");
        let formats = ["csv", "json", "xlsx"].into_iter().chain(parquet);
        all.extend(formats.map(|format| (what, format)));
    }
    all
}

#[test]
fn a_day_and_positions_select_events() {
    let (book, _, program) = served();
    assert_eq!(program.stop().code, Some(0));
    let all = book.run(&["export", "events", "--format", "json"]).output;
    let lines: Vec<&str> = all.lines().collect();
    let head: serde_json::Value = serde_json::from_str(lines[0]).expect("JSON");
    let count = lines.len() - 1;
    assert_eq!(
        (&head["events"], &head["log_position"]),
        (&count.to_string().into(), &head["events"])
    );
    assert!(all.contains("order_requested") && !all.contains("merchant-key-0001"), "{all}");
    let part = book.run(&["export", "events", "--format", "json", "--from", "3", "--to", "5"]);
    let part: Vec<&str> = part.output.lines().collect();
    assert_eq!(part[1..], lines[3..6], "positions select single events");
    let last: serde_json::Value = serde_json::from_str(lines[count]).expect("JSON");
    let day = last["biz_date"].as_str().expect("a day");
    let of_day = book.run(&["export", "events", "--format", "json", "--day", day]);
    let expected =
        lines[1..].iter().filter(|line| line.contains(&format!("\"biz_date\":\"{day}\"")));
    assert!(of_day.output.lines().skip(1).eq(expected.copied()), "{of_day:?}");
    let never = book.run(&["export", "orders", "--format", "csv", "--day", "1999-12-31"]);
    assert_eq!((never.code, never.output.lines().count()), (Some(0), 2), "{never:?}");
}

#[test]
fn what_cannot_be_exported_is_refused_and_leaves_no_file() {
    let (book, admin, program) = served();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("books").display().to_string();
    let export = ["export", "ledger", "--format"];
    let cases: [(&[&str], i32, &str); 6] = [
        (&["docx"], 64, "not one of beancount"),
        (&["csv", "--from", "3"], 64, "--to"),
        (&["csv", "--from", "3", "--to", "2"], 64, "--from lies behind --to"),
        (&["csv", "--day", "2026-11-20", "--from", "1", "--to", "2"], 64, "--day"),
        (&["csv", "--json"], 64, "--json tells of the file"),
        (&["csv", "--from", "1", "--to", "1000000", "-o", &file], 2, "is behind the last one"),
    ];
    for (words, code, says) in cases {
        let mut command = Program::command(&[&export, words].concat());
        let server = format!("http://{}", program.caller().at);
        command.args(["--server", &server, "--token", &admin]);
        let ended = Program::run(command);
        assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
        assert!(ended.errors.contains(says), "{words:?}: {ended:?}");
    }
    for what in ["ledger", "events", "orders", "breaks"] {
        if cfg!(feature = "parquet") {
            break;
        }
        let mut command = Program::command(&["export", what, "--format", "parquet", "-o", &file]);
        let server = format!("http://{}", program.caller().at);
        command.args(["--server", &server, "--token", &admin]);
        let ended = Program::run(command);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        let says = "this build writes no Parquet: build it with `cargo build --features parquet`";
        assert!(ended.errors.contains(says), "{ended:?}");
    }
    let ended = book.run(&["export", "orders", "--format", "beancount"]);
    assert_eq!(ended.code, Some(64), "{ended:?}");
    assert!(ended.errors.contains("not one of csv, json, xlsx, parquet"), "{ended:?}");
    assert_eq!(program.stop().code, Some(0));
    let nowhere = folder.path().join("no/such/folder").display().to_string();
    let ended = book.run(&[&export[..], &["csv", "-o", &nowhere]].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("no/such/folder"), "{ended:?}");
    let left = fs::read_dir(folder.path()).expect("it is there").count();
    assert_eq!(left, 0, "nothing was written");
}
