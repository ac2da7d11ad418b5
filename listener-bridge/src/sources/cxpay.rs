//! CXPAY's assistant, version 2, at `/api/appasst/push`.
//!
//! It signs eleven named fields, among them amount, the bill's own id and a nonce: hexadecimal
//! HMAC-SHA256 over their texts with `|` between them. Of all phone protocols it is the only one
//! that names a bill so that its repeat needs no guessing.
//!
//! Invariants: no signed field may hold the separator, so one signed text has one reading; the
//! remark, which is not signed, says nothing; one bill id of one channel is one payment, and the
//! same id with another amount is a conflict; no window of time refuses a bill.
//! Deliberately not here: the nonce's being used once (a repeated heartbeat or bill changes
//! nothing), and CXPAY's pull protocol.
//!
//! Wire facts: CXPAY `AppasstController.php`, `AppasstSigner.java`.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;

use super::forwarded::{Named, read_moment, unreadable};
use crate::source::{DeviceKeys, Evidence, Notice, Outcome, Reading, Refusal, Source, find_signer};
use crate::wire::{Answer, Request, hex_equal, hex_lower, hmac_sha256};

const NAME: &str = "cxpay";
const PATH: &str = "/api/appasst/push";

/// The signed fields in their order.
const SIGNED: [&str; 11] = [
    "version",
    "channel_id",
    "device_id",
    "event",
    "pay_type",
    "money",
    "source_bill_id",
    "occurred_at",
    "timestamp",
    "nonce",
    "client_version",
];
/// Longest signed field in bytes: nonce and bill id have at most 128.
const FIELD_BYTES_MAX: usize = 128;

/// The source for CXPAY's assistant.
#[derive(Clone, Copy, Debug, Default)]
pub struct CxPay;

impl Source for CxPay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        request.path == PATH
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let named = Named::of(request)?;
        let push = Push::of(&named)?;
        let sign = named.get(&["sign"]).ok_or(Refusal::MissingParameter("sign"))?;
        let messages = push.messages();
        // Both are computed whichever fits.
        let fits = |key: &[u8]| {
            let [sent, written] = messages
                .each_ref()
                .map(|text| hex_equal(sign, &hex_lower(&hmac_sha256(key, text.as_bytes()))));
            sent | written
        };
        let device = find_signer(keys, &fits)?;
        let evidence = push.evidence(&device);
        let raw = request.without_secrets();
        Ok(Reading { device, evidence, raw, source: NAME, repeat_key: None })
    }

    fn answer(&self, _request: &Request, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Accepted | Outcome::Repeat => said(200, 1, "账单上报并匹配成功"),
            Outcome::Held => said(200, 1, "账单已收到"),
            Outcome::Unavailable => {
                said(503, -1, "服务暂时不可用，请稍后重试").with_header("retry-after", "1")
            }
        }
    }

    fn refuse(&self, _request: &Request, refusal: &Refusal) -> Answer {
        match refusal {
            Refusal::BadSignature | Refusal::SharedKey => said(403, -1, "账单上报签名校验失败"),
            Refusal::MissingParameter(_) | Refusal::BadParameter { .. } => {
                said(400, -1, "协议版本、通道、设备、事件或客户端版本不合法")
            }
        }
    }
}

fn said(status: u16, code: i8, msg: &str) -> Answer {
    Answer::json(status, format!(r#"{{"code":{code},"msg":"{msg}"}}"#))
}

/// The signed fields, each a text without the separator.
struct Push<'a>([&'a str; 11]);

impl<'a> Push<'a> {
    fn of(named: &'a Named) -> Result<Self, Refusal> {
        let mut fields = [""; 11];
        for (place, name) in fields.iter_mut().zip(SIGNED) {
            let text = named.get(&[name]).unwrap_or_default();
            // A heartbeat has no bill.
            if text.is_empty() && name != "source_bill_id" {
                return Err(Refusal::MissingParameter(name));
            }
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
            if text.len() > FIELD_BYTES_MAX || !text.bytes().all(plain) {
                let why = String::from("not letters, digits and _.:- alone");
                return Err(Refusal::BadParameter { name: String::from(name), why });
            }
            *place = text;
        }
        let push = Self(fields);
        if push.field("version") != "2" {
            let why = String::from("not 2");
            return Err(Refusal::BadParameter { name: String::from("version"), why });
        }
        Ok(push)
    }

