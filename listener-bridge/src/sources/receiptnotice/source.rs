//! receiptnotice (收款通知) at `/hook/{device}`.
//!
//! The app reads notices itself and posts what it made of them. Its signature is MD5 twice, in
//! upper case: `MD5(MD5(type + money))` without a secret, `MD5(MD5(type + money) + secret)` with
//! one, and in one fork `MD5(MD5(type + money + time + nonce) + secret)`.
//!
//! Invariants: a signature without the device's key proves nothing, so the token must; one that is
//! there must fit in one of these ways whatever else is presented; a delivery whose texts are
//! sealed is proven by what its key opens; where our own rules read the notice's text too and find
//! another amount, or no money, the app is not believed.
//! Deliberately not here: the app's socket echo, and its AES option, which sends nothing.
//!
//! Wire facts: `WeihuaGu/receiptnotice` `PostMapFilter.java`, `MD5.java`, `DESUtilWithIV.java`,
//! `PostTask.java`.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::digest::Digest;
use duizhang_core::id::DeviceId;

use super::document::Document;
use super::sealed;
use crate::rules::{Rules, Verdict};
use crate::source::{
    DeviceKeys, Evidence, Notice, Outcome, Reading, Refusal, Source, check_signer,
};
use crate::sources::forwarded::{
    Address, FIELDS_UNREADABLE, Named, Shape, answer, read_moment, refuse, shape, token, unreadable,
};
use crate::wire::{Answer, Request, bytes_equal, hex_equal, md5_hex};

const NAME: &str = "receiptnotice";

/// The source for receiptnotice.
#[derive(Clone, Debug, Default)]
pub struct ReceiptNotice {
    rules: Rules,
}

impl ReceiptNotice {
    /// A source that looks at what the app made of a notice by these rules.
    #[must_use]
    pub const fn new(rules: Rules) -> Self {
        Self { rules }
    }
}

impl Source for ReceiptNotice {
    fn name(&self) -> &'static str {
        NAME
    }

    fn claims(&self, request: &Request) -> bool {
        shape(request) == Some(Shape::ReceiptNotice)
    }

    fn read(&self, request: &Request, keys: &dyn DeviceKeys) -> Result<Reading, Refusal> {
        let address = Address::of(request).ok_or(Refusal::MissingParameter("device"))?;
        // The body's own fields are no place for a token: its texts may imitate any of them.
        let bare = Request { body: Vec::new(), ..address.request.clone().into_owned() };
        let token = token(&address, &Named::sound_part(&bare));
        let raw = request.without_secrets();
        let document = match Document::of(&request.body) {
            Ok(document) => document,
            Err(refusal) => {
                // A text that imitates fields must not make its own delivery disappear.
                let readings = Document::readings(&request.body);
                let fits = |key: &[u8]| match &token {
                    Some(token) => bytes_equal(token.as_bytes(), key),
                    None => readings.iter().any(|reading| proves(reading, None, key)),
                };
                let device = check_signer(keys, address.device, &fits).map_err(|_| refusal)?;
                let evidence = unreadable(FIELDS_UNREADABLE, &String::from_utf8_lossy(&raw));
                return Ok(Reading { device, evidence, raw, source: NAME, repeat_key: None });
            }
        };
        let opened = std::cell::RefCell::new(None);
        let fits = |key: &[u8]| {
            let Some(plain) = opened_by(&document, key) else { return false };
            let fits = proves(&plain, token.as_deref(), key);
            if fits {
                let once = signed_with_nonce(&plain, key);
                *opened.borrow_mut() = Some((plain, once));
            }
            fits
        };
        let device = check_signer(keys, address.device, &fits)?;
        let (plain, once) = opened.into_inner().unwrap_or((document, None));
        let repeat_key =
            once.map(|signed| Digest::of(&[device.as_str(), NAME, &signed].map(str::as_bytes)));
        let evidence = match self.read_document(&device, &plain) {
            Evidence::Money(notice) => {
                let key = repeat_key.unwrap_or(notice.key);
                Evidence::Money(Notice { key, ..notice })
            }
            other => other,
        };
        let raw = if plain.is_sealed() { unsealed(request, &plain) } else { raw };
        Ok(Reading { device, evidence, raw, source: NAME, repeat_key })
    }

    fn answer(&self, _request: &Request, outcome: Outcome) -> Answer {
        answer(outcome)
    }

    fn refuse(&self, _request: &Request, refusal: &Refusal) -> Answer {
        refuse(refusal)
    }
}

/// The document as it was before it was sealed. The app leaves the device's id, the address and
/// the mark of sealing open, and nothing is read from the first two.
fn opened_by(document: &Document, key: &[u8]) -> Option<Document> {
    const OPEN: [&str; 4] = ["encrypt", "url", "deviceid", "repeatnum"];
    if !document.is_sealed() {
        return document.map(|_, text| Some(String::from(text)));
    }
    document.map(|name, text| match sealed::open(text, key) {
        Some(plain) => Some(plain),
        None => OPEN.contains(&name).then(|| String::from(text)),
    })
}

