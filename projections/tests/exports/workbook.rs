//! A reader of workbooks, as small as the tests need it: sheets by name, cells with what they are
//! and the format that they are shown in.
//!
//! Deliberately not here: anything that the writer's crate offers.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use chrono::{Days, NaiveDate};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use zip::ZipArchive;

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Formula,
}

/// A cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) kind: Kind,
    pub(crate) text: String,
    /// The number format, where it has one of its own.
    pub(crate) format: Option<String>,
}

impl Cell {
    /// As a person sees it: a day as a date, money with its places, all else as it is.
    pub(crate) fn shown(&self) -> String {
        match (self.kind, self.format.as_deref()) {
            (Kind::Number, Some("yyyy-mm-dd")) => {
                let days: u64 = self.text.parse().expect("a whole day");
                // The calendar of spreadsheets has a day too many, the 29th of February 1900.
                let start = NaiveDate::from_ymd_opt(1899, 12, 30).expect("a day");
                start.checked_add_days(Days::new(days)).expect("a day").to_string()
            }
            (Kind::Number, Some("#,##0.00")) => match self.text.split_once('.') {
                Some((whole, places)) => format!("{whole}.{places:0<2}"),
                None => format!("{}.00", self.text),
            },
            _ => self.text.clone(),
        }
    }
}

/// A sheet.
#[derive(Debug)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    rows: BTreeMap<usize, BTreeMap<usize, Cell>>,
}

impl Sheet {
    pub(crate) fn rows(&self) -> impl Iterator<Item = &BTreeMap<usize, Cell>> {
        self.rows.values()
    }
}

/// A workbook.
#[derive(Debug)]
pub(crate) struct Workbook {
    pub(crate) sheets: Vec<Sheet>,
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.try_get_attribute(name).expect("attributes are well formed")?;
    Some(found.normalized_value(XmlVersion::Implicit1_0).expect("well formed").into_owned())
}

/// Hands each event of a document to a visitor.
fn each(xml: &str, mut visit: impl FnMut(&Event<'_>)) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event().expect("well formed") {
            Event::Eof => return,
            // An empty element ends, too.
            Event::Empty(tag) => {
                visit(&Event::Start(tag.clone()));
                visit(&Event::End(tag.to_end().into_owned()));
            }
            event => visit(&event),
        }
    }
}

/// What an entity stands for.
fn meaning(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        other => panic!("the writer needs no &{other};"),
    }
}

fn strings(xml: &str) -> Vec<String> {
    let (mut all, mut inside) = (Vec::new(), false);
    each(xml, |event| match event {
        Event::Start(tag) if tag.local_name().as_ref() == "si" => all.push(String::new()),
        Event::Start(tag) => inside = tag.local_name().as_ref() == "t",
        Event::End(_) => inside = false,
        Event::Text(part) if inside => all.last_mut().expect("inside of one").push_str(part),
        Event::GeneralRef(name) if inside => {
            all.last_mut().expect("inside of one").push_str(meaning(name));
        }
        _ => {}
    });
    all
}

/// The number format of each style.
fn styles(xml: &str) -> Vec<Option<String>> {
    let (mut formats, mut styles, mut inside) = (BTreeMap::new(), Vec::new(), false);
    each(xml, |event| match event {
        Event::Start(tag) => match tag.local_name().as_ref() {
            "numFmt" => {
                formats.insert(attribute(tag, "numFmtId"), attribute(tag, "formatCode"));
            }
            "cellXfs" => inside = true,
            "xf" if inside => styles.push(match attribute(tag, "numFmtId").as_deref() {
                Some("0") => None,
                Some("3") => Some("#,##0".to_owned()),
                Some("4") => Some("#,##0.00".to_owned()),
                id => formats.get(&id.map(str::to_owned)).cloned().flatten(),
            }),
            _ => {}
        },
        Event::End(tag) if tag.local_name().as_ref() == "cellXfs" => inside = false,
        _ => {}
    });
    styles
}

fn sheet(
    xml: &str,
    strings: &[String],
    styles: &[Option<String>],
) -> BTreeMap<usize, BTreeMap<usize, Cell>> {
    let mut rows: BTreeMap<usize, BTreeMap<usize, Cell>> = BTreeMap::new();
    let (mut place, mut shared, mut inside) = ((0, 0), false, false);
    let mut cell = Cell { kind: Kind::Number, text: String::new(), format: None };
    each(xml, |event| match event {
        Event::Start(tag) => match tag.local_name().as_ref() {
            "c" => {
                place = place_of(&attribute(tag, "r").expect("a cell says where it is"));
                shared = attribute(tag, "t").as_deref() == Some("s");
                let kind = if shared { Kind::Text } else { Kind::Number };
                let style = attribute(tag, "s").map_or(0, |style| style.parse().expect("a number"));
                cell = Cell { kind, text: String::new(), format: styles[style].clone() };
            }
            "f" => cell.kind = Kind::Formula,
            "v" => inside = true,
            _ => {}
        },
        Event::Text(part) if inside => cell.text.push_str(part),
        Event::End(tag) => match tag.local_name().as_ref() {
            "v" => inside = false,
            "c" => {
                if shared {
                    cell.text.clone_from(&strings[cell.text.parse::<usize>().expect("a number")]);
                }
                rows.entry(place.0).or_default().insert(place.1, cell.clone());
            }
            _ => {}
        },
        _ => {}
    });
    rows
}

/// Row and column of `AB12`.
fn place_of(reference: &str) -> (usize, usize) {
    let digits = reference.find(|sign: char| sign.is_ascii_digit()).expect("a row");
    let (letters, row) = reference.split_at(digits);
    let column = letters.bytes().fold(0, |sum, letter| sum * 26 + usize::from(letter - b'A') + 1);
    (row.parse().expect("a number"), column - 1)
}

fn names(xml: &str) -> Vec<String> {
    let mut names = Vec::new();
    each(xml, |event| {
        if let Event::Start(tag) = event
            && tag.local_name().as_ref() == "sheet"
        {
            names.extend(attribute(tag, "name"));
        }
    });
    names
}

impl Workbook {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        let mut part = |name: &str| {
            let mut text = String::new();
            let mut file = archive.by_name(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            file.read_to_string(&mut text).expect("text");
            text
        };
        let strings = strings(&part("xl/sharedStrings.xml"));
        let styles = styles(&part("xl/styles.xml"));
        let names = names(&part("xl/workbook.xml")).into_iter();
        let sheets = (1..).zip(names).map(|(number, name)| {
            let xml = part(&format!("xl/worksheets/sheet{number}.xml"));
            Sheet { name, rows: sheet(&xml, &strings, &styles) }
        });
        Self { sheets: sheets.collect() }
    }
}
