//! The values whose first-written bytes are kept.
//!
//! Invariants: a sample never changes after its golden file was released; nothing here comes from
//! builders that may change. Numbers are chosen so that every width of the integer coding occurs.
//! Deliberately not here: what the values mean together; they are not one history.

use std::collections::BTreeMap;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::callback::{AttemptOutcome, CallbackId, Topic};
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::digest::Digest;
use duizhang_core::event::Event;
use duizhang_core::fact::{
    BookOpened, CallbackAttempted, Closer, CodeIssued, Device, EvidenceJudged, Fact,
    HeartbeatReceived, Judgement, Merchant, NotificationReceived, OrderCloseRequested,
    OrderRequested, PaymentAssigned, PaymentDismissed, PolicyActivated, Reading,
    RedeliveryRequested, RefundRequested, RefundStepTaken, Wallet,
};
use duizhang_core::id::{
    AdjustmentId, BankId, DeviceId, MerchantId, MovementId, NotificationId, OrderId, PaymentId,
    RefundId, WalletId,
};
use duizhang_core::ledger::{
    Account, AdjustmentJudged, AdjustmentProposed, AdjustmentVerdict, BooksPolicy,
    BooksPolicyActivated, Movement, MovementRecorded, Named,
};
use duizhang_core::matcher::{Grade, HoldReason, Rule, Standing};
use duizhang_core::notification::Verdict;
use duizhang_core::order::Dialect;
use duizhang_core::policy::{LateRule, Policy, Schedule, Step};
use duizhang_core::refund::{RefundState, RefundStep};
use duizhang_core::time::{Span, Timestamp};

use crate::reckoning::{reckoning_decisions, reckoning_facts};

/// Variants of `Fact`.
pub(crate) const FACTS: usize = 29;
/// Variants of `Decision`.
pub(crate) const DECISIONS: usize = 31;

/// The place of the event's variant in the stored form.
pub(crate) fn place_of(event: &Event) -> usize {
    match event {
        Event::Fact { fact, .. } => match fact {
            Fact::BookOpened(_) => 0,
            Fact::PolicyActivated(_) => 1,
            Fact::MerchantDeclared(_) => 2,
            Fact::WalletDeclared(_) => 3,
            Fact::DeviceDeclared(_) => 4,
            Fact::OrderRequested(_) => 5,
            Fact::OrderCloseRequested(_) => 6,
            Fact::NotificationReceived(_) => 7,
            Fact::HeartbeatReceived(_) => 8,
            Fact::ClockTicked => 9,
            Fact::CallbackAttempted(_) => 10,
            Fact::RedeliveryRequested(_) => 11,
            Fact::RefundRequested(_) => 12,
            Fact::RefundStepTaken(_) => 13,
            Fact::PaymentAssigned(_) => 14,
            Fact::EvidenceJudged(_) => 15,
            Fact::PaymentDismissed(_) => 16,
            Fact::CodeIssued(_) => 17,
            Fact::MovementRecorded(_) => 18,
            Fact::AdjustmentProposed(_) => 19,
            Fact::AdjustmentJudged(_) => 20,
            Fact::BooksPolicyActivated(_) => 21,
            Fact::StatementKept(_) => 22,
            Fact::DayReconciled(_) => 23,
            Fact::BreakWorked(_) => 24,
            Fact::DayCloseRequested(_) => 25,
            Fact::DayReopenRequested(_) => 26,
            Fact::LineTaken(_) => 27,
            Fact::TermsActivated(_) => 28,
        },
        Event::Decision(decision) => match decision {
            Decision::OrderAccepted { .. } => 0,
            Decision::OrderExpired { .. } => 1,
            Decision::OrderClosed { .. } => 2,
            Decision::AmountReleased { .. } => 3,
            Decision::NotificationJudged { .. } => 4,
            Decision::PaymentObserved { .. } => 5,
            Decision::PaymentMatched { .. } => 6,
            Decision::PaymentHeld { .. } => 7,
            Decision::MatchProposed { .. } => 8,
            Decision::OrderPaid { .. } => 9,
            Decision::CallbackScheduled { .. } => 10,
            Decision::CallbackRetried { .. } => 11,
            Decision::CallbackAcknowledged { .. } => 12,
            Decision::CallbackAbandoned { .. } => 13,
            Decision::DeviceFellSilent { .. } => 14,
            Decision::DeviceReturned { .. } => 15,
            Decision::RefundOpened { .. } => 16,
            Decision::RefundAdvanced { .. } => 17,
            Decision::EvidenceDismissed { .. } => 18,
            Decision::SuspenseEnded { .. } => 19,
            Decision::AdjustmentPosted { .. } => 20,
            Decision::AdjustmentDeclined { .. } => 21,
            Decision::BreakOpened { .. } => 22,
            Decision::BreakReclassified { .. } => 23,
            Decision::BreakReopened { .. } => 24,
            Decision::BreakMoved { .. } => 25,
            Decision::BreakResolved { .. } => 26,
            Decision::DayReckoned { .. } => 27,
            Decision::DayClosed { .. } => 28,
            Decision::DayReopenProposed { .. } => 29,
            Decision::DayReopened { .. } => 30,
        },
    }
}