/// The request with its texts opened: a person has to read evidence, and texts that are sealed with
/// the device's key would let whoever has the log search for it.
fn unsealed(request: &Request, plain: &Document) -> Vec<u8> {
    let body = plain.render().into_bytes();
    Request { body, ..request.clone() }.without_secrets()
}

/// Whether this key's owner wrote the document.
fn proves(document: &Document, token: Option<&str>, key: &[u8]) -> bool {
    let field = |name| document.get(name).unwrap_or_default().as_bytes();
    let short = ["type", "money"].map(field);
    let keyed = is_signed(document, &short, key) || signed_with_nonce(document, key).is_some();
    let bare = is_signed(document, &short, b"");
    let signed = document.get("sign").is_some();
    match token {
        Some(token) => bytes_equal(token.as_bytes(), key) && (keyed || bare || !signed),
        None => keyed || (document.is_sealed() && bare),
    }
}

fn is_signed(document: &Document, parts: &[&[u8]], secret: &[u8]) -> bool {
    let inner = md5_hex(parts).to_uppercase();
    let expected = md5_hex(&[inner.as_bytes(), secret]);
    document.get("sign").is_some_and(|sign| hex_equal(sign, &expected))
}

/// The text that the fork with a nonce signed with this key; none where it did not. It is signed
/// once, so it is one notice whatever stands beside it. Its four fields have no borders, so it is
/// taken whole.
fn signed_with_nonce(document: &Document, key: &[u8]) -> Option<String> {
    document.get("nonce")?;
    let fields = ["type", "money", "time", "nonce"].map(|name| document.get(name).unwrap_or(""));
    is_signed(document, &fields.map(str::as_bytes), key).then(|| fields.concat())
}

impl ReceiptNotice {
    fn read_document(&self, device: &DeviceId, document: &Document) -> Evidence {
        let field = |name| document.get(name).unwrap_or_default();
        let [kind, money, time, title, content] =
            ["type", "money", "time", "title", "content"].map(field);
        let said = format!("type={kind} money={money} time={time}\n{title}\n{content}");
        let Some((channel, app)) = read_kind(kind) else {
            return unreadable("a type that is not known", &said);
        };
        if kind == "alipay-transfer" {
            return unreadable("the amount of a transfer is not told", &said);
        }
        let amount = match Amount::parse(money, Currency::Cny) {
            Ok(amount) if amount.is_positive() => amount,
            Ok(_) => return unreadable("money is not more than zero", &said),
            Err(error) => return unreadable(&format!("money: {error}"), &said),
        };
        let Some(sent_at) = read_moment(time) else {
            return unreadable("time is missing or no time", &said);
        };
        let (package, usual_title) = app;
        match self.rules.read(package, usual_title, content) {
            Verdict::Ignored { rule } => return Evidence::Ignored { reason: rule, text: said },
            Verdict::Money { rule, amount: other, .. } if other != amount => {
                let reason = format!("rule {rule} reads another amount in the text");
                return unreadable(&reason, &said);
            }
            Verdict::Money { .. } | Verdict::Unreadable { .. } => {}
        }
        let fen = amount.minor().to_be_bytes();
        let parts = [kind, time, title, content].map(str::as_bytes);
        let [kind, time, by_title, by_text] = parts;
        let all = Digest::of(&[kind, &fen, time, by_title, by_text]);
        Evidence::Money(Notice {
            channel,
            amount,
            sent_at: Some(sent_at),
            key: Digest::of(&[device.as_str().as_bytes(), NAME.as_bytes(), &all.bytes()]),
            content: all,
            references: Vec::new(),
            rule: String::from(NAME),
            title: String::from(title),
            text: String::from(content),
        })
    }
}

/// An app's package, and a title under which its rules read.
type App = (&'static str, &'static str);

/// What a type says: the network, where it tells, and the app. A type outside this list could end
/// with a digit, and then the signature would fit another amount.
fn read_kind(kind: &str) -> Option<(Option<Channel>, App)> {
    const WECHAT: App = ("com.tencent.mm", "微信支付");
    const ALIPAY: App = ("com.eg.android.AlipayGphone", "支付宝");
    const NONE: App = ("", "");
    Some(match kind {
        "wechat" | "wechat-sponsor" => (Some(Channel::Wechat), WECHAT),
        "alipay" | "alipay-transfer" => (Some(Channel::Alipay), ALIPAY),
        "cashbar-wechat" => (Some(Channel::Wechat), NONE),
        "cashbar-alipay" => (Some(Channel::Alipay), NONE),
        "unionpay" => (Some(Channel::Unionpay), ("com.unionpay", "云闪付")),
        // A merchant's code takes every network, and the app does not say which one paid.
        "icbcelife" => (None, NONE),
        "message-bank" => (Some(Channel::Unionpay), NONE),
        bank if is_bank(bank) => (Some(Channel::Unionpay), NONE),
        _ => return None,
    })
}

fn is_bank(kind: &str) -> bool {
    let plain = |c: char| c.is_alphabetic();
    kind.strip_prefix("message-bank-")
        .is_some_and(|bank| !bank.is_empty() && bank.chars().all(plain))
}
