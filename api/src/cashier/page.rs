//! From a view to HTML.
//!
//! Invariants: every value passes through the template engine's escaping, no template marks one as
//! safe, so no shop can write markup into the page; a view that cannot be shown truthfully is an
//! error and not half a page; a page is never longer than [`PAGE_BYTES_MAX`].
//! Deliberately not here: who may see which order; the page for unknown tokens has no argument that
//! could tell.

use askama::Template;
use duizhang_core::amount::{Amount, AmountError};
use thiserror::Error;

use super::assets::{SCRIPT_PATH, STYLESHEET_PATH};
use super::code::{CodeDrawing, draw_code};
use super::language::Language;
use super::phrases::{self, Phrases};
use super::text::{self, Moment};
use super::view::{CashierState, CashierView};

/// Longest page: the largest code (89 modules a side, at most 45 runs a row, 15 bytes a run: 60 KB;
/// in practice half of it; or else the text of the code twice, 2 KB escaped to 10 each), an address
/// of 2 KB whose every byte is escaped to 5 (10 KB), four times 121 characters of at most 5 bytes
/// (2.5 KB), and below 8 KB that are fixed.
pub const PAGE_BYTES_MAX: usize = 80 * 1_024;

/// Above this many digits the amount is set smaller, so that it stays on one line at 320 pixels.
const LARGE_AMOUNT_CHARS_MAX: usize = 9;

/// Why a page could not be made.
#[derive(Debug, Error)]
pub enum RenderError {
    /// Requested and payable amount cannot be compared.
    #[error("compare the amounts of order {order_number}")]
    Amounts {
        /// The shop's order number.
        order_number: String,
        /// What the subtraction said.
        source: AmountError,
    },
    /// The template engine failed.
    #[error("fill in the template of the cashier page")]
    Template(#[from] askama::Error),
}

/// Renders the page of one order.
///
/// # Errors
/// [`RenderError`] when the amounts have two currencies, or the template fails.
pub fn render(view: &CashierView) -> Result<String, RenderError> {
    let waiting = waiting(view)?;
    let page = CashierPage {
        frame: Frame::of(view.language),
        tone: tone(view.state),
        channel: view.channel.word(),
        channel_name: phrases::channel_name(view.language, view.channel),
        is_sandbox: view.channel == duizhang_core::channel::Channel::Sandbox,
        merchant: text::visible(&view.merchant),
        subject: text::visible(&view.subject),
        order_number: text::visible(&view.order_number),
        headline: headline(view, waiting.as_ref()),
        explanation: phrases::explanation(view.language, view.state),
        hero: Hero::of(view),
        asked: (view.requested != view.payable)
            .then(|| text::amount(view.language, view.requested)),
        due: text::amount(view.language, view.payable),
        waiting,
        created: text::moment(view.created, view.utc_offset_secs),
        settled: settled_at(view),
        return_url: view.return_url.as_deref().and_then(text::web_address),
        live: Live::of(view),
    };
    Ok(page.render()?)
}

/// Renders the page for a token that names no order that may be shown. It is the same for every
/// token.
///
/// # Errors
/// [`RenderError::Template`] when the template fails.
pub fn render_not_found(language: Language) -> Result<String, RenderError> {
    Ok(NotFoundPage { frame: Frame::of(language) }.render()?)
}

#[derive(Template)]
#[template(path = "cashier/page.html")]
struct CashierPage<'a> {
    frame: Frame,
    tone: &'static str,
    channel: &'static str,
    channel_name: &'static str,
    is_sandbox: bool,
    merchant: String,
    subject: String,
    order_number: String,
    headline: String,
    explanation: Option<&'static str>,
    hero: Hero,
    asked: Option<String>,
    due: String,
    waiting: Option<Waiting<'a>>,
    created: Option<Moment>,
    settled: Option<Moment>,
    return_url: Option<&'a str>,
    live: Live<'a>,
}

#[derive(Template)]
#[template(path = "cashier/not_found.html")]
struct NotFoundPage {
    frame: Frame,
}

/// What every page has.
struct Frame {
    language: Language,
    phrases: &'static Phrases,
    stylesheet: &'static str,
    script: &'static str,
}

impl Frame {
    const fn of(language: Language) -> Self {
        let phrases = Phrases::of(language);
        Self { language, phrases, stylesheet: STYLESHEET_PATH, script: SCRIPT_PATH }
    }
}

/// The one large amount of the page. It has a label wherever the headline could be read as "this
/// much came".
struct Hero {
    label: Option<&'static str>,
    sign: &'static str,
    number: String,
    size: &'static str,
}

