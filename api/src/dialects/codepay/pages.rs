//! The four ways in which a new order is shown, and the pages among them.
//!
//! Invariants: whatever stands in a page is an address of ours, digits, or escaped; the cashier
//! page may stand in nobody's frame, so the page that a shop frames (`page=1`) shows the code
//! itself and leads to the cashier only where it is the whole window.
//! Deliberately not here: the cashier page.

use duizhang_listener_bridge::wire::Answer;
use duizhang_projections::orders::OrderView;

use super::received::{Charset, Received};
use crate::dialects::Desk;
use crate::dialects::way::cashier_address;
use crate::dialects::words::escaped;

/// What the parameter `page` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// 1, and where nothing is asked for: a page that may stand in a frame.
    Framed,
    /// 2: a form that sends itself.
    Form,
    /// 3: a script that calls a function; JSON where none is named.
    Script,
    /// 4: JSON.
    Json,
}

impl Page {
    /// Reads the parameter; none for what is no page.
    pub(super) fn read(text: Option<&str>) -> Option<Self> {
        match text.unwrap_or("1") {
            "1" => Some(Self::Framed),
            "2" => Some(Self::Form),
            "3" => Some(Self::Script),
            "4" => Some(Self::Json),
            _ => None,
        }
    }

    /// What a request asks for; JSON where it asks for no page that there is.
    pub(super) fn of(received: &Received) -> Self {
        Self::read(received.filled("page")).unwrap_or(Self::Json)
    }
}

/// The address of the picture of an order's code.
pub(super) fn picture_address(order: &OrderView, desk: &dyn Desk) -> String {
    format!("{}/qr/{}.png", desk.public_url(), order.id)
}

/// Shows the code where it stands in a frame, and leads to the cashier where it does not.
pub(super) fn framed(order: &OrderView, charset: Charset, desk: &dyn Desk) -> Answer {
    let cashier = escaped(&cashier_address(order.id, desk));
    let picture = escaped(&picture_address(order, desk));
    let money = order.payable.decimal_text();
    let body = format!(
        "<noscript><meta http-equiv=\"refresh\" content=\"0;url={cashier}\"></noscript>\
         <p>请支付 <b>￥{money}</b></p><p><img src=\"{picture}\" alt=\"二维码\"></p>\
         <p><a id=\"cashier\" href=\"{cashier}\" target=\"_blank\" rel=\"noopener\">打开收银台</a></p>\
         <script>if(window.top===window.self)\
         location.replace(document.getElementById('cashier').href)</script>"
    );
    page(charset, &body)
}

/// A form that leads the whole window to the cashier, by itself where scripts run.
pub(super) fn form(order: &OrderView, charset: Charset, desk: &dyn Desk) -> Answer {
    let cashier = escaped(&cashier_address(order.id, desk));
    let body = format!(
        "<form id=\"pay\" method=\"get\" action=\"{cashier}\" target=\"_top\">\
         <button>前往支付</button></form><script>document.getElementById('pay').submit()</script>"
    );
    page(charset, &body)
}

/// A message on a page of its own.
pub(super) fn note(text: &str, charset: Charset) -> Answer {
    page(charset, &format!("<p>{}</p>", escaped(text)))
}

fn page(charset: Charset, body: &str) -> Answer {
    let text = format!("<!DOCTYPE html><meta charset=\"{}\">{body}", charset.word());
    let media = format!("text/html;charset={}", charset.word());
    Answer::new(200, &media, charset.bytes(&text)).with_header("x-content-type-options", "nosniff")
}
