//! What a file is, by its first bytes, and what is packed in it.
//!
//! Invariants: nothing is unpacked beyond [`STATEMENT_BYTES_MAX`] in all, whatever sizes an archive
//! declares; an entry that would leave its folder refuses the archive; names are only ever shown.
//! Deliberately not here: decoding of text, and the inside of a workbook ([`super::workbook`]).

use std::io::{Cursor, Read};

use encoding_rs::GB18030;
use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::refusal::NotAStatement;

/// The largest file, and the most that may come out of one: a line takes about 250 bytes, so that a
/// quarter of a million lines fit, which no channel gives in one file.
pub const STATEMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The most entries of an archive: the largest known one is a workbook's twenty.
pub const ARCHIVE_ENTRIES_MAX: usize = 256;

/// A file, opened.
#[derive(Debug)]
pub(super) enum Opened {
    /// Text, or what may be text.
    Plain(Vec<u8>),
    /// A workbook's parts.
    Workbook(Vec<Entry>),
    /// An archive of files, each of which may be a statement.
    Archive(Vec<Entry>),
}

/// A file of an archive.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Opens a file by its content.
pub(super) fn open(bytes: &[u8]) -> Result<Opened, NotAStatement> {
    if bytes.is_empty() {
        return Err(NotAStatement::Empty);
    }
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > STATEMENT_BYTES_MAX {
        return Err(NotAStatement::TooLarge);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        let entries = unpack(bytes)?;
        let is_workbook = entries.iter().any(|entry| entry.name == "xl/workbook.xml");
        return Ok(if is_workbook { Opened::Workbook(entries) } else { Opened::Archive(entries) });
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let plain = read_limited(MultiGzDecoder::new(bytes), STATEMENT_BYTES_MAX)?;
        return Ok(Opened::Plain(plain));
    }
    match foreign(bytes) {
        Some(refusal) => Err(refusal),
        None => Ok(Opened::Plain(bytes.to_vec())),
    }
}

/// Files that are surely something else.
pub(super) fn foreign(bytes: &[u8]) -> Option<NotAStatement> {
    const MARKS: [(&[u8], NotAStatement); 8] = [
        (b"%PDF", NotAStatement::Pdf),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", NotAStatement::OldWorkbook),
        (b"\x89PNG", NotAStatement::Picture),
        (b"\xff\xd8\xff", NotAStatement::Picture),
        (b"GIF8", NotAStatement::Picture),
        (b"RIFF", NotAStatement::Picture),
        (b"Rar!", NotAStatement::OtherArchive),
        (b"7z\xbc\xaf\x27\x1c", NotAStatement::OtherArchive),
    ];
    let marked = MARKS.into_iter().find(|(mark, _)| bytes.starts_with(mark));
    if let Some((_, refusal)) = marked {
        return Some(refusal);
    }
    let start = bytes.get(..bytes.len().min(512)).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start).to_lowercase();
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    let page = ["<!doctype html", "<html", "<head", "<table", "<script"];
    if page.iter().any(|tag| text.starts_with(tag)) {
        return Some(NotAStatement::WebPage);
    }
    if text.starts_with('{') || text.starts_with("<xml>") {
        return Some(NotAStatement::Answer(answer(text)));
    }
    None
}

/// What a channel's interface said instead of a file: the answers that are final or mean waiting.
fn answer(text: &str) -> String {
    let said = [
        ("no_statement_exist", "the day is empty"),
        ("no bill exist", "the day is empty"),
        ("statement_creating", "it is still being made, ask again in half an hour"),
    ];
    let known = said.iter().find(|(mark, _)| text.contains(mark));
    known.map_or("it reports an error", |(_, meaning)| meaning).to_owned()
}

fn unpack(bytes: &[u8]) -> Result<Vec<Entry>, NotAStatement> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if archive.len() > ARCHIVE_ENTRIES_MAX {
        return Err(NotAStatement::TooManyEntries);
    }
    let mut entries = Vec::new();
    let mut room = STATEMENT_BYTES_MAX;
    for index in 0..archive.len() {
        let raw = archive.by_index_raw(index).map_err(damaged)?;
        let (is_dir, encrypted) = (raw.is_dir(), raw.encrypted());
        let name = entry_name(raw.name_raw());
        drop(raw);
        let leaves = name.starts_with('/') || name.split(['/', '\\']).any(|part| part == "..");
        if leaves || name.contains(':') {
            return Err(NotAStatement::UnsafeName);
        }
        if encrypted {
            return Err(NotAStatement::Encrypted);
        }
        if is_dir {
            continue;
        }
        let bytes = read_limited(archive.by_index(index).map_err(damaged)?, room)?;
        room = room.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        entries.push(Entry { name, bytes });
    }
    Ok(entries)
}

/// A name: UTF-8 where it is, else GBK, as China's archivers write without the flag.
fn entry_name(raw: &[u8]) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => GB18030.decode_without_bom_handling(raw).0.into_owned(),
    }
}

/// Reads to the end, but never more than `room` bytes.
fn read_limited(reader: impl Read, room: u64) -> Result<Vec<u8>, NotAStatement> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(room.saturating_add(1));
    limited.read_to_end(&mut bytes).map_err(|_| NotAStatement::DamagedArchive)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > room {
        return Err(NotAStatement::TooMuchPacked);
    }
    Ok(bytes)
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands the error over")]
fn damaged(error: ZipError) -> NotAStatement {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            NotAStatement::Encrypted
        }
        _ => NotAStatement::DamagedArchive,
    }
}
