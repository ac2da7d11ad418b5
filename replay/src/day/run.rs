//! Playing the log once for a day: the report is counted, and every decision of the day is derived
//! again.
//!
//! Deliberately not here: opening the log, and where the texts go.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::NaiveDate;
use duizhang_core::amount::{Amount, Currency};
use duizhang_core::id::{PaymentId, WalletId};
use duizhang_core::matcher::Grade;
use duizhang_core::notification::Verdict;
use duizhang_core::policy::{LateRule, Policy, Step};
use duizhang_core::position::Position;
use duizhang_core::state::State;
use duizhang_eventlog::EventLog;
use duizhang_projections::calendar::Zone;
use serde::Serialize;

use super::checks;
use super::daybook::{Daybook, Doubt, Fate, PaymentLine};
use super::report::{
    CurrencyTotal, DayReport, ExceptionLine, GapLine, HeldTally, PaymentCounts, PolicyLine,
    RefundTally, WalletLine,
};
use super::sums::Sums;
use crate::error::ReplayError;
use crate::play::{Progress, ZONE_DEFAULT, book_zone, guarded, play, rule_and_fold};
use crate::rederive::Rederivation;
use crate::sentences::listed;
use crate::words;

/// Most exceptions that a report lists: at 200 bytes each they are 2 MB. Whoever floods us with
/// forgeries must not make the report unreadable; all are counted.
pub const EXCEPTIONS_MAX: usize = 10_000;

/// A day played again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DayReplay {
    /// What the day was; none where the events contradict each other, so that nothing counted on
    /// them could be relied on.
    pub report: Option<DayReport>,
    /// Whether the decisions of the day still follow, and where a contradiction ended the play.
    pub decisions: Rederivation,
}

/// Plays the log up to a position and reports on a business day.
///
/// # Errors
/// [`ReplayError::History`] where an event cannot be read, [`ReplayError::Zone`].
pub fn replay_day(
    log: &dyn EventLog,
    day: NaiveDate,
    known_to: Position,
    progress: &mut Progress<'_>,
) -> Result<DayReplay, ReplayError> {
    let zone = book_zone(log)?;
    let (from, to) = (zone.start_of(day), zone.end_of(day));
    let mut book = Daybook::new(from, to);
    let mut state = State::new();
    let mut decisions = Rederivation::begin(Position::START, Position::START);
    play(log, known_to, progress, &mut |chapter| {
        let folded = rule_and_fold(&mut state, chapter).and_then(|ruling| {
            if (from..to).contains(&chapter.at) {
                if decisions.from == Position::START {
                    decisions.from = chapter.position;
                }
                decisions.to = chapter.last_position();
                decisions.compare(zone, chapter, &ruling);
            }
            guarded(chapter, || book.fold(chapter))
        });
        match folded {
            Ok(()) => ControlFlow::Continue(()),
            Err(contradiction) => {
                decisions.stop(contradiction);
                ControlFlow::Break(())
            }
        }
    })?;
    let report = decisions.stopped.is_none().then(|| {
        book.finish();
        Clerk { zone, book: &book }.report(day)
    });
    Ok(DayReplay { report, decisions })
}

/// Makes the report of a counted day.
struct Clerk<'a> {
    zone: Zone,
    book: &'a Daybook,
}

