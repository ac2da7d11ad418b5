//! Deliveries of phones and forwarders: from a source's reading to a fact, and the conclusion back
//! to the phone.
//!
//! Invariants: a device is told "ok" only when its delivery is durable; what a proven device sends
//! is kept even when nobody can read it; whoever proves nothing cannot fill the disk: forged
//! deliveries become events only within a small hourly allowance, and are counted beyond it.

use std::sync::Mutex;

use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, HeartbeatReceived, NotificationReceived, Reading as FactReading};
use duizhang_core::id::{DeviceId, NotificationId};
use duizhang_core::limits::{EVIDENCE_BYTES_MAX, REFERENCE_BYTES_MAX, REFERENCES_MAX};
use duizhang_core::notification::Verdict;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::source::{DeviceKeys, Evidence, Outcome, Reading, Refusal, Source};
use duizhang_listener_bridge::sources::YOUZAN;
use duizhang_listener_bridge::wire::{Answer, Request};

use super::exchange::SOURCE_BODY_BYTES_MAX;
use super::execute::is_held;
use crate::app::App;
use crate::book::{Settled, SubmitError};
use crate::secrets::SecretOf;
use crate::youzan::Shop;

/// Forged deliveries kept as evidence in one hour: 60 of at most 4 KiB are 2 GiB in a year of
/// constant attack.
const FORGED_KEPT_PER_HOUR_MAX: u32 = 60;

/// Bytes kept of a forged delivery.
const FORGED_BYTES_MAX: usize = 4 * 1_024;

/// Stands where evidence was cut. Taking secrets out may lengthen a body by an eighth, so the
/// longest one with the longest head can pass the limit of an event.
const CUT_MARK: &[u8] = b"\n[cut]";

/// How many forged deliveries were kept in the current hour.
#[derive(Debug, Default)]
pub(super) struct ForgedAllowance(Mutex<(Timestamp, u32)>);

impl ForgedAllowance {
    fn take(&self, at: Timestamp) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if at.since(kept.0) >= Span::from_hours(1) {
            *kept = (at, 0);
        }
        let allowed = kept.1 < FORGED_KEPT_PER_HOUR_MAX;
        kept.1 = kept.1.saturating_add(u32::from(allowed));
        allowed
    }
}

/// The keys that may sign for a source. Youzan's pushes are signed by its application's secret, and
/// by nothing else; that secret signs for no other source.
struct Keys<'a> {
    app: &'a App,
    at: Timestamp,
    source: &'static str,
}

impl Keys<'_> {
    fn enabled(&self, device: &DeviceId) -> bool {
        let views = self.app.book.views();
        views.book.device(device).is_some_and(|view| view.declared.enabled)
    }
}

impl DeviceKeys for Keys<'_> {
    fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
        if self.source == YOUZAN {
            for shop in self.app.youzan.shops() {
                self.each_of(&shop.watcher, &mut |key| show(&shop.watcher, key));
            }
            return;
        }
        for (device, key) in self.app.secrets.each_device_key(self.at) {
            if self.enabled(&device) {
                show(&device, key.secret.expose());
            }
        }
    }

    fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
        let of = match self.source {
            YOUZAN => self.app.youzan.shop_of(device).map(Shop::secret),
            _ => Some(SecretOf::DeviceKey(device.clone())),
        };
        for of in of.into_iter().filter(|_| self.enabled(device)) {
            for key in self.app.secrets.keys_of(&of, self.at) {
                show(key.secret.expose());
            }
        }
    }
}

/// Takes a delivery and answers it in the source's words.
pub(super) async fn take(
    app: &App,
    allowance: &ForgedAllowance,
    source: &(dyn Source + Send + Sync),
    request: &Request,
) -> Answer {
    match judge(app, allowance, source, request, None).await {
        Ok(outcome) => source.answer(request, outcome),
        Err(refusal) => source.refuse(request, &refusal),
    }
}

/// What a relay knows of a delivery beside the request itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relayed {
    /// What marks the delivery for ever.
    pub(super) key: Digest,
    /// Whether the relay says that it lay there for longer than clocks may differ.
    pub(super) delayed: bool,
}

