//! Every refusal by example, and which one comes first where several apply.
//!
//! Deliberately not here: what accepted facts lead to (`matching.rs`, `callbacks.rs`).

use std::collections::BTreeSet;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::callback::{AttemptOutcome, CallbackId};
use duizhang_core::channel::Channel;
use duizhang_core::decide::{Repeat, Ruling, decide};
use duizhang_core::fact::{
    BookOpened, CallbackAttempted, Closer, EvidenceJudged, Fact, HeartbeatReceived, Judgement,
    OrderCloseRequested, PaymentAssigned, PaymentDismissed, PolicyActivated, Reading,
    RedeliveryRequested, RefundRequested, RefundStepTaken,
};
use duizhang_core::id::{
    DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId,
};
use duizhang_core::limits::{
    DECLARED_MAX, DECLARED_TEXT_BYTES_MAX, EVIDENCE_BYTES_MAX, FIXED_CODES_BYTES_MAX,
    FIXED_CODES_MAX, NOTE_BYTES_MAX, ORDER_NUMBER_BYTES_MAX, ORDER_TEXT_BYTES_MAX, QR_BYTES_MAX,
    REFERENCE_BYTES_MAX, REFERENCES_BYTES_MAX, REFERENCES_MAX, URL_BYTES_MAX, WALLETS_NAMED_MAX,
};
use duizhang_core::order::{OrderStatus, idempotency_key};
use duizhang_core::policy::{Policy, PolicyError};
use duizhang_core::refund::{RefundState, RefundStep};
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::{Book, device, merchant, money, order, policy_fact, wallet};
use duizhang_core::time::Span;

fn note() -> String {
    String::from("test")
}

fn close(order: OrderId, by: Closer) -> Fact {
    Fact::OrderCloseRequested(OrderCloseRequested { order, by })
}

fn refund(order: OrderId, number: &str, fen: i64) -> RefundRequested {
    RefundRequested {
        refund: RefundId::from_bits(duizhang_core::testing::drawn_bits(number, 0)),
        merchant: MerchantId::new("shop").expect("it is there"),
        order,
        number: number.to_string(),
        amount: Amount::fen(fen),
        reason: note(),
    }
}

fn advance(refund: RefundId, step: RefundStep) -> Fact {
    Fact::RefundStepTaken(RefundStepTaken { refund, step, by: note(), evidence: note() })
}

fn assign(payment: PaymentId, order: OrderId) -> PaymentAssigned {
    PaymentAssigned { payment, order, by: note(), reason: note() }
}

fn judge(notification: NotificationId, judgement: Judgement) -> EvidenceJudged {
    EvidenceJudged { notification, judgement, by: note(), reason: note() }
}

fn attempt(callback: CallbackId) -> Fact {
    Fact::CallbackAttempted(CallbackAttempted {
        callback,
        outcome: AttemptOutcome::Unreachable,
        took: Span::ZERO,
        excerpt: String::new(),
        jitter_ppm: 0,
    })
}

/// A book with `paid` (100 fen, by its own payment), `open` (waiting for 101), an orphan payment of
/// 55 fen and an unreadable notification.
struct Scene {
    book: Book,
    paid: OrderId,
    open: OrderId,
    orphan: PaymentId,
    question: NotificationId,
}

fn scene() -> Scene {
    let mut book = Book::default();
    let paid = book.open("shop", "paid", 100);
    book.pay(100);
    let open = book.open("shop", "open", 200);
    let (orphan, _) = book.pay(55);
    let mut strange = book.money(1);
    strange.reading = Reading::Unreadable;
    let question = strange.notification;
    book.notify(strange);
    assert_eq!(book.status(paid), OrderStatus::Paid);
    Scene { book, paid, open, orphan, question }
}

fn long(bytes: usize) -> String {
    "x".repeat(bytes + 1)
}