pub(crate) fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs * 1_000_000 + 123_456)
}

pub(crate) fn order() -> OrderId {
    OrderId::from_bits(0x0123_4567_89ab_cdef_0011_2233_4455_6677)
}

pub(crate) fn payment() -> PaymentId {
    PaymentId::from_bits(u128::MAX)
}

fn notification() -> NotificationId {
    NotificationId::from_bits(0xfedc_ba98_7654_3210_ffee_ddcc_bbaa_9988)
}

fn refund() -> RefundId {
    RefundId::from_bits(250)
}

fn callback() -> CallbackId {
    CallbackId { order: order(), number: 300 }
}

pub(crate) fn wallet() -> WalletId {
    WalletId::new("wx-main").expect("a good name")
}

fn device() -> DeviceId {
    DeviceId::new("phone_1").expect("a good name")
}

fn shop() -> MerchantId {
    MerchantId::new("1001").expect("a good name")
}

pub(crate) fn person() -> String {
    String::from("小王")
}

pub(crate) struct Samples(BTreeMap<String, Event>);

impl Samples {
    pub(crate) fn fact(&mut self, name: &str, secs: i64, fact: Fact) {
        let before = self.0.insert(format!("fact-{name}"), Event::Fact { at: at(secs), fact });
        assert_eq!(before, None, "{name} is there twice");
    }

    pub(crate) fn decision(&mut self, name: &str, decision: Decision) {
        let event = Event::Decision(decision);
        assert_eq!(self.0.insert(format!("decision-{name}"), event), None, "{name} is there twice");
    }
}

/// Every sample by its name.
pub(crate) fn samples() -> BTreeMap<String, Event> {
    let mut all = Samples(BTreeMap::new());
    declarations(&mut all);
    requests(&mut all);
    evidence(&mut all);
    callbacks_and_refunds(&mut all);
    books_facts(&mut all);
    order_decisions(&mut all);
    payment_decisions(&mut all);
    other_decisions(&mut all);
    reckoning_facts(&mut all);
    reckoning_decisions(&mut all);
    all.0
}

