//! Alipay's statements for people: three generations of one file.
//!
//! Facts (formats.md of the project's research): the first generation has the totals behind the
//! table and the state of the money in a column of its own; the second begins with the header; the
//! third has everything before the table. The direction is a word, never a sign. A refund's serial
//! is the original's with a suffix behind `_` or `*`.
//! Invariants: a closed row keeps its kind and moves no money; what is neither income nor expense
//! is a refund, a transfer or neutral by the words beside it.
//! Deliberately not here: files that a merchant downloads.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind, LineStatus};

use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Epoch, read_moment};
use super::money::read_money;
use super::notices::{ALL_ROWS, read_notice};
use super::statement::Outcome;
use super::table::{Cells, Header, Row, Table};

/// Note 6 of these files says that their rows need not add up to their totals: a difference is a
/// warning.
const fn personal(id: &'static str) -> Layout {
    Layout { id, channel: Some(Channel::Alipay), totals: Outcome::Warn, others: Outcome::Warn }
}

static GEN_1: Layout = personal("alipay-personal-1");
static GEN_2: Layout = personal("alipay-personal-2");
static GEN_3: Layout = personal("alipay-personal-3");

pub(super) const WEB_COLUMNS: &[&str] =
    &["交易号", "付款时间", "交易对方", "金额(元)", "收/支", "交易状态", "资金状态"];
pub(super) const APP_COLUMNS: &[&str] =
    &["交易时间", "交易分类", "交易对方", "收/支", "金额", "交易状态", "交易订单号"];

/// What the generations call the same things.
struct Names {
    time: &'static [&'static str],
    serial: &'static str,
    amount: &'static str,
    kind: &'static str,
    note: &'static str,
    direction: &'static str,
}

const WEB: Names = Names {
    time: &["付款时间", "交易创建时间"],
    serial: "交易号",
    amount: "金额(元)",
    kind: "类型",
    note: "商品名称",
    direction: "资金状态",
};
const APP: Names = Names {
    time: &["交易时间"],
    serial: "交易订单号",
    amount: "金额",
    kind: "交易分类",
    note: "商品说明",
    direction: "收/支",
};

/// The header tells the generations of the app apart: the third has notes and the totals before
/// the table.
pub(super) fn read_app(table: &Table, header: &Header) -> Draft {
    let layout = if header.has("备注") { &GEN_3 } else { &GEN_2 };
    read(table, header, &APP, layout)
}

pub(super) fn read_web(table: &Table, header: &Header) -> Draft {
    read(table, header, &WEB, &GEN_1)
}

fn read(table: &Table, header: &Header, names: &Names, layout: &'static Layout) -> Draft {
    let mut draft = Draft::new(layout);
    for row in table.before(header) {
        read_notice(&row.text(), &mut draft);
    }
    let mut behind_ruler = false;
    for row in table.behind(header).iter().filter(|row| !row.is_blank()) {
        behind_ruler |= row.is_ruler();
        if behind_ruler {
            read_notice(&row.text(), &mut draft);
            continue;
        }
        match read_row(table.epoch, header, row, names, &mut draft) {
            Ok(line) => {
                let cells = header.cells(row);
                draft.tally(ALL_ROWS, line.gross);
                draft.tally(cells.get(names.direction), line.gross);
                draft.accept(row, line, cells.get(names.kind));
            }
            Err(reason) => draft.reject(row, &reason),
        }
    }
    draft
}

fn read_row(
    epoch: Epoch,
    header: &Header,
    row: &Row,
    names: &Names,
    draft: &mut Draft,
) -> Result<Line, RowError> {
    let cells = header.fitting(row)?;
    if row.cells.len() + 1 < header.width() {
        return Err(RowError::Short);
    }
    let said_time = names.time.iter().find_map(|name| cells.said(name));
    let moment = said_time.and_then(|text| read_moment(text, epoch)).ok_or(RowError::Time)?;
    let gross = read_money(cells.get(names.amount), Currency::Cny)?;
    let mut line = bare_line(row.number, cells.get(names.serial), gross, moment);
    line.merchant_no = cells.said("商家订单号").map(kept);
    line.counterparty = kept(cells.get("交易对方"));
    line.note = kept(cells.get(names.note));
    line.raw_status = kept(cells.get("交易状态"));
    line.kind = kind(&cells, names, draft);
    line.status = status(&line.raw_status, draft);
    if let Some(fee) = cells.said("服务费(元)") {
        line.fee = super::money::magnitude(read_money(fee, Currency::Cny)?);
    }
    if let Some(back) = cells.said("成功退款(元)") {
        line.status = refunded(line.status, line.gross, read_money(back, Currency::Cny)?);
    }
    Ok(line)
}

fn kind(cells: &Cells<'_>, names: &Names, draft: &mut Draft) -> LineKind {
    let note = cells.get(names.note);
    let category = cells.get(names.kind);
    let is_refund =
        category == "退款" || note.starts_with("退款-") || cells.get("交易状态") == "退款成功";
    match cells.get("收/支") {
        "收入" if is_refund => LineKind::RefundIn,
        "收入" => LineKind::PayIn,
        "支出" => LineKind::PayOut,
        "其他" | "不计收支" | "" if is_refund => LineKind::RefundIn,
        "其他" | "不计收支" | "" => aside(category, note),
        word => {
            draft.unknown_word("收/支", word);
            LineKind::Unknown
        }
    }
}

/// Money that Alipay counts as neither income nor expense.
fn aside(category: &str, note: &str) -> LineKind {
    let says = |word: &str| category.contains(word) || note.contains(word);
    if says("提现") {
        LineKind::Withdrawal
    } else if ["余额宝", "充值", "投资理财", "蚂蚁财富", "转账到自己"].iter().any(|word| says(word))
    {
        LineKind::Transfer
    } else {
        LineKind::Neutral
    }
}

fn status(word: &str, draft: &mut Draft) -> LineStatus {
    match word {
        "交易成功" | "支付成功" | "退款成功" | "还款成功" | "退税成功" | "解冻成功"
        | "转账成功" | "充值成功" | "提现成功" | "缴费成功" | "交易完成" => {
            LineStatus::Ok
        }
        "交易关闭" | "已关闭" | "交易取消" | "支付失败" | "还款失败" | "转账失败" => {
            LineStatus::Closed
        }
        "等待付款" | "等待确认收货" | "等待发货" | "等待对方发货" | "等待对方付款" | "处理中"
        | "提现处理中" | "还款处理中" => LineStatus::Pending,
        _ => {
            draft.unknown_word("交易状态", word);
            LineStatus::Unknown
        }
    }
}

/// The first generation writes what was given back into the original's row.
fn refunded(status: LineStatus, gross: Amount, back: Amount) -> LineStatus {
    match back.minor() {
        ..=0 => status,
        minor if minor >= gross.minor() => LineStatus::RefundedFull,
        _ => LineStatus::RefundedPart(back),
    }
}
