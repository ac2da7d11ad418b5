//! Breaks: what a run finds, what ends them, and who may do what.
//!
//! Deliberately not here: closing days (`closing.rs`), and whether a finding is right.

use duizhang_core::breaks::{
    BreakCode, BreakRefusal, BreakState, BreakStep, Direction, Ending, Explained, FoundBreak,
    ResolutionKind, RootCause, Subject, TermsActivated, WaitingFor,
};
use duizhang_core::closing::Day;
use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::{Fact, PaymentAssigned, PaymentDismissed};
use duizhang_core::id::{BreakId, PaymentId, WalletId};
use duizhang_core::limits::{
    BREAKS_PER_PART_MAX, EXPLAINED_PER_PART_MAX, GONE_PER_PART_MAX, RELATED_MAX, RUN_PARTS_MAX,
    STATEMENTS_PER_RUN_MAX, WRITE_OFF_ALONE_MAX,
};
use duizhang_core::reconciliation::{BookTerms, DELAY_MAX, PARTS_MAX, ROUNDING_MAX, SKEW_MAX};
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::Book;
use duizhang_core::testing::reckoning::{found, resolution, run, statement, work};

/// The day of the test book's first instant, 2023-11-14.
const DAY: Day = Day::new(19_675);

fn refused(refusal: BreakRefusal) -> Result<Ruling, Rejection> {
    Err(Rejection::Break(refusal))
}

fn nothing() -> Result<Ruling, Rejection> {
    Ok(Ruling::Repeat(Repeat::Nothing))
}

fn line(serial: &str) -> BreakId {
    let subject = Subject::Line { serial: String::from(serial) };
    BreakId::about(&WalletId::new("wx").expect("a name"), DAY, &subject)
}

/// A book with one kept statement.
fn book() -> Book {
    let mut book = Book::default();
    book.must(Fact::StatementKept(statement(1, DAY)));
    book
}

fn reconcile(book: &mut Book, inputs: u8, breaks: Vec<FoundBreak>) -> Vec<Decision> {
    book.must(Fact::DayReconciled(run(inputs, DAY, &[1], breaks)))
}

/// A book with the break M01 of some fen about line A.
fn with_break(fen: i64) -> (Book, BreakId) {
    let mut book = book();
    reconcile(&mut book, 1, vec![found("A", BreakCode::AmountOver, fen)]);
    (book, line("A"))
}

fn state(book: &Book, id: BreakId) -> BreakState {
    book.state.find_break(id).expect("it is there").state
}

fn reckoned() -> Decision {
    Decision::DayReckoned { wallet: WalletId::new("wx").expect("a name"), day: DAY }
}

