//! What the platform answers.
//!
//! Invariants: an answer without what was asked for is an error and never a default; numbers are
//! read from their text; nothing of an answer that may be secret or somebody's is shown.
//! Deliberately not here: sending, and what follows from an answer.
//!
//! Wire facts: `thundernet8/YouzanPayPortal: src/service/youzanPayService.ts`,
//! `src/service/youzanTokenService.ts`; `starwork/youzanyunpay: sdk/trade_qr.go`. The newer gateway
//! wraps in `data` what the older one wraps in `response`, and its own errors in `gw_err_resp`.

use chrono::{FixedOffset, NaiveDateTime, TimeZone};
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::limits::{CODE_PICTURE_BYTES_MAX, QR_BYTES_MAX};
use duizhang_core::time::{Span, Timestamp};
use serde_json::Value;

use super::platform::PlatformError;
use crate::secrets::Secret;

/// What the platform's clocks are ahead of UTC: eight hours, everywhere and always.
const SHANGHAI_SECS: i32 = 8 * 3_600;

/// Longest life of a token that is believed: theirs live for seven days.
const TOKEN_LIFE_MAX: Span = Span::from_hours(30 * 24);

/// The errors that mean that the token is no longer one: missing, wrong, ended, revoked.
const TOKEN_CODES: [i64; 6] = [40_009, 40_010, 4_201, 4_202, 4_203, 4_204];

/// A code as the platform made it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewCode {
    pub(super) reference: String,
    pub(super) qr: String,
    pub(super) picture: String,
}

/// A trade as the platform knows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trade {
    pub(super) status: String,
    pub(super) amount: Amount,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) reference: Option<String>,
}

/// Reads a new token and its life.
pub(super) fn token(body: &[u8]) -> Result<(Secret, Span), PlatformError> {
    let answer = json(body)?;
    // The newer gateway wraps this too.
    let answer = answer.get("data").unwrap_or(&answer);
    let text = answer.get("access_token").and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or(PlatformError::NoToken)?;
    let life = answer.get("expires_in").and_then(Value::as_u64);
    let life = life.ok_or(PlatformError::Unreadable("expires_in"))?;
    Ok((Secret::new(text), Span::from_secs(life).min(TOKEN_LIFE_MAX)))
}

/// Unwraps what a call answered.
pub(super) fn result(body: &[u8]) -> Result<Value, PlatformError> {
    let mut answer = json(body)?;
    let refusals = [("error_response", "code"), ("gw_err_resp", "err_code")];
    for (name, code) in refusals {
        if let Some(refusal) = answer.get(name) {
            let code = refusal.get(code).and_then(number).unwrap_or_default();
            let token = TOKEN_CODES.contains(&code);
            let refused = PlatformError::Refused { code };
            return Err(if token { PlatformError::TokenRefused } else { refused });
        }
    }
    let found = ["response", "data"].iter().find(|name| answer[**name].is_object());
    match found {
        Some(name) => Ok(answer[*name].take()),
        None => Err(PlatformError::Unreadable("response")),
    }
}

/// Reads a code.
pub(super) fn code(result: &Value) -> Result<NewCode, PlatformError> {
    let text = |name: &'static str, bytes_max: usize| match result.get(name).and_then(spelled) {
        Some(text) if text.len() > bytes_max || text.chars().any(char::is_control) => {
            Err(PlatformError::Unreadable(name))
        }
        text => Ok(text),
    };
    let picture = text("qr_code", CODE_PICTURE_BYTES_MAX)?.unwrap_or_default();
    Ok(NewCode {
        reference: text("qr_id", 64)?.ok_or(PlatformError::Unreadable("qr_id"))?,
        qr: text("qr_url", QR_BYTES_MAX)?.ok_or(PlatformError::Unreadable("qr_url"))?,
        picture,
    })
}

/// Reads a trade.
pub(super) fn trade(result: &Value) -> Result<Trade, PlatformError> {
    let find = |path: &str| result.pointer(path).and_then(spelled);
    let status = find("/full_order_info/order_info/status");
    let amount = find("/full_order_info/pay_info/payment");
    let amount = amount.and_then(|text| Amount::parse(&text, Currency::Cny).ok());
    let paid_at = find("/full_order_info/order_info/pay_time").and_then(|text| instant(&text));
    let reference = find("/qr_info/qr_id").or_else(|| find("/full_order_info/qr_info/qr_id"));
    Ok(Trade {
        status: status.ok_or(PlatformError::Unreadable("status"))?,
        amount: amount.ok_or(PlatformError::Unreadable("payment"))?,
        paid_at,
        // Trades of goods bear a zero where others bear their code.
        reference: reference.filter(|text| text != "0" && text.len() <= 64),
    })
}

fn json(body: &[u8]) -> Result<Value, PlatformError> {
    serde_json::from_slice(body).map_err(|_| PlatformError::Unreadable("the body"))
}

