//! Forms as `multipart/form-data` (RFC 7578): fields with a name and a text.
//!
//! Invariants: the body is boundaries, heads and texts and nothing else, so that no two readers
//! find different fields in it: no preamble, no epilogue, one way to write a line end; a field has
//! one name; its text is bytes as they stand, in no transfer encoding.
//! Deliberately not here: files (no protocol of ours takes one), nested parts, names in RFC 5987's
//! writing, and which fields may stand twice (see [`super::Params`]).
//!
//! The libraries for this format are asynchronous or no longer kept, and all of them forgive more.

/// Longest boundary in bytes (RFC 2046, section 5.1.1).
const BOUNDARY_BYTES_MAX: usize = 70;
/// Longest head of one field in bytes: four lines of about 100 bytes are the most that clients
/// send.
const HEAD_BYTES_MAX: usize = 1_024;

/// Why a multipart body is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The media type names no boundary, two of them, or one that cannot stand in a body.
    #[error("the media type has no usable boundary")]
    Boundary,
    /// The body is not fields between boundaries.
    #[error("the body is not fields between boundaries")]
    Frame,
    /// A field's head is too long, no UTF-8, or has no name or two.
    #[error("the head of a field cannot be read")]
    Head,
    /// A field is a file.
    #[error("a file is no parameter")]
    File,
    /// A field's text is encoded, or in another character set than UTF-8.
    #[error("a field is not plain UTF-8")]
    Encoded,
}

/// A field's name and text.
pub(super) type Field<'a> = (&'a str, &'a str);

/// The fields of a body, in their order. `media` is the whole value of the content type.
///
/// The iterator ends at the first error, as nothing behind it has a known place.
pub(super) fn fields<'a>(
    media: &str,
    body: &'a [u8],
) -> Result<impl Iterator<Item = Result<Field<'a>, MultipartError>>, MultipartError> {
    let boundary = boundary_of(media).ok_or(MultipartError::Boundary)?;
    let delimiter = format!("\r\n--{boundary}").into_bytes();
    let mut rest = Some(body.strip_prefix(&delimiter[2..]).ok_or(MultipartError::Frame)?);
    Ok(std::iter::from_fn(move || {
        let at = rest.take()?;
        if matches!(at, b"--" | b"--\r\n") {
            return None;
        }
        let read = next_field(at, &delimiter);
        Some(read.map(|(field, behind)| {
            rest = Some(behind);
            field
        }))
    }))
}

/// The field behind a delimiter, and what stands behind the delimiter after it.
fn next_field<'a>(at: &'a [u8], delimiter: &[u8]) -> Result<(Field<'a>, &'a [u8]), MultipartError> {
    let at = at.strip_prefix(b"\r\n").ok_or(MultipartError::Frame)?;
    let (head, text_on) = cut(at, b"\r\n\r\n").ok_or(MultipartError::Frame)?;
    if head.len() > HEAD_BYTES_MAX {
        return Err(MultipartError::Head);
    }
    let (text, behind) = cut(text_on, delimiter).ok_or(MultipartError::Frame)?;
    let name = read_head(std::str::from_utf8(head).map_err(|_| MultipartError::Head)?, text)?;
    let text = std::str::from_utf8(text).map_err(|_| MultipartError::Encoded)?;
    Ok(((name, text), behind))
}

fn cut<'a>(bytes: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(mark.len()).position(|window| window == mark)?;
    Some((&bytes[..at], &bytes[at + mark.len()..]))
}

/// The name in a field's head, if the head says that the text is plain.
fn read_head<'a>(head: &'a str, text: &[u8]) -> Result<&'a str, MultipartError> {
    let mut name = None;
    for line in head.split("\r\n") {
        if line.contains(['\r', '\n']) {
            return Err(MultipartError::Head);
        }
        let (label, value) = line.split_once(':').ok_or(MultipartError::Head)?;
        let value = value.trim();
        match label.to_ascii_lowercase().as_str() {
            "content-disposition" if name.is_some() => return Err(MultipartError::Head),
            "content-disposition" => name = Some(name_in(value)?),
            "content-transfer-encoding" if !is_plain_encoding(value) => {
                return Err(MultipartError::Encoded);
            }
            "content-type" if !is_utf8_label(value) && !text.is_ascii() => {
                return Err(MultipartError::Encoded);
            }
            _ => {}
        }
    }
    name.ok_or(MultipartError::Head)
}

