//! The sheets of a workbook (XLSX) as tables of texts.
//!
//! Invariants: a cell's place is its reference (`A18`), because blank rows may be absent; numbers
//! stay the text that stands in the XML and never become a float; a document type refuses the file,
//! so that no entity is ever expanded; rows and cells are limited.
//! Deliberately not here: styles (which column holds a time is known from its name), formulas (the
//! value that was stored is taken), the old binary workbook.

use quick_xml::Reader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use super::container::Entry;
use super::moment::Epoch;
use super::refusal::NotAStatement;
use super::table::{CELLS_MAX, Room, Row, Table};
use super::xml::reference;

/// The most sheets that are looked at: channels write one.
const SHEETS_MAX: usize = 16;
/// The most rows: as many as a workbook can have.
const ROWS_MAX: u32 = 1_048_576;

/// Every sheet, in the order of their parts' names.
pub(super) fn sheets(entries: &[Entry]) -> Result<Vec<Table>, NotAStatement> {
    let part = |name: &str| entries.iter().find(|entry| entry.name == name);
    let strings = match part("xl/sharedStrings.xml") {
        Some(entry) => shared_strings(text(entry)?)?,
        None => Vec::new(),
    };
    let book = part("xl/workbook.xml").ok_or(NotAStatement::DamagedWorkbook)?;
    let epoch = epoch(text(book)?)?;
    let mut parts: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.name.starts_with("xl/worksheets/") && entry.name.ends_with(".xml"))
        .collect();
    parts.sort_by_key(|entry| (entry.name.len(), entry.name.clone()));
    parts
        .into_iter()
        .take(SHEETS_MAX)
        .map(|entry| Ok(Table { rows: sheet(text(entry)?, &strings)?, epoch }))
        .collect()
}

/// The parts of a workbook are UTF-8.
fn text(entry: &Entry) -> Result<&str, NotAStatement> {
    std::str::from_utf8(&entry.bytes).map_err(|_| NotAStatement::DamagedWorkbook)
}

fn epoch(xml: &str) -> Result<Epoch, NotAStatement> {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().map_err(|_| NotAStatement::DamagedWorkbook)? {
            Event::Eof => return Ok(Epoch::Year1900),
            Event::DocType(_) => return Err(NotAStatement::DamagedXml),
            Event::Start(tag) | Event::Empty(tag) if tag.local_name().as_ref() == "workbookPr" => {
                let set = attribute(tag.attributes(), "date1904");
                let is_mac = matches!(set.as_deref(), Some("1" | "true"));
                return Ok(if is_mac { Epoch::Year1904 } else { Epoch::Year1900 });
            }
            _ => {}
        }
    }
}

/// The texts that cells refer to by number. A text may be cut in runs of differing looks.
fn shared_strings(xml: &str) -> Result<Vec<String>, NotAStatement> {
    let mut reader = Reader::from_str(xml);
    let mut strings = Vec::new();
    let mut text = String::new();
    let mut inside = false;
    loop {
        match reader.read_event().map_err(|_| NotAStatement::DamagedWorkbook)? {
            Event::Eof => return Ok(strings),
            Event::DocType(_) => return Err(NotAStatement::DamagedXml),
            Event::Start(tag) => match tag.local_name().as_ref() {
                "si" => text.clear(),
                "t" => inside = true,
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                "si" => strings.push(std::mem::take(&mut text)),
                "t" => inside = false,
                _ => {}
            },
            Event::Empty(tag) if tag.local_name().as_ref() == "si" => strings.push(String::new()),
            Event::Text(part) if inside => text.push_str(&part),
            Event::GeneralRef(name) if inside => text.push_str(&reference(&name)),
            _ => {}
        }
    }
}

/// What is gathered while a sheet is read.
struct Gathered {
    rows: Vec<Row>,
    room: Room,
    number: u32,
    cells: Vec<String>,
    column: usize,
    shared: bool,
    inside: bool,
    text: String,
}

fn sheet(xml: &str, strings: &[String]) -> Result<Vec<Row>, NotAStatement> {
    let mut reader = Reader::from_str(xml);
    let mut now = Gathered {
        rows: Vec::new(),
        room: Room::of_a_table(),
        number: 0,
        cells: Vec::new(),
        column: 0,
        shared: false,
        inside: false,
        text: String::new(),
    };
    loop {
        match reader.read_event().map_err(|_| NotAStatement::DamagedWorkbook)? {
            Event::Eof => return Ok(now.rows),
            Event::DocType(_) => return Err(NotAStatement::DamagedXml),
            Event::Start(tag) => now.begin(&tag),
            Event::Empty(tag) => {
                now.begin(&tag);
                now.end(tag.local_name().as_ref(), strings)?;
            }
            Event::End(tag) => now.end(tag.local_name().as_ref(), strings)?,
            Event::Text(part) if now.inside => now.text.push_str(&part),
            Event::GeneralRef(name) if now.inside => now.text.push_str(&reference(&name)),
            _ => {}
        }
        if now.number > ROWS_MAX {
            return Err(NotAStatement::TooManyLines);
        }
    }
}

impl Gathered {
    fn begin(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            "row" => {
                let said = attribute(tag.attributes(), "r").and_then(|r| r.parse().ok());
                self.number = said.unwrap_or_else(|| self.number.saturating_add(1));
                self.cells.clear();
                self.column = 0;
            }
            "c" => {
                let said = attribute(tag.attributes(), "r");
                self.column = said.and_then(|r| column_of(&r)).unwrap_or(self.cells.len());
                self.shared = attribute(tag.attributes(), "t").as_deref() == Some("s");
                self.text.clear();
            }
            "v" | "t" => self.inside = true,
            _ => {}
        }
    }

    fn end(&mut self, name: &str, strings: &[String]) -> Result<(), NotAStatement> {
        match name {
            "v" | "t" => self.inside = false,
            "c" => {
                let text = std::mem::take(&mut self.text);
                let shared = || text.trim().parse().ok().and_then(|at: usize| strings.get(at));
                let value = if self.shared { shared().cloned().unwrap_or_default() } else { text };
                if self.column < CELLS_MAX {
                    if self.cells.len() <= self.column {
                        self.cells.resize(self.column + 1, String::new());
                    }
                    self.cells[self.column] = value.trim().to_owned();
                }
            }
            "row" => {
                let cells = std::mem::take(&mut self.cells);
                self.room.take(&cells)?;
                let raw = cells.join("\t").into_bytes();
                self.rows.push(Row { number: self.number, cells, raw });
            }
            _ => {}
        }
        Ok(())
    }
}

/// `C18` is the column 2, counted from zero.
fn column_of(place: &str) -> Option<usize> {
    let letters = place.bytes().take_while(u8::is_ascii_uppercase);
    let mut column = 0_usize;
    for letter in letters.take(4) {
        column = column * 26 + usize::from(letter - b'A') + 1;
    }
    column.checked_sub(1)
}

fn attribute(attributes: Attributes<'_>, name: &str) -> Option<String> {
    let found = attributes.flatten().find(|attribute| attribute.key.as_ref() == name)?;
    Some(found.value.into_owned())
}
