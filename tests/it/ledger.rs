//! `ledger` by the real program: the same answer from stopped data and from a running server.
//!
//! Deliberately not here: what the answers hold for a day of every case (`src/review/books`).

use crate::program::{BookFile, Ended, Load, Program, usual};

fn ask(program: &Program, token: &str, verb: &[&str]) -> Ended {
    let mut command = Program::command(verb);
    let server = format!("http://{}", program.caller().at);
    command.args(["--server", &server, "--token", token]);
    Program::run(command)
}

#[test]
fn the_books_read_the_same_from_a_server_and_from_its_data() {
    // Without an address for callbacks nothing happens in the book while it is asked.
    let address = "notify_url = \"http://127.0.0.1:8331/\"\n";
    let book = BookFile::with(&usual("http://127.0.0.1:8331/").replace(address, ""));
    let admin = book.operator();
    let (program, load) = (book.serve(), Load::default());
    for client in load.burst(program.caller(), 10, 10) {
        client.join().expect("no panic");
    }
    let verbs: [(&[&str], i32, &str); 9] = [
        (&["ledger", "balance"], 0, "Debits equal credits"),
        (&["ledger", "balance", "--day", "2001-01-01"], 0, "Nothing was posted."),
        (&["ledger", "balance", "--at", "3"], 0, "Nothing was posted."),
        (&["ledger", "balance", "--at", "1000000"], 2, "is behind the last one"),
        (&["ledger", "account", "Income:Orders"], 0, "order raised"),
        (&["ledger", "account", "600101", "--at", "3"], 0, "no lines"),
        (
            &["ledger", "account", "Income:Orders", "--from", "2001-01-01", "--to", "2001-01-31"],
            0,
            "business days 2001-01-01 to 2001-01-31",
        ),
        (&["ledger", "account", "Income:Nowhere"], 2, "`duizhang ledger chart` lists them"),
        (&["ledger", "chart"], 0, "Liabilities:Suspense:Long"),
    ];
    let mut answers: Vec<(Vec<&str>, Ended)> = Vec::new();
    for (verb, code, says) in verbs {
        let running = ask(&program, &admin, verb);
        assert_eq!(running.code, Some(code), "{verb:?}: {running:?}");
        let said = format!("{}{}", running.output, running.errors);
        assert!(said.contains(says), "{verb:?}: {said}");
        answers.push((verb.to_vec(), running));
        let json = [verb, &["--json"]].concat();
        let running = ask(&program, &admin, &json);
        let document = serde_json::from_str::<serde_json::Value>(&running.output);
        assert_eq!(document.is_ok(), code == 0, "{json:?}: {running:?}");
        answers.push((json, running));
    }
    assert_eq!(program.stop().code, Some(0));
    for (verb, running) in answers {
        assert_eq!(book.run(&verb), running, "{verb:?}");
    }
}

#[test]
fn a_question_that_contradicts_itself_is_wrong_usage() {
    let cases: [(&[&str], &str); 5] = [
        (&["balance", "--day", "2026-11-20", "--at", "3"], "cannot be used with"),
        (&["balance", "--day", "yesterday"], "invalid value"),
        (&["account"], "PATH"),
        (&["account", "1131", "--from", "2026-11-20"], "--to"),
        (
            &["account", "1131", "--from", "2026-11-21", "--to", "2026-11-20"],
            "--from lies behind --to",
        ),
    ];
    for (words, says) in cases {
        let ended = Program::run(Program::command(&[&["ledger"], words].concat()));
        assert_eq!(ended.code, Some(64), "{words:?}: {ended:?}");
        assert!(ended.errors.contains(says), "{words:?}: {ended:?}");
    }
}