impl Clerk<'_> {
    fn report(&self, day: NaiveDate) -> DayReport {
        let book = self.book;
        let (payments, totals) = self.payments();
        let wallets = self.wallets();
        let mut exceptions = self.exceptions();
        let unlisted = exceptions.len().saturating_sub(EXCEPTIONS_MAX);
        exceptions.truncate(EXCEPTIONS_MAX);
        let counts = checks::counts(&book.orders, &book.notifications, &payments, &book.callbacks);
        let money = checks::money(book.orders.created, &book.observed, &totals, &wallets);
        DayReport {
            book: book.views.book.name().to_owned(),
            day: day.to_string(),
            time_zone: self.zone_name(),
            from: self.zone.rfc3339(book.from),
            to: self.zone.rfc3339(book.to),
            position: book.views.position,
            policy: policy_line(&book.policy),
            orders: book.orders.clone(),
            notifications: book.notifications.clone(),
            payments,
            totals,
            callbacks: book.callbacks.clone(),
            refunds: self.refunds(),
            wallets,
            gaps: self.gaps(),
            exceptions,
            exceptions_unlisted: u64::try_from(unlisted).unwrap_or(u64::MAX),
            checks: counts.into_iter().chain(money).collect(),
        }
    }

    fn zone_name(&self) -> String {
        match self.book.views.book.time_zone() {
            "" => ZONE_DEFAULT.to_owned(),
            name => name.to_owned(),
        }
    }

    fn payments(&self) -> (PaymentCounts, Vec<CurrencyTotal>) {
        let mut counts = PaymentCounts::default();
        let [mut matched, mut held, mut dismissed] = [(); 3].map(|()| Sums::default());
        let mut tallies: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for line in self.book.payments.values() {
            counts.observed += 1;
            match &line.fate {
                // The checks show such a payment: it is observed, and nothing became of it.
                Fate::Unknown => {}
                Fate::Matched { grade, .. } => {
                    matched.add(line.amount);
                    match grade {
                        Grade::Assigned => counts.matched_assigned += 1,
                        Grade::Isolated | Grade::Forced | Grade::Ambiguous | Grade::Orphan => {
                            counts.matched_isolated += 1;
                        }
                    }
                }
                Fate::Held { grade, reason, .. } => {
                    held.add(line.amount);
                    let key = (grade.word(), reason.word());
                    *tallies.entry(key).or_default() += 1;
                }
                Fate::Dismissed { .. } => {
                    dismissed.add(line.amount);
                    counts.dismissed += 1;
                }
            }
        }
        let tally = |((grade, reason), count)| HeldTally { grade, reason, count };
        counts.held = tallies.into_iter().map(tally).collect();
        let total = |currency| CurrencyTotal {
            observed: self.book.observed.of(currency),
            matched: matched.of(currency),
            held: held.of(currency),
            dismissed: dismissed.of(currency),
        };
        (counts, self.book.observed.currencies().map(total).collect())
    }

    fn wallets(&self) -> Vec<WalletLine> {
        let orders = &self.book.views.orders;
        let mut lines: BTreeMap<(String, Currency), WalletLine> = BTreeMap::new();
        for row in self.book.created.iter().filter_map(|id| orders.get(*id)) {
            let line = line_of(&mut lines, orders.wallet_of(row).as_str(), row.currency);
            line.orders += 1;
            let requested = Amount::from_minor(row.requested, row.currency);
            let payable = Amount::from_minor(row.payable, row.currency);
            line.requested = sum(line.requested, requested);
            line.payable = sum(line.payable, payable);
        }
        for payment in self.book.payments.values() {
            let currency = payment.amount.currency();
            match &payment.fate {
                Fate::Unknown => {}
                Fate::Matched { order, .. } => {
                    if let Some(row) = orders.get(*order) {
                        let wallet = orders.wallet_of(row).as_str();
                        let line = line_of(&mut lines, wallet, currency);
                        line.payments += 1;
                        line.received = sum(line.received, payment.amount);
                    }
                }
                Fate::Held { .. } => {
                    let line = line_of(&mut lines, &places(&payment.wallets), currency);
                    line.held = sum(line.held, payment.amount);
                }
                Fate::Dismissed { .. } => {
                    let line = line_of(&mut lines, &places(&payment.wallets), currency);
                    line.dismissed = sum(line.dismissed, payment.amount);
                }
            }
        }
        let bumped = |mut line: WalletLine| {
            let bump = line.payable.checked_sub(line.requested);
            line.bump = bump.expect("two sums of one currency, both far below 2^63");
            line
        };
        lines.into_values().map(bumped).collect()
    }

    fn refunds(&self) -> Vec<RefundTally> {
        let tallies = self.book.refunds.iter();
        tallies
            .flat_map(|(state, (count, sums))| {
                sums.currencies().map(|currency| RefundTally {
                    state: state.word(),
                    count: *count,
                    amount: sums.of(currency),
                })
            })
            .collect()
    }

    fn gaps(&self) -> Vec<GapLine> {
        let (book, from, to) = (&self.book.views.book, self.book.from, self.book.to);
        let touches = |gap: &&duizhang_projections::book::Gap| {
            gap.from < to && gap.to.is_none_or(|end| end > from)
        };
        let line = |gap: &duizhang_projections::book::Gap| GapLine {
            device: gap.device.to_string(),
            wallets: book.device(&gap.device).map_or_else(Vec::new, |device| {
                device.declared.wallets.iter().map(ToString::to_string).collect()
            }),
            from: self.zone.rfc3339(gap.from.max(from)),
            to: gap.to.map(|end| self.zone.rfc3339(end.min(to))),
        };
        book.gaps().iter().filter(touches).map(line).collect()
    }

    fn exceptions(&self) -> Vec<ExceptionLine> {
        let payments = self.book.payments.iter();
        let held = payments.filter_map(|(id, line)| self.unsettled(*id, line));
        let doubts = self.book.doubts.iter().map(|doubt| self.doubt(doubt));
        let abandoned = self.book.abandoned.iter().map(|(id, position, at)| ExceptionLine {
            kind: "abandoned",
            id: id.to_string(),
            position: *position,
            at: self.zone.rfc3339(*at),
            detail: "the merchant did not take it; an operator may send it again".to_owned(),
        });
        let mut lines: Vec<_> = held.chain(doubts).chain(abandoned).collect();
        lines.sort_by(|a, b| (a.position, &a.id).cmp(&(b.position, &b.id)));
        lines
    }

    fn unsettled(&self, id: PaymentId, line: &PaymentLine) -> Option<ExceptionLine> {
        let what = format!("{} on {}", line.amount, places(&line.wallets));
        let (kind, why) = match &line.fate {
            Fate::Unknown | Fate::Matched { .. } => return None,
            Fate::Held { grade, reason, candidates } => {
                let proposed = line.proposed.map(|order| format!("; proposed for {order}"));
                let (clause, candidates) = (words::hold_clause(*reason), listed(candidates));
                let proposed = proposed.unwrap_or_default();
                let why = format!("{}: {clause}; candidates: {candidates}{proposed}", grade.word());
                ("held", why)
            }
            Fate::Dismissed { by, reason } => ("dismissed", format!("by {by}: {reason}")),
        };
        Some(ExceptionLine {
            kind,
            id: id.to_string(),
            position: line.position,
            at: self.zone.rfc3339(line.at),
            detail: format!("{what}, {why}"),
        })
    }

    fn doubt(&self, doubt: &Doubt) -> ExceptionLine {
        let mut questions = self.book.views.inbox.questions();
        let waits = questions.any(|question| question.notification == doubt.notification);
        let standing = match (doubt.verdict, waits) {
            (Verdict::Forged, _) => "its signature is wrong; it has no effect".to_owned(),
            (Verdict::Conflict { with }, true) => {
                format!("it says something else than {with}; waits for a person")
            }
            (Verdict::Conflict { with }, false) => {
                format!("it says something else than {with}; a person has decided")
            }
            (_, true) => "nobody could read it; waits for a person".to_owned(),
            (_, false) => "nobody could read it; a person has decided".to_owned(),
        };
        ExceptionLine {
            kind: doubt.verdict.word(),
            id: doubt.notification.to_string(),
            position: doubt.position,
            at: self.zone.rfc3339(doubt.at),
            detail: standing,
        }
    }
}

