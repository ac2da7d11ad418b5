//! The program as its users meet it: the real binary, its words, its exit codes and its files.
//!
//! Invariant: nothing waits for a time; a server is ready when it says so.
//! Deliberately not here: what the server answers in detail, which is tested beside each protocol.
#![expect(clippy::unwrap_used, reason = "what a test's own steps need may fail the test")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

fn duizhang(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duizhang"));
    // Whoever runs the tests may have settings of their own.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DUIZHANG_") {
            command.env_remove(name);
        }
    }
    command.env("DUIZHANG_SERVER__LISTEN", "127.0.0.1:0").arg("--data").arg(data);
    command
}

fn run(data: &Path, arguments: &[&str]) -> Output {
    duizhang(data).args(arguments).output().expect("the program starts")
}

fn told(output: &Output) -> (Option<i32>, String) {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(both).unwrap())
}

/// A server that says it is ready; stopped at the latest when dropped.
struct Serving {
    child: Child,
    said: String,
    address: String,
}

impl Serving {
    fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut command = duizhang(data);
        command.arg("serve").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        let mut serving = Self { child, said: String::new(), address: String::new() };
        let mut lines = BufReader::new(serving.child.stdout.take().unwrap());
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                let mut complaint = String::new();
                serving.child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
                panic!("the server ended before it was ready: {complaint}");
            }
            if let Some(address) = line.strip_prefix("listening on http://") {
                serving.address = address.trim_end().to_owned();
                return serving;
            }
            serving.said.push_str(&line);
        }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let host = &self.address;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }

    /// Sends what curl was asked to send.
    fn curl(&self, words: &[String]) -> (u16, String) {
        let behind = |flag: &str| {
            let pairs = words.iter().zip(words.iter().skip(1));
            pairs
                .filter(|(word, _)| *word == flag)
                .map(|(_, next)| next.clone())
                .collect::<Vec<_>>()
        };
        let here = format!("http://{}", self.address);
        let path = words.iter().find_map(|word| word.strip_prefix(&here)).expect("our address");
        let headers: String = behind("-H").iter().map(|line| format!("{line}\r\n")).collect();
        match behind("-d").first() {
            Some(body) => self.ask("POST", path, &headers, body),
            None => self.ask("GET", path, &headers, ""),
        }
    }

    fn order(&self, token: &str) -> (u16, String) {
        let headers = format!(
            "authorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             idempotency-key: first\r\n"
        );
        self.ask("POST", "/v1/orders", &headers, r#"{"amount":"10.00","subject":"first order"}"#)
    }

    /// What follows a word of the first run's text.
    fn shown(&self, label: &str) -> String {
        let (_, rest) = self.said.split_once(label).unwrap_or_else(|| panic!("no {label}"));
        rest.split_whitespace().next().unwrap().to_owned()
    }

    fn secrets(&self) -> Vec<String> {
        let labels = ["operator admin                token", "merchant sandbox              token"];
        let more = ["key (MD5)", "webhook secret", "device sandbox-phone          key"];
        labels.iter().chain(&more).map(|label| self.shown(label)).collect()
    }

    /// Asks it to stop, and gives its exit code and its log.
    fn stop(self) -> (Option<i32>, String) {
        self.stop_by("-TERM")
    }

    /// A second signal would end it at once, so this sends one.
    fn stop_by(mut self, signal: &str) -> (Option<i32>, String) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn field(json: &str, name: &str) -> String {
    let (_, rest) = json.split_once(&format!("\"{name}\":\"")).unwrap_or_else(|| panic!("{json}"));
    rest.split('"').next().unwrap().to_owned()
}

/// What curl would be asked to send, for each of the lines that the first run tells to paste.
fn pasted(said: &str) -> Vec<Vec<String>> {
    let (_, lines) = said.split_once("Paste this into another shell").unwrap();
    let (_, lines) = lines.split_once('\n').unwrap();
    let (lines, _) = lines.split_once("The cashier page now").unwrap();
    let script = format!("curl() {{ printf '%s\\n' \"$@\" end; }}\n{lines}");
    let output = Command::new("bash").arg("-euc").arg(script).output().expect("bash is there");
    assert!(output.status.success(), "{output:?}");
    let words = String::from_utf8(output.stdout).unwrap();
    let calls = words.split("end\n").filter(|call| !call.is_empty());
    calls.map(|call| call.lines().map(str::to_owned).collect()).collect()
}

fn holds(directory: &Path, needle: &[u8]) -> Option<String> {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if let Some(found) = holds(&path, needle) {
                return Some(found);
            }
        } else if fs::read(&path).unwrap().windows(needle.len()).any(|window| window == needle) {
            return Some(path.display().to_string());
        }
    }
    None
}

