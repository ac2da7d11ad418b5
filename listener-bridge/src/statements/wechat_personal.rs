//! WeChat's statements for people: CSV until 2025, workbooks since.
//!
//! Facts (formats.md of the project's research): one table of eleven columns in three dresses; an
//! empty cell is `/`; the direction is a word; a withdrawal's amount includes the fee that its
//! remark names; a partial refund is told in the status of the original row.
//! Invariants: every row becomes a line whatever its type, and types that no order is settled by
//! are counted as left out.
//! Deliberately not here: files that a merchant downloads.

use std::sync::LazyLock;

use duizhang_core::amount::Currency;
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind, LineStatus};
use regex::Regex;

use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Epoch, read_moment};
use super::money::read_money;
use super::notices::{ALL_ROWS, read_notice};
use super::statement::Outcome;
use super::table::{Cells, Header, Row, Table};

/// The file does not excuse a difference in its totals, as Alipay's does. Serials of refunds repeat
/// those of their payments.
pub(super) const PERSONAL: Layout = Layout {
    id: "wechat-personal",
    channel: Some(Channel::Wechat),
    totals: Outcome::Fail,
    others: Outcome::Warn,
};

pub(super) const COLUMNS: &[&str] =
    &["交易时间", "交易类型", "交易对方", "收/支", "金额(元)", "当前状态", "交易单号"];

static GIVEN_BACK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^已退款[(（]?[¥￥]([0-9.,]+)[)）]?$").expect("a constant that the tests run")
});
static SERVICE_FEE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"服务费[¥￥]([0-9.,]+)").expect("a constant that the tests run"));

pub(super) fn read(table: &Table, header: &Header) -> Draft {
    let mut draft = Draft::new(&PERSONAL);
    for row in table.before(header) {
        read_notice(&row.text(), &mut draft);
    }
    for row in table.behind(header).iter().filter(|row| !row.is_blank()) {
        match read_row(table.epoch, header, row, &mut draft) {
            Ok(line) => {
                let cells = header.cells(row);
                draft.tally(ALL_ROWS, line.gross);
                draft.tally(direction(&cells), line.gross);
                draft.accept(row, line, cells.get("交易类型"));
            }
            Err(reason) => draft.reject(row, &reason),
        }
    }
    draft
}

fn read_row(epoch: Epoch, header: &Header, row: &Row, draft: &mut Draft) -> Result<Line, RowError> {
    let cells = header.fitting(row)?;
    if row.filled() < 6 {
        return Err(RowError::Short);
    }
    let moment = read_moment(cells.get("交易时间"), epoch).ok_or(RowError::Time)?;
    let gross = read_money(cells.get("金额(元)"), Currency::Cny)?;
    let mut line = bare_line(row.number, cells.get("交易单号"), gross, moment);
    line.merchant_no = cells.said("商户单号").map(kept);
    line.counterparty = kept(cells.said("交易对方").unwrap_or_default());
    line.note = kept(cells.said("商品").or_else(|| cells.said("备注")).unwrap_or_default());
    line.raw_status = kept(cells.get("当前状态"));
    line.kind = kind(&cells, draft);
    line.status = status(&line, draft)?;
    if let Some(fee) = SERVICE_FEE.captures(cells.get("备注")) {
        line.fee = read_money(&fee[1], Currency::Cny)?;
    }
    Ok(line)
}

/// The word of the declared total that a row belongs to.
fn direction<'a>(cells: &Cells<'a>) -> &'a str {
    cells.said("收/支").unwrap_or("中性交易")
}

fn kind(cells: &Cells<'_>, draft: &mut Draft) -> LineKind {
    let word = cells.get("交易类型");
    let is_refund = word.contains("退款");
    if !is_known(word) {
        draft.unknown_word("交易类型", word);
    }
    match direction(cells) {
        "收入" if is_refund => LineKind::RefundIn,
        "收入" => LineKind::PayIn,
        "支出" if is_refund => LineKind::RefundOut,
        "支出" => LineKind::PayOut,
        "中性交易" if word == "零钱提现" => LineKind::Withdrawal,
        "中性交易" if word.contains("零钱") || word.contains("理财通") => {
            LineKind::Transfer
        }
        "中性交易" => LineKind::Neutral,
        other => {
            draft.unknown_word("收/支", other);
            LineKind::Unknown
        }
    }
}

/// The types that have been seen; WeChat adds to them, and a new one is worth a look.
fn is_known(word: &str) -> bool {
    let whole = [
        "商户消费",
        "二维码收款",
        "扫二维码付款",
        "转账",
        "微信红包",
        "群收款",
        "退款",
        "零钱充值",
        "零钱提现",
        "信用卡还款",
        "购买理财通",
        "亲属卡交易",
        "赞赏码",
        "分分捐",
        "其他",
    ];
    let beginnings = ["微信红包（", "微信红包(", "转入零钱通", "零钱通转出", "理财通"];
    whole.contains(&word)
        || word.ends_with("退款")
        || beginnings.iter().any(|beginning| word.starts_with(beginning))
}

fn status(line: &Line, draft: &mut Draft) -> Result<LineStatus, RowError> {
    let is_refund = matches!(line.kind, LineKind::RefundIn | LineKind::RefundOut);
    let word = line.raw_status.as_str();
    // On the refund's own row the words tell what was given back, not what became of the row.
    if is_refund && (word.starts_with("已退款") || word == "已全额退款") {
        return Ok(LineStatus::Ok);
    }
    if let Some(found) = GIVEN_BACK.captures(word) {
        return Ok(LineStatus::RefundedPart(read_money(&found[1], Currency::Cny)?));
    }
    Ok(match word {
        "支付成功" | "已收钱" | "对方已收钱" | "朋友已收钱" | "已转账" | "已存入零钱"
        | "已转入零钱通" | "已到账" | "充值完成" | "充值成功" | "提现已到账" | "还款成功" => {
            LineStatus::Ok
        }
        "已全额退款" | "对方已退还" | "已退还" => LineStatus::RefundedFull,
        "交易关闭" | "提现失败，已退回零钱" | "支付失败" | "已关闭" => {
            LineStatus::Closed
        }
        "待支付" | "待确认收款" | "处理中" | "提现处理中" => LineStatus::Pending,
        _ => {
            draft.unknown_word("当前状态", word);
            LineStatus::Unknown
        }
    })
}
