//! Which payable amount an order holds, and on which wallet.
//!
//! Invariants: a held or quarantined amount is given out neither on its wallet nor on another that
//! a push could mean as well (a [`Pool`] of wallets); the offset from the asked
//! amount is the smallest that any usable wallet allows, and never beyond the policy's; a payable
//! amount is positive. Costs O(wallets × log holds): runs of taken amounts are kept merged, so a
//! free neighbour is one look-up. On a wallet whose orders get codes of their own nothing is held.
//! Deliberately not here: the holds themselves ([`crate::state`]).

use crate::amount::Amount;
use crate::channel::Channel;
use crate::fact::{Merchant, Wallet};
use crate::id::WalletId;
use crate::policy::{Policy, Step};
use crate::rejection::Rejection;
use crate::state::{Pool, State, WalletState};

/// A free place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who receives.
    pub wallet: WalletId,
    /// What the payer must pay.
    pub payable: Amount,
}

/// Finds the nearest free amount over the merchant's wallets: one that no unpaid order held within
/// the lookback before one that late money may come for, then the smallest offset, then watched
/// wallets before unwatched ones, then the least loaded, then the merchant's own order.
///
/// # Errors
/// [`Rejection::NoWallet`] where no wallet may take the money at all,
/// [`Rejection::AmountsExhausted`] where all near amounts are held.
pub fn find_hold(
    state: &State,
    merchant: &Merchant,
    requested: Amount,
    channels: &[Channel],
) -> Result<Hold, Rejection> {
    let usable = merchant.wallets.iter().filter_map(|id| state.wallet(id)).filter(|wallet| {
        let channel = wallet.declared.channel;
        // A sandbox stands for any network, so that every protocol can be tried on it.
        let fits = channels.is_empty() || channels.contains(&channel);
        wallet.declared.enabled && (fits || channel == Channel::Sandbox)
    });
    let mut any_usable = false;
    let mut best: Option<((bool, u64, u8, u32), Hold)> = None;
    for wallet in usable {
        any_usable = true;
        let Some((late, minor)) = nearest_free(state, wallet, requested) else { continue };
        let offset = minor.abs_diff(requested.minor());
        let rank = (late, offset, state.watch_rank(wallet), wallet.slots.holds());
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            let payable = Amount::from_minor(minor, requested.currency());
            best = Some((rank, Hold { wallet: wallet.declared.id.clone(), payable }));
        }
    }
    match best {
        Some((_, hold)) => Ok(hold),
        None if any_usable => Err(Rejection::AmountsExhausted),
        None => Err(Rejection::NoWallet),
    }
}

/// The nearest free amount on a wallet, and whether it is one that late money may come for.
fn nearest_free(state: &State, wallet: &WalletState, asked: Amount) -> Option<(bool, i64)> {
    if wallet.declared.gives_own_codes() {
        // The code names the order, so any number of orders may ask for one amount.
        return Some((false, asked.minor()));
    }
    let pool = state.pool(wallet);
    let window = Window::of(state.policy(), asked.minor());
    if wallet.declared.qr.is_none() {
        return fixed_free(&wallet.declared, pool, asked, &window);
    }
    let fresh = window
        .nearest(|minor| pool.fresh_at_or_above(minor), |minor| pool.fresh_at_or_below(minor))
        .map(|minor| (false, minor));
    let late = || window.nearest(|m| pool.late_at_or_above(m), |m| pool.late_at_or_below(m));
    fresh.or_else(|| late().map(|minor| (true, minor)))
}

/// The amounts that a request may get.
struct Window {
    lowest: i64,
    requested: i64,
    highest: i64,
}

impl Window {
    fn of(policy: &Policy, requested: i64) -> Self {
        let offset_max = i64::from(policy.max_offset);
        let highest = match policy.step {
            Step::Up | Step::Nearest => requested.saturating_add(offset_max),
            Step::Down => requested,
        };
        let lowest = match policy.step {
            Step::Down | Step::Nearest => requested.saturating_sub(offset_max),
            Step::Up => requested,
        };
        Self { lowest: lowest.max(1), requested, highest }
    }

    /// The nearest of what two look-ups find on either side.
    fn nearest(
        &self,
        at_or_above: impl Fn(i64) -> Option<i64>,
        at_or_below: impl Fn(i64) -> Option<i64>,
    ) -> Option<i64> {
        let Self { lowest, requested, highest } = *self;
        // A look at the side that the policy does not step to would be for nothing.
        let above = (highest > requested).then(|| at_or_above(requested)).flatten();
        let below =
            (highest == requested || lowest < requested).then(|| at_or_below(requested)).flatten();
        nearer(
            requested,
            below.filter(|minor| *minor >= lowest),
            above.filter(|minor| *minor <= highest),
        )
    }
}

fn fixed_free(wallet: &Wallet, pool: &Pool, asked: Amount, window: &Window) -> Option<(bool, i64)> {
    let codes = wallet.fixed.iter().map(|(amount, _)| *amount);
    codes
        .filter(|amount| amount.currency() == asked.currency())
        .map(Amount::minor)
        .filter(|minor| (window.lowest..=window.highest).contains(minor) && pool.is_free(*minor))
        .map(|minor| (pool.is_late(minor), minor))
        .min_by_key(|(late, minor)| (*late, minor.abs_diff(asked.minor()), *minor))
}

/// The nearer of two amounts; the smaller where both are equally near.
fn nearer(requested: i64, one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(a), Some(b)) => {
            Some(core::cmp::min_by_key(a, b, |minor| (minor.abs_diff(requested), *minor)))
        }
        (one, other) => one.or(other),
    }
}