fn places(wallets: &[WalletId]) -> String {
    if wallets.is_empty() {
        return "no known wallet".to_owned();
    }
    wallets.iter().map(WalletId::as_str).collect::<Vec<_>>().join(" or ")
}

fn sum(left: Amount, right: Amount) -> Amount {
    left.checked_add(right).expect("one currency, and a day's money is far below 2^63 minor units")
}

fn line_of<'a>(
    lines: &'a mut BTreeMap<(String, Currency), WalletLine>,
    wallet: &str,
    currency: Currency,
) -> &'a mut WalletLine {
    let none = Amount::from_minor(0, currency);
    lines.entry((wallet.to_owned(), currency)).or_insert_with(|| WalletLine {
        wallet: wallet.to_owned(),
        orders: 0,
        requested: none,
        payable: none,
        bump: none,
        payments: 0,
        received: none,
        held: none,
        dismissed: none,
    })
}

fn policy_line(policy: &Policy) -> PolicyLine {
    PolicyLine {
        order_ttl_seconds: policy.order_ttl.secs(),
        quarantine_seconds: policy.quarantine.secs(),
        step: match policy.step {
            Step::Up => "up",
            Step::Down => "down",
            Step::Nearest => "nearest",
        },
        max_offset: policy.max_offset,
        late: match policy.late {
            LateRule::Settle => "settle",
            LateRule::Hold => "hold",
        },
    }
}
