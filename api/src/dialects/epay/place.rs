//! Which path asks for what.
//!
//! The first version's words stand at the root, with and without `.php`, and below the prefixes
//! under which installations and shops' plugins look for them. The second version's stand where
//! BufPay's carry the merchant, so no merchant may bear one of them as its name.
//! Invariant: a word of the cashier's prefix is never an order's id, which begins with `o` and 26
//! characters.
//! Deliberately not here: what a request must hold.

use duizhang_core::id::MerchantId;

use crate::dialects::proof::{merchant_named, split_merchant};
use crate::dialects::{Desk, MerchantCard};

/// The paths of the first version below the cashier's own prefix; the router sends them to the
/// dialects, as it does with everything that it has no page for.
pub const BESIDE_THE_CASHIER: [&str; 8] = [
    "/pay/submit.php",
    "/pay/submit",
    "/pay/mapi.php",
    "/pay/mapi",
    "/pay/api.php",
    "/pay/api",
    "/pay/getshop.php",
    "/pay/getshop",
];

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `submit.php`: the payer's browser comes with the order.
    Submit,
    /// `mapi.php`: the shop's server brings the order.
    Mapi,
    /// `api.php?act=…`: the shop looks things up, with its key.
    Api,
    /// `getshop.php`: a page asks whether an order is paid.
    Getshop,
    /// A word of the second version.
    Second(Second),
}

/// What a path of the second version asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Second {
    /// `pay/submit`
    Submit,
    /// `pay/create`
    Create,
    /// `pay/query`
    Query,
    /// `pay/refund`
    Refund,
    /// `pay/refundquery`
    RefundQuery,
    /// `pay/close`
    Close,
    /// `merchant/info`
    Info,
    /// `merchant/orders`
    Orders,
}

/// A path of this protocol, and the merchant in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place<'a> {
    /// What is asked for.
    pub(super) endpoint: Endpoint,
    merchant: Option<&'a str>,
}

impl<'a> Place<'a> {
    /// Reads a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let (merchant, rest) = split_merchant(path)?;
        let rest = rest.strip_prefix("xpay/epay/").or(rest.strip_prefix("pay/")).unwrap_or(rest);
        let endpoint = match rest.strip_suffix(".php").unwrap_or(rest) {
            "submit" => Endpoint::Submit,
            "mapi" => Endpoint::Mapi,
            "api" => Endpoint::Api,
            "getshop" => Endpoint::Getshop,
            _ => Endpoint::Second(match rest.strip_prefix("api/")? {
                "pay/submit" => Second::Submit,
                "pay/create" => Second::Create,
                "pay/query" => Second::Query,
                "pay/refund" => Second::Refund,
                "pay/refundquery" => Second::RefundQuery,
                "pay/close" => Second::Close,
                "merchant/info" => Second::Info,
                "merchant/orders" => Second::Orders,
                _ => return None,
            }),
        };
        Some(Self { endpoint, merchant })
    }

    /// The enabled merchant that a request names by `pid`. Where the path names one as well, both
    /// must be the same.
    pub(super) fn merchant(&self, pid: &str, desk: &dyn Desk) -> Option<MerchantCard> {
        let agreed = self.merchant.is_none_or(|named| named == pid);
        merchant_named(Some(pid), desk).filter(|_| agreed)
    }

    /// Whether an order of this merchant may be shown here.
    pub(super) fn shows(&self, merchant: &MerchantId) -> bool {
        self.merchant.is_none_or(|named| named == merchant.as_str())
    }
}
