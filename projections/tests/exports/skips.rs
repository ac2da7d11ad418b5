//! Programs that a machine may not have: a test that misses one is a skip that everybody sees.

use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

/// Whether a program answers.
#[expect(clippy::print_stdout, reason = "a person who runs one test sees it too")]
pub(crate) fn is_there(what: &str, command: &mut Command) -> bool {
    if command.output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    let line = format!("SKIPPED: {what}: it is not installed\n");
    print!("{line}");
    if let Some(path) = std::env::var_os("DUIZHANG_SKIPS") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        file.write_all(line.as_bytes()).expect("the line is kept");
    }
    false
}
