//! Tables that a mapping describes: banks, JD, Meituan, QQ wallet, and whatever comes next.
//!
//! Invariants: an amount goes the way that its sign, its column or its word says, and a word that
//! the mapping does not name makes the line's kind unknown; a row that has neither a time nor an
//! amount, or a total (合计) instead of a time, is a remark of the file and no row.
//! Deliberately not here: guessing columns.

use std::sync::LazyLock;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::statement::{Line, LineKind, LineStatus};
use regex::Regex;

use super::banks;
use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::mapping::{DateOrder, Mapping, MappingError};
use super::moment::{Epoch, Moment, day_in_china, read_moment};
use super::money::{magnitude, one_side, read_money};
use super::notices::{ALL_ROWS, read_notice};
use super::statement::Outcome;
use super::table::{Cells, Header, Row, Table};

/// Nothing is known of such a table but what the mapping says.
static MAPPED: Layout =
    Layout { id: "mapped", channel: None, totals: Outcome::Warn, others: Outcome::Warn };

/// What JD writes behind an amount about refunds, and a card's file about the country.
static BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([^(（]+)[(（](?:已退款([0-9.,]+)|(已全额退款)|[A-Z]{2})[)）]$")
        .expect("a constant that the tests run")
});

pub(super) fn read(table: &Table, mapping: &Mapping) -> Result<Draft, MappingError> {
    let headings = mapping.headings();
    let header =
        table.find_header(&headings).ok_or_else(|| MappingError::NoHeader(headings.join(", ")))?;
    let mut draft = Draft::new(&MAPPED);
    for row in table.before(&header) {
        read_notice(&row.text(), &mut draft);
    }
    let reader = Reader { mapping, header: &header, epoch: table.epoch };
    for row in table.behind(&header).iter().filter(|row| !row.is_blank()) {
        reader.take(row, &mut draft);
    }
    Ok(draft)
}

struct Reader<'a> {
    mapping: &'a Mapping,
    header: &'a Header,
    epoch: Epoch,
}

