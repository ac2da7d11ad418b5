//! The ids of fees that a channel's file tells of.
//!
//! Invariants: the id follows from what the channel itself calls the fee, so that the same fee has
//! one id in every file and every run; such an id is told from a drawn one by its first 32 bits.
//! Deliberately not here: which rows are fees, and which of them were booked before.

use crate::amount::Currency;
use crate::digest::Digest;
use crate::id::{MovementId, WalletId};

/// The first 32 bits of every such id. A drawn id begins with them once in 4 * 10^9. The 96 bits
/// behind them are enough: of 10^9 fees two have the same with a probability of 10^-11.
const MARK: u128 = 0x6665_6521;
/// How many bits follow from what the fee is.
const BITS: u32 = 96;
/// Those bits.
const OWN: u128 = u128::MAX >> 32;

/// What a channel calls a fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeeName<'a> {
    /// The first fee under a number of the channel's: that of the payment which it was taken for.
    Number(&'a str),
    /// One more fee under a number, by the serial of its own row, and how many rows with this
    /// serial stand before it.
    Further(&'a str, &'a str, u32),
    /// A row without any number, by all that it says, and how many equal rows stand before it.
    Nameless(Digest, u32),
}

impl MovementId {
    /// The id of a fee that a channel's file tells of.
    #[must_use]
    pub fn of_fee(wallet: &WalletId, currency: Currency, name: FeeName<'_>) -> Self {
        let (wallet, currency) = (wallet.as_str().as_bytes(), currency.code().as_bytes());
        let of = |parts: [&[u8]; 3]| {
            let [kind, name, rank] = parts;
            Digest::of(&[b"fee", wallet, currency, kind, name, rank])
        };
        let digest = match name {
            FeeName::Number(number) => of([b"number", number.as_bytes(), &[]]),
            FeeName::Further(number, serial, rank) => {
                let own = Digest::of(&[number.as_bytes(), serial.as_bytes()]);
                of([b"further", &own.bytes(), &rank.to_be_bytes()])
            }
            FeeName::Nameless(content, rank) => {
                of([b"nameless", &content.bytes(), &rank.to_be_bytes()])
            }
        };
        let bits = u128::from_be_bytes(digest.bytes());
        Self::from_bits((MARK << BITS) | (bits & OWN))
    }

    /// Whether it is the id of a fee that a channel's file tells of.
    #[must_use]
    pub const fn is_of_fee(self) -> bool {
        self.bits() >> BITS == MARK
    }

    /// The least and the greatest such id.
    #[must_use]
    pub const fn ends_of_fees() -> (Self, Self) {
        let least = MARK << BITS;
        (Self::from_bits(least), Self::from_bits(least | OWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::format;

    #[test]
    fn every_name_wallet_and_currency_has_an_id_of_its_own() {
        let wallets = ["wx", "ali"].map(|name| WalletId::new(name).expect("a good name"));
        let content = Digest::of(&[b"a row"]);
        let names = [
            FeeName::Number("42"),
            FeeName::Number("4"),
            FeeName::Further("42", "", 0),
            FeeName::Further("4", "2", 0),
            FeeName::Further("42", "1", 0),
            FeeName::Further("42", "1", 1),
            FeeName::Nameless(content, 0),
            FeeName::Nameless(content, 1),
        ];
        let mut seen = BTreeSet::new();
        for wallet in &wallets {
            for currency in [Currency::Cny, Currency::Usd] {
                for name in names {
                    let id = MovementId::of_fee(wallet, currency, name);
                    assert!(seen.insert(id) && id.is_of_fee(), "{name:?}");
                    assert_eq!(id, MovementId::of_fee(wallet, currency, name));
                    let (least, greatest) = MovementId::ends_of_fees();
                    assert!(least <= id && id <= greatest, "{name:?}");
                }
            }
        }
    }

    /// These ids lie in logs. If one changed, the next run would book its fee again.
    #[test]
    fn an_id_stays_what_it_was() {
        let wallet = WalletId::new("wx").expect("a good name");
        let of = |name| MovementId::of_fee(&wallet, Currency::Cny, name).bits();
        let names = [
            FeeName::Number("4200"),
            FeeName::Further("4200", "77", 1),
            FeeName::Nameless(Digest::of(&[b"a row"]), 2),
        ];
        let known = [
            "66656521bf87369cb916d590d608fc0d",
            "6665652126c750a03128e9027582f2ad",
            "666565210550f8ca04728759c9fcb1b6",
        ];
        assert_eq!(names.map(|name| format!("{:x}", of(name))), known);
    }

    #[test]
    fn other_ids_are_told_apart() {
        let (least, greatest) = MovementId::ends_of_fees();
        for bits in [0, 1, least.bits() - 1, greatest.bits() + 1, u128::MAX] {
            assert!(!MovementId::from_bits(bits).is_of_fee(), "{bits:x}");
        }
    }
}
