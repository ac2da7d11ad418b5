//! The other pages of the report: breaks, pairs, what waits, what nobody claims, what was left out,
//! files, vouchers, changed rows.
//!
//! Invariants: both sides of an item stand in one row; a page says how much it does not list.
//! Deliberately not here: numbers of wallets (`overview`).

use duizhang_core::amount::{Amount, Currency};

use super::report::{BreakLine, DayReport, ItemLine, PairLine};
use super::sheets::Kind::{Money, Number, Tally, Text};
use super::sheets::{Cell, Sheet, Sums, Table, Tone};
use super::snapshots::ToldRow;

impl DayReport {
    /// All pages. The numbers of so many wallets stand side by side.
    pub(super) fn sheets(&self, units_max: usize) -> Vec<Sheet> {
        let one = |zh, en, table| Sheet { zh, en, tables: vec![table] };
        vec![
            self.overview(units_max),
            Sheet {
                zh: "差错明细", en: "breaks", tables: vec![self.breaks(), self.proposed()]
            },
            one("一致明细", "agreed", self.agreed()),
            one("跨日·缓冲池", "cross-day and pool", self.pooled()),
            one("未认领", "unclaimed", self.without_order()),
            one("排除项", "left out", self.left_out()),
            one("文件与自证", "files", self.sources()),
            one("凭证", "journal", self.journal()),
            one("变更记录", "changed rows", self.changed()),
        ]
    }

    fn breaks(&self) -> Table {
        let mut table = Table::new(
            "breaks",
            ("差错明细", "breaks"),
            &[
                ("代码", "code", Text),
                ("含义", "meaning", Text),
                ("账户", "wallet", Text),
                ("方向", "direction", Text),
                ("金额", "amount", Money),
                ("状态", "state", Text),
                ("账龄", "age", Text),
                ("责任人", "owner", Text),
                ("我方", "ours", Text),
                ("渠道", "channel", Text),
                ("差错号", "break", Text),
            ],
        );
        for line in &self.breaks {
            let tone = if line.open { Tone::Alarm } else { Tone::Quiet };
            let record = line.record.as_ref();
            table.push(
                tone,
                vec![
                    Cell::text(line.code.clone()),
                    Cell::text(line.meaning.clone()),
                    Cell::text(line.wallet.clone()),
                    Cell::text(line.direction.clone()),
                    Cell::money(line.amount),
                    Cell::text(line.state()),
                    Cell::text(record.map_or("", |record| record.age)),
                    Cell::text(record.map_or("", |record| &record.owner)),
                    Cell::text(all(&line.ours)),
                    Cell::text(all(&line.channel)),
                    Cell::text(line.id.clone()),
                ],
            );
        }
        table.unlisted = self.breaks_unlisted;
        table
    }

    fn proposed(&self) -> Table {
        let mut table = Table::new(
            "proposals",
            ("待确认", "pairs to confirm"),
            &[
                ("账户", "wallet", Text),
                ("等级", "grade", Text),
                ("依据", "found by", Text),
                ("金额", "amount", Money),
                ("我方", "ours", Text),
                ("渠道", "channel", Text),
            ],
        );
        for pair in &self.proposals {
            table.push(
                Tone::Alarm,
                vec![
                    Cell::text(pair.wallet.clone()),
                    Cell::text(pair.grade),
                    Cell::text(pair.by),
                    Cell::money(pair.channel.amount),
                    Cell::text(pair.ours.told()),
                    Cell::text(pair.channel.told()),
                ],
            );
        }
        table.unlisted = self.proposals_unlisted;
        table
    }

    fn agreed(&self) -> Table {
        let mut table = pairs_table("agreed", ("一致明细", "what agrees"), &self.pairs);
        (table.unlisted, table.sums) = (self.pairs_unlisted, Sums::Below);
        table
    }

    fn pooled(&self) -> Table {
        let names = ("跨日·缓冲池", "across midnight, or waiting");
        let mut table = pairs_table("pool", names, &self.pool);
        table.unlisted = self.pool_unlisted;
        table
    }

