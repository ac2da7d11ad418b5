//! Codes of an order's own: a platform makes one for each order, with the price in it.
//!
//! A wallet without any code of its own on a channel whose platform makes codes gives each order
//! one. What is paid through such a code names its order, so the order needs no amount that nobody
//! else has: it is to be paid with exactly what was asked, and takes no slot of the wallet.
//!
//! Invariants: an order has at most one code, and a code on a wallet one order, for ever: a trade
//! that comes years later still names its order. Money of a trade is placed by the code alone,
//! never by wallet, amount and time, and settles only with exactly what is missing.
//! Deliberately not here: asking the platform (the shell), and money that carries no code
//! ([`crate::matcher`]).

use alloc::vec;
use alloc::vec::Vec;

use crate::amount::Amount;
use crate::channel::Channel;
use crate::decide::{Repeat, Ruling};
use crate::declare::check_text;
use crate::digest::Digest;
use crate::fact::{CodeIssued, Wallet};
use crate::id::{NotificationId, PaymentId, WalletId};
use crate::limits::{CODE_PICTURE_BYTES_MAX, QR_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::matcher::{self, Finding, Rule, Sighting, When};
use crate::order::OrderStatus;
use crate::rejection::Rejection;
use crate::state::State;
use crate::time::Timestamp;

/// By what code an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnCode {
    /// By the wallet's; the order holds an amount of the wallet.
    None,
    /// By one of its own that the platform has not made yet.
    Awaited,
    /// By one of its own.
    Issued,
}

impl Wallet {
    /// Whether its orders get codes of their own. A wallet with a code printed on paper is one like
    /// any other, also on such a channel.
    #[must_use]
    pub fn gives_own_codes(&self) -> bool {
        self.channel == Channel::Youzan && self.qr.is_none() && self.fixed.is_empty()
    }
}

/// The fingerprint under which a wallet's code is remembered. Platforms number the codes of each
/// shop, so equal numbers on two wallets are two codes.
#[must_use]
pub fn code_key(wallet: &WalletId, reference: &str) -> Digest {
    Digest::of(&[b"code", wallet.as_str().as_bytes(), reference.as_bytes()])
}

pub(crate) fn rule_on_issue(state: &State, issued: &CodeIssued) -> Result<Ruling, Rejection> {
    if issued.reference.is_empty() || issued.qr.is_empty() {
        return Err(Rejection::BadText("code"));
    }
    check_text("code", &issued.reference, REFERENCE_BYTES_MAX)?;
    check_text("qr", &issued.qr, QR_BYTES_MAX)?;
    check_text("picture", &issued.picture, CODE_PICTURE_BYTES_MAX)?;
    let row = state.order(issued.order).ok_or(Rejection::UnknownOrder)?;
    match row.code {
        OwnCode::None => return Err(Rejection::UnknownOrder),
        // Two requests asked at once; the order keeps the code that was recorded first, and nobody
        // has seen the other.
        OwnCode::Issued => return Ok(Ruling::Repeat(Repeat::Order(row.id))),
        OwnCode::Awaited => {}
    }
    if row.status != OrderStatus::Open {
        return Err(Rejection::OrderIs(row.status));
    }
    let key = code_key(&state.wallet_id(row.wallet), &issued.reference);
    match state.order_by_code(key) {
        Some(other) => Err(Rejection::NumberTaken(other.id)),
        None => Ok(Ruling::Decided(Vec::new())),
    }
}

/// What a platform's own record says of a trade.
pub(crate) struct Trade<'a> {
    pub(crate) wallet: &'a WalletId,
    pub(crate) amount: Amount,
    pub(crate) paid_at: Timestamp,
    pub(crate) number: &'a str,
    pub(crate) reference: Option<&'a str>,
}

/// Places the money of a trade.
pub(crate) fn rule_on_trade(
    state: &State,
    at: Timestamp,
    notification: NotificationId,
    trade: &Trade<'_>,
) -> Result<Ruling, Rejection> {
    check_text("trade", trade.number, REFERENCE_BYTES_MAX)?;
    check_text("code", trade.reference.unwrap_or_default(), REFERENCE_BYTES_MAX)?;
    let wallet = state.wallet_index(trade.wallet).ok_or(Rejection::UnknownWallet)?;
    if !trade.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    let named = trade.reference.and_then(|text| state.order_by_code(code_key(trade.wallet, text)));
    let finding = Finding {
        rule: Rule::Reference,
        candidates: named.map(|row| row.id).into_iter().collect(),
        doubtful: false,
        vetoed: false,
        // The code has a price, so another amount is a reason to ask a person.
        weak: true,
    };
    let sighting = Sighting {
        payment: PaymentId::of(notification),
        wallets: vec![wallet],
        amount: trade.amount,
        when: When::witnessed(trade.paid_at, at),
        references: Vec::new(),
    };
    let mut decisions = Vec::new();
    matcher::place(state, at, &sighting, finding, &mut decisions);
    Ok(Ruling::Decided(decisions))
}
