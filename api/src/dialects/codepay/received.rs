//! The parameters as the shop sent them, in UTF-8 or GBK, and the text that their signature covers.
//!
//! A shop whose pages are in GBK says `chart=gb2312`, sends its texts in those bytes, signs these
//! bytes, and wants them back. So the bytes are what is signed, and the text is what is kept.
//!
//! Invariants: a text that does not come back as the same bytes is refused; the signature covers
//! every parameter but itself, sorted by name, empty ones left out.
//! Deliberately not here: whether the signature fits, and what a name means.

use std::borrow::Cow;

use duizhang_listener_bridge::wire::{
    EscapeError, Params, ParamsError, Request, decode_bytes, encode_component,
};
use encoding_rs::GBK;

/// The character set of a shop's texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Charset {
    /// `utf-8`, the default.
    #[default]
    Utf8,
    /// `gb2312`, and its extension `gbk` under the same name.
    Gb2312,
}

impl Charset {
    /// Reads the parameter `chart`; none for a word that the protocol does not know.
    pub(super) fn read(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "" | "utf-8" | "utf8" => Some(Self::Utf8),
            "gb2312" | "gbk" => Some(Self::Gb2312),
            _ => None,
        }
    }

    /// The protocol's word for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb2312 => "gb2312",
        }
    }

    /// A text in this character set. What GBK cannot write becomes a numeric reference, as browsers
    /// write it; a text that was received in GBK can always be written.
    pub(super) fn bytes(self, text: &str) -> Cow<'_, [u8]> {
        match self {
            Self::Utf8 => Cow::Borrowed(text.as_bytes()),
            Self::Gb2312 => GBK.encode(text).0,
        }
    }

    fn text(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Gb2312 => {
                let text = GBK.decode_without_bom_handling_and_without_replacement(bytes)?;
                (GBK.encode(&text).0 == bytes).then_some(text)
            }
        }
    }
}

/// The parameters of a request, and the character set that they came in.
pub(super) struct Received {
    params: Params,
    /// The character set of the texts, and of the answer.
    pub(super) charset: Charset,
}

impl Received {
    /// Reads query and form.
    pub(super) fn of(request: &Request) -> Result<Self, ParamsError> {
        let said = Params::sound_part(request).get("chart").and_then(Charset::read);
        let charset = said.unwrap_or_default();
        let params = match charset {
            Charset::Utf8 => Params::of(request)?,
            Charset::Gb2312 => Params::of(&in_utf8(request)?)?,
        };
        Ok(Self { params, charset })
    }

    /// A value that is there and not empty.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.params.get(name).filter(|value| !value.is_empty())
    }

    /// Names and values in the order of receipt.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|param| (param.name.as_str(), param.value.as_str()))
    }

    /// The bytes that a signature covers, without the key.
    pub(super) fn signed(&self) -> Vec<u8> {
        signed_bytes(self.pairs(), self.charset)
    }
}

/// `a=1&b=2`: sorted by name, without `sign` and without what is empty, in a character set.
pub(super) fn signed_bytes<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    charset: Charset,
) -> Vec<u8> {
    let counts = |(name, value): &(&str, &str)| *name != "sign" && !value.is_empty();
    let mut pairs: Vec<(&str, &str)> = pairs.filter(counts).collect();
    pairs.sort_unstable();
    let texts: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(name, value)| {
            [&*charset.bytes(name), b"=".as_slice(), &*charset.bytes(value)].concat()
        })
        .collect();
    texts.join(&b'&')
}

/// The same request with the texts of its query and form in UTF-8. A form whose bytes are not
/// escaped stays as it is, and is refused where it is no UTF-8.
fn in_utf8(request: &Request) -> Result<Request, ParamsError> {
    let mut changed = request.clone();
    changed.query = pieces_in_utf8(&request.query)?;
    let escaped = request.content_type().as_deref() == Some("application/x-www-form-urlencoded");
    if let Some(form) = std::str::from_utf8(&request.body).ok().filter(|_| escaped) {
        changed.body = pieces_in_utf8(form)?.into_bytes();
    }
    Ok(changed)
}

fn pieces_in_utf8(text: &str) -> Result<String, ParamsError> {
    let pieces: Result<Vec<String>, ParamsError> = text.split('&').map(piece_in_utf8).collect();
    Ok(pieces?.join("&"))
}

fn piece_in_utf8(piece: &str) -> Result<String, ParamsError> {
    let Some((name, raw)) = piece.split_once('=') else { return Ok(String::from(piece)) };
    let undecodable = |source| ParamsError::Undecodable { name: String::from(name), source };
    let bytes = decode_bytes(raw).map_err(undecodable)?;
    let text = Charset::Gb2312.text(&bytes).ok_or(undecodable(EscapeError::NotUtf8))?;
    Ok(format!("{name}={}", encode_component(&text)))
}
