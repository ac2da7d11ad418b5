//! Vouchers (记账凭证) with the columns that Chinese bookkeeping software imports.
//!
//! No conformity with GB/T 24589 is claimed: these are the names of its columns and nothing more.
//! Invariants: 凭证号 is the position of the event, so it is the same in every export, and goes up
//! with gaps; debits and credits of each currency are proven in the last rows.

use std::collections::BTreeMap;
use std::io::Write;

use duizhang_core::amount::Currency;
use duizhang_core::ledger::Line;
use rust_xlsxwriter::{Worksheet, XlsxError};

use super::csv::sides;
use super::heading::{heading, subjects};
use super::xlsx::ledger_book;
use super::{ExportError, Writing};
use crate::export::cells::{check_lines, put_heading, put_money, put_names};
use crate::export::text::{BYTE_ORDER_MARK, field, heading_record};
use crate::ledger::balances::{Sums, decimal};
use crate::ledger::journal::Dated;
use crate::ledger::survey::Plan;

const COLUMNS: [&str; 13] = [
    "日期",
    "凭证字",
    "凭证号",
    "分录号",
    "摘要",
    "科目编码",
    "科目名称",
    "借方金额",
    "贷方金额",
    "币种",
    "辅助核算",
    "附件数",
    "制单人",
];

/// Who made it: the engine, from the log.
const MADE_BY: &str = "duizhang";

pub(super) struct VoucherCsv;

#[derive(Default)]
pub(super) struct VoucherXlsx {
    sheet: Worksheet,
    row: u32,
}

/// The texts of a line beside its amounts, up to them and behind them.
fn texts(plan: &Plan, dated: Dated<'_>, number: usize, line: &Line) -> ([String; 7], [String; 4]) {
    let Dated { day, entry, .. } = dated;
    let before = [
        day.to_string(),
        "记".to_owned(),
        entry.position().to_string(),
        number.to_string(),
        summary(dated),
        plan.chart.code(line.account),
        plan.chart.chinese(line.account),
    ];
    let about: Vec<String> = subjects(entry).into_iter().map(|(_, id)| id).collect();
    let currency = line.amount.currency().code().to_owned();
    (before, [currency, about.join(" "), "0".to_owned(), MADE_BY.to_owned()])
}

/// What the entry says, and the closed day that it belongs to.
fn summary(dated: Dated<'_>) -> String {
    let (.., chinese) = dated.entry.narration().words();
    let note = Some(dated.entry.note()).filter(|note| !note.is_empty());
    let natural = dated.moved_from().map(|day| format!("补记{day}"));
    let parts = [Some(chinese), natural.as_deref(), note];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn totals(plan: &Plan) -> BTreeMap<Currency, Sums> {
    plan.moved.totals()
}

impl Writing for VoucherCsv {
    fn begin(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        let names = COLUMNS.map(field).join(",");
        write!(
            out,
            "{BYTE_ORDER_MARK}{}\r\n{names}\r\n",
            heading_record(&heading(plan), COLUMNS.len())
        )?;
        Ok(())
    }

    fn entry(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        for (number, line) in (1..).zip(dated.entry.lines()) {
            let (before, behind) = texts(plan, dated, number, line);
            let (debit, credit) = sides(line);
            let before = before.map(|text| field(&text)).join(",");
            let behind = behind.map(|text| field(&text)).join(",");
            write!(out, "{before},{debit},{credit},{behind}\r\n")?;
        }
        Ok(())
    }

    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        for (currency, total) in totals(plan) {
            let (debit, credit) = (decimal(total.debit, currency), decimal(total.credit, currency));
            let mut record = vec![field("合计")];
            record.extend((0..6).map(|_| field("")));
            record.extend([debit, credit, field(currency.code())]);
            record.extend((0..3).map(|_| field("")));
            write!(out, "{}\r\n", record.join(","))?;
        }
        Ok(())
    }
}

impl VoucherXlsx {
    fn put_line(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        number: usize,
        line: &Line,
    ) -> Result<(), XlsxError> {
        self.row += 1;
        let (before, behind) = texts(plan, dated, number, line);
        for (column, text) in (0_u16..).zip(before).chain((9_u16..).zip(behind)) {
            self.sheet.write_string(self.row, column, text)?;
        }
        let (minor, currency) = (i128::from(line.amount.minor()), line.amount.currency());
        put_money(&mut self.sheet, self.row, if minor < 0 { 8 } else { 7 }, minor.abs(), currency)
    }
}

impl Writing for VoucherXlsx {
    fn begin(&mut self, plan: &Plan, _: &mut dyn Write) -> Result<(), ExportError> {
        check_lines(plan.lines)?;
        put_names(self.sheet.set_name("凭证")?, COLUMNS)?;
        Ok(())
    }

    fn entry(
        &mut self,
        plan: &Plan,
        dated: Dated<'_>,
        _: &mut dyn Write,
    ) -> Result<(), ExportError> {
        for (number, line) in (1..).zip(dated.entry.lines()) {
            self.put_line(plan, dated, number, line)?;
        }
        Ok(())
    }

    fn end(&mut self, plan: &Plan, out: &mut dyn Write) -> Result<(), ExportError> {
        for (currency, total) in totals(plan) {
            self.row += 1;
            self.sheet.write_string(self.row, 0, "合计")?;
            put_money(&mut self.sheet, self.row, 7, total.debit, currency)?;
            put_money(&mut self.sheet, self.row, 8, total.credit, currency)?;
            self.sheet.write_string(self.row, 9, currency.code())?;
        }
        let mut book = ledger_book(plan)?;
        // Software that imports vouchers reads the first sheet.
        book.push_worksheet(std::mem::take(&mut self.sheet));
        put_heading(&mut book, &heading(plan))?;
        out.write_all(&book.save_to_buffer()?)?;
        Ok(())
    }
}
