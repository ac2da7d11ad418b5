//! The books by example: what is refused, what a day's balances are, and what the auditor finds.
//!
//! Deliberately not here: random histories, whose books the auditor checks at every event
//! (`histories.rs`).

use std::collections::BTreeMap;

use duizhang_core::amount::{AMOUNT_MINOR_MAX, Amount, Currency};
use duizhang_core::breaks::{BreakCode, LineTaken, Subject};
use duizhang_core::closing::Day;
use duizhang_core::decide::{Repeat, Ruling};
use duizhang_core::decision::Decision;
use duizhang_core::fact::Fact;
use duizhang_core::id::{AdjustmentId, BankId, BreakId, MovementId, WalletId};
use duizhang_core::invariant::{Auditor, Invariant};
use duizhang_core::ledger::{
    Account, AdjustmentJudged, AdjustmentProposed, AdjustmentState, AdjustmentVerdict, BooksPolicy,
    BooksPolicyActivated, BooksRefusal, Entry, Movement, MovementRecorded, Named, Poster,
    SAID_BACK_MAX, VALUE_BACK_MAX,
};
use duizhang_core::limits::{ADJUSTMENT_LINES_MAX, BANKS_MAX, NOTE_BYTES_MAX};
use duizhang_core::matcher::HoldReason;
use duizhang_core::order::OrderStatus;
use duizhang_core::refund::RefundState;
use duizhang_core::rejection::Rejection;
use duizhang_core::testing::reckoning::{self, run, statement};
use duizhang_core::testing::{BOOKS_DAY_START, Book, books_day};
use duizhang_core::time::{Span, Timestamp};

fn wallet(id: &str) -> WalletId {
    WalletId::new(id).expect("a good name")
}

fn bank(id: &str) -> BankId {
    BankId::new(id).expect("a good name")
}

fn moved(book: &mut Book, movement: Movement) -> MovementRecorded {
    MovementRecorded {
        id: MovementId::from_bits(book.draw_bits("movement")),
        movement,
        moved_at: book.at,
        by: "ann".into(),
        evidence: "line 1".into(),
    }
}

fn proposed(book: &mut Book, lines: &[(Named, Amount)]) -> AdjustmentProposed {
    AdjustmentProposed {
        id: AdjustmentId::from_bits(book.draw_bits("adjustment")),
        lines: lines.to_vec(),
        value_at: book.at,
        by: "ann".into(),
        reason: "found".into(),
    }
}

fn judged(id: AdjustmentId, verdict: AdjustmentVerdict, by: &str) -> Fact {
    Fact::AdjustmentJudged(AdjustmentJudged { id, verdict, by: by.into(), reason: "seen".into() })
}

fn lines(fen: i64) -> [(Named, Amount); 2] {
    [(Account::Tolerance, Amount::fen(fen)), (Account::Unclaimed, Amount::fen(-fen))]
}

fn alone(fen: u64) -> Fact {
    let policy = BooksPolicy { alone_max: fen };
    Fact::BooksPolicyActivated(BooksPolicyActivated { policy, by: "boss".into() })
}

