//! Recorded conversations: what a shop sends, what it hears, and what its callback address gets,
//! word by word, as data in `tests/conversations/`.
//!
//! Each file is one conversation with a fresh server, in steps that are played in order:
//!
//! - `send` and `answer`: a request as it stands on the wire (Host, Content-Length and Connection
//!   are added) and what must come back: the status, the headers that matter, and after an empty
//!   line, where there is one, the whole body.
//! - `pay = "wechat 10.01"`: the phone reports money.
//! - `callback`: the next request that the shop gets, by its request line, the headers that matter
//!   and, after an empty line, the whole body.
//! - `shop = "500 fail"`: what the shop answers from now on.
//! - `advance = 900`: so many seconds pass.
//!
//! `<<name>>` stands for what an answer or a callback held there when the name was met first.
//! `<<shop>>` is the shop's address, `<<md5:…>>` the lower-case digest and `<<enc:…>>` the
//! percent-encoded form of a text, so that the formulas stand in the data and not in code of ours.
//!
//! Invariant: at the end of a conversation the shop has got nothing that the file does not name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use duizhang_api::dialects::{Codepay, CodepayMoney, Epay, every_dialect};
use duizhang_core::fact::{Fact, Merchant, PolicyActivated};
use duizhang_core::policy::Policy;
use duizhang_core::time::Span;
use duizhang_listener_bridge::wire::{Method, Request, encode_component, md5_hex};
use serde::Deserialize;

use crate::rig::{DEVICE_KEY, Rig, Setting};
use crate::shop::{Came, Habit, Shop};
use crate::wire::{get, raw};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    about: String,
    /// The furthest that a payable amount may lie from the asked one, in fen.
    max_offset: Option<u32>,
    /// Whether the merchant is strict.
    #[serde(default)]
    strict: bool,
    /// Whether codepay's callbacks report the asked amount as the paid one.
    #[serde(default)]
    codepay_money_asked: bool,
    step: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    what: String,
    send: Option<String>,
    answer: Option<String>,
    pay: Option<String>,
    callback: Option<String>,
    shop: Option<String>,
    advance: Option<u64>,
}

/// A piece of a text with placeholders.
enum Piece {
    Text(String),
    Name(String),
    Call(String, Vec<Piece>),
}

/// Takes a text apart, up to its end or the `>>` that closes it.
fn pieces(text: &mut &str, inside: bool) -> Result<Vec<Piece>, String> {
    let mut found = Vec::new();
    loop {
        let open = text.find("<<").unwrap_or(text.len());
        let close = text.find(">>").filter(|_| inside).unwrap_or(text.len());
        let end = open.min(close);
        if end > 0 {
            found.push(Piece::Text(text[..end].to_owned()));
        }
        if end == text.len() {
            return if inside { Err("a placeholder has no end".into()) } else { Ok(found) };
        }
        *text = &text[end + 2..];
        if close < open {
            return Ok(found);
        }
        let word = text.find([':', '>', '<']).ok_or("a placeholder has no end")?;
        let name = text[..word].to_owned();
        if let Some(rest) = text[word..].strip_prefix(':') {
            *text = rest;
            found.push(Piece::Call(name, pieces(text, true)?));
        } else if let Some(rest) = text[word..].strip_prefix(">>") {
            *text = rest;
            found.push(Piece::Name(name));
        } else {
            return Err(format!("{name} is no placeholder"));
        }
    }
}

