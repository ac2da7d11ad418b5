//! The rulings on what people put into the books.
//!
//! Invariants: what is taken can be posted; an adjustment balances in each currency, touches no
//! account that the open questions decide, and is posted by one person only up to the policy's
//! amount. Whoever proposed one never approves it.
//! Deliberately not here: who may speak at all (the shell), what is posted (`poster`).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::account::{Account, Named};
use super::entry::check_balanced;
use super::recorded::{
    AdjustmentJudged, AdjustmentProposed, AdjustmentVerdict, BooksPolicyActivated, Movement,
    MovementRecorded,
};
use super::standing::{AdjustmentState, BooksRefusal};
use crate::amount::{AMOUNT_MINOR_MAX, Amount, Currency};
use crate::decide::{Repeat, Ruling};
use crate::decision::Decision;
use crate::digest::Digest;
use crate::id::{BankId, WalletId};
use crate::limits::{ADJUSTMENT_LINES_MAX, BANKS_MAX, NOTE_BYTES_MAX};
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::{Span, Timestamp};

/// The furthest that a person may date an entry back: ten years, as long as vouchers are kept.
/// Beyond that a year was mistyped.
pub const SAID_BACK_MAX: Span = Span::from_hours(10 * 366 * 24);

/// The fingerprint of what must be equal for a movement to be a repeat.
pub(crate) fn movement_content(recorded: &MovementRecorded) -> Digest {
    Digest::of(&[format!("{:?}{:?}", recorded.movement, recorded.moved_at).as_bytes()])
}

/// The fingerprint of what must be equal for an adjustment to be a repeat.
pub(crate) fn adjustment_content(proposed: &AdjustmentProposed) -> Digest {
    let said = (&proposed.lines, proposed.value_at, proposed.by.trim());
    Digest::of(&[format!("{said:?}").as_bytes()])
}

pub(crate) fn rule_on_policy(
    state: &State,
    activated: &BooksPolicyActivated,
) -> Result<Ruling, Rejection> {
    check_word("by", &activated.by)?;
    if state.books().policy() == activated.policy {
        return Ok(Ruling::Repeat(Repeat::Nothing));
    }
    Ok(Ruling::Decided(Vec::new()))
}

pub(crate) fn rule_on_movement(
    state: &State,
    at: Timestamp,
    recorded: &MovementRecorded,
) -> Result<Ruling, Rejection> {
    check_word("by", &recorded.by)?;
    check_word("evidence", &recorded.evidence)?;
    if let Some(known) = state.books().movement(recorded.id) {
        return if known.content == movement_content(recorded) {
            Ok(Ruling::Repeat(Repeat::Nothing))
        } else {
            Err(refused(BooksRefusal::IdTaken))
        };
    }
    check_movement(state, &recorded.movement, recorded.moved_at)?;
    check_time(recorded.moved_at, at)?;
    Ok(Ruling::Decided(Vec::new()))
}

fn check_movement(
    state: &State,
    movement: &Movement,
    moved_at: Timestamp,
) -> Result<(), Rejection> {
    match movement {
        Movement::ChannelFee { wallet, fee } => {
            check_wallet(state, wallet)?;
            check_amount(*fee)
        }
        Movement::WithdrawalSent { wallet, bank, amount, fee } => {
            check_wallet(state, wallet)?;
            check_bank(state, bank)?;
            check_amount(*amount)?;
            check_fee(*amount, *fee)
        }
        Movement::WithdrawalArrived { withdrawal } => match state.books().movement(*withdrawal) {
            Some(_) if state.books().sent_at(*withdrawal).is_some_and(|sent| sent > moved_at) => {
                Err(refused(BooksRefusal::BeforeItWasSent))
            }
            Some(_) if state.books().sent_at(*withdrawal).is_some() => Ok(()),
            Some(sent) if sent.was_withdrawal => Err(refused(BooksRefusal::WithdrawalArrived)),
            Some(_) | None => Err(refused(BooksRefusal::UnknownWithdrawal)),
        },
        Movement::Transfer { from, to, amount, fee } => {
            check_wallet(state, from)?;
            check_wallet(state, to)?;
            if from == to {
                return Err(refused(BooksRefusal::SameWallet));
            }
            check_amount(*amount)?;
            check_fee(*amount, *fee)
        }
        Movement::Opening { account, amount } => {
            if !matches!(account, Account::Wallet(_) | Account::Bank(_)) {
                return Err(refused(BooksRefusal::NotOpenable));
            }
            check_account(state, account)?;
            check_amount(*amount)?;
            if state.books().is_opened(account, amount.currency()) {
                return Err(refused(BooksRefusal::AlreadyOpened));
            }
            Ok(())
        }
    }
}

