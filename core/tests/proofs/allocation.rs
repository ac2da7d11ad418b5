//! The allocator against trying every amount on every wallet.
//!
//! Deliberately not here: what pays an amount (`oracle.rs`).

use std::collections::BTreeSet;

use duizhang_core::allocator::find_hold;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::fact::Merchant;
use duizhang_core::id::WalletId;
use duizhang_core::policy::{Policy, Step};
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::{Book, history};
use proptest::prelude::*;

use crate::past::Past;

/// The wallets that a push which names only its network may also be about, and those that it may be
/// about together with these, and so on.
fn pooled(past: &Past, wallet: &WalletId) -> BTreeSet<WalletId> {
    let channel = past.wallets[wallet].channel;
    let mut pool = BTreeSet::from([wallet.clone()]);
    loop {
        let before = pool.len();
        for device in past.devices.values().filter(|device| device.enabled) {
            let here = |id: &&WalletId| past.wallets[id].channel == channel;
            let watched: Vec<&WalletId> = device.wallets.iter().filter(here).collect();
            if watched.iter().any(|id| pool.contains(id)) {
                pool.extend(watched.into_iter().cloned());
            }
        }
        if pool.len() == before {
            return pool;
        }
    }
}

/// The nearest amount that is free in the wallet's whole pool: one that no unpaid order of the pool
/// held within the lookback, then the smallest offset, then watched wallets, then the least loaded, then the
/// merchant's own order; the smaller amount where two of one wallet are equally near.
fn tried(
    past: &Past,
    merchant: &Merchant,
    requested: i64,
    channels: &[Channel],
) -> Result<(String, i64), Rejection> {
    let range = i64::from(past.policy.max_offset);
    let amounts = match past.policy.step {
        Step::Up => requested..=requested + range,
        Step::Down => requested - range..=requested,
        Step::Nearest => requested - range..=requested + range,
    };
    let mut usable = false;
    let mut places = Vec::new();
    for (turn, id) in merchant.wallets.iter().enumerate() {
        let wallet = &past.wallets[id];
        let any = channels.is_empty() || wallet.channel == Channel::Sandbox;
        if !wallet.enabled || !(any || channels.contains(&wallet.channel)) {
            continue;
        }
        usable = true;
        let pool = pooled(past, id);
        let holders = past.orders.iter().filter(|order| order.until.is_none());
        let load = holders.clone().filter(|order| order.wallet == *id).count();
        let held: Vec<i64> = holders
            .filter(|order| pool.contains(&order.wallet))
            .map(|order| order.payable.minor())
            .collect();
        let watchers = past.devices.values().filter(|one| one.enabled && one.wallets.contains(id));
        let heard: Vec<bool> =
            watchers.filter_map(|device| past.silent.get(&device.id).copied()).collect();
        let rank = if heard.contains(&false) { 0 } else { 1 + usize::from(!heard.is_empty()) };
        for amount in amounts.clone() {
            let code = wallet.qr.is_some() || wallet.fixed.iter().any(|(a, _)| a.minor() == amount);
            if amount > 0 && code && !held.contains(&amount) {
                let mut memories = past.late.iter();
                let late = memories.any(|(_, id, minor)| pool.contains(id) && *minor == amount);
                places.push((late, amount.abs_diff(requested), rank, load, turn, amount));
            }
        }
    }
    match places.into_iter().min() {
        Some((.., turn, amount)) => Ok((merchant.wallets[turn].to_string(), amount)),
        None if usable => Err(Rejection::AmountsExhausted),
        None => Err(Rejection::NoWallet),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_allocator_finds_what_trying_everything_finds(
        steps in history(60),
        max_offset in 0_u32..5,
        step in prop_oneof![Just(Step::Up), Just(Step::Down), Just(Step::Nearest)],
    ) {
        let mut book = Book::new(Policy { max_offset, step, ..Policy::default() });
        book.play(&steps);
        let past = Past::of(&book.log);
        for merchant in past.merchants.values() {
            for requested in [1, 2, 97, 98, 99, 100, 101, 102, 103, 104, 500] {
                for channels in [&[][..], &[Channel::Wechat], &[Channel::Alipay], &[Channel::Qq]] {
                    let wanted = tried(&past, merchant, requested, channels);
                    let amount = Amount::fen(requested);
                    let got = find_hold(&book.state, merchant, amount, channels)
                        .map(|hold| (hold.wallet.to_string(), hold.payable.minor()));
                    prop_assert_eq!(got, wanted, "{} {}", merchant.id, requested);
                }
            }
        }
    }
}
