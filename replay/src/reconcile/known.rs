//! What the log knows around a day beside its payments: the books, recorded breaks, runs, the
//! policy in force, and the root over the log.
//!
//! Invariants: a chapter counts whole, so the position is that of its last event; entries are
//! posted twice, once into sums by day and once line by line, so that a report can hold one against
//! the other, and count on the day that the books give them; nothing behind the position is looked
//! at.
//! Deliberately not here: the payments (`observed`), what the report makes of it (`counting`).

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use duizhang_core::amount::Currency;
use duizhang_core::closing::Day;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::Fact;
use duizhang_core::id::{PaymentId, WalletId};
use duizhang_core::ledger::{Account, Entry, Narration, Numbered, Poster};
use duizhang_core::matcher::HoldReason;
use duizhang_core::merkle::{Frontier, leaf_hash};
use duizhang_core::position::Position;
use duizhang_core::reconciliation::{BookTerms, DayBounds};
use duizhang_core::time::Timestamp;
use duizhang_eventlog::EventLog;
use duizhang_eventlog::history::HistoryError;
use duizhang_projections::book::{Book, DeviceView, Gap};
use duizhang_projections::breaks::Breaks;
use duizhang_projections::calendar::{Zone, day_of_date};
use duizhang_projections::ledger::{Balances, Books, Dating};
use duizhang_projections::projection::Projection;

use super::numbers::Count;
use super::report::{PolicyInForce, VoucherLine};
use crate::error::ReplayError;
use crate::play::{Progress, guarded, play};

/// Most lines of the day's journal that a report lists: at 300 bytes each they are 6 MB.
pub(super) const VOUCHER_LINES_MAX: usize = 20_000;

/// What moved on a wallet in the books, by the reason of the entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    pub(super) received: Count,
    pub(super) refunds: Count,
    pub(super) fees: Count,
    pub(super) withdrawals: Count,
    pub(super) other: Count,
}

/// Money in suspense.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) account: Numbered,
    pub(super) currency: Currency,
    pub(super) minor: i128,
    pub(super) reason: String,
    pub(super) time: Timestamp,
    pub(super) position: Position,
}

/// What the log knows around a day, up to a position.
pub(super) struct Known {
    pub(super) position: Position,
    pub(super) until: Timestamp,
    pub(super) root: String,
    pub(super) policy: Option<PolicyInForce>,
    pub(super) run: u64,
    pub(super) breaks: Breaks,
    /// The terms in force.
    pub(super) terms: BookTerms,
    /// Who watched which wallet, and when nobody did.
    pub(super) book: Book,
    /// The trial balances of the day before and of the day.
    pub(super) before: Balances,
    pub(super) behind: Balances,
    pub(super) moved: BTreeMap<(WalletId, Currency), Moved>,
    pub(super) held: BTreeMap<PaymentId, Held>,
    /// What payments of the day were observed, and what was booked with them.
    pub(super) evidence: BTreeMap<Currency, (i128, i128)>,
    pub(super) vouchers: Vec<VoucherLine>,
    pub(super) vouchers_unlisted: usize,
    pub(super) wallets: BTreeMap<WalletId, (u16, String)>,
}

impl Known {
    /// Whether the wallet has watchers and all of them were silent at an instant.
    pub(super) fn was_unwatched(&self, wallet: &WalletId, at: Timestamp) -> bool {
        let silent = |gap: &Gap| gap.from <= at && gap.to.is_none_or(|back| at < back);
        let watches = |device: &&DeviceView| {
            device.declared.enabled && device.declared.wallets.contains(wallet)
        };
        let mut watchers = self.book.devices().filter(watches).peekable();
        let has_any = watchers.peek().is_some();
        has_any
            && watchers.all(|device| {
                let own = |gap: &&Gap| gap.device == device.declared.id;
                self.book.gaps().iter().filter(own).any(silent)
            })
    }
}

