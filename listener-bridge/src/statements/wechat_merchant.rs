//! WeChat's statements for merchants: trade bills (ALL, SUCCESS, REFUND and the one of 2014) and
//! fund bills.
//!
//! Facts (formats.md of the project's research): data begin with backticks, headers do not; a
//! second header with one line of totals ends the bill; the amount to compare is that of the order,
//! not the one that is settled; a refund's row has the payment's number beside its own; a refund's
//! state is frozen when the bill is made.
//! Invariants: payment and refund share their base; a bill without its totals was cut off.
//! Deliberately not here: the download and its SHA-1.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind, LineStatus};

use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Epoch, read_moment};
use super::money::{Rounded, magnitude, read_fee, read_money};
use super::notices::ALL_ROWS;
use super::statement::{Check, Declared, Outcome};
use super::table::{Cells, Header, Row, Table};

const fn merchant(id: &'static str) -> Layout {
    Layout { id, channel: Some(Channel::Wechat), totals: Outcome::Fail, others: Outcome::Fail }
}

static ALL: Layout = merchant("wechat-merchant-all");
static SUCCESS: Layout = merchant("wechat-merchant-success");
static REFUND: Layout = merchant("wechat-merchant-refund");
static OF_2014: Layout = merchant("wechat-merchant-2014");
static FUNDS: Layout = merchant("wechat-merchant-funds");

pub(super) const TRADES_COLUMNS: &[&str] =
    &["交易时间", "商户号", "微信订单号", "商户订单号", "交易类型", "交易状态", "货币种类"];
pub(super) const FUNDS_COLUMNS: &[&str] = &[
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
];

/// A column of sums, and the declared total of it in the new bills or in those of 2014.
const SUMMED: &[(&str, &str)] = &[
    ("应结订单金额", "应结订单总金额"),
    ("订单金额", "订单总金额"),
    ("总金额", "总交易额"),
    ("退款金额", "退款总金额"),
    ("退款金额", "总退款金额"),
    ("申请退款金额", "申请退款总金额"),
    ("手续费", "手续费总金额"),
];

pub(super) fn read_trades(table: &Table, header: &Header) -> Draft {
    let layout = if header.has("总金额") {
        &OF_2014
    } else if header.has("退款申请时间") {
        &REFUND
    } else if header.has("微信退款单号") {
        &ALL
    } else {
        &SUCCESS
    };
    let mut draft = Draft::new(layout);
    let (rows, summary) = cut_summary(table.behind(header), "总交易单数");
    let mut rounded = 0_usize;
    for row in rows {
        let cells = header.cells(row);
        let read = header.fitting(row);
        match read.and_then(|cells| trade(table.epoch, &cells, row, &mut draft)) {
            Ok((line, was_rounded)) => {
                rounded += usize::from(was_rounded == Rounded::Yes);
                tally_columns(&cells, &mut draft);
                draft.name_account(cells.get("商户号"));
                draft.accept(row, line, cells.get("交易状态"));
            }
            Err(reason) => draft.reject(row, &reason),
        }
    }
    if rounded > 0 {
        let detail = format!("{rounded} fees have parts of a fen and were rounded");
        draft.find(Check::Precision, Outcome::Warn, detail);
    }
    for (name, text) in summary {
        let count = (name == "总交易单数").then(|| whole(&text)).flatten();
        if name == "总交易单数" {
            draft.declare(Declared { word: ALL_ROWS.to_owned(), count, sum: None });
        } else if SUMMED.iter().any(|(_, total)| *total == name) {
            let sum = read_money(&text, Currency::Cny).ok();
            draft.declare(Declared { word: name, count: None, sum });
        }
    }
    draft
}

/// Adds each amount of a row to the total that the bill declares for its column.
fn tally_columns(cells: &Cells<'_>, draft: &mut Draft) {
    draft.tally(ALL_ROWS, Amount::fen(0));
    for (column, total) in SUMMED {
        let amount = cells.said(column).and_then(|text| read_fee(text, Currency::Cny).ok());
        if let Some((amount, _)) = amount {
            draft.tally(total, amount);
        }
    }
}

