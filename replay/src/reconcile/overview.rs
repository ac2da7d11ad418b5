//! The first page of the report: what it was made of, the numbers of each wallet on both sides,
//! what is open in the books, and the report's own checks.
//!
//! Invariants: a row is there on every day, so that two days read alike.
//! Deliberately not here: single items (`details`).

use duizhang_core::amount::Currency;
use duizhang_core::reconciliation::Class;

use super::numbers::{Both, Standing, WalletDay};
use super::report::{DayReport, StatementCheck, Verdict};
use super::sheets::{Cell, Column, Kind, Sheet, Sums, Table, Tone, column};

/// What the words on the page mean: sources disagree about two of them.
pub(super) const MEANINGS: [(&str, &str, &str); 4] = [
    ("长款 (仅渠道有)", "surplus", "渠道实收多于我方账面 the channel has more than our books say"),
    ("短款 (仅我方有)", "shortage", "渠道实收少于我方账面 the channel has less than our books say"),
    (
        "跨日",
        "cross-day",
        "渠道记在本日, 我方在另一日得知; 计入渠道之日 counted on the channel's day",
    ),
    (
        "待判/待出",
        "undecided",
        "多种可能, 或待邻日或未到的账单 several could be meant, or another file decides",
    ),
];

/// A number with its noun.
fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

impl DayReport {
    /// The verdict in one line.
    pub(super) fn verdict(&self) -> String {
        let proposed = self.proposals.len() + self.proposals_unlisted;
        let open = self.waiting - proposed;
        let waits = self.pool.iter().filter(|line| line.class == Class::Pool.word()).count();
        let failed = self.checks.iter().filter(|check| !check.holds()).count();
        match (open, proposed) {
            (0, 0) if self.agrees && waits == 0 => "平 everything agrees".to_owned(),
            (0, 0) if self.agrees => {
                let items = counted(waits, "item");
                format!(
                    "平 ({waits} 项待账单) everything agrees so far, {items} without a statement"
                )
            }
            (0, 0) => format!("自检不通过: {} of the report fail", counted(failed, "check")),
            (open, 0) => {
                format!("不平 ({open} 项待处理) {} for a person", counted(open, "difference"))
            }
            (0, proposed) => {
                format!(
                    "待确认 ({proposed} 对) {} for a person to confirm",
                    counted(proposed, "pair")
                )
            }
            (open, proposed) => format!(
                "不平 ({open} 项待处理, {proposed} 对待确认) {} for a person, {} to confirm",
                counted(open, "difference"),
                counted(proposed, "pair")
            ),
        }
    }

    /// What the report was made of, as names and values.
    pub(super) fn origin(&self) -> Vec<(&'static str, &'static str, String)> {
        let policy = self.policy.as_ref().map_or_else(
            || "无 none".to_owned(),
            |policy| format!("位置 {} 事件哈希 {}", policy.position, policy.digest),
        );
        let closed = self.closed.as_ref().map_or_else(
            || "未关账 open".to_owned(),
            |closed| {
                format!(
                    "已关账 closed by {} at position {} (accepted {}): {}",
                    closed.by, closed.position, closed.accepted, closed.reason
                )
            },
        );
        let known_until = match self.known_until.as_str() {
            "" => "before the first event",
            until => until,
        };
        vec![
            ("账务日", "business day", format!("{} ({})", self.day, self.time_zone)),
            ("结论", "verdict", self.verdict()),
            ("关账", "state of the day", closed),
            ("运行", "run", format!("#{}", self.run)),
            ("事件位置", "position", format!("{} ({known_until})", self.position)),
            ("日志根", "log root", self.root.clone()),
            ("规则版本", "policy in force", policy),
            ("比对参数", "terms", self.terms.clone()),
        ]
    }