impl Hero {
    fn of(view: &CashierView) -> Self {
        let due = Some(Phrases::of(view.language).amount_due);
        let (label, amount) = match view.state {
            CashierState::Waiting | CashierState::Held => (due, view.payable),
            CashierState::Paid { received, .. } | CashierState::PaidLate { received, .. } => {
                (None, received)
            }
            CashierState::Expired | CashierState::Closed => (None, view.payable),
            CashierState::Refunded { amount } => (None, amount),
        };
        let number = amount.decimal_text();
        let size = if number.len() > LARGE_AMOUNT_CHARS_MAX { "amount long" } else { "amount" };
        Self { label, sign: text::sign(amount.currency()), number, size }
    }
}

/// What the page shows only while the code may be paid: afterwards nobody must find a code to scan.
struct Waiting<'a> {
    way: Way<'a>,
    hint: Option<String>,
    steps: [String; 3],
    left: String,
    left_secs: u64,
    total_secs: u64,
    deadline: Option<Moment>,
}

/// How the payer reaches the wallet. A text that is too long for a code that phones read is shown
/// as it is, because the amount is held for the payer all the same.
enum Way<'a> {
    Code(CodeDrawing),
    Link(&'a str),
    Text(&'a str),
    Unknown,
}

impl<'a> Way<'a> {
    fn of(view: &'a CashierView) -> Self {
        match (draw_code(&view.qr), text::web_address(&view.qr)) {
            (Ok(code), _) => Self::Code(code),
            (Err(_), Some(address)) => Self::Link(address),
            (Err(_), None) => text::whole_address(&view.qr).map_or(Self::Unknown, Self::Text),
        }
    }

    fn steps(&self, view: &CashierView) -> [String; 3] {
        match self {
            Self::Code(_) => phrases::steps(view.language, view.channel, view.payable, view.fixed),
            Self::Link(_) | Self::Text(_) | Self::Unknown => {
                phrases::steps_without_code(view.language, view.channel, view.payable)
            }
        }
    }
}

fn headline(view: &CashierView, waiting: Option<&Waiting<'_>>) -> String {
    match waiting.map(|waiting| &waiting.way) {
        Some(Way::Link(_) | Way::Text(_) | Way::Unknown) => {
            phrases::headline_without_code(view.language, view.channel)
        }
        Some(Way::Code(_)) | None => phrases::headline(view.language, view.state, view.channel),
    }
}

fn waiting(view: &CashierView) -> Result<Option<Waiting<'_>>, RenderError> {
    if view.state != CashierState::Waiting {
        return Ok(None);
    }
    let order_number = || text::visible(&view.order_number);
    let apart = view
        .payable
        .checked_sub(view.requested)
        .map_err(|source| RenderError::Amounts { order_number: order_number(), source })?;
    let apart = Amount::from_minor(apart.minor().saturating_abs(), apart.currency());
    let left = view.expires.since(view.now);
    let way = Way::of(view);
    Ok(Some(Waiting {
        steps: way.steps(view),
        way,
        hint: apart
            .is_positive()
            .then(|| phrases::exact_amount(view.language, view.payable, view.requested, apart)),
        left: text::count_down(left),
        left_secs: left.secs(),
        total_secs: view.expires.since(view.created).secs().max(1),
        deadline: text::moment(view.expires, view.utc_offset_secs),
    }))
}

/// What the script reads from the page.
struct Live<'a> {
    state: &'static str,
    is_live: bool,
    refreshes: bool,
    events_path: &'a str,
    now_ms: i64,
    expires_ms: i64,
}

impl<'a> Live<'a> {
    fn of(view: &'a CashierView) -> Self {
        Self {
            state: view.state.word(),
            is_live: view.state.is_live(),
            refreshes: matches!(view.state, CashierState::Waiting | CashierState::Held),
            events_path: &view.events_path,
            now_ms: view.now.millis(),
            expires_ms: view.expires.millis(),
        }
    }
}

/// The colour of the state, and the sign that stands for it.
const fn tone(state: CashierState) -> &'static str {
    match state {
        CashierState::Waiting => "open",
        CashierState::Paid { .. } => "good",
        CashierState::Held | CashierState::PaidLate { .. } => "care",
        CashierState::Expired | CashierState::Closed => "over",
        CashierState::Refunded { .. } => "back",
    }
}

fn settled_at(view: &CashierView) -> Option<Moment> {
    match view.state {
        CashierState::Paid { at, .. } | CashierState::PaidLate { at, .. } => {
            text::moment(at, view.utc_offset_secs)
        }
        CashierState::Waiting
        | CashierState::Held
        | CashierState::Expired
        | CashierState::Closed
        | CashierState::Refunded { .. } => None,
    }
}
