//! Merchants' keys that a payer may find: who has one, and what is said of it.
//!
//! Deliberately not here: refusing a key; shops have them, and the secret store says how short a
//! key may be.

use duizhang_api::secrets::{MERCHANT_KEY_BYTES_ADVISED, SecretOf};
use duizhang_core::id::MerchantId;

use crate::compose::OpenBook;

/// What is to be known of a merchant's key that is short.
pub(crate) fn warning(id: &MerchantId) -> String {
    format!(
        "WEAK KEY: the key of merchant {id} has fewer than {MERCHANT_KEY_BYTES_ADVISED} bytes; every \
         payer can try keys against a signature at home, and who finds it can sign payments: give \
         it a random one (`duizhang merchant rotate-key {id} --secret key` draws one)"
    )
}

/// Tells of every short key in a book, wherever it came from.
pub(crate) fn tell(book: &OpenBook) {
    for merchant in book.state.merchants().iter().filter(|merchant| merchant.enabled) {
        let of = SecretOf::MerchantKey(merchant.id.clone());
        let keys = book.secrets.keys_of(&of, book.clock.now());
        if keys.iter().any(|key| key.secret.expose().len() < MERCHANT_KEY_BYTES_ADVISED) {
            tracing::warn!("{}", warning(&merchant.id));
        }
    }
}
