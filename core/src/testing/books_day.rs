//! One day of a shop with every case of the books in it, as events: paid exactly, bumped up and
//! down, paid with more, in parts, without an order, late, twice; refunds, a fee, a withdrawal,
//! what reconciliation found on either side, and a payment seen after midnight.
//!
//! The balances that finance expects of it are known from outside, so it is the same for whoever
//! posts, sums or exports it.
//! Deliberately not here: those balances (the tests that use it).

use alloc::format;
use alloc::string::String;
use alloc::vec;

use super::book::Book;
use super::facts::{device, merchant, order, policy_fact, wallet};
use super::reckoning::{found, run, statement};
use crate::amount::Amount;
use crate::breaks::{BreakCode, FoundBreak, Subject};
use crate::channel::Channel;
use crate::closing;
use crate::decide::decide;
use crate::fact::{
    BookOpened, Closer, Fact, OrderCloseRequested, PaymentAssigned, Reading, RefundRequested,
    RefundStepTaken,
};
use crate::id::{
    AdjustmentId, BankId, MerchantId, MovementId, OrderId, PaymentId, RefundId, WalletId,
};
use crate::ledger::{
    Account, AdjustmentProposed, BooksPolicy, BooksPolicyActivated, Movement, MovementRecorded,
    Named,
};
use crate::policy::{LateRule, Policy, Step};
use crate::refund::RefundStep;
use crate::time::{Span, Timestamp};

/// Midnight of 2026-11-20 in Shanghai.
pub const BOOKS_DAY_START: Timestamp = Timestamp::from_secs(1_795_104_000);

/// 2026-11-20.
pub const BOOKS_DAY: closing::Day = closing::Day::new(20_777);

/// Both wallets read `Main`, each below its channel.
const ALIPAY: &str = "Main";
const WECHAT: &str = "main";

fn named(id: &str) -> WalletId {
    WalletId::new(id).expect("a good name")
}

fn bank() -> BankId {
    BankId::new("CMB").expect("a good name")
}

fn of_wallet(id: &str) -> Named {
    Account::Wallet(named(id))
}

fn policy(step: Step) -> Fact {
    policy_fact(Policy { step, late: LateRule::Hold, ..Policy::default() })
}

/// The day, played.
///
/// # Panics
/// Where the rules refuse a part of it.
#[must_use]
pub fn books_day() -> Book {
    let mut day = Day(Book::empty(decide));
    day.0.at = BOOKS_DAY_START.minus(Span::from_hours(14));
    day.open();
    day.0.at = BOOKS_DAY_START.plus(Span::from_hours(9));
    day.orders();
    day.strange_money();
    day.money_back();
    day.statement();
    day.midnight();
    day.0
}

struct Day(Book);

impl Day {
    fn open(&mut self) {
        let zone = String::from("Asia/Shanghai");
        let policy_of_books = BooksPolicy { alone_max: 10_000 };
        for fact in [
            Fact::BookOpened(BookOpened { book: String::from("gateway"), time_zone: zone }),
            policy(Step::Up),
            Fact::WalletDeclared(wallet(ALIPAY, Channel::Alipay)),
            Fact::WalletDeclared(wallet(WECHAT, Channel::Wechat)),
            Fact::DeviceDeclared(device("phone", &[ALIPAY, WECHAT])),
            Fact::MerchantDeclared(merchant("shop", &[ALIPAY, WECHAT])),
            Fact::BooksPolicyActivated(BooksPolicyActivated {
                policy: policy_of_books,
                by: String::from("boss"),
            }),
        ] {
            self.0.must(fact);
        }
        for (wallet, fen) in [(ALIPAY, 100_000), (WECHAT, 50_000)] {
            let amount = Amount::fen(fen);
            self.moved(Movement::Opening { account: of_wallet(wallet), amount });
        }
    }

    /// A to E: exact, bumped up and down, with more, in parts.
    fn orders(&mut self) {
        let first = self.order("O1", 3_000, Channel::Wechat);
        self.paid(3_000, Channel::Wechat, None);
        let rival = self.order("X1", 3_000, Channel::Alipay);
        self.order("O2", 3_000, Channel::Alipay);
        self.paid(3_001, Channel::Alipay, None);
        self.close(rival);
        self.0.must(policy(Step::Down));
        let rival = self.order("X2", 5_000, Channel::Alipay);
        self.order("O3", 5_000, Channel::Alipay);
        self.paid(4_999, Channel::Alipay, None);
        self.close(rival);
        // K: the same money once more.
        self.paid(4_999, Channel::Alipay, None);
        self.0.must(policy(Step::Up));
        let over = self.order("O4", 10_000, Channel::Wechat);
        self.paid(12_000, Channel::Wechat, Some(over));
        self.refund(
            over,
            "R4",
            2_000,
            &[RefundStep::Approve, RefundStep::Send, RefundStep::Confirm],
        );
        let parts = self.order("O5", 8_000, Channel::Alipay);
        self.paid(7_000, Channel::Alipay, Some(parts));
        self.paid(999, Channel::Alipay, Some(parts));
        self.adjusted(&[(Account::Tolerance, 1), (Account::Receivable, -1)], "last cent forgiven");
        self.refund(
            first,
            "R1",
            3_000,
            &[RefundStep::Approve, RefundStep::Send, RefundStep::Confirm],
        );
    }

    /// F and G: without an order, and after the order's time.
    fn strange_money(&mut self) {
        self.paid(6_666, Channel::Alipay, None);
        let late = self.order("O7", 4_500, Channel::Wechat);
        self.0.wait(Span::from_mins(6));
        self.0.tick();
        let payment = self.paid(4_500, Channel::Wechat, None);
        self.assign(payment, late);
    }

