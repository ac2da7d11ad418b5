//! What a merchant's configuration says about this protocol alone.

use crate::key_pair::PublicKey;

/// How a shop is called back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifyMethod {
    /// With a query, as the original does and most shops expect.
    #[default]
    Get,
    /// With a form, for shops that read nothing else.
    Post,
}

/// The settings of one merchant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shop {
    /// How it is called back.
    pub notify_method: NotifyMethod,
    /// What verifies its requests of the second version; without one they are refused.
    pub public_key: Option<PublicKey>,
}
