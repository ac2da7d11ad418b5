//! Playing what people put into the books, nonsense among it.
//!
//! Invariants and absences: as for `play`.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::book::Book;
use super::play::pick;
use super::workload::{BooksStep, Step};
use crate::amount::Amount;
use crate::fact::Fact;
use crate::id::{AdjustmentId, BankId, MovementId, WalletId};
use crate::ledger::{
    Account, AdjustmentJudged, AdjustmentProposed, AdjustmentVerdict, BooksPolicy,
    BooksPolicyActivated, Movement, MovementRecorded, Named,
};
use crate::time::{Span, Timestamp};

const WALLETS: [&str; 4] = ["wx", "ali", "box", "nowhere"];

fn wallet(number: u8) -> Option<WalletId> {
    WalletId::new(WALLETS[usize::from(number)]).ok()
}

fn account(number: u8) -> Option<Named> {
    Some(match number {
        0 => Account::Wallet(wallet(0)?),
        1 => Account::Wallet(wallet(1)?),
        2 => Account::Wallet(wallet(3)?),
        3 => Account::Bank(BankId::new("cmb").ok()?),
        4 => Account::Receivable,
        5 => Account::ProviderClaim,
        6 => Account::ReconLoss,
        7 => Account::Overpaid,
        8 => Account::Tolerance,
        9 => Account::Unclaimed,
        // The last two are not for people.
        10 => Account::Short,
        _ => Account::Long,
    })
}

fn person(number: u8) -> String {
    format!("person-{number}")
}

impl Book {
    /// Up to two and a half days ago: people record what statements of other days say.
    fn earlier(&mut self) -> Timestamp {
        let hours = self.draw().checked_rem(60).unwrap_or_default();
        self.at.minus(Span::from_hours(hours))
    }

    /// What people record.
    pub(super) fn record_of(&mut self, step: &Step) -> Option<Fact> {
        let Step::Books(step) = step else { return None };
        match step {
            BooksStep::Adjust { debit, credit, fen, off, by } => {
                let back = fen.saturating_neg().saturating_add(*off);
                Some(Fact::AdjustmentProposed(AdjustmentProposed {
                    id: AdjustmentId::from_bits(self.draw_bits("adjustment")),
                    lines: vec![
                        (account(*debit)?, Amount::fen(*fen)),
                        (account(*credit)?, Amount::fen(back)),
                    ],
                    value_at: self.earlier(),
                    by: person(*by),
                    reason: String::from("test"),
                }))
            }
            BooksStep::Verdict { which, approve, by } => {
                let known: Vec<AdjustmentId> =
                    self.state.books().adjustments().map(|(id, _)| id).collect();
                let verdict =
                    if *approve { AdjustmentVerdict::Approve } else { AdjustmentVerdict::Decline };
                let (id, by) = (*pick(&known, *which)?, person(*by));
                let reason = String::from("test");
                Some(Fact::AdjustmentJudged(AdjustmentJudged { id, verdict, by, reason }))
            }
            BooksStep::Alone { fen } => {
                let policy = BooksPolicy { alone_max: u64::from(*fen) };
                let by = String::from("test");
                Some(Fact::BooksPolicyActivated(BooksPolicyActivated { policy, by }))
            }
            BooksStep::Fee { .. }
            | BooksStep::Withdraw { .. }
            | BooksStep::Arrive { .. }
            | BooksStep::Transfer { .. }
            | BooksStep::Opening { .. } => self.movement_of(step),
        }
    }

    fn movement_of(&mut self, step: &BooksStep) -> Option<Fact> {
        let movement = match step {
            BooksStep::Fee { wallet: number, fen } => {
                Movement::ChannelFee { wallet: wallet(*number)?, fee: Amount::fen(*fen) }
            }
            BooksStep::Withdraw { wallet: number, fen, fee } => Movement::WithdrawalSent {
                wallet: wallet(*number)?,
                bank: BankId::new("cmb").ok()?,
                amount: Amount::fen(*fen),
                fee: Amount::fen(*fee),
            },
            BooksStep::Arrive { which } => {
                let sent: Vec<MovementId> = self.state.books().on_their_way().collect();
                Movement::WithdrawalArrived { withdrawal: *pick(&sent, *which)? }
            }
            BooksStep::Transfer { from, to, fen, fee } => Movement::Transfer {
                from: wallet(*from)?,
                to: wallet(*to)?,
                amount: Amount::fen(*fen),
                fee: Amount::fen(*fee),
            },
            BooksStep::Opening { wallet: number, fen } => Movement::Opening {
                account: Account::Wallet(wallet(*number)?),
                amount: Amount::fen(*fen),
            },
            BooksStep::Adjust { .. } | BooksStep::Verdict { .. } | BooksStep::Alone { .. } => {
                return None;
            }
        };
        Some(Fact::MovementRecorded(MovementRecorded {
            id: MovementId::from_bits(self.draw_bits("movement")),
            movement,
            moved_at: self.earlier(),
            by: String::from("test"),
            evidence: String::from("test"),
        }))
    }
}
