//! What people recorded beside payments: movements of money, and adjustments with what became of
//! them.
//!
//! Invariants: one row for each movement and adjustment, made by hand or, as a fee, taken from a
//! channel's file; a withdrawal is under way until its arrival is recorded, an adjustment waits
//! until it is posted or declined.
//! Deliberately not here: what is posted ([`crate::ledger`]), and what the rules refuse.

use std::collections::BTreeMap;
use std::ops::Bound;

use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{AdjustmentId, MovementId};
use duizhang_core::ledger::{AdjustmentProposed, AdjustmentState, Movement, MovementRecorded};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// A movement of money without a payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementView {
    /// Where it lies in the log.
    pub position: Position,
    /// When it was recorded.
    pub at: Timestamp,
    /// What was recorded.
    pub recorded: MovementRecorded,
    /// The movement that ended it, where it is a withdrawal that is at the bank.
    pub arrived: Option<MovementId>,
}

impl MovementView {
    /// Whether it is a withdrawal that is not at the bank yet.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        let sent = matches!(self.recorded.movement, Movement::WithdrawalSent { .. });
        sent && self.arrived.is_none()
    }
}

/// What ended the waiting of an adjustment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An adjustment of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdjustmentView {
    /// Where its proposal lies in the log.
    pub position: Position,
    /// When it was proposed.
    pub at: Timestamp,
    /// What was proposed.
    pub proposed: AdjustmentProposed,
    /// Where it stands.
    pub state: AdjustmentState,
    /// The word of the second person; none while it waits, or where one person sufficed.
    pub judged: Option<Judged>,
}

impl AdjustmentView {
    /// Whether it waits for a second person.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.state == AdjustmentState::Proposed
    }
}

/// All movements and adjustments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    movements: BTreeMap<MovementId, MovementView>,
    adjustments: BTreeMap<AdjustmentId, AdjustmentView>,
}

impl Projection for Recorded {
    fn fold(&mut self, chapter: &Chapter) {
        match &chapter.fact {
            Fact::MovementRecorded(recorded) => self.record(chapter, recorded),
            Fact::AdjustmentProposed(proposed) => {
                let view = AdjustmentView {
                    position: chapter.position,
                    at: chapter.at,
                    proposed: proposed.clone(),
                    state: AdjustmentState::Proposed,
                    judged: None,
                };
                self.adjustments.insert(proposed.id, view);
            }
            _ => {}
        }
        for decision in &chapter.decisions {
            match decision {
                Decision::AdjustmentPosted { adjustment } => {
                    self.end(chapter, *adjustment, AdjustmentState::Posted);
                }
                Decision::AdjustmentDeclined { adjustment } => {
                    self.end(chapter, *adjustment, AdjustmentState::Declined);
                }
                _ => {}
            }
        }
    }
}

impl Recorded {
    fn record(&mut self, chapter: &Chapter, recorded: &MovementRecorded) {
        if let Movement::WithdrawalArrived { withdrawal } = &recorded.movement
            && let Some(sent) = self.movements.get_mut(withdrawal)
        {
            sent.arrived = Some(recorded.id);
        }
        let (position, at, recorded) = (chapter.position, chapter.at, recorded.clone());
        let view = MovementView { position, at, recorded, arrived: None };
        self.movements.insert(view.recorded.id, view);
    }

    fn end(&mut self, chapter: &Chapter, id: AdjustmentId, state: AdjustmentState) {
        let Some(view) = self.adjustments.get_mut(&id) else { return };
        view.state = state;
        if let Fact::AdjustmentJudged(judged) = &chapter.fact {
            let (by, reason) = (judged.by.clone(), judged.reason.clone());
            view.judged = Some(Judged { at: chapter.at, by, reason });
        }
    }

    /// A movement by id.
    #[must_use]
    pub fn movement(&self, id: MovementId) -> Option<&MovementView> {
        self.movements.get(&id)
    }

    /// An adjustment by id.
    #[must_use]
    pub fn adjustment(&self, id: AdjustmentId) -> Option<&AdjustmentView> {
        self.adjustments.get(&id)
    }

    /// The channels' fees that people typed, in the order of their ids. Those that were taken from
    /// the channels' files are passed by unread.
    pub fn fees_by_hand(&self) -> impl Iterator<Item = &MovementView> {
        let (least, greatest) = MovementId::ends_of_fees();
        let before = self.movements.range(..least);
        let behind = self.movements.range((Bound::Excluded(greatest), Bound::Unbounded));
        let typed = before.chain(behind).map(|(_, view)| view);
        typed.filter(|view| matches!(view.recorded.movement, Movement::ChannelFee { .. }))
    }

