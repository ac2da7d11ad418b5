//! Alipay's statements for merchants: trades (业务明细) and account movements (账务明细).
//!
//! Facts (formats.md of the project's research): a frame of lines that begin with `#`; the end of
//! the period is exclusive; real signs, a refund is negative and keeps the number of its trade; in
//! the account's file one business number has several rows, as a payment and its fee.
//! Invariants: a row's serial is unique, a refund's is the trade's number and the request's; the
//! base is what payment, refund and fee have in common.
//! Deliberately not here: the summary beside the trades, which [`super::reading`] cross-foots.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::channel::Channel;
use duizhang_core::statement::{Line, LineKind};

use super::draft::{Draft, Layout, RowError, bare_line, kept};
use super::moment::{Epoch, read_moment};
use super::money::{magnitude, one_side, read_money};
use super::notices::read_notice;
use super::statement::{Check, Declared, Outcome};
use super::table::{Cells, Header, Row, Table};

const fn merchant(id: &'static str) -> Layout {
    Layout { id, channel: Some(Channel::Alipay), totals: Outcome::Fail, others: Outcome::Fail }
}

static TRADES: Layout = merchant("alipay-merchant-trades");
static ACCOUNT: Layout = merchant("alipay-merchant-account");

pub(super) const TRADES_COLUMNS: &[&str] =
    &["支付宝交易号", "商户订单号", "业务类型", "完成时间", "订单金额(元)", "商家实收(元)"];
pub(super) const ACCOUNT_COLUMNS: &[&str] = &[
    "账务流水号",
    "业务流水号",
    "发生时间",
    "收入金额(+元)",
    "支出金额(-元)",
    "账户余额(元)",
    "业务类型",
];
/// The summary that lies beside the trades.
pub(super) const SUMMARY_COLUMNS: &[&str] =
    &["门店编号", "交易订单总笔数", "退款订单总笔数", "商家实收(元)"];

/// What the summary's sum of payments and refunds is compared with.
const RECEIVED: &str = "商家实收";

pub(super) fn read_trades(table: &Table, header: &Header) -> Draft {
    read(table, header, &TRADES, |epoch, cells, row, draft| {
        let (line, received) = trade(epoch, cells, row, draft)?;
        let word = cells.get("业务类型").to_owned();
        draft.tally(if received.minor() < 0 { "退款" } else { "交易" }, received);
        draft.tally(RECEIVED, received);
        draft.accept(row, line, &word);
        Ok(())
    })
}

pub(super) fn read_account(table: &Table, header: &Header) -> Draft {
    read(table, header, &ACCOUNT, |epoch, cells, row, draft| {
        let (line, movement) = movement(epoch, cells, row, draft)?;
        draft.tally(if movement.minor() < 0 { "支出" } else { "收入" }, movement);
        if let Some(balance) = line.balance {
            draft.link(movement, balance);
        }
        draft.accept(row, line, cells.get("业务类型"));
        Ok(())
    })
}

