//! A file becomes a statement: container, text, layout, lines, proof.
//!
//! Invariants: the layout is found by the content of a header row, never by a name or a place; a
//! file that is no statement is refused with a sentence; of two statements in one archive none is
//! taken, because the other would be lost without a word.
//! Deliberately not here: the layouts themselves.

use duizhang_core::statement::STATEMENT_LINES_MAX;
use sha2::{Digest, Sha256};

use super::container::{Entry, Opened, foreign, open};
use super::decoding::decode;
use super::draft::Draft;
use super::mapping::Mapping;
use super::refusal::NotAStatement;
use super::statement::{Check, Encoding, Outcome, Statement};
use super::table::{Header, Table};
use super::{
    alipay_merchant, alipay_personal, camt, delimited, mapped, mt940, ofx, qif, qq_merchant,
    unionpay, wechat_merchant, wechat_personal, workbook,
};

/// How many rows and lines a preview shows: one screen.
pub const PREVIEW_ROWS_MAX: usize = 10;

type ReadTable = fn(&Table, &Header) -> Draft;

/// The tables that we know: what their header must have, and who reads them.
const TABLES: &[(&[&str], ReadTable)] = &[
    (alipay_personal::WEB_COLUMNS, alipay_personal::read_web),
    (alipay_personal::APP_COLUMNS, alipay_personal::read_app),
    (alipay_merchant::TRADES_COLUMNS, alipay_merchant::read_trades),
    (alipay_merchant::ACCOUNT_COLUMNS, alipay_merchant::read_account),
    (wechat_personal::COLUMNS, wechat_personal::read),
    (wechat_merchant::TRADES_COLUMNS, wechat_merchant::read_trades),
    (wechat_merchant::FUNDS_COLUMNS, wechat_merchant::read_funds),
    (qq_merchant::COLUMNS, qq_merchant::read),
];

/// Reads a statement file, whatever it is. With `wanted`, its table is read by that mapping.
///
/// # Errors
/// [`NotAStatement`], a sentence for the person who handed the file in.
pub fn read_statement(bytes: &[u8], wanted: Option<&Mapping>) -> Result<Statement, NotAStatement> {
    let (draft, encoding) = match open(bytes)? {
        Opened::Plain(plain) => read_plain(&plain, wanted)?,
        Opened::Workbook(parts) => (read_workbook(&parts, wanted)?, Encoding::Workbook),
        Opened::Archive(entries) => read_archive(&entries, wanted)?,
    };
    let mut statement = draft.finish(Sha256::digest(bytes).into(), encoding);
    if statement.lines.len() + statement.rejected.len() > STATEMENT_LINES_MAX {
        return Err(NotAStatement::TooManyLines);
    }
    statement.proof.sort_by_key(|finding| finding.check);
    Ok(statement)
}

/// What a mapping would make of a file, before it is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The first rows as they are cut into cells, for finding the headings.
    pub rows: Vec<Vec<String>>,
    /// What the mapping reads, with the first lines and rejected rows alone, or why it reads
    /// nothing.
    pub read: Result<Statement, NotAStatement>,
}

/// Shows what a mapping would make of a file.
///
/// # Errors
/// [`NotAStatement`] where the file has no table at all.
pub fn preview(bytes: &[u8], mapping: &Mapping) -> Result<Preview, NotAStatement> {
    let tables = match open(bytes)? {
        Opened::Plain(plain) => vec![table_of(&plain, mapping.separator)?.0],
        Opened::Workbook(parts) => workbook::sheets(&parts)?,
        Opened::Archive(_) => return Err(NotAStatement::UnknownLayout),
    };
    let rows = tables.iter().flat_map(|table| &table.rows).filter(|row| !row.is_blank());
    let rows = rows.take(PREVIEW_ROWS_MAX).map(|row| row.cells.clone()).collect();
    let mut read = read_statement(bytes, Some(mapping));
    if let Ok(statement) = &mut read {
        statement.lines.truncate(PREVIEW_ROWS_MAX);
        statement.rejected.truncate(PREVIEW_ROWS_MAX);
    }
    Ok(Preview { rows, read })
}