    /// H: a refund that was agreed and not sent.
    fn money_back(&mut self) {
        let bumped = self.0.state.orders().find(|row| row.payable == 3_001).map(|row| row.id);
        self.refund(bumped.expect("it was ordered"), "R2", 1_000, &[RefundStep::Approve]);
    }

    /// I, J, L and M: what statements say, and what reconciliation found.
    fn statement(&mut self) {
        let yuan = Amount::fen;
        self.moved(Movement::ChannelFee { wallet: named(ALIPAY), fee: yuan(126) });
        let (wallet, amount, fee) = (named(WECHAT), yuan(40_000), yuan(40));
        self.moved(Movement::WithdrawalSent { wallet, bank: bank(), amount, fee });
        self.order("O8", 2_500, Channel::Wechat);
        let unknown = self.paid(2_500, Channel::Wechat, None);
        let line = Subject::Line { serial: String::from("L1") };
        self.reconciled(1, ALIPAY, line, BreakCode::OrphanPayment, 1_200);
        let payment = Subject::Payment(unknown);
        self.reconciled(2, WECHAT, payment, BreakCode::OverdueStatement, 2_500);
    }

    /// N, and what the next day brings: the order of F, and the withdrawal.
    fn midnight(&mut self) {
        let next = BOOKS_DAY_START.plus(Span::from_hours(24));
        self.0.at = next.minus(Span::from_secs(90));
        self.0.tick();
        self.order("O9", 1_500, Channel::Alipay);
        self.0.at = next.plus(Span::from_secs(4));
        let mut received = self.0.money_with(1_500, Some(next.minus(Span::from_secs(2))), &[]);
        if let Reading::Money { channel, .. } = &mut received.reading {
            *channel = Some(Channel::Alipay);
        }
        self.0.notify(received);
        self.0.at = next.plus(Span::from_hours(9));
        self.0.tick();
        let order = self.order("O6", 6_666, Channel::Alipay);
        let held = self.0.state.held_payments().find(|(_, held)| held.amount.minor() == 6_666);
        let payment = held.expect("it is held").0;
        self.assign(payment, order);
        let sent = self.0.state.books().on_their_way().next();
        let withdrawal = sent.expect("a withdrawal is on its way");
        self.moved(Movement::WithdrawalArrived { withdrawal });
    }

    fn order(&mut self, number: &str, fen: i64, channel: Channel) -> OrderId {
        let mut request = order("shop", number, fen);
        request.channels = vec![channel];
        self.0.wait(Span::from_secs(1));
        self.0.request(request)
    }

    fn paid(&mut self, fen: i64, channel: Channel, order: Option<OrderId>) -> PaymentId {
        let mut received = self.0.money(fen);
        if let Reading::Money { channel: said, references, .. } = &mut received.reading {
            *said = Some(channel);
            references.extend(order.map(|order| format!("{order}")));
        }
        let payment = PaymentId::of(received.notification);
        self.0.wait(Span::from_secs(1));
        self.0.notify(received);
        payment
    }

    fn close(&mut self, order: OrderId) {
        let by = Closer::Operator(String::from("boss"));
        self.0.must(Fact::OrderCloseRequested(OrderCloseRequested { order, by }));
    }

    fn assign(&mut self, payment: PaymentId, order: OrderId) {
        let (by, reason) = (String::from("boss"), String::from("seen"));
        self.0.must(Fact::PaymentAssigned(PaymentAssigned { payment, order, by, reason }));
    }

    fn refund(&mut self, order: OrderId, number: &str, fen: i64, steps: &[RefundStep]) {
        let refund = RefundId::from_bits(self.0.draw_bits("refund"));
        self.0.must(Fact::RefundRequested(RefundRequested {
            refund,
            merchant: MerchantId::new("shop").expect("a good name"),
            order,
            number: String::from(number),
            amount: Amount::fen(fen),
            reason: String::from("asked"),
        }));
        for step in steps {
            let (step, by, evidence) = (*step, String::from("boss"), String::from("seen"));
            self.0.must(Fact::RefundStepTaken(RefundStepTaken { refund, step, by, evidence }));
        }
    }

    /// A statement of the day, and what a run over it found.
    fn reconciled(
        &mut self,
        number: u8,
        wallet: &str,
        subject: Subject,
        code: BreakCode,
        fen: i64,
    ) {
        let mut kept = statement(number, BOOKS_DAY);
        kept.wallet = named(wallet);
        self.0.must(Fact::StatementKept(kept));
        let found = FoundBreak { subject, ..found("", code, fen) };
        let mut reconciled = run(number, BOOKS_DAY, &[number], vec![found]);
        reconciled.wallet = named(wallet);
        self.0.must(Fact::DayReconciled(reconciled));
    }

    fn moved(&mut self, movement: Movement) {
        let id = MovementId::from_bits(self.0.draw_bits("movement"));
        let (by, evidence) = (String::from("boss"), String::from("statement"));
        let moved_at = self.0.at;
        let recorded = MovementRecorded { id, movement, moved_at, by, evidence };
        self.0.must(Fact::MovementRecorded(recorded));
    }

    fn adjusted(&mut self, lines: &[(Named, i64)], reason: &str) {
        let id = AdjustmentId::from_bits(self.0.draw_bits("adjustment"));
        let lines = lines.iter().map(|(account, fen)| (account.clone(), Amount::fen(*fen)));
        let (value_at, by) = (self.0.at, String::from("boss"));
        let (lines, reason) = (lines.collect(), String::from(reason));
        let proposed = AdjustmentProposed { id, lines, value_at, by, reason };
        self.0.must(Fact::AdjustmentProposed(proposed));
    }
}