/// What names stand for, so far.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn fill(&self, text: &str) -> Result<String, String> {
        self.join(&pieces(&mut &*text, false)?)
    }

    fn join(&self, pieces: &[Piece]) -> Result<String, String> {
        pieces.iter().map(|piece| self.piece(piece)).collect()
    }

    fn piece(&self, piece: &Piece) -> Result<String, String> {
        match piece {
            Piece::Text(text) => Ok(text.clone()),
            Piece::Name(name) => {
                self.0.get(name).cloned().ok_or_else(|| format!("<<{name}>> is not known yet"))
            }
            Piece::Call(call, inner) => match (call.as_str(), self.join(inner)?) {
                ("md5", text) => Ok(md5_hex(&[text.as_bytes()])),
                ("enc", text) => Ok(encode_component(&text)),
                (other, _) => Err(format!("<<{other}:…>> is unknown")),
            },
        }
    }

    /// Checks a text against what is expected of it, and learns the names that are new.
    fn meet(&mut self, expected: &str, came: &str) -> Result<(), String> {
        let wrong = |at: &str| format!("expected\n{expected}\nbut got\n{came}\n(from: {at})");
        let pieces = pieces(&mut &*expected, false)?;
        let mut rest = came;
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Name(name) if !self.0.contains_key(name) => {
                    let end = match pieces.get(index + 1) {
                        None => rest.len(),
                        Some(next) => rest.find(&self.piece(next)?).ok_or_else(|| wrong(rest))?,
                    };
                    self.0.insert(name.clone(), rest[..end].to_owned());
                    rest = &rest[end..];
                }
                known => {
                    rest = rest.strip_prefix(&self.piece(known)?).ok_or_else(|| wrong(rest))?;
                }
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(wrong(rest)) }
    }

    /// Checks a head and a body, each as far as the expectation names them.
    fn meet_message(
        &mut self,
        expected: &str,
        first: &str,
        header: &dyn Fn(&str) -> Option<String>,
        body: &str,
    ) -> Result<(), String> {
        let (head, wanted) = match expected.split_once("\n\n") {
            Some((head, body)) => (head, Some(body)),
            None => (expected, None),
        };
        let mut lines = head.lines();
        self.meet(lines.next().unwrap_or_default(), first)?;
        for line in lines {
            let (name, value) = line.split_once(": ").ok_or("a header line has a colon")?;
            let came = header(name).ok_or_else(|| format!("there is no header {name}"))?;
            self.meet(value, &came)?;
        }
        wanted.map_or(Ok(()), |wanted| self.meet(wanted.trim_end_matches('\n'), body))
    }
}

struct Stage {
    rig: Rig,
    shop: Shop,
    names: Names,
    attempts: usize,
}

impl Stage {
    async fn new(conversation: &Conversation) -> Self {
        let mut setting = Setting::new();
        if conversation.codepay_money_asked {
            let merchant = crate::rig::merchant().id;
            setting.codepay = Codepay::new(BTreeMap::from([(merchant, CodepayMoney::Asked)]));
        }
        let rig = setting.start().await;
        let shop = Shop::good().await;
        if let Some(max_offset) = conversation.max_offset {
            let policy = Policy { max_offset, ..Policy::default() };
            let activated = PolicyActivated { policy, by: "test".into() };
            let submitted = rig.server.book().submit(Fact::PolicyActivated(activated)).await;
            submitted.expect("the policy is sound");
        }
        if conversation.strict {
            let known = crate::rig::merchant();
            let strict = Fact::MerchantDeclared(Merchant { strict: true, ..known });
            rig.server.book().submit(strict).await.expect("the merchant is sound");
        }
        let mut names = Names::default();
        names.0.insert("shop".into(), format!("http://{}", shop.at));
        Self { rig, shop, names, attempts: 0 }
    }

    async fn play(&mut self, step: &Step) -> Result<(), String> {
        if let Some(seconds) = step.advance {
            self.rig.clock().advance(Span::from_secs(seconds));
        }
        if let Some(habit) = &step.shop {
            let (status, body) = habit.split_once(' ').unwrap_or((habit, ""));
            let status = status.parse().map_err(|_| format!("{habit}: no status"))?;
            self.shop.becomes(Habit::say(status, body));
        }
        if let Some(money) = &step.pay {
            self.pay(&self.names.fill(money)?).await?;
        }
        match (&step.send, &step.answer) {
            (Some(request), Some(answer)) => self.ask(request, answer).await?,
            (None, None) => {}
            _ => return Err("send and answer belong together".into()),
        }
        if let Some(expected) = &step.callback {
            let came = self.shop.next().await;
            self.called_back(expected, &came).await?;
        }
        Ok(())
    }

    async fn ask(&mut self, request: &str, expected: &str) -> Result<(), String> {
        let request = self.names.fill(request)?;
        let (head, body) = request.split_once("\n\n").unwrap_or((&request, ""));
        let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
        let headers = headers.lines().map(|line| format!("{line}\r\n")).collect::<String>();
        let body = body.trim_end_matches('\n');
        let (at, length) = (self.rig.at, body.len());
        let wire = format!(
            "{} HTTP/1.1\r\nHost: {at}\r\n{headers}Content-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}",
            line.trim_end()
        );
        let answer = raw(at, wire.as_bytes()).await;
        let header = |name: &str| answer.header(name).map(str::to_owned);
        self.names.meet_message(expected, &answer.status.to_string(), &header, &answer.text())
    }

