//! Stories of every kind, by the sentences that must be in them.

use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::digest::Digest;
use duizhang_core::fact::{
    CallbackAttempted, Closer, EvidenceJudged, Fact, Judgement, OrderCloseRequested,
    PaymentAssigned, PaymentDismissed, Reading, RedeliveryRequested, RefundRequested,
    RefundStepTaken,
};
use duizhang_core::id::{BreakId, MerchantId, NotificationId, OrderId, PaymentId, RefundId};
use duizhang_core::refund::RefundStep;
use duizhang_core::testing::{Book, history};
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::MemoryLog;
use proptest::prelude::*;

use super::*;
use crate::error::ReplayError;
use crate::story_book::log_of_book;

fn told(book: &Book, kind: &str, id: impl ToString) -> Story {
    let subject = Subject::parse(kind, &id.to_string()).expect("a subject");
    explain(&log_of_book(book), &subject, &mut |_, _| {}).expect("the log knows it")
}

fn refused(book: &Book, kind: &str, id: impl ToString) -> String {
    let subject = match Subject::parse(kind, &id.to_string()) {
        Ok(subject) => subject,
        Err(error) => return error.to_string(),
    };
    let told = explain(&log_of_book(book), &subject, &mut |_, _| {});
    told.expect_err("there is no such story").to_string()
}

/// All fragments are in the text, in this order.
fn assert_tells(story: &Story, fragments: &[&str]) {
    let text = story.text();
    let mut rest = text.as_str();
    for fragment in fragments {
        let place = rest.find(fragment);
        let place = place.unwrap_or_else(|| panic!("{fragment:?} is not told in order:\n{text}"));
        rest = &rest[place + fragment.len()..];
    }
}

fn attempt(order: OrderId, outcome: AttemptOutcome) -> Fact {
    Fact::CallbackAttempted(CallbackAttempted {
        callback: CallbackId { order, number: 1 },
        outcome,
        took: Span::from_millis(20),
        excerpt: "fail\u{7}".into(),
        jitter_ppm: 0,
    })
}

#[test]
fn what_is_unknown_is_said_to_be() {
    let mut book = Book::default();
    book.open("shop", "A1", 1_000);
    let nobody = OrderId::from_bits(1);
    assert_eq!(refused(&book, "order", nobody), format!("no order {nobody} in the log"));
    assert_eq!(refused(&book, "order", "B9"), "no order B9 in the log");
    let callback = CallbackId { order: nobody, number: 1 };
    assert_eq!(refused(&book, "callback", callback), format!("no callback {callback} in the log"));
    let payment = PaymentId::from_bits(1);
    assert_eq!(refused(&book, "payment", payment), format!("no payment {payment} in the log"));
    assert_eq!(refused(&book, "payment", "x"), "x is not the id of a payment");
    assert_eq!(refused(&book, "notification", "x"), "x is not the id of a notification");
    let unknown = BreakId::from_bits(1);
    assert_eq!(refused(&book, "break", unknown), format!("no break {unknown} in the log"));
    assert_eq!(refused(&book, "break", "b1"), "b1 is not the id of a break");
    assert!(refused(&book, "wallet", "wx").starts_with("no story of a wallet"));
    let empty = explain(&MemoryLog::new(), &Subject::Order(nobody), &mut |_, _| {});
    assert!(matches!(empty, Err(ReplayError::NotFound { .. })));
}

#[test]
fn a_number_that_two_merchants_used_asks_for_the_id() {
    let mut book = Book::default();
    let (shop, mall) = (book.open("shop", "A1", 1_000), book.open("mall", "A1", 1_000));
    let error = refused(&book, "order", "A1");
    assert!(error.contains(&shop.to_string()) && error.contains(&mall.to_string()), "{error}");
}

#[test]
fn a_number_in_the_form_of_an_id_is_found_where_no_order_has_that_id() {
    let mut book = Book::default();
    let disguised = OrderId::from_bits(77).to_string();
    book.open("shop", &disguised, 1_000);
    assert_tells(&told(&book, "order", &disguised), &["(number o", "is open"]);
}

#[test]
fn a_paid_order() {
    let mut book = Book::default();
    let order = book.open("shop", "A1", 1_000);
    book.open("shop", "B2", 5_000);
    book.pay(1_000);
    book.must(attempt(order, AttemptOutcome::Acknowledged { status: 200 }));
    let story = told(&book, "order", "A1");
    assert_tells(
        &story,
        &[
            "2023-11-15T06:13:20+08:00",
            "Merchant shop asked in the dialect native to be paid 10.00 CNY as order",
            "was accepted: 10.00 CNY held on wallet",
            "from device phone: 10.00 CNY of money",
            "was judged first of its kind",
            "was observed on",
            "by wallet, amount and time (isolated; candidates: o",
            "was paid exactly and in time by payment",
            "(order.paid) is due at",
            "the merchant acknowledged it with status 200 after 20 ms (\"fail\\u{7}\")",
            "was acknowledged; the merchant knows",
            "is paid: asked 10.00 CNY, payable 10.00 CNY, received 10.00 CNY",
            "Its latest callback is acknowledged.",
        ],
    );
    assert!(!story.text().contains("B2"), "another order is another story");
    assert_eq!(story.events, told(&book, "order", order).events);
    assert!(story.json().contains("\"position\": "));
}

