//! Which addresses a callback may reach: the public unicast ones and nothing else.
//!
//! The ranges are those of the IANA special-purpose registries (RFC 6890 and its updates). An IPv6
//! address that carries an IPv4 address is judged by the one it carries where the network really
//! delivers it there (`::ffff:0:0/96`, `64:ff9b::/96`), and refused as a whole where nothing
//! legitimate uses it.
//!
//! Invariants: for IPv6 what is not known to be public is refused; the switch for closed networks
//! opens loopback, private, shared and unique-local ranges, and never link-local ones, where clouds
//! keep credentials.
//! Deliberately not here: names and their resolution.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::policy::Policy;

/// Whether an address is of the open internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    range_of(address).is_none()
}

/// Why an address is not one that a callback may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    /// `0.0.0.0/8` or `::`.
    #[error("the address means this host or this network")]
    Unspecified,
    /// `127.0.0.0/8` or `::1`.
    #[error("the address is a loopback address")]
    Loopback,
    /// RFC 1918.
    #[error("the address is a private one")]
    Private,
    /// `100.64.0.0/10`, between a provider and its customers.
    #[error("the address is shared inside a provider's network")]
    Shared,
    /// `fc00::/7`.
    #[error("the address is a unique local one")]
    UniqueLocal,
    /// `169.254.0.0/16` or `fe80::/10`.
    #[error("the address is a link-local one")]
    LinkLocal,
    /// `224.0.0.0/4`, `ff00::/8` or the broadcast address.
    #[error("the address is a multicast or broadcast one")]
    Multicast,
    /// Written in documents only.
    #[error("the address is reserved for documents")]
    Documentation,
    /// `198.18.0.0/15`.
    #[error("the address is reserved for benchmarks")]
    Benchmarking,
    /// An IPv6 form that wraps an IPv4 address and that nothing legitimate uses.
    #[error("the address wraps another one")]
    Wrapped,
    /// Anything else that is not public unicast.
    #[error("the address is reserved")]
    Reserved,
    /// One of our own sockets.
    #[error("the address is our own")]
    Own,
}

use AddressRefusal::{
    Benchmarking, Documentation, LinkLocal, Loopback, Multicast, Private, Reserved, Shared,
    UniqueLocal, Unspecified, Wrapped,
};

const V4: &[([u8; 4], u32, AddressRefusal)] = &[
    ([0, 0, 0, 0], 8, Unspecified),
    ([10, 0, 0, 0], 8, Private),
    ([100, 64, 0, 0], 10, Shared),
    ([127, 0, 0, 0], 8, Loopback),
    ([169, 254, 0, 0], 16, LinkLocal),
    ([172, 16, 0, 0], 12, Private),
    ([192, 0, 0, 0], 24, Reserved),
    ([192, 0, 2, 0], 24, Documentation),
    ([192, 88, 99, 0], 24, Reserved),
    ([192, 168, 0, 0], 16, Private),
    ([198, 18, 0, 0], 15, Benchmarking),
    ([198, 51, 100, 0], 24, Documentation),
    ([203, 0, 113, 0], 24, Documentation),
    ([224, 0, 0, 0], 4, Multicast),
    ([255, 255, 255, 255], 32, Multicast),
    ([240, 0, 0, 0], 4, Reserved),
];

const V6: &[([u16; 8], u32, AddressRefusal)] = &[
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, Unspecified),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Loopback),
    ([0, 0, 0, 0, 0, 0, 0, 0], 96, Wrapped),
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Wrapped),
    ([0x100, 0, 0, 0, 0, 0, 0, 0], 64, Reserved),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Wrapped),
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Reserved),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, Documentation),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, Wrapped),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Documentation),
    ([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, Reserved),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, UniqueLocal),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, LinkLocal),
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Reserved),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Multicast),
];

/// Global unicast addresses: `2000::/3`, the only part of IPv6 that was ever given out.
const GIVEN_OUT: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
/// RFC 6052: the network translates it to the IPv4 address in the last 32 bits.
const TRANSLATED: ([u16; 8], u32) = ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

/// Whether a callback may reach this address.
///
/// # Errors
/// [`AddressRefusal`] names the range that it lies in.
pub fn check_address(address: IpAddr, policy: &Policy) -> Result<(), AddressRefusal> {
    match range_of(address) {
        None => Ok(()),
        Some(Loopback | Private | Shared | UniqueLocal) if policy.allow_private => Ok(()),
        Some(refusal) => Err(refusal),
    }
}

/// The special range that an address lies in; none if it is a public one.
pub(super) fn range_of(address: IpAddr) -> Option<AddressRefusal> {
    match address {
        IpAddr::V4(v4) => range_of_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped().or_else(|| translated(v6)) {
            Some(v4) => range_of_v4(v4),
            None => range_of_v6(v6),
        },
    }
}

fn range_of_v4(address: Ipv4Addr) -> Option<AddressRefusal> {
    let within = |net: &[u8; 4], length: u32| {
        let differing = (address.to_bits() ^ Ipv4Addr::from(*net).to_bits()).leading_zeros();
        differing >= length
    };
    V4.iter().find(|(net, length, _)| within(net, *length)).map(|(_, _, refusal)| *refusal)
}