type ReadRow = fn(Epoch, Cells<'_>, &Row, &mut Draft) -> Result<(), RowError>;

fn read(table: &Table, header: &Header, layout: &'static Layout, read_row: ReadRow) -> Draft {
    let mut draft = Draft::new(layout);
    for row in table.before(header) {
        read_notice(&row.text(), &mut draft);
    }
    for row in table.behind(header).iter().filter(|row| !row.is_blank()) {
        if row.cells.first().is_some_and(|cell| cell.starts_with('#')) {
            read_notice(&row.text(), &mut draft);
            continue;
        }
        let read = header.fitting(row);
        let read = read.and_then(|cells| read_row(table.epoch, cells, row, &mut draft));
        if let Err(reason) = read {
            draft.reject(row, &reason);
        }
    }
    draft
}

fn trade(
    epoch: Epoch,
    cells: Cells<'_>,
    row: &Row,
    draft: &mut Draft,
) -> Result<(Line, Amount), RowError> {
    let time = cells.said("完成时间").or_else(|| cells.said("创建时间"));
    let moment = time.and_then(|text| read_moment(text, epoch)).ok_or(RowError::Time)?;
    let gross = read_money(cells.get("订单金额(元)"), Currency::Cny)?;
    let received = read_money(cells.get("商家实收(元)"), Currency::Cny)?;
    let number = cells.get("支付宝交易号");
    let request = cells.said("退款批次号/请求号");
    let serial = request.map_or_else(|| number.to_owned(), |refund| format!("{number}_{refund}"));
    let mut line = bare_line(row.number, &serial, gross, moment);
    line.serial_base = kept(number);
    line.merchant_no = cells.said("商户订单号").map(kept);
    line.counterparty = kept(cells.get("对方账户"));
    line.note = kept(cells.get("商品名称"));
    if let Some(fee) = cells.said("服务费(元)") {
        line.fee = magnitude(read_money(fee, Currency::Cny)?);
    }
    line.raw_status = kept(cells.get("业务类型"));
    line.kind = match (cells.get("业务类型"), gross.minor() < 0) {
        ("交易", false) => LineKind::PayIn,
        ("退款", _) => LineKind::RefundOut,
        (word, is_negative) => {
            draft.unknown_word("业务类型", word);
            if is_negative { LineKind::RefundOut } else { LineKind::Unknown }
        }
    };
    Ok((line, received))
}

fn movement(
    epoch: Epoch,
    cells: Cells<'_>,
    row: &Row,
    draft: &mut Draft,
) -> Result<(Line, Amount), RowError> {
    let moment = read_moment(cells.get("发生时间"), epoch).ok_or(RowError::Time)?;
    let movement = {
        let (income, expense) = (cells.said("收入金额(+元)"), cells.said("支出金额(-元)"));
        one_side(income, expense, Currency::Cny)?
    };
    let mut line = bare_line(row.number, cells.get("账务流水号"), movement, moment);
    if let Some(base) = cells.said("业务流水号") {
        line.serial_base = kept(base);
    }
    line.merchant_no = cells.said("商户订单号").map(kept);
    line.counterparty = kept(cells.get("对方账号"));
    line.note = kept(cells.said("备注").unwrap_or_else(|| cells.get("商品名称")));
    line.balance = Some(read_money(cells.get("账户余额(元)"), Currency::Cny)?);
    line.raw_status = kept(cells.get("业务类型"));
    line.kind = account_kind(cells.get("业务类型"), movement.minor() < 0, draft);
    Ok((line, movement))
}

fn account_kind(word: &str, is_expense: bool, draft: &mut Draft) -> LineKind {
    match (word, is_expense) {
        ("在线支付" | "交易付款" | "转账", false) => LineKind::PayIn,
        ("在线支付" | "交易付款" | "转账", true) => LineKind::PayOut,
        ("交易退款", false) => LineKind::RefundIn,
        ("交易退款", true) => LineKind::RefundOut,
        ("收费" | "服务费", true) => LineKind::Fee,
        ("收费" | "退费" | "服务费", false) => LineKind::FeeBack,
        ("提现", _) => LineKind::Withdrawal,
        ("充值" | "交易分账", _) => LineKind::Transfer,
        (word, _) => {
            draft.unknown_word("业务类型", word);
            LineKind::Unknown
        }
    }
}

/// The last row of the summary must be what the trades add up to.
pub(super) fn cross_foot(summary: &Table, draft: &mut Draft) {
    let header = summary.find_header(SUMMARY_COLUMNS);
    let total = header.as_ref().and_then(|header| {
        let mut rows = summary.behind(header).iter().map(|row| header.cells(row));
        rows.rfind(|cells| cells.get("门店编号") == "合计")
    });
    let Some(total) = total else {
        let detail = "the summary beside the trades has no row of totals";
        draft.find(Check::Complete, Outcome::Fail, detail);
        return;
    };
    for (word, column) in [("交易", "交易订单总笔数"), ("退款", "退款订单总笔数")]
    {
        let count = total.get(column).parse().ok();
        draft.declare(Declared { word: word.to_owned(), count, sum: None });
    }
    let sum = read_money(total.get("商家实收(元)"), Currency::Cny).ok();
    draft.declare(Declared { word: RECEIVED.to_owned(), count: None, sum });
}