pub(crate) fn rule_on_proposal(
    state: &State,
    at: Timestamp,
    proposed: &AdjustmentProposed,
) -> Result<Ruling, Rejection> {
    check_word("by", &proposed.by)?;
    check_word("reason", &proposed.reason)?;
    if let Some(known) = state.books().adjustment(proposed.id) {
        return if known.content == adjustment_content(proposed) {
            Ok(Ruling::Repeat(Repeat::Nothing))
        } else {
            Err(refused(BooksRefusal::IdTaken))
        };
    }
    let lines = &proposed.lines;
    let empty = lines.iter().any(|(_, amount)| amount.minor() == 0);
    if empty || !(2..=ADJUSTMENT_LINES_MAX).contains(&lines.len()) {
        return Err(refused(BooksRefusal::BadLines));
    }
    for (account, amount) in lines {
        check_account(state, account)?;
        if !account.is_adjustable() {
            return Err(refused(BooksRefusal::NotAdjustable));
        }
        check_size(*amount)?;
    }
    check_balanced(lines.iter().map(|(_, amount)| *amount))
        .map_err(|_| refused(BooksRefusal::Unbalanced))?;
    check_time(proposed.value_at, at)?;
    let alone = debits_max(lines) <= u128::from(state.books().policy().alone_max);
    let posted = alone.then_some(Decision::AdjustmentPosted { adjustment: proposed.id });
    Ok(Ruling::Decided(posted.into_iter().collect()))
}

/// The debits of the currency that has most of them.
fn debits_max(lines: &[(Named, Amount)]) -> u128 {
    let mut sums: BTreeMap<Currency, u128> = BTreeMap::new();
    for (_, amount) in lines.iter().filter(|(_, amount)| amount.is_positive()) {
        let sum = sums.entry(amount.currency()).or_default();
        *sum = sum.saturating_add(u128::from(amount.minor().unsigned_abs()));
    }
    sums.into_values().max().unwrap_or_default()
}

pub(crate) fn rule_on_judgement(
    state: &State,
    judged: &AdjustmentJudged,
) -> Result<Ruling, Rejection> {
    check_word("by", &judged.by)?;
    check_word("reason", &judged.reason)?;
    let waiting = state.books().adjustment(judged.id);
    let waiting = waiting.ok_or(refused(BooksRefusal::UnknownAdjustment))?;
    let adjustment = judged.id;
    let (to, decision) = match judged.verdict {
        AdjustmentVerdict::Approve => {
            (AdjustmentState::Posted, Decision::AdjustmentPosted { adjustment })
        }
        // Whoever proposed one may take it back.
        AdjustmentVerdict::Decline => {
            (AdjustmentState::Declined, Decision::AdjustmentDeclined { adjustment })
        }
    };
    let same = waiting.by.trim() == judged.by.trim();
    let alone = same && to == AdjustmentState::Posted;
    match waiting.state {
        AdjustmentState::Proposed if alone => Err(refused(BooksRefusal::SamePerson)),
        AdjustmentState::Proposed => Ok(Ruling::Decided(vec![decision])),
        state @ (AdjustmentState::Posted | AdjustmentState::Declined) => {
            if state == to && !alone {
                Ok(Ruling::Repeat(Repeat::Nothing))
            } else {
                Err(refused(BooksRefusal::AdjustmentIs(state)))
            }
        }
    }
}

const fn refused(refusal: BooksRefusal) -> Rejection {
    Rejection::Books(refusal)
}

fn check_wallet(state: &State, wallet: &WalletId) -> Result<(), Rejection> {
    state.wallet_index(wallet).map(|_| ()).ok_or(Rejection::UnknownWallet)
}

fn check_bank(state: &State, bank: &BankId) -> Result<(), Rejection> {
    let room = state.books().has_room_for(bank, BANKS_MAX);
    if room { Ok(()) } else { Err(refused(BooksRefusal::TooManyBanks)) }
}

fn check_account(state: &State, account: &Named) -> Result<(), Rejection> {
    if let Account::Wallet(wallet) = account {
        check_wallet(state, wallet)
    } else if let Account::Bank(bank) = account {
        check_bank(state, bank)
    } else {
        Ok(())
    }
}

fn check_size(amount: Amount) -> Result<(), Rejection> {
    let fits = amount.minor().unsigned_abs() <= AMOUNT_MINOR_MAX.unsigned_abs();
    if fits { Ok(()) } else { Err(refused(BooksRefusal::AmountTooLarge)) }
}

fn check_amount(amount: Amount) -> Result<(), Rejection> {
    if !amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    check_size(amount)
}

fn check_fee(amount: Amount, fee: Amount) -> Result<(), Rejection> {
    if fee.minor() < 0 || fee.currency() != amount.currency() {
        return Err(refused(BooksRefusal::BadFee));
    }
    check_size(fee)
}

/// What a person says of the past is taken at its word, within what a person can know of it.
fn check_time(said: Timestamp, at: Timestamp) -> Result<(), Rejection> {
    if said > at {
        Err(refused(BooksRefusal::TimeAhead))
    } else if at.since(said) > SAID_BACK_MAX {
        Err(refused(BooksRefusal::TooLongAgo))
    } else {
        Ok(())
    }
}

fn check_word(field: &'static str, text: &str) -> Result<(), Rejection> {
    let empty = text.trim().is_empty() || text.len() > NOTE_BYTES_MAX;
    let bad = empty || text.chars().any(char::is_control);
    if bad { Err(Rejection::BadText(field)) } else { Ok(()) }
}
