//! Builders of facts with sensible contents; a test changes the fields that it is about.
//!
//! Deliberately not here: anything that depends on what happened before ([`super::Book`]).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::amount::Amount;
use crate::channel::Channel;
use crate::digest::Digest;
use crate::fact::{
    Device, Fact, Merchant, NotificationReceived, OrderRequested, PolicyActivated, Reading, Wallet,
};
use crate::id::{DeviceId, MerchantId, NotificationId, OrderId, WalletId};
use crate::order::Dialect;
use crate::policy::Policy;

/// 128 bits that look drawn, from a kind and a counter.
#[must_use]
pub fn drawn_bits(kind: &str, number: u64) -> u128 {
    u128::from_be_bytes(Digest::of(&[kind.as_bytes(), &number.to_be_bytes()]).bytes())
}

/// A merchant with wallets, by their names.
///
/// # Panics
/// Where a name is not one.
#[must_use]
pub fn merchant(id: &str, wallets: &[&str]) -> Merchant {
    Merchant {
        id: MerchantId::new(id).expect("tests give good names"),
        name: String::from(id),
        notify_url: Some(format!("https://{id}.example/notify")),
        wallets: wallets.iter().map(|id| WalletId::new(id).expect("good name")).collect(),
        default: false,
        strict: false,
        enabled: true,
    }
}

/// A wallet with an any-amount code.
///
/// # Panics
/// Where the name is not one.
#[must_use]
pub fn wallet(id: &str, channel: Channel) -> Wallet {
    Wallet {
        id: WalletId::new(id).expect("tests give good names"),
        channel,
        qr: Some(format!("qr:{id}")),
        fixed: Vec::new(),
        enabled: true,
    }
}

/// A device that watches wallets, by their names.
///
/// # Panics
/// Where a name is not one.
#[must_use]
pub fn device(id: &str, wallets: &[&str]) -> Device {
    Device {
        id: DeviceId::new(id).expect("tests give good names"),
        wallets: wallets.iter().map(|id| WalletId::new(id).expect("good name")).collect(),
        enabled: true,
    }
}

/// A policy's activation.
#[must_use]
pub fn policy_fact(policy: Policy) -> Fact {
    Fact::PolicyActivated(PolicyActivated { policy, by: String::from("test") })
}

/// A request for an amount in fen; the id is drawn from merchant and number.
///
/// # Panics
/// Where the merchant's name is not one.
#[must_use]
pub fn order(merchant: &str, number: &str, fen: i64) -> OrderRequested {
    let bits = Digest::of(&[merchant.as_bytes(), number.as_bytes()]).bytes();
    OrderRequested {
        order: OrderId::from_bits(u128::from_be_bytes(bits)),
        merchant: MerchantId::new(merchant).expect("tests give good names"),
        number: number.to_string(),
        requested: Amount::fen(fen),
        channels: Vec::new(),
        dialect: Dialect::Native,
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: None,
        echo: None,
        idempotency: None,
    }
}

/// Evidence of money; its key is its own, and its notification id is drawn from the counter.
///
/// # Panics
/// Where the device's name is not one.
#[must_use]
pub fn money(device: &str, number: u64, fen: i64) -> NotificationReceived {
    NotificationReceived {
        notification: NotificationId::from_bits(drawn_bits("notification", number)),
        device: Some(DeviceId::new(device).expect("tests give good names")),
        source: String::from("test"),
        reading: Reading::Money {
            amount: Amount::fen(fen),
            channel: None,
            sent_at: None,
            references: Vec::new(),
        },
        rule: String::from("test"),
        key: Digest::of(&[b"key", &number.to_be_bytes()]),
        content: Digest::of(&[b"content", &fen.to_be_bytes()]),
        raw: Vec::new(),
    }
}
