//! Aligned columns for people: the first column to the left, all others to the right.
//!
//! Invariant: a sign counts as wide as a terminal shows it, so Chinese ones count twice.

use unicode_width::UnicodeWidthStr;

/// Lines of text with equal columns, indented by two spaces.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(number, (cell, &width))| {
            let gap = " ".repeat(width.saturating_sub(cell.width()));
            if number == 0 { format!("{cell}{gap}") } else { format!("{gap}{cell}") }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        text.push_str("  ");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = aligned(&[row(["wallet", "n", "amount"]), row(["微信", "12", "1.00 CNY"])]);
        assert_eq!(text, "  wallet   n    amount\n  微信    12  1.00 CNY\n");
        assert_eq!(aligned(&[]), "");
    }
}
