//! Recorded conversations: what phones send, what is read from it, and what they hear back.
//!
//! The conversations are data in `tests/data/*.toml`: a request, and either the reading or the
//! refusal, with the answer. A conversation may name an earlier one that it repeats, contradicts or
//! is different from.
//! Deliberately not here: which texts are money (the rules file carries its own cases).

use std::collections::BTreeMap;
use std::path::Path;

use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::every_source::every_source;
use duizhang_listener_bridge::rules::Rules;
use duizhang_listener_bridge::source::{DeviceKeys, Evidence, Outcome, Reading};
use duizhang_listener_bridge::wire::{Answer, Method, Request};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    source: String,
    key: Vec<Key>,
    conversation: Vec<Conversation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    device: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Conversation {
    name: String,
    method: String,
    path: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    /// What is expected: `refused`, or a device and one of `money`, `heartbeat`, `ignored`,
    /// `unreadable`, `announced`.
    refused: Option<String>,
    device: Option<String>,
    money: Option<Money>,
    heartbeat: Option<i64>,
    ignored: Option<String>,
    unreadable: Option<String>,
    announced: Option<String>,
    /// Texts that the kept request must not hold.
    #[serde(default)]
    secrets: Vec<String>,
    repeats: Option<String>,
    contradicts: Option<String>,
    differs: Option<String>,
    /// What the engine concluded, where the request was read.
    #[serde(default)]
    outcome: Conclusion,
    status: u16,
    answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Money {
    amount: String,
    channel: Option<String>,
    sent_at: i64,
    rule: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    references: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Conclusion {
    #[default]
    Accepted,
    Repeat,
    Held,
    Unavailable,
}

impl From<Conclusion> for Outcome {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Accepted => Self::Accepted,
            Conclusion::Repeat => Self::Repeat,
            Conclusion::Held => Self::Held,
            Conclusion::Unavailable => Self::Unavailable,
        }
    }
}

impl DeviceKeys for Recording {
    fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
        for Key { device, key } in &self.key {
            show(
                &DeviceId::new(device).expect("recorded devices have proper names"),
                key.as_bytes(),
            );
        }
    }

    fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
        let own = self.key.iter().filter(|key| key.device == device.as_str());
        own.for_each(|key| show(key.key.as_bytes()));
    }
}

impl Conversation {
    fn request(&self) -> Request {
        let mut request = Request::new(Method::from(self.method.as_str()), &self.path, &self.query);
        request.headers = self.headers.clone().into_iter().collect();
        request.body = self.body.clone().into_bytes();
        request
    }

    fn check_answer(&self, answer: &Answer) {
        let body = String::from_utf8_lossy(&answer.body);
        assert_eq!((answer.status, &*body), (self.status, self.answer.as_str()), "{}", self.name);
        let media = if self.answer.starts_with('{') { "application/json" } else { "text/plain" };
        assert_eq!(answer.content_type, format!("{media};charset=UTF-8"), "{}", self.name);
        let again = answer.headers.iter().any(|(name, _)| name == "retry-after");
        assert_eq!(again, self.status == 503, "{}: retry-after", self.name);
    }

    fn check_reading(&self, reading: &Reading) {
        let name = &self.name;
        assert_eq!(Some(reading.device.as_str()), self.device.as_deref(), "{name}");
        match &reading.evidence {
            Evidence::Money(notice) => {
                let Some(money) = &self.money else { panic!("{name}: read {notice:?}") };
                assert_eq!(notice.amount.to_string(), money.amount, "{name}");
                let channel = notice.channel.map(|channel| channel.word());
                assert_eq!(channel, money.channel.as_deref(), "{name}");
                let sent_at = notice.sent_at.map(Timestamp::millis);
                assert_eq!(sent_at, Some(money.sent_at), "{name}");
                assert_eq!(notice.rule, money.rule, "{name}");
                assert_eq!(notice.title, money.title, "{name}");
                assert_eq!(notice.text, money.text, "{name}");
                assert_eq!(notice.references, money.references, "{name}");
            }
            Evidence::Heartbeat { sent_at } => {
                assert_eq!(Some(sent_at.millis()), self.heartbeat, "{name}");
            }
            Evidence::Ignored { reason, .. } => {
                assert_eq!(Some(reason), self.ignored.as_ref(), "{name}");
            }
            Evidence::Announced { rule, .. } => {
                assert_eq!(Some(rule), self.announced.as_ref(), "{name}");
            }
            Evidence::Unreadable { reason, text } => {
                let Some(expected) = &self.unreadable else { panic!("{name}: {reason}: {text}") };
                assert!(reason.contains(expected), "{name}: {reason}");
            }
        }
        let raw = String::from_utf8_lossy(&reading.raw);
        // Behind the device a path may hold its key.
        let path = self.path.split('&').next().unwrap_or_default();
        let path: Vec<&str> = path.split('/').take(3).collect();
        assert!(raw.starts_with(&format!("{} {}", self.method, path.join("/"))), "{name}: {raw}");
        for secret in &self.secrets {
            assert!(!raw.contains(secret), "{name}: {secret} is in {raw}");
        }
    }
}

