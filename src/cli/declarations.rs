//! What can be said on the command line of merchants, wallets, devices and operators.
//!
//! Deliberately not here: what the verbs do.

use clap::{Args, Subcommand, ValueEnum};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::time::Span;

use crate::config::duration;

#[derive(Debug, Subcommand)]
pub(super) enum MerchantVerb {
    /// Declare a shop, draw its keys and print them once
    Add(MerchantAdd),
    /// List all shops
    List,
    /// Show one shop
    Show { id: MerchantId },
    /// Take no more orders from a shop; its open orders and callbacks go on
    Disable { id: MerchantId },
    /// Draw a new key and print it once; the old one is accepted for a time of grace
    RotateKey {
        id: MerchantId,
        /// Which of its secrets
        #[arg(long, value_enum, default_value_t = MerchantSecret::Key)]
        secret: MerchantSecret,
        #[command(flatten)]
        grace: Grace,
    },
}

#[derive(Debug, Args)]
pub(super) struct MerchantAdd {
    /// Its name in protocols
    #[arg(long)]
    pub(super) id: MerchantId,
    /// Its name for people [default: the id]
    #[arg(long)]
    pub(super) name: Option<String>,
    /// A wallet that takes its money; may be given several times
    #[arg(long = "wallet", required = true, value_name = "WALLET")]
    pub(super) wallets: Vec<WalletId>,
    /// Where callbacks go that name no address of their own
    #[arg(long, value_name = "URL")]
    pub(super) notify_url: Option<String>,
    /// Answers on paths that carry no merchant
    #[arg(long)]
    pub(super) default: bool,
    /// Accept legacy signatures only in the grammar that leaves one reading
    #[arg(long)]
    pub(super) strict: bool,
}

/// The secrets of a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MerchantSecret {
    /// The key of the MD5 protocols
    Key,
    /// The bearer token of the native API
    Token,
    /// What signs the callbacks of the native API
    WebhookSecret,
    /// Our RSA key towards the merchant, which signs epay's second version
    PlatformKey,
}

#[derive(Debug, Args)]
pub(super) struct Grace {
    /// How long the old one is still accepted
    #[arg(long = "grace", default_value = "24h", value_parser = duration, value_name = "DURATION")]
    pub(super) span: Span,
}

#[derive(Debug, Subcommand)]
pub(super) enum WalletVerb {
    /// Declare a receiving account
    Add(WalletAdd),
    /// List all wallets
    List,
    /// Show one wallet
    Show { id: WalletId },
    /// Take no more orders into a wallet; money that comes all the same is seen
    Disable { id: WalletId },
}

#[derive(Debug, Args)]
pub(super) struct WalletAdd {
    /// Its name
    #[arg(long)]
    pub(super) id: WalletId,
    /// wechat, alipay, qq, unionpay, youzan or sandbox
    #[arg(long)]
    pub(super) channel: Channel,
    /// The text of its any-amount code
    #[arg(long, value_name = "TEXT", required_unless_present = "fixed")]
    pub(super) qr: Option<String>,
    /// A code of one amount, like 10.00=wxp://f2f0ten; may be given several times
    #[arg(long, value_parser = fixed, value_name = "AMOUNT=TEXT")]
    pub(super) fixed: Vec<(Amount, String)>,
}

fn fixed(text: &str) -> Result<(Amount, String), String> {
    let (amount, qr) = text.split_once('=').ok_or("no = between the amount and the code")?;
    let amount = Amount::parse(amount, Currency::Cny).map_err(|error| error.to_string())?;
    if !amount.is_positive() || qr.is_empty() {
        return Err("the amount must be more than zero, and the code not empty".into());
    }
    Ok((amount, qr.to_owned()))
}

#[derive(Debug, Subcommand)]
pub(super) enum DeviceVerb {
    /// Declare a phone, draw its key and print it once
    Add {
        /// Its name
        #[arg(long)]
        id: DeviceId,
        /// A wallet that it watches; may be given several times
        #[arg(long = "wallet", required = true, value_name = "WALLET")]
        wallets: Vec<WalletId>,
    },
    /// List all devices
    List,
    /// Show one device
    Show { id: DeviceId },
    /// Take no more reports from a device
    Disable { id: DeviceId },
    /// Draw a new key and print it once; the old one is accepted for a time of grace
    RotateKey {
        id: DeviceId,
        #[command(flatten)]
        grace: Grace,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum UserVerb {
    /// Draw a token for an operator and print it once
    Add { name: MerchantId },
    /// List all operators
    List,
    /// Show one operator
    Show { name: MerchantId },
    /// Take an operator's tokens away for ever
    Disable { name: MerchantId },
    /// Draw a new token and print it once; the old one is accepted for a time of grace
    RotateKey {
        name: MerchantId,
        #[command(flatten)]
        grace: Grace,
    },
}
