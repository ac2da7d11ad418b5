//! Words and small forms that several protocols share: because they descend from one another, or
//! because the form is not theirs (JSON, HTML, HTTP).
//!
//! Invariants: whatever text stands in a quoted one, the JSON around it stays JSON; whatever text
//! is escaped, the page around it stays the page.
//! Deliberately not here: any word that one protocol alone says.

use duizhang_core::order::OrderStatus;
use duizhang_listener_bridge::wire::{Answer, ParamsError};
use duizhang_projections::callbacks::CallbackStanding;
use duizhang_projections::orders::OrderView;

use super::Judged;

/// How long an overloaded book asks to be left alone.
pub(super) const RETRY_AFTER_SECS: &str = "1";

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text as a part of a page, in an attribute too.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            plain => safe.push(plain),
        }
    }
    safe
}

/// What is wrong with the parameters as such, in Chinese.
pub(super) fn of_params(error: &ParamsError) -> String {
    match error {
        ParamsError::Twice(name) => format!("参数重复：{name}"),
        ParamsError::Undecodable { name, .. } => format!("参数编码错误：{name}"),
        ParamsError::TooLong(name) => format!("参数过长：{name}"),
        ParamsError::TooMany => String::from("参数过多"),
        ParamsError::FormNotUtf8 => String::from("表单不是UTF-8编码"),
        ParamsError::Multipart(_) => String::from("表单格式错误"),
        ParamsError::Json(_) => String::from("JSON格式错误"),
        ParamsError::Missing(name) => format!("缺少参数：{name}"),
    }
}

/// The envelope in which V免签, and GOGO after it, say that something is so; `data` is JSON.
pub(super) fn success(data: &str) -> Answer {
    Answer::json(200, format!(r#"{{"code":1,"msg":"成功","data":{data}}}"#))
}

/// The `state` of V免签 and of GOGO, which descends from it. An underpaid order still waits, for the
/// rest or for a person: the shop must neither deliver nor give it up.
pub(super) fn state_number(order: &OrderView) -> i8 {
    match order.status {
        OrderStatus::Open | OrderStatus::Underpaid => 0,
        OrderStatus::Expired | OrderStatus::Closed => -1,
        OrderStatus::Paid | OrderStatus::PaidLate | OrderStatus::Overpaid => match order.callback {
            CallbackStanding::Abandoned => 2,
            CallbackStanding::None | CallbackStanding::Pending | CallbackStanding::Acknowledged => {
                1
            }
        },
    }
}

/// Success is the word `success` alone. Spaces, capitals and a byte order mark are forgiven:
/// editors of shops' files add them.
pub(super) fn judge_success(status: u16, body: &[u8]) -> Judged {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let success = body.trim_ascii().eq_ignore_ascii_case(b"success");
    if (200..300).contains(&status) && success { Judged::Acknowledged } else { Judged::NotYet }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quoted_text_is_read_back_and_an_escaped_one_ends_nothing(text in "\\PC{0,12}") {
            prop_assert_eq!(serde_json::from_str::<String>(&quoted(&text)).unwrap(), text.clone());
            prop_assert!(!escaped(&text).contains(['<', '>', '"', '\'']));
        }
    }

    #[test]
    fn only_the_word_alone_is_success() {
        let cases: [(u16, &[u8], Judged); 8] = [
            (200, b"success", Judged::Acknowledged),
            (204, b" SUCCESS\r\n", Judged::Acknowledged),
            (200, b"\xef\xbb\xbfsuccess", Judged::Acknowledged),
            (200, b"", Judged::NotYet),
            (200, b"not success", Judged::NotYet),
            (200, b"success!", Judged::NotYet),
            (302, b"success", Judged::NotYet),
            (500, b"success", Judged::NotYet),
        ];
        for (status, body, judged) in cases {
            assert_eq!(judge_success(status, body), judged, "{status} {body:?}");
        }
    }
}