/// Every way to be refused, and by what.
// tidy: long because it is one table
fn table() -> Vec<(&'static str, Scene, Fact, Rejection)> {
    let mut rows = Vec::new();
    let mut row = |name, make: &dyn Fn(&mut Scene) -> (Fact, Rejection)| {
        let mut scene = scene();
        let (fact, rejection) = make(&mut scene);
        rows.push((name, scene, fact, rejection));
    };
    let requested = |change: &dyn Fn(&mut duizhang_core::fact::OrderRequested)| {
        let mut request = order("shop", "new", 300);
        change(&mut request);
        Fact::OrderRequested(request)
    };
    row("opened twice", &|_| {
        let opened = BookOpened { book: note(), time_zone: note() };
        (Fact::BookOpened(opened), Rejection::BookAlreadyOpen)
    });
    row("policy", &|_| {
        let policy = Policy { quarantine: Span::ZERO, ..Policy::default() };
        (policy_fact(policy), Rejection::BadPolicy(PolicyError::QuarantineBelowSkew))
    });
    row("unknown merchant", &|_| {
        let mut request = order("nobody", "", -1);
        request.requested = Amount::from_minor(-1, Currency::Jpy);
        (Fact::OrderRequested(request), Rejection::UnknownMerchant)
    });
    row("merchant switched off", &|scene| {
        let mut shop = merchant("shop", &["wx"]);
        shop.enabled = false;
        scene.book.must(Fact::MerchantDeclared(shop));
        (requested(&|_| {}), Rejection::UnknownMerchant)
    });
    row("merchant of a refund switched off", &|scene| {
        let mut shop = merchant("shop", &["wx"]);
        shop.enabled = false;
        scene.book.must(Fact::MerchantDeclared(shop));
        (Fact::RefundRequested(refund(scene.paid, "R", 1)), Rejection::UnknownMerchant)
    });
    row("merchant of a refund unknown", &|scene| {
        let mut request = refund(scene.paid, "", 0);
        request.merchant = MerchantId::new("nobody").expect("it is there");
        (Fact::RefundRequested(request), Rejection::UnknownMerchant)
    });
    row("number empty before amount", &|_| {
        let fact = requested(&|r| {
            r.number.clear();
            r.requested = Amount::fen(0);
        });
        (fact, Rejection::BadText("number"))
    });
    row("number long", &|_| {
        (requested(&|r| r.number = long(ORDER_NUMBER_BYTES_MAX)), Rejection::BadText("number"))
    });
    row("number with a control character", &|_| {
        (requested(&|r| r.number = String::from("a\nb")), Rejection::BadText("number"))
    });
    row("notify_url", &|_| {
        let url = Some(long(URL_BYTES_MAX));
        (requested(&|r| r.notify_url = url.clone()), Rejection::BadText("notify_url"))
    });
    row("return_url", &|_| {
        let url = Some(long(URL_BYTES_MAX));
        (requested(&|r| r.return_url = url.clone()), Rejection::BadText("return_url"))
    });
    let text = Some(long(ORDER_TEXT_BYTES_MAX));
    row("subject", &|_| (requested(&|r| r.subject = text.clone()), Rejection::BadText("subject")));
    row("attachment", &|_| {
        (requested(&|r| r.attachment = text.clone()), Rejection::BadText("attachment"))
    });
    row("echo", &|_| (requested(&|r| r.echo = text.clone()), Rejection::BadText("echo")));
    row("evidence before device", &|_| {
        let mut received = money("stranger", 99, 1);
        received.raw = vec![0; EVIDENCE_BYTES_MAX + 1];
        (Fact::NotificationReceived(received), Rejection::BadText("evidence"))
    });
    row("references before device", &|_| {
        let mut received = money("stranger", 99, 1);
        if let Reading::Money { references, .. } = &mut received.reading {
            *references = vec![long(REFERENCES_BYTES_MAX)];
        }
        (Fact::NotificationReceived(received), Rejection::BadText("references"))
    });
    row("merchant's name before its wallets", &|_| {
        let mut shop = merchant("shop", &["nowhere"]);
        shop.name = long(DECLARED_TEXT_BYTES_MAX);
        (Fact::MerchantDeclared(shop), Rejection::BadText("name"))
    });
    row("merchant's address", &|_| {
        let mut shop = merchant("shop", &["wx"]);
        shop.notify_url = Some(long(URL_BYTES_MAX));
        (Fact::MerchantDeclared(shop), Rejection::BadText("notify_url"))
    });
    row("merchant's wallets", &|_| {
        let shop = merchant("shop", &vec!["wx"; WALLETS_NAMED_MAX + 1]);
        (Fact::MerchantDeclared(shop), Rejection::BadText("wallets"))
    });
    row("device's wallets", &|_| {
        let phone = device("phone", &vec!["wx"; WALLETS_NAMED_MAX + 1]);
        (Fact::DeviceDeclared(phone), Rejection::BadText("wallets"))
    });
    row("wallet's code", &|_| {
        let mut changed = wallet("wx", Channel::Wechat);
        changed.qr = Some(long(QR_BYTES_MAX));
        (Fact::WalletDeclared(changed), Rejection::BadText("qr"))
    });
    let codes = |count: usize, bytes: usize| {
        let mut changed = wallet("wx", Channel::Wechat);
        changed.fixed = vec![(Amount::fen(100), "q".repeat(bytes)); count];
        (Fact::WalletDeclared(changed), Rejection::BadText("fixed"))
    };
    row("wallet's fixed codes, how many", &|_| codes(FIXED_CODES_MAX + 1, 1));
    row("wallet's fixed codes, how long", &|_| codes(1, QR_BYTES_MAX + 1));
    row("wallet's fixed codes, how much", &|_| codes(97, QR_BYTES_MAX));
    row("policy's activator", &|_| {
        let policy = Policy { max_offset: 3, ..Policy::default() };
        let by = long(NOTE_BYTES_MAX);
        (Fact::PolicyActivated(PolicyActivated { policy, by }), Rejection::BadText("by"))
    });
    row("refund number", &|scene| {
        (Fact::RefundRequested(refund(scene.paid, "", 0)), Rejection::BadText("number"))
    });
    row("refund reason", &|scene| {
        let mut request = refund(scene.paid, "R", 0);
        request.reason = String::from("a\u{7}");
        (Fact::RefundRequested(request), Rejection::BadText("reason"))
    });
    row("step without a person", &|_| {
        let mut taken = RefundStepTaken {
            refund: RefundId::from_bits(1),
            step: RefundStep::Approve,
            by: String::from("  "),
            evidence: note(),
        };
        assert!(taken.by.trim().is_empty());
        taken.evidence.clear();
        (Fact::RefundStepTaken(taken), Rejection::BadText("by"))
    });
    row("step without evidence", &|_| {
        let taken = RefundStepTaken {
            refund: RefundId::from_bits(1),
            step: RefundStep::Approve,
            by: note(),
            evidence: String::new(),
        };
        (Fact::RefundStepTaken(taken), Rejection::BadText("evidence"))
    });
    row("assignment without a person", &|scene| {
        let mut assigned = assign(scene.orphan, scene.open);
        assigned.by.clear();
        (Fact::PaymentAssigned(assigned), Rejection::BadText("by"))
    });
    row("dismissal without a reason, of an unknown payment", &|_| {
        let payment = PaymentId::from_bits(1);
        let dismissed = PaymentDismissed { payment, by: note(), reason: String::from(" ") };
        (Fact::PaymentDismissed(dismissed), Rejection::BadText("reason"))
    });
    row("judgement with a long reason", &|scene| {
        let mut judged = judge(scene.question, Judgement::NotMoney);
        judged.reason = long(NOTE_BYTES_MAX);
        (Fact::EvidenceJudged(judged), Rejection::BadText("reason"))
    });
    row("redelivery without a person", &|scene| {
        let callback = CallbackId { order: scene.paid, number: 9 };
        let request = RedeliveryRequested { callback, by: String::from(" ") };
        (Fact::RedeliveryRequested(request), Rejection::BadText("by"))
    });
    row("close without a person", &|_| {
        let by = Closer::Operator(String::new());
        (close(OrderId::from_bits(1), by), Rejection::BadText("by"))
    });
    row("unknown device", &|_| {
        (Fact::NotificationReceived(money("stranger", 99, 1)), Rejection::UnknownDevice)
    });
    row("device switched off", &|scene| {
        let mut phone = device("phone", &["wx"]);
        phone.enabled = false;
        scene.book.must(Fact::DeviceDeclared(phone));
        (Fact::NotificationReceived(scene.book.money(200)), Rejection::UnknownDevice)
    });
    row("heartbeat of a stranger", &|_| {
        let device = DeviceId::new("stranger").expect("it is there");
        let beat = HeartbeatReceived { device, sent_at: None };
        (Fact::HeartbeatReceived(beat), Rejection::UnknownDevice)
    });
    row("a notification that asks nothing", &|scene| {
        let answered = NotificationId::from_bits(scene.orphan.bits());
        let wallet = WalletId::new("nowhere").expect("it is there");
        let paid_at = scene.book.at;
        let judgement = Judgement::Money { wallet, amount: Amount::fen(0), paid_at };
        (Fact::EvidenceJudged(judge(answered, judgement)), Rejection::UnknownNotification)
    });
    row("judged into an unknown wallet", &|scene| {
        let wallet = WalletId::new("nowhere").expect("it is there");
        let paid_at = scene.book.at;
        let judgement = Judgement::Money { wallet, amount: Amount::fen(0), paid_at };
        (Fact::EvidenceJudged(judge(scene.question, judgement)), Rejection::UnknownWallet)
    });
    row("merchant with an unknown wallet", &|_| {
        (Fact::MerchantDeclared(merchant("shop", &["nowhere"])), Rejection::UnknownWallet)
    });
    row("device with an unknown wallet", &|_| {
        (Fact::DeviceDeclared(device("phone", &["nowhere"])), Rejection::UnknownWallet)
    });
    row("judged as nothing", &|scene| {
        let wallet = WalletId::new("wx").expect("it is there");
        let paid_at = scene.book.at;
        let judgement = Judgement::Money { wallet, amount: Amount::fen(0), paid_at };
        (Fact::EvidenceJudged(judge(scene.question, judgement)), Rejection::AmountNotPositive)
    });
    row("amount zero before currency", &|_| {
        let zero = Amount::from_minor(0, Currency::Jpy);
        (requested(&|r| r.requested = zero), Rejection::AmountNotPositive)
    });
    row("amount negative", &|_| {
        (requested(&|r| r.requested = Amount::fen(i64::MIN)), Rejection::AmountNotPositive)
    });
    row("refund of nothing", &|_| {
        let request = refund(OrderId::from_bits(1), "R", 0);
        (Fact::RefundRequested(request), Rejection::AmountNotPositive)
    });
    row("refund of an unknown order", &|_| {
        let request = refund(OrderId::from_bits(1), "R", 1);
        (Fact::RefundRequested(request), Rejection::UnknownOrder)
    });
    row("refund of another merchant's order", &|scene| {
        let mut request = refund(scene.paid, "R", 1);
        request.merchant = MerchantId::new("mall").expect("it is there");
        (Fact::RefundRequested(request), Rejection::UnknownOrder)
    });
    row("close an unknown order", &|_| {
        (close(OrderId::from_bits(1), Closer::Operator(note())), Rejection::UnknownOrder)
    });
    row("close another merchant's paid order", &|scene| {
        let by = Closer::Merchant(MerchantId::new("mall").expect("it is there"));
        (close(scene.paid, by), Rejection::UnknownOrder)
    });
    row("assign to an unknown order", &|_| {
        let assigned = assign(PaymentId::from_bits(1), OrderId::from_bits(1));
        (Fact::PaymentAssigned(assigned), Rejection::UnknownOrder)
    });
    row("assign an unknown payment to a paid order", &|scene| {
        let assigned = assign(PaymentId::from_bits(1), scene.paid);
        (Fact::PaymentAssigned(assigned), Rejection::UnknownPayment)
    });
    row("dismiss an unknown payment", &|_| {
        let payment = PaymentId::from_bits(1);
        let dismissed = PaymentDismissed { payment, by: note(), reason: note() };
        (Fact::PaymentDismissed(dismissed), Rejection::UnknownPayment)
    });
    row("assign foreign money to a paid order", &|scene| {
        let mut received = scene.book.money(1);
        if let Reading::Money { amount, .. } = &mut received.reading {
            *amount = Amount::from_minor(7, Currency::Usd);
        }
        let payment = PaymentId::of(received.notification);
        scene.book.notify(received);
        let assigned = assign(payment, scene.paid);
        (Fact::PaymentAssigned(assigned), Rejection::CurrencyUnsupported)
    });
    row("attempt of an unknown callback", &|scene| {
        (attempt(CallbackId { order: scene.open, number: 1 }), Rejection::UnknownCallback)
    });
    row("redelivery of number zero", &|scene| {
        let callback = CallbackId { order: scene.paid, number: 0 };
        let request = RedeliveryRequested { callback, by: note() };
        (Fact::RedeliveryRequested(request), Rejection::UnknownCallback)
    });
    row("redelivery of a number to come", &|scene| {
        let callback = CallbackId { order: scene.paid, number: 2 };
        let request = RedeliveryRequested { callback, by: note() };
        (Fact::RedeliveryRequested(request), Rejection::UnknownCallback)
    });
    row("step of an unknown refund", &|_| {
        (advance(RefundId::from_bits(1), RefundStep::Approve), Rejection::UnknownRefund)
    });
    row("foreign currency before the number", &|_| {
        let fact = requested(&|r| {
            r.number = String::from("paid");
            r.requested = Amount::from_minor(1, Currency::Usd);
        });
        (fact, Rejection::CurrencyUnsupported)
    });
    let key = idempotency_key(&MerchantId::new("shop").expect("it is there"), "K");
    row("key reused with other terms, before the number", &|scene| {
        let mut first = order("shop", "keyed", 400);
        first.idempotency = Some(key);
        let keyed = scene.book.request(first);
        let fact = requested(&|r| {
            r.number = String::from("paid");
            r.idempotency = Some(key);
        });
        (fact, Rejection::IdempotencyKeyReused(keyed))
    });
    row("key reused with another number and the same terms", &|scene| {
        let mut first = order("shop", "keyed", 300);
        first.idempotency = Some(key);
        let keyed = scene.book.request(first);
        (requested(&|r| r.idempotency = Some(key)), Rejection::IdempotencyKeyReused(keyed))
    });
    row("number taken, before too many", &|scene| {
        let policy = Policy { open_orders_max: 0, ..Policy::default() };
        scene.book.must(policy_fact(policy));
        let fact = requested(&|r| r.number = String::from("paid"));
        (fact, Rejection::NumberTaken(scene.paid))
    });
    row("refund number taken, before the order's state", &|scene| {
        scene.book.must(Fact::RefundRequested(refund(scene.paid, "R", 1)));
        let request = refund(scene.open, "R", 1);
        (Fact::RefundRequested(request), Rejection::RefundNumberTaken)
    });
    row("close a paid order", &|scene| {
        let by = Closer::Merchant(MerchantId::new("shop").expect("it is there"));
        (close(scene.paid, by), Rejection::OrderIs(OrderStatus::Paid))
    });
    row("close an expired order", &|scene| {
        scene.book.wait(Span::from_mins(6)).tick();
        let by = Closer::Operator(note());
        (close(scene.open, by), Rejection::OrderIs(OrderStatus::Expired))
    });
    row("refund of an unpaid order", &|scene| {
        let request = refund(scene.open, "R", 1);
        (Fact::RefundRequested(request), Rejection::OrderIs(OrderStatus::Open))
    });
    row("assign to a paid order", &|scene| {
        let assigned = assign(scene.orphan, scene.paid);
        (Fact::PaymentAssigned(assigned), Rejection::OrderIs(OrderStatus::Paid))
    });
    row("send before approval", &|scene| {
        let request = refund(scene.paid, "R", 1);
        let id = request.refund;
        scene.book.must(Fact::RefundRequested(request));
        (advance(id, RefundStep::Send), Rejection::RefundIs(RefundState::Requested))
    });
    row("refund exceeds", &|scene| {
        scene.book.must(Fact::RefundRequested(refund(scene.paid, "R", 60)));
        let left = Amount::fen(40);
        (Fact::RefundRequested(refund(scene.paid, "R2", 41)), Rejection::RefundExceeds { left })
    });
    row("refund in another currency", &|scene| {
        let mut request = refund(scene.paid, "R", 1);
        request.amount = Amount::from_minor(1, Currency::Jpy);
        let left = Amount::fen(100);
        (Fact::RefundRequested(request), Rejection::RefundExceeds { left })
    });
    row("too many open orders, before wallets", &|scene| {
        let policy = Policy { open_orders_max: 1, ..Policy::default() };
        scene.book.must(policy_fact(policy));
        (requested(&|r| r.channels = vec![Channel::Qq]), Rejection::TooManyOpenOrders)
    });
    row("no wallet of the channel", &|_| {
        (requested(&|r| r.channels = vec![Channel::Qq]), Rejection::NoWallet)
    });
    row("no wallet switched on", &|scene| {
        for (id, channel) in [("wx", Channel::Wechat), ("ali", Channel::Alipay)] {
            let mut off = wallet(id, channel);
            off.enabled = false;
            scene.book.must(Fact::WalletDeclared(off));
        }
        (requested(&|_| {}), Rejection::NoWallet)
    });
    row("amounts exhausted", &|scene| {
        let policy = Policy { max_offset: 0, ..Policy::default() };
        scene.book.must(policy_fact(policy));
        scene.book.open("shop", "a", 300);
        scene.book.open("shop", "b", 300);
        (requested(&|_| {}), Rejection::AmountsExhausted)
    });
    rows
}