/// The balance of every account with one, in fen, of the entries valued before a moment.
fn balances(book: &Book, before: Timestamp) -> BTreeMap<String, i64> {
    let mut poster = Poster::new();
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for chapter in &book.log {
        let (fact, decisions) = (&chapter.fact, &chapter.decisions);
        let entries = poster.post_events(chapter.position, chapter.at, fact, decisions);
        for entry in entries.iter().filter(|entry| entry.value_at() < before) {
            for line in entry.lines() {
                let path = poster.chart().path(line.account).to_owned();
                *sums.entry(path).or_default() += line.amount.minor();
            }
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The balances that bean-check accepts of the same day written by hand.
#[test]
fn the_day_of_every_case_ends_with_the_balances_that_finance_expects() {
    let book = books_day();
    assert_eq!(book.violations(), vec![]);
    let midnight = BOOKS_DAY_START.plus(Span::from_hours(24));
    let expected = |pairs: &[(&str, i64)]| -> BTreeMap<String, i64> {
        pairs.iter().map(|(path, fen)| ((*path).to_owned(), *fen)).collect()
    };
    let mut day = expected(&[
        ("Assets:Channel:Alipay:Main", 130_238),
        ("Assets:Channel:WeChat:Main", 24_460),
        ("Assets:Channel:InTransit", 40_000),
        ("Assets:Suspense:Short", 2_500),
        ("Liabilities:Suspense:Unidentified", -11_665),
        ("Liabilities:Suspense:Long", -1_200),
        ("Liabilities:Refunds", -1_000),
        ("Income:Orders", -33_500),
        ("Expenses:Fees:Channel", 126),
        ("Expenses:Fees:Withdraw", 40),
        ("Expenses:Tolerance", 1),
        ("Equity:Opening", -150_000),
    ]);
    assert_eq!(balances(&book, midnight), day);
    day.insert("Liabilities:Suspense:Unidentified".into(), -4_999);
    day.insert("Income:Orders".into(), -33_500 - 6_666);
    day.remove("Assets:Channel:InTransit");
    day.insert("Assets:Bank:CMB".into(), 40_000);
    assert_eq!(balances(&book, Timestamp::MAX), day);
}

#[test]
fn movements_of_nonsense_are_refused_by_name_and_change_nothing() {
    let mut book = Book::default();
    let yen = |minor| Amount::from_minor(minor, Currency::Jpy);
    let (fen, wx) = (Amount::fen, || wallet("wx"));
    let fee = |fee| Movement::ChannelFee { wallet: wx(), fee };
    let send =
        |amount, fee| Movement::WithdrawalSent { wallet: wx(), bank: bank("cmb"), amount, fee };
    let transfer = |from, to| Movement::Transfer { from, to, amount: fen(1), fee: fen(0) };
    let opening = |account, amount| Movement::Opening { account, amount };
    let arrived = |bits| Movement::WithdrawalArrived { withdrawal: MovementId::from_bits(bits) };
    let unknown = || wallet("nowhere");
    let books = Rejection::Books;
    let movements = [
        (Movement::ChannelFee { wallet: unknown(), fee: fen(1) }, Rejection::UnknownWallet),
        (fee(fen(0)), Rejection::AmountNotPositive),
        (fee(fen(-1)), Rejection::AmountNotPositive),
        (fee(fen(AMOUNT_MINOR_MAX + 1)), books(BooksRefusal::AmountTooLarge)),
        (send(fen(0), fen(1)), Rejection::AmountNotPositive),
        (send(fen(1), fen(-1)), books(BooksRefusal::BadFee)),
        (send(fen(1), yen(1)), books(BooksRefusal::BadFee)),
        (transfer(wx(), wx()), books(BooksRefusal::SameWallet)),
        (transfer(unknown(), wx()), Rejection::UnknownWallet),
        (transfer(wx(), unknown()), Rejection::UnknownWallet),
        (opening(Account::Orders, fen(1)), books(BooksRefusal::NotOpenable)),
        (opening(Account::Wallet(unknown()), fen(1)), Rejection::UnknownWallet),
        (opening(Account::Wallet(wx()), fen(0)), Rejection::AmountNotPositive),
        (arrived(9), books(BooksRefusal::UnknownWithdrawal)),
    ];
    for (movement, refusal) in movements {
        let before = book.state.fingerprint();
        let recorded = moved(&mut book, movement.clone());
        let got = book.submit(Fact::MovementRecorded(recorded));
        assert_eq!(got, Err(refusal), "{movement:?}");
        assert_eq!(book.state.fingerprint(), before, "{movement:?}");
    }
}

#[test]
fn adjustments_of_nonsense_are_refused_by_name_and_change_nothing() {
    let mut book = Book::default();
    let yen = |minor| Amount::from_minor(minor, Currency::Jpy);
    let (fen, unknown, books) = (Amount::fen, || wallet("nowhere"), Rejection::Books);
    let one = |account| (account, fen(1));
    let many = vec![(Account::Unclaimed, fen(1)); ADJUSTMENT_LINES_MAX + 1];
    let adjustments: Vec<(Vec<(Named, Amount)>, Rejection)> = vec![
        (vec![], books(BooksRefusal::BadLines)),
        (vec![one(Account::Unclaimed)], books(BooksRefusal::BadLines)),
        (
            vec![one(Account::Unclaimed), (Account::ReconLoss, fen(0))],
            books(BooksRefusal::BadLines),
        ),
        (many, books(BooksRefusal::BadLines)),
        (vec![one(Account::Unclaimed), one(Account::ReconLoss)], books(BooksRefusal::Unbalanced)),
        (
            vec![one(Account::Unclaimed), (Account::ReconLoss, yen(-1))],
            books(BooksRefusal::Unbalanced),
        ),
        (
            vec![one(Account::Wallet(unknown())), (Account::Unclaimed, fen(-1))],
            Rejection::UnknownWallet,
        ),
        (
            vec![one(Account::Unidentified), (Account::Unclaimed, fen(-1))],
            books(BooksRefusal::NotAdjustable),
        ),
        (
            vec![one(Account::Unclaimed), (Account::Long, fen(-1))],
            books(BooksRefusal::NotAdjustable),
        ),
        (
            vec![one(Account::Short), (Account::Unclaimed, fen(-1))],
            books(BooksRefusal::NotAdjustable),
        ),
        (
            vec![one(Account::Unclaimed), (Account::Refunds, fen(-1))],
            books(BooksRefusal::NotAdjustable),
        ),
        (
            vec![(Account::Unclaimed, fen(i64::MIN)), (Account::ReconLoss, fen(1))],
            books(BooksRefusal::AmountTooLarge),
        ),
    ];
    for (lines, refusal) in adjustments {
        let before = book.state.fingerprint();
        let fact = Fact::AdjustmentProposed(proposed(&mut book, &lines));
        assert_eq!(book.submit(fact), Err(refusal), "{lines:?}");
        assert_eq!(book.state.fingerprint(), before, "{lines:?}");
    }
    let stranger = judged(AdjustmentId::from_bits(1), AdjustmentVerdict::Approve, "bob");
    assert_eq!(book.submit(stranger), Err(books(BooksRefusal::UnknownAdjustment)));
}

#[test]
fn names_reasons_and_times_are_checked() {
    let mut book = Book::default();
    let fee = || Movement::ChannelFee { wallet: wallet("wx"), fee: Amount::fen(1) };
    let soon = book.at.plus(Span::from_micros(1));
    let long = "x".repeat(NOTE_BYTES_MAX + 1);
    for bad in [" ", "a\nb", long.as_str()] {
        let mut recorded = moved(&mut book, fee());
        recorded.by = bad.into();
        let refused = Err(Rejection::BadText("by"));
        assert_eq!(book.submit(Fact::MovementRecorded(recorded)), refused);
        let mut recorded = moved(&mut book, fee());
        recorded.evidence = bad.into();
        let refused = Err(Rejection::BadText("evidence"));
        assert_eq!(book.submit(Fact::MovementRecorded(recorded)), refused);
        let mut adjustment = proposed(&mut book, &lines(1));
        adjustment.reason = bad.into();
        let refused = Err(Rejection::BadText("reason"));
        assert_eq!(book.submit(Fact::AdjustmentProposed(adjustment)), refused);
    }
    let ahead = Err(Rejection::Books(BooksRefusal::TimeAhead));
    let mut recorded = moved(&mut book, fee());
    recorded.moved_at = soon;
    assert_eq!(book.submit(Fact::MovementRecorded(recorded)), ahead);
    let mut adjustment = proposed(&mut book, &lines(1));
    adjustment.value_at = soon;
    assert_eq!(book.submit(Fact::AdjustmentProposed(adjustment)), ahead);
}

#[test]
fn what_is_recorded_twice_counts_once() {
    let mut book = Book::default();
    let amount = Amount::fen(500);
    let send = Movement::WithdrawalSent {
        wallet: wallet("wx"),
        bank: bank("cmb"),
        amount,
        fee: Amount::fen(0),
    };
    let sent = moved(&mut book, send);
    book.must(Fact::MovementRecorded(sent.clone()));
    let again = Ok(Ruling::Repeat(Repeat::Nothing));
    assert_eq!(book.submit(Fact::MovementRecorded(sent.clone())), again);
    let mut other = sent.clone();
    other.moved_at = book.at.minus(Span::from_secs(1));
    let taken = Err(Rejection::Books(BooksRefusal::IdTaken));
    assert_eq!(book.submit(Fact::MovementRecorded(other)), taken);
    let arrived = moved(&mut book, Movement::WithdrawalArrived { withdrawal: sent.id });
    book.must(Fact::MovementRecorded(arrived.clone()));
    let twice = moved(&mut book, arrived.movement);
    let refused = Err(Rejection::Books(BooksRefusal::WithdrawalArrived));
    assert_eq!(book.submit(Fact::MovementRecorded(twice)), refused);
    let opening = Movement::Opening { account: Account::Bank(bank("cmb")), amount };
    let opened = moved(&mut book, opening.clone());
    book.must(Fact::MovementRecorded(opened));
    let twice = moved(&mut book, opening);
    let refused = Err(Rejection::Books(BooksRefusal::AlreadyOpened));
    assert_eq!(book.submit(Fact::MovementRecorded(twice)), refused);
    let adjustment = proposed(&mut book, &lines(1));
    book.must(Fact::AdjustmentProposed(adjustment.clone()));
    assert_eq!(book.submit(Fact::AdjustmentProposed(adjustment.clone())), again);
    let mut other = adjustment;
    other.by = "bob".into();
    assert_eq!(book.submit(Fact::AdjustmentProposed(other)), taken);
}

/// Before any policy nobody adjusts alone; above the policy's amount a second person is needed, who
/// is never the first.
#[test]
fn adjustments_above_the_limit_need_a_second_person() {
    let mut book = Book::default();
    let small = proposed(&mut book, &lines(1));
    assert_eq!(book.must(Fact::AdjustmentProposed(small.clone())), vec![]);
    book.must(alone(100));
    assert_eq!(book.submit(alone(100)), Ok(Ruling::Repeat(Repeat::Nothing)));
    let within = proposed(&mut book, &lines(100));
    let posted = vec![Decision::AdjustmentPosted { adjustment: within.id }];
    assert_eq!(book.must(Fact::AdjustmentProposed(within)), posted);
    let above = proposed(&mut book, &lines(101));
    assert_eq!(book.must(Fact::AdjustmentProposed(above.clone())), vec![]);
    let approve = |by| judged(above.id, AdjustmentVerdict::Approve, by);
    let refused = |refusal| Err(Rejection::Books(refusal));
    for same in ["ann", " ann "] {
        assert_eq!(book.submit(approve(same)), refused(BooksRefusal::SamePerson));
    }
    let posted = vec![Decision::AdjustmentPosted { adjustment: above.id }];
    assert_eq!(book.must(approve("bob")), posted);
    assert_eq!(book.submit(approve("bob")), Ok(Ruling::Repeat(Repeat::Nothing)));
    let decline = judged(above.id, AdjustmentVerdict::Decline, "bob");
    let stands = refused(BooksRefusal::AdjustmentIs(AdjustmentState::Posted));
    assert_eq!(book.submit(decline), stands);
    let back = judged(small.id, AdjustmentVerdict::Decline, "ann");
    let declined = vec![Decision::AdjustmentDeclined { adjustment: small.id }];
    assert_eq!(book.must(back), declined, "whoever proposed it may take it back");
    let sums = balances(&book, Timestamp::MAX);
    assert_eq!(sums["Expenses:Tolerance"], 201);
    assert_eq!(book.violations(), vec![]);
}

#[test]
fn a_book_has_only_so_many_banks() {
    let mut book = Book::default();
    let open = |number: usize| Movement::Opening {
        account: Account::Bank(bank(&format!("b{number}"))),
        amount: Amount::fen(1),
    };
    for number in 0..BANKS_MAX {
        let recorded = moved(&mut book, open(number));
        book.must(Fact::MovementRecorded(recorded));
    }
    let recorded = moved(&mut book, open(BANKS_MAX));
    let refused = Err(Rejection::Books(BooksRefusal::TooManyBanks));
    assert_eq!(book.submit(Fact::MovementRecorded(recorded)), refused);
}

/// Money that may have come to either of two wallets is on neither until an order says which.
#[test]
fn money_of_two_wallets_is_on_neither_until_an_order_says() {
    let mut book = Book::default();
    let (payment, _) = book.pay(777);
    let unlocated = "Assets:Channel:Unlocated";
    assert_eq!(balances(&book, Timestamp::MAX)[unlocated], 777);
    let order = book.open("shop", "later", 777);
    book.must(Fact::PaymentAssigned(duizhang_core::fact::PaymentAssigned {
        payment,
        order,
        by: "ann".into(),
        reason: "asked".into(),
    }));
    let sums = balances(&book, Timestamp::MAX);
    assert!(!sums.contains_key(unlocated), "{sums:?}");
    assert_eq!(sums.values().filter(|sum| **sum == 777).count(), 1, "{sums:?}");
    assert_eq!(book.violations(), vec![]);
}

/// The last entry of a book.
fn last_entry(book: &Book) -> Entry {
    let mut poster = Poster::new();
    let log = book.log.iter();
    let entries =
        log.flat_map(|one| poster.post_events(one.position, one.at, &one.fact, &one.decisions));
    entries.last().expect("something is posted")
}

#[test]
fn what_evidence_says_of_the_past_counts_a_month_back_and_what_people_say_ten_years() {
    let mut book = Book::default();
    for (back, fits) in
        [(SAID_BACK_MAX, true), (Span::from_micros(SAID_BACK_MAX.micros() + 1), false)]
    {
        let fee = Movement::ChannelFee { wallet: wallet("wx"), fee: Amount::fen(1) };
        let mut recorded = moved(&mut book, fee);
        recorded.moved_at = book.at.minus(back);
        let moved_at = recorded.moved_at;
        let ruling = book.submit(Fact::MovementRecorded(recorded));
        if fits {
            assert_eq!(ruling, Ok(Ruling::Decided(vec![])));
            assert_eq!(last_entry(&book).value_at(), moved_at);
        } else {
            assert_eq!(ruling, Err(Rejection::Books(BooksRefusal::TooLongAgo)));
        }
    }
    for (back, kept) in
        [(VALUE_BACK_MAX, true), (Span::from_micros(VALUE_BACK_MAX.micros() + 1), false)]
    {
        let sent_at = book.at.minus(back);
        let number = book.draw();
        let received = book.money_with(1_234 + i64::try_from(number).unwrap(), Some(sent_at), &[]);
        book.notify(received);
        assert_eq!(last_entry(&book).value_at() == sent_at, kept);
    }
}

#[test]
fn a_withdrawal_arrives_after_it_was_sent() {
    let mut book = Book::default();
    let (amount, fee) = (Amount::fen(500), Amount::fen(0));
    let sent = Movement::WithdrawalSent { wallet: wallet("wx"), bank: bank("cmb"), amount, fee };
    let sent = moved(&mut book, sent);
    let (id, sent_at) = (sent.id, sent.moved_at);
    book.must(Fact::MovementRecorded(sent));
    let mut arrived = moved(&mut book, Movement::WithdrawalArrived { withdrawal: id });
    arrived.moved_at = sent_at.minus(Span::from_secs(1));
    let refused = Err(Rejection::Books(BooksRefusal::BeforeItWasSent));
    assert_eq!(book.submit(Fact::MovementRecorded(arrived.clone())), refused);
    arrived.moved_at = sent_at;
    book.must(Fact::MovementRecorded(arrived));
    assert_eq!(book.violations(), vec![]);
}

/// The shop's order ended in the evening; the statement's line of that evening is taken the next
/// morning.
#[test]
fn money_that_revives_an_order_leaves_no_days_receivable_below_zero() {
    let mut book = Book::default();
    let order = book.open("shop", "1", 1_200);
    let paid_at = book.at.plus(Span::from_secs(20));
    book.wait(Span::from_mins(10)).tick();
    let ended_at = book.at;
    let day = Day::new(i32::try_from(paid_at.secs() / 86_400).unwrap());
    book.wait(Span::from_hours(9));
    book.must(Fact::StatementKept(statement(1, day)));
    let line = reckoning::found("A", BreakCode::OrphanPayment, 1_200);
    book.must(Fact::DayReconciled(run(1, day, &[1], vec![line])));
    let subject = Subject::Line { serial: String::from("A") };
    let id = BreakId::about(&wallet("wx"), day, &subject);
    let (by, reason) = (String::from("li"), String::from("the phone was off"));
    book.must(Fact::LineTaken(LineTaken { id, paid_at, number: None, by, reason }));
    assert_eq!(book.status(order), OrderStatus::PaidLate);
    let behind = balances(&book, ended_at.plus(Span::from_micros(1)));
    assert_eq!(behind.get("Assets:Receivable:Orders"), None, "{behind:?}");
    assert_eq!(behind.get("Income:Orders"), Some(&-1_200));
    assert_eq!(book.violations(), vec![]);
}

/// Every reason has its account, and no other may be adjusted away from the questions.
#[test]
fn questions_stand_where_nobody_can_adjust_them() {
    let all = [
        HoldReason::NoOrder,
        HoldReason::SeveralOrders,
        HoldReason::AlreadyPaid,
        HoldReason::OrderClosed,
        HoldReason::Late,
        HoldReason::RivalPayment,
        HoldReason::ClockDoubt,
        HoldReason::Stale,
        HoldReason::Vetoed,
        HoldReason::AmountDiffers,
        HoldReason::PartlyRefunded,
    ];
    for reason in all {
        assert!(!Named::of_hold(reason).is_adjustable(), "{reason:?}");
    }
}

/// What the auditor finds where these decisions follow a book's log on this fact.
fn found(book: &Book, fact: &Fact, decisions: &[Decision]) -> Vec<Invariant> {
    let mut auditor = Auditor::new();
    for one in &book.log {
        auditor.fold(one.position, one.at, &one.fact, &one.decisions);
    }
    assert_eq!(auditor.violations(), vec![]);
    auditor.fold(book.state.position().next(), book.at, fact, decisions);
    auditor.violations().iter().map(|one| one.invariant).collect()
}

/// Logs that no rule of ours writes: their books do not answer the questions, and that is found
/// beside whatever else is wrong.
#[test]
fn the_auditor_finds_books_that_do_not_answer_the_questions() {
    let mut book = books_day();
    let fen = Amount::fen;
    let unbalanced = [(Account::Receivable, fen(5)), (Account::Unclaimed, fen(-4))];
    let unbalanced = proposed(&mut book, &unbalanced);
    let adjustment = unbalanced.id;
    let decisions = [Decision::AdjustmentPosted { adjustment }];
    let seen = found(&book, &Fact::AdjustmentProposed(unbalanced), &decisions);
    assert_eq!(seen, vec![Invariant::ReceivableIsOpenOrders]);
    let (payment, _) = book.state.held_payments().next().expect("one is held");
    let dropped = [Decision::SuspenseEnded { payment }];
    let seen = found(&book, &Fact::ClockTicked, &dropped);
    assert!(seen.contains(&Invariant::SuspenseIsQuestions), "{seen:?}");
    let waiting = book.state.refunds().find(|(_, one)| one.state == RefundState::Approved);
    let refund = waiting.expect("one is agreed").0;
    let forgotten = [
        Decision::RefundAdvanced { refund, to: RefundState::Sent },
        Decision::RefundAdvanced { refund, to: RefundState::Confirmed },
    ];
    let seen = found(&book, &Fact::ClockTicked, &forgotten);
    assert_eq!(seen, vec![Invariant::RefundsAreOwed]);
}