/// Reads the log up to a position.
pub(super) fn known(
    log: &dyn EventLog,
    (zone, date): (Zone, NaiveDate),
    bounds: DayBounds,
    known_to: Position,
    progress: &mut Progress<'_>,
) -> Result<Known, ReplayError> {
    let mut gathering = Gathering::new(zone, date, bounds);
    let mut broken = None;
    play(
        log,
        known_to,
        progress,
        &mut |chapter| match guarded(chapter, || gathering.fold(chapter)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(contradiction) => {
                broken = Some(contradiction);
                ControlFlow::Break(())
            }
        },
    )?;
    if let Some(contradiction) = broken {
        return Err(contradiction.into());
    }
    let mut known = gathering.finish();
    known.root = root_at(log, known.position)?;
    if let Some(policy) = &mut known.policy {
        let place = policy.position;
        log.scan(place..=place, &mut |_, _, bytes| {
            policy.digest = leaf_hash(bytes).to_string();
            ControlFlow::Break(())
        })
        .map_err(HistoryError::from)?;
    }
    Ok(known)
}

/// The root over the log up to a position.
fn root_at(log: &dyn EventLog, position: Position) -> Result<String, ReplayError> {
    let head = log.head();
    if position == head.position {
        return Ok(head.root.to_string());
    }
    let mut tree = Frontier::new();
    log.scan(Position::START.next()..=position, &mut |_, _, bytes| {
        tree.push(leaf_hash(bytes));
        ControlFlow::Continue(())
    })
    .map_err(HistoryError::from)?;
    Ok(tree.root().to_string())
}

struct Gathering {
    zone: Zone,
    date: NaiveDate,
    day: Day,
    bounds: DayBounds,
    dating: Dating,
    books: Books,
    poster: Poster,
    runs: BTreeMap<WalletId, u64>,
    moved: BTreeMap<(u16, Currency), Moved>,
    wallets: BTreeMap<WalletId, (u16, String)>,
    known: Known,
}

impl Gathering {
    fn new(zone: Zone, date: NaiveDate, bounds: DayBounds) -> Self {
        Self {
            zone,
            date,
            day: day_of_date(date),
            bounds,
            dating: Dating::new(zone),
            books: Books::new(zone),
            poster: Poster::new(),
            runs: BTreeMap::new(),
            moved: BTreeMap::new(),
            wallets: BTreeMap::new(),
            known: Known {
                position: Position::START,
                until: Timestamp::MIN,
                root: String::new(),
                policy: None,
                run: 0,
                breaks: Breaks::default(),
                terms: BookTerms::default(),
                book: Book::default(),
                before: Balances::default(),
                behind: Balances::default(),
                moved: BTreeMap::new(),
                held: BTreeMap::new(),
                evidence: BTreeMap::new(),
                vouchers: Vec::new(),
                vouchers_unlisted: 0,
                wallets: BTreeMap::new(),
            },
        }
    }

    fn fold(&mut self, chapter: &Chapter) {
        self.known.position = chapter.last_position();
        self.known.until = chapter.at;
        self.known.breaks.fold(chapter);
        if let Fact::TermsActivated(activated) = &chapter.fact {
            self.known.terms = activated.terms;
        }
        self.known.book.fold(chapter);
        self.books.fold(chapter);
        self.dating.take_in(chapter);
        if let Fact::PolicyActivated(_) = &chapter.fact {
            let (position, digest) = (chapter.position, String::new());
            self.known.policy = Some(PolicyInForce { position, digest });
        }
        let entries = self.poster.post(chapter);
        if let Fact::WalletDeclared(wallet) = &chapter.fact
            && let Some(number) = self.poster.chart().wallet(&wallet.id)
        {
            let channel = wallet.channel.word().to_owned();
            self.wallets.entry(wallet.id.clone()).or_insert((number, channel));
        }
        for entry in &entries {
            self.take(entry);
        }
        for decision in &chapter.decisions {
            if let Decision::DayReckoned { wallet, day } = decision
                && *day == self.day
            {
                *self.runs.entry(wallet.clone()).or_default() += 1;
            } else if let Decision::PaymentObserved { amount, paid_at, .. } = decision
                && (self.bounds.start..self.bounds.end).contains(paid_at)
            {
                let currency = amount.currency();
                // A line that becomes a payment ends its break in the same chapter.
                let of_money = |entry: &&Entry| entry.subjects().difference.is_none();
                let booked = entries.iter().filter(of_money).flat_map(Entry::lines);
                let booked = booked.filter(|line| {
                    matches!(line.account, Account::Wallet(_) | Account::Unlocated)
                        && line.amount.currency() == currency
                });
                let sums = self.known.evidence.entry(currency).or_default();
                sums.0 += i128::from(amount.minor());
                sums.1 += booked.map(|line| i128::from(line.amount.minor())).sum::<i128>();
            }
        }
    }