/// The name of a variant, by an exhaustive match: a new refusal does not compile until the table
/// has it.
fn word(rejection: &Rejection) -> &'static str {
    match rejection {
        Rejection::BookAlreadyOpen => "BookAlreadyOpen",
        Rejection::BadPolicy(_) => "BadPolicy",
        Rejection::UnknownMerchant => "UnknownMerchant",
        Rejection::BadText(_) => "BadText",
        Rejection::UnknownDevice => "UnknownDevice",
        Rejection::UnknownNotification => "UnknownNotification",
        Rejection::UnknownWallet => "UnknownWallet",
        Rejection::TooManyDeclared => "TooManyDeclared",
        Rejection::AmountNotPositive => "AmountNotPositive",
        Rejection::UnknownOrder => "UnknownOrder",
        Rejection::UnknownPayment => "UnknownPayment",
        Rejection::UnknownCallback => "UnknownCallback",
        Rejection::UnknownRefund => "UnknownRefund",
        Rejection::CurrencyUnsupported => "CurrencyUnsupported",
        Rejection::IdempotencyKeyReused(_) => "IdempotencyKeyReused",
        Rejection::NumberTaken(_) => "NumberTaken",
        Rejection::RefundNumberTaken => "RefundNumberTaken",
        Rejection::OrderIs(_) => "OrderIs",
        Rejection::RefundIs(_) => "RefundIs",
        Rejection::RefundExceeds { .. } => "RefundExceeds",
        Rejection::TooManyOpenOrders => "TooManyOpenOrders",
        Rejection::NoWallet => "NoWallet",
        Rejection::AmountsExhausted => "AmountsExhausted",
        Rejection::Books(_) => "Books",
        Rejection::Break(_) => "Break",
        Rejection::Day(_) => "Day",
    }
}

