//! First-written bytes of every event: `golden/events/<name>.hex` holds what the codec wrote for
//! the value of that name in `samples.rs` on the day when the event was released.
//!
//! Invariants: a golden file never changes; every variant of `Fact` and `Decision` has one, because
//! the matches in `samples.rs` have no `_`; a file without a sample and a sample without a file are
//! both errors.
//!
//! A new event gets a sample in `samples.rs`, and then `GOLDEN_ADD=1 cargo test -p
//! duizhang-eventlog --test golden_events` writes the files and sums that are missing. It never
//! writes over one that exists: a released event that reads differently is a bug, and no reason for
//! new bytes.
//! Deliberately not here: frames and blocks around events (the crate's own tests).

mod reckoning;
mod samples;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use bincode::config::standard;
use duizhang_core::event::Event;
use samples::{DECISIONS, FACTS, place_of, samples};
use sha2::{Digest, Sha256};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/events")
}

fn encoded(event: &Event) -> Vec<u8> {
    bincode::serde::encode_to_vec(event, standard()).expect("events encode")
}

/// Reads one event that fills the bytes exactly.
fn decoded(bytes: &[u8]) -> Result<Event, String> {
    let (event, consumed) = bincode::serde::decode_from_slice(bytes, standard())
        .map_err(|error| format!("not an event: {error}"))?;
    if consumed < bytes.len() {
        return Err(format!("{} bytes left over", bytes.len() - consumed));
    }
    Ok(event)
}

/// Lines of 32 bytes, so that a difference is easy to see.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").expect("a string takes any text");
        }
        text.push('\n');
    }
    text
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[u32]| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits are a byte");
    digits.chunks_exact(2).map(byte).collect()
}

fn sum(text: &str) -> String {
    hex(Sha256::digest(text.as_bytes()).as_slice()).trim().to_string()
}

fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if let Some(name) = name.strip_suffix(".hex") {
            let text = fs::read_to_string(&path).expect("a golden file can be read");
            files.insert(name.to_string(), text);
        }
    }
    files
}

/// Writes what is missing, once, where somebody asked for it.
fn add_missing() {
    static ADDED: Once = Once::new();
    if std::env::var_os("GOLDEN_ADD").is_some() {
        ADDED.call_once(write_missing);
    }
}

fn write_missing() {
    for (name, event) in samples() {
        let path = folder().join(format!("{name}.hex"));
        if !path.exists() {
            fs::write(path, hex(&encoded(&event))).expect("the folder can be written");
        }
    }
    let sums_path = folder().join("SHA256SUMS");
    let mut sums = fs::read_to_string(&sums_path).unwrap_or_default();
    for (name, text) in files() {
        if !sums.contains(&format!("  {name}.hex\n")) {
            writeln!(sums, "{}  {name}.hex", sum(&text)).expect("a string takes any text");
        }
    }
    fs::write(sums_path, sums).expect("the folder can be written");
}

#[test]
fn golden_bytes_read_as_they_were_meant_and_are_written_again() {
    add_missing();
    let files = files();
    let samples = samples();
    assert_eq!(
        files.keys().cloned().collect::<Vec<_>>(),
        samples.keys().cloned().collect::<Vec<_>>(),
        "files and samples go together"
    );
    for (name, text) in files {
        let bytes = unhex(&text);
        assert_eq!(hex(&bytes), text, "{name} is plain hex");
        assert_eq!(decoded(&bytes).as_ref(), Ok(&samples[&name]), "{name}");
        assert_eq!(encoded(&samples[&name]), bytes, "{name} is written differently now");
    }
}

#[test]
fn no_golden_file_was_changed() {
    add_missing();
    let sums = fs::read_to_string(folder().join("SHA256SUMS")).expect("the sums are there");
    let mut listed = BTreeMap::new();
    for line in sums.lines() {
        let (sum, file) = line.split_once("  ").expect("sum, two spaces, file");
        let before = listed.insert(file.trim_end_matches(".hex").to_string(), sum.to_string());
        assert_eq!(before, None, "{file} is listed twice");
    }
    let found: BTreeMap<String, String> =
        files().into_iter().map(|(name, text)| (name, sum(&text))).collect();
    assert_eq!(found, listed);
}

/// A variant keeps its place in the stored form, and each has a sample.
#[test]
fn every_variant_has_its_place_and_a_sample() {
    let mut facts = vec![0; FACTS];
    let mut decisions = vec![0; DECISIONS];
    for (name, event) in samples() {
        let bytes = encoded(&event);
        let place = place_of(&event);
        let stored = match &event {
            Event::Fact { .. } => {
                facts[place] += 1;
                assert_eq!(bytes[0], 0, "{name}");
                // The time is a varint in front of the fact: one byte, or a marker and its width.
                let width = match bytes[1] {
                    251 => 3,
                    252 => 5,
                    253 => 9,
                    _ => 1,
                };
                bytes[1 + width]
            }
            Event::Decision(_) => {
                decisions[place] += 1;
                assert_eq!(bytes[0], 1, "{name}");
                bytes[1]
            }
        };
        assert_eq!(usize::from(stored), place, "{name} has moved");
    }
    assert!(facts.iter().all(|count| *count > 0), "{facts:?}");
    assert!(decisions.iter().all(|count| *count > 0), "{decisions:?}");
}

#[test]
fn unknown_variants_cut_events_and_left_over_bytes_are_errors() {
    let time = 0;
    let facts = u8::try_from(FACTS).expect("few");
    let decisions = u8::try_from(DECISIONS).expect("few");
    for bytes in [vec![2], vec![0, time, facts], vec![1, decisions], vec![0, time, 250]] {
        assert!(decoded(&bytes).is_err(), "{bytes:?}");
    }
    for (name, event) in samples() {
        let mut bytes = encoded(&event);
        for cut in 0..bytes.len() {
            assert!(decoded(&bytes[..cut]).is_err(), "{name} cut at {cut}");
        }
        bytes.push(0);
        assert_eq!(decoded(&bytes), Err("1 bytes left over".to_string()), "{name}");
    }
}
