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
use duizhang_core::notification::Verdict;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::source::{DeviceKeys, Evidence, Outcome, Reading, Refusal, Source};
use duizhang_listener_bridge::wire::{Answer, Request};

use super::execute::is_held;
use crate::app::App;
use crate::book::{Settled, SubmitError};
use crate::secrets::SecretOf;

/// Forged deliveries kept as evidence in one hour: 60 of at most 4 KiB are 2 GiB in a year of
/// constant attack.
const FORGED_KEPT_PER_HOUR_MAX: u32 = 60;

/// Bytes kept of a forged delivery.
const FORGED_BYTES_MAX: usize = 4 * 1_024;

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

struct Keys<'a> {
    app: &'a App,
    at: Timestamp,
}

impl Keys<'_> {
    fn enabled(&self, device: &DeviceId) -> bool {
        let views = self.app.book.views();
        views.book.device(device).is_some_and(|view| view.declared.enabled)
    }
}

impl DeviceKeys for Keys<'_> {
    fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
        for (device, key) in self.app.secrets.each_device_key(self.at) {
            if self.enabled(&device) {
                show(&device, key.secret.expose());
            }
        }
    }

    fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
        if self.enabled(device) {
            for key in self.app.secrets.keys_of(&SecretOf::DeviceKey(device.clone()), self.at) {
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
    let at = app.clock.now();
    let read = source.read(request, &Keys { app, at });
    match read {
        Ok(reading) => {
            let outcome = submit(app, reading).await;
            app.metrics.delivered(word(outcome));
            source.answer(request, outcome)
        }
        Err(refusal) => {
            app.metrics.delivered("refused");
            // Neither the path whole (one forwarder glues its parameters to it) nor the sender's
            // own words go into the program's log.
            let path = loggable(&request.path);
            tracing::warn!(source = source.name(), path, word = refusal_word(&refusal), "refused");
            if matches!(refusal, Refusal::BadSignature | Refusal::SharedKey) && allowance.take(at) {
                keep_forged(app, source.name(), request).await;
            }
            source.refuse(request, &refusal)
        }
    }
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

async fn submit(app: &App, reading: Reading) -> Outcome {
    let fact = fact_of(app, reading);
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

fn fact_of(app: &App, reading: Reading) -> Fact {
    let Reading { device, evidence, raw, source, repeat_key } = reading;
    let notification = NotificationId::from_bits(app.clock.draw());
    let received = |reading, rule, key, content| {
        Fact::NotificationReceived(NotificationReceived {
            notification,
            device: Some(device.clone()),
            source: source.to_owned(),
            reading,
            rule,
            key,
            content,
            raw: raw.clone(),
        })
    };
    // What says nothing readable is told apart by its proof, where that is good for one content
    // only, or else by its bytes: the same bytes again are a repeat.
    let content = Digest::of(&[&raw]);
    let key = repeat_key.unwrap_or_else(|| {
        Digest::of(&[b"raw", device.as_str().as_bytes(), source.as_bytes(), &raw])
    });
    match evidence {
        Evidence::Heartbeat { sent_at } => {
            Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at: Some(sent_at) })
        }
        Evidence::Money(notice) => {
            let reading = FactReading::Money {
                amount: notice.amount,
                channel: notice.channel,
                sent_at: notice.sent_at,
                references: notice.references,
            };
            received(reading, notice.rule, notice.key, notice.content)
        }
        Evidence::Ignored { reason, .. } => received(FactReading::Ignored, reason, key, content),
        Evidence::Unreadable { reason, .. } => {
            received(FactReading::Unreadable, reason, key, content)
        }
    }
}

async fn keep_forged(app: &App, source: &str, request: &Request) {
    let mut raw = request.without_secrets();
    raw.truncate(FORGED_BYTES_MAX);
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