fn range_of_v6(address: Ipv6Addr) -> Option<AddressRefusal> {
    let special = V6.iter().find(|(net, length, _)| within_v6(address, *net, *length));
    match special {
        Some((_, _, refusal)) => Some(*refusal),
        None if within_v6(address, GIVEN_OUT.0, GIVEN_OUT.1) => None,
        None => Some(Reserved),
    }
}

fn within_v6(address: Ipv6Addr, net: [u16; 8], length: u32) -> bool {
    (address.to_bits() ^ Ipv6Addr::from(net).to_bits()).leading_zeros() >= length
}

fn translated(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [.., a, b, c, d] = address.octets();
    within_v6(address, TRANSLATED.0, TRANSLATED.1).then(|| Ipv4Addr::new(a, b, c, d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, allow_private: bool) -> Result<(), AddressRefusal> {
        let policy = Policy { allow_private, ..Policy::default() };
        check_address(text.parse().unwrap(), &policy)
    }

    /// The first and the last address of each range, and the public ones beside them.
    #[test]
    fn every_special_range_is_refused_from_its_first_to_its_last_address() {
        let cases = [
            ("0.0.0.0", "0.255.255.255", Unspecified),
            ("10.0.0.0", "10.255.255.255", Private),
            ("100.64.0.0", "100.127.255.255", Shared),
            ("127.0.0.0", "127.255.255.255", Loopback),
            ("169.254.0.0", "169.254.255.255", LinkLocal),
            ("172.16.0.0", "172.31.255.255", Private),
            ("192.0.0.0", "192.0.0.255", Reserved),
            ("192.0.2.0", "192.0.2.255", Documentation),
            ("192.88.99.0", "192.88.99.255", Reserved),
            ("192.168.0.0", "192.168.255.255", Private),
            ("198.18.0.0", "198.19.255.255", Benchmarking),
            ("198.51.100.0", "198.51.100.255", Documentation),
            ("203.0.113.0", "203.0.113.255", Documentation),
            ("224.0.0.0", "239.255.255.255", Multicast),
            ("240.0.0.0", "255.255.255.254", Reserved),
            ("255.255.255.255", "255.255.255.255", Multicast),
            ("::", "::", Unspecified),
            ("::1", "::1", Loopback),
            ("::2", "::255.255.255.255", Wrapped),
            ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Wrapped),
            ("100::", "100::ffff:ffff:ffff:ffff", Reserved),
            ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Wrapped),
            ("2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
            ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
            ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Wrapped),
            ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Documentation),
            ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
            ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", UniqueLocal),
            ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", LinkLocal),
            ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Reserved),
            ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Multicast),
        ];
        for (first, last, refusal) in cases {
            assert_eq!(check(first, false), Err(refusal), "{first}");
            assert_eq!(check(last, false), Err(refusal), "{last}");
        }
    }

    #[test]
    fn public_addresses_pass_also_right_beside_the_special_ranges() {
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::",
            "240e::1",
            "2606:4700:4700::1111",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000::",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert_eq!(check(public, false), Ok(()), "{public}");
        }
    }

    #[test]
    fn an_address_inside_another_is_judged_by_what_the_network_reaches() {
        let cases = [
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:169.254.169.254", LinkLocal),
            ("::ffff:0.0.0.0", Unspecified),
            ("::127.0.0.1", Wrapped),
            ("::8.8.8.8", Wrapped),
            ("64:ff9b::7f00:1", Loopback),
            ("64:ff9b::a9fe:a9fe", LinkLocal),
            ("64:ff9b::192.168.1.1", Private),
            ("64:ff9b:0:1::8.8.8.8", Reserved),
            ("64:ff9b:1::8.8.8.8", Wrapped),
            ("2002:7f00:1::", Wrapped),
            ("2001:0:7f00:1::", Wrapped),
        ];
        for (text, refusal) in cases {
            assert_eq!(check(text, false), Err(refusal), "{text}");
        }
    }

    #[test]
    fn the_switch_opens_closed_networks_and_nothing_else() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd00::1",
            "::ffff:127.0.0.1",
        ] {
            assert_eq!(check(text, true), Ok(()), "{text}");
        }
        let cases = [
            ("169.254.169.254", LinkLocal),
            ("::ffff:169.254.169.254", LinkLocal),
            ("fe80::1", LinkLocal),
            ("0.0.0.0", Unspecified),
            ("::", Unspecified),
            ("255.255.255.255", Multicast),
            ("ff02::1", Multicast),
            ("::127.0.0.1", Wrapped),
        ];
        for (text, refusal) in cases {
            assert_eq!(check(text, true), Err(refusal), "{text}");
        }
    }

    proptest! {
        /// The standard library's own judgements, where they are stable, as an oracle.
        #[test]
        fn nothing_that_the_standard_library_calls_special_is_public(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified();
            prop_assert!(!special || range_of(IpAddr::V4(v4)).is_some());
            prop_assert_eq!(range_of(IpAddr::V4(v4)), range_of(IpAddr::V6(v4.to_ipv6_mapped())));
            prop_assert!(range_of(IpAddr::V6(v4.to_ipv6_compatible())).is_some());
        }

        #[test]
        fn no_public_ipv6_address_lies_outside_of_what_was_given_out(bits: u128) {
            let v6 = Ipv6Addr::from_bits(bits);
            let known = bits >> 125 == 1 || v6.to_ipv4_mapped().is_some() || translated(v6).is_some();
            prop_assert!(known || range_of(IpAddr::V6(v6)).is_some());
        }
    }
}
