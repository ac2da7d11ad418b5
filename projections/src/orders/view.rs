//! An order with its texts, as dialects and pages show it.
//!
//! Deliberately not here: where the texts are read (the log), and the code of an order's own until
//! somebody adds it.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::fact::{CodeIssued, OrderRequested, Wallet};
use duizhang_core::id::{MerchantId, OrderId, WalletId};
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;

use super::table::OrderRow;
use crate::callbacks::CallbackStanding;

/// An order whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderView {
    /// Its id.
    pub id: OrderId,
    /// Where its request lies in the log.
    pub position: Position,
    /// Who asked.
    pub merchant: MerchantId,
    /// The merchant's own number.
    pub number: String,
    /// The protocol it came in.
    pub dialect: Dialect,
    /// Who receives.
    pub wallet: WalletId,
    /// The wallet's network.
    pub channel: Channel,
    /// The asked amount.
    pub requested: Amount,
    /// The amount to pay.
    pub payable: Amount,
    /// The amount that came.
    pub received: Amount,
    /// The amount in refunds that were not declined.
    pub refunded: Amount,
    /// Where it stands.
    pub status: OrderStatus,
    /// How its callbacks stand.
    pub callback: CallbackStanding,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it stops waiting.
    pub expires_at: Timestamp,
    /// When it left the open state.
    pub ended_at: Option<Timestamp>,
    /// The text of the code to pay with.
    pub qr: String,
    /// Whether the code carries the amount.
    pub qr_fixed: bool,
    /// The code that a platform made for this order alone, where one did.
    pub code: Option<Box<CodeIssued>>,
    /// The platform's number of the trade that paid it.
    pub trade: Option<String>,
    /// What is being paid for.
    pub subject: Option<String>,
    /// Text that goes back to the merchant unchanged.
    pub attachment: Option<String>,
    /// What the dialect kept of the request's own spelling.
    pub echo: Option<String>,
    /// Where the callback goes, where the request said so.
    pub notify_url: Option<String>,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
}

impl OrderView {
    pub(crate) fn assemble(
        row: &OrderRow,
        request: &OrderRequested,
        wallet: Option<&Wallet>,
    ) -> Self {
        let amount = |minor| Amount::from_minor(minor, row.currency);
        let payable = amount(row.payable);
        let fixed = wallet
            .and_then(|wallet| wallet.fixed.iter().find(|(amount, _)| *amount == payable))
            .map(|(_, text)| text.clone());
        let any = wallet.and_then(|wallet| wallet.qr.clone());
        Self {
            id: row.id,
            position: row.position,
            merchant: request.merchant.clone(),
            number: request.number.clone(),
            dialect: row.dialect,
            wallet: wallet.map_or_else(no_wallet, |wallet| wallet.id.clone()),
            channel: wallet.map_or(Channel::Sandbox, |wallet| wallet.channel),
            requested: amount(row.requested),
            payable,
            received: amount(row.received),
            refunded: amount(row.refunded),
            status: row.status,
            callback: row.callback,
            created_at: row.created_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            qr_fixed: fixed.is_some(),
            qr: fixed.or(any).unwrap_or_default(),
            code: None,
            trade: None,
            subject: request.subject.clone(),
            attachment: request.attachment.clone(),
            echo: request.echo.clone(),
            notify_url: request.notify_url.clone(),
            return_url: request.return_url.clone(),
        }
    }

    /// The same order with the code that was made for it.
    #[must_use]
    pub fn with_code(self, code: CodeIssued) -> Self {
        Self { qr: code.qr.clone(), qr_fixed: true, code: Some(Box::new(code)), ..self }
    }
}

fn no_wallet() -> WalletId {
    WalletId::new("unknown").expect("a plain word is a name")
}
