//! Which amount a callback reports as the paid one.

/// What `money` in a callback says: a setting of the merchant, kept with each of its orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Money {
    /// What came, as the original says.
    #[default]
    Paid,
    /// What was asked, for shops that take no other amount.
    Asked,
}
