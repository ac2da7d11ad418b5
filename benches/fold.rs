//! Folding a history of a million events, deciding it again, and what a closed order costs in
//! memory.
//!
//! Memory is the growth of the process's resident set over one fold, divided by the closed orders;
//! the history itself is in memory before.
//! Deliberately not here: reading and decoding the log (`replay`).
#![expect(clippy::print_stdout, reason = "a bench reports to a person")]
#![expect(clippy::disallowed_methods, reason = "benches measure real time")]

mod history;

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use duizhang_core::decide::{Ruling, decide};
use duizhang_core::state::State;
use duizhang_core::testing::Entry;
use history::History;

/// A way through a history, and its name.
type Run = (&'static str, fn(&[Entry]) -> State);

fn folded(entries: &[Entry]) -> State {
    let mut state = State::new();
    for Entry { position, at, fact, decisions } in entries {
        state.evolve(*position, *at, fact, decisions);
    }
    state
}

fn replayed(entries: &[Entry]) -> State {
    let mut state = State::new();
    for Entry { position, at, fact, decisions } in entries {
        let Ok(Ruling::Decided(again)) = decide(&state, *at, fact) else {
            panic!("a recorded fact is decided again")
        };
        assert_eq!(&again, decisions, "a recorded decision follows again");
        state.evolve(*position, *at, fact, decisions);
    }
    state
}

/// The resident set in bytes; `/proc` counts it in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("linux has /proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("the line is there");
    let kib = line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok());
    kib.expect("a number of KiB") * 1_024
}

fn fold(criterion: &mut Criterion) {
    let quick = std::env::args().any(|arg| arg == "--test");
    let history = History::of(if quick { 2_000 } else { 1_000_000 });
    let entries = &history.entries;
    let before = resident();
    let state = folded(entries);
    let grown = resident().saturating_sub(before);
    let orders = u64::try_from(state.orders_count()).expect("fits");
    drop(state);
    let fastest = [const { Cell::new(Duration::MAX) }; 2];
    let mut group = criterion.benchmark_group("fold");
    group.sample_size(10);
    let runs: [Run; 2] = [("evolve", folded), ("decide again", replayed)];
    for (place, (name, run)) in runs.into_iter().enumerate() {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|count| {
                let mut all = Duration::ZERO;
                for _ in 0..count {
                    let start = Instant::now();
                    let state = black_box(run(entries));
                    let spent = start.elapsed();
                    drop(state);
                    fastest[place].set(fastest[place].get().min(spent));
                    all += spent;
                }
                all
            });
        });
    }
    group.finish();
    for (name, spent) in ["evolve", "decide again"].iter().zip(fastest.map(|cell| cell.get())) {
        let micros = u64::try_from(spent.as_micros()).expect("short").max(1);
        let rate = history.events * 1_000_000 / micros;
        println!("{name}: {} events in {micros} us, {rate} events/s", history.events);
    }
    println!("memory: {} bytes for each of {orders} closed orders", grown / orders.max(1));
}

criterion_group!(benches, fold);
criterion_main!(benches);