#[test]
fn a_statement_imported_twice_changes_nothing_and_other_readings_are_refused() {
    let mut book = book();
    let mut again = statement(1, DAY);
    again.by = String::from("bob");
    assert_eq!(book.submit(Fact::StatementKept(again.clone())), nothing());
    again.lines = 2;
    let differs = refused(BreakRefusal::StatementDiffers);
    assert_eq!(book.submit(Fact::StatementKept(again)), differs);
    let mut foreign = statement(1, DAY);
    foreign.wallet = WalletId::new("ali").unwrap();
    assert_eq!(book.submit(Fact::StatementKept(foreign.clone())), differs);
    foreign.wallet = WalletId::new("nobody").unwrap();
    assert_eq!(book.submit(Fact::StatementKept(foreign)), Err(Rejection::UnknownWallet));
    let mut backwards = statement(2, DAY);
    backwards.first = DAY.next();
    let unfit = refused(BreakRefusal::Unfit("days"));
    assert_eq!(book.submit(Fact::StatementKept(backwards)), unfit);
    assert_eq!(book.submit(Fact::StatementKept(statement(2, Day::new(99_999)))), unfit);
    let mut negative = statement(2, DAY);
    negative.gross_out = duizhang_core::amount::Amount::fen(-1);
    let unfit = refused(BreakRefusal::Unfit("gross"));
    assert_eq!(book.submit(Fact::StatementKept(negative)), unfit);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_run_that_cannot_be_is_refused_by_name_and_changes_nothing() {
    let mut book = book();
    let good = run(1, DAY, &[1], vec![found("A", BreakCode::AmountOver, 5)]);
    let unfit = |field| Rejection::Break(BreakRefusal::Unfit(field));
    let mut cases = vec![];
    let mut case = |change: &dyn Fn(&mut duizhang_core::breaks::DayReconciled), why| {
        let mut bad = good.clone();
        change(&mut bad);
        cases.push((bad, why));
    };
    case(&|run| run.by = String::from("ann "), Rejection::BadText("by"));
    case(&|run| run.wallet = WalletId::new("nobody").unwrap(), Rejection::UnknownWallet);
    case(&|run| run.day = Day::new(19_678), unfit("day"));
    case(&|run| run.part = RUN_PARTS_MAX, unfit("part"));
    case(&|run| run.part = 1, Rejection::Break(BreakRefusal::OutOfOrder { expected: 0 }));
    case(
        &|run| run.statements = vec![run.statements[0]; STATEMENTS_PER_RUN_MAX + 1],
        unfit("statements"),
    );
    case(&|run| run.found = vec![run.found[0].clone(); BREAKS_PER_PART_MAX + 1], unfit("found"));
    case(
        &|run| {
            let one = Explained { id: line("A"), by: Subject::Day };
            run.explained = vec![one; EXPLAINED_PER_PART_MAX + 1];
        },
        unfit("explained"),
    );
    case(&|run| run.totals.matched_amount = found("", BreakCode::Data, -1).amount, unfit("totals"));
    case(&|run| run.found = vec![found("A", BreakCode::AmountOver, -1)], unfit("amount"));
    case(&|run| run.found[0].direction = Direction::Out, unfit("direction"));
    case(&|run| run.found[0].related = vec![Subject::Day; RELATED_MAX + 1], unfit("related"));
    case(&|run| run.found = vec![found("", BreakCode::AmountOver, 1)], unfit("serial"));
    let long = "9".repeat(129);
    case(
        &|run| run.found = vec![found(&long, BreakCode::AmountOver, 1)],
        Rejection::BadText("serial"),
    );
    case(
        &|run| run.statements = vec![statement(9, DAY).statement],
        Rejection::Break(BreakRefusal::UnknownStatement),
    );
    case(
        &|run| run.found = vec![run.found[0].clone(); 2],
        Rejection::Break(BreakRefusal::FoundTwice),
    );
    case(
        &|run| run.explained = vec![Explained { id: line("A"), by: Subject::Day }],
        Rejection::Break(BreakRefusal::FoundTwice),
    );
    let before = book.state.fingerprint();
    for (bad, why) in cases {
        assert!(!why.to_string().is_empty());
        assert_eq!(book.submit(Fact::DayReconciled(bad)), Err(why));
        assert_eq!(book.state.fingerprint(), before);
    }
}

#[test]
fn the_same_inputs_are_a_repeat_and_a_run_that_finds_nothing_ends_what_was_open() {
    let (mut book, id) = with_break(5);
    let same = run(1, DAY, &[1], vec![found("A", BreakCode::AmountOver, 5)]);
    assert_eq!(book.submit(Fact::DayReconciled(same)), nothing());
    let decisions = reconcile(&mut book, 2, vec![]);
    let gone = Decision::BreakResolved { id, ending: Ending::NoLongerFound };
    assert_eq!(decisions, vec![gone, reckoned()]);
    assert_eq!(state(&book, id), BreakState::Resolved);
    let decisions = reconcile(&mut book, 3, vec![found("A", BreakCode::AmountOver, 5)]);
    assert_eq!(decisions, vec![Decision::BreakReopened { id, booked: DAY }, reckoned()]);
    assert_eq!(state(&book, id), BreakState::Reopened);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_run_of_another_day_explains_a_break_with_what_it_saw() {
    let (mut book, id) = with_break(5);
    let by = Subject::Line { serial: String::from("next morning") };
    let mut next = run(2, DAY.next(), &[1], vec![]);
    next.explained = vec![
        Explained { id, by: by.clone() },
        Explained { id: line("never found"), by: Subject::Day },
    ];
    let decisions = book.must(Fact::DayReconciled(next));
    let late = Decision::BreakResolved { id, ending: Ending::LateArrival { by } };
    let wallet = WalletId::new("wx").expect("a name");
    assert_eq!(decisions, vec![late, Decision::DayReckoned { wallet, day: DAY.next() }]);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_break_of_another_kind_is_the_same_break() {
    let (mut book, id) = with_break(5);
    let other = found("A", BreakCode::AmountUnder, 7);
    let decisions = reconcile(&mut book, 2, vec![other.clone()]);
    let changed = Decision::BreakReclassified { id, booked: DAY, found: other };
    assert_eq!(decisions, vec![changed, reckoned()]);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn parts_come_in_order_and_only_the_last_ends_anything() {
    let (mut book, id) = with_break(5);
    let part = |number, last, serial: &str| {
        let mut part = run(2, DAY, &[1], vec![found(serial, BreakCode::OrphanPayment, 1)]);
        (part.part, part.last) = (number, last);
        Fact::DayReconciled(part)
    };
    let decisions = book.must(part(0, false, "B"));
    assert!(matches!(decisions[..], [Decision::BreakOpened { .. }]), "{decisions:?}");
    assert_eq!(book.submit(part(0, false, "B")), nothing(), "a part told again");
    assert_eq!(book.submit(part(2, true, "C")), refused(BreakRefusal::OutOfOrder { expected: 1 }));
    assert_eq!(book.submit(part(1, true, "B")), refused(BreakRefusal::FoundTwice));
    assert_eq!(state(&book, id), BreakState::Open);
    book.restart();
    let decisions = book.must(part(1, true, "C"));
    assert_eq!(decisions.len(), 3, "C opened, A over, the day reckoned: {decisions:?}");
    assert_eq!(state(&book, id), BreakState::Resolved);
    assert_eq!(state(&book, line("B")), BreakState::Open);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_run_that_another_one_replaces_ends_nothing() {
    let (mut book, id) = with_break(5);
    let mut begun = run(2, DAY, &[1], vec![]);
    begun.last = false;
    book.must(Fact::DayReconciled(begun.clone()));
    let replaced = found("A", BreakCode::AmountOver, 5);
    assert_eq!(reconcile(&mut book, 3, vec![replaced]), vec![reckoned()]);
    (begun.part, begun.last) = (1, true);
    let gone = refused(BreakRefusal::OutOfOrder { expected: 0 });
    assert_eq!(book.submit(Fact::DayReconciled(begun)), gone);
    assert_eq!(state(&book, id), BreakState::Open);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn more_gone_breaks_than_one_event_may_end_take_another_part() {
    let mut book = book();
    let parts = u32::try_from(GONE_PER_PART_MAX / BREAKS_PER_PART_MAX).unwrap() + 1;
    for number in 0..parts {
        let serials = (0..BREAKS_PER_PART_MAX).map(|one| format!("{number}-{one}"));
        let breaks = serials.map(|serial| found(&serial, BreakCode::Data, 0)).collect();
        let mut part = run(1, DAY, &[1], breaks);
        (part.part, part.last) = (number, number + 1 == parts);
        book.must(Fact::DayReconciled(part));
    }
    let mut end = run(2, DAY, &[1], vec![]);
    let decisions = book.must(Fact::DayReconciled(end.clone()));
    assert_eq!(decisions.len(), GONE_PER_PART_MAX);
    assert!(!decisions.contains(&reckoned()), "the run is not whole");
    end.part = 1;
    let decisions = book.must(Fact::DayReconciled(end));
    assert_eq!(decisions.len(), BREAKS_PER_PART_MAX + 1);
    assert_eq!(book.state.open_breaks_booked(DAY).count(), 0);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn payments_that_find_their_order_or_are_dismissed_answer_their_breaks() {
    for dismissed in [false, true] {
        for (code, answered) in [
            (BreakCode::OrphanPayment, true),
            (BreakCode::AmbiguousOrders, true),
            (BreakCode::FeeVariance, false),
        ] {
            let mut book = book();
            let (payment, _) = book.pay(55);
            let order = book.open("shop", "1", 60);
            let subject = Subject::Payment(payment);
            let asked = FoundBreak { subject, ..found("", code, 55) };
            reconcile(&mut book, 1, vec![asked]);
            let id = BreakId::of_payment(payment);
            let (by, reason) = (String::from("ann"), String::from("the payer called"));
            let (fact, ending) = if dismissed {
                let fact = Fact::PaymentDismissed(PaymentDismissed { payment, by, reason });
                (fact, Ending::Dismissed)
            } else {
                let fact = Fact::PaymentAssigned(PaymentAssigned { payment, order, by, reason });
                (fact, Ending::Matched { order })
            };
            let decisions = book.must(fact);
            let ended = decisions.contains(&Decision::BreakResolved { id, ending });
            assert_eq!(ended, answered, "{code}");
            assert_eq!(state(&book, id) == BreakState::Resolved, answered, "{code}");
            assert_eq!(book.violations(), vec![]);
        }
    }
}

#[test]
fn people_take_breaks_through_their_states() {
    let (mut book, id) = with_break(WRITE_OFF_ALONE_MAX + 1);
    let write_off = resolution(ResolutionKind::WrittenOff);
    let on = WaitingFor::Payer;
    let steps = [
        ("ann", BreakStep::Assign { to: String::from("bob") }, BreakState::Assigned),
        ("bob", BreakStep::Wait { on }, BreakState::Waiting(on)),
        ("bob", BreakStep::Comment { text: String::from("called them") }, BreakState::Waiting(on)),
        ("bob", BreakStep::Propose(write_off.clone()), BreakState::Proposed),
        ("ann", BreakStep::Refuse { reason: String::from("ask again") }, BreakState::Waiting(on)),
        ("bob", BreakStep::Propose(write_off.clone()), BreakState::Proposed),
        ("ann", BreakStep::Approve, BreakState::Resolved),
        ("bob", BreakStep::Comment { text: String::from("sorry") }, BreakState::Resolved),
        ("bob", BreakStep::Reopen { reason: String::from("paid") }, BreakState::Reopened),
        ("bob", BreakStep::Resolve(resolution(ResolutionKind::Matched)), BreakState::Resolved),
    ];
    for (by, step, after) in steps {
        book.must(work(id, by, step.clone()));
        assert_eq!(state(&book, id), after, "{step:?}");
    }
    let ended = book.log.iter().flat_map(|entry| &entry.decisions).find_map(|one| match one {
        Decision::BreakResolved { ending, .. } => Some(ending.clone()),
        _ => None,
    });
    let (kind, root) = (write_off.kind, RootCause::Provider);
    assert_eq!(ended, Some(Ending::Person { kind, root }));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn steps_that_the_state_does_not_allow_are_refused() {
    let reason = || String::from("because");
    let (by, on) = (String::from("ann"), WaitingFor::Provider);
    let steps = || {
        [
            BreakStep::Assign { to: by.clone() },
            BreakStep::Wait { on },
            BreakStep::Propose(resolution(ResolutionKind::Split)),
            BreakStep::Resolve(resolution(ResolutionKind::Split)),
            BreakStep::Approve,
            BreakStep::Refuse { reason: reason() },
            BreakStep::Reopen { reason: reason() },
        ]
    };
    let (open, id) = with_break(5);
    let mut proposed = open.clone();
    proposed.must(work(id, "bob", BreakStep::Propose(resolution(ResolutionKind::Split))));
    let mut resolved = open.clone();
    resolved.must(work(id, "bob", BreakStep::Resolve(resolution(ResolutionKind::Split))));
    let allowed = [
        (open, [true, true, true, true, false, false, false]),
        (proposed, [false, false, false, false, true, true, false]),
        (resolved, [false, false, false, false, false, false, true]),
    ];
    for (book, allowed) in allowed {
        let now = state(&book, id);
        for (step, allowed) in steps().into_iter().zip(allowed) {
            let mut book = book.clone();
            let ruling = book.submit(work(id, "ann", step.clone()));
            if allowed {
                assert!(matches!(ruling, Ok(Ruling::Decided(_))), "{now}: {step:?}: {ruling:?}");
            } else {
                assert_eq!(ruling, refused(BreakRefusal::Is(now)), "{step:?}");
            }
            assert_eq!(book.violations(), vec![]);
        }
        let mut book = book.clone();
        let step = BreakStep::Approve;
        assert_eq!(book.submit(work(line("?"), "ann", step)), refused(BreakRefusal::Unknown));
        let step = BreakStep::Comment { text: String::from(" ") };
        assert_eq!(book.submit(work(id, "ann", step)), Err(Rejection::BadText("text")));
        let step = BreakStep::Assign { to: String::new() };
        assert_eq!(book.submit(work(id, "ann", step)), Err(Rejection::BadText("by")));
    }
}

#[test]
fn one_person_alone_neither_forces_nor_writes_off_much() {
    for (kind, fen, alone) in [
        (ResolutionKind::Forced, 1, false),
        (ResolutionKind::WrittenOff, WRITE_OFF_ALONE_MAX, true),
        (ResolutionKind::WrittenOff, WRITE_OFF_ALONE_MAX + 1, false),
        (ResolutionKind::Refunded, WRITE_OFF_ALONE_MAX + 1, true),
    ] {
        let (mut book, id) = with_break(fen);
        let ruling = book.submit(work(id, "ann", BreakStep::Resolve(resolution(kind))));
        if alone {
            assert!(matches!(ruling, Ok(Ruling::Decided(_))), "{kind:?}");
            continue;
        }
        assert_eq!(ruling, refused(BreakRefusal::SecondPersonNeeded), "{kind:?}");
        book.must(work(id, "ann", BreakStep::Propose(resolution(kind))));
        let same = book.submit(work(id, "ann", BreakStep::Approve));
        assert_eq!(same, refused(BreakRefusal::SamePerson));
        assert_eq!(
            book.submit(work(id, "ann ", BreakStep::Approve)),
            Err(Rejection::BadText("by"))
        );
        book.must(work(id, "bob", BreakStep::Approve));
        assert_eq!(state(&book, id), BreakState::Resolved);
        assert_eq!(book.violations(), vec![]);
    }
}

#[test]
fn a_persons_word_stands_until_the_finding_changes() {
    let (mut book, id) = with_break(5);
    book.must(work(id, "ann", BreakStep::Resolve(resolution(ResolutionKind::WrittenOff))));
    let same = found("A", BreakCode::AmountOver, 5);
    assert_eq!(reconcile(&mut book, 2, vec![same]), vec![reckoned()]);
    assert_eq!(state(&book, id), BreakState::Resolved);
    let more = found("A", BreakCode::AmountOver, 500);
    let decisions = reconcile(&mut book, 3, vec![more.clone()]);
    let again = Decision::BreakReopened { id, booked: DAY };
    let changed = Decision::BreakReclassified { id, booked: DAY, found: more };
    assert_eq!(decisions, vec![again, changed, reckoned()]);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_proposal_does_not_outlive_the_finding_that_it_was_about() {
    let (mut book, id) = with_break(5);
    let propose = BreakStep::Propose(resolution(ResolutionKind::WrittenOff));
    book.must(work(id, "ann", propose));
    let more = found("A", BreakCode::AmountOver, 500_000);
    let decisions = reconcile(&mut book, 2, vec![more.clone()]);
    let back = Decision::BreakMoved { id, to: BreakState::Open };
    let changed = Decision::BreakReclassified { id, booked: DAY, found: more };
    assert_eq!(decisions, vec![back, changed, reckoned()]);
    let approved = book.submit(work(id, "bob", BreakStep::Approve));
    assert_eq!(approved, refused(BreakRefusal::Is(BreakState::Open)));
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn equal_things_have_equal_ids_and_others_do_not() {
    let [wx, ali] = ["wx", "ali"].map(|id| WalletId::new(id).unwrap());
    let serial = Subject::Line { serial: String::from("1") };
    let payment = Subject::Payment(PaymentId::from_bits(1));
    let id = |wallet, day, subject| BreakId::about(wallet, Day::new(day), subject);
    assert_eq!(id(&wx, 1, &serial), id(&wx, 2, &serial), "a line seen from its neighbour day");
    assert_ne!(id(&wx, 1, &serial), id(&ali, 1, &serial), "serials are each wallet's own");
    assert_eq!(id(&wx, 1, &payment), id(&ali, 1, &payment), "a payment is one thing");
    assert_ne!(id(&wx, 1, &Subject::Day), id(&wx, 2, &Subject::Day));
    let text = line("A").to_string();
    assert_eq!((text.len(), text.parse()), (27, Ok(line("A"))));
}

#[test]
fn terms_are_facts_within_their_bounds() {
    let mut book = Book::default();
    let activated = |terms| Fact::TermsActivated(TermsActivated { terms, by: "ann".into() });
    let base = BookTerms::default();
    assert_eq!(book.submit(activated(base)), nothing(), "they are in force already");
    let cases = [
        ("delay", BookTerms { delay: DELAY_MAX.plus_ppm(1), ..base }),
        ("skew", BookTerms { skew: SKEW_MAX.plus_ppm(1), ..base }),
        ("rounding", BookTerms { rounding: ROUNDING_MAX + 1, ..base }),
        ("fee_rounding", BookTerms { fee_rounding: ROUNDING_MAX + 1, ..base }),
        ("parts", BookTerms { parts_max: PARTS_MAX + 1, ..base }),
    ];
    for (name, terms) in cases {
        assert_eq!(book.submit(activated(terms)), refused(BreakRefusal::Unfit(name)));
    }
    let (delay, skew) = (DELAY_MAX, SKEW_MAX);
    let widest = BookTerms {
        delay,
        skew,
        rounding: ROUNDING_MAX,
        fee_rounding: ROUNDING_MAX,
        parts_max: PARTS_MAX,
    };
    assert_eq!(book.must(activated(widest)), vec![]);
    assert_eq!(*book.state.book_terms(), widest);
    assert_eq!(book.submit(activated(widest)), nothing());
    assert_eq!(book.violations(), vec![]);
}
