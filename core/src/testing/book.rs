//! A book for tests: an engine, the state it is asked about, the recorded log, and the auditor.
//!
//! Invariants: each decision is shown to the auditor before the state folds it, and after a
//! violation nothing is folded any more, because a wrong engine's decisions may not be foldable.
//! Deliberately not here: what a right engine would have decided (the oracle in the tests).

use alloc::string::String;
use alloc::vec::Vec;

use super::facts::{device, drawn_bits, merchant, money, order, policy_fact, wallet};
use crate::channel::Channel;
use crate::decide::{Repeat, Ruling, decide};
use crate::decision::Decision;
use crate::fact::{BookOpened, Fact, NotificationReceived, OrderRequested, Reading};
use crate::id::{OrderId, PaymentId};
use crate::invariant::{Auditor, Violation, check};
use crate::order::OrderStatus;
use crate::policy::Policy;
use crate::position::Position;
use crate::rejection::Rejection;
use crate::state::{OrderRow, State};
use crate::time::{Span, Timestamp};

/// Whatever rules on facts: the real rules, or a planted wrong one.
pub type Engine = fn(&State, Timestamp, &Fact) -> Result<Ruling, Rejection>;

/// A fact as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub position: Position,
    /// When.
    pub at: Timestamp,
    /// What.
    pub fact: Fact,
    /// What followed.
    pub decisions: Vec<Decision>,
}

/// A book for tests.
#[derive(Clone, Debug)]
pub struct Book {
    engine: Engine,
    /// What the engine is asked about.
    pub state: State,
    /// The second opinion.
    pub auditor: Auditor,
    /// What was recorded.
    pub log: Vec<Entry>,
    /// Log time of the next fact.
    pub at: Timestamp,
    drawn: u64,
}

impl Default for Book {
    fn default() -> Self {
        Self::new(Policy::default())
    }
}

