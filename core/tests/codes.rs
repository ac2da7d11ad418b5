//! Orders with codes of their own: no amount is held for them, their code is recorded once, and
//! the money of a trade finds them by their code alone.
//!
//! Deliberately not here: asking a platform for codes (the shell's tests).

use duizhang_core::amount::Amount;
use duizhang_core::callback::{CallbackId, Topic, addresses};
use duizhang_core::channel::Channel;
use duizhang_core::code::OwnCode;
use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::{
    Closer, CodeIssued, EvidenceJudged, Fact, Judgement, OrderCloseRequested, Reading,
};
use duizhang_core::id::{NotificationId, OrderId, PaymentId, WalletId};
use duizhang_core::invariant::{Auditor, Invariant};
use duizhang_core::matcher::{Grade, HoldReason, Rule};
use duizhang_core::order::{Dialect, OrderStatus};
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::{Book, Entry, device, merchant, money, order, wallet};
use duizhang_core::time::Span;
use proptest::prelude::*;

/// A book with a wallet whose orders get codes of their own.
fn bridge() -> Book {
    let mut book = Book::default();
    let mut shop = merchant("kiosk", &["yz"]);
    shop.notify_url = Some("https://a.example/n;https://b.example/n".into());
    for id in ["yz", "yz-2"] {
        let mut bare = wallet(id, Channel::Youzan);
        bare.qr = None;
        book.must(Fact::WalletDeclared(bare));
    }
    book.must(Fact::DeviceDeclared(device("yz", &["yz"])));
    book.must(Fact::MerchantDeclared(shop));
    book
}

fn open(book: &mut Book, number: &str, fen: i64) -> OrderId {
    let mut request = order("kiosk", number, fen);
    request.dialect = Dialect::Youzan;
    request.channels = vec![Channel::Youzan];
    book.request(request)
}

fn code(order: OrderId, reference: &str) -> Fact {
    let (reference, qr) = (reference.into(), "https://qr.example/1".into());
    Fact::CodeIssued(CodeIssued { order, reference, qr, picture: String::new() })
}

/// A push that says no more than that there is a trade.
fn pushed(book: &mut Book) -> NotificationId {
    let number = book.draw();
    let mut received = money("yz", number, 1);
    received.reading = Reading::Unreadable;
    let notification = received.notification;
    book.notify(received);
    notification
}

fn trade(
    book: &Book,
    notification: NotificationId,
    wallet: &str,
    fen: i64,
    reference: Option<&str>,
) -> Fact {
    Fact::EvidenceJudged(EvidenceJudged {
        notification,
        judgement: Judgement::Trade {
            wallet: WalletId::new(wallet).expect("a name"),
            amount: Amount::fen(fen),
            paid_at: book.at,
            number: "E1".into(),
            reference: reference.map(String::from),
        },
        by: "youzan".into(),
        reason: "the trade itself".into(),
    })
}

/// A push, and the platform's word that it was fen by this code.
fn paid(book: &mut Book, fen: i64, reference: Option<&str>) -> (PaymentId, Vec<Decision>) {
    let notification = pushed(book);
    let fact = trade(book, notification, "yz", fen, reference);
    (PaymentId::of(notification), book.must(fact))
}

fn held(decisions: &[Decision]) -> Option<HoldReason> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { reason, .. } => Some(*reason),
        _ => None,
    })
}

#[test]
fn any_number_of_orders_may_ask_for_one_amount() {
    let mut book = bridge();
    let orders: Vec<OrderId> = (0..150).map(|n| open(&mut book, &n.to_string(), 500)).collect();
    for (n, order) in orders.iter().enumerate() {
        assert_eq!((book.row(*order).payable, book.row(*order).code), (500, OwnCode::Awaited));
        book.must(code(*order, &format!("7{n}")));
        assert_eq!(book.row(*order).code, OwnCode::Issued);
    }
    let (payment, decisions) = paid(&mut book, 500, Some("777"));
    let expected = Decision::PaymentMatched {
        payment,
        order: orders[77],
        grade: Grade::Isolated,
        rule: Rule::Reference,
        candidates: vec![orders[77]],
    };
    assert!(decisions.contains(&expected), "{decisions:?}");
    assert_eq!(book.status(orders[77]), OrderStatus::Paid);
    let others = orders.iter().filter(|id| book.status(**id) == OrderStatus::Open);
    assert_eq!(others.count(), 149);
    book.wait(Span::from_hours(1)).tick();
    assert_eq!(book.rebuilt().fingerprint(), book.state.fingerprint());
    assert_eq!(book.violations(), []);
}

