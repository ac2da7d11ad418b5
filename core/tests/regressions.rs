//! Histories in which an earlier version gave money to the wrong order, or told a shop too much.

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, HeartbeatReceived, Reading, RefundRequested, RefundStepTaken};
use duizhang_core::id::{DeviceId, MerchantId, OrderId, RefundId, WalletId};
use duizhang_core::invariant::Auditor;
use duizhang_core::limits::DEVICE_CHANGES_MAX;
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::Policy;
use duizhang_core::refund::RefundStep;
use duizhang_core::state::Reservation;
use duizhang_core::testing::{Book, device, merchant, order, policy_fact, wallet};
use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;

fn mins(count: u64) -> Span {
    Span::from_mins(count)
}

fn narrow() -> Book {
    let mut book = Book::new(Policy::default());
    book.must(Fact::MerchantDeclared(merchant("shop", &["wx"])));
    book
}

fn push(book: &mut Book, fen: i64, sent: Option<Timestamp>, named: &[&str]) -> Vec<Decision> {
    let received = book.money_with(fen, sent, named);
    book.notify(received)
}

fn held(decisions: &[Decision]) -> Option<(HoldReason, Vec<OrderId>)> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { reason, candidates, .. } => Some((*reason, candidates.clone())),
        _ => None,
    })
}

fn refund(book: &mut Book, of: OrderId, fen: i64) {
    let refund = RefundId::from_bits(9);
    book.must(Fact::RefundRequested(RefundRequested {
        refund,
        merchant: MerchantId::new("shop").expect("a name"),
        order: of,
        number: "R".into(),
        amount: Amount::fen(fen),
        reason: "returned".into(),
    }));
    for step in [RefundStep::Approve, RefundStep::Send, RefundStep::Confirm] {
        let (by, evidence) = ("ann".into(), "transfer 1".into());
        book.must(Fact::RefundStepTaken(RefundStepTaken { refund, step, by, evidence }));
    }
}

#[test]
fn a_slow_clock_that_was_offline_settles_nobodys_order() {
    // Amounts are so scarce that one is given again as soon as it is released.
    let mut book = narrow();
    let policy = Policy { max_offset: 0, ..Policy::default() };
    book.must(policy_fact(policy));
    let start = book.at;
    let earlier = book.open("shop", "C", 1_000);
    let device = DeviceId::new("phone").expect("a name");
    let sent_at = Some(book.at.minus(mins(25)));
    book.must(Fact::HeartbeatReceived(HeartbeatReceived { device, sent_at }));
    book.wait(mins(6)).tick();
    book.wait(mins(19)).tick();
    let payer = book.open("shop", "A", 1_000);
    assert_eq!(book.row(payer).payable, 1_000, "the same amount as C's");
    // Paid two minutes later; the phone is 25 minutes slow and offline until long after.
    let said = start.plus(mins(2));
    book.wait(mins(27)).tick();
    let decisions = push(&mut book, 1_000, Some(said), &[]);
    assert_eq!(held(&decisions), Some((HoldReason::SeveralOrders, vec![earlier, payer])));
}

#[test]
fn an_order_that_got_a_part_keeps_its_amount_until_its_own_deadline() {
    let mut book = narrow();
    let mut request = order("shop", "A", 1_000);
    request.ttl = Some(Span::from_hours(2));
    let first = book.request(request);
    let decisions = push(&mut book, 1, None, &[&first.to_string()]);
    assert_eq!((held(&decisions), book.status(first)), (None, OrderStatus::Underpaid));
    book.wait(mins(16)).tick();
    let second = book.open("shop", "B", 1_000);
    assert_eq!(book.row(second).payable, 1_001, "A's payer may still come");
    let (_, decisions) = book.pay(1_000);
    assert_eq!(held(&decisions), Some((HoldReason::AlreadyPaid, vec![first])));
    assert_eq!(book.violations(), vec![]);
}

