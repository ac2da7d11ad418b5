//! Runs over money that one wallet's books and another wallet's file have.

use duizhang_core::breaks::StatementKept;
use duizhang_core::channel::Channel;
use duizhang_core::fact::{Fact, OrderRequested, PaymentAssigned, Reading};
use duizhang_core::id::{PaymentId, WalletId};
use duizhang_core::statement::Line;
use duizhang_core::testing::{order, reckoning};
use duizhang_projections::calendar::day_of_date;

use super::run_tests::{reconcile_day, record, runs_of, standing, stated};
use super::tests::{book, line, open, pay, today};
use super::*;

/// A file of the other wallet, whose name comes first.
fn of_ali((mut lines, mut paper): (StatementLines, Paper)) -> (StatementLines, Paper) {
    let ali = || WalletId::new("ali").expect("a name");
    (lines.wallet, lines.channel, paper.wallet) = (ali(), Channel::Alipay, ali());
    lines.file.wallet = "ali".into();
    (lines, paper)
}

/// A payment that the books have on one wallet and a file shows on another: the run of the first
/// wallet does not end what the run of the second one finds.
#[test]
fn a_break_that_another_wallets_run_finds_stays_open() {
    let mut book = book();
    open(&mut book, "A1", 1_000);
    let paid = pay(&mut book, 1_000);
    let wx = stated(1, today(), Vec::new());
    reconcile_day(&mut book, today(), std::slice::from_ref(&wx));
    assert_eq!(standing(&book), [("T03", 1_000)]);
    let named = Line { merchant_no: Some("A1".into()), ..line(1, 1_000, paid) };
    let files = [wx, of_ali(stated(2, today(), vec![named]))];
    let kept = reckoning::statement(2, day_of_date(today()));
    let ali = WalletId::new("ali").expect("a name");
    book.must(Fact::StatementKept(StatementKept { wallet: ali, ..kept }));
    let runs = runs_of(&book, today(), &files);
    record(&mut book, runs);
    assert_eq!(standing(&book), [("M08", 1_000)]);
    let again = runs_of(&book, today(), &files);
    assert_eq!(record(&mut book, again), 0);
    assert_eq!(standing(&book), [("M08", 1_000)]);
}

/// A person may give a payment to an order of another wallet: the money stays where it came.
#[test]
fn an_assigned_payment_is_looked_for_on_the_wallet_that_it_came_to() {
    let mut book = book();
    let channels = vec![Channel::Alipay];
    let order = book.request(OrderRequested { channels, ..order("shop", "A1", 1_000) });
    let mut received = book.money(1_000);
    if let Reading::Money { channel, .. } = &mut received.reading {
        *channel = Some(Channel::Wechat);
    }
    let payment = PaymentId::of(received.notification);
    book.notify(received);
    let (by, reason) = ("ann".into(), "they scanned the other code".into());
    book.must(Fact::PaymentAssigned(PaymentAssigned { payment, order, by, reason }));
    let paid = book.at;
    reconcile_day(&mut book, today(), &[stated(1, today(), vec![line(1, 1_000, paid)])]);
    assert_eq!(standing(&book), []);
}