#[test]
fn every_refusal_is_reached_and_changes_nothing() {
    let mut reached = BTreeSet::new();
    for (name, scene, fact, rejection) in table() {
        let before = scene.book.state.fingerprint();
        let mut book = scene.book;
        assert_eq!(book.submit(fact), Err(rejection.clone()), "{name}");
        assert_eq!(book.state.fingerprint(), before, "{name}");
        assert!(!rejection.to_string().is_empty());
        reached.insert(word(&rejection));
    }
    // Reached by a test of its own, because it needs a full book.
    reached.insert("TooManyDeclared");
    // Have tables of their own (`ledger.rs`, `breaks.rs`, `closing.rs`).
    reached.extend(["Books", "Break", "Day"]);
    assert_eq!(reached.len(), 26, "{reached:?}");
}

#[test]
fn a_full_book_takes_no_more_declarations() {
    let mut book = Book::default();
    let known = book.state.wallets().len();
    for number in known..DECLARED_MAX {
        let fact = Fact::WalletDeclared(wallet(&format!("w{number}"), Channel::Qq));
        let position = book.state.position().next();
        book.state.evolve(position, book.at, &fact, &[]);
    }
    let new = Fact::WalletDeclared(wallet("new", Channel::Qq));
    assert_eq!(decide(&book.state, book.at, &new), Err(Rejection::TooManyDeclared));
    let mut known = wallet("w100", Channel::Qq);
    assert_eq!(
        decide(&book.state, book.at, &Fact::WalletDeclared(known.clone())),
        Ok(Ruling::Repeat(Repeat::Nothing))
    );
    known.enabled = false;
    assert_eq!(
        decide(&book.state, book.at, &Fact::WalletDeclared(known)),
        Ok(Ruling::Decided(vec![])),
        "a change of what is declared needs no room"
    );
}