/// The name in `form-data; name="…"`.
fn name_in(disposition: &str) -> Result<&str, MultipartError> {
    let (kind, params) = disposition.split_once(';').ok_or(MultipartError::Head)?;
    let params = attributes(params).ok_or(MultipartError::Head)?;
    if params.iter().any(|(label, _)| label.to_ascii_lowercase().starts_with("filename")) {
        return Err(MultipartError::File);
    }
    match params.as_slice() {
        [(label, name)]
            if kind.trim().eq_ignore_ascii_case("form-data")
                && label.eq_ignore_ascii_case("name") =>
        {
            Ok(name)
        }
        _ => Err(MultipartError::Head),
    }
}

fn is_plain_encoding(value: &str) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|plain| value.eq_ignore_ascii_case(plain))
}

/// Whether a media type speaks of UTF-8, or of nothing. Older Java clients write ISO-8859-1 over
/// texts of ASCII, which read the same in both.
fn is_utf8_label(media: &str) -> bool {
    let Some((_, params)) = media.split_once(';') else { return true };
    attributes(params).is_some_and(|params| {
        params.iter().all(|(label, value)| {
            !label.eq_ignore_ascii_case("charset") || value.eq_ignore_ascii_case("utf-8")
        })
    })
}

fn boundary_of(media: &str) -> Option<&str> {
    let (_, params) = media.split_once(';')?;
    let params = attributes(params)?;
    let mut boundaries =
        params.iter().filter(|(label, _)| label.eq_ignore_ascii_case("boundary")).map(|(_, b)| *b);
    let boundary = boundaries.next()?;
    // RFC 2046 allows a space inside, which no client writes.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    let usable = (1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()) && boundary.bytes().all(plain);
    (usable && boundaries.next().is_none()).then_some(boundary)
}