impl Book {
    /// Two merchants, three wallets and two devices under the real rules. `shop` and `mall` share
    /// `wx` and `ali`; `box` has fixed codes only. `phone` watches all three, `tablet` the second.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self::with_engine(policy, decide)
    }

    /// The same under another engine.
    ///
    /// # Panics
    /// Where the engine refuses a declaration.
    #[must_use]
    pub fn with_engine(policy: Policy, engine: Engine) -> Self {
        let mut book = Self::empty(engine);
        let mut fixed = wallet("box", Channel::Sandbox);
        fixed.qr = None;
        fixed.fixed = [100, 101, 103, 500]
            .map(|fen| (crate::amount::Amount::fen(fen), String::from("qr:fixed")))
            .to_vec();
        let opened =
            BookOpened { book: String::from("test"), time_zone: String::from("Asia/Shanghai") };
        let facts = [
            Fact::BookOpened(opened),
            policy_fact(policy),
            Fact::WalletDeclared(wallet("wx", Channel::Wechat)),
            Fact::WalletDeclared(wallet("ali", Channel::Alipay)),
            Fact::WalletDeclared(fixed),
            Fact::DeviceDeclared(device("phone", &["wx", "ali", "box"])),
            Fact::DeviceDeclared(device("tablet", &["ali"])),
            Fact::MerchantDeclared(merchant("shop", &["wx", "ali"])),
            Fact::MerchantDeclared(merchant("mall", &["ali", "wx", "box"])),
        ];
        for fact in facts {
            book.submit(fact).expect("the rules take the declarations");
        }
        book
    }

    /// Before the first event.
    #[must_use]
    pub fn empty(engine: Engine) -> Self {
        Self {
            engine,
            state: State::new(),
            auditor: Auditor::new(),
            log: Vec::new(),
            at: Timestamp::from_secs(1_700_000_000),
            drawn: 0,
        }
    }

    /// A number that was not given before.
    pub fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.saturating_add(1);
        self.drawn
    }

    /// 128 bits that were not given before.
    pub fn draw_bits(&mut self, kind: &str) -> u128 {
        let number = self.draw();
        drawn_bits(kind, number)
    }

    /// Lets log time pass, without a tick.
    pub fn wait(&mut self, span: Span) -> &mut Self {
        self.at = self.at.plus(span);
        self
    }

    /// Rules on a fact, shows the outcome to the auditor, and records it.
    ///
    /// # Errors
    /// The engine's refusal.
    pub fn submit(&mut self, fact: Fact) -> Result<Ruling, Rejection> {
        if !self.auditor.violations().is_empty() {
            return Ok(Ruling::Repeat(Repeat::Nothing));
        }
        let ruling = (self.engine)(&self.state, self.at, &fact)?;
        if let Ruling::Decided(decisions) = &ruling {
            let position = self.state.position().next();
            self.auditor.fold(position, self.at, &fact, decisions);
            if self.auditor.violations().is_empty() {
                self.state.evolve(position, self.at, &fact, decisions);
            }
            let decisions = decisions.clone();
            self.log.push(Entry { position, at: self.at, fact, decisions });
        }
        Ok(ruling)
    }

    /// The decisions on a fact that must be accepted.
    ///
    /// # Panics
    /// Where it is refused or a repeat.
    pub fn must(&mut self, fact: Fact) -> Vec<Decision> {
        match self.submit(fact) {
            Ok(Ruling::Decided(decisions)) => decisions,
            other => panic!("the fact was not decided: {other:?}"),
        }
    }

    /// An accepted order for fen.
    ///
    /// # Panics
    /// Where it is refused.
    pub fn open(&mut self, merchant: &str, number: &str, fen: i64) -> OrderId {
        self.request(order(merchant, number, fen))
    }

    /// An accepted order.
    ///
    /// # Panics
    /// Where it is refused.
    pub fn request(&mut self, request: OrderRequested) -> OrderId {
        let id = request.order;
        self.must(Fact::OrderRequested(request));
        id
    }

    /// Fresh evidence from the phone, of fen, as an argument of [`Book::notify`].
    pub fn money(&mut self, fen: i64) -> NotificationReceived {
        let number = self.draw();
        money("phone", number, fen)
    }

    /// Fresh evidence with a device time and references.
    pub fn money_with(
        &mut self,
        fen: i64,
        sent: Option<Timestamp>,
        named: &[&str],
    ) -> NotificationReceived {
        let mut received = self.money(fen);
        if let Reading::Money { sent_at, references, .. } = &mut received.reading {
            *sent_at = sent;
            *references = named.iter().map(|text| String::from(*text)).collect();
        }
        received
    }

    /// Delivers evidence.
    ///
    /// # Panics
    /// Where it is refused.
    pub fn notify(&mut self, received: NotificationReceived) -> Vec<Decision> {
        self.must(Fact::NotificationReceived(received))
    }

    /// Delivers fresh evidence of fen without a device time.
    ///
    /// # Panics
    /// Where it is refused.
    pub fn pay(&mut self, fen: i64) -> (PaymentId, Vec<Decision>) {
        let received = self.money(fen);
        let payment = PaymentId::of(received.notification);
        (payment, self.notify(received))
    }

    /// Ticks until nothing more is due.
    ///
    /// # Panics
    /// Where a tick is refused.
    pub fn tick(&mut self) -> Vec<Decision> {
        let mut all = Vec::new();
        loop {
            match self.submit(Fact::ClockTicked).expect("a tick is never refused") {
                Ruling::Decided(decisions) if !decisions.is_empty() => all.extend(decisions),
                Ruling::Decided(_) | Ruling::Repeat(_) => return all,
            }
        }
    }

    /// The row of an order.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn row(&self, order: OrderId) -> &OrderRow {
        self.state.order(order).expect("the order exists")
    }

    /// Where an order stands.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn status(&self, order: OrderId) -> OrderStatus {
        self.row(order).status
    }

    /// The state folded again from the recorded log.
    #[must_use]
    pub fn rebuilt(&self) -> State {
        let mut state = State::new();
        for Entry { position, at, fact, decisions } in &self.log {
            state.evolve(*position, *at, fact, decisions);
        }
        state
    }

    /// What a restart does: only the log survives.
    pub fn restart(&mut self) {
        self.state = self.rebuilt();
    }

    /// Everything that the auditor and the predicates have against this book.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = self.auditor.violations().to_vec();
        if found.is_empty() {
            found = check(&self.state);
        }
        found
    }
}
