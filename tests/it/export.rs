//! `export ledger` by the real program: files, standard output, and a running server.
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
    let formats =
        ["beancount", "hledger", "ledger", "csv", "json", "xlsx", "voucher-csv", "voucher-xlsx"];
    for format in formats {
        let file = path(&format!("running-{format}"));
        let verb = ["export", "ledger", "--format", format, "-o", &file];
        let mut command = Program::command(&verb);
        command.args(["--server", &server, "--token", &admin]);
        let ended = Program::run(command);
        assert_eq!(ended.code, Some(0), "{format}: {ended:?}");
        assert!(ended.output.starts_with(&format!("wrote {file} (")), "{ended:?}");
    }
    assert_eq!(program.stop().code, Some(0));
    for format in formats {
        let file = path(&format!("stopped-{format}"));
        let ended = book.run(&["export", "ledger", "--format", format, "-o", &file, "--json"]);
        assert_eq!(ended.code, Some(0), "{format}: {ended:?}");
        let stopped = fs::read(&file).expect("it was written");
        let said: serde_json::Value = serde_json::from_str(&ended.output).expect("JSON");
        assert_eq!(said["bytes"], stopped.len());
        let running = fs::read(path(&format!("running-{format}"))).expect("it was written");
        assert_eq!(running, stopped, "{format}");
    }
    let raised = fs::read_to_string(path("stopped-json")).expect("text");
    assert!(raised.contains("\"narration\":\"order-settled\""), "{raised}");
    let ended = book.run(&["export", "ledger", "--format", "json"]);
    assert_eq!(ended.output, raised, "standard output carries the same and nothing else");
}

#[test]
fn what_cannot_be_exported_is_refused_and_leaves_no_file() {
    let (book, admin, program) = served();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("books").display().to_string();
    let export = ["export", "ledger", "--format"];
    let cases: [(&[&str], i32, &str); 6] = [
        (&["parquet"], 64, "not one of beancount"),
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
    assert_eq!(program.stop().code, Some(0));
    let nowhere = folder.path().join("no/such/folder").display().to_string();
    let ended = book.run(&[&export[..], &["csv", "-o", &nowhere]].concat());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("no/such/folder"), "{ended:?}");
    let left = fs::read_dir(folder.path()).expect("it is there").count();
    assert_eq!(left, 0, "nothing was written");
}
