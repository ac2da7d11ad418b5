//! A shop that somebody else's library drives: a script of `tests/clients` in its own process.
//!
//! Invariants: the script tells its steps in order, each as one line of JSON; it ends by itself
//! when something never comes, so that reading its lines needs no guard; it sees no variable of
//! whoever runs the tests, least of all a proxy.
//! Deliberately not here: what the steps mean, and how the libraries get here (`scripts/test`).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::process::skip;

/// A running script.
pub(crate) struct Client {
    script: String,
    child: Child,
    lines: BufReader<ChildStdout>,
    errors: File,
}

impl Client {
    /// Starts a script with its terms; none, and said so, where its libraries are not installed.
    pub(crate) fn start(script: &str, terms: &Value) -> Option<Self> {
        let installed = installed();
        let mut command = if script.ends_with(".py") {
            Command::new(installed.join("python/bin/python"))
        } else {
            Command::new("node")
        };
        let stamp = if script.ends_with(".py") { "python/installed" } else { "node/installed" };
        if !installed.join(stamp).exists() {
            skip(&format!("client {script}"), "its libraries are installed by scripts/test");
            return None;
        }
        let mut errors = tempfile::tempfile().expect("a file");
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NODE_PATH", installed.join("node/node_modules"))
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script))
            .arg(terms.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone().expect("a handle"));
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{script} does not start: {error}"));
        errors.rewind().expect("an empty file");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        Some(Self { script: script.to_owned(), child, lines, errors })
    }

    /// The facts of the next step, which must be this one.
    pub(crate) fn step(&mut self, name: &str) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        let told: Option<Value> = serde_json::from_str(&line).ok();
        match told {
            Some(told) if told["step"] == name => told,
            _ => {
                if told.is_some() {
                    // It is alive, and would wait for what this test never does.
                    let _ = self.child.kill();
                }
                let errors = self.errors();
                panic!("{} told {line:?} instead of {name}: {errors}", self.script)
            }
        }
    }

    /// Waits until it has ended, with nothing more to say.
    pub(crate) fn done(mut self) {
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).expect("text");
        let status = self.child.wait().expect("it ends");
        let errors = self.errors();
        assert!(status.success() && rest.is_empty(), "{}: {rest:?} {errors}", self.script);
    }

    fn errors(&mut self) -> String {
        // A script that broke off may still be writing down why.
        let _ = self.child.wait();
        let mut text = String::new();
        self.errors.rewind().expect("a file");
        self.errors.read_to_string(&mut text).expect("text");
        text
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A test that failed leaves no script behind; one that has ended is none any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `scripts/test` puts libraries that others wrote.
fn installed() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("clients")
}
