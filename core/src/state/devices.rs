//! Folding what is declared of devices and what is heard of them.
//!
//! Invariants: as for the fold: no rule and no refusal; no declaration makes a device forget a
//! wallet that it watched before.
//! Deliberately not here: what money a delivery brings (`evolve`).

use alloc::vec::Vec;

use super::evolve::next_number;
use super::model::DeadlineKey;
use super::orders::digest_hash;
use super::{DeviceState, Former, Seen, State};
use crate::fact::{Device, NotificationReceived};
use crate::id::DeviceId;
use crate::limits::DEVICE_CHANGES_MAX;
use crate::time::Timestamp;

impl State {
    pub(super) fn device_mut(&mut self, device: &DeviceId) -> &mut DeviceState {
        let number = self.device_numbers.get(device).expect("a device was declared");
        &mut self.devices[usize::from(*number)]
    }

    pub(super) fn declare_device(&mut self, at: Timestamp, device: &Device) {
        if let Some(number) = self.device_numbers.get(&device.id) {
            self.redeclare(at, usize::from(*number), device);
            return;
        }
        let number = next_number(self.devices.len());
        self.device_numbers.insert(device.id.clone(), number);
        self.devices.push(DeviceState {
            declared: device.clone(),
            former: Vec::new(),
            last_heard: None,
            silent: false,
            clock_told: None,
            clock_heard: None,
            silence_due: None,
        });
    }

    /// Keeps what the device watched until now. Where that is too much to keep apart, the two
    /// oldest become one, which forgets no wallet.
    fn redeclare(&mut self, at: Timestamp, number: usize, device: &Device) {
        let before = &self.devices[number].declared.wallets;
        let wallets: Vec<_> = before.iter().filter_map(|id| self.wallet_index(id)).collect();
        let state = &mut self.devices[number];
        if state.declared.wallets != device.wallets {
            state.former.push(Former { wallets, until: at });
        }
        state.declared = device.clone();
        if state.former.len() > DEVICE_CHANGES_MAX {
            let oldest = state.former.remove(0).wallets;
            let next = &mut state.former[0].wallets;
            next.extend(oldest);
            next.sort_unstable();
            next.dedup();
        }
    }

    pub(super) fn hear(&mut self, device: &DeviceId, at: Timestamp) {
        let number = *self.device_numbers.get(device).expect("a device was declared");
        let beats = !self.is_platform(&self.devices[usize::from(number)]);
        let due = beats.then(|| at.plus(self.policy.device_silence));
        let device = &mut self.devices[usize::from(number)];
        device.last_heard = Some(at);
        device.silent = false;
        if let Some(before) = core::mem::replace(&mut device.silence_due, due) {
            self.deadlines.remove(&(before, DeadlineKey::Device(number)));
        }
        self.deadlines.extend(due.map(|due| (due, DeadlineKey::Device(number))));
    }

    /// Keeps the time that a heartbeat told, where no other told a later one.
    pub(super) fn hear_clock(&mut self, device: &DeviceId, at: Timestamp, told: Timestamp) {
        let device = self.device_mut(device);
        if device.clock_told.is_none_or(|before| told > before) {
            device.clock_told = Some(told);
            device.clock_heard = Some(at);
        }
    }

    /// Whether this is a platform that makes the codes of all its wallets. It speaks when something
    /// is sold and has no heartbeat, so its silence says nothing.
    fn is_platform(&self, device: &DeviceState) -> bool {
        let mut wallets =
            device.declared.wallets.iter().filter_map(|id| self.wallet(id)).peekable();
        wallets.peek().is_some() && wallets.all(|wallet| wallet.declared.gives_own_codes())
    }

    pub(super) fn fall_silent(&mut self, device: &DeviceId) {
        let number = *self.device_numbers.get(device).expect("a device was declared");
        let device = &mut self.devices[usize::from(number)];
        device.silent = true;
        if let Some(due) = device.silence_due.take() {
            self.deadlines.remove(&(due, DeadlineKey::Device(number)));
        }
    }

    pub(super) fn hear_notification(&mut self, at: Timestamp, received: &NotificationReceived) {
        let Some(device) = received.authentic_device() else { return };
        self.hear(device, at);
        if self.seen(received.key).is_some() {
            return;
        }
        let number = u32::try_from(self.seen.len()).expect("fewer than 2^32 notifications");
        let NotificationReceived { key, content, notification, .. } = received;
        self.seen.push(Seen { key: *key, content: *content, notification: *notification });
        let Self { seen, seen_numbers, .. } = self;
        let hash =
            |number: &u32| digest_hash(seen[usize::try_from(*number).expect("32 bits fit")].key);
        seen_numbers.insert_unique(digest_hash(received.key), number, hash);
    }
}
