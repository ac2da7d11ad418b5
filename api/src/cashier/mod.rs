//! The cashier page `/pay/{token}`: what a payer sees.
//!
//! Pure rendering: a [`CashierView`] goes in and a page comes out. The page carries no script and
//! no style of its own, so that [`PAGE_HEADERS`] can forbid both; stylesheet and script are served
//! beside it.
//! Deliberately not here: routes, the stream of events, the look-up of a token, any clock.

mod assets;
mod code;
mod language;
mod page;
mod phrases;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use assets::{
    ASSET_HEADERS, PAGE_HEADERS, SCRIPT, SCRIPT_PATH, STATE_EVENT, STYLESHEET, STYLESHEET_PATH,
};
pub use code::{QR_TEXT_BYTES_MAX, code_png};
pub use language::{Language, choose_language};
pub use page::{PAGE_BYTES_MAX, RenderError, render, render_not_found};
pub use text::TEXT_CHARS_MAX;
pub use view::{CashierState, CashierView};
