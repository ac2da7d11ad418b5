//! Strict parameters of a query and a body: a form, urlencoded or multipart, or a JSON object.
//!
//! Invariants: a name occurs once over query and body together, for a second value is how one check
//! sees one text and the next check another; text that does not decode is refused by the
//! parameter's name; the order of receipt is kept, query first; each parameter keeps its raw text,
//! because some signatures are made over that.
//! Deliberately not here: any meaning of a name.

use std::fmt;

use super::exchange::Request;
use super::flat_json::FlatJsonError;
use super::form::{Form, pieces, read_piece};
use super::multipart::MultipartError;
use super::percent::EscapeError;

/// Most parameters of one request: the longest protocol that we know (an epay order with the shop's
/// own extras) has about 20; three times that, rounded up to a power of two.
pub const PARAMS_MAX: usize = 64;
/// Longest decoded value in bytes: a notification's text is cut at 5,120 characters by Android,
/// 15,360 bytes of Chinese, and a forwarder's template adds title, device and address; twice the
/// text is enough.
pub const PARAM_BYTES_MAX: usize = 32 * 1024;
/// Longest decoded name in bytes; names also stand in error messages, so they stay short.
pub const PARAM_NAME_BYTES_MAX: usize = 64;

/// One parameter. `Debug` shows its name only: a value may be a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Param {
    /// The decoded name.
    pub name: String,
    /// The decoded value; empty where there is no `=`.
    pub value: String,
    /// The value as it was received, still encoded; a multipart form has no encoding.
    pub raw: String,
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Param").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why the parameters of a request are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// A name stands twice, in one place or in query and form.
    #[error("parameter {0} stands twice")]
    Twice(String),
    /// A value does not decode.
    #[error("parameter {name} does not decode: {source}")]
    Undecodable {
        /// The parameter, or its raw name where that does not decode either.
        name: String,
        /// What is wrong with it.
        source: EscapeError,
    },
    /// A value is longer than [`PARAM_BYTES_MAX`], or a name than [`PARAM_NAME_BYTES_MAX`].
    #[error("parameter {0} is too long")]
    TooLong(String),
    /// There are more than [`PARAMS_MAX`].
    #[error("more than {PARAMS_MAX} parameters")]
    TooMany,
    /// The body is announced as a form and is not UTF-8.
    #[error("the form is not UTF-8")]
    FormNotUtf8,
    /// The body is announced as a multipart form and cannot be read as one.
    #[error("the multipart form cannot be read: {0}")]
    Multipart(#[from] MultipartError),
    /// The body is announced as JSON and is no object of plain values.
    #[error(transparent)]
    Json(#[from] FlatJsonError),
    /// A parameter that must be there is not.
    #[error("parameter {0} is missing")]
    Missing(&'static str),
}

/// The parameters of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<Param>);

impl Params {
    /// The parameters of query and form. A body that is not announced as a form is not looked at.
    ///
    /// # Errors
    /// The first [`ParamsError`] from the left.
    pub fn of(request: &Request) -> Result<Self, ParamsError> {
        Self::collect(&request.query, &Form::of(request)?)
    }

    /// The same for protocols whose clients also send a JSON object: its members are parameters.
    ///
    /// # Errors
    /// The first [`ParamsError`] from the left.
    pub fn of_form_or_json(request: &Request) -> Result<Self, ParamsError> {
        match request.content_type().as_deref() {
            Some("application/json") => Self::collect(&request.query, &Form::Json(&request.body)),
            _ => Self::of(request),
        }
    }

    fn collect(query: &str, form: &Form<'_>) -> Result<Self, ParamsError> {
        let mut params = Self::default();
        for param in pieces(query).map(read_piece).chain(form.params()?) {
            let param = param?;
            if params.get(&param.name).is_some() {
                return Err(ParamsError::Twice(param.name));
            }
            if params.0.len() == PARAMS_MAX {
                return Err(ParamsError::TooMany);
            }
            params.0.push(param);
        }
        Ok(params)
    }

    /// Those parameters of query and form that stand once and decode. This is for telling who sent
    /// a request that [`Params::of`] refuses, so that broken evidence of a known device is kept;
    /// never for reading money.
    #[must_use]
    pub fn sound_part(request: &Request) -> Self {
        let form = Form::of(request).unwrap_or(Form::Absent);
        let read: Vec<Param> = pieces(&request.query)
            .map(read_piece)
            .chain(form.params().into_iter().flatten())
            .take(PARAMS_MAX)
            .filter_map(Result::ok)
            .collect();
        let once =
            |param: &&Param| read.iter().filter(|other| other.name == param.name).count() == 1;
        Self(read.iter().filter(once).cloned().collect())
    }

    /// The decoded value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(|param| param.value.as_str())
    }

    /// The value of a name as it was received.
    #[must_use]
    pub fn get_raw(&self, name: &str) -> Option<&str> {
        self.find(name).map(|param| param.raw.as_str())
    }

    /// The decoded value of a name that must be there; it may be empty.
    ///
    /// # Errors
    /// [`ParamsError::Missing`].
    pub fn require(&self, name: &'static str) -> Result<&str, ParamsError> {
        self.get(name).ok_or(ParamsError::Missing(name))
    }

    /// All parameters in the order of receipt, the query's first.
    pub fn iter(&self) -> impl Iterator<Item = &Param> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, name: &str) -> Option<&Param> {
        self.0.iter().find(|param| param.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Method, encode_component};
    use proptest::prelude::*;

    fn form(query: &str, body: impl Into<Vec<u8>>) -> Request {
        let mut request = Request::new(Method::Post, "/", query);
        let media = "application/x-www-form-urlencoded; charset=UTF-8";
        request.headers.push((String::from("content-type"), String::from(media)));
        request.body = body.into();
        request
    }

    fn undecodable(name: &str, source: EscapeError) -> ParamsError {
        ParamsError::Undecodable { name: String::from(name), source }
    }

    #[test]
    fn what_has_two_readings_is_refused_by_name() {
        let twice = || ParamsError::Twice(String::from("a"));
        let cases = [
            ("a=1&a=1", "", twice()),
            ("", "a=1&b=2&a=3", twice()),
            ("a=1", "a=1", twice()),
            ("a=1", "%61=2", twice()),
            ("a=%zz", "", undecodable("a", EscapeError::BadEscape)),
            ("b=1&a=%ff", "", undecodable("a", EscapeError::NotUtf8)),
            ("%=1", "", undecodable("%", EscapeError::BadEscape)),
        ];
        for (query, body, error) in cases {
            assert_eq!(Params::of(&form(query, body)), Err(error), "{query} {body}");
        }
        assert_eq!(Params::of(&form("", b"a=\xff".to_vec())), Err(ParamsError::FormNotUtf8));
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let many = |count: usize| (0..count).map(|i| format!("p{i}=1&")).collect::<String>();
        assert_eq!(Params::of(&form(&many(PARAMS_MAX), "")).map(|p| p.len()), Ok(PARAMS_MAX));
        assert_eq!(Params::of(&form(&many(PARAMS_MAX + 1), "")), Err(ParamsError::TooMany));
        let long = |count: usize| format!("a={}", "%41".repeat(count));
        assert!(Params::of(&form("", long(PARAM_BYTES_MAX))).is_ok());
        let too_long = Params::of(&form("", long(PARAM_BYTES_MAX + 1)));
        assert_eq!(too_long, Err(ParamsError::TooLong(String::from("a"))));
        let name = "n".repeat(PARAM_NAME_BYTES_MAX + 1);
        let named = Params::of(&form(&format!("{name}=1"), ""));
        assert_eq!(named, Err(ParamsError::TooLong(name[1..].to_owned())));
    }

    #[test]
    fn order_raw_text_and_odd_pieces_are_kept() {
        let params = Params::of(&form("&b=1+2&&empty=&bare", "a=x%3Dy&c=p=q")).unwrap();
        let seen: Vec<_> =
            params.iter().map(|p| (p.name.as_str(), p.value.as_str(), p.raw.as_str())).collect();
        let expected = [
            ("b", "1 2", "1+2"),
            ("empty", "", ""),
            ("bare", "", ""),
            ("a", "x=y", "x%3Dy"),
            ("c", "p=q", "p=q"),
        ];
        assert_eq!(seen, expected);
        assert_eq!(params.get_raw("a"), Some("x%3Dy"));
        assert_eq!(params.require("c"), Ok("p=q"));
        assert_eq!(params.require("d"), Err(ParamsError::Missing("d")));
        assert!(!format!("{params:?}").contains("x=y"), "values stay out of logs");
    }

    #[test]
    fn a_body_that_is_no_form_is_not_looked_at() {
        let mut request = form("", "a=1");
        request.headers.clear();
        assert_eq!(Params::of(&request).map(|p| p.is_empty()), Ok(true));
        request.headers.push((String::from("content-type"), String::from("application/json")));
        assert_eq!(Params::of(&request).map(|p| p.is_empty()), Ok(true));
    }

    #[test]
    fn a_multipart_form_is_a_form() {
        let multipart = |query: &str, fields: &[(&str, &str)]| {
            let mut request = form(query, "");
            let media = "multipart/form-data; boundary=x";
            request.headers = vec![(String::from("content-type"), String::from(media))];
            let field = |(name, text): &(&str, &str)| {
                format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
            };
            request.body = fields.iter().map(field).collect::<String>().into_bytes();
            request.body.extend(b"--x--\r\n");
            request
        };
        let request = multipart("a=1", &[("b", "x%20+y"), ("c", "")]);
        let params = Params::of(&request).unwrap();
        assert_eq!((params.get("b"), params.get_raw("b")), (Some("x%20+y"), Some("x%20+y")));
        assert_eq!((params.get("a"), params.get("c"), params.len()), (Some("1"), Some(""), 3));
        assert_eq!(Params::sound_part(&request), params);

        let twice = multipart("b=1", &[("b", "1")]);
        assert_eq!(Params::of(&twice), Err(ParamsError::Twice(String::from("b"))));
        let long = "x".repeat(PARAM_BYTES_MAX + 1);
        let long = multipart("", &[("a", &long)]);
        assert_eq!(Params::of(&long), Err(ParamsError::TooLong(String::from("a"))));
        let crowd = vec![("a", "1"); PARAMS_MAX + 1];
        assert!(Params::of(&multipart("", &crowd)).is_err());

        let mut broken = multipart("a=1", &[("b", "1")]);
        broken.body.extend(b"more");
        let error = ParamsError::Multipart(MultipartError::Frame);
        assert_eq!(Params::of(&broken), Err(error));
        let sound = Params::sound_part(&broken);
        assert_eq!((sound.get("a"), sound.get("b")), (Some("1"), Some("1")));
    }

    #[test]
    fn a_json_object_holds_parameters_where_it_is_asked_for() {
        let json = |query: &str, body: &str| {
            let mut request = form(query, body);
            let media = "application/json;charset=UTF-8";
            request.headers = vec![(String::from("content-type"), String::from(media))];
            request
        };
        let request = json("q=1", r#"{"a":0.10,"b":"\u8ba2","c":null}"#);
        let params = Params::of_form_or_json(&request).unwrap();
        let texts: Vec<_> = params.iter().map(|p| (p.name.as_str(), p.value.as_str())).collect();
        assert_eq!(texts, [("q", "1"), ("a", "0.10"), ("b", "订"), ("c", "")]);
        assert_eq!(Params::of(&request).map(|params| params.len()), Ok(1));
        assert_eq!(Params::of_form_or_json(&form("a=1", "b=2")), Params::of(&form("a=1", "b=2")));

        let cases =
            [("a=1", r#"{"a":1}"#), ("", r#"{"a":1,"a":1}"#), ("", r#"{"a":null,"\u0061":1}"#)];
        for (query, body) in cases {
            let twice = Err(ParamsError::Twice(String::from("a")));
            assert_eq!(Params::of_form_or_json(&json(query, body)), twice, "{body}");
        }
        let error = Err(ParamsError::Json(FlatJsonError::Nested(String::from("a"))));
        assert_eq!(Params::of_form_or_json(&json("", r#"{"a":[1]}"#)), error);
    }

    #[test]
    fn the_sound_part_leaves_out_what_has_two_readings() {
        let params = Params::sound_part(&form("a=1&b=2", "b=2&c=%zz&d=4"));
        let seen: Vec<_> = params.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(seen, ["a", "d"]);
        assert!(Params::sound_part(&form("", b"a=\xff".to_vec())).is_empty());
    }

    proptest! {
        #[test]
        fn encoded_parameters_come_back(
            pairs in proptest::collection::btree_map("\\PC{1,8}", "\\PC{0,20}", 0..10),
            split in 0_usize..10,
        ) {
            let texts: Vec<String> = pairs
                .iter()
                .map(|(k, v)| format!("{}={}", encode_component(k), encode_component(v)))
                .collect();
            let split = split.min(texts.len());
            let request = form(&texts[..split].join("&"), texts[split..].join("&"));
            let params = Params::of(&request).unwrap();
            prop_assert_eq!(params.len(), pairs.len());
            for (name, value) in &pairs {
                prop_assert_eq!(params.get(name), Some(value.as_str()));
            }
            prop_assert_eq!(Params::sound_part(&request), params);
        }

        #[test]
        fn any_query_is_read_or_refused(
            query in "[a-b=&%+4]{0,40}",
            body in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let request = form(&query, body);
            if let Ok(params) = Params::of(&request) {
                prop_assert_eq!(Params::sound_part(&request), params);
            }
        }
    }
}