    pub(super) fn overview(&self, units_max: usize) -> Sheet {
        let mut origin = Table::new(
            "origin",
            ("依据", "made of"),
            &[("项目", "what", Kind::Text), ("内容", "value", Kind::Text)],
        );
        for (zh, en, value) in self.origin() {
            let tone = if zh == "结论" { Tone::Strong } else { Tone::Plain };
            origin.push(tone, vec![Cell::text(format!("{zh} {en}")), Cell::text(value)]);
        }
        let mut tables = vec![origin];
        tables.extend(self.money(units_max));
        tables.extend([standing(&self.standing), checks(&self.checks), meanings()]);
        Sheet { zh: "概览", en: "overview", tables }
    }

    /// The numbers of the wallets, side by side as many as fit.
    pub(super) fn money(&self, units_max: usize) -> Vec<Table> {
        let mut units: Vec<&WalletDay> = Vec::new();
        let mut sums = Vec::new();
        for total in &self.totals {
            let own = self.wallets.iter().filter(|day| day.currency == total.currency);
            let from = units.len();
            units.extend(own);
            if units.len() > from + 1 {
                sums.push((units.len(), (from..units.len()).collect::<Vec<_>>()));
                units.push(total);
            }
        }
        if units.len() > units_max {
            return units.chunks(units_max).map(|units| money(units, Sums::None)).collect();
        }
        let sides = |(total, parts): &(usize, Vec<usize>)| {
            let place = |unit: usize, side: usize| unit * 2 + 1 + side;
            [0, 1].map(|side| {
                (place(*total, side), parts.iter().map(|unit| place(*unit, side)).collect())
            })
        };
        vec![money(&units, Sums::Across(sums.iter().flat_map(sides).collect()))]
    }
}

type Line = (&'static str, &'static str, Tone, fn(&WalletDay) -> [Cell; 2]);

fn both(day: &WalletDay, both: Both) -> [Cell; 2] {
    [Cell::tally(both.channel, day.currency), Cell::tally(both.ours, day.currency)]
}

fn balances(day: &WalletDay, channel: Option<i128>, ours: Option<i128>) -> [Cell; 2] {
    [Cell::balance(channel, day.currency), Cell::balance(ours, day.currency)]
}

/// The rows of the numbers, in the order of a page of finance.
const LINES: [Line; 17] = [
    ("期初余额", "opening balance", Tone::Strong, |day| {
        balances(day, day.opening_channel, Some(day.opening_ours))
    }),
    ("收款 笔/额", "received", Tone::Strong, |day| both(day, day.receipts.received)),
    ("· 一致", "agreed", Tone::Plain, |day| both(day, day.receipts.agreed)),
    ("· 仅渠道有 (长款)", "only channel", Tone::Plain, |day| {
        both(day, day.receipts.only_channel)
    }),
    ("· 仅我方有 (短款)", "only ours", Tone::Plain, |day| both(day, day.receipts.only_ours)),
    ("· 金额不符", "amount differs", Tone::Plain, |day| {
        both(day, day.receipts.amount_differs)
    }),
    ("· 状态不符", "status differs", Tone::Plain, |day| {
        both(day, day.receipts.status_differs)
    }),
    ("· 其他不符", "other data differ", Tone::Plain, |day| {
        both(day, day.receipts.other_differs)
    }),
    ("· 拆分合并", "split", Tone::Plain, |day| both(day, day.receipts.split)),
    ("· 待判/待出", "undecided", Tone::Plain, |day| both(day, day.receipts.undecided)),
    ("重复 (未计入)", "repeated, not counted", Tone::Plain, |day| {
        both(day, day.receipts.repeated)
    }),
    ("其中跨日", "of it cross-day", Tone::Plain, |day| both(day, day.receipts.cross_day)),
    ("退款/退回", "refunds", Tone::Strong, |day| both(day, day.refunds)),
    ("手续费", "fees", Tone::Strong, |day| both(day, day.fees)),
    ("提现", "withdrawals", Tone::Strong, |day| both(day, day.withdrawals)),
    ("其他收支", "everything else", Tone::Strong, |day| both(day, day.other)),
    ("期末余额", "closing balance", Tone::Strong, |day| {
        balances(day, day.closing_channel, Some(day.closing_ours))
    }),
];

