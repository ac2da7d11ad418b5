//! QQ wallet's trade bill for merchants (`qpay_mch_statement_down.cgi`), ALL, SUCCESS and REFUND.
//!
//! Facts, from the answer that a public client library replays in its tests and from the headings
//! that another one lists: thirty columns, 22 of them in a bill of payments alone; a backtick
//! stands before the long numbers only; 暂无数据 is an empty cell; amounts are in yuan, and their
//! headings may or may not say so; a second header with one line of totals ends the bill. The word
//! of a payment that succeeded stands in neither source: 支付成功 is taken from the channel's other
//! pages, and any other word is kept as unknown.
//! Invariants: payment and refund share their base; a bill without its totals was cut off.
//! Deliberately not here: the fund bill (`qpay_mch_acc_roll.cgi`), whose columns no source shows; a
//! mapping reads it.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind, LineStatus};

use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Epoch, read_moment};
use super::money::{magnitude, read_fee, read_money};
use super::notices::ALL_ROWS;
use super::statement::{Declared, Outcome};
use super::table::{Cells, Header, Row, Table};
use super::wechat_merchant::{cut_summary, whole};

static TRADES: Layout = Layout {
    id: "qq-merchant",
    channel: Some(Channel::Qq),
    totals: Outcome::Fail,
    others: Outcome::Fail,
};

pub(super) const COLUMNS: &[&str] =
    &["交易时间", "商户号", "商户订单号", "QQ钱包订单号", "货币种类", "交易状态"];

/// The heading that the totals begin with.
const COUNT: &str = "交易总笔数";

/// A column of sums, and the total that the bill declares for it.
const SUMMED: &[(&str, &str)] =
    &[("订单金额", "订单总金额"), ("退款金额", "退款总金额"), ("手续费金额", "手续费总金额")];

pub(super) fn read(table: &Table, header: &Header) -> Draft {
    let mut draft = Draft::new(&TRADES);
    let (rows, summary) = cut_summary(table.behind(header), COUNT);
    for row in rows {
        let read = header.fitting(row);
        match read.and_then(|cells| trade(table.epoch, &cells, row, &mut draft)) {
            Ok(line) => {
                let cells = header.cells(row);
                draft.tally(ALL_ROWS, Amount::fen(0));
                for (column, total) in SUMMED {
                    if let Some(Ok(amount)) = money(&cells, column).map(yuan) {
                        draft.tally(total, amount);
                    }
                }
                draft.name_account(cells.get("商户号"));
                draft.accept(row, line, cells.get("交易状态"));
            }
            Err(reason) => draft.reject(row, &reason),
        }
    }
    for (name, text) in summary {
        let name = name.trim_end_matches("(元)").to_owned();
        if name == COUNT {
            let count = whole(&text);
            draft.declare(Declared { word: ALL_ROWS.to_owned(), count, sum: None });
        } else if SUMMED.iter().any(|(_, total)| *total == name) {
            draft.declare(Declared { word: name, count: None, sum: yuan(&text).ok() });
        }
    }
    draft
}

/// The text of a column of money, whose heading may name the unit.
fn money<'a>(cells: &Cells<'a>, name: &str) -> Option<&'a str> {
    cells.said(&format!("{name}(元)")).or_else(|| cells.said(name))
}

fn yuan(text: &str) -> Result<Amount, RowError> {
    Ok(read_money(text, Currency::Cny)?)
}

fn trade(epoch: Epoch, cells: &Cells<'_>, row: &Row, draft: &mut Draft) -> Result<Line, RowError> {
    let word = cells.said("货币种类").unwrap_or("CNY");
    if !matches!(word, "RMB" | "CNY") {
        return Err(RowError::Currency(kept(word)));
    }
    let back = money(cells, "退款金额").map(yuan).transpose()?;
    let back = back.filter(|amount| amount.minor() != 0);
    let number = cells.get("QQ钱包订单号");
    let state = cells.said("交易状态").unwrap_or_default();
    let refund_state = cells.said("退款状态").unwrap_or_default();
    let times = match back {
        Some(_) => ["退款成功时间", "退款提交时间", "交易时间"].as_slice(),
        None => &["交易时间"],
    };
    let time = times.iter().find_map(|name| cells.said(name));
    let moment = time.and_then(|text| read_moment(text, epoch)).ok_or(RowError::Time)?;
    let gross = match back {
        Some(back) => back,
        None => yuan(money(cells, "订单金额").unwrap_or_default())?,
    };
    let serial = cells.said("QQ钱包退款订单号").filter(|_| back.is_some()).unwrap_or(number);
    let mut line = bare_line(row.number, serial, gross, moment);
    line.serial_base = kept(number);
    line.merchant_no = cells.said("商户订单号").map(kept);
    line.counterparty = kept(cells.said("用户标识").unwrap_or_default());
    line.note = kept(cells.said("商品名称").unwrap_or_default());
    line.kind = if back.is_some() { LineKind::RefundOut } else { LineKind::PayIn };
    line.raw_status = kept(&[state, refund_state].join(" "));
    line.status = match (state, refund_state) {
        ("支付成功", "") | ("转入退款", "退款成功") => LineStatus::Ok,
        ("转入退款", "退款处理中") => LineStatus::Pending,
        ("转入退款", "退款失败") => LineStatus::Closed,
        (state, refund) => {
            draft.unknown_word("交易状态", format!("{state} {refund}").trim());
            LineStatus::Unknown
        }
    };
    let (fee, _) = read_fee(money(cells, "手续费金额").unwrap_or("0"), Currency::Cny)?;
    line.fee = magnitude(fee);
    Ok(line)
}
