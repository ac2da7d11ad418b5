//! A day of payments as phones tell them and as the channel states them, with the truth.
//!
//! Each payment of a payer is a line of the statement. Its notice comes within four seconds, or
//! late, or twice, or never; and some notices are of money that this statement does not have. No
//! notice bears a serial: wallet, amount and time are all there is, as on personal accounts.
//!
//! Deliberately not here: any rule about what belongs together.

use crate::chance::Chance;

/// Wallets of the town.
pub(crate) const WALLETS: u64 = 2;
/// The longest delay of a notice in seconds, just within the terms' default.
const DELAY_MAX: u64 = 880;
const DAY_SECONDS: u64 = 86_400;

/// How bad a day is, each in a thousand payments.
#[derive(Clone, Copy)]
pub(crate) struct Trouble {
    pub(crate) late: u64,
    pub(crate) twice: u64,
    pub(crate) lost: u64,
    pub(crate) orphans: u64,
}

/// What a notice says.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) wallet: u16,
    pub(crate) fen: i64,
    pub(crate) second: i64,
    /// The line that it is of, which no matcher sees. The second notice of one payment has none.
    pub(crate) truth: Option<usize>,
}

/// What the statement says.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) wallet: u16,
    pub(crate) fen: i64,
    pub(crate) second: i64,
}

pub(crate) struct Town {
    pub(crate) notices: Vec<Notice>,
    pub(crate) entries: Vec<Entry>,
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).expect("seconds and fen are small")
}

impl Town {
    pub(crate) fn new(payments: usize, amounts: u64, trouble: Trouble, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut town = Self { notices: Vec::new(), entries: Vec::new() };
        for _ in 0..payments {
            let entry = Entry {
                wallet: u16::try_from(chance.below(WALLETS)).expect("few wallets"),
                fen: signed(100 + chance.below(amounts)),
                second: signed(chance.below(DAY_SECONDS)),
            };
            let Entry { wallet, fen, second } = entry;
            let line = town.entries.len();
            let mut notice = |delay: u64, truth| {
                town.notices.push(Notice { wallet, fen, second: second + signed(delay), truth });
            };
            if chance.strikes(trouble.orphans) {
                notice(chance.below(5), None);
                continue;
            }
            let delay = if chance.strikes(trouble.late) {
                chance.below(DELAY_MAX)
            } else {
                chance.below(5)
            };
            if !chance.strikes(trouble.lost) {
                notice(delay, Some(line));
                if chance.strikes(trouble.twice) {
                    notice(chance.below(DELAY_MAX), None);
                }
            }
            town.entries.push(entry);
        }
        town.notices.sort_by_key(|notice| notice.second);
        town
    }
}