#[test]
fn usage_is_told_by_exit_codes() {
    let data = TempDir::new().unwrap();
    let cases: [(&[&str], i32, &str); 15] = [
        (&["--help"], 0, "Exit codes: 0 fine; 1 a finding"),
        (&["--version"], 0, "duizhang 0."),
        (&["serve", "--help"], 0, "first run"),
        (&["merchant", "rotate-key", "--help"], 0, "[default: 24h]"),
        (&[], 64, "Usage:"),
        (&["settle"], 64, "unrecognized subcommand"),
        (&["serve", "--nonsense"], 64, "--nonsense"),
        (&["replay"], 64, "--day"),
        (&["replay", "--day", "yesterday"], 64, "yesterday"),
        (&["replay", "--from", "1"], 64, "--to"),
        (&["replay", "--from", "7", "--to", "3"], 64, "--from 7 lies behind --to 3"),
        (&["merchant", "add", "--id", "a b", "--wallet", "w"], 64, "a name may hold"),
        (&["explain", "order"], 64, "<ID>"),
        (&["audit"], 2, "there is no book in"),
        (&["explain", "dragon", "x"], 2, "no story of a dragon"),
    ];
    for (arguments, code, words) in cases {
        let (ended, text) = told(&run(data.path(), arguments));
        assert_eq!(ended, Some(code), "{arguments:?}: {text}");
        assert!(text.contains(words), "{arguments:?}: {text}");
    }
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "looking makes nothing");
}

#[test]
fn the_configuration_is_checked_and_printed() {
    let data = TempDir::new().unwrap();
    let (code, text) = told(&run(data.path(), &["config", "check"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("the configuration is sound (no file"), "{text}");
    let (_, printed) = told(&run(data.path(), &["config", "print"]));
    assert!(printed.contains("listen = \"127.0.0.1:0\""), "{printed}");
    let (_, json) = told(&run(data.path(), &["config", "print", "--json"]));
    assert!(json.starts_with('{') && json.contains("\"order_ttl\": \"5m\""), "{json}");
    let (_, defaults) = told(&run(data.path(), &["config", "print", "--default"]));
    assert!(defaults.contains("# Every setting of Duizhang"), "{defaults}");

    let file = data.path().join("duizhang.toml");
    let wallet = |qr: &str| format!("[[wallet]]\nid = \"wx\"\nchannel = \"wechat\"\nqr = {qr:?}\n");
    let shop = "[[merchant]]\nid = \"1001\"\ntoken = \"native-token-000001\"\nwallets = [\"wx\"]\n";
    fs::write(&file, wallet("wxp://f2f0") + shop).unwrap();
    let (code, text) = told(&run(data.path(), &["config", "check"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("warning: merchant 1001 has a token and no webhook_secret"), "{text}");
    let signed = "webhook_secret = \"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\"\n";
    fs::write(&file, wallet("wxp://f2f0") + shop + signed).unwrap();
    let (code, text) = told(&run(data.path(), &["config", "check", "--json"]));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\"warnings\": []"), "{text}");
    for (key, weak) in [("key-of-15-bytes", true), ("key-of-16-bytes.", false)] {
        let keyed = format!("{}{shop}{signed}key = \"{key}\"\n", wallet("wxp://f2f0"));
        fs::write(&file, keyed).unwrap();
        let (code, text) = told(&run(data.path(), &["config", "check"]));
        assert_eq!(code, Some(0), "{text}");
        let words = "warning: WEAK KEY: the key of merchant 1001";
        assert_eq!(text.contains(words), weak, "{text}");
        let (_, log) = Serving::start(data.path(), &[]).stop();
        assert_eq!(log.contains("WEAK KEY: the key of merchant 1001"), weak, "{log}");
        assert!(!log.contains(key) && !text.contains(key), "{log}{text}");
    }
    fs::write(&file, wallet(&"q".repeat(513))).unwrap();
    let (code, text) = told(&run(data.path(), &["config", "check"]));
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("wallet wx: its any-amount code has 513 bytes"), "{text}");

    fs::write(&file, "[server]\nlisen = \"127.0.0.1:1\"\n").unwrap();
    for verb in [&["config", "check"][..], &["serve"][..], &["audit"][..]] {
        let (code, text) = told(&run(data.path(), verb));
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains("duizhang.toml:2: server.lisen: unknown key (did you mean listen?)"));
    }
}

