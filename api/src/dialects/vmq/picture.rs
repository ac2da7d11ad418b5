//! `/enQrcode?url=…`: any text as the picture of a code, which shops' own pages show.
//!
//! Invariant: the book is neither asked nor changed, and the text goes nowhere else.
//! Deliberately not here: reading a picture (`deQrcode`), which is the original's administration.

use duizhang_listener_bridge::wire::{Answer, Method, Params, Request};

use crate::cashier::{QR_TEXT_BYTES_MAX, code_png};
use crate::dialects::proof::split_merchant;

/// Whether a path is this one.
pub(super) fn is_its_path(path: &str) -> bool {
    split_merchant(path).is_some_and(|(_, rest)| rest == "enQrcode")
}

/// The picture, or why there is none.
pub(super) fn answer(request: &Request) -> Answer {
    if !matches!(request.method, Method::Get | Method::Post) {
        return Answer::text(405, "请使用GET或POST").with_header("allow", "GET, POST");
    }
    let params = Params::of(request).unwrap_or_default();
    let Some(text) = params.get("url").filter(|text| !text.is_empty()) else {
        return Answer::text(400, "请传入url");
    };
    match code_png(text) {
        Some(png) => {
            Answer::new(200, "image/png", png).with_header("cache-control", "private, max-age=300")
        }
        None => Answer::text(413, format!("二维码内容超过{QR_TEXT_BYTES_MAX}字节")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::desk_for_tests::{TestDesk, get};
    use crate::dialects::{Dialect as _, Vmq};
    use duizhang_listener_bridge::wire::encode_component;

    fn read(request: &Request) -> Answer {
        Vmq.read(request, &TestDesk::default()).expect_err("there is nothing to carry out")
    }

    #[test]
    fn any_text_becomes_a_picture() {
        let text = "https://qr.alipay.com/a?b=c&d=店";
        let query = format!("url={}", encode_component(text));
        for path in ["/enQrcode", "/m/1001/enQrcode"] {
            let request = get(path, &query);
            assert!(Vmq.claims(&request));
            let answer = read(&request);
            assert_eq!((answer.status, answer.content_type.as_str()), (200, "image/png"));
            assert_eq!(Some(answer.body), crate::cashier::code_png(text));
        }
        let long = format!("url={}", "a".repeat(513));
        for (query, status) in [("", 400), ("url=", 400), ("url=%zz", 400), (&long, 413)] {
            assert_eq!(read(&get("/enQrcode", query)).status, status, "{query}");
        }
        assert_eq!(read(&Request::new(Method::Put, "/enQrcode", &query)).status, 405);
    }
}
