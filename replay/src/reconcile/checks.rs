//! The report's own arithmetic, with the numbers on both sides of each equation.
//!
//! Invariants: the two sides of a check are summed apart, so that it can fail; what cannot be
//! checked because a side is not known says so and does not pass for one that holds.
//! Deliberately not here: counting (`counting`).

use duizhang_core::amount::Currency;
use duizhang_core::reconciliation::{Class, Flow};
use duizhang_core::statement::LineKind;
use duizhang_projections::ledger::decimal;

use super::counting::moves;
use super::numbers::{Both, WalletDay};
use super::report::{StatementCheck, Verdict};
use super::run::Compared;

impl StatementCheck {
    /// Holds the sum of some numbers against the sum of others.
    fn equal(what: String, currency: Currency, left: &[i128], right: &[i128]) -> Self {
        let (one, other): (i128, i128) = (left.iter().sum(), right.iter().sum());
        let (left, right) = (spelled(left, currency), spelled(right, currency));
        let numbers = format!("{left} = {right}");
        if one == other {
            Self { what, numbers, verdict: Verdict::Holds }
        } else {
            let gap = decimal(one - other, currency);
            Self { what, numbers: format!("{numbers}, off by {gap}"), verdict: Verdict::Fails }
        }
    }

    fn unknown(what: String, why: &str) -> Self {
        Self { what, numbers: why.to_owned(), verdict: Verdict::Unknown }
    }
}

/// A sum spelled out, the first number and all that are not nothing: `10.00 + 2.00 - 1.00`.
fn spelled(parts: &[i128], currency: Currency) -> String {
    let mut text = decimal(parts.first().copied().unwrap_or_default(), currency);
    for part in parts.iter().skip(1).filter(|part| **part != 0) {
        let sign = if *part < 0 { '-' } else { '+' };
        text += &format!(" {sign} {}", decimal(part.abs(), currency));
    }
    text
}

impl Compared {
    pub(super) fn checks(&self, wallets: &[WalletDay]) -> Vec<StatementCheck> {
        let mut checks: Vec<StatementCheck> =
            wallets.iter().flat_map(|day| self.checks_of(day)).collect();
        for standing in self.standing() {
            let currency = standing.currency;
            let balance = |account| -self.known.behind.of(account, currency).balance();
            use duizhang_core::ledger::Account::{Ambiguous, Late, Unidentified};
            checks.push(StatementCheck::equal(
                format!(
                    "{currency} 未认领逐笔 = 暂收科目余额 open questions are the suspense accounts"
                ),
                currency,
                &[standing.unclaimed.minor],
                &[Unidentified, Late, Ambiguous].map(balance),
            ));
        }
        for (currency, (observed, booked)) in &self.known.evidence {
            checks.push(StatementCheck::equal(
                format!("{currency} 当日到账 = 同时入账 what was observed of the day was booked"),
                *currency,
                &[*observed],
                &[*booked],
            ));
        }
        checks.push(self.certificates());
        checks
    }

    fn certificates(&self) -> StatementCheck {
        let items = self.outcome.payments.len() + self.outcome.lines.len();
        let what =
            "每条记录恰入一类, 每个证明成立 every item is in one class, every certificate holds";
        let (numbers, verdict) = match self.flaws.first() {
            None => (format!("{items} items"), Verdict::Holds),
            Some(flaw) => (format!("{items} items, but for {flaw:?}"), Verdict::Fails),
        };
        StatementCheck { what: what.to_owned(), numbers, verdict }
    }

    /// The payments to us that the files of a wallet show, summed without asking what they are.
    fn stated(&self, day: &WalletDay) -> i128 {
        let of_wallet = self.statements.iter().filter(|one| one.wallet.as_str() == day.wallet);
        let lines = of_wallet.flat_map(|one| &one.lines).filter(|line| {
            line.kind == LineKind::PayIn
                && moves(line)
                && line.gross.currency() == day.currency
                && self.within(line.time)
        });
        lines.map(|line| i128::from(line.gross.minor())).sum()
    }