    fn field(&self, name: &str) -> &'a str {
        let found = SIGNED.iter().zip(self.0).find(|(known, _)| **known == name);
        found.map(|(_, text)| text).unwrap_or_default()
    }

    /// What may be signed. The original's app signs the amount as it read it off the notice (`5`,
    /// `8.8`), its server writes it with two decimals before it looks; an amount that it cannot
    /// read it writes as nothing. Each text has one reading, because no field holds the separator.
    fn messages(&self) -> [String; 2] {
        let money = Amount::parse(self.field("money"), Currency::Cny);
        let written = money.map_or_else(|_| String::from("0.00"), Amount::decimal_text);
        [self.field("money"), written.as_str()].map(|money| {
            let texts = SIGNED.iter().zip(self.0);
            let texts = texts.map(|(name, text)| if *name == "money" { money } else { text });
            texts.collect::<Vec<&str>>().join("|")
        })
    }

    /// What a proven push says.
    fn evidence(&self, device: &DeviceId) -> Evidence {
        let said = SIGNED.iter().zip(self.0).map(|(name, text)| format!("{name}={text}"));
        let said = said.collect::<Vec<String>>().join(" ");
        match self.field("event") {
            "bill" => self.bill(device, &said),
            "heartbeat" => match read_moment(self.field("timestamp")) {
                Some(sent_at) => Evidence::Heartbeat { sent_at },
                None => unreadable("timestamp is no time", &said),
            },
            _ => unreadable("an event that is not known", &said),
        }
    }

    fn bill(&self, device: &DeviceId, said: &str) -> Evidence {
        let channel = match self.field("pay_type") {
            "wxpay" => Channel::Wechat,
            "alipay" => Channel::Alipay,
            "qqpay" => Channel::Qq,
            _ => return unreadable("pay_type is not one of wxpay, alipay, qqpay", said),
        };
        let amount = match Amount::parse(self.field("money"), Currency::Cny) {
            Ok(amount) if amount.is_positive() => amount,
            Ok(_) => return unreadable("money is not more than zero", said),
            Err(error) => return unreadable(&format!("money: {error}"), said),
        };
        let bill = self.field("source_bill_id");
        let Some(sent_at) = read_moment(self.field("occurred_at")) else {
            return unreadable("occurred_at is no time", said);
        };
        if bill.is_empty() {
            return unreadable("source_bill_id is missing", said);
        }
        let own = [device.as_str(), NAME, self.field("channel_id"), bill].map(str::as_bytes);
        let fen = amount.minor().to_be_bytes();
        let at = sent_at.millis().to_be_bytes();
        Evidence::Money(Notice {
            channel: Some(channel),
            amount,
            sent_at: Some(sent_at),
            key: Digest::of(&own),
            content: Digest::of(&[channel.word().as_bytes(), &fen, &at]),
            references: Vec::new(),
            rule: String::from(NAME),
            title: String::new(),
            text: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Method;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    struct Phones;

    impl DeviceKeys for Phones {
        fn each(&self, show: &mut dyn FnMut(&DeviceId, &[u8])) {
            show(&DeviceId::new("phone-1").unwrap(), KEY);
        }

        fn each_of(&self, _: &DeviceId, _: &mut dyn FnMut(&[u8])) {}
    }

    const BILL: [&str; 11] = [
        "2",
        "7",
        "dev-1",
        "bill",
        "wxpay",
        "8.80",
        "bill-0001-0001-0001",
        "1700000000",
        "1700000001",
        "nonce-0123456789",
        "1.3.1",
    ];

    fn request(fields: [&str; 11], sign: &str) -> Request {
        let mut request = Request::new(Method::Post, PATH, "");
        request.headers.push((String::from("content-type"), String::from("application/json")));
        let pairs = SIGNED.iter().zip(fields);
        let pairs: Vec<String> =
            pairs.map(|(name, text)| format!(r#""{name}":"{text}""#)).collect();
        request.body = format!(r#"{{{},"sign":"{sign}"}}"#, pairs.join(",")).into_bytes();
        request
    }

    fn sign(fields: [&str; 11]) -> String {
        hex_lower(&hmac_sha256(KEY, fields.join("|").as_bytes()))
    }

    fn read(fields: [&str; 11], signed: [&str; 11]) -> Result<Evidence, Refusal> {
        CxPay.read(&request(fields, &sign(signed)), &Phones).map(|reading| reading.evidence)
    }

    fn with(place: usize, text: &'static str) -> [&'static str; 11] {
        let mut fields = BILL;
        fields[place] = text;
        fields
    }

    fn notice(fields: [&str; 11], signed: [&str; 11]) -> Notice {
        match read(fields, signed) {
            Ok(Evidence::Money(notice)) => notice,
            other => panic!("{fields:?}: {other:?}"),
        }
    }

    #[test]
    fn one_bill_is_one_payment_and_another_amount_contradicts_it() {
        let first = notice(BILL, BILL);
        assert_eq!(first.amount, Amount::fen(880));
        let again = [with(9, "nonce-abcdefghij"), with(8, "1700090001"), with(10, "1.3.2")];
        for fields in again {
            let again = notice(fields, fields);
            assert_eq!((again.key, again.content), (first.key, first.content), "{fields:?}");
        }
        let spelled = notice(with(5, "8.8"), BILL);
        assert_eq!((spelled.key, spelled.content), (first.key, first.content));
        let other = notice(with(5, "8.81"), with(5, "8.81"));
        assert_eq!(other.key, first.key);
        assert_ne!(other.content, first.content);
        for fields in [with(6, "bill-0001-0001-0002"), with(1, "8")] {
            assert_ne!(notice(fields, fields).key, first.key, "{fields:?}");
        }
    }

    #[test]
    fn an_amount_is_signed_as_it_was_sent_or_with_two_decimals() {
        for (sent, written, fen) in
            [("5", "5.00", 500), ("8.8", "8.80", 880), ("5.00", "5.00", 500)]
        {
            for signed in [sent, written] {
                let notice = notice(with(5, sent), with(5, signed));
                assert_eq!(notice.amount, Amount::fen(fen), "{sent} signed as {signed}");
            }
        }
        for (sent, signed) in [("5.00", "5"), ("5", "5.0"), ("50", "5"), ("8.8", "8")] {
            let refused = read(with(5, sent), with(5, signed));
            assert_eq!(refused, Err(Refusal::BadSignature), "{sent} signed as {signed}");
        }
    }

    #[test]
    fn what_is_not_a_bill_is_named() {
        let beat = ["2", "7", "d", "heartbeat", "wxpay", "0.00", "", "0", "1700000001", "n", "1"];
        assert!(matches!(read(beat, beat), Ok(Evidence::Heartbeat { .. })));
        let unsigned_money = with(5, "12,00");
        assert!(matches!(read(unsigned_money, BILL), Err(Refusal::BadParameter { .. })));
        let kept =
            [with(3, "refund"), with(4, "union"), with(5, "0.00"), with(6, ""), with(7, "0")];
        for fields in kept {
            let kept = read(fields, fields);
            assert!(matches!(kept, Ok(Evidence::Unreadable { .. })), "{fields:?}: {kept:?}");
        }
        let refused = [with(0, "1"), with(2, "a|b"), with(9, ""), with(1, "")];
        for fields in refused {
            assert!(read(fields, fields).is_err(), "{fields:?}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_field_is_refused(place in 0_usize..11, text in "[a-z0-9.]{1,20}") {
            let mut fields = BILL;
            prop_assume!(fields[place] != text);
            fields[place] = &text;
            let written = Push(fields).messages()[1] == Push(BILL).messages()[1];
            prop_assert!(written || read(fields, BILL).is_err());
        }
    }
}