    fn without_order(&self) -> Table {
        let mut table = Table::new(
            "unclaimed",
            ("未认领", "money without an order"),
            &[
                ("收款", "payment", Text),
                ("科目", "account", Text),
                ("原因", "reason", Text),
                ("时间", "time", Text),
                ("金额", "amount", Money),
                ("事件位置", "position", Number),
            ],
        );
        for one in &self.unclaimed {
            table.push(
                Tone::Plain,
                vec![
                    Cell::text(one.payment.clone()),
                    Cell::text(one.account.clone()),
                    Cell::text(one.reason.clone()),
                    Cell::text(one.time.clone()),
                    Cell::money(one.amount),
                    Cell::Number(one.position.number()),
                ],
            );
        }
        (table.unlisted, table.sums) = (self.unclaimed_unlisted, Sums::Below);
        table
    }

    fn left_out(&self) -> Table {
        let mut table = Table::new(
            "excluded",
            ("排除项", "kinds left out"),
            &[
                ("账户", "wallet", Text),
                ("类别", "kind", Text),
                ("渠道状态", "status", Text),
                ("笔/额", "count and sum", Tally),
            ],
        );
        for kind in &self.excluded {
            let (count, minor) = (Some(kind.count), Some(kind.minor));
            table.push(
                Tone::Plain,
                vec![
                    Cell::text(kind.wallet.clone()),
                    Cell::text(kind.kind),
                    Cell::text(kind.status.clone()),
                    Cell::Sum { count, minor, currency: kind.currency },
                ],
            );
        }
        table
    }

    fn sources(&self) -> Table {
        let mut table = Table::new(
            "files",
            ("文件与自证", "files and their own totals"),
            &[
                ("文件", "file", Text),
                ("账户", "wallet", Text),
                ("版式", "layout", Text),
                ("行数", "rows", Number),
                ("未读行", "not readable", Number),
                ("自证", "own totals", Text),
                ("说明", "findings", Text),
                ("sha256", "digest", Text),
            ],
        );
        let number = |count: usize| Cell::Number(u64::try_from(count).unwrap_or(u64::MAX));
        for file in &self.files {
            let tone = if file.rejected > 0 { Tone::Alarm } else { Tone::Plain };
            table.push(
                tone,
                vec![
                    Cell::text(file.name.clone()),
                    Cell::text(file.wallet.clone()),
                    Cell::text(file.layout.clone()),
                    number(file.lines),
                    number(file.rejected),
                    Cell::text(file.proof.clone()),
                    Cell::text(file.findings.join("; ")),
                    Cell::text(file.sha256.clone()),
                ],
            );
        }
        table
    }

    fn journal(&self) -> Table {
        let mut table = Table::new(
            "journal",
            ("凭证", "entries of the day"),
            &[
                ("事件位置", "position", Number),
                ("时间", "time", Text),
                ("摘要", "text", Text),
                ("科目编码", "code", Text),
                ("科目", "account", Text),
                ("科目名称", "name", Text),
                ("借方", "debit", Money),
                ("贷方", "credit", Money),
                ("备注", "note", Text),
            ],
        );
        for line in &self.vouchers {
            let (minor, currency) = (i128::from(line.amount.minor()), line.amount.currency());
            table.push(
                Tone::Plain,
                vec![
                    Cell::Number(line.position.number()),
                    Cell::text(line.time.clone()),
                    Cell::text(line.text.clone()),
                    Cell::text(line.code.clone()),
                    Cell::text(line.account.clone()),
                    Cell::text(line.name.clone()),
                    Cell::balance((minor > 0).then_some(minor), currency),
                    Cell::balance((minor < 0).then_some(-minor), currency),
                    Cell::text(line.note.clone()),
                ],
            );
        }
        (table.unlisted, table.sums) = (self.vouchers_unlisted, Sums::Below);
        table
    }

