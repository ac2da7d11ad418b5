//! The two sides of a comparison as the rules take them.
//!
//! Invariant: a wallet has one number on both sides; an item keeps the place at which it was found.

use std::collections::BTreeMap;

use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::reconciliation::{InputError, Lines, Payment, Payments};
use duizhang_core::statement::{Line, Precision};
use duizhang_core::time::Timestamp;

use super::observed::Observed;
use super::report::FileLine;

/// A statement file that was read.
#[derive(Clone, Debug)]
pub struct StatementLines {
    /// Its wallet.
    pub wallet: WalletId,
    /// The wallet's channel.
    pub channel: Channel,
    /// What the report says of it.
    pub file: FileLine,
    /// The first instant that it covers.
    pub from: Timestamp,
    /// The first instant that it no longer covers.
    pub to: Timestamp,
    /// Whether every row could be read and no proof of the file fails. Only then is gone what it
    /// lacks.
    pub whole: bool,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Both sides as the rules take them, and whose each wallet number is.
pub(super) struct Sides {
    pub(super) wallets: Vec<WalletId>,
    pub(super) payments: Payments,
    pub(super) lines: Lines,
    /// For each line its statement and its place there.
    pub(super) places: Vec<(usize, usize)>,
}

impl Sides {
    pub(super) fn new(
        ours: &[Observed],
        statements: &[StatementLines],
    ) -> Result<Self, InputError> {
        let mut numbers: BTreeMap<&WalletId, u16> = BTreeMap::new();
        let named = ours.iter().flat_map(|item| &item.wallets);
        for wallet in named.chain(statements.iter().map(|statement| &statement.wallet)) {
            let next = u16::try_from(numbers.len()).map_err(|_| InputError::Full)?;
            numbers.entry(wallet).or_insert(next);
        }
        let mut payments = Payments::with_capacity(ours.len(), 0);
        for item in ours {
            let wallets: Vec<u16> = item.wallets.iter().map(|wallet| numbers[wallet]).collect();
            payments.push(&Payment {
                id: item.id,
                flow: item.flow,
                wallets: &wallets,
                amount: item.amount,
                fee: None,
                refunded: item.refunded,
                time: item.time,
                precision: Precision::Second,
                serial: &item.serial,
                order: item.number.as_deref().unwrap_or_default(),
                note: &item.note,
                claim: item.claim,
            })?;
        }
        let mut lines = Lines::with_capacity(0, 0);
        let mut places = Vec::new();
        for (place, statement) in statements.iter().enumerate() {
            let wallet = numbers[&statement.wallet];
            lines.cover(wallet, statement.from, statement.to);
            let file = u32::try_from(place).map_err(|_| InputError::Full)?;
            for (row, line) in statement.lines.iter().enumerate() {
                lines.push(wallet, file, line)?;
                places.push((place, row));
            }
        }
        let mut wallets: Vec<(u16, WalletId)> =
            numbers.into_iter().map(|(wallet, number)| (number, wallet.clone())).collect();
        wallets.sort();
        let wallets = wallets.into_iter().map(|(_, wallet)| wallet).collect();
        Ok(Self { wallets, payments, lines, places })
    }
}
