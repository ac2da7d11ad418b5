//! What is declared, and which devices are watching.

use std::collections::BTreeMap;

use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Device, Fact, Merchant, Wallet};
use duizhang_core::id::{DeviceId, MerchantId, WalletId};
use duizhang_core::policy::Policy;
use duizhang_core::time::Timestamp;

use crate::projection::Projection;

/// A span in which a device was not heard, so that nobody watched its wallets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The device.
    pub device: DeviceId,
    /// When it was last heard.
    pub from: Timestamp,
    /// When it came back; none while it is silent.
    pub to: Option<Timestamp>,
}

/// A device as readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// What was declared.
    pub declared: Device,
    /// When it was last heard.
    pub last_heard: Option<Timestamp>,
    /// When its last money came.
    pub last_money: Option<Timestamp>,
    /// Whether it counts as offline.
    pub silent: bool,
}

/// What is declared, and which devices are watching.
#[derive(Clone, Debug, Default)]
pub struct Book {
    name: String,
    time_zone: String,
    policy: Policy,
    merchants: BTreeMap<MerchantId, Merchant>,
    wallets: BTreeMap<WalletId, Wallet>,
    devices: BTreeMap<DeviceId, DeviceView>,
    gaps: Vec<Gap>,
}

impl Projection for Book {
    fn fold(&mut self, chapter: &Chapter) {
        self.fold_fact(chapter.at, &chapter.fact);
        for decision in &chapter.decisions {
            match decision {
                Decision::DeviceFellSilent { device, since } => {
                    self.gaps.push(Gap { device: device.clone(), from: *since, to: None });
                    if let Some(view) = self.devices.get_mut(device) {
                        view.silent = true;
                    }
                }
                Decision::PaymentObserved { .. } => {
                    if let Fact::NotificationReceived(received) = &chapter.fact
                        && let Some(device) = received.authentic_device()
                        && let Some(view) = self.devices.get_mut(device)
                    {
                        view.last_money = Some(chapter.at);
                    }
                }
                Decision::DeviceReturned { device, .. } => {
                    let open = |gap: &&mut Gap| gap.device == *device && gap.to.is_none();
                    if let Some(gap) = self.gaps.iter_mut().rev().find(open) {
                        gap.to = Some(chapter.at);
                    }
                }
                _ => {}
            }
        }
    }
}

impl Book {
    fn fold_fact(&mut self, at: Timestamp, fact: &Fact) {
        match fact {
            Fact::BookOpened(opened) => {
                self.name.clone_from(&opened.book);
                self.time_zone.clone_from(&opened.time_zone);
            }
            Fact::PolicyActivated(activated) => self.policy = activated.policy.clone(),
            Fact::MerchantDeclared(merchant) => {
                self.merchants.insert(merchant.id.clone(), merchant.clone());
            }
            Fact::WalletDeclared(wallet) => {
                self.wallets.insert(wallet.id.clone(), wallet.clone());
            }
            Fact::DeviceDeclared(device) => {
                let known = self.devices.remove(&device.id);
                let view = DeviceView {
                    declared: device.clone(),
                    last_heard: known.as_ref().and_then(|view| view.last_heard),
                    last_money: known.as_ref().and_then(|view| view.last_money),
                    silent: known.is_some_and(|view| view.silent),
                };
                self.devices.insert(device.id.clone(), view);
            }
            Fact::HeartbeatReceived(heartbeat) => {
                self.hear(&heartbeat.device, at);
            }
            Fact::NotificationReceived(received) => {
                if let Some(device) = received.authentic_device() {
                    self.hear(device, at);
                }
            }
            _ => {}
        }
    }

    fn hear(&mut self, device: &DeviceId, at: Timestamp) {
        if let Some(view) = self.devices.get_mut(device) {
            view.last_heard = Some(at);
            view.silent = false;
        }
    }

    /// The book's name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The IANA name of the zone of business days.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        &self.time_zone
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A merchant by name.
    #[must_use]
    pub fn merchant(&self, id: &MerchantId) -> Option<&Merchant> {
        self.merchants.get(id)
    }

    /// All merchants by name.
    pub fn merchants(&self) -> impl Iterator<Item = &Merchant> {
        self.merchants.values()
    }

    /// A wallet by name.
    #[must_use]
    pub fn wallet(&self, id: &WalletId) -> Option<&Wallet> {
        self.wallets.get(id)
    }

    /// All wallets by name.
    pub fn wallets(&self) -> impl Iterator<Item = &Wallet> {
        self.wallets.values()
    }

    /// A device by name.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceView> {
        self.devices.get(id)
    }

    /// All devices by name.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceView> {
        self.devices.values()
    }

    /// All spans in which a device was not heard, oldest first.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }
}
