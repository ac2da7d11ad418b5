//! Who may come in: the count of open connections, over all and by address.
//!
//! Invariants: a place is taken and given back exactly once; IPv6 clients are counted by /64,
//! because one client owns that many addresses; an address without connections takes no memory.
//! Deliberately not here: rates (`rate.rs`), bans, and what the proxy in front says about its
//! client.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::limits::Limits;

#[derive(Debug, Default)]
pub(super) struct Admission {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// A connection's place; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    key: IpAddr,
}

impl Admission {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self) -> usize {
        self.open().all
    }

    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, limits: &Limits) -> Option<Place> {
        let key = counted_as(address);
        let mut open = self.open();
        let here = open.by_address.get(&key).copied().unwrap_or(0);
        if open.all >= limits.connections_max || here >= limits.per_address_max {
            return None;
        }
        open.all += 1;
        open.by_address.insert(key, here + 1);
        Some(Place { admission: Arc::clone(self), key })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.admission.open();
        open.all = open.all.saturating_sub(1);
        let here = open.by_address.get(&self.key).copied().unwrap_or(0);
        if here > 1 {
            open.by_address.insert(self.key, here - 1);
        } else {
            open.by_address.remove(&self.key);
        }
    }
}

/// What an address is counted as.
pub(super) fn counted_as(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(connections_max: usize, per_address_max: usize) -> Limits {
        Limits { connections_max, per_address_max, ..Limits::default() }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_the_places_of_others() {
        let admission = Arc::new(Admission::default());
        let limits = limits(3, 2);
        let first = admission.admit(ip("192.0.2.1"), &limits).unwrap();
        let _second = admission.admit(ip("::ffff:192.0.2.1"), &limits).unwrap();
        assert!(admission.admit(ip("192.0.2.1"), &limits).is_none());
        let _other = admission.admit(ip("192.0.2.2"), &limits).unwrap();
        assert!(admission.admit(ip("192.0.2.3"), &limits).is_none());
        drop(first);
        assert!(admission.admit(ip("192.0.2.3"), &limits).is_some());
    }

    #[test]
    fn the_addresses_of_one_ipv6_network_count_as_one_client() {
        let admission = Arc::new(Admission::default());
        let _place = admission.admit(ip("2001:db8::1"), &limits(9, 1)).unwrap();
        assert!(admission.admit(ip("2001:db8::ffff:1"), &limits(9, 1)).is_none());
        assert!(admission.admit(ip("2001:db8:0:1::1"), &limits(9, 1)).is_some());
    }

    proptest! {
        #[test]
        fn after_any_coming_and_going_the_counts_are_those_of_the_places(
            moves in prop::collection::vec((0_u8..4, any::<bool>()), 0..60),
        ) {
            let admission = Arc::new(Admission::default());
            let limits = limits(10, 4);
            let mut places = Vec::new();
            for (host, comes) in moves {
                if comes {
                    places.extend(admission.admit(IpAddr::from([192, 0, 2, host]), &limits));
                } else {
                    places.pop();
                }
                prop_assert_eq!(admission.count(), places.len());
                prop_assert!(admission.open().by_address.values().all(|&n| (1..=4).contains(&n)));
            }
            drop(places);
            prop_assert!(admission.open().by_address.is_empty());
        }
    }
}
