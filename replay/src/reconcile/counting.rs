//! Counting a day: what each side says of each wallet, by what became of it.
//!
//! Invariants: a payment to us is in one class on each side; a pair counts on the channel's day;
//! a line that is there twice counts once; money that did not move counts nowhere.
//! Deliberately not here: what the classes mean (the rules), whether the sums hold (`checks`).

use std::collections::BTreeMap;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::id::WalletId;
use duizhang_core::ledger::Account;
use duizhang_core::reconciliation::{Class, Finding, Flow, Link};
use duizhang_core::statement::{Line, LineKind, LineStatus};

use super::known::is_second;
use super::listed::Listed;
use super::numbers::{Both, Count, Receipts, Standing, Tally, WalletDay};
use super::report::{ExcludedKind, Unclaimed};
use super::run::{BREAKS_MAX, Compared, signed_line, signed_ours, wide};
use super::sides::StatementLines;

type Days = BTreeMap<(WalletId, Currency), WalletDay>;

/// Whether a line moved money.
pub(super) fn moves(line: &Line) -> bool {
    !matches!(line.status, LineStatus::Closed | LineStatus::Pending)
}

/// What a line did to the balance, where its kind says so.
fn effect(line: &Line) -> Option<i128> {
    let (gross, fee) = (i128::from(line.gross.minor()), i128::from(line.fee.minor()));
    match line.kind {
        _ if !moves(line) => Some(0),
        LineKind::PayIn | LineKind::RefundIn | LineKind::FeeBack => Some(gross - fee),
        LineKind::PayOut | LineKind::RefundOut | LineKind::Fee => Some(-gross - fee),
        // What a withdrawal's line states is what left, the fee among it.
        LineKind::Withdrawal => Some(-gross),
        LineKind::Transfer | LineKind::Neutral | LineKind::Unknown => None,
    }
}

/// Where an item's class counts among the payments to us.
fn bucket<'a>(receipts: &'a mut Receipts, finding: &Finding) -> &'a mut Both {
    match finding.class {
        Class::Matched | Class::CrossDay | Class::Late => &mut receipts.agreed,
        Class::DuplicatePayment if matches!(finding.link, Link::Pair(_)) => &mut receipts.agreed,
        Class::DuplicatePayment | Class::OnlyChannel | Class::RefundOnlyChannel => {
            &mut receipts.only_channel
        }
        Class::OnlyOurs | Class::RefundOnlyOurs => &mut receipts.only_ours,
        Class::AmountDiffers => &mut receipts.amount_differs,
        Class::StatusDiffers => &mut receipts.status_differs,
        Class::FeeDiffers | Class::DataDiffers | Class::KeyConflict => &mut receipts.other_differs,
        Class::DuplicateLine | Class::DuplicateNotice => &mut receipts.repeated,
        Class::Split => &mut receipts.split,
        Class::Pool | Class::Ambiguous | Class::SearchLimit | Class::Excluded => {
            &mut receipts.undecided
        }
    }
}

impl Compared {
    /// The numbers of each wallet.
    pub(super) fn wallet_days(&self) -> Vec<WalletDay> {
        let mut days = Days::new();
        self.count_ours(&mut days);
        self.count_channel(&mut days);
        self.count_books(&mut days);
        for wallet in &self.sides.wallets {
            // A file without a line of the day still says that there was none.
            if !days.keys().any(|(known, _)| known == wallet) {
                self.day_of(&mut days, wallet, Currency::Cny);
            }
        }
        for ((wallet, currency), day) in &mut days {
            self.balances(wallet, *currency, day);
            for row in &day.classes {
                day.total.take(row);
            }
        }
        days.into_values().filter(|day| !day.is_empty()).collect()
    }

