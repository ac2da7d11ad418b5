//! Columns for people: numbers to the right, words to the left, and the last column as it comes.
//!
//! Invariant: columns before the last one hold letters of one width each; Chinese stands in the
//! last column, where nothing has to be aligned behind it.

use std::ops::Range;

/// Lines of text with equal columns; those in the range are numbers.
pub(super) fn aligned(rows: &[Vec<String>], numbers: Range<usize>) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| {
            let cell: String = cell.chars().filter(|sign| !sign.is_control()).collect();
            if numbers.contains(&column) {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_words_to_the_left() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["code", "debit", "name"]), row(["1131", "10.00", "应收\u{1b}"])];
        assert_eq!(aligned(&rows, 1..2), "code  debit  name\n1131  10.00  应收\n");
        let rows = [row(["code", "debit", "name"]), row(["1131", "7.00", "x"])];
        assert_eq!(aligned(&rows, 1..2), "code  debit  name\n1131   7.00  x\n");
        assert_eq!(aligned(&[], 0..0), "");
    }
}
