//! The secret store: keys and tokens, wrapped, outside of the log (law 9).

mod envelope;
mod file;
mod key;
mod store;
mod table;
#[cfg(test)]
mod tests;

pub use envelope::MasterKey;
pub use file::{MASTER_KEY_FILE, SECRETS_FILE};
pub use key::{
    KeyId, KeyListing, MERCHANT_KEY_BYTES_ADVISED, OperatorName, SECRET_BYTES_MAX, Secret,
    SecretOf, SecretRefusal,
};
pub use store::{Key, SecretStore, SecretsError};
