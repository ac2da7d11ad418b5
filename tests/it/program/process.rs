//! The program as a process: started, asked, killed, stopped in order.
//!
//! Invariants: nothing here waits for a time; the guard ends a test that would hang, with a
//! message. A process does not outlive its test.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::http::Caller;

/// How long a condition may take to come before the test is given up. It decides no test.
pub(crate) const GUARD: Duration = Duration::from_secs(60);

/// Where the line begins that names the address.
const LISTENING: &str = "listening on http://";

/// A running program.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
    at: Option<SocketAddr>,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Program {
    /// The program with these arguments.
    pub(crate) fn command(arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duizhang"));
        command.args(arguments);
        Self::without_settings(&mut command);
        command
    }

    /// Whoever runs the tests may have settings of their own.
    pub(crate) fn without_settings(command: &mut Command) {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DUIZHANG_") {
                command.env_remove(name);
            }
        }
    }

    /// Starts a server and waits until it listens, or ends.
    pub(crate) fn start(mut command: Command) -> Result<Self, Ended> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (tell, lines) = channel();
        let output = child.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let (mut stream, kept) = (child.stderr.take().expect("piped"), Arc::clone(&errors));
        let listener = std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(read @ 1..) = stream.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..read]).into_owned();
                kept.lock().expect("whole").push_str(&text);
            }
        });
        let mut program = Self { child, lines, errors, listener: Some(listener), at: None };
        let mut output = String::new();
        while program.at.is_none() {
            let Some(line) = program.line() else {
                let ended = program.wait();
                return Err(Ended { output, ..ended });
            };
            output += &format!("{line}\n");
            let address = line.split_once(LISTENING).map(|(_, address)| address.trim());
            program.at = address.and_then(|address| address.parse().ok());
        }
        Ok(program)
    }

    /// Runs a command to its end.
    pub(crate) fn run(mut command: Command) -> Ended {
        let output = command.stdin(Stdio::null()).output();
        let output = output.expect("the program starts");
        Ended {
            code: output.status.code(),
            output: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Starts a server that must serve.
    pub(crate) fn serve(command: Command) -> Self {
        Self::start(command).unwrap_or_else(|ended| panic!("it did not serve: {ended:?}"))
    }

    pub(crate) fn caller(&self) -> Caller {
        Caller { at: self.at.expect("it listens") }
    }

    /// The next line of its output; none when it has ended.
    fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(GUARD) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                let errors = self.errors.lock().expect("whole").clone();
                panic!("waited {GUARD:?} for the program, which neither spoke nor ended: {errors}")
            }
        }
    }

    /// What it said on standard error so far.
    pub(crate) fn errors(&self) -> String {
        self.errors.lock().expect("whole").clone()
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Asks it to stop in order, and waits until it has.
    pub(crate) fn stop(self) -> Ended {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill is there");
        assert!(sent.success(), "a signal is sent");
        self.wait()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(mut self) -> Ended {
        let mut output = String::new();
        while let Some(line) = self.line() {
            output += &format!("{line}\n");
        }
        let status = self.child.wait().expect("it ends");
        if let Some(listener) = self.listener.take() {
            listener.join().expect("no panic");
        }
        Ended { code: status.code(), output, errors: self.errors() }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A test that failed leaves no server behind; one that has ended is none any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says by name what this machine cannot test.
#[expect(clippy::print_stdout, reason = "a person who runs one test sees it too")]
pub(crate) fn skip(what: &str, why: &str) {
    let line = format!("SKIPPED: {what}: {why}\n");
    print!("{line}");
    if let Some(path) = std::env::var_os("DUIZHANG_SKIPS") {
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a file");
        file.write_all(line.as_bytes()).expect("the line is kept");
    }
}