fn declarations(all: &mut Samples) {
    let opened =
        BookOpened { book: String::from("对账"), time_zone: String::from("Asia/Shanghai") };
    all.fact("book-opened", 0, Fact::BookOpened(opened));
    for (name, step, late) in [
        ("up-settle", Step::Up, LateRule::Settle),
        ("down-hold", Step::Down, LateRule::Hold),
        ("nearest", Step::Nearest, LateRule::Settle),
    ] {
        let policy = Policy {
            order_ttl: Span::from_mins(5),
            quarantine: Span::from_mins(15),
            step,
            max_offset: 99,
            clock_skew: Span::from_mins(2),
            lookback: Span::from_hours(24),
            late,
            device_silence: Span::from_secs(110),
            open_orders_max: 10_000,
            schedules: vec![
                Schedule { dialect: Dialect::Native, delays: vec![Span::ZERO, Span::from_secs(5)] },
                Schedule { dialect: Dialect::Vmq, delays: vec![Span::ZERO] },
            ],
        };
        let activated = PolicyActivated { policy, by: String::from("config") };
        all.fact(&format!("policy-activated-{name}"), 1, Fact::PolicyActivated(activated));
    }
    let merchant = Merchant {
        id: shop(),
        name: String::from("小店"),
        notify_url: Some(String::from("https://shop.example/notify")),
        wallets: vec![wallet()],
        default: true,
        strict: false,
        enabled: true,
    };
    all.fact("merchant-declared", 2, Fact::MerchantDeclared(merchant));
    for channel in Channel::ALL {
        let wallet = Wallet {
            id: wallet(),
            channel,
            qr: (channel != Channel::Youzan).then(|| String::from("wxp://f2f0")),
            fixed: vec![(Amount::fen(1_000), String::from("wxp://fixed"))],
            enabled: channel != Channel::Qq,
        };
        all.fact(&format!("wallet-declared-{channel}"), 3, Fact::WalletDeclared(wallet));
    }
    let device = Device { id: device(), wallets: vec![wallet()], enabled: true };
    all.fact("device-declared", 4, Fact::DeviceDeclared(device));
    all.fact("clock-ticked", 1_800_000_000, Fact::ClockTicked);
}

fn requests(all: &mut Samples) {
    let whole = OrderRequested {
        order: order(),
        merchant: shop(),
        number: String::from("20261121-0001"),
        requested: Amount::fen(1_000),
        channels: vec![Channel::Wechat, Channel::Alipay],
        dialect: Dialect::Native,
        ttl: Some(Span::from_mins(10)),
        notify_url: Some(String::from("https://shop.example/notify?a=1")),
        return_url: Some(String::from("https://shop.example/back")),
        subject: Some(String::from("月卡")),
        attachment: Some(String::from("user=7")),
        echo: Some(String::from("t=1")),
        idempotency: Some(Digest::of(&[b"key"])),
    };
    let bare = OrderRequested {
        channels: Vec::new(),
        dialect: Dialect::Vmq,
        requested: Amount::from_minor(1, Currency::Cny),
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: None,
        echo: None,
        idempotency: None,
        ..whole.clone()
    };
    all.fact("order-requested-whole", 1_800_000_000, Fact::OrderRequested(whole));
    all.fact("order-requested-bare", 1_800_000_001, Fact::OrderRequested(bare));
    for (name, by) in
        [("merchant", Closer::Merchant(shop())), ("operator", Closer::Operator(person()))]
    {
        let request = OrderCloseRequested { order: order(), by };
        let name = format!("order-close-requested-{name}");
        all.fact(&name, 1_800_000_002, Fact::OrderCloseRequested(request));
    }
}

fn evidence(all: &mut Samples) {
    let money = |currency| Reading::Money {
        amount: Amount::from_minor(100_001, currency),
        channel: Some(Channel::Wechat),
        sent_at: Some(at(1_799_999_999)),
        references: vec![String::from("20261121-0001")],
    };
    let bare = Reading::Money {
        amount: Amount::fen(-70_000),
        channel: None,
        sent_at: None,
        references: Vec::new(),
    };
    for (name, reading) in [
        ("money-cny", money(Currency::Cny)),
        ("money-hkd", money(Currency::Hkd)),
        ("money-usd", money(Currency::Usd)),
        ("money-eur", money(Currency::Eur)),
        ("money-jpy", money(Currency::Jpy)),
        ("money-bare", bare),
        ("ignored", Reading::Ignored),
        ("unreadable", Reading::Unreadable),
        ("forged", Reading::Forged),
    ] {
        let received = NotificationReceived {
            notification: notification(),
            device: (reading != Reading::Forged).then(device),
            source: String::from("vmq-push"),
            reading,
            rule: String::from("appPush"),
            key: Digest::of(&[b"key"]),
            content: Digest::of(&[b"content"]),
            raw: vec![0, 127, 128, 255],
        };
        let name = format!("notification-received-{name}");
        all.fact(&name, 1_800_000_003, Fact::NotificationReceived(received));
    }
    for (name, sent_at) in [("timed", Some(at(-1))), ("untimed", None)] {
        let beat = HeartbeatReceived { device: device(), sent_at };
        all.fact(&format!("heartbeat-received-{name}"), 70, Fact::HeartbeatReceived(beat));
    }
    judgements(all);
}

