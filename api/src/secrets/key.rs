//! What a secret is, and whose.
//!
//! Invariants: a secret is wiped when its last holder lets go, shows itself to nobody who only
//! prints, and is compared in constant time; a short, empty or untidy one is refused before
//! anything depends on it.
//! Deliberately not here: storage, and what a secret is used for.

use std::fmt;
use std::sync::Arc;

use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::time::Timestamp;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::key_pair::{KEY_TEXT_BYTES_MAX, KeyPairError, PrivateKey};
use crate::webhook::{SigningKey, SigningKeyError};

/// The longest secret in bytes, but for a platform key; a bearer token must fit into one header
/// line.
pub const SECRET_BYTES_MAX: usize = 256;
/// The shortest key of the MD5 protocols. Their phones and shops were given keys of any length, and
/// the contract's samples have 15 to 17 characters; eight random letters still take 62^8 = 2 ×
/// 10^14 guesses.
const LEGACY_BYTES_MIN: usize = 8;
/// Below this many bytes a merchant's key is warned about. With each signed address a payer holds
/// the MD5 of a text that he knows and the key, and tries keys at home, some 10^11 a second on one
/// graphics card: eight random letters last an hour at most, sixteen the age of the universe.
pub const MERCHANT_KEY_BYTES_ADVISED: usize = 16;
/// The shortest bearer token: 16 hexadecimal digits already hold 64 bits. Ours have 32.
const TOKEN_BYTES_MIN: usize = 16;

/// Bytes that nobody may see by accident.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<Vec<u8>>>);

impl Secret {
    /// Takes a secret as it was configured.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes.into())))
    }

    /// A new one of 32 hexadecimal digits, from 128 random bits.
    #[must_use]
    pub fn drawn(clock: &dyn Clock) -> Self {
        Self::new(format!("{:032x}", clock.draw()))
    }

    /// The bytes, for the one computation that needs them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is these bytes, in a time that depends on their number only.
    #[must_use]
    pub fn equals(&self, bytes: &[u8]) -> bool {
        self.expose().ct_eq(bytes).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Which secret: its use and its owner.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretOf {
    /// The merchant's key of the MD5 protocols.
    MerchantKey(MerchantId),
    /// The merchant's bearer token of the native API. Only its hash is kept, so it cannot be shown
    /// again.
    NativeToken(MerchantId),
    /// What signs the merchant's callbacks (`whsec_…`).
    WebhookSecret(MerchantId),
    /// An operator's bearer token, by the operator's name. Only its hash is kept.
    OperatorToken(OperatorName),
    /// Our own private key towards a merchant whose protocol signs with RSA.
    PlatformKey(MerchantId),
    /// The secret of the Youzan application that speaks for a wallet; by it the platform's pushes
    /// are signed, and tokens asked for.
    YouzanSecret(WalletId),
    /// The key of a phone or other watcher.
    DeviceKey(DeviceId),
}

/// The name that an operator's deeds bear in the log; formed like a merchant's.
pub type OperatorName = MerchantId;

impl SecretOf {
    /// Whether only the secret's hash is kept, because it is compared and never used to sign.
    #[must_use]
    pub const fn is_token(&self) -> bool {
        matches!(self, Self::NativeToken(_) | Self::OperatorToken(_))
    }

    /// The word that the file and the errors use.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::MerchantKey(_) => "merchant-key",
            Self::NativeToken(_) => "native-token",
            Self::WebhookSecret(_) => "webhook-secret",
            Self::OperatorToken(_) => "operator-token",
            Self::PlatformKey(_) => "platform-key",
            Self::YouzanSecret(_) => "youzan-secret",
            Self::DeviceKey(_) => "device-key",
        }
    }

    /// The name of the merchant, operator, wallet or device.
    #[must_use]
    pub fn owner(&self) -> &str {
        match self {
            Self::MerchantKey(id)
            | Self::NativeToken(id)
            | Self::WebhookSecret(id)
            | Self::OperatorToken(id)
            | Self::PlatformKey(id) => id.as_str(),
            Self::YouzanSecret(id) => id.as_str(),
            Self::DeviceKey(id) => id.as_str(),
        }
    }

    /// The reverse of [`word`](Self::word) and [`owner`](Self::owner).
    pub(super) fn read(word: &str, owner: &str) -> Option<Self> {
        let merchant = || MerchantId::new(owner).ok();
        match word {
            "merchant-key" => merchant().map(Self::MerchantKey),
            "native-token" => merchant().map(Self::NativeToken),
            "webhook-secret" => merchant().map(Self::WebhookSecret),
            "operator-token" => merchant().map(Self::OperatorToken),
            "platform-key" => merchant().map(Self::PlatformKey),
            "youzan-secret" => WalletId::new(owner).ok().map(Self::YouzanSecret),
            "device-key" => DeviceId::new(owner).ok().map(Self::DeviceKey),
            _ => None,
        }
    }

    /// Whether a secret is fit for this use.
    pub(super) fn check(&self, secret: &Secret) -> Result<(), SecretRefusal> {
        let bytes = secret.expose();
        let most = match self {
            Self::PlatformKey(_) => KEY_TEXT_BYTES_MAX,
            Self::MerchantKey(_)
            | Self::NativeToken(_)
            | Self::WebhookSecret(_)
            | Self::OperatorToken(_)
            | Self::YouzanSecret(_)
            | Self::DeviceKey(_) => SECRET_BYTES_MAX,
        };
        if bytes.len() > most {
            return Err(SecretRefusal::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| SecretRefusal::NotText)?;
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(SecretRefusal::Untidy);
        }
        let least = match self {
            Self::MerchantKey(_) | Self::YouzanSecret(_) | Self::DeviceKey(_) => LEGACY_BYTES_MIN,
            Self::NativeToken(_) | Self::OperatorToken(_) => TOKEN_BYTES_MIN,
            Self::WebhookSecret(_) => return Ok(SigningKey::parse(text).map(|_| ())?),
            Self::PlatformKey(_) => return Ok(PrivateKey::parse(bytes).map(|_| ())?),
        };
        if bytes.len() < least {
            return Err(SecretRefusal::TooShort { bytes: bytes.len(), least });
        }
        Ok(())
    }
}

impl fmt::Display for SecretOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.word(), self.owner())
    }
}

/// Why a secret is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefusal {
    /// Empty or too easily guessed.
    #[error("{bytes} bytes, but at least {least} are required")]
    TooShort {
        /// How long it is.
        bytes: usize,
        /// How long it must be.
        least: usize,
    },
    /// Longer than its kind may be.
    #[error("longer than such a secret may be")]
    TooLong,
    /// Not UTF-8.
    #[error("not text")]
    NotText,
    /// A space, line end or control character, which most often came along when it was copied.
    #[error("it holds a space, a line end or a control character")]
    Untidy,
    /// Not in the form of a webhook signing secret.
    #[error(transparent)]
    Webhook(#[from] SigningKeyError),
    /// Not a private key.
    #[error(transparent)]
    KeyPair(#[from] KeyPairError),
}

/// The random name of one key among those of its owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(u128);

impl KeyId {
    pub(super) const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('k').filter(|digits| digits.len() == 32)?;
        let id = Self(u128::from_str_radix(digits, 16).ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{:032x}", self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What may be told about a key that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyListing {
    /// Its use and its owner.
    pub of: SecretOf,
    /// Its name in the log.
    pub id: KeyId,
    /// When it was made.
    pub made: Timestamp,
    /// The first instant at which it is no longer accepted.
    pub until: Timestamp,
}