#[test]
fn a_youzan_wallet_with_a_code_on_paper_is_like_any_other() {
    let mut book = bridge();
    book.must(Fact::WalletDeclared(wallet("paper", Channel::Youzan)));
    book.must(Fact::MerchantDeclared(merchant("stall", &["paper"])));
    let (one, two) = (book.open("stall", "1", 500), book.open("stall", "2", 500));
    assert_eq!((book.row(one).payable, book.row(two).payable), (500, 501));
    assert_eq!(book.row(one).code, OwnCode::None);
    assert_eq!(book.submit(code(one, "1")), Err(Rejection::UnknownOrder));
}

#[test]
fn a_wallet_that_gets_a_code_on_paper_keeps_its_old_orders_apart() {
    let mut book = bridge();
    let old = open(&mut book, "1", 500);
    book.must(code(old, "1"));
    book.must(Fact::WalletDeclared(wallet("yz", Channel::Youzan)));
    let new = open(&mut book, "2", 500);
    assert_eq!((book.row(new).payable, book.row(new).code), (500, OwnCode::None));
    paid(&mut book, 500, Some("1"));
    assert_eq!((book.status(old), book.status(new)), (OrderStatus::Paid, OrderStatus::Open));
    book.wait(Span::from_hours(1)).tick();
    assert_eq!(book.violations(), []);
}

#[test]
fn a_code_is_recorded_once_and_belongs_to_one_order() {
    let mut book = bridge();
    let (one, two) = (open(&mut book, "1", 500), open(&mut book, "2", 500));
    for (order, reference, expected) in [
        (OrderId::from_bits(1), "1", Err(Rejection::UnknownOrder)),
        (one, "", Err(Rejection::BadText("code"))),
        (one, "a\nb", Err(Rejection::BadText("code"))),
        (one, &"1".repeat(129), Err(Rejection::BadText("code"))),
        (one, "1", Ok(Ruling::Decided(vec![]))),
        (one, "1", Ok(Ruling::Repeat(Repeat::Order(one)))),
        (one, "2", Ok(Ruling::Repeat(Repeat::Order(one)))),
        (two, "1", Err(Rejection::NumberTaken(one))),
        (two, "2", Ok(Ruling::Decided(vec![]))),
    ] {
        assert_eq!(book.submit(code(order, reference)), expected, "{order} {reference}");
    }
    let late = open(&mut book, "3", 500);
    let by = Closer::Operator("li".into());
    book.must(Fact::OrderCloseRequested(OrderCloseRequested { order: late, by }));
    assert_eq!(book.submit(code(late, "3")), Err(Rejection::OrderIs(OrderStatus::Closed)));
}

#[test]
fn money_that_is_not_exactly_what_the_code_asks_for_waits_for_a_person() {
    for (fen, reference, status, expected) in [
        (500, Some("1"), OrderStatus::Paid, None),
        (499, Some("1"), OrderStatus::Open, Some(HoldReason::AmountDiffers)),
        (501, Some("1"), OrderStatus::Open, Some(HoldReason::AmountDiffers)),
        (500, Some("2"), OrderStatus::Open, Some(HoldReason::NoOrder)),
        (500, None, OrderStatus::Open, Some(HoldReason::NoOrder)),
    ] {
        let mut book = bridge();
        let order = open(&mut book, "N1", 500);
        book.must(code(order, "1"));
        let (_, decisions) = paid(&mut book, fen, reference);
        assert_eq!((held(&decisions), book.status(order)), (expected, status), "{fen}");
        assert_eq!(book.violations(), []);
    }
}

