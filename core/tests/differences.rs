//! Breaks in the books by example: where each stands while it is open, what its end posts, and what
//! the auditor finds.
//!
//! Deliberately not here: random histories, whose books the auditor checks at every event
//! (`histories.rs`), and what may be done with a break (`breaks.rs`).

use std::collections::BTreeMap;

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{
    BreakCode, BreakStep, Direction, Explained, FoundBreak, ResolutionKind, Subject,
};
use duizhang_core::closing::Day;
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, RefundRequested, RefundStepTaken};
use duizhang_core::id::{BreakId, MerchantId, OrderId, PaymentId, RefundId, WalletId};
use duizhang_core::invariant::{Auditor, Invariant};
use duizhang_core::ledger::{Entry, Named, Narration, Poster};
use duizhang_core::merkle::Hash;
use duizhang_core::refund::RefundStep;
use duizhang_core::testing::reckoning::{found, resolution, run, work};
use duizhang_core::testing::{Book, order};
use duizhang_core::time::Timestamp;

/// The day of the test book's first instant, 2023-11-14.
const DAY: Day = Day::new(19_675);

const WALLET: &str = "Assets:Channel:WeChat:Wx";
const LONG: &str = "Liabilities:Suspense:Long";
const SHORT: &str = "Assets:Suspense:Short";

fn wx() -> WalletId {
    WalletId::new("wx").expect("a good name")
}

fn id_of(subject: &Subject) -> BreakId {
    BreakId::about(&wx(), DAY, subject)
}

fn line(serial: &str) -> Subject {
    Subject::Line { serial: serial.into() }
}

fn entries(book: &Book) -> (Poster, Vec<Entry>) {
    let mut poster = Poster::new();
    let mut entries = Vec::new();
    for one in &book.log {
        entries.extend(poster.post_events(one.position, one.at, &one.fact, &one.decisions));
    }
    (poster, entries)
}

