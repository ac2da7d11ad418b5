//! What is served beside the page, and the headers that go with it.
//!
//! Invariant: the page needs nothing that [`PAGE_HEADERS`] forbids; there is no inline script, no
//! inline style and nothing from another host, so the policy has no exception.
//! Deliberately not here: routes and their answers to conditional requests.

/// Where the stylesheet is served.
pub const STYLESHEET_PATH: &str = "/assets/cashier.css";
/// The stylesheet of the page, `text/css`.
pub const STYLESHEET: &str = include_str!("../../templates/cashier/cashier.css");

/// Where the script is served.
pub const SCRIPT_PATH: &str = "/assets/cashier.js";
/// The script of the page, `text/javascript`. It only adds life: the page says everything without
/// it.
pub const SCRIPT: &str = include_str!("../../templates/cashier/cashier.js");

/// The name of the server-sent event whose data is
/// [`CashierState::word`](super::CashierState::word). The stream sends one at once, and one after
/// each change; the page loads itself again when the word is new to it.
pub const STATE_EVENT: &str = "state";

/// The headers of every page here, the one for unknown tokens included. The address is a
/// capability: it must not leave in a referrer, stay in a shared cache or enter a search engine.
pub const PAGE_HEADERS: [(&str, &str); 9] = [
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("x-robots-tag", "noindex, nofollow"),
    ("vary", "accept-language"),
];

/// The headers of stylesheet and script beside their content type. Five minutes: long enough for
/// one payment, short enough that a new release is seen soon.
pub const ASSET_HEADERS: [(&str, &str); 2] =
    [("x-content-type-options", "nosniff"), ("cache-control", "public, max-age=300")];
