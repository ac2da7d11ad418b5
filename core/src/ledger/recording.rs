//! Posting what people recorded: movements of money, and adjustments.
//!
//! Invariants and absences: as for `poster`.

use alloc::vec::Vec;

use super::account::{Account, Numbered};
use super::entry::{Entry, Line, Subjects};
use super::narration::Narration;
use super::place::{Place, credit, debit};
use super::poster::Poster;
use super::recorded::{AdjustmentProposed, Movement, MovementRecorded};
use crate::amount::Amount;
use crate::id::AdjustmentId;

impl Poster {
    pub(super) fn move_money(
        &mut self,
        place: &Place<'_>,
        recorded: &MovementRecorded,
    ) -> Option<Entry> {
        let (narration, lines) = match &recorded.movement {
            Movement::ChannelFee { wallet, fee } => {
                let wallet = Account::Wallet(self.chart.wallet(wallet)?);
                let lines = [debit(Account::ChannelFees, *fee), credit(wallet, *fee)];
                (Narration::FeeCharged, Vec::from(lines))
            }
            Movement::WithdrawalSent { wallet, bank, amount, fee } => {
                let wallet = Account::Wallet(self.chart.wallet(wallet)?);
                let bank = self.chart.bank(bank);
                self.withdrawals.insert(recorded.id, (bank, *amount));
                (Narration::WithdrawalSent, sent(Account::InTransit, wallet, *amount, *fee))
            }
            Movement::WithdrawalArrived { withdrawal } => {
                let (bank, amount) = self.withdrawals.remove(withdrawal)?;
                let lines = [debit(bank, amount), credit(Account::InTransit, amount)];
                (Narration::WithdrawalArrived, Vec::from(lines))
            }
            Movement::Transfer { from, to, amount, fee } => {
                let from = Account::Wallet(self.chart.wallet(from)?);
                let to = Account::Wallet(self.chart.wallet(to)?);
                (Narration::Transferred, sent(to, from, *amount, *fee))
            }
            Movement::Opening { account, amount } => {
                let account = self.chart.numbered(account)?;
                let lines = [debit(account, *amount), credit(Account::Opening, *amount)];
                (Narration::Opened, Vec::from(lines))
            }
        };
        // An arrival is told under the withdrawal that it ends.
        let movement = match recorded.movement {
            Movement::WithdrawalArrived { withdrawal } => withdrawal,
            Movement::ChannelFee { .. }
            | Movement::WithdrawalSent { .. }
            | Movement::Transfer { .. }
            | Movement::Opening { .. } => recorded.id,
        };
        let subjects = Subjects { movement: Some(movement), ..Subjects::default() };
        place.said(narration, recorded.moved_at, subjects, &recorded.evidence, &lines)
    }

    pub(super) fn propose(&mut self, proposed: &AdjustmentProposed) {
        let line = |(account, amount): &(_, Amount)| {
            Some(Line { account: self.chart.numbered(account)?, amount: *amount })
        };
        let lines = proposed.lines.iter().filter_map(line).collect();
        let waiting = (lines, proposed.value_at, proposed.reason.clone());
        self.proposed.insert(proposed.id, waiting);
    }

    pub(super) fn adjust(&mut self, place: &Place<'_>, adjustment: AdjustmentId) -> Option<Entry> {
        let (lines, value_at, reason) = self.proposed.remove(&adjustment)?;
        let subjects = Subjects { adjustment: Some(adjustment), ..Subjects::default() };
        place.said(Narration::Adjusted, value_at, subjects, &reason, &lines)
    }
}

/// Money that leaves a wallet, and the fee beside it.
fn sent(to: Numbered, wallet: Numbered, amount: Amount, fee: Amount) -> Vec<Line> {
    let whole = Amount::from_minor(amount.minor().saturating_add(fee.minor()), amount.currency());
    Vec::from([debit(to, amount), debit(Account::WithdrawFees, fee), credit(wallet, whole)])
}