impl Reader<'_> {
    fn take(&self, row: &Row, draft: &mut Draft) {
        let cells = self.header.cells(row);
        let columns = &self.mapping.columns;
        let amounts = [&columns.amount, &columns.income, &columns.expense];
        let has_amount = amounts.into_iter().any(|column| said(&cells, column).is_some());
        let is_total = cells.get(&columns.time).contains("合计");
        if row.is_ruler() || is_total || (cells.said(&columns.time).is_none() && !has_amount) {
            read_notice(&row.text(), draft);
            return;
        }
        let read = self.header.fitting(row);
        match read.and_then(|cells| self.line(&cells, row, draft)) {
            Ok((line, movement)) => {
                draft.tally(ALL_ROWS, line.gross);
                if let Some(word) = said(&cells, &columns.direction) {
                    draft.tally(word, line.gross);
                }
                if let Some(balance) = line.balance {
                    draft.link(movement, balance);
                }
                draft.accept(row, line, said(&cells, &columns.kind).unwrap_or_default());
            }
            Err(reason) => draft.reject(row, &reason),
        }
    }

    fn line(
        &self,
        cells: &Cells<'_>,
        row: &Row,
        draft: &mut Draft,
    ) -> Result<(Line, Amount), RowError> {
        let columns = &self.mapping.columns;
        let of = |column: &Option<String>| said(cells, column).unwrap_or_default();
        let currency = self.currency(cells)?;
        let (amount, back) = self.amount(cells, currency)?;
        let moment = self.moment(cells).ok_or(RowError::Time)?;
        let mut line = bare_line(row.number, of(&columns.serial), amount, moment);
        line.merchant_no = said(cells, &columns.merchant_no).map(kept);
        line.counterparty = kept(of(&columns.counterparty));
        line.note = kept(of(&columns.note));
        line.raw_status = kept(of(&columns.status));
        if let Some(fee) = said(cells, &columns.fee) {
            line.fee = magnitude(read_money(fee, currency)?);
        }
        if let Some(text) = said(cells, &columns.balance) {
            line.balance = read_money(text, currency).ok();
            if line.balance.is_none() {
                draft.unknown_word("balance", text);
            }
        }
        line.kind = self.kind(cells, amount, draft);
        line.status = back.unwrap_or_else(|| self.status(cells, draft));
        let goes = matches!(line.kind, LineKind::PayOut | LineKind::RefundOut);
        let movement = if goes { -line.gross.minor() } else { line.gross.minor() };
        Ok((line, Amount::from_minor(movement, currency)))
    }

    fn currency(&self, cells: &Cells<'_>) -> Result<Currency, RowError> {
        match said(cells, &self.mapping.columns.currency) {
            None => Ok(self.mapping.currency()),
            Some("人民币") => Ok(Currency::Cny),
            Some(code) => banks::currency(code),
        }
    }

    /// The signed amount, and what stands behind it about refunds.
    fn amount(
        &self,
        cells: &Cells<'_>,
        currency: Currency,
    ) -> Result<(Amount, Option<LineStatus>), RowError> {
        let columns = &self.mapping.columns;
        let Some(column) = &columns.amount else {
            let sides = [&columns.income, &columns.expense];
            let [income, expense] = sides.map(|column| said(cells, column));
            return Ok((one_side(income, expense, currency)?, None));
        };
        let text = cells.get(column);
        let Some(found) = BEHIND.captures(text) else {
            return Ok((read_money(text, currency)?, None));
        };
        let status = match (found.get(2), found.get(3)) {
            (Some(back), _) => Some(LineStatus::RefundedPart(read_money(back.as_str(), currency)?)),
            (None, Some(_)) => Some(LineStatus::RefundedFull),
            (None, None) => None,
        };
        Ok((read_money(&found[1], currency)?, status))
    }

    fn moment(&self, cells: &Cells<'_>) -> Option<Moment> {
        let columns = &self.mapping.columns;
        let text = cells.get(&columns.time);
        let clock = said(cells, &columns.clock).map(spelled_clock);
        let order = self.mapping.date_order().filter(|order| *order != DateOrder::Ymd);
        let Some(order) = order else {
            let whole = clock.map_or_else(|| text.to_owned(), |clock| format!("{text} {clock}"));
            return read_moment(&whole, self.epoch);
        };
        let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut parts = first.split(['/', '-', '.']).map(|part| part.parse().ok());
        let day = order.day([parts.next()??, parts.next()??, parts.next()??])?;
        let clock = clock.unwrap_or_else(|| rest.trim().to_owned());
        if clock.is_empty() {
            return Some(day_in_china(day));
        }
        read_moment(&format!("{day} {clock}"), self.epoch)
    }

    fn kind(&self, cells: &Cells<'_>, amount: Amount, draft: &mut Draft) -> LineKind {
        let (columns, words) = (&self.mapping.columns, &self.mapping.words);
        let kind_word = said(cells, &columns.kind).unwrap_or_default();
        let is_refund = has(&words.refund, kind_word);
        let is_neutral = has(&words.neutral, kind_word);
        let goes = match said(cells, &columns.direction) {
            None if columns.direction.is_some() => return LineKind::Neutral,
            None => amount.minor() < 0,
            Some(word) if has(&words.income, word) => false,
            Some(word) if has(&words.expense, word) => true,
            // A refund that is counted as neither came back to the one whose file it is.
            Some(word) if has(&words.neutral, word) && is_refund => return LineKind::RefundIn,
            Some(word) if has(&words.neutral, word) => return LineKind::Neutral,
            Some(word) => {
                draft.unknown_word("direction", word);
                return LineKind::Unknown;
            }
        };
        match (is_refund, goes) {
            (true, false) => LineKind::RefundIn,
            (true, true) => LineKind::RefundOut,
            (false, _) if is_neutral => LineKind::Neutral,
            (false, false) => LineKind::PayIn,
            (false, true) => LineKind::PayOut,
        }
    }

    fn status(&self, cells: &Cells<'_>, draft: &mut Draft) -> LineStatus {
        let words = &self.mapping.words;
        let Some(word) = said(cells, &self.mapping.columns.status) else {
            return LineStatus::Ok;
        };
        if has(&words.ok, word) {
            LineStatus::Ok
        } else if has(&words.closed, word) {
            LineStatus::Closed
        } else if has(&words.pending, word) {
            LineStatus::Pending
        } else {
            draft.unknown_word("status", word);
            LineStatus::Unknown
        }
    }
}

fn has(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known == word)
}

fn said<'a>(cells: &Cells<'a>, column: &Option<String>) -> Option<&'a str> {
    column.as_deref().and_then(|column| cells.said(column))
}

/// A clock without colons: `123456`.
fn spelled_clock(text: &str) -> String {
    let is_bare = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_bare { format!("{}:{}:{}", &text[..2], &text[2..4], &text[4..]) } else { text.to_owned() }
}