proptest! {
    /// However many parts come, and whenever, the amount is free again a quarantine after the
    /// order's own end or its first part.
    #[test]
    fn parts_do_not_keep_an_amount_for_ever(
        ttl in 10_u64..1_000,
        waits in prop::collection::vec(0_u64..1_000, 1..40),
    ) {
        let mut book = narrow();
        let quarantine = book.state.policy().quarantine;
        let mut request = order("shop", "A", 1_000);
        request.ttl = Some(Span::from_secs(ttl));
        let one = book.request(request);
        let expires_at = book.row(one).reserved_until;
        let mut bound: Option<Timestamp> = None;
        for secs in waits {
            book.wait(Span::from_secs(secs)).tick();
            push(&mut book, 1, None, &[&one.to_string()]);
            let own = expires_at.max(book.at).plus(quarantine);
            let end = *bound.get_or_insert(own);
            let row = book.row(one);
            prop_assert_eq!(row.status, OrderStatus::Underpaid);
            match row.reservation {
                Reservation::Quarantined => prop_assert_eq!(row.reserved_until, end),
                Reservation::Released => prop_assert!(end <= book.at),
                Reservation::Held => prop_assert!(false, "it has a part"),
            }
        }
        let end = bound.expect("at least one part came");
        if end > book.at {
            book.at = end;
        }
        book.tick();
        prop_assert_eq!(book.row(one).reservation, Reservation::Released);
        prop_assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn what_went_back_is_not_counted_as_paid() {
    let mut book = narrow();
    let one = book.open("shop", "A", 1_000);
    let id = one.to_string();
    push(&mut book, 500, None, &[&id]);
    refund(&mut book, one, 500);
    let decisions = push(&mut book, 500, None, &[&id]);
    assert_eq!(held(&decisions), Some((HoldReason::PartlyRefunded, vec![one])));
    assert_eq!(book.status(one), OrderStatus::Underpaid);
}

#[test]
fn a_year_in_a_remark_moves_no_money() {
    let mut book = narrow();
    let dear = book.open("shop", "2026", 100_000);
    let cheap = book.open("shop", "B", 1_000);
    let decisions = push(&mut book, 1_000, None, &["2026"]);
    assert_eq!(held(&decisions), Some((HoldReason::SeveralOrders, vec![dear, cheap])));
    let decisions = push(&mut book, 777, None, &["2026"]);
    assert_eq!(held(&decisions), Some((HoldReason::AmountDiffers, vec![dear])));
}

#[test]
fn money_seen_before_a_phone_was_given_another_wallet_is_not_the_new_wallets() {
    let mut book = narrow();
    book.must(Fact::WalletDeclared(wallet("wx2", Channel::Wechat)));
    book.must(Fact::DeviceDeclared(device("phone", &["wx"])));
    book.must(Fact::MerchantDeclared(merchant("mall", &["wx2"])));
    let before = book.open("shop", "A", 1_000);
    let after = book.open("mall", "B", 1_000);
    let paid_at = book.wait(mins(1)).at;
    book.wait(Span::from_secs(20)).must(Fact::DeviceDeclared(device("phone", &["wx2"])));
    let settled = book.clone();
    book.wait(Span::from_secs(5));
    let decisions = push(&mut book, 1_000, Some(paid_at), &[]);
    assert_eq!(held(&decisions), Some((HoldReason::SeveralOrders, vec![before, after])));
    assert_eq!(book.violations(), vec![]);

    // What was paid after the change is the new wallet's alone.
    let mut book = settled;
    let paid_at = book.wait(mins(1)).at;
    let decisions = push(&mut book, 1_000, Some(paid_at), &[]);
    assert_eq!((held(&decisions), book.status(after)), (None, OrderStatus::Paid));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn the_number_of_a_merchant_that_left_the_wallet_still_names_its_order() {
    let mut book = narrow();
    let left = book.open("shop", "SO-1", 1_000);
    book.must(Fact::MerchantDeclared(merchant("shop", &["ali"])));
    book.must(Fact::MerchantDeclared(merchant("mall", &["wx"])));
    let other = book.open("mall", "SO-2", 1_001);
    let elsewhere = book.open("shop", "SO-3", 1_001);
    let push = |book: &mut Book, fen, number: &str| {
        let mut received = book.money_with(fen, None, &[number]);
        if let Reading::Money { channel, .. } = &mut received.reading {
            *channel = Some(Channel::Wechat);
        }
        book.notify(received)
    };
    let decisions = push(&mut book, 1_001, "SO-1");
    assert_eq!(held(&decisions), Some((HoldReason::SeveralOrders, vec![left, other])));
    assert_eq!(held(&push(&mut book, 1_000, "SO-1")), None);
    assert_eq!(book.status(left), OrderStatus::Paid);
    // Its orders elsewhere are no concern of money that came here: the amount decides.
    let open = book.open("mall", "SO-4", 2_000);
    assert_eq!(held(&push(&mut book, 2_000, "SO-3")), None);
    assert_eq!((book.status(open), book.status(elsewhere)), (OrderStatus::Paid, OrderStatus::Open));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn no_number_of_changes_makes_a_device_forget_what_it_watched() {
    let mut book = narrow();
    let payer = book.open("shop", "A", 1_000);
    let paid_at = book.wait(Span::from_secs(1)).at;
    for number in 0..DEVICE_CHANGES_MAX + 3 {
        let name = format!("w{number}");
        book.must(Fact::WalletDeclared(wallet(&name, Channel::Wechat)));
        book.wait(Span::from_secs(1)).must(Fact::DeviceDeclared(device("phone", &[&name])));
    }
    let phone = DeviceId::new("phone").expect("a name");
    let former = &book.state.device(&phone).expect("it is declared").former;
    assert_eq!(former.len(), DEVICE_CHANGES_MAX);
    let decisions = push(&mut book, 1_000, Some(paid_at), &[]);
    assert_eq!((held(&decisions), book.status(payer)), (None, OrderStatus::Paid));
}

#[test]
fn the_auditor_looks_at_the_money_that_an_order_gets() {
    let mut book = narrow();
    let one = book.open("shop", "A", 1_000);
    let other = book.open("shop", "B", 1_000);
    book.pay(1_000);
    assert_eq!(book.status(one), OrderStatus::Paid);
    let damages: [fn(&mut Vec<Decision>, OrderId); 5] = [
        |decisions, _| change_paid(decisions, |received, _| *received = Amount::fen(100_000_000)),
        |decisions, other| change_paid(decisions, |_, order| *order = other),
        |decisions, other| {
            let mut again = decisions.clone();
            change_paid(&mut again, |_, order| *order = other);
            again.retain(|decision| matches!(decision, Decision::OrderPaid { .. }));
            decisions.extend(again);
        },
        |decisions, _| {
            for decision in decisions {
                if let Decision::PaymentObserved { wallets, .. } = decision {
                    *wallets = vec![WalletId::new("ali").expect("a name")];
                }
            }
        },
        |decisions, _| {
            decisions.retain(|decision| !matches!(decision, Decision::OrderPaid { .. }));
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let mut log = book.log.clone();
        damage(&mut log.last_mut().expect("a payment").decisions, other);
        let mut auditor = Auditor::new();
        for entry in &log {
            auditor.fold(entry.position, entry.at, &entry.fact, &entry.decisions);
        }
        assert!(!auditor.violations().is_empty(), "damage {number} went unseen");
    }
}

#[test]
fn the_auditor_knows_how_long_a_part_paid_order_keeps_its_amount() {
    let mut book = narrow();
    let one = book.open("shop", "A", 1_000);
    let id = one.to_string();
    push(&mut book, 1, None, &[&id]);
    assert_eq!(book.violations(), vec![]);
    for (earlier, wanted) in [(0, 0), (1, 1)] {
        let mut log = book.log.clone();
        for decision in &mut log.last_mut().expect("a payment").decisions {
            if let Decision::OrderPaid { quarantined_until, .. } = decision {
                *quarantined_until = quarantined_until.minus(Span::from_secs(earlier));
            }
        }
        let mut auditor = Auditor::new();
        for entry in &log {
            auditor.fold(entry.position, entry.at, &entry.fact, &entry.decisions);
        }
        assert_eq!(auditor.violations().len(), wanted, "{:?}", auditor.violations());
    }
}

fn change_paid(decisions: &mut [Decision], change: impl Fn(&mut Amount, &mut OrderId)) {
    for decision in decisions {
        if let Decision::OrderPaid { received, order, .. } = decision {
            change(received, order);
        }
    }
}
