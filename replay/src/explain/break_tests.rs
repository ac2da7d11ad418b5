//! Stories of breaks, by the sentences that must be in them.

use duizhang_core::breaks::{
    BreakCode, BreakStep, Explained, ResolutionKind, Subject as About, WaitingFor,
};
use duizhang_core::closing::Day;
use duizhang_core::fact::{Fact, PaymentAssigned};
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::testing::Book;
use duizhang_core::testing::reckoning::{
    close, end_of, found, reopen, resolution, run, statement, work,
};
use duizhang_core::time::Span;

use super::*;
use crate::story_book::log_of_book;

/// The day of the test book's first instant, 2023-11-14.
const DAY: Day = Day::new(19_675);

fn told(book: &Book, id: BreakId) -> String {
    let subject = Subject::parse("break", &id.to_string()).expect("a subject");
    explain(&log_of_book(book), &subject, &mut |_, _| {}).expect("the log knows it").text()
}

fn assert_tells(text: &str, fragments: &[&str]) {
    let mut rest = text;
    for fragment in fragments {
        let place = rest.find(fragment);
        let place = place.unwrap_or_else(|| panic!("{fragment:?} is not told in order:\n{text}"));
        rest = &rest[place + fragment.len()..];
    }
}

fn line(serial: &str) -> About {
    About::Line { serial: String::from(serial) }
}

fn id(serial: &str) -> BreakId {
    BreakId::about(&WalletId::new("wx").expect("a name"), DAY, &line(serial))
}

fn reconciled() -> Book {
    let mut book = Book::default();
    book.must(Fact::StatementKept(statement(1, DAY)));
    let breaks = vec![found("A", BreakCode::AmountOver, 2_500)];
    book.must(Fact::DayReconciled(run(1, DAY, &[1], breaks)));
    book
}

#[test]
fn a_break_that_two_people_end() {
    let mut book = reconciled();
    let id = id("A");
    book.wait(Span::from_hours(50));
    book.must(work(id, "ann", BreakStep::Assign { to: String::from("bob") }));
    book.must(work(id, "bob", BreakStep::Wait { on: WaitingFor::Payer }));
    assert_tells(
        &told(&book, id),
        &[
            "ann reconciled 2023-11-14 of wallet wx over 1 statements (part 0, the last part)",
            "was opened: M01 amount_over (more was paid than the books say), in, 25.00 CNY about \
             line A.",
            "ann gave break",
            "bob let break",
            "is now waiting for payer.",
            "of 2023-11-14 is waiting for payer: M01",
            "(D2-3); bob has it.",
        ],
    );
    book.must(work(id, "bob", BreakStep::Propose(resolution(ResolutionKind::WrittenOff))));
    let proposed = "bob proposed written-off; another person has to approve that.";
    assert_tells(&told(&book, id), &["is proposed: M01", proposed]);
    book.must(work(id, "ann", BreakStep::Approve));
    let ended = "It ended written-off (cause: provider): by a person's word.";
    assert_tells(&told(&book, id), &["ann approved", "is resolved: M01", ended]);
}

#[test]
fn breaks_that_facts_explain() {
    let mut book = reconciled();
    let mut next = run(2, DAY.next(), &[1], vec![]);
    next.explained = vec![Explained { id: id("A"), by: line("7") }];
    book.must(Fact::DayReconciled(next));
    let ended = "It ended auto-late-arrival (cause: timing): line 7 explains it.";
    assert_tells(&told(&book, id("A")), &["ann reconciled 2023-11-15", "is over", ended]);

    let (payment, _) = book.pay(55);
    let order = book.open("shop", "1", 60);
    let mut whose = found("", BreakCode::OrphanPayment, 55);
    whose.subject = About::Payment(payment);
    whose.related = vec![About::Order(order)];
    book.must(Fact::DayReconciled(run(3, DAY, &[1], vec![whose])));
    let (by, reason) = (String::from("ann"), String::from("the payer called"));
    book.must(Fact::PaymentAssigned(PaymentAssigned { payment, order, by, reason }));
    assert_tells(
        &told(&book, BreakId::of_payment(payment)),
        &[
            &format!("about payment {payment}, beside order {order}."),
            "ann assigned payment",
            &format!("auto-matched (cause: unknown): its payment settles order {order}."),
        ],
    );
}

#[test]
fn breaks_around_a_closed_day() {
    let mut book = reconciled();
    book.at = end_of(DAY);
    book.reconcile_rest(DAY);
    book.must(close(DAY, "ann", &[id("A")]));
    let late =
        vec![found("A", BreakCode::AmountOver, 2_500), found("B", BreakCode::OrphanPayment, 7)];
    book.must(Fact::DayReconciled(run(2, DAY, &[1], late)));
    book.must(reopen(DAY, "ann"));
    book.must(reopen(DAY, "bob"));
    assert_tells(
        &told(&book, id("A")),
        &[
            "ann asked to close 2023-11-14 and accepted the breaks b",
            "2023-11-14 is closed",
            "ann accepted it when 2023-11-14 was closed.",
        ],
    );
    assert_tells(
        &told(&book, id("B")),
        &[
            "; P01: that day is closed, so it is booked in 2023-11-15.",
            "P01: its own day was closed, so it is booked in 2023-11-15.",
        ],
    );
}
