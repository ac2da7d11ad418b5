//! Folding a history of a million events, deciding it again, and what a closed order costs in
//! memory.
//!
//! The history is the plain life of orders: requested, paid, called back, amount released. Memory
//! is the growth of the process's resident set over one fold, divided by the closed orders; the
//! history itself is in memory before.
//! Deliberately not here: reading and decoding the log (eventlog's benches).
#![expect(clippy::print_stdout, reason = "a bench reports to a person")]
#![expect(clippy::disallowed_methods, reason = "benches measure real time")]

use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::channel::Channel;
use duizhang_core::decide::{Ruling, decide};
use duizhang_core::fact::{CallbackAttempted, Fact};
use duizhang_core::id::OrderId;
use duizhang_core::policy::Policy;
use duizhang_core::state::State;
use duizhang_core::testing::{
    Entry, device, drawn_bits, merchant, money, order, policy_fact, wallet,
};
use duizhang_core::time::{Span, Timestamp};

/// Orders that are requested before the first of them is paid.
const WAVE: u64 = 50;

/// A way through a history, and its name.
type Run = (&'static str, fn(&[Entry]) -> State);

struct History {
    entries: Vec<Entry>,
    state: State,
    at: Timestamp,
    events: u64,
}

impl History {
    fn push(&mut self, fact: Fact) {
        let Ok(Ruling::Decided(decisions)) = decide(&self.state, self.at, &fact) else { return };
        let position = self.state.position().next();
        self.state.evolve(position, self.at, &fact, &decisions);
        self.events += 1 + u64::try_from(decisions.len()).expect("short");
        self.entries.push(Entry { position, at: self.at, fact, decisions });
    }

    /// Orders live and end until there are so many events.
    fn of(events: u64) -> Self {
        let at = Timestamp::from_secs(1_700_000_000);
        let mut history = Self { entries: Vec::new(), state: State::new(), at, events: 0 };
        for fact in [
            policy_fact(Policy::default()),
            Fact::WalletDeclared(wallet("wx", Channel::Wechat)),
            Fact::DeviceDeclared(device("phone", &["wx"])),
            Fact::MerchantDeclared(merchant("shop", &["wx"])),
        ] {
            history.push(fact);
        }
        let mut made = 0;
        while history.events < events {
            for number in made..made + WAVE {
                let mut request = order("shop", &format!("N{number}"), 1_000);
                request.order = OrderId::from_bits(drawn_bits("order", number));
                history.push(Fact::OrderRequested(request));
            }
            for number in made..made + WAVE {
                let order = OrderId::from_bits(drawn_bits("order", number));
                let payable = history.state.order(order).expect("it was accepted").payable;
                history.push(Fact::NotificationReceived(money("phone", number, payable)));
                history.push(Fact::CallbackAttempted(CallbackAttempted {
                    callback: CallbackId { order, number: 1 },
                    outcome: AttemptOutcome::Acknowledged { status: 200 },
                    took: Span::from_millis(30),
                    excerpt: String::from("success"),
                    jitter_ppm: 0,
                }));
            }
            history.at = history.at.plus(Span::from_mins(20));
            history.push(Fact::ClockTicked);
            made += WAVE;
        }
        history
    }
}

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
