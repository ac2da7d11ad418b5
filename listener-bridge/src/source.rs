//! What a source is: one app family's wire protocol on the evidence side.
//!
//! Invariants: a reading always names the device whose key signed it; a device's clock is data and
//! never decides whether money is read; nothing that could be money is dropped; whoever holds no
//! key learns the same words in the same time whether the device is unknown or the signature is
//! wrong.
//! Deliberately not here: where keys lie, what the engine concludes, and any single protocol.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;
use duizhang_core::time::Timestamp;

use crate::wire::{Answer, ParamsError, Request};

/// Shortest key in bytes that may ever sign: phones carry 32 hexadecimal characters and our own
/// examples 15; what is shorter than 8 can be searched from one observed heartbeat within a day.
pub const KEY_BYTES_MIN: usize = 8;

/// One app family's protocol. Everything here is a pure function of its arguments.
pub trait Source {
    /// The name that readings and the log carry: lower case, never changed once released.
    fn name(&self) -> &'static str;

    /// Whether a request belongs to this source. It is asked before the body is there and once
    /// more with it: of the sources that share an address exactly one claims each of the two.
    fn claims(&self, request: &Request) -> bool;

    /// Checks who sent the request and reads it. There is no time of receipt among the arguments,
    /// because a late push is money all the same.
    ///
    /// # Errors
    /// A [`Refusal`] where it is not proven that a known device sent this.
    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal>;

    /// Words what the engine concluded the way this family expects it.
    fn answer(&self, request: &Request, outcome: Outcome) -> Answer;

    /// Words a refusal the way this family expects it.
    fn refuse(&self, request: &Request, refusal: &Refusal) -> Answer;
}

/// The keys of the devices, for finding out who signed. A device may have two keys while one is
/// replaced.
pub trait DeviceKeys {
    /// Shows every key of every device, each with its device.
    fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8]));

    /// Shows the keys of one device; nothing where there is no such device.
    fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8]));
}

/// The device whose key `fits`, for a request that names none. Every key is tried whatever the ones
/// before said.
///
/// # Errors
/// [`Refusal::BadSignature`] where no key fits; [`Refusal::SharedKey`] where keys of two
/// devices do.
pub fn find_signer(
    keys: &dyn DeviceKeys,
    fits: &dyn Fn(&[u8]) -> bool,
) -> Result<DeviceId, Refusal> {
    let mut found: Option<DeviceId> = None;
    let mut shared = false;
    keys.each(&mut |device, key| {
        if may_sign(key) && fits(key) {
            shared |= found.as_ref().is_some_and(|other| other != device);
            found = Some(device.clone());
        }
    });
    match found {
        Some(_) if shared => Err(Refusal::SharedKey),
        Some(device) => Ok(device),
        None => Err(Refusal::BadSignature),
    }
}

/// Checks that one of a named device's keys `fits`. At least two keys are tried, made-up ones where
/// the device has fewer or does not exist, so that the time tells nothing about which devices there
/// are.
///
/// # Errors
/// [`Refusal::BadSignature`], for an unknown device as well.
pub fn check_signer(
    keys: &dyn DeviceKeys,
    name: &str,
    fits: &dyn Fn(&[u8]) -> bool,
) -> Result<DeviceId, Refusal> {
    const MADE_UP: &[u8] = b"no device bears this key";
    const TRIES_MIN: u8 = 2;
    let device = DeviceId::new(name).map_err(|_| Refusal::BadSignature)?;
    let mut tries = 0_u8;
    let mut fitting = false;
    keys.each_of(&device, &mut |key| {
        if may_sign(key) {
            tries = tries.saturating_add(1);
            fitting |= fits(key);
        }
    });
    for _ in tries..TRIES_MIN {
        std::hint::black_box(fits(MADE_UP));
    }
    if fitting { Ok(device) } else { Err(Refusal::BadSignature) }
}

const fn may_sign(key: &[u8]) -> bool {
    key.len() >= KEY_BYTES_MIN
}

/// What a device said, proven by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Who said it.
    pub device: DeviceId,
    /// What it said.
    pub evidence: Evidence,
    /// The request as received, without the parameters that are secrets or could be replayed.
    pub raw: Vec<u8>,
    /// The name of the source that read it.
    pub source: &'static str,
    /// What the proof of a request is good for once, whatever the request says; none where the
    /// proof covers what is said.
    pub repeat_key: Option<Digest>,
}

/// What a request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Money arrived.
    Money(Notice),
    /// The device is alive.
    Heartbeat {
        /// The device's clock.
        sent_at: Timestamp,
    },
    /// A rule knows that this text is no money.
    Ignored {
        /// The rule's name.
        reason: String,
        /// What was said.
        text: String,
    },
    /// Money arrived, by the word of a platform that tells no more: it is to be asked.
    Announced {
        /// Equal for everything that is said of one payment.
        key: Digest,
        /// What is to be asked for.
        rule: String,
        /// What was said.
        text: String,
    },
    /// Nobody knows what this says; it may be money and is kept for a person.
    Unreadable {
        /// Why it could not be read.
        reason: String,
        /// What was said.
        text: String,
    },
}

