//! The n-th sync or write of the real program fails with EIO or ENOSPC (injected by strace): it
//! stops acknowledging, answers 503, keeps reads for a while, ends with exit code 2, and after a
//! clean restart every acknowledged order is there.
//!
//! A fault while the program starts makes it refuse to start, which is as good. A sync that fails
//! once and then lies is tested on the simulated disk, in `api/tests/server/pressure.rs`.
//!
//! The second test kills the program (SIGKILL) at its n-th write, sync or rename instead, while it
//! opens the book as much as while it serves: recovery itself can be cut off at every step.
//! `DUIZHANG_FAULTS` sets the largest n; `scripts/durability` goes further. Needs strace and
//! ptrace.

use std::collections::BTreeSet;
use std::io;
use std::process::{Command, Stdio};

use crate::program::{Answer, BookFile, Caller, Program, Records, Shop, TOKEN, skip};

/// The largest n in an ordinary run.
const FAULTS: u64 = 4;
/// Orders after which a fault that was not met is none.
const ORDERS_MAX: usize = 60;

fn largest() -> u64 {
    let asked = std::env::var("DUIZHANG_FAULTS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(FAULTS)
}

/// Why this machine cannot inject faults; none where it can.
fn missing() -> Option<String> {
    let probe = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "true"];
    match Command::new("strace").args(probe).stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("strace: {error}")),
    }
}

/// The server under strace with one fault. Calls are counted for each thread. With `-D` the server
/// itself is our child, and strace its companion, so that signals and exit codes are the server's
/// own.
fn faulty(book: &BookFile, call: &str, effect: &str, n: u64) -> Command {
    let server = book.command(&["serve"]);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-D", "-o", "/dev/null"]);
    command.arg("-e").arg(format!("trace={call}"));
    command.arg("-e").arg(format!("inject={call}:{effect}:when={n}"));
    command.arg(server.get_program()).args(server.get_args());
    Program::without_settings(&mut command);
    command
}