/// Takes a delivery: once this has an outcome other than unavailable, it is durable.
///
/// # Errors
/// The source's refusal; a forged delivery is kept within its allowance.
pub(super) async fn judge(
    app: &App,
    allowance: &ForgedAllowance,
    source: &(dyn Source + Send + Sync),
    request: &Request,
    relayed: Option<Relayed>,
) -> Result<Outcome, Refusal> {
    let at = app.clock.now();
    match source.read(request, &Keys { app, at, source: source.name() }) {
        Ok(reading) => {
            let outcome = submit(app, reading, relayed).await;
            app.metrics.delivered(word(outcome));
            Ok(outcome)
        }
        Err(refusal) => {
            tell_refused(app, source, request, refusal_word(&refusal));
            if matches!(refusal, Refusal::BadSignature | Refusal::SharedKey) && allowance.take(at) {
                keep_forged(app, source.name(), request).await;
            }
            Err(refusal)
        }
    }
}

/// Refuses a delivery whose body is too long: nobody has read it, so nothing is known of its
/// sender.
pub(super) fn too_large(
    app: &App,
    source: &(dyn Source + Send + Sync),
    request: &Request,
) -> Answer {
    tell_refused(app, source, request, "too_large");
    let why = format!("longer than {SOURCE_BODY_BYTES_MAX} bytes");
    source.refuse(request, &Refusal::BadParameter { name: String::from("body"), why })
}

/// Neither the path whole (one forwarder glues its parameters to it) nor the sender's own words go
/// into the program's log.
fn tell_refused(app: &App, source: &(dyn Source + Send + Sync), request: &Request, word: &str) {
    app.metrics.delivered("refused");
    let path = loggable(&request.path);
    tracing::warn!(source = source.name(), path, word, "refused");
}

/// The beginning of a path, without glued parameters, without what stands behind a hook's device
/// (it may be the device's key), and with nothing that a terminal obeys.
fn loggable(path: &str) -> String {
    const CHARACTERS_MAX: usize = 128;
    let bare = path.split(['&', ';', '=']).next().unwrap_or_default();
    let device_end = bare.strip_prefix("/hook/").and_then(|below| below.find('/'));
    let bare = device_end.map_or(bare, |end| &bare[.."/hook/".len() + end]);
    bare.chars().take(CHARACTERS_MAX).flat_map(char::escape_default).collect()
}

const fn refusal_word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::BadSignature => "bad_signature",
        Refusal::SharedKey => "shared_key",
        Refusal::MissingParameter(_) => "missing_parameter",
        Refusal::BadParameter { .. } => "bad_parameter",
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Repeat => "repeat",
        Outcome::Held => "held",
        Outcome::Unavailable => "unavailable",
    }
}

async fn submit(app: &App, reading: Reading, relayed: Option<Relayed>) -> Outcome {
    let fact = fact_of(NotificationId::from_bits(app.clock.draw()), reading, relayed);
    match app.book.submit(fact).await {
        Ok(Settled::Recorded(chapter)) => outcome_of(&chapter),
        Ok(Settled::Repeat(_)) => Outcome::Repeat,
        Err(SubmitError::Rejected(rejection)) => {
            tracing::error!(%rejection, "the rules refuse a proven delivery");
            Outcome::Unavailable
        }
        Err(SubmitError::Busy | SubmitError::Stopped | SubmitError::OutcomeUnknown) => {
            Outcome::Unavailable
        }
    }
}

fn outcome_of(chapter: &Chapter) -> Outcome {
    let verdict = chapter.decisions.iter().find_map(|decision| match decision {
        Decision::NotificationJudged { verdict, .. } => Some(*verdict),
        _ => None,
    });
    match verdict {
        Some(Verdict::Repeat { .. }) => Outcome::Repeat,
        Some(Verdict::Conflict { .. } | Verdict::Unreadable | Verdict::Stale) => Outcome::Held,
        _ if is_held(chapter) => Outcome::Held,
        _ => Outcome::Accepted,
    }
}