    fn take(&mut self, entry: &Entry) {
        let day = self.dating.place(entry).day;
        if day > self.date {
            return;
        }
        self.hold(entry);
        if day == self.date {
            self.count(entry);
            self.tell(entry);
        }
    }

    /// Keeps what is in suspense at the end of the day.
    fn hold(&mut self, entry: &Entry) {
        let Some(payment) = entry.subjects().payment else { return };
        for line in entry.lines() {
            if !matches!(line.account, Account::Unidentified | Account::Late | Account::Ambiguous) {
                continue;
            }
            let held = self.known.held.entry(payment).or_insert_with(|| Held {
                account: line.account,
                currency: line.amount.currency(),
                minor: 0,
                reason: entry.note().to_owned(),
                time: entry.value_at(),
                position: entry.position(),
            });
            held.minor -= i128::from(line.amount.minor());
            if held.minor == 0 {
                self.known.held.remove(&payment);
            }
        }
    }

    /// Counts an entry of the day on its wallets. What the channel took counts apart from what
    /// moved.
    fn count(&mut self, entry: &Entry) {
        let fees = entry.lines().iter().filter(|line| {
            matches!(line.account, Account::ChannelFees | Account::WithdrawFees)
                && line.amount.minor() > 0
        });
        let mut fee: i128 = fees.map(|line| i128::from(line.amount.minor())).sum();
        for line in entry.lines() {
            let Account::Wallet(number) = line.account else { continue };
            let mut minor = i128::from(line.amount.minor());
            let moved = self.moved.entry((number, line.amount.currency())).or_default();
            if minor < 0 && fee > 0 {
                moved.fees.add(fee);
                minor += fee;
                fee = 0;
            }
            match entry.narration() {
                _ if minor == 0 => {}
                Narration::OrderSettled
                | Narration::OrderOverpaid
                | Narration::OrderPartPaid
                | Narration::PaymentHeld => moved.received.add(minor),
                Narration::RefundConfirmed => moved.refunds.add(-minor),
                Narration::WithdrawalSent => moved.withdrawals.add(-minor),
                _ => moved.other.add(minor),
            }
        }
    }

    /// Lists an entry of the day.
    fn tell(&mut self, entry: &Entry) {
        let (_, english, chinese) = entry.narration().words();
        for line in entry.lines() {
            if self.known.vouchers.len() >= VOUCHER_LINES_MAX {
                self.known.vouchers_unlisted += 1;
                continue;
            }
            let chart = self.poster.chart();
            self.known.vouchers.push(VoucherLine {
                position: entry.position(),
                time: self.zone.rfc3339(entry.value_at()),
                text: format!("{chinese} {english}"),
                code: chart.code(line.account),
                account: chart.path(line.account).to_owned(),
                name: chart.chinese(line.account),
                amount: line.amount,
                note: entry.note().to_owned(),
            });
        }
    }

    fn finish(self) -> Known {
        let Self { date, books, runs, moved, wallets, mut known, .. } = self;
        let before = date.pred_opt().unwrap_or(date);
        known.before = books.trial_balance_on(before);
        known.behind = books.trial_balance_on(date);
        known.run = runs.into_values().max().unwrap_or_default();
        let names: BTreeMap<u16, &WalletId> =
            wallets.iter().map(|(wallet, (number, _))| (*number, wallet)).collect();
        let named = moved.into_iter().filter_map(|((number, currency), moved)| {
            Some(((WalletId::clone(names.get(&number)?), currency), moved))
        });
        known.moved = named.collect();
        known.wallets = wallets;
        known
    }
}

/// Whether money in suspense is a second payment for one order.
pub(super) fn is_second(held: &Held) -> bool {
    held.reason == HoldReason::AlreadyPaid.word()
}
