//! `statement preview`: what a file is and what would be read of it, before anything is kept.
//!
//! Invariant: no book is needed, and nothing is written.
//! Deliberately not here: reading (`listener-bridge`).

use duizhang_core::statement::Line;
use duizhang_listener_bridge::statements::{
    Finding, Mapping, Outcome, PREVIEW_ROWS_MAX, Period, Statement, preview as preview_rows,
    read_statement,
};
use duizhang_projections::calendar::Zone;
use serde_json::{Value, json};

use super::file::proof_text;
use crate::review::Told;

/// Most rejected rows that a preview lists; all are counted.
const REJECTED_MAX: usize = 100;

/// Tells what a file is.
pub(crate) fn preview(bytes: &[u8], mapping: Option<&str>, zone: Zone) -> anyhow::Result<Told> {
    let Some(text) = mapping else {
        return Ok(of_statement(&read_statement(bytes, None)?, &[], zone));
    };
    let mapping = Mapping::parse(text)?;
    let rows = preview_rows(bytes, &mapping).map(|shown| shown.rows).unwrap_or_default();
    match read_statement(bytes, Some(&mapping)) {
        Ok(statement) => Ok(of_statement(&statement, &rows, zone)),
        Err(refusal) => {
            // The headings are what one needs to see to write a better mapping.
            let said = refusal.to_string();
            let json = json!({ "refused": said, "rows": rows });
            let text = format!("{said}\n{}", rows_text(&rows));
            Ok(Told { clean: false, text, json: format!("{json:#}") })
        }
    }
}

fn rows_text(rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows: String = rows.iter().map(|row| format!("  {}\n", row.join(" | "))).collect();
    format!("\nFirst rows of the file\n{rows}")
}

fn of_statement(statement: &Statement, rows: &[Vec<String>], zone: Zone) -> Told {
    let clean = statement.outcome() != Outcome::Fail;
    Told {
        clean,
        text: text_of(statement, rows, zone),
        json: format!("{:#}", json_of(statement, rows, zone)),
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    duizhang_core::merkle::Hash::from_bytes(*bytes).to_string()
}

fn period_text(statement: &Statement, zone: Zone) -> String {
    match statement.period {
        Some(Period { from, to }) => {
            format!("{} up to {}", zone.rfc3339(from), zone.rfc3339(to))
        }
        None => "not said".to_owned(),
    }
}

fn text_of(statement: &Statement, rows: &[Vec<String>], zone: Zone) -> String {
    let channel = statement.channel.map_or("of no network", |channel| channel.word());
    let mut text = format!(
        "{} ({channel}), account {}\nsha256 {}\nperiod {}\n{} lines, {} rows that cannot be read\n\
         own totals: {}\n",
        statement.layout,
        statement.account.as_deref().unwrap_or("not said"),
        hex(&statement.sha256),
        period_text(statement, zone),
        statement.lines.len(),
        statement.rejected.len(),
        proof_text(statement.outcome()),
    );
    for Finding { outcome, detail, .. } in &statement.proof {
        text += &format!("  {outcome}: {detail}\n");
    }
    text += &rows_text(rows);
    text += "\nFirst lines\n";
    for recorded in statement.lines.iter().take(PREVIEW_ROWS_MAX) {
        text += &format!("  {}\n", line_text(&recorded.line, zone));
    }
    if !statement.rejected.is_empty() {
        text += "\nRows that cannot be read\n";
        for row in statement.rejected.iter().take(REJECTED_MAX) {
            text += &format!("  row {}: {}\n", row.number, row.reason);
        }
    }
    if !statement.left_out.is_empty() {
        text += "\nKinds that settle no order\n";
        for kind in &statement.left_out {
            text += &format!("  {}: {} lines, {}\n", kind.word, kind.count, kind.sum);
        }
    }
    text
}

fn line_text(line: &Line, zone: Zone) -> String {
    let Line { number, serial, kind, gross, time, note, raw_status, .. } = line;
    let (time, kind) = (zone.rfc3339(*time), kind.word());
    format!("row {number}: {time} {kind} {gross} {serial} {raw_status} {note}")
        .trim_end()
        .to_owned()
}

fn json_of(statement: &Statement, rows: &[Vec<String>], zone: Zone) -> Value {
    let lines = statement.lines.iter().take(PREVIEW_ROWS_MAX).map(|recorded| {
        let line = &recorded.line;
        json!({
            "row": line.number,
            "time": zone.rfc3339(line.time),
            "kind": line.kind.word(),
            "amount": line.gross.decimal_text(),
            "currency": line.gross.currency().code(),
            "serial": line.serial,
            "status": line.raw_status,
            "note": line.note,
        })
    });
    let proof = statement.proof.iter();
    let proof =
        proof.map(|one| json!({ "outcome": one.outcome.to_string(), "detail": one.detail }));
    let rejected = statement.rejected.iter().take(REJECTED_MAX);
    let rejected = rejected.map(|row| json!({ "row": row.number, "reason": row.reason }));
    let left_out = statement.left_out.iter().map(
        |kind| json!({ "kind": kind.word, "lines": kind.count, "sum": kind.sum.decimal_text() }),
    );
    json!({
        "layout": statement.layout,
        "channel": statement.channel.map(|channel| channel.word()),
        "account": statement.account,
        "sha256": hex(&statement.sha256),
        "period": statement.period.map(|period| json!({
            "from": zone.rfc3339(period.from), "to": zone.rfc3339(period.to),
        })),
        "lines": statement.lines.len(),
        "rejected_rows": statement.rejected.len(),
        "outcome": statement.outcome().to_string(),
        "proof": proof.collect::<Vec<_>>(),
        "rows": rows,
        "first_lines": lines.collect::<Vec<_>>(),
        "rejected": rejected.collect::<Vec<_>>(),
        "left_out": left_out.collect::<Vec<_>>(),
    })
}
