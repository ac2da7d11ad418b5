//! Appending with flush, beside a raw preallocated file that gets the same bytes with `fdatasync`.
//!
//! Both run in turn in the same process, so that a busy machine slows both; the ratios of
//! neighbouring runs are what to look at, and are the last lines. The log's time includes closing
//! it: everything is in sled and flushed by then. Events are hashed when they are pushed into a
//! group, which a writer does while the group before is being synced; the last figure of a line
//! builds and hashes each group inside the timing, one after the other on one thread. `--test` runs
//! each once with few groups and says only that it works.
//! Deliberately not here: several writers (a book has one) and decoding.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
#![expect(clippy::print_stdout, reason = "the ratios are the result")]
#![expect(clippy::float_arithmetic, reason = "ratios of durations, not amounts")]

use std::fs::File;
use std::hint::black_box;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput};
use duizhang_core::time::Timestamp;
use duizhang_eventlog::{EventLog, Group, LogConfig, SledLog};

/// The size of an ordinary event.
const EVENT_BYTES: usize = 290;
/// Group sizes, and how many groups one run appends.
const SIZES: [(usize, usize); 4] = [(1, 2_000), (16, 2_000), (64, 2_000), (256, 1_500)];
/// Pairs of runs behind each ratio.
const PAIRS: usize = 5;
const QUICK_GROUPS: usize = 20;

/// Whether groups are built inside the timing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Building {
    Before,
    Inside,
}

/// A group of events that do not compress into nothing.
fn group(size: usize) -> Group {
    let mut group = Group::new(Timestamp::from_secs(1));
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..size {
        let mut event = Vec::with_capacity(EVENT_BYTES + 8);
        while event.len() < EVENT_BYTES {
            word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            event.extend_from_slice(&word.to_le_bytes());
        }
        event.truncate(EVENT_BYTES);
        group.push(&event).expect("fits");
    }
    group
}

fn bytes_of(group: &Group) -> Vec<u8> {
    group.events().flatten().copied().collect()
}

/// A file of zeros, long enough for everything that will be written.
fn preallocated(directory: &Path, bytes: usize) -> File {
    let path = directory.join("raw");
    let file = File::options().read(true).write(true).create(true).truncate(true).open(path);
    let file = file.expect("creates");
    file.write_all_at(&vec![0; bytes], 0).expect("writes zeros");
    file.sync_all().expect("syncs");
    file
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory")
}

fn raw_run(group: &Group, groups: usize) -> Duration {
    let directory = scratch();
    let bytes = bytes_of(group);
    let file = preallocated(directory.path(), bytes.len() * groups);
    let start = Instant::now();
    let mut offset = 0;
    for _ in 0..groups {
        file.write_all_at(&bytes, offset).expect("writes");
        file.sync_data().expect("syncs");
        offset += u64::try_from(bytes.len()).expect("fits");
    }
    start.elapsed()
}

/// How long until everything was acknowledged, and until it was drained into sled and flushed. With
/// `building`, each group is built and hashed inside that time.
fn log_run(group: &Group, groups: usize, building: Building) -> (Duration, Duration) {
    let directory = scratch();
    let (log, _) = SledLog::open(directory.path(), LogConfig::default()).expect("opens");
    let mut built = group.clone();
    let start = Instant::now();
    for _ in 0..groups {
        if building == Building::Inside {
            built.restart(group.time());
            group.events().for_each(|event| built.push(event).expect("fits"));
        }
        black_box(log.append(&built).expect("appends"));
    }
    let acknowledged = start.elapsed();
    log.close().expect("closes");
    (acknowledged, start.elapsed())
}

fn per_append(criterion: &mut Criterion) {
    let directory = scratch();
    let (log, _) =
        SledLog::open(&directory.path().join("log"), LogConfig::default()).expect("opens");
    let mut bench = criterion.benchmark_group("append");
    bench.sample_size(10).measurement_time(Duration::from_secs(2));
    for (size, _) in SIZES {
        let group = group(size);
        bench.throughput(Throughput::Elements(u64::try_from(size).expect("fits")));
        bench.bench_function(format!("log/{size}"), |bencher| {
            bencher.iter_batched(|| (), |()| log.append(&group), BatchSize::SmallInput);
        });
        let bytes = bytes_of(&group);
        let file = preallocated(directory.path(), bytes.len());
        bench.bench_function(format!("raw/{size}"), |bencher| {
            bencher.iter(|| {
                file.write_all_at(&bytes, 0).expect("writes");
                file.sync_data().expect("syncs");
            });
        });
    }
    bench.finish();
    log.close().expect("closes");
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn ratios(quick: bool) {
    let pairs = if quick { 1 } else { PAIRS };
    let mut lines = Vec::new();
    for (size, groups) in SIZES {
        let groups = if quick { QUICK_GROUPS } else { groups };
        let group = group(size);
        let events = f64::from(u32::try_from(size * groups).expect("fits"));
        let (mut durable, mut drained) = (Vec::new(), Vec::new());
        let (mut built, mut rate) = (Vec::new(), Vec::new());
        for _ in 0..pairs {
            let raw = raw_run(&group, groups).as_secs_f64();
            let (acknowledged, closed) = log_run(&group, groups, Building::Before);
            let (_, closed_built) = log_run(&group, groups, Building::Inside);
            built.push(raw / closed_built.as_secs_f64());
            durable.push(raw / acknowledged.as_secs_f64());
            drained.push(raw / closed.as_secs_f64());
            rate.push(events / closed.as_secs_f64());
        }
        lines.push(format!(
            "append ratio to raw at group {size:>3}: {:.2} drained and flushed ({:.0} events/s), \
             {:.2} acknowledged, {:.2} drained with building",
            median(drained),
            median(rate),
            median(durable),
            median(built),
        ));
    }
    lines.iter().for_each(|line| println!("{line}"));
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let mut criterion = Criterion::default().configure_from_args();
    per_append(&mut criterion);
    criterion.final_summary();
    ratios(quick);
}
