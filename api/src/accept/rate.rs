//! How often one address may ask: a bucket for each that leaks at a steady rate.
//!
//! Invariants: over any time an address is served its burst and so many a second, and no more;
//! an address that is quiet takes no memory; addresses that are not of the open internet are not
//! counted, because behind them stands a reverse proxy with all its clients, or the shop's own
//! network. No clock is read: the acceptor's timer leaks the buckets once a second.
//! Deliberately not here: what a proxy says about its client, bans, and rates by merchant (the
//! rules limit the open orders of each).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::admission::counted_as;
use super::limits::{Counted, Limits};
use crate::outbound::is_public;

/// Most addresses that are counted at once, each with some 48 bytes: 3 MiB. Whoever comes from more
/// of them within seconds is met by the limits of connections.
const ADDRESSES_MAX: usize = 65_536;

#[derive(Debug, Default)]
pub(super) struct Rates {
    full: Mutex<BTreeMap<IpAddr, u32>>,
}

impl Rates {
    fn full(&self) -> MutexGuard<'_, BTreeMap<IpAddr, u32>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one connection or request; false where the address has had its share.
    pub(super) fn take(&self, address: IpAddr, limits: &Limits) -> bool {
        let Some(rate) = limits.rate else { return true };
        let counted = match limits.counted {
            Counted::Everybody => true,
            Counted::Outside => is_public(address),
        };
        if !counted {
            return true;
        }
        let key = counted_as(address);
        let mut full = self.full();
        let here = full.get(&key).copied().unwrap_or(0);
        if here >= rate.burst {
            return false;
        }
        if here > 0 || full.len() < ADDRESSES_MAX {
            full.insert(key, here.saturating_add(1));
        }
        true
    }

    /// A second has passed.
    pub(super) fn leak(&self, limits: &Limits) {
        let Some(rate) = limits.rate else { return };
        self.full().retain(|_, here| {
            *here = here.saturating_sub(rate.per_second);
            *here > 0
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Rate;
    use super::*;
    use proptest::prelude::*;

    fn limits(per_second: u32, burst: u32) -> Limits {
        Limits { rate: Some(Rate { per_second, burst }), ..Limits::default() }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn taken(rates: &Rates, address: &str, limits: &Limits) -> usize {
        (0..100).filter(|_| rates.take(ip(address), limits)).count()
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate_and_takes_nothing_of_others() {
        let (rates, limits) = (Rates::default(), limits(3, 10));
        assert_eq!(taken(&rates, "8.8.8.8", &limits), 10);
        assert_eq!(taken(&rates, "::ffff:8.8.8.8", &limits), 0, "the same address");
        assert_eq!(taken(&rates, "9.9.9.9", &limits), 10);
        rates.leak(&limits);
        assert_eq!(taken(&rates, "8.8.8.8", &limits), 3);
        (0..4).for_each(|_| rates.leak(&limits));
        assert!(rates.full().is_empty(), "the quiet are forgotten");
        assert_eq!(taken(&rates, "8.8.8.8", &limits), 10);
    }

    #[test]
    fn an_ipv6_client_is_its_network() {
        let (rates, limits) = (Rates::default(), limits(1, 2));
        assert_eq!(taken(&rates, "2606:4700::1", &limits), 2);
        assert_eq!(taken(&rates, "2606:4700::ffff:1", &limits), 0);
        assert_eq!(taken(&rates, "2606:4700:0:1::1", &limits), 2);
    }

    #[test]
    fn a_proxy_near_us_is_not_counted_unless_everybody_is() {
        let near = ["127.0.0.1", "::1", "10.0.0.7", "172.17.0.1", "192.168.1.2", "fd00::1"];
        let outside = limits(1, 2);
        let everybody = Limits { counted: Counted::Everybody, ..outside };
        let off = Limits { rate: None, ..everybody };
        for address in near {
            assert_eq!(taken(&Rates::default(), address, &outside), 100, "{address}");
            assert_eq!(taken(&Rates::default(), address, &everybody), 2, "{address}");
            assert_eq!(taken(&Rates::default(), address, &off), 100, "{address}");
        }
    }

    #[test]
    fn a_flood_of_addresses_takes_a_bounded_room() {
        let (rates, limits) = (Rates::default(), limits(1, 2));
        for number in 0..70_000_u32 {
            assert!(rates.take(IpAddr::from((0x0800_0000 + number).to_be_bytes()), &limits));
        }
        assert_eq!(rates.full().len(), ADDRESSES_MAX);
    }

    proptest! {
        #[test]
        fn over_any_time_nobody_gets_more_than_burst_and_rate(
            per_second in 1_u32..20,
            burst in 1_u32..50,
            asks in prop::collection::vec(0_usize..80, 1..30),
        ) {
            let (rates, limits) = (Rates::default(), limits(per_second, burst));
            let mut served = Vec::new();
            for asked in asks {
                let got = (0..asked).filter(|_| rates.take(ip("8.8.8.8"), &limits)).count();
                prop_assert!(got == asked || got <= usize::try_from(burst).unwrap());
                served.push(u32::try_from(got).unwrap());
                rates.leak(&limits);
            }
            for from in 0..served.len() {
                let mut all = 0;
                for (seconds, got) in served[from..].iter().enumerate() {
                    all += got;
                    let seconds = u32::try_from(seconds).unwrap();
                    prop_assert!(all <= burst + per_second * seconds);
                }
            }
        }
    }
}
