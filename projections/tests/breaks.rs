//! The view of breaks and days: by day, by state, by owner, with the history of who did what.
//!
//! Deliberately not here: what the rules allow (tests of the core).

use duizhang_core::breaks::{
    AgeBucket, BreakCode, BreakState, BreakStep, Ending, LineTaken, ResolutionKind, Subject,
    WaitingFor,
};
use duizhang_core::closing::Day;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, PaymentDismissed};
use duizhang_core::id::{BreakId, PaymentId, WalletId};
use duizhang_core::testing::Book;
use duizhang_core::testing::reckoning::{
    close, end_of, found, reopen, resolution, run, statement, work,
};
use duizhang_core::time::Span;
use duizhang_projections::breaks::{Breaks, DayDeed, Deed};
use duizhang_projections::projection::Projection;

/// The day of the test book's first instant, 2023-11-14.
const DAY: Day = Day::new(19_675);

fn wx() -> WalletId {
    WalletId::new("wx").expect("a name")
}

fn line(serial: &str) -> BreakId {
    BreakId::about(&wx(), DAY, &Subject::Line { serial: String::from(serial) })
}

fn view(book: &Book) -> Breaks {
    let mut view = Breaks::default();
    for entry in &book.log {
        let (fact, decisions) = (entry.fact.clone(), entry.decisions.clone());
        view.fold(&Chapter { position: entry.position, at: entry.at, fact, decisions });
    }
    // What the view shows is what the rules go by.
    assert_eq!(view.iter().count(), book.state.breaks().count());
    for (id, record) in book.state.breaks() {
        let shown = view.get(id).expect("every break is shown");
        let of_view = (shown.state, shown.booked, shown.day, &shown.found, shown.opened_at);
        let of_state = (record.state, record.booked, record.day, &record.found, record.opened_at);
        assert_eq!(of_view, of_state);
        assert_eq!(shown.proposal.is_some(), record.proposal.is_some());
        assert_eq!(shown.ending.is_some(), !record.is_open());
        let closed = book.state.closed_day(shown.booked).is_some();
        assert_eq!(view.is_closed(shown.booked), closed);
    }
    view
}

/// A reconciled day with the breaks A and B.
fn book() -> Book {
    let mut book = Book::default();
    book.must(Fact::StatementKept(statement(1, DAY)));
    let breaks =
        vec![found("A", BreakCode::AmountOver, 5), found("B", BreakCode::OrphanPayment, 7)];
    book.must(Fact::DayReconciled(run(1, DAY, &[1], breaks)));
    book
}

#[test]
fn breaks_are_found_by_day_state_and_owner() {
    let mut book = book();
    let (a, b) = (line("A"), line("B"));
    book.must(work(a, "ann", BreakStep::Assign { to: String::from("bob") }));
    book.must(work(b, "ann", BreakStep::Wait { on: WaitingFor::Payer }));
    let shown = view(&book);
    let ids = |found: &mut dyn Iterator<Item = &duizhang_projections::breaks::BreakView>| {
        found.map(|view| view.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut shown.of_owner("bob")), vec![a]);
    assert_eq!(ids(&mut shown.of_owner("ann")), vec![]);
    assert_eq!(ids(&mut shown.in_state(BreakState::Assigned)), vec![a]);
    let whatever = BreakState::Waiting(WaitingFor::Provider);
    assert_eq!(ids(&mut shown.in_state(whatever)), vec![b]);
    assert_eq!(shown.of_day(DAY).count(), 2);
    assert_eq!(shown.of_day(DAY.next()).count(), 0);
    assert_eq!(shown.run(&wx(), DAY).unwrap().totals.lines, 1);
    assert_eq!(shown.run(&wx(), DAY.next()), None);
    assert_eq!(shown.runs_of(DAY).map(|(wallet, _)| wallet).collect::<Vec<_>>(), [&wx()]);
    assert_eq!(shown.runs_of(DAY.next()).count(), 0);
    let told = |shown: &Breaks, day| -> Vec<bool> {
        shown.statements_of(day).map(|(_, reconciled)| reconciled).collect()
    };
    assert_eq!((told(&shown, DAY), told(&shown, DAY.next())), (vec![true], vec![]));
    assert_eq!(shown.days().into_iter().collect::<Vec<_>>(), [DAY]);
    book.must(Fact::StatementKept(statement(2, DAY)));
    assert_eq!(told(&view(&book), DAY), [true, false], "no run looked at the second one");
    book.must(work(a, "bob", BreakStep::Resolve(resolution(ResolutionKind::Matched))));
    assert_eq!(view(&book).of_owner("bob").count(), 0, "what is over is nobody's work");
}