/// A text, or a number as it is spelled.
fn spelled(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(value: &Value) -> Option<i64> {
    spelled(value)?.parse().ok()
}

fn instant(text: &str) -> Option<Timestamp> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    let at = FixedOffset::east_opt(SHANGHAI_SECS)?.from_local_datetime(&local).single()?;
    Some(Timestamp::from_secs(at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal<T: std::fmt::Debug>(read: Result<T, PlatformError>) -> String {
        read.expect_err("it is refused").to_string()
    }

    #[test]
    fn tokens_are_read_or_refused() {
        let whole = json!({ "access_token": "abc", "expires_in": 604_800, "scope": "x" });
        for body in [whole.clone(), json!({ "success": true, "data": whole })] {
            let (secret, life) = token(body.to_string().as_bytes()).unwrap();
            assert!(secret.equals(b"abc"));
            assert_eq!(life, Span::from_hours(7 * 24));
        }
        for (body, expected) in [
            ("", "cannot be read: the body"),
            ("[]", "no token"),
            (r#"{"error":"invalid_client","error_description":"SECRET"}"#, "no token"),
            (r#"{"access_token":"","expires_in":1}"#, "no token"),
            (r#"{"access_token":"SECRET","expires_in":"soon"}"#, "cannot be read: expires_in"),
        ] {
            let told = refusal(token(body.as_bytes()));
            assert!(told.contains(expected) && !told.contains("SECRET"), "{body}: {told}");
        }
    }

    #[test]
    fn refusals_of_both_gateways_are_told_apart() {
        for (body, expected) in [
            (r#"{"error_response":{"code":40010,"msg":"x"}}"#, "the token"),
            (r#"{"gw_err_resp":{"err_code":"4203","err_msg":"x"}}"#, "the token"),
            (r#"{"error_response":{"code":50000,"msg":"x"}}"#, "code 50000"),
            (r#"{"gw_err_resp":{}}"#, "code 0"),
            (r#"{"response":[]}"#, "cannot be read: response"),
            ("{}", "cannot be read: response"),
            ("<html>", "cannot be read: the body"),
        ] {
            let told = refusal(result(body.as_bytes()));
            assert!(told.contains(expected), "{body}: {told}");
        }
        for name in ["response", "data"] {
            let body = json!({ name: { "a": 1 } }).to_string();
            assert_eq!(result(body.as_bytes()).unwrap(), json!({ "a": 1 }));
        }
    }

    #[test]
    fn a_code_needs_its_number_and_its_address() {
        let whole = json!({ "qr_id": 6_377_801, "qr_url": "https://qr", "qr_code": "data:x" });
        let made = NewCode {
            reference: "6377801".into(),
            qr: "https://qr".into(),
            picture: "data:x".into(),
        };
        assert_eq!(code(&whole).unwrap(), made);
        for (name, value) in [
            ("qr_id", json!(null)),
            ("qr_id", json!("")),
            ("qr_id", json!("1".repeat(65))),
            ("qr_url", json!({})),
            ("qr_url", json!("a\nb")),
            ("qr_url", json!("x".repeat(513))),
            ("qr_code", json!("x".repeat(40_000))),
        ] {
            let mut cut = whole.clone();
            cut[name] = value;
            assert!(refusal(code(&cut)).contains(name), "{name}");
        }
    }

    #[test]
    fn a_trade_needs_its_status_and_its_amount() {
        let whole = json!({
            "full_order_info": {
                "order_info": { "status": "TRADE_SUCCESS", "pay_time": "2018-02-01 10:57:54" },
                "pay_info": { "payment": "0.10" },
            },
            "qr_info": { "qr_id": 6_377_801 },
        });
        let known = Trade {
            status: "TRADE_SUCCESS".into(),
            amount: Amount::fen(10),
            paid_at: Some(Timestamp::from_secs(1_517_453_874)),
            reference: Some("6377801".into()),
        };
        assert_eq!(trade(&whole).unwrap(), known);
        for (path, value, expected) in [
            ("/full_order_info/pay_info/payment", json!(0.1), Ok(known.amount)),
            ("/full_order_info/pay_info/payment", json!("0.101"), Err("payment")),
            ("/full_order_info/pay_info/payment", json!("ten"), Err("payment")),
            ("/full_order_info/order_info/status", json!(null), Err("status")),
            ("/full_order_info/order_info/pay_time", json!("yesterday"), Ok(known.amount)),
            ("/qr_info/qr_id", json!(0), Ok(known.amount)),
        ] {
            let mut other = whole.clone();
            *other.pointer_mut(path).unwrap() = value;
            match (trade(&other), expected) {
                (Ok(read), Ok(amount)) => assert_eq!(read.amount, amount, "{path}"),
                (Err(error), Err(name)) => assert!(error.to_string().contains(name), "{path}"),
                (read, _) => panic!("{path}: {read:?}"),
            }
        }
    }
}
