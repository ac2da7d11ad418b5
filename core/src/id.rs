//! Names of things.
//!
//! Two kinds. *Declared* names (merchant, wallet, device) are short texts that a person wrote into
//! the configuration. *Drawn* ids (order, notification, refund) are 128 random bits that the shell
//! drew; nobody can guess one, so a link that carries one is a capability. A drawn id is printed as
//! a letter and 26 characters of Crockford base 32: it always holds a letter and never a dot, which
//! the signature rules of old protocols need.
//! Deliberately not here: drawing (the shell has the entropy) and the ids of foreign systems, which
//! are text.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest declared name in bytes; the shops' and phones' own limits are far below.
pub const NAME_BYTES_MAX: usize = 64;

/// Why a text is not a name or an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdError {
    /// Nothing there.
    Empty,
    /// Longer than [`NAME_BYTES_MAX`].
    TooLong,
    /// A character other than `A-Z a-z 0-9 . _ -`.
    BadCharacter,
    /// Not the letter and 26 base-32 characters of a drawn id.
    NotAnId,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty name",
            Self::TooLong => "name longer than 64 bytes",
            Self::BadCharacter => {
                "a name may hold letters, digits, dot, underscore and hyphen only"
            }
            Self::NotAnId => "not an id",
        })
    }
}

impl core::error::Error for IdError {}

fn check_name(text: &str) -> Result<(), IdError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if text.is_empty() {
        Err(IdError::Empty)
    } else if text.len() > NAME_BYTES_MAX {
        Err(IdError::TooLong)
    } else if !text.bytes().all(allowed) {
        Err(IdError::BadCharacter)
    } else {
        Ok(())
    }
}

macro_rules! declared_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes a name.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with it.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check_name(text)?;
                Ok(Self(String::from(text)))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

declared_name! {
    /// Who asks to be paid through us.
    MerchantId
}
declared_name! {
    /// A receiving account with its QR codes.
    WalletId
}
declared_name! {
    /// A phone or other watcher that reports money.
    DeviceId
}
declared_name! {
    /// A bank account that withdrawals go to.
    BankId
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 characters of 5 bits hold 130 bits; the first character is at most `7`.
const DRAWN_CHARACTERS: u32 = 26;

fn write_drawn(f: &mut fmt::Formatter<'_>, letter: char, bits: u128) -> fmt::Result {
    use fmt::Write;
    f.write_char(letter)?;
    for place in (0..DRAWN_CHARACTERS).rev() {
        let five = bits.checked_shr(place.saturating_mul(5)).unwrap_or(0) & 31;
        let index = usize::try_from(five).unwrap_or(0);
        f.write_char(char::from(ALPHABET[index]))?;
    }
    Ok(())
}

fn read_drawn(text: &str, letter: char) -> Result<u128, IdError> {
    let digits = text.strip_prefix(letter).ok_or(IdError::NotAnId)?;
    if digits.len() != 26 || digits.as_bytes()[0] > b'7' {
        return Err(IdError::NotAnId);
    }
    let mut bits: u128 = 0;
    for byte in digits.bytes() {
        let five = ALPHABET.iter().position(|&c| c == byte).ok_or(IdError::NotAnId)?;
        bits = (bits << 5) | u128::try_from(five).map_err(|_| IdError::NotAnId)?;
    }
    Ok(bits)
}

macro_rules! drawn_id {
    ($(#[$doc:meta])* $name:ident, $letter:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(u128);

        impl $name {
            /// From 128 bits that the shell drew.
            #[must_use]
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }

            /// The 128 bits.
            #[must_use]
            pub const fn bits(self) -> u128 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_drawn(f, $letter, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_drawn(f, $letter, self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                read_drawn(text, $letter).map(Self)
            }
        }
    };
}

drawn_id! {
    /// One request to be paid. Its text is also the token of the cashier page.
    OrderId, 'o'
}
drawn_id! {
    /// One delivery of evidence that money arrived.
    NotificationId, 'n'
}
drawn_id! {
    /// Money that we believe arrived; it bears the bits of its first notification.
    PaymentId, 'p'
}
drawn_id! {
    /// Money going back.
    RefundId, 'r'
}
drawn_id! {
    /// Money that moved without a payer: a fee, a withdrawal, a transfer.
    MovementId, 'm'
}
drawn_id! {
    /// An adjustment of the books.
    AdjustmentId, 'a'
}
drawn_id! {
    /// A difference between books and statement. Its bits are not drawn but follow from what it is
    /// about, so that every run finds the same break.
    BreakId, 'b'
}

impl PaymentId {
    /// The payment that a first notification gives rise to.
    #[must_use]
    pub const fn of(notification: NotificationId) -> Self {
        Self(notification.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn names_are_checked() {
        assert!(MerchantId::new("1001").is_ok());
        assert_eq!(WalletId::new(""), Err(IdError::Empty));
        assert_eq!(WalletId::new("wx main"), Err(IdError::BadCharacter));
        assert_eq!(WalletId::new(&"x".repeat(65)), Err(IdError::TooLong));
    }

    #[test]
    fn foreign_letters_lengths_and_overflow_are_not_ids() {
        let good = OrderId::from_bits(u128::MAX).to_string();
        assert_eq!(good, "o7zzzzzzzzzzzzzzzzzzzzzzzzz");
        assert_eq!(good.parse(), Ok(OrderId::from_bits(u128::MAX)));
        for bad in ["", "o", "n7zzzzzzzzzzzzzzzzzzzzzzzzz", "o8zzzzzzzzzzzzzzzzzzzzzzzzz", "oéz"] {
            assert_eq!(bad.parse::<OrderId>(), Err(IdError::NotAnId), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn drawn_ids_round_trip(bits: u128) {
            let id = RefundId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn any_text_is_an_id_or_refused(text in "\\PC{0,40}") {
            let _ = text.parse::<OrderId>();
        }
    }
}
