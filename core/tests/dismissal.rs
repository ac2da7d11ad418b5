//! Money that belongs to no order: a person takes it out of suspense.
//!
//! Deliberately not here: refused words about payments (`rejections.rs`).

use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, PaymentAssigned, PaymentDismissed};
use duizhang_core::id::{OrderId, PaymentId};
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::rejection::Rejection;
use duizhang_core::state::Totals;
use duizhang_core::testing::{Book, history};
use duizhang_core::time::Span;
use proptest::prelude::*;

fn dismiss(payment: PaymentId, reason: &str) -> Fact {
    let (by, reason) = (String::from("ann"), String::from(reason));
    Fact::PaymentDismissed(PaymentDismissed { payment, by, reason })
}

fn assign(payment: PaymentId, order: OrderId) -> Fact {
    let (by, reason) = (String::from("ann"), String::from("the payer called"));
    Fact::PaymentAssigned(PaymentAssigned { payment, order, by, reason })
}

fn reason_of(decisions: &[Decision]) -> Option<HoldReason> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn only_money_in_suspense_can_be_dismissed() {
    let mut book = Book::default();
    book.open("shop", "1", 100);
    let (paid, decisions) = book.pay(100);
    assert_eq!(reason_of(&decisions), None);
    for payment in [paid, PaymentId::from_bits(7)] {
        assert_eq!(book.submit(dismiss(payment, "sent back")), Err(Rejection::UnknownPayment));
    }
    let (held, _) = book.pay(55);
    let order = book.open("shop", "2", 55);
    book.must(assign(held, order));
    assert_eq!(book.submit(dismiss(held, "sent back")), Err(Rejection::UnknownPayment));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn dismissed_money_is_out_of_suspense_for_good_and_still_counted() {
    let mut book = Book::default();
    let (payment, _) = book.pay(55);
    let order = book.open("shop", "1", 55);
    let decisions = book.must(dismiss(payment, "sent back"));
    assert_eq!(decisions, vec![Decision::SuspenseEnded { payment }]);
    let totals = Totals { observed: 55, dismissed: 55, ..Totals::default() };
    assert_eq!((book.state.totals(), book.auditor.suspense()), (totals, 0));
    assert_eq!(book.state.held_payments().count(), 0);

    let before = book.state.fingerprint();
    let repeat = Ok(Ruling::Repeat(Repeat::Payment(payment)));
    assert_eq!(book.submit(dismiss(payment, "another reason")), repeat);
    assert_eq!(book.submit(assign(payment, order)), Err(Rejection::UnknownPayment));
    assert_eq!(book.state.fingerprint(), before);
    book.restart();
    assert_eq!(book.submit(dismiss(payment, "after a restart")), repeat);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_dismissed_payment_claims_no_order_any_more() {
    let mut book = Book::default();
    let order = book.open("shop", "1", 100);
    let (by_clock, decisions) = {
        let sent = book.at.plus(Span::from_mins(90));
        let received = book.money_with(100, Some(sent), &[]);
        (PaymentId::of(received.notification), book.notify(received))
    };
    assert_eq!(reason_of(&decisions), Some(HoldReason::ClockDoubt));
    let mut rival = book.clone();
    let (_, decisions) = rival.pay(100);
    assert_eq!(reason_of(&decisions), Some(HoldReason::RivalPayment), "while it waits");

    book.must(dismiss(by_clock, "a test of the phone"));
    assert_eq!(book.row(order).claims, 0);
    let (_, decisions) = book.pay(100);
    assert_eq!((reason_of(&decisions), book.status(order)), (None, OrderStatus::Paid));
    assert_eq!(book.violations(), vec![]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever happened, everything in suspense can be dismissed, each once, and then nothing is
    /// in suspense, no order is claimed, and all money is still counted.
    #[test]
    fn suspense_can_always_be_emptied(steps in history(80)) {
        let mut book = Book::default();
        book.play(&steps);
        let before = book.state.totals();
        let held: Vec<PaymentId> = book.state.held_payments().map(|(id, _)| id).collect();
        for payment in held {
            let ended = Ruling::Decided(vec![Decision::SuspenseEnded { payment }]);
            prop_assert_eq!(book.submit(dismiss(payment, "sent back")), Ok(ended));
            let repeat = Ruling::Repeat(Repeat::Payment(payment));
            prop_assert_eq!(book.submit(dismiss(payment, "sent back")), Ok(repeat));
        }
        let dismissed = before.dismissed + before.held;
        prop_assert_eq!(book.state.totals(), Totals { held: 0, dismissed, ..before });
        prop_assert!(book.state.orders().all(|row| row.claims == 0));
        prop_assert_eq!(book.violations(), vec![]);
        prop_assert_eq!(book.rebuilt().fingerprint(), book.state.fingerprint());
    }
}