#[test]
fn notice_rules_of_ones_own_are_tried_before_they_are_taken() {
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name);
    let check = || told(&run(directory.path(), &["config", "check"]));
    let (code, rules) = told(&run(directory.path(), &["config", "print", "--notice-rules"]));
    assert_eq!(code, Some(0));
    let file = format!("[server]\nnotice_rules = {:?}\n", at("rules.toml").display().to_string());
    std::fs::write(at("duizhang.toml"), file).expect("written");
    let cases = [
        (rules.clone(), 0, "the configuration is sound"),
        (rules.replacen("0.01", "77.77", 1), 2, "1 of their cases fail"),
        (rules.replacen("packages", "bundles", 1), 2, "bundles"),
        (String::from("[[rule]]"), 2, "missing field"),
    ];
    for (text, expected, says) in cases {
        std::fs::write(at("rules.toml"), text).expect("written");
        let (code, said) = check();
        assert_eq!(code, Some(expected), "{said}");
        assert!(said.contains(says), "{said}");
    }
    std::fs::remove_file(at("rules.toml")).expect("removed");
    assert_eq!(check().0, Some(2));
}

#[test]
fn a_first_run_shows_keys_once_and_they_work() {
    let data = TempDir::new().unwrap();
    let first = Serving::start(&data.path().join("made"), &[]);
    let data = data.path().join("made");
    let secrets = first.secrets();
    for piece in ["curl -s \"$URL/v1/orders\"", "md5sum", "/appPush?type=1", "cashier_url"] {
        assert!(first.said.contains(piece), "{piece}: {}", first.said);
    }
    assert!(first.said.contains(&format!("URL=http://{}", first.address)), "{}", first.said);

    let calls = pasted(&first.said);
    let [create, push] = calls.as_slice() else { panic!("two calls to paste: {calls:?}") };
    let (status, order) = first.curl(create);
    assert_eq!(status, 201, "{order}");
    assert_eq!(field(&order, "payable"), "10.00");
    let id = field(&order, "id");
    let (status, page) = first.ask("GET", &format!("/pay/{id}"), "", "");
    assert_eq!(status, 200);
    assert!(page.contains("10.00"), "{page}");
    let (_, answer) = first.curl(push);
    assert!(answer.contains("\"code\":1"), "{answer}");

    let (code, log) = told(&run(&data, &["audit"]));
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("in use by a running server; ask it with --server"), "{log}");
    let (code, log) = told(&run(&data, &["user", "add", "li"]));
    assert_eq!(code, Some(2), "{log}");
    assert!(log.contains("in use by a running server; stop it, or edit"), "{log}");
    let (code, in_use) = told(&run(&data, &["serve"]));
    assert_eq!(code, Some(2), "{in_use}");
    let named = format!("the data directory {} is in use by another process", data.display());
    assert!(in_use.contains(&named), "{in_use}");

    let (code, log) = first.stop();
    assert_eq!(code, Some(0), "{log}");
    for secret in &secrets {
        assert_eq!(holds(&data, secret.as_bytes()), None, "a secret lies readable on the disk");
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }

    let second = Serving::start(&data, &[]);
    assert_eq!(second.said, "", "the second run shows nothing");
    let bearer = format!("authorization: Bearer {}\r\n", secrets[1]);
    let (status, again) = second.ask("GET", &format!("/v1/orders/{id}"), &bearer, "");
    assert_eq!((status, field(&again, "status").as_str()), (200, "paid"), "{again}");
    assert_eq!(second.stop_by("-INT").0, Some(0));

    the_log_can_be_reviewed(&data, &id);
}