/// Money arrived, as a device tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The payment network, where the notice tells.
    pub channel: Option<Channel>,
    /// How much; always more than zero.
    pub amount: Amount,
    /// The device's clock when it sent this: data, not truth.
    pub sent_at: Option<Timestamp>,
    /// Equal for every delivery of one notice, and different for two notices.
    pub key: Digest,
    /// Of all that was said: the same key with other content is a conflict, not a repeat.
    pub content: Digest,
    /// Order numbers and the like that were found in a remark.
    pub references: Vec<String>,
    /// The rule that read it.
    pub rule: String,
    /// The notification's title; empty where the protocol has none.
    pub title: String,
    /// The notification's text; empty where the protocol has none.
    pub text: String,
}

/// What the engine concluded about a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// New, and durable.
    Accepted,
    /// The same thing was said before; nothing has changed.
    Repeat,
    /// Durable, and waiting for a person.
    Held,
    /// It could not be made durable now; the device should send it again.
    Unavailable,
}

/// Why a request is not evidence. What is refused is counted, and never becomes an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No key of a known device fits. An unknown device is told the same.
    #[error("the signature fits no device")]
    BadSignature,
    /// The keys of two devices fit, so it is unknown whose money this is.
    #[error("two devices bear the key that signed this")]
    SharedKey,
    /// A parameter that must be there is not.
    #[error("parameter {0} is missing")]
    MissingParameter(&'static str),
    /// A parameter has no meaning, or more than one.
    #[error("parameter {name} is refused: {why}")]
    BadParameter {
        /// The parameter.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

impl From<ParamsError> for Refusal {
    fn from(error: ParamsError) -> Self {
        let why = error.to_string();
        match error {
            ParamsError::Missing(name) => Self::MissingParameter(name),
            ParamsError::Twice(name)
            | ParamsError::TooLong(name)
            | ParamsError::Undecodable { name, .. } => Self::BadParameter { name, why },
            ParamsError::TooMany
            | ParamsError::FormNotUtf8
            | ParamsError::Multipart(_)
            | ParamsError::Json(_) => Self::BadParameter { name: String::from("request"), why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    struct Keys(&'static [(&'static str, &'static [u8])]);

    impl DeviceKeys for Keys {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            for (name, key) in self.0 {
                show(&DeviceId::new(name).unwrap(), key);
            }
        }

        fn each_of(&self, device: &DeviceId, show: &mut dyn FnMut(&[u8])) {
            self.0
                .iter()
                .filter(|(name, _)| *name == device.as_str())
                .for_each(|(_, key)| show(key));
        }
    }

    const KEYS: Keys = Keys(&[
        ("a", b"key-of-a-old"),
        ("a", b"key-of-a-new"),
        ("b", b"key-of-b"),
        ("short", b"short"),
        ("empty", b""),
        ("c", b"key-of-both"),
        ("d", b"key-of-both"),
        ("e", b"twice-the-same"),
        ("e", b"twice-the-same"),
    ]);

    #[test]
    fn a_signature_says_whose_it_is() {
        let cases: [(&[u8], Result<&str, Refusal>); 8] = [
            (b"key-of-a-old", Ok("a")),
            (b"key-of-a-new", Ok("a")),
            (b"key-of-b", Ok("b")),
            (b"twice-the-same", Ok("e")),
            (b"key-of-both", Err(Refusal::SharedKey)),
            (b"another-key", Err(Refusal::BadSignature)),
            (b"short", Err(Refusal::BadSignature)),
            (b"", Err(Refusal::BadSignature)),
        ];
        for (signer, expected) in cases {
            let found = find_signer(&KEYS, &|key| key == signer);
            assert_eq!(found, expected.map(|name| DeviceId::new(name).unwrap()), "{signer:?}");
        }
    }

    #[test]
    fn a_named_device_needs_its_own_key() {
        let cases: [(&str, &[u8], bool); 8] = [
            ("a", b"key-of-a-old", true),
            ("a", b"key-of-a-new", true),
            ("d", b"key-of-both", true),
            ("a", b"key-of-b", false),
            ("short", b"short", false),
            ("empty", b"", false),
            ("nobody", b"no device bears this key", false),
            ("not a name", b"key-of-b", false),
        ];
        for (name, signer, expected) in cases {
            let found = check_signer(&KEYS, name, &|key| key == signer);
            assert_eq!(found.is_ok(), expected, "{name}");
            assert!(found.is_ok() || found == Err(Refusal::BadSignature), "{name}: one refusal");
        }
    }

    #[test]
    fn unknown_devices_take_as_many_tries_as_known_ones() {
        for name in ["a", "b", "short", "empty", "nobody"] {
            let tries = Cell::new(0);
            let refused = check_signer(&KEYS, name, &|_| {
                tries.set(tries.get() + 1);
                false
            });
            assert_eq!((refused, tries.get()), (Err(Refusal::BadSignature), 2), "{name}");
        }
    }

    #[test]
    fn all_keys_are_tried_even_behind_the_right_one() {
        let tries = Cell::new(0);
        let found = find_signer(&KEYS, &|key| {
            tries.set(tries.get() + 1);
            key == b"key-of-a-old"
        });
        assert!(found.is_ok());
        assert_eq!(tries.get(), 7, "all but the two keys that are too short");
    }
}