fn money(units: &[&WalletDay], sums: Sums) -> Table {
    let mut columns: Vec<Column> = vec![column("项目", "what", Kind::Text)];
    for unit in units {
        let name = if unit.wallet == "total" { "合计" } else { &unit.wallet };
        let uncovered = if unit.covered { "" } else { " (账单未覆盖全日)" };
        let currency = if unit.currency == Currency::Cny { "" } else { unit.currency.code() };
        let channel = unit.channel.as_str();
        let channel = if channel.is_empty() { "channel" } else { channel };
        columns.push(column(format!("{name} 渠道{uncovered}"), channel, Kind::Tally));
        let ours = format!("ours {currency}");
        columns.push(column(format!("{name} 我方"), ours.trim_end(), Kind::Tally));
    }
    let mut table = Table::new("numbers", ("收款与余额", "receipts and balances"), &[]);
    table.columns = columns;
    for (zh, en, tone, cells) in LINES {
        let sides = units.iter().flat_map(|day| cells(day));
        let label = Cell::text(format!("{zh} {en}"));
        table.push(tone, std::iter::once(label).chain(sides).collect());
    }
    let gaps = units.iter().flat_map(|day| {
        balances(day, day.difference(), None).map(|cell| match cell {
            Cell::Sum { minor: None, .. } => Cell::text(""),
            cell => cell,
        })
    });
    let label = Cell::text("差额 渠道 - 我方 channel less ours");
    table.push(Tone::Plain, std::iter::once(label).chain(gaps).collect());
    table.sums = sums;
    table
}

fn standing(standing: &[Standing]) -> Table {
    let mut table = Table::new(
        "standing",
        ("日终未结", "open at the end of the day"),
        &[("项目", "what", Kind::Text), ("笔/额", "count and sum", Kind::Tally)],
    );
    for one in standing {
        let of = one.currency;
        let balance = |minor| Cell::balance(Some(minor), of);
        let rows = [
            ("未认领 (暂收款) money without an order", Cell::tally(one.unclaimed, of)),
            ("· 其中重复付款 of it paid twice", Cell::tally(one.paid_twice, of)),
            ("应收未收 receivable", balance(one.receivable)),
            ("待退款 refunds due", balance(one.refunds_due)),
            ("多收待退 overpaid", balance(one.overpaid)),
            ("长款已挂账 surplus booked", balance(one.long)),
            ("短款已挂账 shortage booked", balance(one.short)),
            ("提现在途 withdrawn, not at the bank", balance(one.in_transit)),
        ];
        for (label, cell) in rows {
            table.push(Tone::Plain, vec![Cell::text(label), cell]);
        }
    }
    table
}

pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "✓ holds",
        Verdict::Fails => "✗ FAILS",
        Verdict::Unknown => "- not checked",
    }
}

fn checks(checks: &[StatementCheck]) -> Table {
    let mut table = Table::new(
        "checks",
        ("自检", "the report's own checks"),
        &[
            ("结果", "verdict", Kind::Text),
            ("等式", "equation", Kind::Text),
            ("数", "numbers", Kind::Text),
        ],
    );
    for check in checks {
        let tone = if check.holds() { Tone::Plain } else { Tone::Alarm };
        table.push(
            tone,
            vec![
                Cell::text(verdict_word(check.verdict)),
                Cell::text(check.what.clone()),
                Cell::text(check.numbers.clone()),
            ],
        );
    }
    table
}

fn meanings() -> Table {
    let columns = [("词", "word", Kind::Text), ("含义", "meaning", Kind::Text)];
    let mut table = Table::new("words", ("用词", "words"), &columns);
    for (zh, en, meaning) in MEANINGS {
        table.push(Tone::Quiet, vec![Cell::text(format!("{zh} {en}")), Cell::text(meaning)]);
    }
    table
}
