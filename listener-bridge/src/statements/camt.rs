//! ISO 20022 bank statements: camt.052, camt.053 and camt.054, any version.
//!
//! Facts (formats.md of the project's research): amounts have no sign, `CdtDbtInd` has; `Sts` is a
//! word in version 2 and a code inside in version 8; balances are typed OPBD, CLBD and others; a
//! notification (054) has no balances; pending entries do not count into them.
//! Invariants: the namespace's version is ignored; each statement must tie: OPBD and booked entries
//! lead to CLBD.
//! Deliberately not here: the single transactions of a batch, whose entry has one amount.

use duizhang_core::amount::Amount;
use duizhang_core::statement::{Line, LineStatus};

use super::banks::{Reversal, Sign, Tie, bank, currency, kind, signed};
use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Epoch, read_moment};
use super::money::read_money;
use super::refusal::NotAStatement;
use super::statement::{Check, Outcome, Period};
use super::xml::{Node, tree};

static CAMT: Layout = bank("camt");

pub(super) fn fits(text: &str) -> bool {
    let start: String = text.chars().take(2_000).collect();
    ["BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn", "camt.05"]
        .iter()
        .any(|mark| start.contains(mark))
}

pub(super) fn read(text: &str) -> Result<Draft, NotAStatement> {
    let root = tree(text)?;
    let mut draft = Draft::new(&CAMT);
    let mut statements = Vec::new();
    for name in ["Stmt", "Rpt", "Ntfctn"] {
        root.find_all(name, &mut statements);
    }
    if statements.is_empty() {
        draft.find(Check::Complete, Outcome::Fail, "the message holds no statement");
    }
    let mut number = 0_u32;
    for statement in statements {
        read_statement(statement, text, &mut number, &mut draft);
    }
    Ok(draft)
}

fn read_statement(statement: &Node, text: &str, number: &mut u32, draft: &mut Draft) {
    let account = statement.at(&["Acct", "Id"]);
    let account = account.map(|id| match id.text_at(&["IBAN"]) {
        "" => id.text_at(&["Othr", "Id"]),
        iban => iban,
    });
    draft.name_account(account.unwrap_or_default());
    let time = |path: &[&str]| read_moment(statement.text_at(path), Epoch::Year1900);
    draft.exported_at = draft.exported_at.or(time(&["CreDtTm"]).map(|moment| moment.time));
    if let (Some(from), Some(to)) = (time(&["FrToDt", "FrDtTm"]), time(&["FrToDt", "ToDtTm"])) {
        // Several statements cover one span between them.
        let whole = draft.period.unwrap_or(Period { from: from.time, to: to.time });
        draft.period = Some(Period { from: whole.from.min(from.time), to: whole.to.max(to.time) });
    }
    let mut tie = Tie { name: statement.text_at(&["Id"]).to_owned(), ..Tie::default() };
    for balance in statement.all("Bal") {
        let amount = amount_of(balance).ok();
        match balance.text_at(&["Tp", "CdOrPrtry", "Cd"]) {
            "OPBD" => tie.opening = amount,
            "CLBD" => tie.closing = amount,
            // A day that begins where the last one closed may say only that.
            "PRCD" => tie.opening = tie.opening.or(amount),
            _ => {}
        }
    }
    for entry in statement.all("Ntry") {
        *number = number.saturating_add(1);
        let raw = text.get(entry.span.0..entry.span.1).unwrap_or_default().as_bytes().to_vec();
        match read_entry(entry, *number, draft) {
            Ok((line, movement)) => {
                if line.status == LineStatus::Ok {
                    tie.moved.push(movement);
                }
                let word = entry.text_at(&["CdtDbtInd"]);
                draft.accept_raw(raw, line, word);
            }
            Err(reason) => {
                tie.rejected += 1;
                draft.reject_raw(*number, raw, &reason);
            }
        }
    }
    // A notification of single movements has no balances and owes none.
    if statement.name != "Ntfctn" {
        tie.prove(draft);
    }
}

fn read_entry(entry: &Node, number: u32, draft: &mut Draft) -> Result<(Line, Amount), RowError> {
    let movement = amount_of(entry)?;
    let said = [&["BookgDt", "DtTm"], &["BookgDt", "Dt"], &["ValDt", "DtTm"], &["ValDt", "Dt"]];
    let moment = said.iter().find_map(|path| read_moment(entry.text_at(*path), Epoch::Year1900));
    let details = entry.at(&["NtryDtls", "TxDtls"]);
    let of_details = |path: &[&str]| details.map_or("", |details| details.text_at(path));
    let serials = [
        entry.text_at(&["AcctSvcrRef"]),
        of_details(&["Refs", "AcctSvcrRef"]),
        of_details(&["Refs", "TxId"]),
        entry.text_at(&["NtryRef"]),
    ];
    let serial = serials.into_iter().find(|serial| !serial.is_empty()).unwrap_or_default();
    let mut line = bare_line(number, serial, movement, moment.ok_or(RowError::Time)?);
    line.serial_base = kept(serial);
    line.merchant_no =
        Some(of_details(&["Refs", "EndToEndId"])).filter(|id| !id.is_empty()).map(kept);
    let reversal = entry.text_at(&["RvslInd"]) == "true";
    line.kind = kind(movement, if reversal { Reversal::Yes } else { Reversal::No });
    let party = if movement.minor() < 0 { "Cdtr" } else { "Dbtr" };
    let names: [&[&str]; 2] = [&["RltdPties", party, "Nm"], &["RltdPties", party, "Pty", "Nm"]];
    let name = names.into_iter().map(of_details).find(|name| !name.is_empty());
    line.counterparty = kept(name.unwrap_or_default());
    let remittance = of_details(&["RmtInf", "Ustrd"]);
    let info = entry.text_at(&["AddtlNtryInf"]);
    line.note = kept(if remittance.is_empty() { info } else { remittance });
    let status = match entry.text_at(&["Sts", "Cd"]) {
        "" => entry.text_at(&["Sts"]),
        code => code,
    };
    line.raw_status = kept(status);
    line.status = match status {
        "BOOK" => LineStatus::Ok,
        "PDNG" | "FUTR" | "INFO" => LineStatus::Pending,
        _ => {
            draft.unknown_word("Sts", status);
            LineStatus::Unknown
        }
    };
    Ok((line, movement))
}

/// `Amt` with its currency, and the sign that `CdtDbtInd` gives it.
fn amount_of(node: &Node) -> Result<Amount, RowError> {
    let amount = node.child("Amt").ok_or(RowError::Incomplete)?;
    let currency = currency(amount.currency.as_deref().unwrap_or_default())?;
    let value = read_money(&amount.text, currency)?;
    match node.text_at(&["CdtDbtInd"]) {
        "CRDT" => Ok(signed(value, Sign::Credit)),
        "DBIT" => Ok(signed(value, Sign::Debit)),
        _ => Err(RowError::Sides),
    }
}
