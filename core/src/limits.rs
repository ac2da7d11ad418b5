//! Every limit of the rules, with its arithmetic.
//!
//! A limit is part of the rules: whoever meets one is refused by name, nothing is cut silently.
//! Limits of bodies, connections and queues belong to the shell.

use crate::time::Span;

/// Longest order number of a merchant in bytes. The longest seen in the wild is codepay's 100.
pub const ORDER_NUMBER_BYTES_MAX: usize = 128;

/// Longest URL in bytes that an order may carry; browsers and proxies cut at about 2,000.
pub const URL_BYTES_MAX: usize = 2_048;

/// Longest subject, attachment or echo of an order in bytes. Three of them with two URLs stay below
/// 4,096 + 3 × 1,024 + some names = 8 KiB, so an order's fact always fits into one event.
pub const ORDER_TEXT_BYTES_MAX: usize = 1_024;

/// Longest life of an open order. A day is the longest that any known protocol lets a cashier live.
pub const ORDER_TTL_MAX: Span = Span::from_hours(24);

/// Shortest life of an open order: a payer needs some seconds to scan.
pub const ORDER_TTL_MIN: Span = Span::from_secs(10);

/// Most evidence bytes kept of one notification. A source's body has at most 32 KiB and its head
/// 16 KiB; with names and line ends that is below 50 KiB, and an event holds 64.
pub const EVIDENCE_BYTES_MAX: usize = 50 * 1_024;

/// Most references (order numbers found in a remark) looked at in one notification.
pub const REFERENCES_MAX: usize = 8;

/// Longest reference that is looked at, in bytes: ids have 26 and order numbers at most 128.
pub const REFERENCE_BYTES_MAX: usize = ORDER_NUMBER_BYTES_MAX;

/// Most bytes of all references of one notification: with 50 KiB of evidence they stay below the 64
/// KiB of an event.
pub const REFERENCES_BYTES_MAX: usize = 4 * 1_024;

/// Most candidates that a decision lists, the oldest first. Slots are exclusive, so more than a few
/// need a clock that is hours wrong; such a payment is held in any case.
pub const CANDIDATES_MAX: usize = 16;

/// Most decisions that one clock fact makes: 512 × about 30 bytes is one chunk of 16 KiB. The
/// writer ticks again while more is due.
pub const DUE_PER_TICK_MAX: usize = 512;

/// Most remembered amounts that one fact forgets: twice what a tick can release, so that the memory
/// of unpaid orders shrinks faster than it grows and no fact pays for a whole night.
pub const FORGOTTEN_PER_FACT_MAX: usize = 2 * DUE_PER_TICK_MAX;

/// Most merchants, wallets or devices of one book: they are addressed by 16 bits.
pub const DECLARED_MAX: usize = 65_535;

/// Most earlier sets of wallets kept apart for one device; older ones are kept as one, so a device
/// costs at most 8 × the book's wallets.
pub const DEVICE_CHANGES_MAX: usize = 8;

/// Longest name of a merchant in bytes; it is for people.
pub const DECLARED_TEXT_BYTES_MAX: usize = 2_048;

/// Longest text of a code in bytes. Those of the networks have fewer than 100.
pub const QR_BYTES_MAX: usize = 512;

/// Longest picture of a code of an order's own in bytes, as a data URI: those of Youzan have about
/// 2 KiB, and an event holds 64.
pub const CODE_PICTURE_BYTES_MAX: usize = 32 * 1_024;

/// Most fixed-amount codes of one wallet.
pub const FIXED_CODES_MAX: usize = 200;

/// Most bytes of all fixed codes of one wallet: with 200 amounts of at most 12 bytes, their lengths
/// and names that is below 56 KiB, and an event holds 64. 200 codes may have 245 bytes each.
pub const FIXED_CODES_BYTES_MAX: usize = 48 * 1_024;

/// Most wallets that one merchant or device names: 256 × (64 + 3) bytes are 17 KiB of an event.
pub const WALLETS_NAMED_MAX: usize = 256;

/// Most delays in one callback schedule; the longest known (BeeCloud's) has 17.
pub const SCHEDULE_DELAYS_MAX: usize = 32;

/// Most addresses that one message goes to: a list of addresses has at most 2,048 bytes, and the
/// Youzan bridge's shops have one or two.
pub const CALLBACK_ADDRESSES_MAX: usize = 8;

/// Longest wait that an endpoint may ask for with `Retry-After`.
pub const RETRY_AFTER_MAX: Span = Span::from_hours(1);

/// Most of an endpoint's answer that is kept with an attempt, in bytes.
pub const ANSWER_BYTES_MAX: usize = 1_024;

/// Longest reason, evidence note or operator name in bytes.
pub const NOTE_BYTES_MAX: usize = 1_024;

/// Most lines of one adjustment: 32 × (66 bytes of a name + 10 of an amount) are 2.4 KiB of an
/// event. Whoever needs more makes two.
pub const ADJUSTMENT_LINES_MAX: usize = 32;

/// Most bank accounts of one book: they are numbered with 16 bits, and a person types each.
pub const BANKS_MAX: usize = 1_024;

/// Most breaks in one part of a run. One names at most 5 things of at most 140 bytes and some
/// numbers: 64 × 730 bytes are 46 KiB.
pub const BREAKS_PER_PART_MAX: usize = 64;

/// Most explanations in one part of a run: 64 × 160 bytes are 10 KiB, and with the breaks, 128
/// statements of 32 bytes and some names that stays below the 64 KiB of an event.
pub const EXPLAINED_PER_PART_MAX: usize = 64;

/// Most statements that one run looks at: those of a day and its neighbours. A shop that exports
/// its last 90 days every morning has 92 files around each day. 128 × 32 bytes are 4 KiB.
pub const STATEMENTS_PER_RUN_MAX: usize = 128;

/// Most other things that a break names beside the one that it is about.
pub const RELATED_MAX: usize = 4;

/// Most parts of one run: with 64 breaks each that is a million, more than a file may have lines.
pub const RUN_PARTS_MAX: u32 = 16_384;

/// Most breaks that one part of a run finds gone. A run with more of them ends with more parts.
pub const GONE_PER_PART_MAX: usize = 512;

/// Most breaks that may be accepted by name when a day is closed: 1,024 × 19 bytes are 19 KiB. Who
/// has more has not reconciled.
pub const ACCEPTED_MAX: usize = 1_024;

/// The most, in minor units, that one person may write off alone: 10 yuan.
pub const WRITE_OFF_ALONE_MAX: i64 = 1_000;