/// What people and platforms say of evidence and of payments.
fn judgements(all: &mut Samples) {
    let money =
        Judgement::Money { wallet: wallet(), amount: Amount::fen(5), paid_at: at(1_700_000_000) };
    let trade = |reference: Option<&str>| Judgement::Trade {
        wallet: wallet(),
        amount: Amount::fen(5),
        paid_at: at(1_700_000_000),
        number: String::from("E20180201105656001353613"),
        reference: reference.map(String::from),
    };
    for (name, judgement) in [
        ("money", money),
        ("not-money", Judgement::NotMoney),
        ("trade", trade(Some("6377801"))),
        ("trade-without-code", trade(None)),
    ] {
        let judged = EvidenceJudged {
            notification: notification(),
            judgement,
            by: person(),
            reason: String::from("截图"),
        };
        all.fact(&format!("evidence-judged-{name}"), 71, Fact::EvidenceJudged(judged));
    }
    let assigned = PaymentAssigned {
        payment: payment(),
        order: order(),
        by: person(),
        reason: String::from("电话确认"),
    };
    all.fact("payment-assigned", 72, Fact::PaymentAssigned(assigned));
    let dismissed = PaymentDismissed {
        payment: payment(),
        by: person(),
        reason: String::from("重复付款，已退回"),
    };
    all.fact("payment-dismissed", 73, Fact::PaymentDismissed(dismissed));
    let issued = CodeIssued {
        order: order(),
        reference: String::from("6377801"),
        qr: String::from("https://trade.koudaitong.com/wxpay/confirmQr?qr_id=6377801"),
        picture: String::from("data:image/png;base64,iVBORw0KGgo="),
    };
    all.fact("code-issued", 74, Fact::CodeIssued(issued));
}

fn callbacks_and_refunds(all: &mut Samples) {
    let answered = |retry_after| AttemptOutcome::Answered { status: 503, retry_after };
    for (name, outcome) in [
        ("acknowledged", AttemptOutcome::Acknowledged { status: 200 }),
        ("answered", answered(None)),
        ("answered-retry-after", answered(Some(Span::from_secs(120)))),
        ("gone", AttemptOutcome::Gone),
        ("unreachable", AttemptOutcome::Unreachable),
        ("address-refused", AttemptOutcome::AddressRefused),
        ("unsendable", AttemptOutcome::Unsendable),
    ] {
        let attempt = CallbackAttempted {
            callback: callback(),
            outcome,
            took: Span::from_millis(31),
            excerpt: String::from("success"),
            jitter_ppm: 199_999,
        };
        all.fact(&format!("callback-attempted-{name}"), 80, Fact::CallbackAttempted(attempt));
    }
    let redelivery = RedeliveryRequested { callback: callback(), by: person() };
    all.fact("redelivery-requested", 81, Fact::RedeliveryRequested(redelivery));
    let request = RefundRequested {
        refund: refund(),
        merchant: shop(),
        order: order(),
        number: String::from("R-1"),
        amount: Amount::fen(251),
        reason: String::from("退货"),
    };
    all.fact("refund-requested", 82, Fact::RefundRequested(request));
    for (name, step) in [
        ("approve", RefundStep::Approve),
        ("send", RefundStep::Send),
        ("confirm", RefundStep::Confirm),
        ("decline", RefundStep::Decline),
    ] {
        let taken = RefundStepTaken {
            refund: refund(),
            step,
            by: person(),
            evidence: String::from("100004270120261121"),
        };
        all.fact(&format!("refund-step-taken-{name}"), 83, Fact::RefundStepTaken(taken));
    }
}

