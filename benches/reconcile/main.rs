//! Reconciliation: how often matchers are wrong when amounts collide, and how long a million
//! payments against a million lines take.
//!
//! `cargo bench --bench reconcile` prints the table of collisions and the figures of the million;
//! with `-- --keep DIR` the two files of the million stay, so that `scripts/compare-joins DIR` can
//! join the same files with DuckDB and Polars. Started by `cargo test` it does a little of both.
//!
//! Invariants: every figure is of data made from a seed, with the truth known by construction; a
//! matcher sees what a statement shows and never the truth.
//! Deliberately not here: the rules, and any other program.
#![expect(clippy::print_stdout, reason = "a bench reports its figures to a person")]
#![expect(clippy::disallowed_methods, reason = "benches measure real time")]

mod baselines;
mod chance;
mod collisions;
mod files;
mod million;
mod town;

use std::path::PathBuf;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let after = |flag: &str| {
        let place = args.iter().position(|arg| arg == flag)?;
        args.get(place + 1).map(PathBuf::from)
    };
    if let Some(folder) = after("--measure") {
        million::measure(&folder, million::Ending::Bare);
        return;
    }
    if let Some(folder) = after("--verify") {
        million::measure(&folder, million::Ending::Verified);
        return;
    }
    let quick = !args.iter().any(|arg| arg == "--bench");
    let (payments, days) = if quick { (500, 2) } else { (20_000, 20) };
    collisions::report(payments, days);
    million::report(if quick { 5_000 } else { 1_000_000 }, after("--keep"));
}