fn fact_of(notification: NotificationId, reading: Reading, relayed: Option<Relayed>) -> Fact {
    let Reading { device, evidence, raw, source, repeat_key } = reading;
    // What a relay has numbered is told apart by that where the request itself says nothing better.
    let told_apart = |raw: &[u8]| {
        let marked = repeat_key.or(relayed.map(|relayed| relayed.key));
        marked.unwrap_or_else(|| key_of_bytes(&device, source, raw))
    };
    // What stands beside Youzan's signed message says nothing, so it contradicts nothing.
    let said = |key: Digest, raw: &[u8]| if source == YOUZAN { key } else { Digest::of(&[raw]) };
    let (reading, rule, key, content) = match evidence {
        Evidence::Heartbeat { sent_at } => {
            // The delay of one that lay in a relay would look like a slow clock. Nothing proves
            // what a relay says of time, so its word takes the clock away and never makes one.
            let delayed = relayed.is_some_and(|relayed| relayed.delayed);
            let sent_at = (!delayed).then_some(sent_at);
            return Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at });
        }
        Evidence::Money(notice) => {
            let reading = FactReading::Money {
                amount: notice.amount,
                channel: notice.channel,
                sent_at: notice.sent_at,
                references: looked_at(notice.references),
            };
            (reading, notice.rule, notice.key, notice.content)
        }
        Evidence::Ignored { reason, .. } => {
            let key = told_apart(&raw);
            (FactReading::Ignored, reason, key, said(key, &raw))
        }
        Evidence::Announced { key, rule, .. } => (FactReading::Unreadable, rule, key, key),
        Evidence::Unreadable { reason, .. } => {
            let key = told_apart(&raw);
            (FactReading::Unreadable, reason, key, said(key, &raw))
        }
    };
    Fact::NotificationReceived(NotificationReceived {
        notification,
        device: Some(device),
        source: source.to_owned(),
        reading,
        rule,
        key,
        content,
        raw: cut(raw, EVIDENCE_BYTES_MAX),
    })
}

/// What says nothing readable is told apart by its proof, where that is good for one content only,
/// or else by its bytes: the same bytes again are a repeat.
fn key_of_bytes(device: &DeviceId, source: &str, raw: &[u8]) -> Digest {
    Digest::of(&[b"raw", device.as_str().as_bytes(), source.as_bytes(), raw])
}

/// The references that the rules look at. They refuse a delivery with more than they can keep, and
/// a remark of many words would cost the evidence; what is longer than a reference names no order,
/// and a piece of it must not.
fn looked_at(references: Vec<String>) -> Vec<String> {
    let short = references.into_iter().filter(|text| text.len() <= REFERENCE_BYTES_MAX);
    short.take(REFERENCES_MAX).collect()
}

/// Evidence within a limit, with a mark where something is missing.
fn cut(mut raw: Vec<u8>, bytes_max: usize) -> Vec<u8> {
    if raw.len() > bytes_max {
        raw.truncate(bytes_max.saturating_sub(CUT_MARK.len()));
        raw.extend_from_slice(CUT_MARK);
    }
    raw
}

