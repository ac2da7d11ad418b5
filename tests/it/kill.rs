//! kill -9 at random moments under load: what was acknowledged is there exactly once, what was not
//! at most once, every root verifies, every decision follows again, and callbacks go on with the id
//! they had.
//!
//! A killed process leaves the page cache of the kernel alone, so this proves nothing about syncs:
//! an engine that skips `fdatasync` passes here, and `power_cut` is what catches it. What is proven
//! is that an acknowledgement comes after the write. The control is an engine that acknowledges
//! first and writes later; the same harness must report what it loses.
//!
//! `DUIZHANG_KILLS` sets how many kills there are; `scripts/durability` runs 300.

use std::collections::BTreeMap;

use crate::program::{BookFile, Chance, Load, Planted, Program, Records, Shop, TOKEN};

/// Kills in an ordinary run.
const KILLS: u64 = 30;
/// Requests from one start to the next kill.
const BURST: u64 = 60;
/// Kills between two readings of the whole log, beside the server's own recovery.
const READ_EVERY: u64 = 6;

fn kills() -> u64 {
    let asked = std::env::var("DUIZHANG_KILLS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(KILLS)
}

/// Sends a burst and kills the server in the middle of it.
fn burst_and_kill(program: Program, load: &Load, chance: &mut Chance) {
    let enough = usize::try_from(1 + chance.below(BURST)).expect("few");
    // More requests than are waited for, so that some are on their way when the server dies.
    let clients = load.burst(program.caller(), enough, enough + 64);
    program.kill();
    for client in clients {
        client.join().expect("no panic");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9_exactly_once_and_callbacks_go_on() {
    let mut chance = Chance::new("kill -9");
    let shop = Shop::new();
    let book = BookFile::new(&shop.url());
    let load = Load::default();
    for round in 1..=kills() {
        let program = book.serve();
        let known = load.ledger();
        for number in known.orders_told.iter().rev().take(10) {
            let answer = program.caller().get_as(&format!("/v1/orders?number={number}"), TOKEN);
            assert_eq!(answer.status, 200, "order {number} was acknowledged: {}", answer.text());
        }
        burst_and_kill(program, &load, &mut chance);
        if round % READ_EVERY == 0 {
            let (records, _) = Records::read(&book.data()).expect("the log opens and verifies");
            assert_eq!(load.ledger().contradictions(&records), [""; 0], "after kill {round}");
        }
    }

    // The last start is left alone until every paid order's shop knows.
    let program = book.serve();
    let told = load.ledger();
    assert!(told.pushes_told.len() > 10, "the load reached the server");
    shop.until("the callbacks of all paid orders", |came| {
        let numbers: std::collections::BTreeSet<_> =
            came.iter().filter_map(crate::program::Came::number).collect();
        told.pushes_told.iter().all(|(_, number)| numbers.contains(number))
    });
    let ended = program.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for came in shop.came() {
        let number = came.number().expect("a callback names its order");
        let first = ids.entry(number).or_insert_with(|| came.id()).clone();
        assert_eq!(came.id(), first, "all attempts of a callback bear one id");
    }
    let records = Records::audited(&book.data()).expect("the audit is clean");
    assert_eq!(told.contradictions(&records), [""; 0]);
    println!(
        "{} kills: {} of {} orders and {} of {} pushes acknowledged, {} events, {} callbacks",
        kills(),
        told.orders_told.len(),
        told.orders_sent.len(),
        told.pushes_told.len(),
        told.pushes_sent.len(),
        records.events,
        shop.came().len(),
    );
}

#[test]
fn the_control_that_acknowledges_before_it_writes_is_caught() {
    /// Kills after which an engine that forgets must have been caught: one is nearly always enough.
    const CHANCES: u64 = 20;
    let mut chance = Chance::new("kill -9, control");
    let dir = tempfile::tempdir().expect("a folder");
    let load = Load::default();
    for kill in 1..=CHANCES {
        let program = Program::serve(Planted::Forgetful.command(dir.path()));
        burst_and_kill(program, &load, &mut chance);
        let (records, _) = Records::read(dir.path()).expect("what is written is sound");
        let found = load.ledger().contradictions(&records);
        if let Some(first) = found.first() {
            println!("caught after {kill} kills: {} lost, {first}", found.len());
            return;
        }
    }
    panic!("an engine that forgets was killed {CHANCES} times and nothing was missed");
}
