//! Which payable amount an order holds, and on which wallet.
//!
//! Invariants: a held or quarantined amount is given out neither on its wallet nor on another that
//! a push could mean as well (a [`Pool`] of wallets); the offset from the asked
//! amount is the smallest that any usable wallet allows, and never beyond the policy's; a payable
//! amount is positive. Costs O(wallets × log holds): runs of taken amounts are kept merged, so a
//! free neighbour is one look-up.
//! Deliberately not here: the holds themselves ([`crate::state`]).

use crate::amount::Amount;
use crate::channel::Channel;
use crate::fact::{Merchant, Wallet};
use crate::id::WalletId;
use crate::policy::Step;
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

/// Finds the nearest free amount over the merchant's wallets: smallest offset first, then watched
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
    let mut best: Option<((u64, u8, u32), Hold)> = None;
    for wallet in usable {
        any_usable = true;
        let Some(minor) = nearest_free(state, wallet, requested) else { continue };
        let rank =
            (minor.abs_diff(requested.minor()), state.watch_rank(wallet), wallet.slots.holds());
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

fn nearest_free(state: &State, wallet: &WalletState, asked: Amount) -> Option<i64> {
    let policy = state.policy();
    let pool = state.pool(wallet);
    let requested = asked.minor();
    let offset_max = i64::from(policy.max_offset);
    let highest = match policy.step {
        Step::Up | Step::Nearest => requested.saturating_add(offset_max),
        Step::Down => requested,
    };
    let lowest = match policy.step {
        Step::Down | Step::Nearest => requested.saturating_sub(offset_max),
        Step::Up => requested,
    }
    .max(1);
    if wallet.declared.qr.is_some() {
        // A look at the side that the policy does not step to would be for nothing.
        let above = (highest > requested)
            .then(|| pool.free_at_or_above(requested))
            .flatten()
            .filter(|minor| *minor <= highest);
        let below = (highest == requested || lowest < requested)
            .then(|| pool.free_at_or_below(requested))
            .flatten()
            .filter(|minor| *minor >= lowest);
        nearer(requested, below, above)
    } else {
        fixed_free(&wallet.declared, pool, asked, lowest, highest)
    }
}

fn fixed_free(
    wallet: &Wallet,
    pool: &Pool,
    asked: Amount,
    lowest: i64,
    highest: i64,
) -> Option<i64> {
    wallet
        .fixed
        .iter()
        .filter(|(amount, _)| amount.currency() == asked.currency())
        .map(|(amount, _)| amount.minor())
        .filter(|minor| (lowest..=highest).contains(minor) && pool.is_free(*minor))
        .fold(None, |best, minor| nearer(asked.minor(), best, Some(minor)))
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
