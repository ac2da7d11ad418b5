//! `[wallet.youzan]`: the shop on Youzan that a wallet is.
//!
//! Invariant: a wallet with such a section has no code of its own, and one without has.
//! Deliberately not here: what is asked of the platform.

use duizhang_api::secrets::Secret;
use duizhang_api::youzan::{OPEN_PLATFORM, Shop};
use duizhang_core::channel::Channel;
use duizhang_core::fact::{Device, Wallet};
use duizhang_core::id::DeviceId;

use super::section::Section;
use super::values;

/// A shop on Youzan as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct ShopSettings {
    pub(crate) shop: Shop,
    pub(crate) secret: Option<Secret>,
}

impl ShopSettings {
    /// The platform's pushes, as what watches the wallet. Money of a wallet that takes no new
    /// orders is still seen.
    pub(crate) fn watcher(&self) -> Device {
        let (id, wallet) = (self.shop.watcher.clone(), self.shop.wallet.clone());
        Device { id, wallets: vec![wallet], enabled: true }
    }
}

pub(super) const YOUZAN_KEYS: &[&str] = &["client_id", "client_secret", "kdt_id", "base_url"];

/// Reads the section of a wallet, where it has one.
pub(super) fn shop(section: &mut Section<'_>, wallet: Option<&Wallet>) -> Option<ShopSettings> {
    let item = section.item("youzan")?;
    let path = format!("{}.youzan", section.path);
    let mut own = Section::new(&path, Some(item), YOUZAN_KEYS, section.findings);
    let client_id = own.require("client_id", values::text);
    let secret = own.take("client_secret", values::secret);
    let number = |item: &_| {
        values::text(item).or_else(|_| values::count(item).map(|number| number.to_string()))
    };
    let kdt_id = own.require("kdt_id", number);
    let base_url = own.take("base_url", |item| {
        let text = values::text(item)?;
        let url = text.trim_end_matches('/');
        let web = url.starts_with("https://") || url.starts_with("http://");
        if web { Ok(url.to_owned()) } else { Err(format!("{text:?} is not a web address")) }
    });
    let wallet = wallet?;
    if wallet.channel != Channel::Youzan {
        own.refuse("client_id", "only a wallet of the channel youzan is a shop on Youzan");
    }
    if wallet.qr.is_some() || !wallet.fixed.is_empty() {
        own.refuse("client_id", "Youzan makes a code for each order: leave qr and fixed out");
    }
    let watcher = DeviceId::new(wallet.id.as_str()).ok()?;
    let (wallet, base_url) = (wallet.id.clone(), base_url.unwrap_or_else(|| OPEN_PLATFORM.into()));
    let shop = Shop { wallet, watcher, client_id: client_id?, kdt_id: kdt_id?, base_url };
    Some(ShopSettings { shop, secret })
}