fn read_plain(bytes: &[u8], wanted: Option<&Mapping>) -> Result<(Draft, Encoding), NotAStatement> {
    if let Some(refusal) = foreign(bytes) {
        return Err(refusal);
    }
    if unionpay::fits(bytes) {
        return Ok((unionpay::read(bytes), Encoding::Gb18030));
    }
    let (text, encoding) = decode(bytes)?;
    let unmarked = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let draft = if camt::fits(&text) {
        camt::read(&text)?
    } else if ofx::fits(&text) {
        ofx::read(&text)
    } else if qif::fits(&text) {
        qif::read(&text, unmarked, wanted)?
    } else if mt940::fits(&text) {
        mt940::read(&text, unmarked)
    } else {
        let separator = wanted.map_or(',', |mapping| mapping.separator);
        let rows = delimited::rows(&text, unmarked, separator)?;
        read_table(&Table { rows, ..Table::default() }, wanted)?
    };
    Ok((draft, encoding))
}

fn table_of(bytes: &[u8], separator: char) -> Result<(Table, Encoding), NotAStatement> {
    let (text, encoding) = decode(bytes)?;
    let unmarked = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let rows = delimited::rows(&text, unmarked, separator)?;
    Ok((Table { rows, ..Table::default() }, encoding))
}

fn read_table(table: &Table, wanted: Option<&Mapping>) -> Result<Draft, NotAStatement> {
    if table.rows.len() > STATEMENT_LINES_MAX {
        return Err(NotAStatement::TooManyLines);
    }
    if let Some(mapping) = wanted {
        return Ok(mapped::read(table, mapping)?);
    }
    let known =
        TABLES.iter().find_map(|(columns, read)| Some((table.find_header(columns)?, *read)));
    match known {
        Some((header, read)) => Ok(read(table, &header)),
        None if table.find_header(alipay_merchant::SUMMARY_COLUMNS).is_some() => {
            Err(NotAStatement::Summary)
        }
        None => Err(NotAStatement::UnknownLayout),
    }
}

/// The first sheet that is a statement. A second one would be lost, and that fails the proof.
fn read_workbook(parts: &[Entry], wanted: Option<&Mapping>) -> Result<Draft, NotAStatement> {
    let mut found: Option<Draft> = None;
    let mut missed = NotAStatement::UnknownLayout;
    for sheet in workbook::sheets(parts)? {
        match (read_table(&sheet, wanted), &mut found) {
            (Ok(draft), None) => found = Some(draft),
            (Ok(_), Some(first)) => {
                let detail = "another sheet holds a statement too and was not read: save it in a \
                              file of its own";
                first.find(Check::Complete, Outcome::Fail, detail);
            }
            (Err(why @ (NotAStatement::UnknownLayout | NotAStatement::Mapping(_))), _) => {
                missed = why;
            }
            (Err(refusal), _) => return Err(refusal),
        }
    }
    found.ok_or(missed)
}

/// The one statement of an archive; a summary beside it is cross-footed against it.
fn read_archive(
    entries: &[Entry],
    wanted: Option<&Mapping>,
) -> Result<(Draft, Encoding), NotAStatement> {
    let mut found: Option<(Draft, Encoding)> = None;
    let mut summary: Option<&Entry> = None;
    for entry in entries {
        let read = match open(&entry.bytes) {
            Ok(Opened::Plain(plain)) => read_plain(&plain, wanted),
            Ok(Opened::Workbook(parts)) => {
                read_workbook(&parts, wanted).map(|draft| (draft, Encoding::Workbook))
            }
            // An archive in an archive is nobody's statement.
            Ok(Opened::Archive(_)) => Err(NotAStatement::NothingInside),
            Err(refusal) => Err(refusal),
        };
        match read {
            Ok(_) if found.is_some() => return Err(NotAStatement::Several),
            Ok(draft) => found = Some(draft),
            Err(NotAStatement::Summary) => summary = Some(entry),
            Err(refusal) if entries.len() == 1 => return Err(refusal),
            // A read-me or a picture beside the statement is none of our business.
            Err(_) => {}
        }
    }
    let (mut draft, encoding) = found.ok_or(NotAStatement::NothingInside)?;
    if let Some(summary) = summary {
        let (table, _) = table_of(&summary.bytes, ',')?;
        alipay_merchant::cross_foot(&table, &mut draft);
    }
    Ok((draft, encoding))
}