#[test]
fn repeats_are_answered_with_what_there_is() {
    let Scene { mut book, paid, open, orphan, .. } = scene();
    let repeat = |order| Ok(Ruling::Repeat(Repeat::Order(order)));
    let mut again = order("shop", "paid", 100);
    again.order = OrderId::from_bits(5);
    again.ttl = Some(Span::from_hours(1));
    again.echo = Some(note());
    assert_eq!(book.submit(Fact::OrderRequested(again)), repeat(paid));
    let by = Closer::Merchant(MerchantId::new("shop").expect("it is there"));
    book.must(close(open, by.clone()));
    assert_eq!(book.submit(close(open, by)), repeat(open));
    let request = refund(paid, "R", 30);
    let id = request.refund;
    book.must(Fact::RefundRequested(request.clone()));
    assert_eq!(book.submit(Fact::RefundRequested(request)), Ok(Ruling::Repeat(Repeat::Refund(id))));
    book.must(advance(id, RefundStep::Approve));
    let repeat = Ok(Ruling::Repeat(Repeat::Refund(id)));
    assert_eq!(book.submit(advance(id, RefundStep::Approve)), repeat);
    assert!(book.state.held_payment(orphan).is_some());
    assert_eq!(book.violations(), vec![]);
}

/// Each limit is one that is reached: what lies on it is taken.
#[test]
fn what_lies_on_a_limit_is_taken() {
    let Scene { mut book, .. } = scene();
    let mut full = wallet("wx", Channel::Wechat);
    full.qr = Some("q".repeat(QR_BYTES_MAX));
    full.fixed = vec![(Amount::fen(100), "q".repeat(QR_BYTES_MAX)); 96];
    let bytes: usize = full.fixed.iter().map(|(_, qr)| qr.len()).sum();
    assert_eq!(bytes, FIXED_CODES_BYTES_MAX);
    book.must(Fact::WalletDeclared(full.clone()));
    full.fixed = vec![(Amount::fen(100), String::from("q")); FIXED_CODES_MAX];
    book.must(Fact::WalletDeclared(full));
    let mut shop = merchant("shop", &vec!["wx"; WALLETS_NAMED_MAX]);
    shop.name = "n".repeat(DECLARED_TEXT_BYTES_MAX);
    shop.notify_url = Some("u".repeat(URL_BYTES_MAX));
    book.must(Fact::MerchantDeclared(shop));
    book.must(Fact::DeviceDeclared(device("phone", &vec!["wx"; WALLETS_NAMED_MAX])));
    let named = book.request({
        let mut request = order("shop", "", 700);
        request.number = "7".repeat(REFERENCE_BYTES_MAX);
        request
    });
    let mut received = book.money(700);
    if let Reading::Money { references, .. } = &mut received.reading {
        // Texts that are too long to be a number take no place of one that is not.
        *references = vec!["8".repeat(REFERENCE_BYTES_MAX + 1); REFERENCES_MAX + 1];
        references.push("7".repeat(REFERENCE_BYTES_MAX));
        let bytes: usize = references.iter().map(String::len).sum();
        references.push("9".repeat(REFERENCES_BYTES_MAX - bytes));
    }
    book.notify(received);
    assert_eq!(book.status(named), OrderStatus::Paid);
    assert_eq!(book.violations(), vec![]);
}

