//! The rulings on declarations: merchants, wallets and devices.
//!
//! Invariants: what is declared fits into one event, whatever it says; a declaration of what is
//! known already is a repeat; nothing refers to a wallet that was not declared.
//! Deliberately not here: who may declare (the shell), what follows for orders and evidence.

use alloc::vec::Vec;

use crate::decide::{Repeat, Ruling};
use crate::fact::{Device, Merchant, Wallet};
use crate::id::WalletId;
use crate::limits::{
    DECLARED_MAX, DECLARED_TEXT_BYTES_MAX, FIXED_CODES_BYTES_MAX, FIXED_CODES_MAX, QR_BYTES_MAX,
    URL_BYTES_MAX, WALLETS_NAMED_MAX,
};
use crate::rejection::Rejection;
use crate::state::State;

pub(crate) fn check_text(
    field: &'static str,
    text: &str,
    bytes_max: usize,
) -> Result<(), Rejection> {
    if text.len() > bytes_max || text.chars().any(char::is_control) {
        return Err(Rejection::BadText(field));
    }
    Ok(())
}

pub(crate) fn rule_on_merchant(state: &State, merchant: &Merchant) -> Result<Ruling, Rejection> {
    check_text("name", &merchant.name, DECLARED_TEXT_BYTES_MAX)?;
    check_text("notify_url", merchant.notify_url.as_deref().unwrap_or_default(), URL_BYTES_MAX)?;
    check_wallets(state, &merchant.wallets)?;
    let known = state.merchant(&merchant.id).map(|(_, known)| known);
    rule(known, merchant, state.merchants().len())
}

pub(crate) fn rule_on_wallet(state: &State, wallet: &Wallet) -> Result<Ruling, Rejection> {
    check_text("qr", wallet.qr.as_deref().unwrap_or_default(), QR_BYTES_MAX)?;
    for (_, qr) in &wallet.fixed {
        check_text("fixed", qr, QR_BYTES_MAX)?;
    }
    let bytes = wallet.fixed.iter().fold(0_usize, |sum, (_, qr)| sum.saturating_add(qr.len()));
    if wallet.fixed.len() > FIXED_CODES_MAX || bytes > FIXED_CODES_BYTES_MAX {
        return Err(Rejection::BadText("fixed"));
    }
    let known = state.wallet(&wallet.id).map(|known| &known.declared);
    rule(known, wallet, state.wallets().len())
}

pub(crate) fn rule_on_device(state: &State, device: &Device) -> Result<Ruling, Rejection> {
    check_wallets(state, &device.wallets)?;
    let known = state.device(&device.id).map(|known| &known.declared);
    rule(known, device, state.devices().len())
}

fn check_wallets(state: &State, named: &[WalletId]) -> Result<(), Rejection> {
    if named.len() > WALLETS_NAMED_MAX {
        return Err(Rejection::BadText("wallets"));
    }
    if named.iter().any(|id| state.wallet_index(id).is_none()) {
        return Err(Rejection::UnknownWallet);
    }
    Ok(())
}

/// A change of what is known needs no room; what is new does.
fn rule<T: PartialEq>(known: Option<&T>, declared: &T, count: usize) -> Result<Ruling, Rejection> {
    match known {
        Some(known) if known == declared => Ok(Ruling::Repeat(Repeat::Nothing)),
        None if count >= DECLARED_MAX => Err(Rejection::TooManyDeclared),
        Some(_) | None => Ok(Ruling::Decided(Vec::new())),
    }
}
