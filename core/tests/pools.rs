//! Wallets that one device watches on one network share their amounts.
//!
//! Deliberately not here: that the allocator finds the nearest amount of a pool
//! (`proofs/allocation.rs`).

use duizhang_core::channel::Channel;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Device, Fact, Reading};
use duizhang_core::id::OrderId;
use duizhang_core::matcher::{Grade, HoldReason};
use duizhang_core::order::OrderStatus;
use duizhang_core::policy::{Policy, Step};
use duizhang_core::testing::{Book, device, merchant, wallet};
use duizhang_core::time::Span;
use proptest::prelude::*;

/// A book in which one shop is paid into so many wallets of one network.
fn book_of(wallets: usize, policy: Policy) -> (Book, Vec<String>) {
    let mut book = Book::new(policy);
    let names: Vec<String> = (0..wallets).map(|number| format!("wx{number}")).collect();
    for name in &names {
        book.must(Fact::WalletDeclared(wallet(name, Channel::Wechat)));
    }
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    book.must(Fact::MerchantDeclared(merchant("chain", &all)));
    (book, names)
}

fn watch(book: &mut Book, name: &str, wallets: &[&str]) {
    book.must(Fact::DeviceDeclared(device(name, wallets)));
}

/// A push that says no more than the network and the amount.
fn push(book: &mut Book, fen: i64) -> Vec<Decision> {
    let mut received = book.money(fen);
    if let Reading::Money { channel, .. } = &mut received.reading {
        *channel = Some(Channel::Wechat);
    }
    book.notify(received)
}

fn held(decisions: &[Decision]) -> Option<(HoldReason, Vec<OrderId>)> {
    decisions.iter().find_map(|decision| match decision {
        Decision::PaymentHeld { reason, candidates, .. } => Some((*reason, candidates.clone())),
        _ => None,
    })
}

fn payables(book: &Book, orders: &[OrderId]) -> Vec<i64> {
    orders.iter().map(|order| book.row(*order).payable).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// However many wallets a phone watches, each payment says by its amount whose it is.
    #[test]
    fn payments_into_wallets_of_one_phone_each_settle_their_own_order(
        wallets in 1_usize..6,
        step in prop_oneof![Just(Step::Up), Just(Step::Down), Just(Step::Nearest)],
        paid in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        secs in 0_u64..20,
    ) {
        let (mut book, names) = book_of(wallets, Policy { step, ..Policy::default() });
        let all: Vec<&str> = names.iter().map(String::as_str).collect();
        watch(&mut book, "phone", &all);
        let mut open: Vec<OrderId> =
            (0..paid.len()).map(|n| book.open("chain", &format!("N{n}"), 1_000)).collect();
        for index in paid {
            let order = open.swap_remove(index.index(open.len()));
            book.wait(Span::from_secs(secs / 10));
            let payable = book.row(order).payable;
            let decisions = push(&mut book, payable);
            let settled = decisions.iter().any(|decision| matches!(
                decision,
                Decision::PaymentMatched { order: matched, grade: Grade::Isolated, .. }
                    if *matched == order
            ));
            prop_assert!(settled, "{:?}", decisions);
        }
        prop_assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn wallets_that_no_device_has_in_common_do_not_share() {
    let (mut book, _) = book_of(2, Policy::default());
    watch(&mut book, "one", &["wx0"]);
    watch(&mut book, "two", &["wx1", "ali"]);
    let orders = ["A", "B", "C"].map(|number| book.open("chain", number, 1_000));
    assert_eq!(payables(&book, &orders), [1_000, 1_000, 1_001]);
}

#[test]
fn a_device_that_may_not_report_links_nothing() {
    let (mut book, _) = book_of(2, Policy::default());
    let off = Device { enabled: false, ..device("phone", &["wx0", "wx1"]) };
    book.must(Fact::DeviceDeclared(off));
    let orders = ["A", "B"].map(|number| book.open("chain", number, 1_000));
    assert_eq!(payables(&book, &orders), [1_000, 1_000]);
    watch(&mut book, "phone", &["wx0", "wx1"]);
    let next = book.open("chain", "C", 1_000);
    assert_eq!(book.row(next).payable, 1_001, "now a push could be about either");
}

#[test]
fn a_chain_of_devices_makes_one_pool_and_a_missing_link_cuts_it() {
    let (mut book, _) = book_of(3, Policy::default());
    watch(&mut book, "one", &["wx0", "wx1"]);
    watch(&mut book, "two", &["wx1", "wx2"]);
    let orders = ["A", "B", "C"].map(|number| book.open("chain", number, 1_000));
    assert_eq!(payables(&book, &orders), [1_000, 1_001, 1_002]);
    watch(&mut book, "two", &["wx2"]);
    let next = book.open("chain", "D", 1_000);
    assert_eq!(book.row(next).payable, 1_000, "wx2 is on its own again");
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn an_amount_that_two_wallets_had_before_they_were_linked_is_free_when_both_are_done() {
    let (mut book, _) = book_of(2, Policy::default());
    watch(&mut book, "one", &["wx0"]);
    watch(&mut book, "two", &["wx1"]);
    let orders = ["A", "B"].map(|number| book.open("chain", number, 1_000));
    watch(&mut book, "phone", &["wx0", "wx1"]);
    // A push of the phone could be either's; one of a device that watches one wallet could not.
    let decisions = push(&mut book, 1_000);
    assert_eq!(held(&decisions), Some((HoldReason::SeveralOrders, orders.to_vec())));
    for (name, order) in [("one", orders[0]), ("two", orders[1])] {
        let number = book.draw();
        let mut copy = book.clone();
        let received = duizhang_core::testing::money(name, number, 1_000);
        let decisions = copy.notify(received);
        assert_eq!(held(&decisions), Some((HoldReason::RivalPayment, vec![order])));
    }
    book.wait(Span::from_mins(6)).tick();
    book.wait(Span::from_mins(15)).tick();
    assert!(orders.iter().all(|order| book.status(*order) == OrderStatus::Expired));
    assert_eq!(book.violations(), vec![]);
    assert_eq!(book.rebuilt().fingerprint(), book.state.fingerprint());
}