fn trade(
    epoch: Epoch,
    cells: &Cells<'_>,
    row: &Row,
    draft: &mut Draft,
) -> Result<(Line, Rounded), RowError> {
    let word = cells.said("货币种类").unwrap_or("CNY");
    let currency: Currency = word.parse().map_err(|_| RowError::Currency(kept(word)))?;
    let named = |name: &str| cells.said(name).filter(|text| *text != "0");
    let back = ["申请退款金额", "退款金额"].iter().find_map(|name| cells.said(name));
    let back = back.map(|text| read_money(text, currency)).transpose()?;
    let back = back.filter(|amount| amount.minor() != 0);
    let state = cells.get("交易状态");
    let is_refund = state == "REFUND" || back.is_some();
    let time =
        ["退款成功时间", "退款申请时间", "交易时间"].iter().find_map(|name| cells.said(name));
    let moment = time.and_then(|text| read_moment(text, epoch)).ok_or(RowError::Time)?;
    let paid = ["订单金额", "总金额", "应结订单金额"].iter().find_map(|name| cells.said(name));
    let gross = match back {
        Some(back) => back,
        None => read_money(paid.unwrap_or_default(), currency)?,
    };
    let number = cells.get("微信订单号");
    let serial = named("微信退款单号").filter(|_| is_refund).unwrap_or(number);
    let mut line = bare_line(row.number, serial, gross, moment);
    line.serial_base = kept(number);
    line.merchant_no = named("商户订单号").map(kept);
    line.counterparty = kept(cells.get("用户标识"));
    line.note = kept(cells.get("商品名称"));
    line.kind = if is_refund { LineKind::RefundOut } else { LineKind::PayIn };
    line.raw_status = kept(&[state, cells.get("退款状态")].join(" "));
    line.status = match (state, cells.get("退款状态")) {
        ("SUCCESS", "") | ("REFUND" | "REVOKED", "SUCCESS") => LineStatus::Ok,
        ("REFUND" | "REVOKED", "PROCESSING" | "CHANGE") => LineStatus::Pending,
        ("REFUND" | "REVOKED", "FAIL") | ("REVOKED", "") => LineStatus::Closed,
        (state, refund) => {
            draft.unknown_word("交易状态", &format!("{state} {refund}"));
            LineStatus::Unknown
        }
    };
    let (fee, rounded) = read_fee(cells.said("手续费").unwrap_or("0"), currency)?;
    line.fee = magnitude(fee);
    Ok((line, rounded))
}

pub(super) fn read_funds(table: &Table, header: &Header) -> Draft {
    let mut draft = Draft::new(&FUNDS);
    let (rows, summary) = cut_summary(table.behind(header), "资金流水总笔数");
    for row in rows {
        let cells = header.cells(row);
        let read = header.fitting(row);
        match read.and_then(|cells| movement(table.epoch, &cells, row, &mut draft)) {
            Ok((line, movement)) => {
                draft.tally(ALL_ROWS, line.gross);
                draft.tally(cells.get("收支类型"), line.gross);
                if let Some(balance) = line.balance {
                    draft.link(movement, balance);
                }
                draft.accept(row, line, cells.get("业务类型"));
            }
            Err(reason) => draft.reject(row, &reason),
        }
    }
    let said = |name: &str| summary.iter().find(|(known, _)| known == name).map(|(_, text)| text);
    if !summary.is_empty() {
        let count = said("资金流水总笔数").and_then(|text| whole(text));
        draft.declare(Declared { word: ALL_ROWS.to_owned(), count, sum: None });
        for (word, rows, amount) in
            [("收入", "收入笔数", "收入金额"), ("支出", "支出笔数", "支出金额")]
        {
            let count = said(rows).and_then(|text| whole(text));
            let sum = said(amount).and_then(|text| read_money(text, Currency::Cny).ok());
            draft.declare(Declared { word: word.to_owned(), count, sum });
        }
    }
    draft
}

fn movement(
    epoch: Epoch,
    cells: &Cells<'_>,
    row: &Row,
    draft: &mut Draft,
) -> Result<(Line, Amount), RowError> {
    let moment = read_moment(cells.get("记账时间"), epoch).ok_or(RowError::Time)?;
    let amount = read_money(cells.get("收支金额(元)"), Currency::Cny)?;
    let mut line = bare_line(row.number, cells.get("资金流水单号"), amount, moment);
    line.serial_base = kept(cells.get("微信支付业务单号"));
    line.merchant_no = cells.said("业务凭证号").map(kept);
    line.note = kept(cells.said("备注").unwrap_or_else(|| cells.get("业务名称")));
    line.balance = Some(read_money(cells.get("账户结余(元)"), Currency::Cny)?);
    line.raw_status = kept(cells.get("业务类型"));
    let is_expense = cells.get("收支类型") == "支出";
    if !is_expense && cells.get("收支类型") != "收入" {
        return Err(RowError::Sides);
    }
    line.kind = match (cells.get("业务类型"), is_expense) {
        ("交易", false) => LineKind::PayIn,
        ("退款", true) => LineKind::RefundOut,
        ("扣除交易手续费", true) => LineKind::Fee,
        ("退还交易手续费", false) => LineKind::FeeBack,
        ("提现", _) => LineKind::Withdrawal,
        ("充值", _) => LineKind::Transfer,
        (word, _) => {
            draft.unknown_word("业务类型", word);
            LineKind::Unknown
        }
    };
    let signed = if is_expense { -line.gross.minor() } else { line.gross.minor() };
    Ok((line, Amount::from_minor(signed, Currency::Cny)))
}

/// The rows before the second header, and the totals below it by their names.
pub(super) fn cut_summary<'a>(
    rows: &'a [Row],
    first_name: &str,
) -> (impl Iterator<Item = &'a Row>, Vec<(String, String)>) {
    let is_header = |row: &Row| row.cells.first().is_some_and(|cell| cell == first_name);
    let at = rows.iter().position(is_header).unwrap_or(rows.len());
    let (body, summary) = rows.split_at(at);
    let totals = match summary {
        [names, values, ..] => {
            names.cells.iter().cloned().zip(values.cells.iter().cloned()).collect()
        }
        [] | [_] => Vec::new(),
    };
    (body.iter().filter(|row| !row.is_blank()), totals)
}

/// A count, which some bills write as `45.0`.
pub(super) fn whole(text: &str) -> Option<u32> {
    text.trim_end_matches('0').strip_suffix('.').or(Some(text))?.parse().ok()
}