    fn day_of<'a>(
        &self,
        days: &'a mut Days,
        wallet: &WalletId,
        currency: Currency,
    ) -> &'a mut WalletDay {
        days.entry((wallet.clone(), currency)).or_insert_with(|| {
            let of = |one: &&StatementLines| one.wallet == *wallet;
            let declared = self.known.wallets.get(wallet).map(|(_, channel)| channel.as_str());
            let stated = self.statements.iter().find(of).map(|one| one.channel.word());
            let mut day =
                WalletDay::new(wallet.as_str(), declared.or(stated).unwrap_or_default(), currency);
            let covers =
                |one: &StatementLines| one.from <= self.bounds.start && self.bounds.end <= one.to;
            day.covered = self.statements.iter().filter(of).any(covers);
            day
        })
    }

    fn count_ours(&self, days: &mut Days) {
        for (index, item) in self.ours.iter().enumerate() {
            let Some(wallet) = item.wallets.first() else { continue };
            if !self.within(self.counts_at(index)) {
                continue;
            }
            let finding = &self.outcome.payments[index];
            let minor = i128::from(item.amount.minor());
            let day = self.day_of(days, wallet, item.amount.currency());
            let row = row_of(&mut day.classes, finding.class);
            row.ours += 1;
            row.ours_minor += signed_ours(item);
            if item.flow == Flow::PayIn {
                bucket(&mut day.receipts, finding).ours.add(minor);
                if finding.class != Class::DuplicateNotice {
                    day.receipts.received.ours.add(minor);
                }
                if self.seen_elsewhen(index) {
                    day.receipts.cross_day.ours.add(minor);
                }
            }
        }
    }

    /// Whether a pair that agrees was seen by us on another business day than the channel's.
    pub(super) fn seen_elsewhen(&self, index: usize) -> bool {
        let finding = &self.outcome.payments[index];
        let agreed = matches!(finding.class, Class::Matched | Class::CrossDay | Class::Late);
        agreed && matches!(finding.link, Link::Pair(_)) && !self.within(self.ours[index].seen)
    }

    fn count_channel(&self, days: &mut Days) {
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let (statement, line) = self.line(index);
            if !self.within(line.time) {
                continue;
            }
            let day = self.day_of(days, &statement.wallet, line.gross.currency());
            let row = row_of(&mut day.classes, finding.class);
            row.channel += 1;
            row.channel_minor += signed_line(line);
            if !moves(line) {
                continue;
            }
            let minor = i128::from(line.gross.minor());
            if line.kind == LineKind::PayIn {
                bucket(&mut day.receipts, finding).channel.add(minor);
                let pair = self.outcome.pair(finding);
                if pair.is_some_and(|pair| self.seen_elsewhen(wide(pair.payment))) {
                    day.receipts.cross_day.channel.add(minor);
                }
            }
            if finding.class == Class::DuplicateLine {
                continue;
            }
            if line.fee.minor() != 0 {
                day.fees.channel.add(i128::from(line.fee.minor()));
            }
            match line.kind {
                LineKind::PayIn => day.receipts.received.channel.add(minor),
                LineKind::RefundOut => day.refunds.channel.add(minor),
                LineKind::Fee => day.fees.channel.add(minor),
                LineKind::FeeBack => day.fees.channel.add(-minor),
                LineKind::Withdrawal => {
                    day.withdrawals.channel.add(minor - i128::from(line.fee.minor()));
                }
                LineKind::PayOut => day.other.channel.add(-minor),
                LineKind::RefundIn => day.other.channel.add(minor),
                // Which way the money went only the balances say.
                LineKind::Transfer | LineKind::Neutral | LineKind::Unknown => {}
            }
        }
    }

    fn count_books(&self, days: &mut Days) {
        for ((wallet, currency), moved) in &self.known.moved {
            let day = self.day_of(days, wallet, *currency);
            day.refunds.ours = moved.refunds;
            day.fees.ours = moved.fees;
            day.withdrawals.ours = moved.withdrawals;
            day.other.ours = moved.other;
        }
        for (wallet, (number, _)) in &self.known.wallets {
            for currency in Currency::ALL {
                let account = Account::Wallet(*number);
                let opening = self.known.before.of(account, currency).balance();
                let closing = self.known.behind.of(account, currency).balance();
                if (opening, closing) != (0, 0) {
                    let day = self.day_of(days, wallet, currency);
                    (day.opening_ours, day.closing_ours) = (opening, closing);
                }
            }
        }
    }

    /// The channel's own balances, from the first file that shows one behind each line of the day.
    fn balances(&self, wallet: &WalletId, currency: Currency, day: &mut WalletDay) {
        let of_wallet = self.statements.iter().filter(|one| one.wallet == *wallet);
        for statement in of_wallet {
            let in_currency = |line: &&Line| line.gross.currency() == currency;
            let mut lines: Vec<&Line> = statement.lines.iter().filter(in_currency).collect();
            if let (Some(first), Some(last)) = (lines.first(), lines.last())
                && first.time > last.time
            {
                lines.reverse();
            }
            let start = lines.iter().position(|line| self.within(line.time)).unwrap_or(lines.len());
            let balance = |line: &Line| line.balance.map(|balance| i128::from(balance.minor()));
            let own: Vec<&Line> =
                lines[start..].iter().copied().filter(|line| self.within(line.time)).collect();
            let Some(balances) = own.iter().map(|line| balance(line)).collect::<Option<Vec<_>>>()
            else {
                continue;
            };
            let (Some(first), Some(closing)) = (own.first(), balances.last()) else { continue };
            let carried = start.checked_sub(1).and_then(|place| balance(lines[place]));
            let computed = effect(first).map(|effect| balances[0] - effect);
            let Some(opening) = carried.or(computed) else { continue };
            let mut before = opening;
            for (line, balance) in own.iter().zip(&balances) {
                if effect(line).is_none() {
                    // The fee of the line counts apart.
                    day.other.channel.add(balance - before + i128::from(line.fee.minor()));
                }
                before = *balance;
            }
            (day.opening_channel, day.closing_channel) = (Some(opening), Some(*closing));
            return;
        }
    }

    /// What is open in the books at the end of the day.
    pub(super) fn standing(&self) -> Vec<Standing> {
        let used = |currency: &Currency| {
            self.known.behind.iter().any(|(_, of, _)| of == *currency) || *currency == Currency::Cny
        };
        let of = |currency: Currency| {
            let balance = |account| self.known.behind.of(account, currency).balance();
            let mut standing = Standing {
                currency,
                unclaimed: Count::default(),
                paid_twice: Count::default(),
                receivable: balance(Account::Receivable),
                refunds_due: -balance(Account::Refunds),
                overpaid: -balance(Account::Overpaid),
                long: -balance(Account::Long),
                short: balance(Account::Short),
                in_transit: balance(Account::InTransit),
            };
            for held in self.known.held.values().filter(|held| held.currency == currency) {
                standing.unclaimed.add(held.minor);
                if is_second(held) {
                    standing.paid_twice.add(held.minor);
                }
            }
            standing
        };
        Currency::ALL.into_iter().filter(used).map(of).collect()
    }

    /// Money in suspense, oldest first.
    pub(super) fn unclaimed(&self) -> Listed<Unclaimed> {
        let mut held: Vec<_> = self.known.held.iter().collect();
        held.sort_by_key(|(_, held)| held.position);
        let mut told = Listed::up_to(BREAKS_MAX);
        for (payment, held) in held {
            told.push(|| Unclaimed {
                payment: payment.to_string(),
                account: held.account.chinese().to_owned(),
                reason: held.reason.clone(),
                time: self.zone.rfc3339(held.time),
                amount: Amount::from_minor(
                    i64::try_from(held.minor).unwrap_or(i64::MAX),
                    held.currency,
                ),
                position: held.position,
            });
        }
        told
    }

    /// The day's lines that are no payment of ours, by what they are.
    pub(super) fn excluded(&self) -> Vec<ExcludedKind> {
        let mut kinds: BTreeMap<(&str, LineKind, &str, Currency), Count> = BTreeMap::new();
        for (index, finding) in self.outcome.lines.iter().enumerate() {
            let (statement, line) = self.line(index);
            if finding.class == Class::Excluded && self.within(line.time) {
                let wallet = statement.wallet.as_str();
                let key = (wallet, line.kind, &*line.raw_status, line.gross.currency());
                kinds.entry(key).or_default().add(i128::from(line.gross.minor()));
            }
        }
        let told = kinds.into_iter().map(|((wallet, kind, status, currency), sum)| ExcludedKind {
            wallet: wallet.to_owned(),
            kind: kind.word(),
            status: status.to_owned(),
            count: sum.count,
            minor: sum.minor,
            currency,
        });
        told.collect()
    }
}

fn row_of(classes: &mut Vec<Tally>, class: Class) -> &mut Tally {
    // In the order of classes, so that reports of two days read alike.
    let order = |word: &str| Class::ALL.iter().position(|class| class.word() == word);
    let wanted = order(class.word());
    let place = classes.iter().position(|row| order(&row.class) >= wanted).unwrap_or(classes.len());
    if classes.get(place).is_none_or(|row| row.class != class.word()) {
        classes.insert(place, Tally { class: class.word().to_owned(), ..Tally::default() });
    }
    &mut classes[place]
}