fn create(caller: Caller, number: usize) -> io::Result<Answer> {
    let body = format!(r#"{{"number":"N{number}","amount":"{}.00"}}"#, number + 10);
    caller.try_post_json("/v1/orders", TOKEN, &body)
}

/// Runs into the fault. Returns the numbers that were acknowledged, and whether the fault was met
/// while serving.
fn run_into(book: &BookFile, call: &str, error: &str, n: u64) -> (Vec<usize>, bool) {
    let what = format!("{error} at {call} {n}");
    let program = match Program::start(faulty(book, call, &format!("error={error}"), n)) {
        Ok(program) => program,
        Err(ended) => {
            assert_eq!(ended.code, Some(2), "{what}: {ended:?}");
            assert!(ended.errors.contains("duizhang: "), "{what}: it says why: {ended:?}");
            return (Vec::new(), false);
        }
    };
    let caller = program.caller();
    let mut told = Vec::new();
    let mut failed = None;
    for number in 0..ORDERS_MAX {
        let answer = create(caller, number).unwrap_or_else(|e| panic!("{what}, {number}: {e}"));
        match answer.status {
            201 => told.push(number),
            _ => {
                failed = Some(answer);
                break;
            }
        }
    }
    let Some(failed) = failed else {
        program.kill();
        return (told, false);
    };
    assert_eq!(failed.status, 503, "{what}: {}", failed.text());
    assert_eq!(failed.json()["code"], "outcome_unknown", "{what}");
    let next = create(caller, ORDERS_MAX).expect("it keeps answering");
    assert_eq!(next.status, 503, "{what}: nothing is acknowledged any more: {}", next.text());
    assert_eq!(caller.get("/readyz").status, 503, "{what}");
    assert_eq!(caller.get("/healthz").status, 200, "{what}");
    if let Some(number) = told.first() {
        let read = caller.get_as(&format!("/v1/orders?number=N{number}"), TOKEN);
        assert_eq!(read.status, 200, "{what}: reads go on: {}", read.text());
    }
    let ended = program.wait();
    assert_eq!(ended.code, Some(2), "{what}: {ended:?}");
    assert!(ended.errors.contains("the log"), "{what}: it says why: {}", ended.errors);
    (told, true)
}

#[test]
fn after_a_failed_sync_or_write_nothing_is_acknowledged_and_nothing_acknowledged_is_lost() {
    if let Some(why) = missing() {
        return skip("disk faults", &why);
    }
    let largest = largest();
    let mut met = 0;
    for (call, error) in [("fdatasync", "EIO"), ("fdatasync", "ENOSPC"), ("pwrite64", "ENOSPC")] {
        let runs: Vec<_> = (1..=largest)
            .map(|n| {
                std::thread::spawn(move || {
                    let shop = Shop::new();
                    let book = BookFile::new(&shop.url());
                    // The book is made before, so that most faults come while it serves.
                    assert_eq!(book.serve().stop().code, Some(0));
                    let (told, served) = run_into(&book, call, error, n);
                    let program = book.serve();
                    for number in &told {
                        let path = format!("/v1/orders?number=N{number}");
                        let answer = program.caller().get_as(&path, TOKEN);
                        assert_eq!(answer.status, 200, "{error} at {call} {n}: N{number} is lost");
                    }
                    assert_eq!(program.stop().code, Some(0));
                    Records::audited(&book.data()).expect("the audit is clean");
                    (told.len(), served)
                })
            })
            .collect();
        for (n, run) in (1..).zip(runs) {
            let (told, served) = run.join().expect("no panic");
            let when = if served { "while it served" } else { "not while it served" };
            println!("{error} at {call} {n}: {told} orders acknowledged, the fault came {when}");
            met += u64::from(served);
        }
    }
    assert!(met >= 3, "only {met} faults were met while serving");
}

/// Creates orders until the server dies. Returns whether it did.
fn run_to_death(book: &BookFile, call: &str, n: u64, told: &mut BTreeSet<String>) -> bool {
    let program = match Program::start(faulty(book, call, "signal=SIGKILL", n)) {
        Ok(program) => program,
        Err(ended) => {
            assert_eq!(ended.code, None, "killed while it opened: {ended:?}");
            return true;
        }
    };
    for number in 0..ORDERS_MAX {
        let number = format!("{call}-{n}-{number}");
        let amount = told.len() + 10;
        let body = format!(r#"{{"number":"{number}","amount":"{amount}.00"}}"#);
        let Ok(answer) = program.caller().try_post_json("/v1/orders", TOKEN, &body) else {
            assert_eq!(program.wait().code, None);
            return true;
        };
        assert_eq!(answer.status, 201, "{}", answer.text());
        told.insert(number);
    }
    program.kill();
    false
}

#[test]
fn killed_at_its_nth_write_sync_or_rename_it_loses_nothing_acknowledged() {
    if let Some(why) = missing() {
        return skip("kills at the n-th call", &why);
    }
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let mut told = BTreeSet::new();
    let mut deaths = 0;
    // One book goes through all deaths, so that each recovery begins where another was cut off. The
    // first of them happen while the book is made.
    for call in ["rename", "pwrite64", "fdatasync", "fsync"] {
        for n in 1..=largest() {
            deaths += u64::from(run_to_death(&book, call, n, &mut told));
            let records = Records::read(&book.data());
            let (records, _) = records.unwrap_or_else(|e| panic!("{call} {n}: {e}"));
            for number in &told {
                assert_eq!(records.orders.get(number), Some(&1), "{call} {n}: {number}");
            }
            assert!(records.orders.values().all(|times| *times == 1), "{call} {n}");
        }
    }
    assert!(deaths >= 8, "only {deaths} deaths");
    assert_eq!(book.serve().stop().code, Some(0));
    Records::audited(&book.data()).expect("the audit is clean");
    println!("{deaths} deaths, {} orders acknowledged, none lost", told.len());
}
