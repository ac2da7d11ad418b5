//! What the neutral formats of banks have in common: signs, balances of one statement, kinds.
//!
//! Invariants: each statement of a file is proved on its own, for a file holds many; a balance that
//! is missing is a warning, one that does not tie is a failure.
//! Deliberately not here: the formats.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::statement::LineKind;

use super::draft::{Draft, Layout, RowError, kept};
use super::statement::{Check, Outcome};

/// A bank's file declares no totals; its balances prove it, statement by statement.
pub(super) const fn bank(id: &'static str) -> Layout {
    Layout { id, channel: None, totals: Outcome::Ok, others: Outcome::Warn }
}

/// One statement's balances and the sum of what moved between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Tie {
    pub(super) name: String,
    pub(super) opening: Option<Amount>,
    pub(super) closing: Option<Amount>,
    pub(super) moved: Vec<Amount>,
    /// Rows that were rejected, which make the tie impossible to judge.
    pub(super) rejected: usize,
}

impl Tie {
    /// Opening plus movements must be closing.
    pub(super) fn prove(&self, draft: &mut Draft) {
        let name = kept(&self.name);
        let (Some(opening), Some(closing)) = (self.opening, self.closing) else {
            let detail = format!("statement {name}: no pair of opening and closing balance");
            draft.find(Check::Balances, Outcome::Warn, detail);
            return;
        };
        let moved =
            self.moved.iter().try_fold(opening, |balance, amount| balance.checked_add(*amount));
        let (outcome, detail) = match moved {
            Ok(balance) if balance == closing && self.rejected == 0 => {
                (Outcome::Ok, format!("statement {name}: {opening} leads to {closing}"))
            }
            Ok(balance) => (
                Outcome::Fail,
                format!("statement {name}: {opening} leads to {balance}, not to {closing}"),
            ),
            Err(error) => (Outcome::Fail, format!("statement {name}: {error}")),
        };
        draft.find(Check::Balances, outcome, detail);
    }
}

/// A bank says only whether money came or went; a reversal is told apart where the format does.
pub(super) const fn kind(movement: Amount, is_reversal: Reversal) -> LineKind {
    match (is_reversal, movement.minor() < 0) {
        (Reversal::No, false) => LineKind::PayIn,
        (Reversal::No, true) => LineKind::PayOut,
        (Reversal::Yes, false) => LineKind::RefundIn,
        (Reversal::Yes, true) => LineKind::RefundOut,
    }
}

/// Whether a movement takes back an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reversal {
    No,
    Yes,
}

/// A currency by its code, or the reason to reject the row.
pub(super) fn currency(code: &str) -> Result<Currency, RowError> {
    code.parse().map_err(|_| RowError::Currency(kept(code)))
}

/// The amount with the sign of its direction.
pub(super) const fn signed(amount: Amount, sign: Sign) -> Amount {
    match sign {
        Sign::Credit => amount,
        Sign::Debit => Amount::from_minor(amount.minor().saturating_neg(), amount.currency()),
    }
}

/// Which side of the account a movement is on, seen from its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Money came.
    Credit,
    /// Money went.
    Debit,
}
