//! Lines that nobody observed and a person takes for payments.
//!
//! Deliberately not here: how a payment finds its order (`matching.rs`).

use duizhang_core::amount::{AMOUNT_MINOR_MAX, Amount};
use duizhang_core::breaks::{
    BreakCode, BreakRefusal, BreakState, BreakStep, Direction, Ending, FoundBreak, LineTaken,
    ResolutionKind, Subject,
};
use duizhang_core::closing::Day;
use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, PaymentId, WalletId};
use duizhang_core::matcher::{HoldReason, Standing};
use duizhang_core::order::OrderStatus;
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::Book;
use duizhang_core::testing::reckoning::{found, resolution, run, statement, work};
use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;

/// The day of the test book's first instant, 2023-11-14.
const DAY: Day = Day::new(19_675);

fn id(subject: &Subject) -> BreakId {
    BreakId::about(&WalletId::new("wx").expect("a name"), DAY, subject)
}

fn line() -> Subject {
    Subject::Line { serial: String::from("A") }
}

fn taken(at: Timestamp) -> LineTaken {
    let (by, reason) = (String::from("ann"), String::from("the phone was off"));
    LineTaken { id: id(&line()), paid_at: at, number: None, by, reason }
}

/// A statement shows a line that nobody observed.
fn unobserved(book: &mut Book, one: FoundBreak) {
    book.must(Fact::StatementKept(statement(1, DAY)));
    book.must(Fact::DayReconciled(run(1, DAY, &[1], vec![one])));
}

