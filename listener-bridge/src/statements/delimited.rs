//! Comma-separated text as channels write it, which no standard's reader takes: tabs outside of
//! quotes, quotes inside of plain fields, backticks.
//!
//! Invariants: a row is a line and never more, so that a stray quote cannot swallow the rows behind
//! it; every line becomes a row; the time is linear in the text.
//! Deliberately not here: the meaning of the cells.

use duizhang_core::statement::STATEMENT_LINES_MAX;

use super::refusal::NotAStatement;
use super::table::{CELLS_MAX, Room, Row};

/// The longest line that is cut into cells: the widest known row has 42 cells of some 200
/// characters. A field may look for its closing quote to the end of the line, so that this limit
/// and that of the cells bound the time.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// The rows of a text. `bytes` are the bytes that the text was decoded from, without the mark at
/// their beginning: neither UTF-8 nor GB18030 hides a line feed inside of a character, so both have
/// the same lines.
///
/// # Errors
/// [`NotAStatement::TooManyLines`] and [`NotAStatement::TooMuchPacked`].
pub(super) fn rows(text: &str, bytes: &[u8], separator: char) -> Result<Vec<Row>, NotAStatement> {
    let lines = text.split('\n').zip(bytes.split(|byte| *byte == b'\n'));
    let mut rows: Vec<Row> = Vec::new();
    let mut room = Room::of_a_table();
    for ((line, raw), number) in lines.zip(1_u32..) {
        if rows.len() > STATEMENT_LINES_MAX {
            return Err(NotAStatement::TooManyLines);
        }
        let cells = cells(line.trim_end_matches('\r'), separator);
        room.take(&cells)?;
        rows.push(Row { number, cells, raw: raw.strip_suffix(b"\r").unwrap_or(raw).to_vec() });
    }
    if rows.last().is_some_and(Row::is_blank) {
        rows.pop();
    }
    Ok(rows)
}

fn cells(line: &str, separator: char) -> Vec<String> {
    if line.len() > LINE_BYTES_MAX {
        return vec!["a line that is too long".to_owned()];
    }
    if let Some(rest) = line.strip_prefix('`') {
        // A comma inside of a field is written `\ `, so that it never looks like the end.
        let split = rest.split(",`").take(CELLS_MAX);
        return split.map(|cell| cell.replace("\\ ", ",").trim().to_owned()).collect();
    }
    let mut cells = Vec::new();
    let mut rest = Some(line);
    while let Some(text) = rest.filter(|_| cells.len() < CELLS_MAX) {
        let (cell, behind) = quoted(text, separator).unwrap_or_else(|| plain(text, separator));
        cells.push(cell);
        rest = behind;
    }
    cells
}

/// A field in quotes, blanks around them allowed. `None` where the quote is not closed before a
/// separator, and so was meant as a character.
fn quoted(text: &str, separator: char) -> Option<(String, Option<&str>)> {
    let blank = |c: char| c.is_whitespace() && c != separator;
    let inside = text.trim_start_matches(blank).strip_prefix('"')?;
    let mut cell = String::new();
    let mut rest = inside;
    loop {
        let (before, behind) = rest.split_once('"')?;
        cell.push_str(before);
        if let Some(doubled) = behind.strip_prefix('"') {
            cell.push('"');
            rest = doubled;
            continue;
        }
        let next = behind.trim_start_matches(blank);
        if next.is_empty() {
            return Some((cell.trim().to_owned(), None));
        }
        if let Some(next) = next.strip_prefix(separator) {
            return Some((cell.trim().to_owned(), Some(next)));
        }
        cell.push('"');
        rest = behind;
    }
}

fn plain(text: &str, separator: char) -> (String, Option<&str>) {
    let (cell, rest) = match text.split_once(separator) {
        Some((cell, rest)) => (cell, Some(rest)),
        None => (text, None),
    };
    let cell = cell.trim();
    // Quotes around a field with quotes that were not doubled.
    let inside = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"'));
    // QQ wallet puts a backtick before its numbers alone.
    let bare = inside.or_else(|| cell.strip_prefix('`')).unwrap_or(cell);
    (bare.to_owned(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(line: &str) -> Vec<String> {
        cells(line, ',')
    }

    #[test]
    fn fields_are_taken_as_the_channels_write_them() {
        let cases: [(&str, &[&str]); 12] = [
            ("a,b,", &["a", "b", ""]),
            ("收/支   ,交易对方 ,", &["收/支", "交易对方", ""]),
            ("\"3985734\"\t,\"/\"", &["3985734", "/"]),
            ("3985734\t,x", &["3985734", "x"]),
            ("点击底部\"多多视频\",\"/\"", &["点击底部\"多多视频\"", "/"]),
            ("\"1,234.50\"\t,x", &["1,234.50", "x"]),
            ("\"say \"\"hi\"\"\",x", &["say \"hi\"", "x"]),
            ("\"never closed,x", &["\"never closed", "x"]),
            ("\"he said \"hi\"\",x", &["he said \"hi\"", "x"]),
            ("`2019-07-25,`a,b,`c\\ d,`", &["2019-07-25", "a,b", "c,d", ""]),
            ("2016/7/23 14:14,`1000,x", &["2016/7/23 14:14", "1000", "x"]),
            ("", &[""]),
        ];
        for (line, expected) in cases {
            assert_eq!(split(line), expected, "{line}");
        }
    }

    #[test]
    fn a_row_keeps_its_bytes_and_its_place() {
        let bytes = b"a,b\r\n\r\n\xca\xd5,1\n";
        let rows = rows("a,b\r\n\r\n收,1\n", bytes, ',').unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.number, row.raw.as_slice())).collect();
        assert_eq!(seen, [(1, &b"a,b"[..]), (2, b""), (3, b"\xca\xd5,1")]);
    }

    proptest! {
        #[test]
        fn any_line_is_split_without_loss_of_rows(text in "[a\"`,\t\n\\\\ ]{0,60}") {
            let rows = rows(&text, text.as_bytes(), ',').unwrap();
            let lines = text.split('\n').count();
            prop_assert!(rows.len() == lines || rows.len() + 1 == lines);
        }

        #[test]
        fn quoted_fields_read_back(fields in proptest::collection::vec("[a-z\",¥ ]{0,8}", 1..6)) {
            let trimmed: Vec<String> = fields.iter().map(|field| field.trim().to_owned()).collect();
            let quote = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
            let line: Vec<String> = trimmed.iter().map(quote).collect();
            prop_assert_eq!(split(&line.join(",")), trimmed);
        }
    }
}