/// Keys and contents of what was money, by the conversation's name.
type Seen = BTreeMap<String, (Digest, Digest)>;

fn check_identity(conversation: &Conversation, reading: &Reading, seen: &mut Seen) {
    let (own_key, own_content) = match &reading.evidence {
        Evidence::Money(notice) => (notice.key, notice.content),
        // What is announced is only its key; the rest is asked for.
        Evidence::Announced { key, .. } => (*key, *key),
        Evidence::Heartbeat { .. } | Evidence::Ignored { .. } | Evidence::Unreadable { .. } => {
            return;
        }
    };
    let name = &conversation.name;
    let earlier = |other: &Option<String>| other.as_ref().map(|other| seen[other]);
    if let Some((key, content)) = earlier(&conversation.repeats) {
        assert_eq!((own_key, own_content), (key, content), "{name}: is no repeat");
    }
    if let Some((key, content)) = earlier(&conversation.contradicts) {
        assert_eq!(own_key, key, "{name}: is no conflict");
        assert_ne!(own_content, content, "{name}: is a repeat");
    }
    if let Some((key, _)) = earlier(&conversation.differs) {
        assert_ne!(own_key, key, "{name}: is taken for the other one");
    }
    let fresh = seen.insert(name.clone(), (own_key, own_content)).is_none();
    assert!(fresh, "{name}: the name stands twice");
}

fn play(file: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(&path).expect("the recording is there");
    let recording: Recording = toml::from_str(&text).expect("the recording is TOML");
    let sources = every_source(&Rules::default());
    let source = sources.iter().find(|source| source.name() == recording.source);
    let source = source.expect("the recording names a source");
    let mut seen = Seen::new();
    for conversation in &recording.conversation {
        let name = &conversation.name;
        let request = conversation.request();
        let claim = |request: &Request| -> Vec<&str> {
            sources.iter().filter(|each| each.claims(request)).map(|each| each.name()).collect()
        };
        assert_eq!(claim(&request), [source.name()], "{name}: exactly one source claims it");
        let head = Request { body: Vec::new(), ..request.clone() };
        assert_eq!(claim(&head).len(), 1, "{name}: so does one before the body is there");
        match source.read(&request, &recording) {
            Ok(reading) => {
                assert_eq!(conversation.refused, None, "{name}: was read: {reading:?}");
                assert_eq!(reading.source, source.name(), "{name}");
                conversation.check_reading(&reading);
                check_identity(conversation, &reading, &mut seen);
                conversation.check_answer(&source.answer(&request, conversation.outcome.into()));
            }
            Err(refusal) => {
                assert_eq!(Some(refusal.to_string()), conversation.refused, "{name}");
                conversation.check_answer(&source.refuse(&request, &refusal));
            }
        }
    }
    recording.conversation.len()
}

#[test]
fn every_sources_recorded_conversations_are_understood() {
    let mut files: Vec<String> = every_source(&Rules::default())
        .iter()
        .map(|source| format!("{}.toml", source.name()))
        .collect();
    files.sort();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut recorded: Vec<String> = std::fs::read_dir(folder)
        .expect("the recordings are there")
        .map(|file| file.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    recorded.sort();
    assert_eq!(files, recorded, "each source has its recording, and each recording its source");
    for file in files {
        assert!(play(&file) >= 12, "{file} is too thin");
    }
}