#[test]
fn a_history_says_who_did_what() {
    let mut book = book();
    let id = line("A");
    let propose = BreakStep::Propose(resolution(ResolutionKind::Forced));
    let refuse = BreakStep::Refuse { reason: String::from("look again") };
    let comment = BreakStep::Comment { text: String::from("looked") };
    let steps = [
        ("ann", propose.clone()),
        ("bob", refuse.clone()),
        ("ann", comment.clone()),
        ("ann", propose.clone()),
        ("bob", BreakStep::Approve),
    ];
    for (by, step) in steps {
        book.must(work(id, by, step));
    }
    let shown = view(&book);
    let history = shown.get(id).unwrap().history.iter();
    let told: Vec<_> = history.map(|entry| (entry.by.as_str(), entry.deed.clone())).collect();
    let end = shown.get(id).unwrap().ending.clone().unwrap();
    let wanted = vec![
        ("ann", Deed::Opened),
        ("ann", Deed::Step(propose.clone())),
        ("bob", Deed::Step(refuse)),
        ("ann", Deed::Step(comment)),
        ("ann", Deed::Step(propose)),
        ("bob", Deed::Step(BreakStep::Approve)),
        ("bob", Deed::Ended(end)),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn whoever_took_a_line_for_a_payment_is_named_with_number_and_reason() {
    let mut book = book();
    let (id, paid_at) = (line("B"), book.at);
    let (number, reason) = (Some(String::from("A-17")), String::from("the phone was off"));
    let taken = LineTaken { id, paid_at, number, by: String::from("eve"), reason };
    book.must(Fact::LineTaken(taken.clone()));
    let shown = view(&book);
    let history = &shown.get(id).unwrap().history;
    let told: Vec<_> = history.iter().map(|one| (one.by.as_str(), one.deed.clone())).collect();
    let payment = PaymentId::of_line(id);
    let LineTaken { number, reason, .. } = taken;
    let wanted = vec![
        ("ann", Deed::Opened),
        ("eve", Deed::Taken { paid_at, number, reason }),
        ("eve", Deed::Ended(Ending::TakenIn { payment })),
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_break_that_a_dismissal_explains_names_who_dismissed() {
    let mut book = book();
    let (payment, _) = book.pay(55);
    let mut whose = found("", BreakCode::OrphanPayment, 55);
    whose.subject = Subject::Payment(payment);
    book.must(Fact::DayReconciled(run(2, DAY, &[1], vec![whose])));
    let (by, reason) = (String::from("eve"), String::from("sent back"));
    book.must(Fact::PaymentDismissed(PaymentDismissed { payment, by, reason }));
    let shown = view(&book);
    let last = shown.get(BreakId::of_payment(payment)).unwrap().history.last().unwrap();
    assert_eq!((last.by.as_str(), &last.deed), ("eve", &Deed::Ended(Ending::Dismissed)));
}

#[test]
fn ages_run_in_log_time_and_stop_with_the_break() {
    let mut book = book();
    let id = line("A");
    let age = |book: &Book| view(book).get(id).unwrap().age(book.at);
    assert_eq!(age(&book), AgeBucket::D0);
    book.wait(Span::from_hours(30));
    assert_eq!(age(&book), AgeBucket::D1);
    book.must(work(id, "ann", BreakStep::Resolve(resolution(ResolutionKind::Claimed))));
    book.wait(Span::from_hours(1_000));
    assert_eq!(age(&book), AgeBucket::D1);
    book.must(work(id, "ann", BreakStep::Reopen { reason: String::from("never paid") }));
    assert_eq!(age(&book), AgeBucket::Over30, "it is as old as it is");
}

#[test]
fn days_are_closed_and_opened_with_a_trace_and_late_breaks_are_marked() {
    let mut book = book();
    let (a, b) = (line("A"), line("B"));
    book.at = end_of(DAY);
    book.reconcile_rest(DAY);
    book.must(close(DAY, "ann", &[a, b]));
    let late = vec![
        found("A", BreakCode::AmountOver, 500),
        found("B", BreakCode::OrphanPayment, 7),
        found("C", BreakCode::FileTotals, 0),
    ];
    book.must(Fact::DayReconciled(run(2, DAY, &[1], late)));
    let shown = view(&book);
    assert!(shown.is_closed(DAY));
    let codes = |id| shown.get(id).unwrap().codes();
    assert_eq!(codes(a), vec![BreakCode::AmountOver, BreakCode::ClosedPeriod]);
    assert_eq!(codes(b), vec![BreakCode::OrphanPayment], "accepted as it is");
    assert_eq!(shown.days().into_iter().collect::<Vec<_>>(), [DAY, DAY.next()]);
    assert_eq!(codes(line("C")), vec![BreakCode::FileTotals, BreakCode::ClosedPeriod]);
    assert!(shown.get(b).unwrap().history.iter().any(|one| one.deed == Deed::Accepted(DAY)));
    book.must(reopen(DAY, "ann"));
    assert!(view(&book).is_closed(DAY));
    book.must(reopen(DAY, "bob"));
    let shown = view(&book);
    assert!(!shown.is_closed(DAY) && !shown.is_closed(DAY.next()));
    let history = shown.day_history(DAY).iter();
    let told: Vec<_> = history.map(|entry| (entry.by.as_str(), entry.deed.clone())).collect();
    let wanted = vec![
        ("ann", DayDeed::Closed(vec![a, b])),
        ("ann", DayDeed::ReopenProposed),
        ("bob", DayDeed::Reopened),
    ];
    assert_eq!(told, wanted);
}
