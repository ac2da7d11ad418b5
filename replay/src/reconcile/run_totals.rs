//! The counts of a wallet's run, and the money of ours that has no file.
//!
//! Invariants: a pair counts on the channel's day, what has no partner on its own; sums are in one
//! currency, that of the first.
//! Deliberately not here: what differs (`runs`).

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{BreakCode, Direction, FoundBreak, RunTotals, Subject};
use duizhang_core::id::WalletId;

use super::run::Compared;

/// Sums money in the currency of the first; other currencies are counted alone.
fn add(sum: Option<Amount>, amount: Amount) -> Amount {
    sum.map_or(amount, |sum| sum.checked_add(amount).unwrap_or(sum))
}

impl Compared {
    /// The places of our money of a wallet's day.
    fn ours_of<'a>(&'a self, wallet: &'a WalletId) -> impl Iterator<Item = usize> {
        let ours = self.ours.iter().enumerate().filter(|(index, item)| {
            item.wallets.first() == Some(wallet) && self.within(self.counts_at(*index))
        });
        ours.map(|(index, _)| index)
    }

    pub(super) fn totals(&self, wallet: &WalletId) -> RunTotals {
        let ours = self.ours_of(wallet).count();
        let (mut lines, mut matched, mut sum) = (0_u64, 0_u64, None);
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let (statement, line) = self.line(index);
            if statement.wallet != *wallet || !self.within(line.time) {
                continue;
            }
            lines = lines.saturating_add(1);
            if self.outcome.pair(finding).is_some() {
                matched = matched.saturating_add(1);
                sum = Some(add(sum, line.gross));
            }
        }
        let payments = u64::try_from(ours).unwrap_or(u64::MAX);
        let matched_amount = sum.unwrap_or(Amount::fen(0));
        RunTotals { payments, lines, matched, matched_amount }
    }

    /// That a wallet's day has no file, where money of ours waits for one: what has its line in
    /// another wallet's file, or on a neighbouring day, does not. In or out, it is unproven, so it
    /// is summed without signs.
    pub(super) fn file_missing(&self, wallet: &WalletId) -> Option<FoundBreak> {
        let is_alone = |index: &usize| self.outcome.pair(&self.outcome.payments[*index]).is_none();
        let waiting = self.ours_of(wallet).filter(is_alone).map(|index| self.ours[index].amount);
        let amount = waiting.fold(None, |sum, amount| Some(add(sum, amount)))?;
        Some(FoundBreak {
            subject: Subject::Day,
            code: BreakCode::FileMissing,
            direction: Direction::Control,
            amount,
            related: Vec::new(),
        })
    }
}
