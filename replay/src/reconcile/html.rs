//! The report as one page for browsers and printers.
//!
//! Invariants: the page needs nothing else: no script, no font, no picture, no address; every text
//! is escaped; it prints on A4 and follows the reader's colour scheme; the same report gives the
//! same bytes.
//! Deliberately not here: what is in the tables (`overview`, `details`), the style (`page.css`).

use std::fmt::Write as _;

use super::report::DayReport;
use super::sheets::{Cell, Kind, Row, Sheet, Table, Tone};

/// Most wallets side by side: three with two columns each are as wide as a sheet of paper.
const UNITS_MAX: usize = 3;

/// Most rows of a list that is folded away: the other formats have all of them.
const FOLDED_ROWS_MAX: usize = 500;

/// From how many bytes on a text may break anywhere.
const LONG_BYTES: usize = 20;

const STYLE: &str = include_str!("page.css");

impl DayReport {
    /// For browsers and printers.
    #[must_use]
    pub fn html(&self) -> String {
        let mut page = format!(
            "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>日对账报告 {day}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
            day = escaped(&self.day)
        );
        page += &self.head();
        let sheets = self.sheets(UNITS_MAX);
        let tables =
            || sheets.iter().flat_map(|sheet| sheet.tables.iter().map(move |t| (sheet, t)));
        // What the sums are worth is said at the foot; the head has said what they are made of.
        let is_foot = |key: &str| matches!(key, "checks" | "words");
        for (sheet, table) in tables().filter(|(_, table)| !is_foot(table.key)) {
            if table.key != "origin" {
                page += &section(sheet, table);
            }
        }
        for (sheet, table) in tables().filter(|(_, table)| is_foot(table.key)) {
            page += &section(sheet, table);
        }
        page += "</main>\n</body>\n</html>\n";
        page
    }

    fn head(&self) -> String {
        let class = if self.agrees { "good" } else { "open" };
        let mut text = format!(
            "<header>\n<h1>日对账报告 <time datetime=\"{day}\">{day}</time></h1>\n\
             <p class=\"gloss\" lang=\"en\">Reconciliation of the business day</p>\n\
             <p class=\"verdict {class}\">{verdict}</p>\n<dl class=\"origin\">\n",
            day = escaped(&self.day),
            verdict = escaped(&self.verdict())
        );
        for (zh, en, value) in self.origin() {
            if zh != "结论" {
                let value = escaped(&value);
                let _ = writeln!(
                    text,
                    "<div><dt>{zh} <small lang=\"en\">{en}</small></dt><dd>{value}</dd></div>"
                );
            }
        }
        text + "</dl>\n</header>\n"
    }
}

fn section(sheet: &Sheet, table: &Table) -> String {
    let folded = matches!(table.key, "agreed" | "journal");
    let shown = if folded { table.rows.len().min(FOLDED_ROWS_MAX) } else { table.rows.len() };
    let title = format!("{} <small lang=\"en\">{}</small>", table.zh, table.en);
    let all = table.rows.len() + table.unlisted;
    let mut text = format!("<section id=\"{}\">\n", table.key);
    if folded {
        let _ = writeln!(text, "<details>\n<summary><h2>{title} ({all})</h2></summary>");
    } else {
        let _ = writeln!(text, "<h2>{title}</h2>");
    }
    if table.rows.is_empty() {
        text += "<p class=\"none\">无 <span lang=\"en\">none</span></p>\n";
    } else {
        text += &rendered(sheet, table, &table.rows[..shown]);
    }
    if all > shown {
        let more = all - shown;
        let _ = writeln!(
            text,
            "<p class=\"none\">另有 {more} 条未列出 <span lang=\"en\">{more} more are not listed \
             here</span></p>"
        );
    }
    if folded {
        text += "</details>\n";
    }
    text + "</section>\n"
}

/// A text without signs that a page would read.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            sign if sign.is_control() => out.push(' '),
            sign => out.push(sign),
        }
    }
    out
}

fn rendered(sheet: &Sheet, table: &Table, rows: &[Row]) -> String {
    let shape = match table.key {
        "numbers" => "wide",
        "standing" | "checks" | "words" => "few",
        _ => "list",
    };
    let mut text = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{} {}\">\n\
         <table class=\"{shape}\">\n<thead><tr>",
        table.zh, sheet.en
    );
    for column in &table.columns {
        let class = if column.kind == Kind::Text { "" } else { " class=\"n\"" };
        let (zh, en) = (escaped(&column.zh), escaped(column.en.trim_end()));
        let _ = write!(text, "<th scope=\"col\"{class}>{zh} <small lang=\"en\">{en}</small></th>");
    }
    text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        text += &rendered_row(table, row);
    }
    text + "</tbody>\n</table>\n</div>\n"
}

fn rendered_row(table: &Table, row: &Row) -> String {
    let tone = match row.tone {
        Tone::Plain => "",
        Tone::Strong => " class=\"strong\"",
        Tone::Alarm => " class=\"alarm\"",
        Tone::Quiet => " class=\"quiet\"",
    };
    let mut text = format!("<tr{tone}>");
    for (place, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
        let said = escaped(&cell.said());
        if place == 0 && table.key == "numbers" {
            let _ = write!(text, "<th scope=\"row\">{}</th>", glossed(&said));
            continue;
        }
        let name = escaped(&column.zh);
        let class = match cell {
            Cell::Sum { minor: Some(0) | None, .. } => " class=\"n nil\"",
            Cell::Sum { .. } | Cell::Number(_) => " class=\"n\"",
            Cell::Text(text) if text.is_empty() => " class=\"empty\"",
            // Only what is long may break anywhere, so that short words stay whole.
            Cell::Text(text) if text.len() > LONG_BYTES => " class=\"long\"",
            Cell::Text(_) => "",
        };
        let _ = write!(text, "<td{class} data-name=\"{name}\">{said}</td>");
    }
    text + "</tr>\n"
}

/// A label whose English part, behind the Chinese one, is a gloss.
fn glossed(label: &str) -> String {
    let english = label.char_indices().find(|(_, sign)| sign.is_ascii_lowercase());
    match english {
        Some((at, _)) => {
            let (zh, en) = label.split_at(at);
            format!("{}<small lang=\"en\">{en}</small>", zh)
        }
        None => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_page_would_read_is_left() {
        assert_eq!(escaped("<a href='\"'>&\n"), "&lt;a href=&#39;&quot;&#39;&gt;&amp; ");
        assert_eq!(glossed("期初 opening"), "期初 <small lang=\"en\">opening</small>");
    }
}