/// The `label=value` of a header's tail, values with or without quotes. A backslash is refused: it
/// is an escape to some readers and a letter to others.
fn attributes(mut rest: &str) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    loop {
        let (label, tail) = rest.split_once('=')?;
        let (value, tail) = match tail.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => tail.split_at(tail.find(';').unwrap_or(tail.len())),
        };
        let value_is_odd = |c: char| matches!(c, '\\' | '"') || c.is_control();
        let label = label.trim();
        if label.is_empty() || label.contains([';', '"']) || value.contains(value_is_odd) {
            return None;
        }
        found.push((label, value.trim_end()));
        let tail = tail.trim();
        if tail.is_empty() {
            return Some(found);
        }
        rest = tail.strip_prefix(';')?.trim();
        if rest.is_empty() {
            return Some(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read<'a>(media: &str, body: &'a [u8]) -> Result<Vec<Field<'a>>, MultipartError> {
        fields(media, body)?.collect()
    }

    const MEDIA: &str = "multipart/form-data; boundary=x";

    fn field(head: &str, text: &str) -> Vec<u8> {
        format!("--x\r\n{head}\r\n\r\n{text}\r\n--x--\r\n").into_bytes()
    }

    #[test]
    fn what_clients_send_is_read() {
        // curl and PHP; Python's requests; okhttp; Apache's client; a browser; no line end behind.
        let curl = "--------------------------d74496d66958873e";
        let body = format!(
            "--{curl}\r\nContent-Disposition: form-data; name=\"payId\"\r\n\r\n订单 1\r\n--{curl}\r\n\
             Content-Disposition: form-data; name=\"param\"\r\n\r\n\r\n--{curl}--\r\n"
        );
        let media = format!("multipart/form-data; boundary={curl}");
        let expected = vec![("payId", "订单 1"), ("param", "")];
        assert_eq!(read(&media, body.as_bytes()), Ok(expected.clone()));
        let quoted = format!("Multipart/Form-Data; charset=utf-8; boundary=\"{curl}\"");
        assert_eq!(read(&quoted, body.as_bytes()), Ok(expected));

        let disposition = "Content-Disposition: form-data; name=\"a\"";
        let heads = [
            String::from(disposition),
            disposition.to_lowercase(),
            String::from("Content-Disposition: form-data; name=a"),
            String::from("content-disposition:form-data;name=\"a\""),
            format!("{disposition}\r\nContent-Length: 3"),
            format!("{disposition}\r\nContent-Type: text/plain; charset=UTF-8\r\nX-Any: 1"),
            format!(
                "{disposition}\r\nContent-Type: text/plain; charset=ISO-8859-1\r\n\
                 Content-Transfer-Encoding: 8bit"
            ),
            format!("Content-Transfer-Encoding: binary\r\n{disposition}"),
        ];
        for head in heads {
            assert_eq!(read(MEDIA, &field(&head, "1\r\n2")), Ok(vec![("a", "1\r\n2")]), "{head}");
        }
        assert_eq!(read(MEDIA, b"--x--"), Ok(Vec::new()));
        assert_eq!(read(MEDIA, b"--x--\r\n"), Ok(Vec::new()));
    }

    #[test]
    fn boundaries_that_cannot_be_trusted_are_refused() {
        let long = format!("multipart/form-data; boundary={}", "b".repeat(BOUNDARY_BYTES_MAX + 1));
        for media in [
            "multipart/form-data",
            "multipart/form-data;",
            "multipart/form-data; boundary",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=\"x",
            "multipart/form-data; boundary=\"\"",
            "multipart/form-data; boundary=x; boundary=y",
            "multipart/form-data; boundary=x; boundary=x",
            "multipart/form-data; boundary=\"x y\"",
            "multipart/form-data; boundary=x\\",
            "multipart/form-data; boundary=界",
            &long,
        ] {
            assert_eq!(read(media, b"--x--"), Err(MultipartError::Boundary), "{media}");
        }
    }

    #[test]
    fn bodies_with_two_readings_are_refused() {
        let head = "Content-Disposition: form-data; name=\"a\"";
        let good = field(head, "1");
        for (begin, end) in [("preamble\r\n", ""), ("\r\n", ""), ("", "epilogue"), ("", "\r\n")] {
            let body = [begin.as_bytes(), &good, end.as_bytes()].concat();
            assert_eq!(read(MEDIA, &body), Err(MultipartError::Frame), "{begin:?} {end:?}");
        }
        for cut_at in 0..good.len() - 2 {
            let part = &good[..cut_at];
            assert!(read(MEDIA, part).is_err(), "{:?}", String::from_utf8_lossy(part));
        }
        let unix = String::from_utf8(good).unwrap().replace("\r\n", "\n");
        assert_eq!(read(MEDIA, unix.as_bytes()), Err(MultipartError::Frame));
        for (head, error) in [
            ("Content-Type: text/plain", MultipartError::Head),
            ("Content-Disposition: form-data", MultipartError::Head),
            ("Content-Disposition: attachment; name=\"a\"", MultipartError::Head),
            ("Content-Disposition: form-data; name=\"a\"; name=\"b\"", MultipartError::Head),
            ("Content-Disposition: form-data; name*=utf-8''a", MultipartError::Head),
            ("Content-Disposition: form-data; name=\"a\\\"b\"", MultipartError::Head),
            ("Content-Disposition: form-data; name=\"a", MultipartError::Head),
            ("Content-Disposition: form-data; name=\"a\nb\"", MultipartError::Head),
            ("no colon", MultipartError::Head),
            ("Content-Disposition: form-data; name=\"a\"; filename=\"f\"", MultipartError::File),
            ("Content-Disposition: form-data; name=\"a\"; filename*=f", MultipartError::File),
        ] {
            assert_eq!(read(MEDIA, &field(head, "1")), Err(error), "{head}");
        }
        let twice = format!("{head}\r\n{head}");
        assert_eq!(read(MEDIA, &field(&twice, "1")), Err(MultipartError::Head));
        let long = format!("{head}\r\nX: {}", "x".repeat(HEAD_BYTES_MAX));
        assert_eq!(read(MEDIA, &field(&long, "1")), Err(MultipartError::Head));
        for (more, text) in [
            ("Content-Transfer-Encoding: base64", "MQ=="),
            ("Content-Transfer-Encoding: quoted-printable", "=31"),
            ("Content-Type: text/plain; charset=gbk", "一"),
            ("Content-Type: text/plain; charset", "一"),
        ] {
            let body = field(&format!("{head}\r\n{more}"), text);
            assert_eq!(read(MEDIA, &body), Err(MultipartError::Encoded), "{more}");
        }
        let mut body = field(head, "#");
        body.iter_mut().filter(|byte| **byte == b'#').for_each(|byte| *byte = 0xb6);
        assert_eq!(read(MEDIA, &body), Err(MultipartError::Encoded));
    }

    proptest! {
        #[test]
        fn written_fields_come_back(
            sent in proptest::collection::vec(("[a-zA-Z_]{1,8}", "[^\r]{0,20}"), 0..6),
        ) {
            let mut body = String::new();
            for (name, text) in &sent {
                body += &format!(
                    "--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
                );
            }
            body += "--b0--\r\n";
            let fields = read("multipart/form-data; boundary=b0", body.as_bytes()).unwrap();
            let sent: Vec<Field<'_>> = sent.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
            prop_assert_eq!(fields, sent);
        }

        #[test]
        fn any_bytes_are_read_or_refused(
            media in "multipart/form-data; ?boundary=?[x\"=; ]{0,6}",
            body in "(--x|\r\n|name=|\"|;|Content-Disposition: form-data|:|a| |--){0,30}",
        ) {
            let _ = read(&media, body.as_bytes());
        }
    }
}