#[test]
fn an_open_order_that_alone_can_be_meant_is_paid_and_its_shop_is_told() {
    let mut book = Book::default();
    let order = book.open("shop", "1", 1_200);
    let paid_at = book.at.plus(Span::from_secs(20));
    book.at = paid_at.plus(Span::from_secs(30));
    unobserved(&mut book, found("A", BreakCode::OrphanPayment, 1_200));
    let decisions = book.must(Fact::LineTaken(taken(paid_at)));
    let payment = PaymentId::of_line(id(&line()));
    let ending = Ending::TakenIn { payment };
    assert_eq!(decisions[0], Decision::BreakResolved { id: id(&line()), ending });
    assert!(matches!(decisions[1], Decision::PaymentObserved { payment: seen, paid_at: at, .. }
        if seen == payment && at == paid_at));
    assert!(decisions.iter().any(|one| matches!(one,
        Decision::OrderPaid { order: settled, standing: Standing::Exact, .. } if *settled == order)));
    assert!(decisions.iter().any(|one| matches!(one, Decision::CallbackScheduled { .. })));
    assert_eq!(book.state.order(order).expect("it is there").status, OrderStatus::Paid);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn an_expired_order_takes_the_money_as_late() {
    let mut book = Book::default();
    let order = book.open("shop", "1", 1_200);
    let paid_at = book.at.plus(Span::from_secs(20));
    book.at = paid_at.plus(Span::from_mins(10));
    book.tick();
    unobserved(&mut book, found("A", BreakCode::OrphanPayment, 1_200));
    let decisions = book.must(Fact::LineTaken(taken(paid_at)));
    assert!(
        decisions.iter().any(|one| matches!(one,
        Decision::OrderPaid { order: settled, standing: Standing::Late, .. } if *settled == order))
    );
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn money_of_no_order_or_of_several_is_held() {
    let mut book = Book::default();
    unobserved(&mut book, found("A", BreakCode::OrphanPayment, 1_200));
    let decisions = book.must(Fact::LineTaken(taken(book.at)));
    assert!(
        decisions
            .iter()
            .any(|one| matches!(one, Decision::PaymentHeld { reason: HoldReason::NoOrder, .. }))
    );
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_line_becomes_one_payment_however_often_it_is_taken() {
    let mut book = Book::default();
    unobserved(&mut book, found("A", BreakCode::OrphanPayment, 1_200));
    book.must(Fact::LineTaken(taken(book.at)));
    let again = Ok(Ruling::Repeat(Repeat::Payment(PaymentId::of_line(id(&line())))));
    assert_eq!(book.submit(Fact::LineTaken(taken(book.at))), again);
    // A later run that finds the line alone again does not make a second payment possible.
    book.must(Fact::DayReconciled(run(
        2,
        DAY,
        &[1],
        vec![found("A", BreakCode::OrphanPayment, 7)],
    )));
    let state = book.state.find_break(id(&line())).expect("it is there").state;
    assert_eq!(state, BreakState::Reopened);
    let other = LineTaken { number: Some("A-7".into()), ..taken(book.at) };
    let refused = Err(Rejection::Break(BreakRefusal::Taken));
    assert_eq!(book.submit(Fact::LineTaken(other)), refused, "a repeat says the same");
    assert_eq!(book.submit(Fact::LineTaken(taken(book.at))), again);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn what_is_no_line_of_money_that_came_is_refused() {
    let refused = |refusal| Err(Rejection::Break(refusal));
    let mut empty = Book::default();
    let now = empty.at;
    assert_eq!(empty.submit(Fact::LineTaken(taken(now))), refused(BreakRefusal::Unknown));
    let cases: [(FoundBreak, Result<Ruling, Rejection>); 6] = [
        (found("A", BreakCode::OrphanRefund, 5), refused(BreakRefusal::NotALine)),
        (found("A", BreakCode::AmountOver, 5), refused(BreakRefusal::NotALine)),
        (found("A", BreakCode::RowRejected, 5), refused(BreakRefusal::NotALine)),
        (found("A", BreakCode::OrphanPayment, 0), Err(Rejection::AmountNotPositive)),
        (
            found("A", BreakCode::OrphanPayment, AMOUNT_MINOR_MAX + 1),
            refused(BreakRefusal::Unfit("amount")),
        ),
        (
            FoundBreak {
                subject: Subject::Payment(PaymentId::from_bits(7)),
                ..found("A", BreakCode::OrphanPayment, 5)
            },
            refused(BreakRefusal::NotALine),
        ),
    ];
    for (one, expected) in cases {
        let mut book = Book::default();
        let id = id(&one.subject);
        unobserved(&mut book, one.clone());
        let fact = LineTaken { id, ..taken(book.at) };
        assert_eq!(book.submit(Fact::LineTaken(fact)), expected, "{one:?}");
    }
}

#[test]
fn whoever_takes_a_line_has_a_name_a_reason_and_a_time_that_was() {
    let mut book = Book::default();
    unobserved(&mut book, found("A", BreakCode::OrphanPayment, 5));
    let good = taken(book.at);
    let cases = [
        (LineTaken { by: String::from(" ann"), ..good.clone() }, Rejection::BadText("by")),
        (LineTaken { reason: String::from(" "), ..good.clone() }, Rejection::BadText("reason")),
        (LineTaken { number: Some("x".repeat(200)), ..good.clone() }, Rejection::BadText("number")),
        (
            LineTaken { paid_at: book.at.plus(Span::from_hours(1)), ..good.clone() },
            Rejection::Break(BreakRefusal::Unfit("paid_at")),
        ),
        // A slip of the pen. No run over the day would see the payment, and count the line again.
        (
            LineTaken { paid_at: book.at.minus(Span::from_hours(365 * 24)), ..good.clone() },
            Rejection::Break(BreakRefusal::Unfit("paid_at")),
        ),
    ];
    for (fact, expected) in cases {
        assert_eq!(book.submit(Fact::LineTaken(fact)), Err(expected));
    }
    book.must(work(good.id, "bob", BreakStep::Resolve(resolution(ResolutionKind::NotABreak))));
    let over = Rejection::Break(BreakRefusal::Is(BreakState::Resolved));
    assert_eq!(book.submit(Fact::LineTaken(good)), Err(over));
    assert_eq!(book.violations(), vec![]);
}

proptest! {
    /// Whatever the line says, the money is one payment of exactly that amount in that wallet, and
    /// everything that is asked at each event still holds.
    #[test]
    fn the_payment_is_the_line(fen in 1..5_000_i64, price in 1..5_000_i64, secs in 0..600_u64) {
        let mut book = Book::default();
        book.open("shop", "1", price);
        let paid_at = book.at.plus(Span::from_secs(secs));
        book.at = paid_at.plus(Span::from_secs(1));
        book.tick();
        let one = FoundBreak { direction: Direction::In, ..found("A", BreakCode::DuplicatePayment, fen) };
        unobserved(&mut book, one);
        let decisions = book.must(Fact::LineTaken(taken(paid_at)));
        let observed: Vec<_> = decisions.iter().filter_map(|one| match one {
            Decision::PaymentObserved { payment, wallets, amount, paid_at } => {
                Some((*payment, wallets.len(), *amount, *paid_at))
            }
            _ => None,
        }).collect();
        let expected = (PaymentId::of_line(id(&line())), 1, Amount::fen(fen), paid_at);
        prop_assert_eq!(observed, vec![expected]);
        prop_assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn nobody_opens_the_break_of_a_taken_line_again() {
    let mut book = Book::default();
    unobserved(&mut book, found("A", BreakCode::OrphanPayment, 1_200));
    book.must(Fact::LineTaken(taken(book.at)));
    let again = BreakStep::Reopen { reason: String::from("a slip") };
    let refused = Err(Rejection::Break(BreakRefusal::Taken));
    assert_eq!(book.submit(work(id(&line()), "bob", again)), refused);
    assert_eq!(book.violations(), vec![]);
}