#[test]
fn an_order_that_was_paid_late() {
    let mut book = Book::default();
    let order = book.open("shop", "A1", 1_000);
    book.wait(Span::from_mins(6)).tick();
    book.pay(1_000);
    assert_tells(
        &told(&book, "order", order),
        &[
            "Time passed, and something was due.",
            "expired unpaid; its amount is quarantined until",
            "was paid exactly but late",
            "is paid_late",
        ],
    );
}

#[test]
fn a_closed_order_whose_money_came_all_the_same() {
    let mut book = Book::default();
    let order = book.open("shop", "A1", 1_000);
    let by = Closer::Operator("ann".into());
    book.must(Fact::OrderCloseRequested(OrderCloseRequested { order, by }));
    let (payment, _) = book.pay(1_000);
    let why = "the one possible order was closed by its merchant";
    let expected = ["Operator ann asked to close", "was closed", "is closed", "No payment", why];
    assert_tells(&told(&book, "order", order), &expected);
    assert_tells(&told(&book, "payment", payment), &[why, "Candidate o", "is closed"]);
}

#[test]
fn a_payment_that_two_orders_could_have_meant() {
    let mut book = Book::default();
    let orders = [book.open("shop", "A1", 1_000), book.open("shop", "A2", 1_000)];
    let amounts = orders.map(|order| book.row(order).payable);
    assert_eq!(amounts, [1_000, 1_000], "two wallets take the same amount");
    let (payment, _) = book.pay(1_000);
    let why = "held as ambiguous since";
    let story = told(&book, "payment", payment);
    assert_tells(&story, &["several orders could be meant", why, "Candidate o", "Candidate o"]);
    let text = story.text();
    assert!(orders.iter().all(|order| text.contains(&order.to_string())), "{text}");
    assert_tells(&told(&book, "order", "A1"), &["No payment was matched to it", why]);
    book.must(Fact::PaymentAssigned(PaymentAssigned {
        payment,
        order: orders[1],
        by: "ann".into(),
        reason: "the payer called".into(),
    }));
    let expected = ["ann assigned payment", "the payer called", "an operator's word (assigned"];
    assert_tells(&told(&book, "payment", payment), &expected);
    // The order that did not get the money still tells who did.
    assert_tells(&told(&book, "order", "A1"), &["ann assigned payment", "is open"]);
    let settles = format!("Payment {payment} settles order {}", orders[1]);
    assert_tells(&told(&book, "payment", payment), &[&settles]);
}

#[test]
fn a_payment_without_an_order() {
    let mut book = Book::default();
    let (payment, _) = book.pay(777);
    let expected =
        ["held as orphan: no order held this amount at that time; candidates: none", "7.77 CNY"];
    assert_tells(&told(&book, "payment", payment), &expected);
}

#[test]
fn a_payment_that_a_person_said_belongs_to_no_order() {
    let mut book = Book::default();
    book.open("shop", "A1", 777);
    book.pay(777);
    let (payment, _) = book.pay(777);
    let (by, reason) = ("ann".into(), "paid twice, sent back".into());
    book.must(Fact::PaymentDismissed(PaymentDismissed { payment, by, reason }));
    let expected = [
        "ann said that payment",
        "belongs to no order: paid twice, sent back",
        "is out of suspense without an order",
        "was dismissed by ann at",
    ];
    assert_tells(&told(&book, "payment", payment), &expected);
    // The order that it was held for tells the end of it too, and no longer shows it as held.
    let story = told(&book, "order", "A1");
    assert_tells(&story, &["ann said that payment", "is out of suspense", "is paid:"]);
    assert!(!story.text().contains("is held as"), "{}", story.text());
}

#[test]
fn a_clock_beyond_all_calendars_spoils_no_story() {
    let mut book = Book::default();
    for micros in [i64::MIN, i64::MAX] {
        let received = book.money_with(777, Some(Timestamp::from_micros(micros)), &[]);
        let payment = PaymentId::of(received.notification);
        book.notify(received);
        assert_tells(&told(&book, "payment", payment), &["which is on no calendar"]);
    }
}

#[test]
fn a_notification_that_came_again_and_again() {
    let mut book = Book::default();
    book.open("shop", "A1", 1_000);
    let first = book.money(1_000);
    let mut repeat = first.clone();
    repeat.notification = NotificationId::from_bits(8);
    let mut conflict = first.clone();
    conflict.notification = NotificationId::from_bits(9);
    conflict.content = Digest::of(&[b"other"]);
    for received in [&first, &repeat, &conflict] {
        book.notify(received.clone());
    }
    let expected = [
        "was judged first of its kind",
        "was judged a repeat of n",
        "no effect",
        "was judged a conflict with n",
        "It was delivered 2 more times under the same key.",
    ];
    assert_tells(&told(&book, "notification", first.notification), &expected);
    let why = format!("was judged a repeat of {}: no effect", first.notification);
    assert_tells(&told(&book, "notification", repeat.notification), &[&why]);
    let waits = "It waits for a person to say what it is.";
    assert_tells(&told(&book, "notification", conflict.notification), &[waits]);
    assert_tells(&told(&book, "order", "A1"), &["was judged a repeat", "was judged a conflict"]);
}