fn order_decisions(all: &mut Samples) {
    let quarantined_until = at(1_800_001_200);
    let order = order();
    all.decision(
        "order-accepted",
        Decision::OrderAccepted {
            order,
            wallet: wallet(),
            payable: Amount::fen(1_001),
            expires_at: at(1_800_000_300),
        },
    );
    all.decision("order-expired", Decision::OrderExpired { order, quarantined_until });
    all.decision("order-closed", Decision::OrderClosed { order, quarantined_until });
    all.decision("amount-released", Decision::AmountReleased { order });
    for (name, standing) in [
        ("exact", Standing::Exact),
        ("late", Standing::Late),
        ("over", Standing::Over),
        ("under", Standing::Under),
    ] {
        let received = Amount::fen(1_001);
        let payment = payment();
        let paid = Decision::OrderPaid { order, payment, received, standing, quarantined_until };
        all.decision(&format!("order-paid-{name}"), paid);
    }
}

// tidy: long because it is one sample for each variant
fn books_facts(all: &mut Samples) {
    let bank = || BankId::new("cmb").expect("a good name");
    let (fee, amount) = (Amount::fen(40), Amount::fen(40_000));
    let opening = |account| Movement::Opening { account, amount };
    for (secs, name, movement) in [
        (75, "channel-fee", Movement::ChannelFee { wallet: wallet(), fee }),
        (
            76,
            "withdrawal-sent",
            Movement::WithdrawalSent { wallet: wallet(), bank: bank(), amount, fee },
        ),
        (
            77,
            "withdrawal-arrived",
            Movement::WithdrawalArrived { withdrawal: MovementId::from_bits(252) },
        ),
        (
            78,
            "transfer",
            Movement::Transfer {
                from: wallet(),
                to: WalletId::new("ali-main").expect("a good name"),
                amount,
                fee: Amount::fen(0),
            },
        ),
        (79, "opening-wallet", opening(Account::Wallet(wallet()))),
        (80, "opening-bank", opening(Account::Bank(bank()))),
    ] {
        let recorded = MovementRecorded {
            id: MovementId::from_bits(252),
            movement,
            moved_at: at(1_800_000_000),
            by: "ops".into(),
            evidence: "line 17".into(),
        };
        all.fact(&format!("movement-recorded-{name}"), secs, Fact::MovementRecorded(recorded));
    }
    let id = AdjustmentId::from_bits(251);
    let every: Vec<Named> = vec![
        Account::Wallet(wallet()),
        Account::Unlocated,
        Account::InTransit,
        Account::Bank(bank()),
        Account::Receivable,
        Account::Short,
        Account::Unidentified,
        Account::Overpaid,
        Account::Late,
        Account::Ambiguous,
        Account::Long,
        Account::Refunds,
        Account::Orders,
        Account::AmountBump,
        Account::Unclaimed,
        Account::ChannelFees,
        Account::WithdrawFees,
        Account::Tolerance,
        Account::Opening,
    ];
    let line = |(minor, account)| (account, Amount::from_minor(minor, Currency::Cny));
    let proposed = AdjustmentProposed {
        id,
        lines: (-9..).zip(every).map(line).collect(),
        value_at: at(1_800_000_000),
        by: "ops".into(),
        reason: "长款".into(),
    };
    all.fact("adjustment-proposed", 81, Fact::AdjustmentProposed(proposed));
    let amount = |minor| Amount::from_minor(minor, Currency::Cny);
    let claimed = AdjustmentProposed {
        id,
        lines: vec![(Account::ProviderClaim, amount(-7)), (Account::ReconLoss, amount(7))],
        value_at: at(1_800_000_000),
        by: "ops".into(),
        reason: "短款".into(),
    };
    all.fact("adjustment-proposed-claim", 81, Fact::AdjustmentProposed(claimed));
    for (secs, name, verdict) in
        [(82, "approve", AdjustmentVerdict::Approve), (83, "decline", AdjustmentVerdict::Decline)]
    {
        let (by, reason) = ("boss".into(), "seen".into());
        let judged = AdjustmentJudged { id, verdict, by, reason };
        all.fact(&format!("adjustment-judged-{name}"), secs, Fact::AdjustmentJudged(judged));
    }
    let policy = BooksPolicy { alone_max: 10_000 };
    let activated = BooksPolicyActivated { policy, by: "ops".into() };
    all.fact("books-policy-activated", 84, Fact::BooksPolicyActivated(activated));
}

