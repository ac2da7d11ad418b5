//! Callbacks from schedule to abandonment, and refunds from request to their end, by example.
//!
//! Deliberately not here: refusals (`rejections.rs`) and the same over random histories
//! (`histories.rs`).

use duizhang_core::amount::Amount;
use duizhang_core::callback::{AttemptOutcome, CallbackId, Topic};
use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::{
    CallbackAttempted, Fact, RedeliveryRequested, RefundRequested, RefundStepTaken,
};
use duizhang_core::id::{MerchantId, OrderId, RefundId};
use duizhang_core::limits::RETRY_AFTER_MAX;
use duizhang_core::order::Dialect;
use duizhang_core::policy::Policy;
use duizhang_core::refund::{RefundState, RefundStep};
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::{Book, drawn_bits, merchant, order, policy_fact};
use duizhang_core::time::Span;

const FAILED: AttemptOutcome = AttemptOutcome::Unreachable;

/// A paid order in a dialect, and its callback.
fn told(dialect: Dialect) -> (Book, CallbackId) {
    let mut book = Book::default();
    let mut request = order("shop", "1", 100);
    request.dialect = dialect;
    let order = book.request(request);
    let (_, decisions) = book.pay(100);
    let callback = CallbackId { order, number: 1 };
    let due = book.at;
    let scheduled = Decision::CallbackScheduled { callback, topic: Topic::OrderPaid, due };
    assert_eq!(decisions.last(), Some(&scheduled), "the first attempt is due at once");
    (book, callback)
}

fn attempted(
    book: &mut Book,
    callback: CallbackId,
    outcome: AttemptOutcome,
    ppm: u32,
) -> Vec<Decision> {
    book.must(Fact::CallbackAttempted(CallbackAttempted {
        callback,
        outcome,
        took: Span::from_millis(20),
        excerpt: String::new(),
        jitter_ppm: ppm,
    }))
}

fn redeliver(book: &mut Book, callback: CallbackId) -> Result<Ruling, Rejection> {
    let by = String::from("test");
    book.submit(Fact::RedeliveryRequested(RedeliveryRequested { callback, by }))
}