fn the_log_can_be_reviewed(data: &Path, order: &str) {
    let (code, audit) = told(&run(data, &["audit"]));
    assert_eq!(code, Some(0), "{audit}");
    let (code, story) = told(&run(data, &["explain", "order", order]));
    assert_eq!(code, Some(0), "{story}");
    assert!(story.contains(order), "{story}");
    let (code, json) = told(&run(data, &["--json", "replay", "--from", "1", "--to", "5"]));
    assert_eq!(code, Some(0), "{json}");
    assert!(json.trim_start().starts_with('{'), "{json}");
    let (code, inside) = told(&run(data, &["replay", "--from", "7", "--to", "7"]));
    assert_eq!(code, Some(0), "{inside}");
    assert!(!inside.contains(" 0 facts ruled on again"), "{inside}");
    let (code, day) = told(&run(data, &["replay", "--day", "2001-01-01"]));
    assert_eq!(code, Some(0), "{day}");
    let (code, beyond) = told(&run(data, &["replay", "--from", "1", "--to", "100000"]));
    assert_eq!(code, Some(2), "{beyond}");
    assert!(beyond.contains("the log has positions 1 to"), "{beyond}");
    let (code, unknown) = told(&run(data, &["explain", "order", "nobody-knows"]));
    assert_eq!(code, Some(2), "{unknown}");

    // The journal, the secrets and the master key are enough; the rest is made again from them.
    fs::remove_dir_all(data.join("sled")).unwrap();
    let (code, audit) = told(&run(data, &["audit"]));
    assert_eq!(code, Some(0), "{audit}");
}

#[test]
fn what_a_file_declares_enters_the_book_once_and_its_keys_not_at_all() {
    let data = TempDir::new().unwrap();
    let keys = ["device-key-0001", "merchant-key-0001", "native-token-000001"];
    let file = "[[wallet]]\nid = \"wx\"\nchannel = \"wechat\"\nqr = \"wxp://f2f0\"\n\
        [[device]]\nid = \"phone-1\"\nkey = \"device-key-0001\"\nwallets = [\"wx\"]\n\
        [[merchant]]\nid = \"1001\"\nkey = \"merchant-key-0001\"\ntoken = \"native-token-000001\"\n\
        wallets = [\"wx\"]\n";
    // Not in the data directory, which is searched for the keys.
    let place = TempDir::new().unwrap();
    let path = place.path().join("shop.toml");
    fs::write(&path, file).unwrap();
    let config = ["--config", path.to_str().unwrap()];

    let first = Serving::start(data.path(), &config);
    assert_eq!(first.said, "", "a configured book has no sandbox");
    assert_eq!(first.order(keys[2]).0, 201);
    let (code, log) = first.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("moved into the secret store: device-key of phone-1"), "{log}");
    for key in keys {
        assert_eq!(holds(data.path(), key.as_bytes()), None);
        assert!(!log.contains(key), "{log}");
    }

    let head = |data: &Path| told(&run(data, &["audit"])).1.lines().next().unwrap().to_owned();
    let before = head(data.path());
    let (code, log) = Serving::start(data.path(), &config).stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("moved"), "{log}");
    assert_eq!(head(data.path()), before, "declaring the same again appends nothing");

    let undone = duizhang(data.path()).args(config).args(["merchant", "disable", "1001"]).output();
    let (code, text) = told(&undone.unwrap());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("declared by the configuration"), "{text}");

    fs::write(&path, file.replace("merchant-key-0001", "device-key-0001")).unwrap();
    let shared = duizhang(data.path()).args(config).arg("serve").output().unwrap();
    let (code, text) = told(&shared);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("are the same, but each needs its own"), "{text}");
    fs::write(&path, format!("{file}[server]\ntime_zone = \"Europe/Berlin\"\n")).unwrap();
    let moved = duizhang(data.path()).args(config).arg("serve").output().unwrap();
    assert!(told(&moved).1.contains("a book's days never change"), "{moved:?}");
}