/// Whatever the text, the refusal is the first one in the order of the enum.
#[test]
fn refusals_stand_in_their_order_of_precedence() {
    let ordered = [
        Rejection::UnknownMerchant,
        Rejection::BadText("number"),
        Rejection::AmountNotPositive,
        Rejection::CurrencyUnsupported,
        Rejection::NumberTaken(OrderId::from_bits(0)),
        Rejection::TooManyOpenOrders,
        Rejection::NoWallet,
        Rejection::AmountsExhausted,
    ];
    assert!(ordered.is_sorted());
    // All wrong at once, then mended one after the other from the first refusal on.
    let mut book = Book::new(Policy { max_offset: 0, ..Policy::default() });
    let taken = book.open("shop", "taken", 300);
    book.open("shop", "other", 300);
    book.must(policy_fact(Policy { open_orders_max: 0, max_offset: 0, ..Policy::default() }));
    let mut request = order("nobody", "", 300);
    request.requested = Amount::from_minor(0, Currency::Jpy);
    request.subject = Some(note());
    request.channels = vec![Channel::Qq];
    let mut got = Vec::new();
    for step in 0..8 {
        match step {
            0 => {}
            1 => request.merchant = MerchantId::new("shop").expect("it is there"),
            2 => request.number = String::from("taken"),
            3 => request.requested = Amount::from_minor(300, Currency::Jpy),
            4 => request.requested = Amount::fen(300),
            5 => request.number = String::from("new"),
            6 => {
                book.must(policy_fact(Policy { max_offset: 0, ..Policy::default() }));
            }
            _ => request.channels.clear(),
        }
        got.push(book.submit(Fact::OrderRequested(request.clone())).expect_err("it is refused"));
    }
    let mut wanted = ordered.to_vec();
    wanted[4] = Rejection::NumberTaken(taken);
    assert_eq!(got, wanted);
}
