//! What decisions need to know, folded from the log.
//!
//! Invariants: equal logs give equal states; nothing here is truth, all of it can be thrown away
//! and folded again; memory grows with open work plus one small row for each order, notification
//! key and idempotency key.
//! Deliberately not here: rules ([`crate::decide`]) and what only readers need (projections).

mod books;
mod codes;
mod devices;
mod evolve;
mod lookup;
mod model;
mod orders;
mod pools;
#[cfg(any(test, feature = "testing"))]
mod portrait;
mod reckoning;
mod refunds;
mod runs;
mod slots;

pub use model::{
    Deadline, DeviceState, Former, HeldPayment, MerchantIndex, Seen, State, Totals, WalletIndex,
    WalletState,
};
pub use orders::{OrderRow, Reservation};
pub use pools::Pool;
pub use reckoning::{DoneRun, GoingRun, Reckoning};
pub use slots::Slots;