    fn changed(&self) -> Table {
        let mut table = Table::new(
            "changes",
            ("变更记录", "rows that a later export tells otherwise"),
            &[
                ("账户", "wallet", Text),
                ("渠道流水号", "serial", Text),
                ("类型", "kind", Text),
                ("变更", "what differs", Text),
                ("原行", "before", Text),
                ("新行", "after", Text),
            ],
        );
        for change in &self.changes {
            let what = match &change.after {
                Some(_) => change.differs.join(", "),
                None => format!("{} does not have it", change.later),
            };
            table.push(
                Tone::Plain,
                vec![
                    Cell::text(change.wallet.clone()),
                    Cell::text(change.serial.clone()),
                    Cell::text(change.kind),
                    Cell::text(what),
                    Cell::text(as_told(Some(&change.before))),
                    Cell::text(as_told(change.after.as_ref())),
                ],
            );
        }
        table.unlisted = self.changes_unlisted;
        table
    }
}

fn pairs_table(
    key: &'static str,
    names: (&'static str, &'static str),
    pairs: &[PairLine],
) -> Table {
    let mut table = Table::new(
        key,
        names,
        &[
            ("类别", "class", Text),
            ("类型", "kind", Text),
            ("依据", "found by", Text),
            ("账户", "wallet", Text),
            ("订单号", "order number", Text),
            ("我方时间", "our time", Text),
            ("我方金额", "our amount", Money),
            ("我方证据", "our evidence", Text),
            ("渠道流水号", "serial", Text),
            ("渠道时间", "channel's time", Text),
            ("渠道金额", "channel's amount", Money),
            ("渠道证据", "channel's evidence", Text),
            ("对方", "party", Text),
            ("备注", "note", Text),
        ],
    );
    for pair in pairs {
        let (ours, channel) = (&pair.ours, &pair.channel);
        let text = |item: &Option<ItemLine>, of: fn(&ItemLine) -> &String| {
            Cell::text(item.as_ref().map_or("", |item| of(item)))
        };
        // Money out has a sign, so that the sums below are what the wallets gained.
        let is_in = matches!(pair.kind, "pay_in" | "refund_in");
        let signed = |amount: Amount| {
            let minor = i128::from(amount.minor());
            Cell::balance(Some(if is_in { minor } else { -minor }), amount.currency())
        };
        let other = ours.as_ref().or(channel.as_ref()).map(|item| item.amount.currency());
        let money = |item: &Option<ItemLine>| {
            let none = Cell::balance(None, other.unwrap_or(Currency::Cny));
            item.as_ref().map_or(none, |item| signed(item.amount))
        };
        let evidence = ours.as_ref().map(|item| format!("{} {}", item.place, item.id));
        table.push(
            Tone::Plain,
            vec![
                Cell::text(pair.class),
                Cell::text(pair.kind),
                Cell::text(pair.by),
                Cell::text(pair.wallet.clone()),
                text(ours, |item| &item.note),
                text(ours, |item| &item.time),
                money(ours),
                Cell::text(evidence.unwrap_or_default()),
                text(channel, |item| &item.id),
                text(channel, |item| &item.time),
                money(channel),
                text(channel, |item| &item.place),
                text(channel, |item| &item.party),
                text(channel, |item| &item.note),
            ],
        );
    }
    table
}

/// A row as one export tells it.
fn as_told(row: Option<&ToldRow>) -> String {
    row.map_or_else(String::new, |ToldRow { place, time, amount, status, .. }| {
        format!("{time} {amount} {status} ({place})")
    })
}

fn all(items: &[ItemLine]) -> String {
    items.iter().map(ItemLine::told).collect::<Vec<_>>().join(" | ")
}

impl ItemLine {
    /// Everything of it on one line.
    pub(super) fn told(&self) -> String {
        let Self { place, id, time, amount, note, party } = self;
        let said = [time, &amount.to_string(), id, &format!("({place})"), party, note];
        let said = said.into_iter().filter(|part| !part.is_empty());
        said.map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl BreakLine {
    /// Where it stands.
    pub(super) fn state(&self) -> String {
        let Some(record) = &self.record else {
            return if self.open { "未记录 unrecorded" } else { "不需处理 explained" }.to_owned();
        };
        let mut text = record.state.clone();
        if record.code != self.code {
            text += &format!(", recorded as {}", record.code);
        }
        if self.class.is_empty() {
            text += &format!(", found {}", record.found_at);
        }
        if record.accepted {
            text += ", accepted";
        }
        if !record.ending.is_empty() {
            text += &format!(" ({})", record.ending);
        }
        text
    }
}