#[test]
fn a_code_names_no_order_on_another_wallet_and_no_number_is_a_code() {
    let mut book = bridge();
    let order = open(&mut book, "42", 500);
    book.must(code(order, "1"));
    let notification = pushed(&mut book);
    let elsewhere = trade(&book, notification, "yz-2", 500, Some("1"));
    assert_eq!(held(&book.must(elsewhere)), Some(HoldReason::NoOrder));
    // The merchant's own number of the order is no code, though a trade may bear the same digits.
    let (_, decisions) = paid(&mut book, 500, Some("42"));
    assert_eq!(held(&decisions), Some(HoldReason::NoOrder));
    // Money that another watcher of the wallet reports without a code finds no order by amount.
    let number = book.draw();
    let decisions = book.notify(money("yz", number, 500));
    assert_eq!(held(&decisions), Some(HoldReason::NoOrder));
    assert_eq!(book.status(order), OrderStatus::Open);
}

#[test]
fn late_money_and_money_that_comes_twice_are_known_as_the_orders_own() {
    let mut book = bridge();
    let order = open(&mut book, "N1", 500);
    book.must(code(order, "1"));
    book.wait(Span::from_hours(400)).tick();
    assert_eq!(book.status(order), OrderStatus::Expired);
    paid(&mut book, 500, Some("1"));
    assert_eq!(book.status(order), OrderStatus::PaidLate);
    let (_, decisions) = paid(&mut book, 500, Some("1"));
    assert_eq!(held(&decisions), Some(HoldReason::AlreadyPaid));
    assert_eq!(book.violations(), []);
}

#[test]
fn a_trade_is_taken_only_for_evidence_that_waits() {
    let mut book = bridge();
    let order = open(&mut book, "N1", 500);
    book.must(code(order, "1"));
    let notification = pushed(&mut book);
    for (wallet, fen, expected) in
        [("nowhere", 500, Rejection::UnknownWallet), ("yz", 0, Rejection::AmountNotPositive)]
    {
        let fact = trade(&book, notification, wallet, fen, Some("1"));
        assert_eq!(book.submit(fact), Err(expected));
    }
    let fact = trade(&book, notification, "yz", 500, Some("1"));
    book.must(fact.clone());
    assert_eq!(book.submit(fact), Err(Rejection::UnknownNotification));
}

#[test]
fn a_platform_that_sells_nothing_for_a_while_is_not_silent() {
    let mut book = bridge();
    pushed(&mut book);
    let number = book.draw();
    book.notify(money("phone", number, 100));
    let told = book.wait(Span::from_hours(9)).tick();
    let fell = told.iter().filter_map(|decision| match decision {
        Decision::DeviceFellSilent { device, .. } => Some(device.as_str()),
        _ => None,
    });
    assert_eq!(fell.collect::<Vec<_>>(), ["phone"]);
}

#[test]
fn each_address_of_the_merchant_is_told_by_a_message_of_its_own() {
    let mut book = bridge();
    let order = open(&mut book, "N1", 500);
    book.must(code(order, "1"));
    let (_, decisions) = paid(&mut book, 500, Some("1"));
    let scheduled: Vec<&Decision> = decisions
        .iter()
        .filter(|decision| matches!(decision, Decision::CallbackScheduled { .. }))
        .collect();
    let due = book.at;
    let message = |number| {
        let callback = CallbackId { order, number };
        Decision::CallbackScheduled { callback, topic: Topic::OrderPaid, due }
    };
    assert_eq!(scheduled, [&message(1), &message(2)]);
    assert_eq!(book.violations(), []);
}

#[test]
fn a_semicolon_divides_addresses_only_in_front_of_one() {
    for (text, expected) in [
        ("", vec![]),
        ("http://a/n", vec!["http://a/n"]),
        ("http://a/n;jsessionid=1", vec!["http://a/n;jsessionid=1"]),
        ("http://a/n;https://b/n", vec!["http://a/n", "https://b/n"]),
        ("http://a/n; http://b/n ;", vec!["http://a/n", "http://b/n"]),
        ("http://a/;x=1;https://b/n", vec!["http://a/;x=1", "https://b/n"]),
        (";;http://a/n;;http://b/n;;", vec!["http://a/n", "http://b/n"]),
    ] {
        assert_eq!(addresses(text), expected, "{text}");
    }
    assert_eq!(addresses(&"http://a/n;".repeat(20)).len(), 8);
}

