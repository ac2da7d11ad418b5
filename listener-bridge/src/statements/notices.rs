//! What stands before and behind the table: account, period, time of export, declared totals.
//!
//! Invariants: a total that cannot be read (`x笔`) is declared without numbers, so that the proof
//! says so; a period is made half-open here and nowhere else.
//! Deliberately not here: the two-line summary of WeChat's merchant bills, which is a table.

use std::sync::LazyLock;

use chrono::{NaiveTime, TimeDelta};
use duizhang_core::amount::Currency;
use duizhang_core::statement::Precision;
use duizhang_core::time::Timestamp;
use regex::Regex;

use super::draft::Draft;
use super::moment::{CHINA_SECONDS, Epoch, read_moment};
use super::money::read_money;
use super::statement::{Declared, Period};

/// The word under which every line is counted.
pub(super) const ALL_ROWS: &str = "共";

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let compiled =
        |pattern: &str| Regex::new(pattern).expect("the patterns are constants that the tests run");
    Patterns {
        rows: compiled(r"共[:：]?\s*(\S+?)\s*笔记录"),
        sum: compiled(concat!(
            r"^(已收入|待收入|已支出|待支出|收入|支出|其他|不计收支|中性交易)[:：]\s*",
            r"([^笔]+)笔(?:[(（][^)）]*[)）])?[,，\s]*([^元]*)元"
        )),
        total: compiled(
            r"^#(交易|退款|支出|收入)合计[:：]\s*(\d+)笔[,，](?:商家实收(?:退款)?)?共([^元]*)元",
        ),
        period: compiled(
            r"(?:起始(?:日期|时间)|日期区间)[:：]\[?([^\]至]+?)\]?(?:\s*终止(?:日期|时间)[:：]\[|\s*至\s*)([^\],]+)\]?",
        ),
        exported: compiled(r"(?:导出|申请)时间[:：]\[?([^\],]+)\]?"),
        account: compiled(
            r"(?:账号|支付宝账户|微信昵称|京东账号名|美团用户名)[:：]\[?([^\],]+)\]?",
        ),
    }
});

struct Patterns {
    rows: Regex,
    sum: Regex,
    total: Regex,
    period: Regex,
    exported: Regex,
    account: Regex,
}

/// Reads one line that is not a row of the table. Lines that say nothing to us are the channel's
/// notes.
pub(super) fn read_notice(text: &str, draft: &mut Draft) {
    let text = text.trim();
    if let Some(found) = PATTERNS.rows.captures(text) {
        let count = found[1].parse().ok();
        draft.declare(Declared { word: ALL_ROWS.to_owned(), count, sum: None });
        return;
    }
    let total = PATTERNS.sum.captures(text).or_else(|| PATTERNS.total.captures(text));
    if let Some(found) = total {
        let count = found[2].trim().parse().ok();
        let sum = read_money(&found[3], Currency::Cny).ok();
        draft.declare(Declared { word: found[1].to_owned(), count, sum });
        return;
    }
    if let Some(found) = PATTERNS.period.captures(text) {
        draft.period = half_open(&found[1], &found[2]);
        return;
    }
    if let Some(found) = PATTERNS.exported.captures(text) {
        draft.exported_at = read_moment(&found[1], Epoch::Year1900).map(|moment| moment.time);
        return;
    }
    if let Some(found) = PATTERNS.account.captures(text) {
        draft.name_account(&found[1]);
    }
}

/// A last second or a last day belongs to the period; midnight is behind it.
fn half_open(from: &str, to: &str) -> Option<Period> {
    let from = read_moment(from, Epoch::Year1900)?;
    let to = read_moment(to, Epoch::Year1900)?;
    let last_second = NaiveTime::from_hms_opt(23, 59, 59)?;
    let local = chrono::DateTime::from_timestamp(to.time.secs() + CHINA_SECONDS, 0)?.time();
    let longer = match to.precision {
        Precision::Day => TimeDelta::days(1),
        Precision::Second | Precision::Minute if local == last_second => TimeDelta::seconds(1),
        Precision::Second | Precision::Minute => TimeDelta::zero(),
    };
    let to = Timestamp::from_secs(to.time.secs() + longer.num_seconds());
    Some(Period { from: from.time, to })
}