#[test]
fn a_port_in_use_is_told_and_makes_no_book() {
    let data = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = duizhang(data.path());
    let output = command.env("DUIZHANG_SERVER__LISTEN", &address).arg("serve").output().unwrap();
    let (code, text) = told(&output);
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains(&format!("listen on {address}")), "{text}");
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "its keys would be lost");
}

#[test]
fn things_are_declared_shown_and_switched_off_while_the_server_stands() {
    let data = TempDir::new().unwrap();
    Serving::start(data.path(), &[]).stop();
    let say = |arguments: &[&str], expected: i32| {
        let (code, text) = told(&run(data.path(), arguments));
        assert_eq!(code, Some(expected), "{arguments:?}: {text}");
        text
    };
    let fixed = "10.00=wxp://ten";
    say(&["wallet", "add", "--id", "wx", "--channel", "wechat", "--fixed", fixed], 0);
    assert!(say(&["wallet", "show", "wx"], 0).contains("10.00"));
    assert!(say(&["wallet", "list"], 0).contains("sandbox:pay"));
    assert!(say(&["wallet", "show", "none"], 2).contains("there is no wallet none"));
    let long = "q".repeat(513);
    let long = ["wallet", "add", "--id", "wx-2", "--channel", "wechat", "--qr", &long];
    assert!(say(&long, 2).contains("wallet wx-2: its any-amount code has 513 bytes"));

    let added = say(&["--json", "merchant", "add", "--id", "1001", "--wallet", "wx"], 0);
    let compact = added.replace("\": \"", "\":\"");
    let (key, token) = (field(&compact, "key"), field(&compact, "token"));
    let lax = say(&["merchant", "add", "--id", "1002", "--wallet", "wx"], 0);
    let strict = say(&["merchant", "add", "--id", "1003", "--wallet", "wx", "--strict"], 0);
    assert!(lax.ends_with("see docs/dialects\n") && !strict.contains("hint"), "{lax}{strict}");
    assert!(!added.contains("hint"), "one document of JSON: {added}");
    assert!(say(&["merchant", "add", "--id", "1001", "--wallet", "wx"], 2).contains("already"));
    assert!(say(&["merchant", "add", "--id", "2", "--wallet", "no"], 2).contains("no wallet no"));
    let local =
        ["merchant", "add", "--id", "2", "--wallet", "wx", "--notify-url", "http://10.0.0.1/"];
    assert!(say(&local, 2).contains("the address for callbacks is refused"));
    let shown = say(&["merchant", "show", "1001"], 0);
    assert!(shown.contains("merchant-key k") && !shown.contains(&key), "{shown}");
    let rotated = say(&["merchant", "rotate-key", "1001", "--secret", "token", "--grace", "1h"], 0);
    assert!(rotated.contains("accepted for 1h more"), "{rotated}");
    assert!(say(&["merchant", "show", "1001"], 0).contains("accepted until"));

    assert!(say(&["device", "add", "--id", "p", "--wallet", "wx"], 0).contains("shown this once"));
    assert!(say(&["device", "list"], 0).contains("never heard"));
    say(&["device", "rotate-key", "p"], 0);
    say(&["device", "disable", "p"], 0);
    assert!(say(&["device", "show", "p"], 0).contains("disabled"));

    assert!(say(&["user", "add", "li"], 0).contains("operator li"));
    assert_eq!(say(&["user", "list"], 0), "admin\nli\n");
    say(&["user", "rotate-key", "li"], 0);
    say(&["user", "disable", "li"], 0);
    assert!(say(&["user", "show", "li"], 2).contains("there is no operator li"));

    let serving = Serving::start(data.path(), &[]);
    assert_eq!(serving.order(&token).0, 201, "the old token lives for its time of grace");
    serving.stop();
    say(&["merchant", "disable", "1001"], 0);
    let serving = Serving::start(data.path(), &[]);
    assert_ne!(serving.order(&token).0, 200, "a merchant that is switched off asks for nothing");
    serving.stop();
    assert!(say(&["audit"], 0).contains("Audit up to position"));
}