#[test]
fn each_dialect_keeps_its_schedule_to_the_end() {
    for (dialect, delays) in [
        (Dialect::Native, vec![5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]),
        (Dialect::Vmq, vec![15, 60, 180, 600, 1_800, 3_600, 7_200, 21_600, 43_200]),
    ] {
        let (mut book, callback) = told(dialect);
        for (tries, secs) in delays.iter().enumerate() {
            let due = book.at.plus(Span::from_secs(*secs));
            let decisions = attempted(&mut book, callback, FAILED, 0);
            assert_eq!(decisions, vec![Decision::CallbackRetried { callback, due }], "{tries}");
            book.at = due;
        }
        let decisions = attempted(&mut book, callback, FAILED, 0);
        assert_eq!(decisions, vec![Decision::CallbackAbandoned { callback }]);
        assert_eq!(book.state.pending_callback(callback), None);
        assert_eq!(usize::from(book.row(callback.order).attempts), delays.len() + 1);
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn a_dialect_without_a_schedule_is_told_once() {
    let mut book = Book::new(Policy { schedules: vec![], ..Policy::default() });
    let order = book.open("shop", "1", 100);
    book.pay(100);
    let callback = CallbackId { order, number: 1 };
    let decisions = attempted(&mut book, callback, FAILED, 0);
    assert_eq!(decisions, vec![Decision::CallbackAbandoned { callback }]);
}

#[test]
fn chance_and_the_endpoints_wish_only_lengthen_a_delay() {
    let answered = |secs: u64| AttemptOutcome::Answered {
        status: 503,
        retry_after: Some(Span::from_secs(secs)),
    };
    // (outcome, jitter in ppm, seconds until the second attempt, whose plain delay is five)
    for (outcome, ppm, secs) in [
        (FAILED, 0, 5),
        (FAILED, 200_000, 6),
        (AttemptOutcome::AddressRefused, 0, 5),
        (AttemptOutcome::Unsendable, 200_000, 6),
        (AttemptOutcome::Answered { status: 500, retry_after: None }, 0, 5),
        (answered(2), 0, 5),
        (answered(90), 200_000, 90),
        (answered(3_600), 0, 3_600),
        (answered(1_000_000), 0, RETRY_AFTER_MAX.secs()),
        (answered(u64::MAX), 0, RETRY_AFTER_MAX.secs()),
    ] {
        let (mut book, callback) = told(Dialect::Native);
        let due = book.at.plus(Span::from_secs(secs));
        let decisions = attempted(&mut book, callback, outcome, ppm);
        assert_eq!(decisions, vec![Decision::CallbackRetried { callback, due }], "{outcome:?}");
    }
}

#[test]
fn an_end_is_an_end_until_a_person_asks() {
    for outcome in [AttemptOutcome::Acknowledged { status: 200 }, AttemptOutcome::Gone] {
        let (mut book, callback) = told(Dialect::Native);
        let ended = attempted(&mut book, callback, outcome, 0);
        let wanted = match outcome {
            AttemptOutcome::Gone => Decision::CallbackAbandoned { callback },
            _ => Decision::CallbackAcknowledged { callback },
        };
        assert_eq!(ended, vec![wanted]);
        let again = Fact::CallbackAttempted(CallbackAttempted {
            callback,
            outcome,
            took: Span::ZERO,
            excerpt: String::new(),
            jitter_ppm: 0,
        });
        assert_eq!(book.submit(again), Err(Rejection::UnknownCallback), "no attempt is due");

        let due = book.wait(Span::from_hours(5)).at;
        let topic = Topic::OrderPaid;
        let scheduled = vec![Decision::CallbackScheduled { callback, topic, due }];
        assert_eq!(redeliver(&mut book, callback), Ok(Ruling::Decided(scheduled)));
        let repeat = Ok(Ruling::Repeat(Repeat::Callback(callback)));
        assert_eq!(redeliver(&mut book, callback), repeat, "it is due already");
        let due = book.at.plus(Span::from_secs(5));
        let decisions = attempted(&mut book, callback, FAILED, 0);
        assert_eq!(
            decisions,
            vec![Decision::CallbackRetried { callback, due }],
            "the schedule begins anew"
        );
        let due = book.wait(Span::from_secs(1)).at;
        let sooner = vec![Decision::CallbackScheduled { callback, topic, due }];
        assert_eq!(redeliver(&mut book, callback), Ok(Ruling::Decided(sooner)));
        assert_eq!(book.row(callback.order).callbacks, 1, "it is the same message");
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn nobody_is_told_where_there_is_no_address() {
    let mut book = Book::default();
    let mut shop = merchant("shop", &["wx"]);
    shop.notify_url = None;
    book.must(Fact::MerchantDeclared(shop));
    book.open("shop", "1", 100);
    let (_, decisions) = book.pay(100);
    assert!(matches!(decisions.last(), Some(Decision::OrderPaid { .. })));
    let mut request = order("shop", "2", 200);
    request.notify_url = Some(String::from("https://order.example"));
    book.request(request);
    let (_, decisions) = book.pay(200);
    assert!(matches!(decisions.last(), Some(Decision::CallbackScheduled { .. })));
}

fn refund(book: &mut Book, order: OrderId, number: &str, fen: i64) -> Result<RefundId, Rejection> {
    let id = RefundId::from_bits(drawn_bits(number, 0));
    let request = RefundRequested {
        refund: id,
        merchant: MerchantId::new("shop").expect("a good name"),
        order,
        number: number.to_string(),
        amount: Amount::fen(fen),
        reason: String::from("test"),
    };
    book.submit(Fact::RefundRequested(request)).map(|ruling| {
        assert_eq!(ruling, Ruling::Decided(vec![Decision::RefundOpened { refund: id }]));
        id
    })
}

fn step(book: &mut Book, refund: RefundId, step: RefundStep) -> Result<Ruling, Rejection> {
    let (by, evidence) = (String::from("test"), String::from("4200001"));
    book.submit(Fact::RefundStepTaken(RefundStepTaken { refund, step, by, evidence }))
}

#[test]
fn a_refund_takes_its_steps_and_the_shop_is_told_of_the_end() {
    for (dialect, tells) in [(Dialect::Native, true), (Dialect::Vmq, false)] {
        let (mut book, callback) = told(dialect);
        let id = refund(&mut book, callback.order, "R1", 60).expect("it fits");
        for (one, to) in
            [(RefundStep::Approve, RefundState::Approved), (RefundStep::Send, RefundState::Sent)]
        {
            let advanced = vec![Decision::RefundAdvanced { refund: id, to }];
            assert_eq!(step(&mut book, id, one), Ok(Ruling::Decided(advanced)));
        }
        let Ok(Ruling::Decided(decisions)) = step(&mut book, id, RefundStep::Confirm) else {
            panic!("a sent refund is confirmed")
        };
        let second = CallbackId { number: 2, ..callback };
        let topic = Topic::RefundConfirmed(id);
        let due = book.at;
        let told = Decision::CallbackScheduled { callback: second, topic, due };
        assert_eq!(decisions.get(1), tells.then_some(&told));
        assert_eq!(book.state.topic_of(second), tells.then_some(topic));
        assert_eq!(book.state.topic_of(callback), Some(Topic::OrderPaid));
        let confirmed = Err(Rejection::RefundIs(RefundState::Confirmed));
        assert_eq!(step(&mut book, id, RefundStep::Decline), confirmed);
        assert_eq!(book.violations(), vec![]);
    }
}

/// Every step from every state: what is allowed, what is a repeat, and what is refused.
#[test]
fn steps_are_taken_in_their_order_only() {
    use RefundState::{Approved, Confirmed, Declined, Requested, Sent};
    let steps = [RefundStep::Approve, RefundStep::Send, RefundStep::Confirm, RefundStep::Decline];
    // How each state is reached, and the states that the four steps lead to from there.
    type Row = (RefundState, &'static [usize], [Option<RefundState>; 4]);
    let table: [Row; 5] = [
        (Requested, &[], [Some(Approved), None, None, Some(Declined)]),
        (Approved, &[0], [Some(Approved), Some(Sent), None, Some(Declined)]),
        (Sent, &[0, 1], [None, Some(Sent), Some(Confirmed), Some(Declined)]),
        (Confirmed, &[0, 1, 2], [None, None, Some(Confirmed), None]),
        (Declined, &[3], [None, None, None, Some(Declined)]),
    ];
    for (from, way, targets) in table {
        for (one, target) in steps.iter().zip(targets) {
            let (mut book, callback) = told(Dialect::Native);
            let id = refund(&mut book, callback.order, "R1", 60).expect("it fits");
            for taken in way {
                step(&mut book, id, steps[*taken]).expect("the way is open");
            }
            let ruling = step(&mut book, id, *one);
            match target {
                Some(to) if to == from => {
                    assert_eq!(ruling, Ok(Ruling::Repeat(Repeat::Refund(id))));
                }
                Some(to) => {
                    assert!(matches!(ruling, Ok(Ruling::Decided(_))), "{from} {one:?}");
                    assert_eq!(book.state.refund(id).map(|one| one.state), Some(to));
                }
                None => assert_eq!(ruling, Err(Rejection::RefundIs(from)), "{one:?}"),
            }
            assert_eq!(book.violations(), vec![]);
        }
    }
}

#[test]
fn a_declined_refund_gives_its_room_back() {
    let (mut book, callback) = told(Dialect::Native);
    let order = callback.order;
    let first = refund(&mut book, order, "R1", 70).expect("it fits");
    let exceeds = |left| Err(Rejection::RefundExceeds { left: Amount::fen(left) });
    assert_eq!(refund(&mut book, order, "R2", 31), exceeds(30));
    refund(&mut book, order, "R3", 30).expect("the rest fits to the last fen");
    assert_eq!(refund(&mut book, order, "R4", 1), exceeds(0));
    let declined = step(&mut book, first, RefundStep::Decline).expect("it may be declined");
    let told = Decision::CallbackScheduled {
        callback: CallbackId { number: 2, ..callback },
        topic: Topic::RefundDeclined(first),
        due: book.at,
    };
    let advanced = Decision::RefundAdvanced { refund: first, to: RefundState::Declined };
    assert_eq!(declined, Ruling::Decided(vec![advanced, told]));
    assert_eq!(book.row(order).refunded, 30);
    assert_eq!(refund(&mut book, order, "R5", 71), exceeds(70));
    refund(&mut book, order, "R6", 70).expect("the room is back");
    assert_eq!(refund(&mut book, order, "R7", i64::MAX), exceeds(0));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_part_that_came_can_go_back() {
    let mut book = Book::default();
    let order = book.open("shop", "1", 100);
    let id = order.to_string();
    let received = book.money_with(40, None, &[&id]);
    book.notify(received);
    let left = Amount::fen(40);
    assert_eq!(refund(&mut book, order, "R1", 41), Err(Rejection::RefundExceeds { left }));
    refund(&mut book, order, "R2", 40).expect("it came");
    book.must(policy_fact(Policy { max_offset: 1, ..Policy::default() }));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn an_order_settled_without_an_address_can_be_told_once_there_is_one() {
    let mut book = Book::default();
    let mut shop = merchant("shop", &["wx"]);
    shop.notify_url = None;
    book.must(Fact::MerchantDeclared(shop.clone()));
    let paid = book.open("shop", "1", 100);
    let (_, decisions) = book.pay(100);
    let told = |one: &Decision| matches!(one, Decision::CallbackScheduled { .. });
    assert!(!decisions.iter().any(told), "there is nowhere to tell it");
    let open = book.open("shop", "2", 200);
    let ask = |order, number| {
        let callback = CallbackId { order, number };
        Fact::RedeliveryRequested(RedeliveryRequested { callback, by: String::from("ann") })
    };
    assert_eq!(book.submit(ask(paid, 1)), Err(Rejection::UnknownCallback), "still nowhere");
    shop.notify_url = Some(String::from("https://shop.example/notify"));
    book.must(Fact::MerchantDeclared(shop));
    for (order, number) in [(paid, 0), (paid, 2), (open, 1)] {
        assert_eq!(book.submit(ask(order, number)), Err(Rejection::UnknownCallback));
    }
    let callback = CallbackId { order: paid, number: 1 };
    let (topic, due) = (Topic::OrderPaid, book.at);
    let scheduled = vec![Decision::CallbackScheduled { callback, topic, due }];
    assert_eq!(book.must(ask(paid, 1)), scheduled);
    let repeat = Ok(Ruling::Repeat(Repeat::Callback(callback)));
    assert_eq!(book.submit(ask(paid, 1)), repeat, "it is due already");
    assert_eq!(book.violations(), vec![]);
}
