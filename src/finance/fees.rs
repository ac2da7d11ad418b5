//! The channel's fees of a day enter the books, before the run over the day is recorded.
//!
//! Invariants: a fee is submitted under the id that follows from what the channel calls it, so that
//! whoever breaks off leaves what the next run completes; the writer's queue keeps room for shops.
//! Deliberately not here: which rows are fees, and which of them the books have (`replay`).

use anyhow::Context;
use duizhang_api::book::{Settled, SubmitError};
use duizhang_core::amount::Amount;
use duizhang_core::fact::Fact;
use duizhang_core::id::WalletId;
use duizhang_core::ledger::{BooksRefusal, Movement, MovementRecorded};
use duizhang_core::rejection::Rejection;
use duizhang_replay::reconcile::{Compared, FeeSum, FeesTold, Money};
use serde::Serialize;
use std::collections::BTreeMap;

use super::reconcile::Desk;

/// Most fees that wait for the writer at once: enough for whole groups, and a thirty-second part of
/// its queue.
const FEES_AT_ONCE: usize = 1_024;

/// What came of a wallet's fees.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct FeeLine {
    wallet: String,
    /// Booked now.
    booked: FeeSum,
    /// Ahead of our clock: a later run books them.
    ahead: FeeSum,
    #[serde(flatten)]
    told: FeesTold,
}

impl Desk<'_> {
    /// Books what the files of the day tell of fees and the books do not have.
    pub(super) fn book_fees(&self, compared: &Compared, by: &str) -> anyhow::Result<Vec<FeeLine>> {
        let fees = compared.fees();
        let due = fees.due(&self.book.views().recorded, by);
        let line = |(wallet, told): (WalletId, FeesTold)| {
            (wallet.clone(), FeeLine { wallet: wallet.to_string(), told, ..FeeLine::default() })
        };
        let mut lines: BTreeMap<WalletId, FeeLine> = due.wallets.into_iter().map(line).collect();
        for movements in due.movements.chunks(FEES_AT_ONCE) {
            let facts = movements.iter().cloned().map(Fact::MovementRecorded).collect();
            let settled = self.runtime.block_on(self.book.submit_all(facts));
            for (recorded, settled) in movements.iter().zip(settled) {
                if let Movement::ChannelFee { wallet, fee } = &recorded.movement
                    && let Some(line) = lines.get_mut(wallet)
                {
                    line.count(recorded, *fee, settled)?;
                }
            }
        }
        Ok(lines.into_values().collect())
    }
}

impl FeeLine {
    fn count(
        &mut self,
        recorded: &MovementRecorded,
        fee: Amount,
        settled: Result<Settled, SubmitError>,
    ) -> anyhow::Result<()> {
        match settled {
            Ok(Settled::Recorded(_)) => self.booked.add(fee),
            Ok(Settled::Repeat(_)) => self.told.again.add(fee),
            Err(SubmitError::Rejected(Rejection::Books(BooksRefusal::TimeAhead))) => {
                self.ahead.add(fee);
            }
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("book the fee of {}", recorded.evidence));
            }
        }
        Ok(())
    }

    /// For people; nothing where the files tell of no fee.
    pub(super) fn text(&self) -> String {
        let FeesTold { again, by_hand, given_back, differing, differing_unlisted } = &self.told;
        let counts = [
            (&self.booked, "booked"),
            (again, "in the books before"),
            (by_hand, "typed by a person before"),
            (&self.ahead, "ahead of our clock, to be booked by a later run"),
            (given_back, "given back by the channel, for a person to book"),
        ];
        let counts = counts.iter().filter(|(sum, _)| sum.count > 0);
        let counts: Vec<String> = counts
            .map(|(FeeSum { count, sums }, what)| {
                let sums: Vec<String> = sums.iter().map(|Money(sum)| sum.to_string()).collect();
                format!("{count} {what} ({})", sums.join(", "))
            })
            .collect();
        let mut text = String::new();
        if !counts.is_empty() {
            text += &format!("  {}: fees: {}\n", self.wallet, counts.join("; "));
        }
        for what in differing {
            text += &format!("  {}: a fee differs: {what}\n", self.wallet);
        }
        if *differing_unlisted > 0 {
            text += &format!("  {}: and {differing_unlisted} more differ\n", self.wallet);
        }
        text
    }
}
