//! The signed parameters of a callback and of the payer's way back, and what counts as success.
//!
//! `money` is the asked amount, never the stepped one, because shops compare it with their own; it
//! is spelled as PHP spells a float (`1`, `0.1`), which shops that sign what they have cast agree
//! with. What is empty is left out, because some shops sign empty values and others do not.
//! Invariants: both addresses carry the same parameters; nothing is signed before the order is
//! settled; the newest key signs; an order is called back in the version that it came in.
//! Deliberately not here: sending, and the schedule (policy).

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::MerchantId;
use duizhang_core::time::Timestamp;
use duizhang_projections::orders::OrderView;

use super::canon::md5_sign;
use super::fields::{Fields, pid};
use super::numbers::out_trade_no;
use crate::dialects::{Desk, Judged, proof, way};
use crate::key_pair::PrivateKey;

/// Which version of the protocol an order came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// Signed with MD5.
    First,
    /// Signed with RSA.
    Second,
}

impl Version {
    /// What is kept of a request's own spelling: the version and the type.
    pub(super) fn echo(self, kind: &str) -> String {
        match self {
            Self::First => format!("1 {kind}"),
            Self::Second => format!("2 {kind}"),
        }
    }

    /// The version of an order.
    pub(super) fn of(order: &OrderView) -> Self {
        match order.echo.as_deref().and_then(|echo| echo.split_once(' ')) {
            Some(("2", _)) => Self::Second,
            _ => Self::First,
        }
    }
}

/// The type as the shop asked for it, or that of the wallet where it left the choice.
pub(super) fn kind_of(order: &OrderView) -> &str {
    let asked = order.echo.as_deref().and_then(|echo| echo.split_once(' '));
    match asked {
        Some((_, kind)) if !kind.is_empty() => kind,
        _ => match order.channel {
            Channel::Wechat | Channel::Youzan => "wxpay",
            Channel::Alipay | Channel::Sandbox => "alipay",
            Channel::Qq => "qqpay",
            Channel::Unionpay => "bank",
        },
    }
}

/// An amount as PHP prints a float: without zeros at its end.
pub(super) fn float_text(amount: Amount) -> String {
    let text = amount.decimal_text();
    match text.split_once('.') {
        Some(_) => String::from(text.trim_end_matches('0').trim_end_matches('.')),
        None => text,
    }
}

/// The parameters with their signature; none where there is no key, or the order is not settled.
pub(super) fn signed(order: &OrderView, at: Timestamp, desk: &dyn Desk) -> Option<Fields> {
    if !order.status.is_settled() {
        return None;
    }
    let fields = Fields::new()
        .with("pid", pid(&order.merchant))
        .with("trade_no", order.id.to_string())
        .with("out_trade_no", out_trade_no(order))
        .with("type", kind_of(order))
        .with_filled("name", order.subject.as_deref())
        .with("money", float_text(order.requested))
        .with("trade_status", "TRADE_SUCCESS")
        .with_filled("param", order.attachment.as_deref());
    match Version::of(order) {
        Version::First => {
            let text = fields.signed_text();
            let sign = proof::signed(&order.merchant, desk, &|key| md5_sign(&text, key))?;
            Some(fields.with("sign", sign).with("sign_type", "MD5"))
        }
        Version::Second => by_platform(fields, &order.merchant, at, desk),
    }
}

/// Fields with the time and our own signature; none where we have no key towards this merchant.
pub(super) fn by_platform(
    fields: Fields,
    merchant: &MerchantId,
    at: Timestamp,
    desk: &dyn Desk,
) -> Option<Fields> {
    let fields = fields.with("timestamp", at.secs().to_string()).with("sign_type", "RSA");
    let text = fields.signed_text();
    let mut sign = None;
    desk.each_platform_key(merchant, &mut |key| {
        if sign.is_none() {
            sign = PrivateKey::parse(key).ok().map(|key| key.sign(text.as_bytes()));
        }
    });
    Some(fields.with("sign", sign?))
}

/// Where the payer goes after paying: the shop, with the signed parameters once the order is
/// settled. None where the shop named no address.
pub(super) fn way_back(order: &OrderView, desk: &dyn Desk) -> Option<String> {
    let address = order.return_url.as_deref()?;
    Some(match signed(order, desk.now(), desk) {
        Some(fields) => way::join(address, &fields.form()),
        None => String::from(address),
    })
}

/// Success is the word anywhere in the body, in the three spellings that the original looks for:
/// shops answer the bare word, a line of log before it, or JSON around it.
pub(super) fn judge(status: u16, body: &[u8]) -> Judged {
    let words: [&[u8]; 3] = [b"success", b"SUCCESS", b"Success"];
    let said = body.windows(words[0].len()).any(|window| words.contains(&window));
    if (200..300).contains(&status) && said { Judged::Acknowledged } else { Judged::NotYet }
}