#[test]
fn evidence_that_nobody_could_read_or_that_was_forged() {
    let mut book = Book::default();
    let mut unreadable = book.money(1);
    unreadable.reading = Reading::Unreadable;
    let mut forged = book.money(1);
    forged.reading = Reading::Forged;
    forged.device = None;
    book.notify(unreadable.clone());
    book.notify(forged.clone());
    let story = told(&book, "notification", unreadable.notification);
    assert_tells(&story, &["unreadable: a person must look", "waits for a person"]);
    book.must(Fact::EvidenceJudged(EvidenceJudged {
        notification: unreadable.notification,
        judgement: Judgement::NotMoney,
        by: "ann".into(),
        reason: "an advertisement".into(),
    }));
    let story = told(&book, "notification", unreadable.notification);
    assert_tells(&story, &["ann read notification", "as no money: an advertisement", "dismissed"]);
    let story = told(&book, "notification", forged.notification);
    assert_tells(&story, &["from somebody unknown", "its signature is wrong, so it has no effect"]);
}

#[test]
fn a_refund_is_part_of_its_order() {
    let mut book = Book::default();
    let order = book.open("shop", "A1", 1_000);
    book.pay(1_000);
    let refund = RefundId::from_bits(5);
    book.must(Fact::RefundRequested(RefundRequested {
        refund,
        merchant: MerchantId::new("shop").expect("a name"),
        order,
        number: "R1".into(),
        amount: duizhang_core::amount::Amount::fen(400),
        reason: "broken".into(),
    }));
    for (step, evidence) in [
        (RefundStep::Approve, "fine"),
        (RefundStep::Send, "transfer 12"),
        (RefundStep::Confirm, "thanked"),
    ] {
        let (by, evidence) = ("ann".to_owned(), evidence.to_owned());
        book.must(Fact::RefundStepTaken(RefundStepTaken { refund, step, by, evidence }));
    }
    let expected = [
        "Merchant shop asked to give 4.00 CNY of order",
        "(number R1): broken.",
        "was opened and waits for approval",
        "is now approved",
        "as sent: transfer 12.",
        "is now confirmed",
        "(refund.confirmed of refund r",
        "in refunds 4.00 CNY",
    ];
    assert_tells(&told(&book, "order", order), &expected);
}

#[test]
fn a_callback_that_was_abandoned_and_sent_again() {
    let mut book = Book::default();
    let order = book.open("shop", "A1", 1_000);
    book.pay(1_000);
    let callback = CallbackId { order, number: 1 };
    book.must(attempt(order, AttemptOutcome::Answered { status: 500, retry_after: None }));
    let expected = ["with status 500, which does not mean received", "will be tried again at"];
    assert_tells(&told(&book, "callback", callback), &expected);
    let pending = "was tried 1 times; the next attempt is due at 2023-11-15T06:13:25+08:00";
    assert_tells(&told(&book, "callback", callback), &[pending]);
    book.must(attempt(order, AttemptOutcome::Gone));
    let expected = ["the endpoint is gone", "was abandoned", "has no attempts ahead"];
    assert_tells(&told(&book, "callback", callback), &expected);
    let by = "ann".to_owned();
    book.must(Fact::RedeliveryRequested(RedeliveryRequested { callback, by }));
    let story = told(&book, "callback", callback);
    assert_tells(&story, &["ann asked to send callback", "is due at", "was tried 0 times"]);
    assert!(!story.text().contains("asked in the dialect"), "the order is another story");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn everything_in_any_history_has_its_story(steps in history(40)) {
        let mut book = Book::default();
        book.play(&steps);
        let log = log_of_book(&book);
        let tell = |subject: Subject| explain(&log, &subject, &mut |_, _| {});
        for row in book.state.orders() {
            let story = tell(Subject::Order(row.id)).expect("the order is in the log");
            prop_assert_eq!(story.events[0].position, row.position);
            prop_assert!(story.text().contains(row.status.word()));
            prop_assert!(story.events.is_sorted_by_key(|event| event.position));
        }
        for (payment, held) in book.state.held_payments() {
            let text = tell(Subject::Payment(payment)).expect("it is in the log").text();
            prop_assert!(text.contains("settles nothing until an operator assigns it"));
            for candidate in &held.candidates {
                let named = format!("Candidate {candidate}");
                prop_assert!(text.contains(&named), "{}", text);
            }
        }
        for (callback, _) in book.state.pending_callbacks() {
            let text = tell(Subject::Callback(callback)).expect("it is in the log").text();
            prop_assert!(text.contains("the next attempt is due at"));
        }
    }
}