/// What every account has, in fen.
fn balances(book: &Book) -> BTreeMap<String, i64> {
    let (poster, entries) = entries(book);
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for line in entries.iter().flat_map(Entry::lines) {
        *sums.entry(poster.chart().path(line.account).to_owned()).or_default() +=
            line.amount.minor();
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn expected(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(path, fen)| ((*path).to_owned(), *fen)).collect()
}

/// A run over the day that finds these.
fn reconcile(book: &mut Book, breaks: Vec<FoundBreak>) {
    let inputs = u8::try_from(book.draw()).expect("a test has few runs");
    book.must(Fact::DayReconciled(run(inputs, DAY, &[], breaks)));
}

fn difference(subject: Subject, code: BreakCode, fen: i64) -> FoundBreak {
    FoundBreak { subject, ..found("", code, fen) }
}

fn end(book: &mut Book, subject: &Subject, kind: ResolutionKind) {
    let (id, end) = (id_of(subject), resolution(kind));
    book.must(work(id, "ann", BreakStep::Propose(end)));
    book.must(work(id, "bob", BreakStep::Approve));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_break_stands_where_its_money_is_missing() {
    let payment = || Subject::Payment(PaymentId::from_bits(9));
    let movement = || Subject::Movement(duizhang_core::id::MovementId::from_bits(9));
    let row = || Subject::Row { statement: Hash::from_bytes([1; 32]), number: 2 };
    let long: &[(&str, i64)] = &[(WALLET, 5), (LONG, -5)];
    let short: &[(&str, i64)] = &[(WALLET, -5), (SHORT, 5)];
    let other = |code, direction, subject| FoundBreak { direction, ..difference(subject, code, 5) };
    let cases = [
        (difference(line("A"), BreakCode::UnobservedPayment, 5), long),
        (difference(row(), BreakCode::OrphanPayment, 5), long),
        (difference(line("A"), BreakCode::OrphanRefund, 5), short),
        (other(BreakCode::FeeVariance, Direction::Out, row()), short),
        (other(BreakCode::FeeVariance, Direction::In, row()), long),
        (difference(payment(), BreakCode::OverdueStatement, 5), short),
        (difference(payment(), BreakCode::AmountOver, 5), long),
        (difference(movement(), BreakCode::OverdueStatement, 5), long),
        (difference(payment(), BreakCode::AmountUnder, 5), short),
        (difference(line("A"), BreakCode::AmountUnder, 5), short),
        (difference(line("A"), BreakCode::UnobservedPayment, 0), &[]),
        (difference(line("A"), BreakCode::DuplicateLine, 5), &[]),
        (difference(row(), BreakCode::RowRejected, 5), &[]),
        (difference(payment(), BreakCode::OrphanPayment, 5), &[]),
        (other(BreakCode::FeeVariance, Direction::In, payment()), &[]),
        (difference(Subject::Order(OrderId::from_bits(3)), BreakCode::AmbiguousPayments, 5), &[]),
        (difference(Subject::Day, BreakCode::FileMissing, 5), &[]),
    ];
    for (found, wanted) in cases {
        let mut book = Book::default();
        let subject = found.subject.clone();
        reconcile(&mut book, vec![found.clone()]);
        assert_eq!(balances(&book), expected(wanted), "{found:?}");
        assert_eq!(book.violations(), vec![], "{found:?}");
        end(&mut book, &subject, ResolutionKind::NotABreak);
        assert_eq!(balances(&book), expected(&[]), "{found:?}");
    }
}

#[test]
fn what_a_person_says_decides_where_it_goes() {
    let kinds = [
        (ResolutionKind::WrittenOff, [("Income:Unclaimed", -70), ("Expenses:ReconLoss", 70)]),
        (ResolutionKind::Claimed, [("", 0), ("Assets:ProviderClaim", 70)]),
        (ResolutionKind::Refunded, [("", 0), ("", 0)]),
        (ResolutionKind::Matched, [("", 0), ("", 0)]),
        (ResolutionKind::Split, [("", 0), ("", 0)]),
        (ResolutionKind::Adjusted, [("", 0), ("", 0)]),
        (ResolutionKind::Duplicate, [("", 0), ("", 0)]),
        (ResolutionKind::NotABreak, [("", 0), ("", 0)]),
        (ResolutionKind::Forced, [("", 0), ("", 0)]),
    ];
    let codes = [BreakCode::OrphanPayment, BreakCode::OrphanRefund];
    for (kind, sides) in kinds {
        for (code, (path, fen)) in codes.into_iter().zip(sides) {
            let mut book = Book::default();
            reconcile(&mut book, vec![difference(line("A"), code, 70)]);
            let open = balances(&book);
            end(&mut book, &line("A"), kind);
            let mut wanted = expected(&[(path, fen), (WALLET, -fen)]);
            wanted.retain(|_, sum| *sum != 0);
            assert_eq!(balances(&book), wanted, "{kind:?} {code}");
            let reason = String::from("not so");
            book.must(work(id_of(&line("A")), "ann", BreakStep::Reopen { reason }));
            assert_eq!(balances(&book), open, "open again: {kind:?} {code}");
            assert_eq!(book.violations(), vec![]);
        }
    }
}

#[test]
fn a_changed_break_is_posted_anew_and_says_so() {
    let mut book = Book::default();
    reconcile(&mut book, vec![difference(line("A"), BreakCode::OrphanPayment, 70)]);
    reconcile(&mut book, vec![difference(line("A"), BreakCode::UnobservedPayment, 60)]);
    assert_eq!(balances(&book), expected(&[(WALLET, 60), (LONG, -60)]));
    reconcile(&mut book, vec![difference(line("A"), BreakCode::OrphanRefund, 60)]);
    assert_eq!(balances(&book), expected(&[(WALLET, -60), (SHORT, 60)]));
    reconcile(&mut book, vec![difference(line("A"), BreakCode::DuplicateLine, 60)]);
    assert_eq!(balances(&book), expected(&[]));
    let (_, entries) = entries(&book);
    let said: Vec<(Narration, &str)> =
        entries.iter().map(|entry| (entry.narration(), entry.note())).collect();
    let (put, taken) = (Narration::BreakSuspended, Narration::BreakReversed);
    let wanted = [
        (put, "U02 orphan_payment A"),
        (taken, "U02 orphan_payment A"),
        (put, "U01 unobserved_payment A"),
        (taken, "U01 unobserved_payment A"),
        (put, "U03 orphan_refund A"),
        (taken, "U03 orphan_refund A"),
    ];
    assert_eq!(said, wanted);
    assert!(entries.iter().all(|one| one.subjects().difference == Some(id_of(&line("A")))));
    assert_eq!(book.violations(), vec![]);
}

/// A finding that comes back otherwise than it was written off: the end is undone first.
#[test]
fn what_was_written_off_and_is_found_otherwise_stands_again() {
    let mut book = Book::default();
    reconcile(&mut book, vec![difference(line("A"), BreakCode::OrphanPayment, 70)]);
    end(&mut book, &line("A"), ResolutionKind::WrittenOff);
    reconcile(&mut book, vec![difference(line("A"), BreakCode::OrphanPayment, 75)]);
    assert_eq!(balances(&book), expected(&[(WALLET, 75), (LONG, -75)]));
    assert_eq!(book.violations(), vec![]);
}

/// The line is on long until a run sees that it is the payment's: in between the wallet has the
/// money twice, and long says how much of it is in doubt.
#[test]
fn a_payment_that_is_observed_after_its_line_takes_over() {
    let mut book = Book::default();
    let mut request = order("shop", "1", 700);
    request.channels = vec![duizhang_core::channel::Channel::Wechat];
    let asked = book.request(request);
    reconcile(&mut book, vec![difference(line("A"), BreakCode::UnobservedPayment, 700)]);
    let open = [("Assets:Receivable:Orders", 700), ("Income:Orders", -700)];
    let wanted = expected(&[&open[..], &[(WALLET, 700), (LONG, -700)]].concat());
    assert_eq!(balances(&book), wanted);
    let mut received = book.money(700);
    if let duizhang_core::fact::Reading::Money { references, .. } = &mut received.reading {
        references.push(asked.to_string());
    }
    let payment = PaymentId::of(received.notification);
    book.notify(received);
    let paid = [("Income:Orders", -700), (WALLET, 1_400), (LONG, -700)];
    assert_eq!(balances(&book), expected(&paid));
    let inputs = u8::try_from(book.draw()).expect("a test has few runs");
    let mut next = run(inputs, DAY, &[], vec![]);
    let by = Subject::Payment(payment);
    next.explained = vec![Explained { id: id_of(&line("A")), by }];
    book.must(Fact::DayReconciled(next));
    assert_eq!(balances(&book), expected(&[("Income:Orders", -700), (WALLET, 700)]));
    assert_eq!(book.violations(), vec![]);
}

/// A book with a sent refund of 300 fen, out of a paid order.
fn with_refund() -> (Book, RefundId) {
    let mut book = Book::default();
    let mut request = order("shop", "1", 700);
    request.channels = vec![duizhang_core::channel::Channel::Wechat];
    let asked = book.request(request);
    book.pay(700);
    let refund = RefundId::from_bits(book.draw_bits("refund"));
    book.must(Fact::RefundRequested(RefundRequested {
        refund,
        merchant: MerchantId::new("shop").expect("a good name"),
        order: asked,
        number: "R1".into(),
        amount: Amount::fen(300),
        reason: "asked".into(),
    }));
    for step in [RefundStep::Approve, RefundStep::Send] {
        take(&mut book, refund, step);
    }
    (book, refund)
}

fn take(book: &mut Book, refund: RefundId, step: RefundStep) {
    let (by, evidence) = ("ann".into(), "seen".into());
    book.must(Fact::RefundStepTaken(RefundStepTaken { refund, step, by, evidence }));
}

/// Before it is confirmed the books do not say that the money left, so there is nothing to correct.
#[test]
fn a_refund_on_no_statement_stands_once_it_left_the_books() {
    let (mut book, refund) = with_refund();
    let missing = || difference(Subject::Refund(refund), BreakCode::RefundNotSettled, 300);
    reconcile(&mut book, vec![missing()]);
    assert_eq!(balances(&book)[WALLET], 700);
    assert!(!balances(&book).contains_key(LONG));
    take(&mut book, refund, RefundStep::Confirm);
    let sums = balances(&book);
    assert_eq!((sums[WALLET], sums[LONG]), (700, -300), "the channel did not send it");
    assert_eq!(book.violations(), vec![]);
    end(&mut book, &Subject::Refund(refund), ResolutionKind::NotABreak);
    assert_eq!(balances(&book)[WALLET], 400);

    // Over before the confirmation, open again after it.
    let (mut book, refund) = with_refund();
    let missing = difference(Subject::Refund(refund), BreakCode::RefundNotSettled, 300);
    reconcile(&mut book, vec![missing]);
    end(&mut book, &Subject::Refund(refund), ResolutionKind::NotABreak);
    take(&mut book, refund, RefundStep::Confirm);
    assert_eq!(balances(&book)[WALLET], 400);
    let reason = String::from("not so");
    book.must(work(id_of(&Subject::Refund(refund)), "ann", BreakStep::Reopen { reason }));
    assert_eq!((balances(&book)[WALLET], balances(&book)[LONG]), (700, -300));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_break_is_valued_when_it_is_found_or_ended() {
    let mut book = Book::default();
    book.at = book.at.plus(duizhang_core::time::Span::from_hours(50));
    reconcile(&mut book, vec![difference(line("A"), BreakCode::OrphanPayment, 70)]);
    let found_at: Timestamp = book.at;
    book.at = book.at.plus(duizhang_core::time::Span::from_hours(50));
    end(&mut book, &line("A"), ResolutionKind::Claimed);
    let (_, entries) = entries(&book);
    let values: Vec<Timestamp> = entries.iter().map(Entry::value_at).collect();
    assert_eq!(values, vec![found_at, book.at]);
    let note = entries[1].note();
    assert_eq!(note, "U02 orphan_payment A: claimed");
    assert!(!Named::Long.is_adjustable() && !Named::Short.is_adjustable());
}

/// Logs that no rule of ours writes: the books do not follow them, and the auditor does.
#[test]
fn the_auditor_finds_suspense_that_is_not_the_open_breaks() {
    let opened = |wallet: &str, code, fen| Decision::BreakOpened {
        id: id_of(&line("A")),
        wallet: WalletId::new(wallet).expect("a good name"),
        day: DAY,
        booked: DAY,
        found: difference(line("A"), code, fen),
    };
    let cases = [
        (BreakCode::OrphanPayment, Invariant::LongIsOpenBreaks),
        (BreakCode::OrphanRefund, Invariant::ShortIsOpenBreaks),
    ];
    for (code, invariant) in cases {
        for decisions in
            [vec![opened("nowhere", code, 5)], vec![opened("wx", code, 5), opened("wx", code, 6)]]
        {
            let book = Book::default();
            let mut auditor = Auditor::new();
            for one in &book.log {
                auditor.fold(one.position, one.at, &one.fact, &one.decisions);
            }
            let position = book.state.position().next();
            auditor.fold(position, book.at, &Fact::ClockTicked, &decisions);
            let seen = auditor.violations().iter().any(|one| one.invariant == invariant);
            assert!(seen, "{code}: {:?}", auditor.violations());
        }
    }
}

/// Money that may have come to either of two wallets is on neither, so neither has too much while
/// no statement has it.
#[test]
fn a_payment_of_two_wallets_on_no_statement_leaves_both_as_they_are() {
    let mut book = Book::default();
    let (payment, _) = book.pay(777);
    let missing = || difference(Subject::Payment(payment), BreakCode::OverdueStatement, 777);
    reconcile(&mut book, vec![missing()]);
    let sums = balances(&book);
    assert!(!sums.contains_key(WALLET), "{sums:?}");
    assert_eq!(book.violations(), vec![]);
    // An order says which wallet it was: from then on that one has too much.
    let mut request = order("shop", "later", 777);
    request.channels = vec![duizhang_core::channel::Channel::Wechat];
    let order = book.request(request);
    let (by, reason) = ("ann".into(), "asked".into());
    let assigned = duizhang_core::fact::PaymentAssigned { payment, order, by, reason };
    book.must(Fact::PaymentAssigned(assigned));
    let sums = balances(&book);
    assert!(!sums.contains_key(WALLET) && sums[SHORT] == 777, "{sums:?}");
    assert_eq!(book.violations(), vec![]);
    end(&mut book, &Subject::Payment(payment), ResolutionKind::NotABreak);
    assert_eq!(balances(&book)[WALLET], 777);
}