    /// The withdrawals that are not at the bank yet, in the order of their ids.
    pub fn under_way(&self) -> impl Iterator<Item = &MovementView> {
        self.movements.values().filter(|view| view.is_under_way())
    }

    /// The adjustments that wait for a second person, in the order of their ids.
    pub fn waiting(&self) -> impl Iterator<Item = &AdjustmentView> {
        self.adjustments.values().filter(|view| view.is_waiting())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::amount::Amount;
    use duizhang_core::id::{BankId, WalletId};
    use duizhang_core::ledger::{Account, AdjustmentJudged, AdjustmentVerdict};
    use duizhang_core::testing::Book;

    fn folded(book: &Book) -> Recorded {
        let mut view = Recorded::default();
        for entry in &book.log {
            let (position, at) = (entry.position, entry.at);
            let (fact, decisions) = (entry.fact.clone(), entry.decisions.clone());
            view.fold(&Chapter { position, at, fact, decisions });
        }
        view
    }

    fn moved(book: &Book, bits: u128, movement: Movement) -> Fact {
        Fact::MovementRecorded(MovementRecorded {
            id: MovementId::from_bits(bits),
            movement,
            moved_at: book.at,
            by: String::from("ann"),
            evidence: String::from("line 7"),
        })
    }

    #[test]
    fn a_withdrawal_is_under_way_until_it_arrives() {
        let mut book = Book::default();
        let (wallet, bank) = (WalletId::new("wx").unwrap(), BankId::new("cmb").unwrap());
        let (amount, fee) = (Amount::fen(900), Amount::fen(1));
        book.must(moved(&book, 1, Movement::ChannelFee { wallet: wallet.clone(), fee }));
        book.must(moved(&book, 2, Movement::WithdrawalSent { wallet, bank, amount, fee }));
        let ids = |view: &Recorded| -> Vec<u128> {
            view.under_way().map(|view| view.recorded.id.bits()).collect()
        };
        assert_eq!(ids(&folded(&book)), [2]);
        let withdrawal = MovementId::from_bits(2);
        book.must(moved(&book, 3, Movement::WithdrawalArrived { withdrawal }));
        let view = folded(&book);
        assert_eq!(ids(&view), []);
        let sent = view.movement(withdrawal).unwrap();
        assert_eq!(sent.arrived, Some(MovementId::from_bits(3)));
        assert_eq!(view.movement(MovementId::from_bits(4)), None);
    }

    #[test]
    fn fees_of_files_are_not_among_those_that_were_typed() {
        let mut book = Book::default();
        let (wallet, fee) = (WalletId::new("wx").unwrap(), Amount::fen(6));
        let (least, greatest) = MovementId::ends_of_fees();
        let charged = || Movement::ChannelFee { wallet: wallet.clone(), fee };
        let ends = [1, least.bits(), least.bits() + 7, greatest.bits(), greatest.bits() + 1];
        for bits in ends.into_iter().chain([u128::MAX]) {
            book.must(moved(&book, bits, charged()));
        }
        let (account, amount) = (Account::Wallet(wallet.clone()), Amount::fen(9));
        book.must(moved(&book, 2, Movement::Opening { account, amount }));
        let view = folded(&book);
        let typed: Vec<u128> = view.fees_by_hand().map(|one| one.recorded.id.bits()).collect();
        assert_eq!(typed, [1, greatest.bits() + 1, u128::MAX]);
    }

    #[test]
    fn an_adjustment_waits_until_somebody_judges_it() {
        let mut book = Book::default();
        for bits in [1, 2] {
            let lines =
                vec![(Account::Tolerance, Amount::fen(5)), (Account::Receivable, Amount::fen(-5))];
            book.must(Fact::AdjustmentProposed(AdjustmentProposed {
                id: AdjustmentId::from_bits(bits),
                lines,
                value_at: book.at,
                by: String::from("ann"),
                reason: String::from("forgiven"),
            }));
        }
        assert_eq!(folded(&book).waiting().count(), 2);
        for (bits, verdict) in [(1, AdjustmentVerdict::Approve), (2, AdjustmentVerdict::Decline)] {
            book.must(Fact::AdjustmentJudged(AdjustmentJudged {
                id: AdjustmentId::from_bits(bits),
                verdict,
                by: String::from("bob"),
                reason: String::from("seen"),
            }));
        }
        let view = folded(&book);
        assert_eq!(view.waiting().count(), 0);
        let states = [1, 2].map(|bits| {
            let view = view.adjustment(AdjustmentId::from_bits(bits)).unwrap();
            (view.state, view.judged.as_ref().map(|judged| judged.by.as_str()))
        });
        let bob = Some("bob");
        assert_eq!(states, [(AdjustmentState::Posted, bob), (AdjustmentState::Declined, bob)]);
    }
}
