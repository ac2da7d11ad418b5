//! Money that comes after its order's amount was released: the allocator keeps out of its way.
//!
//! Deliberately not here: late money while the amount is still the order's (`matching.rs`), and that
//! the allocator finds the nearest of all these amounts (`proofs/allocation.rs`).

use duizhang_core::decision::Decision;
use duizhang_core::fact::{Closer, Fact, OrderCloseRequested};
use duizhang_core::id::OrderId;
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::{Policy, Step};
use duizhang_core::state::Reservation;
use duizhang_core::testing::{Book, merchant, policy_fact};
use duizhang_core::time::Span;
use proptest::prelude::*;

fn mins(count: u64) -> Span {
    Span::from_mins(count)
}

fn narrow(policy: Policy) -> Book {
    let mut book = Book::new(policy);
    book.must(Fact::MerchantDeclared(merchant("shop", &["wx"])));
    book
}

/// An order that nobody paid, and whose amount is free again.
fn unpaid(book: &mut Book, number: &str, fen: i64) -> OrderId {
    let order = book.open("shop", number, fen);
    book.wait(mins(6)).tick();
    book.wait(mins(15)).tick();
    assert_eq!(book.row(order).reservation, Reservation::Released);
    order
}

fn payable(book: &mut Book, number: &str, fen: i64) -> i64 {
    let order = book.open("shop", number, fen);
    book.row(order).payable
}

fn reason(decisions: &[Decision]) -> Option<HoldReason> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn very_late_money_settles_nobody_elses_order() {
    let mut book = narrow(Policy::default());
    unpaid(&mut book, "old", 1_000);
    let new = book.open("shop", "new", 1_000);
    assert_eq!(book.row(new).payable, 1_001, "money for the old order may still come");
    let (_, decisions) = book.wait(mins(1)).pay(1_000);
    assert_eq!(reason(&decisions), Some(HoldReason::NoOrder), "it waits for a person");
    let (_, decisions) = book.pay(1_001);
    assert_eq!((reason(&decisions), book.status(new)), (None, OrderStatus::Paid));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn an_amount_comes_back_after_the_lookback() {
    let mut book = narrow(Policy::default());
    unpaid(&mut book, "old", 1_000);
    book.wait(Span::from_hours(24)).pay(1);
    assert_eq!(payable(&mut book.clone(), "on the last instant", 1_000), 1_001);
    book.wait(Span::from_secs(1)).pay(1);
    assert_eq!(payable(&mut book, "after it", 1_000), 1_000);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn an_order_that_has_its_money_leaves_nothing_behind() {
    let mut book = narrow(Policy::default());
    book.open("shop", "paid", 1_000);
    book.pay(1_000);
    book.wait(mins(15)).tick();
    assert_eq!(payable(&mut book, "next", 1_000), 1_000);
}

#[test]
fn closed_and_part_paid_orders_are_remembered_too() {
    let mut book = narrow(Policy::default());
    let closed = book.open("shop", "closed", 1_000);
    let by = Closer::Operator("ann".into());
    book.must(Fact::OrderCloseRequested(OrderCloseRequested { order: closed, by }));
    let part = book.open("shop", "part", 1_000);
    let received = book.money_with(1, None, &[&part.to_string()]);
    book.notify(received);
    book.wait(mins(30)).tick();
    assert_eq!(book.status(part), OrderStatus::Underpaid);
    assert_eq!(payable(&mut book, "next", 1_000), 1_002);
}

#[test]
fn where_every_near_amount_is_remembered_the_nearest_is_given() {
    for step in [Step::Up, Step::Down, Step::Nearest] {
        let mut book = narrow(Policy { step, max_offset: 1, ..Policy::default() });
        for number in 0..3 {
            unpaid(&mut book, &format!("N{number}"), 1_000);
        }
        let wanted = [1_000, if step == Step::Up { 1_001 } else { 999 }];
        let got = [payable(&mut book, "A", 1_000), payable(&mut book, "B", 1_000)];
        assert_eq!(got, wanted, "{step:?}");
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn a_shorter_lookback_forgets_sooner() {
    let mut book = narrow(Policy::default());
    unpaid(&mut book, "old", 1_000);
    book.wait(mins(21));
    book.must(policy_fact(Policy { lookback: mins(20), ..Policy::default() }));
    book.pay(1);
    assert_eq!(payable(&mut book, "next", 1_000), 1_000);
    assert_eq!(book.violations(), vec![]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// While other amounts are near, no order gets an amount that an unpaid one had within the
    /// lookback, so late money never settles a stranger's order.
    #[test]
    fn amounts_of_unpaid_orders_are_left_alone_while_others_are_near(
        turns in prop::collection::vec((0_u64..120, any::<bool>()), 1..60),
    ) {
        let mut book = narrow(Policy::default());
        let mut unpaid: Vec<i64> = Vec::new();
        for (number, (wait, pays)) in turns.into_iter().enumerate() {
            let order = book.open("shop", &format!("N{number}"), 1_000);
            let payable = book.row(order).payable;
            prop_assert!(!unpaid.contains(&payable), "{} was an unpaid order's", payable);
            if pays {
                // At the very instant of a release both holders could be meant.
                book.wait(Span::from_secs(1)).pay(payable);
                prop_assert_eq!(book.status(order), OrderStatus::Paid);
            } else {
                unpaid.push(payable);
            }
            book.wait(mins(wait / 6)).tick();
        }
        for late in unpaid {
            let before = book.state.totals().matched;
            let (_, decisions) = book.pay(late);
            let own = decisions.iter().all(|decision| match decision {
                Decision::OrderPaid { order, .. } => book.row(*order).payable == late,
                _ => true,
            });
            prop_assert!(own && book.state.totals().matched - before <= i128::from(late));
        }
        prop_assert_eq!(book.violations(), vec![]);
    }
}