async fn keep_forged(app: &App, source: &str, request: &Request) {
    let raw = cut(request.without_secrets(), FORGED_BYTES_MAX);
    let key = Digest::of(&[b"forged", source.as_bytes(), &raw]);
    let fact = Fact::NotificationReceived(NotificationReceived {
        notification: NotificationId::from_bits(app.clock.draw()),
        device: None,
        source: source.to_owned(),
        reading: FactReading::Forged,
        rule: String::from("the signature fits no device"),
        key,
        content: key,
        raw,
    });
    if let Err(error) = app.book.submit(fact).await {
        tracing::warn!(%error, "a forged delivery was not kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::amount::Amount;
    use duizhang_core::limits::REFERENCES_BYTES_MAX;
    use duizhang_listener_bridge::source::Notice;
    use proptest::prelude::*;

    const DIGEST: fn(&str) -> Digest = |text| Digest::of(&[text.as_bytes()]);

    fn said(evidence: Evidence, raw: &[u8], repeat_key: Option<Digest>) -> NotificationReceived {
        relayed(evidence, raw, repeat_key, None)
    }

    fn relayed(
        evidence: Evidence,
        raw: &[u8],
        repeat_key: Option<Digest>,
        by: Option<Relayed>,
    ) -> NotificationReceived {
        let device = DeviceId::new("phone-1").unwrap();
        let reading = Reading { device, evidence, raw: raw.to_vec(), source: "vmq", repeat_key };
        match fact_of(NotificationId::from_bits(7), reading, by) {
            Fact::NotificationReceived(received) => received,
            other => panic!("{other:?}"),
        }
    }

    fn money(references: Vec<String>) -> Evidence {
        Evidence::Money(Notice {
            channel: None,
            amount: Amount::fen(888),
            sent_at: None,
            key: DIGEST("key"),
            content: DIGEST("content"),
            references,
            rule: String::from("receipt"),
            title: String::new(),
            text: String::new(),
        })
    }

    fn unreadable() -> Evidence {
        Evidence::Unreadable { reason: String::from("why"), text: String::new() }
    }

    #[test]
    fn what_a_relay_knows_stands_in_only_where_the_delivery_says_nothing_itself() {
        let by = |key: &str| Some(Relayed { key: DIGEST(key), delayed: true });
        let paid = relayed(money(Vec::new()), b"raw", None, by("first"));
        assert_eq!(paid.key, DIGEST("key"));
        let one = relayed(unreadable(), b"raw", None, by("first"));
        let again = relayed(unreadable(), b"raw", None, by("first"));
        let other = relayed(unreadable(), b"raw", None, by("second"));
        assert_eq!((one.key, again.key, other.key), (DIGEST("first"), one.key, DIGEST("second")));
        let proven = relayed(unreadable(), b"raw", Some(DIGEST("proof")), by("first"));
        assert_eq!(proven.key, DIGEST("proof"));
    }

    #[test]
    fn a_notices_own_keys_stay_and_bytes_are_the_keys_of_what_nobody_reads() {
        let paid = said(money(Vec::new()), b"raw", Some(DIGEST("proof")));
        assert_eq!((paid.key, paid.content), (DIGEST("key"), DIGEST("content")));
        let proven = said(unreadable(), b"raw", Some(DIGEST("proof")));
        assert_eq!((proven.key, proven.content), (DIGEST("proof"), DIGEST("raw")));
        let [one, same, other] = [b"raw", b"raw", b"wra"].map(|raw| said(unreadable(), raw, None));
        assert_eq!((one.key, one.content), (same.key, same.content));
        assert_ne!(one.key, other.key);
    }

    #[test]
    fn another_envelope_around_one_signed_push_is_no_conflict() {
        let said = |source, raw: &[u8]| {
            let device = DeviceId::new("yz-main").unwrap();
            let (evidence, repeat_key) = (unreadable(), Some(DIGEST("proof")));
            let reading = Reading { device, evidence, raw: raw.to_vec(), source, repeat_key };
            match fact_of(NotificationId::from_bits(7), reading, None) {
                Fact::NotificationReceived(received) => (received.key, received.content),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(said(YOUZAN, b"sendCount 0"), said(YOUZAN, b"sendCount 1"));
        assert_ne!(said("vmq", b"one"), said("vmq", b"two"), "others sign no text");
    }

    #[test]
    fn evidence_beyond_the_limit_is_cut_on_a_mark_and_told_apart_whole() {
        let longest = vec![b'x'; EVIDENCE_BYTES_MAX];
        assert_eq!(said(unreadable(), &longest, None).raw, longest);
        let [one, other] = [b'y', b'z'].map(|last| [longest.as_slice(), &[last]].concat());
        let (one, other) = (said(unreadable(), &one, None), said(unreadable(), &other, None));
        assert_eq!(one.raw.len(), EVIDENCE_BYTES_MAX);
        assert!(one.raw.ends_with(b"x\n[cut]"));
        assert_eq!(one.raw, other.raw);
        assert_ne!(one.key, other.key);
    }

    proptest! {
        #[test]
        fn the_rules_never_refuse_evidence_for_its_references(
            lengths in prop::collection::vec(0_usize..300, 0..40),
        ) {
            let references: Vec<String> = lengths.iter().map(|&bytes| "7".repeat(bytes)).collect();
            let FactReading::Money { references: kept, .. } =
                said(money(references.clone()), b"raw", None).reading
            else {
                panic!("money");
            };
            let bytes: usize = kept.iter().map(String::len).sum();
            prop_assert!(kept.len() <= REFERENCES_MAX && bytes <= REFERENCES_BYTES_MAX);
            prop_assert!(kept.iter().all(|text| references.contains(text)), "none is shortened");
            let short = lengths.iter().filter(|&&bytes| bytes <= REFERENCE_BYTES_MAX).count();
            prop_assert_eq!(kept.len(), short.min(REFERENCES_MAX), "none is lost without need");
        }
    }

    #[test]
    fn no_secret_and_no_control_character_reaches_the_programs_log() {
        let cases = [
            ("/hook/phone&token=device-key-0001", "/hook/phone"),
            ("/hook/phone;sign=abc", "/hook/phone"),
            ("/hook/phone/device-key-0001", "/hook/phone"),
            ("/hook/a\u{1b}[31m\nINFO forged", "/hook/a\\u{1b}[31m\\nINFO forged"),
            ("/token=device-key-0001", "/token"),
        ];
        for (path, shown) in cases {
            assert_eq!(loggable(path), shown);
        }
        assert_eq!(loggable(&"/".repeat(1_000)).len(), 128);
    }
}
