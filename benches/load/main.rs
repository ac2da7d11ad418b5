//! Durable order creation over HTTP, beside a bare axum handler that answers the same JSON.
//!
//! Both run in turn in the same process behind the same client, so that a busy machine slows both;
//! the ratios of neighbouring runs are what to look at, and are the last lines. Client and server
//! share the machine's cores. `--test` sends a few requests each and says only that it works;
//! `--history N` first fills the book with N orders that have long expired.
//! Deliberately not here: criterion, which times functions and not a server under load.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::print_stdout, reason = "the ratios are the result")]
#![expect(clippy::float_arithmetic, reason = "ratios of durations, not amounts")]

mod client;
mod server;

use std::time::{Duration, Instant};

use client::Job;

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections, as the issue of this bench names them.
const CONNECTIONS: [usize; 3] = [1, 64, 256];
/// How long one run sends.
const RUN: Duration = Duration::from_secs(4);
/// Pairs of runs behind each ratio.
const PAIRS: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // As criterion does it: only `cargo bench` says `--bench`, and without it the bench is a test.
    let quick = !arguments.iter().any(|argument| argument == "--bench")
        || arguments.iter().any(|argument| argument == "--test");
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let history = after("--history").unwrap_or(0);
    let stage = server::Stage::set(if quick { 100 } else { history });
    let limit = if quick { Some(20) } else { None };
    let pairs = if quick { 1 } else { PAIRS };
    for connections in CONNECTIONS {
        let mut ratios = Vec::new();
        for _ in 0..pairs {
            let bare = rate(&stage.bare_job(), connections, limit);
            let durable = rate(&stage.order_job(), connections, limit);
            ratios.push((durable / bare, durable, bare));
        }
        ratios.sort_by(|one, other| one.0.total_cmp(&other.0));
        let (ratio, durable, bare) = ratios[ratios.len() / 2];
        println!(
            "load/{connections}: durable {durable:.0}/s, bare {bare:.0}/s, ratio {ratio:.2}, \
             {} orders, {} in memory",
            stage.orders(),
            server::resident()
        );
    }
    stage.strike();
}

fn rate(job: &Job, connections: usize, limit: Option<usize>) -> f64 {
    let start = Instant::now();
    let answered = client::run(job, connections, start + RUN, limit);
    let seconds = start.elapsed().as_secs_f64();
    f64::from(u32::try_from(answered).expect("fewer than 2^32 requests")) / seconds
}