/// Two orders with codes, and the second of them paid.
fn sold() -> (Book, OrderId, OrderId) {
    let mut book = bridge();
    let (one, two) = (open(&mut book, "1", 500), open(&mut book, "2", 500));
    book.must(code(one, "c1"));
    book.must(code(two, "c2"));
    paid(&mut book, 500, Some("c2"));
    assert_eq!(book.violations(), []);
    (book, one, two)
}

/// Lets a trade speak of another code.
fn name_code(entry: &mut Entry, code: Option<String>) {
    if let Fact::EvidenceJudged(judged) = &mut entry.fact
        && let Judgement::Trade { reference, .. } = &mut judged.judgement
    {
        *reference = code;
    }
}

#[test]
// tidy: long because it is a table of what can be wrong, each with its own history
fn the_auditor_sees_what_is_wrong_with_codes_and_trades() {
    type Damage = fn(&mut Entry, OrderId, OrderId);
    let damages: [(&str, Damage, Invariant); 6] = [
        (
            "a code of another order",
            |entry, _, _| {
                if let Fact::CodeIssued(issued) = &mut entry.fact {
                    issued.reference = "c1".into();
                }
            },
            Invariant::NeverGuessed,
        ),
        (
            "a second code",
            |entry, one, two| match &mut entry.fact {
                Fact::CodeIssued(issued) if issued.order == two => issued.order = one,
                _ => {}
            },
            Invariant::KnownOnly,
        ),
        (
            "a trade of another code",
            |entry, _, _| name_code(entry, Some("c1".into())),
            Invariant::NeverGuessed,
        ),
        ("a trade that names none", |entry, _, _| name_code(entry, None), Invariant::NeverGuessed),
        (
            "another amount",
            |entry, _, _| {
                for decision in &mut entry.decisions {
                    match decision {
                        Decision::PaymentObserved { amount, .. } => *amount = Amount::fen(499),
                        Decision::OrderPaid { received, .. } => *received = Amount::fen(499),
                        _ => {}
                    }
                }
            },
            Invariant::MatchedExactly,
        ),
        (
            "an amount that nobody asked for",
            |entry, _, _| {
                for decision in &mut entry.decisions {
                    if let Decision::OrderAccepted { payable, .. } = decision {
                        *payable = Amount::fen(501);
                    }
                }
            },
            Invariant::PayableNear,
        ),
    ];
    let (book, one, two) = sold();
    for (name, damage, invariant) in damages {
        let mut auditor = Auditor::new();
        for mut entry in book.log.clone() {
            damage(&mut entry, one, two);
            auditor.fold(entry.position, entry.at, &entry.fact, &entry.decisions);
        }
        let found = auditor.violations().iter().any(|seen| seen.invariant == invariant);
        assert!(found, "{name}: {:?}", auditor.violations());
    }
}

proptest! {
    /// Whatever orders wait for equal amounts, each trade settles the order of its code or none.
    #[test]
    fn trades_settle_their_own_orders(
        steps in prop::collection::vec((0_u8..4, 0_usize..6, 99_i64..102), 1..60),
    ) {
        let mut book = bridge();
        let orders: Vec<OrderId> = (0..6).map(|n| open(&mut book, &n.to_string(), 100)).collect();
        for (kind, which, fen) in steps {
            let (order, reference) = (orders[which], format!("c{which}"));
            match kind {
                0 => drop(book.submit(code(order, &reference))),
                1 => { book.wait(Span::from_mins(2)).tick(); }
                2 => book.restart(),
                _ => {
                    let before = book.state.totals().matched;
                    let (_, decisions) = paid(&mut book, fen, Some(&reference));
                    let settles = book.state.totals().matched > before;
                    prop_assert_eq!(settles, held(&decisions).is_none());
                    prop_assert!(!settles || (fen == 100 && book.row(order).received == 100));
                }
            }
        }
        prop_assert_eq!(book.violations(), []);
        prop_assert_eq!(book.rebuilt().fingerprint(), book.state.fingerprint());
    }
}