fn payment_decisions(all: &mut Samples) {
    let (order, payment, notification) = (order(), payment(), notification());
    for verdict in [
        Verdict::First,
        Verdict::Stale,
        Verdict::Repeat { of: NotificationId::from_bits(1) },
        Verdict::Conflict { with: NotificationId::from_bits(2) },
        Verdict::Ignored,
        Verdict::Unreadable,
        Verdict::Forged,
    ] {
        let name = format!("notification-judged-{}", verdict.word());
        all.decision(&name, Decision::NotificationJudged { notification, verdict });
    }
    all.decision(
        "payment-observed",
        Decision::PaymentObserved {
            payment,
            wallets: vec![wallet()],
            amount: Amount::fen(1_001),
            paid_at: at(1_800_000_100),
        },
    );
    for (name, grade, rule) in [
        ("isolated-slot", Grade::Isolated, Rule::Slot),
        ("isolated-reference", Grade::Isolated, Rule::Reference),
        ("forced", Grade::Forced, Rule::Slot),
        ("assigned", Grade::Assigned, Rule::Operator),
    ] {
        let candidates = vec![order];
        let matched = Decision::PaymentMatched { payment, order, grade, rule, candidates };
        all.decision(&format!("payment-matched-{name}"), matched);
    }
    for (name, reason) in [
        ("no-order", HoldReason::NoOrder),
        ("several-orders", HoldReason::SeveralOrders),
        ("already-paid", HoldReason::AlreadyPaid),
        ("order-closed", HoldReason::OrderClosed),
        ("late", HoldReason::Late),
        ("rival-payment", HoldReason::RivalPayment),
        ("clock-doubt", HoldReason::ClockDoubt),
        ("stale", HoldReason::Stale),
        ("vetoed", HoldReason::Vetoed),
        ("amount-differs", HoldReason::AmountDiffers),
        ("partly-refunded", HoldReason::PartlyRefunded),
    ] {
        let orphan = reason == HoldReason::NoOrder;
        let held = Decision::PaymentHeld {
            payment,
            grade: if orphan { Grade::Orphan } else { Grade::Ambiguous },
            reason,
            candidates: if orphan { vec![] } else { vec![order, OrderId::from_bits(3)] },
        };
        all.decision(&format!("payment-held-{name}"), held);
    }
    all.decision("match-proposed", Decision::MatchProposed { payment, order });
    all.decision("evidence-dismissed", Decision::EvidenceDismissed { notification });
    all.decision("suspense-ended", Decision::SuspenseEnded { payment });
    let adjustment = AdjustmentId::from_bits(251);
    all.decision("adjustment-posted", Decision::AdjustmentPosted { adjustment });
    all.decision("adjustment-declined", Decision::AdjustmentDeclined { adjustment });
}

fn other_decisions(all: &mut Samples) {
    let (callback, due) = (callback(), at(1_800_000_105));
    for (name, topic) in [
        ("order-paid", Topic::OrderPaid),
        ("refund-confirmed", Topic::RefundConfirmed(refund())),
        ("refund-declined", Topic::RefundDeclined(refund())),
    ] {
        let scheduled = Decision::CallbackScheduled { callback, topic, due };
        all.decision(&format!("callback-scheduled-{name}"), scheduled);
    }
    all.decision("callback-retried", Decision::CallbackRetried { callback, due });
    all.decision("callback-acknowledged", Decision::CallbackAcknowledged { callback });
    all.decision("callback-abandoned", Decision::CallbackAbandoned { callback });
    let since = at(1_799_999_000);
    all.decision("device-fell-silent", Decision::DeviceFellSilent { device: device(), since });
    all.decision("device-returned", Decision::DeviceReturned { device: device(), since });
    let refund = refund();
    all.decision("refund-opened", Decision::RefundOpened { refund });
    for to in [
        RefundState::Requested,
        RefundState::Approved,
        RefundState::Sent,
        RefundState::Confirmed,
        RefundState::Declined,
    ] {
        let advanced = Decision::RefundAdvanced { refund, to };
        all.decision(&format!("refund-advanced-{}", to.word()), advanced);
    }
}
