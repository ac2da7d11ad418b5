//! From the texts of a query and a body to parameters, one by one.
//!
//! Invariants: every way in passes the same limits.
//! Deliberately not here: names that stand twice, and how many there may be (see
//! [`super::Params`]).

use super::exchange::Request;
use super::flat_json;
use super::multipart;
use super::params::{PARAM_BYTES_MAX, PARAM_NAME_BYTES_MAX, Param, ParamsError};
use super::percent::decode_component;

/// A body that holds parameters.
pub(super) enum Form<'a> {
    Absent,
    Encoded(&'a str),
    Multipart { media: &'a str, body: &'a [u8] },
    Json(&'a [u8]),
}

/// A parameter, or why it is refused.
type Read = Result<Param, ParamsError>;

impl<'a> Form<'a> {
    /// The body, where it is announced as a form.
    pub(super) fn of(request: &'a Request) -> Result<Self, ParamsError> {
        match request.content_type().as_deref() {
            Some("application/x-www-form-urlencoded") => std::str::from_utf8(&request.body)
                .map(Self::Encoded)
                .map_err(|_| ParamsError::FormNotUtf8),
            Some("multipart/form-data") => {
                let media = request.header("content-type").unwrap_or_default();
                Ok(Self::Multipart { media, body: &request.body })
            }
            _ => Ok(Self::Absent),
        }
    }

    /// Its parameters, each read or refused.
    pub(super) fn params(&self) -> Result<Box<dyn Iterator<Item = Read> + 'a>, ParamsError> {
        Ok(match *self {
            Self::Absent => Box::new(std::iter::empty()),
            Self::Encoded(text) => Box::new(pieces(text).map(read_piece)),
            Self::Multipart { media, body } => Box::new(
                multipart::fields(media, body)?
                    .map(|field| field.map_err(ParamsError::from).and_then(read_field)),
            ),
            Self::Json(body) => Box::new(flat_json::members(body)?.into_iter().map(read_member)),
        })
    }
}

/// The `name=value` of a query or an urlencoded form.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split('&').filter(|piece| !piece.is_empty())
}

/// Decodes one of them.
pub(super) fn read_piece(piece: &str) -> Read {
    let (raw_name, raw) = piece.split_once('=').unwrap_or((piece, ""));
    let undecodable =
        |name: &str, source| ParamsError::Undecodable { name: short_name(name), source };
    let name = decode_component(raw_name).map_err(|source| undecodable(raw_name, source))?;
    let value = decode_component(raw).map_err(|source| undecodable(&name, source));
    within_limits(name, value?, raw)
}

/// An absent value takes its name and is left empty: `null` and the empty text are one to every
/// protocol that we speak.
fn read_member((name, value): flat_json::Member<'_>) -> Read {
    let (text, raw) = value.unwrap_or_default();
    within_limits(name, text.into_owned(), raw)
}

fn read_field((name, text): (&str, &str)) -> Read {
    within_limits(String::from(name), String::from(text), text)
}

fn within_limits(name: String, value: String, raw: &str) -> Read {
    if name.len() > PARAM_NAME_BYTES_MAX {
        return Err(ParamsError::TooLong(short_name(&name)));
    }
    if value.len() > PARAM_BYTES_MAX {
        return Err(ParamsError::TooLong(name));
    }
    Ok(Param { name, value, raw: String::from(raw) })
}

fn short_name(name: &str) -> String {
    name.chars().take(PARAM_NAME_BYTES_MAX).collect()
}