    /// A phone's push; each at a second of its own, because the phone's time tells pushes apart.
    async fn pay(&mut self, money: &str) -> Result<(), String> {
        self.rig.clock().advance(Span::from_secs(1));
        let (channel, price) = money.split_once(' ').ok_or("money is a channel and an amount")?;
        let kind = match channel {
            "wechat" => 1,
            "alipay" => 2,
            "qq" => 3,
            other => return Err(format!("no phone reports {other}")),
        };
        let t = self.rig.millis();
        let sign = md5_hex(&[format!("{kind}{price}{t}{DEVICE_KEY}").as_bytes()]);
        let path = format!("/appPush?type={kind}&price={price}&t={t}&sign={sign}");
        let answer = get(self.rig.at, &path).await;
        let taken = answer.json()["code"] == 1;
        if taken { Ok(()) } else { Err(format!("the push was refused: {}", answer.text())) }
    }

    /// Checks a callback and waits until its attempt is recorded, so that the next step finds the
    /// book at rest.
    async fn called_back(&mut self, expected: &str, came: &Came) -> Result<(), String> {
        let header = |name: &str| came.header(name).map(str::to_owned);
        let line = came.line.trim_end_matches(" HTTP/1.1");
        self.names.meet_message(expected, line, &header, &came.body)?;
        self.attempts += 1;
        let recorded = |rig: &Rig| {
            rig.chapters(|chapter| matches!(chapter.fact, Fact::CallbackAttempted(_))).len()
        };
        let attempts = self.attempts;
        self.rig.until("the attempt to be recorded", |rig| recorded(rig) >= attempts).await;
        Ok(())
    }
}

async fn play(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let conversation: Conversation = toml::from_str(&text).map_err(|error| error.to_string())?;
    let mut stage = Stage::new(&conversation).await;
    for step in &conversation.step {
        let played = stage.play(step).await;
        played.map_err(|error| format!("{}: {}: {error}", conversation.about, step.what))?;
    }
    let more = stage.shop.waiting();
    stage.rig.stop().await;
    if more > 0 {
        return Err(format!("{}: {more} callbacks came that no step names", conversation.about));
    }
    Ok(())
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn recorded_conversations_go_as_they_went() {
    let mut failures = Vec::new();
    let files = files();
    assert!(!files.is_empty(), "there are conversations");
    for path in files {
        if let Err(failure) = play(&path).await {
            failures.push(format!("{}: {failure}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// The head of a recorded request, as a server sees it before it reads the body.
fn head_of(request: &str) -> Option<Request> {
    let head = request.split("\n\n").next()?.trim_start();
    let mut lines = head.lines();
    let (verb, target) = lines.next()?.split_once(' ')?;
    let (path, query) = target.trim_end().split_once('?').unwrap_or((target.trim_end(), ""));
    let mut read = Request::new(Method::from(verb), path, query);
    let headers = lines.filter_map(|line| line.split_once(": "));
    read.headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    Some(read)
}

#[test]
fn no_two_dialects_claim_one_request() {
    let dialects = every_dialect(Epay::default(), Codepay::default());
    let mut claimed = BTreeMap::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("readable");
        let conversation: Conversation = toml::from_str(&text).expect("a conversation");
        for request in conversation.step.iter().filter_map(|step| step.send.as_deref()) {
            let request = head_of(request).expect("a request has a line");
            let by: Vec<_> = dialects.iter().filter(|(_, one)| one.claims(&request)).collect();
            assert!(by.len() <= 1, "{}: {} is claimed twice", path.display(), request.path);
            for (name, _) in by {
                *claimed.entry(*name).or_insert(0_usize) += 1;
            }
        }
    }
    let silent = dialects.iter().filter(|(name, _)| !claimed.contains_key(name));
    let silent: Vec<_> = silent.map(|(name, _)| *name).collect();
    assert_eq!(silent, [], "each protocol has conversations");
}

#[test]
fn expectations_can_fail() {
    let mut names = Names::default();
    names.0.insert("known".into(), "1".into());
    let cases = [
        ("a<<x>>c", "abc", true),
        ("a<<x>>c<<x>>", "abcb", true),
        ("a<<y>>c<<y>>", "abcd", false),
        ("<<known>>", "2", false),
        ("<<md5:<<known>>>>", "c4ca4238a0b923820dcc509a6f75849b", true),
        ("<<z>><<md5:<<z>>>>", "1c4ca4238a0b923820dcc509a6f75849b", false),
        ("<<enc:a b>>", "a%20b", true),
        ("abc", "abcd", false),
        ("abc", "ab", false),
        ("<<open", "x", false),
        ("<<sha:1>>", "x", false),
    ];
    for (expected, came, meets) in cases {
        assert_eq!(names.meet(expected, came).is_ok(), meets, "{expected} {came}");
    }
}