    /// The payments to us that the log shows on a wallet, by classes that are no buckets.
    fn seen(&self, day: &WalletDay) -> i128 {
        let items = self.ours.iter().enumerate().filter(|(index, item)| {
            item.flow == Flow::PayIn
                && item.amount.currency() == day.currency
                && item.wallets.first().is_some_and(|wallet| wallet.as_str() == day.wallet)
                && self.outcome.payments[*index].class != Class::DuplicateNotice
                && self.within(self.counts_at(*index))
        });
        items.map(|(_, item)| i128::from(item.amount.minor())).sum()
    }

    fn checks_of(&self, day: &WalletDay) -> Vec<StatementCheck> {
        let (receipts, currency) = (&day.receipts, day.currency);
        let name = |what: &str| format!("{} {what}", day.wallet);
        let agreed = receipts.agreed;
        let open = receipts.unexplained();
        let mut sides = vec![agreed.channel.minor];
        sides.extend(open.iter().map(|both| both.channel.minor));
        sides.push(receipts.repeated.channel.minor);
        let channel = StatementCheck::equal(
            name("渠道 = 一致 + 仅渠道有 + 不符 + 待判 + 重复 channel is the sum of its classes"),
            currency,
            &[self.stated(day)],
            &sides,
        );
        let mut sides = vec![agreed.ours.minor];
        sides.extend(open.iter().map(|both| both.ours.minor));
        let ours = StatementCheck::equal(
            name("我方 = 一致 + 仅我方有 + 不符 + 待判 ours is the sum of its classes"),
            currency,
            &[self.seen(day)],
            &sides,
        );
        let mut same = StatementCheck::equal(
            name("一致: 双方笔数与金额相等 what agrees is one count and one sum on both sides"),
            currency,
            &[agreed.channel.minor],
            &[agreed.ours.minor],
        );
        let counts = (agreed.channel.count, agreed.ours.count);
        same.numbers = format!("{} / {}, {}", counts.0, counts.1, same.numbers);
        if counts.0 != counts.1 {
            same.verdict = Verdict::Fails;
        }
        let explained = open.map(|both| both.channel.minor - both.ours.minor);
        let gap = StatementCheck::equal(
            name(
                "差 = 渠道 - 我方 = 仅渠道有 - 仅我方有 + 差额 the classes explain the difference",
            ),
            currency,
            &[receipts.received.channel.minor, -receipts.received.ours.minor],
            &explained,
        );
        vec![channel, ours, same, gap, channel_chain(day), books_chain(self, day)]
    }
}

fn chain(opening: i128, received: i128, day: &WalletDay, side: fn(&Both) -> i128) -> [i128; 6] {
    let out = |both: &Both| -side(both);
    let parts = [out(&day.refunds), out(&day.fees), out(&day.withdrawals), side(&day.other)];
    [opening, received, parts[0], parts[1], parts[2], parts[3]]
}

fn channel_chain(day: &WalletDay) -> StatementCheck {
    let name = format!(
        "{} 期初 + 收 - 退 - 费 - 提 + 其他 = 期末 (渠道) the statement's balances follow",
        day.wallet
    );
    let (Some(opening), Some(closing)) = (day.opening_channel, day.closing_channel) else {
        return StatementCheck::unknown(name, "账单无余额列 the statement shows no balances");
    };
    let received = day.receipts.received.channel.minor;
    let parts = chain(opening, received, day, |both| both.channel.minor);
    StatementCheck::equal(name, day.currency, &parts, &[closing])
}

fn books_chain(compared: &Compared, day: &WalletDay) -> StatementCheck {
    let moved =
        compared.known.moved.iter().find(|((wallet, currency), _)| {
            wallet.as_str() == day.wallet && *currency == day.currency
        });
    let received = moved.map_or(0, |(_, moved)| moved.received.minor);
    let parts = chain(day.opening_ours, received, day, |both| both.ours.minor);
    StatementCheck::equal(
        format!(
            "{} 期初 + 收 - 退 - 费 - 提 + 其他 = 期末 (我方账) the books' entries make the balance",
            day.wallet
        ),
        day.currency,
        &parts,
        &[day.closing_ours],
    )
}
