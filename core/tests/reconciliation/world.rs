//! Small worlds of payments and lines, as data.
//!
//! Deliberately not here: what should come out.

use duizhang_core::amount::Amount;
use duizhang_core::breaks::BreakCode;
use duizhang_core::reconciliation::{
    Claim, Class, DayBounds, Flow, Lines, Outcome, Payment, Payments, Terms, check, reconcile,
};
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::{Span, Timestamp};

/// Noon of the day under test, in seconds.
pub(crate) const NOON: i64 = 1_763_697_600;

pub(crate) const DAY: DayBounds = DayBounds {
    before: Timestamp::from_secs(NOON - 129_600),
    start: Timestamp::from_secs(NOON - 43_200),
    end: Timestamp::from_secs(NOON + 43_200),
    after: Timestamp::from_secs(NOON + 129_600),
};

#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) id: u128,
    pub(crate) flow: Flow,
    pub(crate) wallets: Vec<u16>,
    pub(crate) fen: i64,
    pub(crate) fee: Option<i64>,
    pub(crate) refunded: i64,
    /// Seconds after noon.
    pub(crate) at: i64,
    pub(crate) precision: Precision,
    pub(crate) serial: String,
    pub(crate) order: String,
    pub(crate) note: String,
    pub(crate) claim: Claim,
}

pub(crate) fn paid(id: u128, fen: i64, at: i64) -> Ours {
    Ours {
        id,
        flow: Flow::PayIn,
        wallets: vec![1],
        fen,
        fee: None,
        refunded: 0,
        at,
        precision: Precision::Second,
        serial: String::new(),
        order: String::new(),
        note: String::new(),
        claim: Claim::Order,
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Theirs {
    pub(crate) wallet: u16,
    pub(crate) line: Line,
}

pub(crate) fn stated(number: u32, fen: i64, at: i64) -> Theirs {
    let line = Line {
        number,
        serial: String::new(),
        serial_base: String::new(),
        merchant_no: None,
        kind: LineKind::PayIn,
        gross: Amount::fen(fen),
        fee: Amount::fen(0),
        balance: None,
        time: Timestamp::from_secs(NOON + at),
        precision: Precision::Second,
        counterparty: String::new(),
        note: String::new(),
        status: LineStatus::Ok,
        raw_status: String::new(),
    };
    Theirs { wallet: 1, line }
}

/// Windows of ten seconds before and twenty after, nothing far, no sums.
pub(crate) fn tight() -> Terms {
    Terms {
        skew: Span::from_secs(10),
        delay: Span::from_secs(20),
        near: Span::from_secs(5),
        near_early: Span::from_secs(5),
        chance_per_mille: 10,
        far: Span::ZERO,
        ..Terms::default()
    }
}

/// A class with the code of its break.
pub(crate) type Verdict = (Class, Option<BreakCode>);

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) ours: Vec<Ours>,
    pub(crate) theirs: Vec<Theirs>,
    pub(crate) terms: Terms,
}

impl World {
    pub(crate) fn new(ours: &[Ours], theirs: &[Theirs]) -> Self {
        Self { ours: ours.to_vec(), theirs: theirs.to_vec(), terms: tight() }
    }

    pub(crate) fn sides(&self) -> (Payments, Lines) {
        let (mut payments, mut lines) = (Payments::default(), Lines::default());
        for one in &self.ours {
            let payment = Payment {
                id: one.id,
                flow: one.flow,
                wallets: &one.wallets,
                amount: Amount::fen(one.fen),
                fee: one.fee,
                refunded: one.refunded,
                time: Timestamp::from_secs(NOON + one.at),
                precision: one.precision,
                serial: &one.serial,
                order: &one.order,
                note: &one.note,
                claim: one.claim,
            };
            payments.push(&payment).expect("a small world fits");
        }
        for one in &self.theirs {
            lines.push(one.wallet, 1, &one.line).expect("a small world fits");
        }
        for wallet in [1, 2, 3] {
            lines.cover(wallet, DAY.before, DAY.start);
            lines.cover(wallet, DAY.start, DAY.after);
        }
        (payments, lines)
    }

    /// The outcome, which its own checker must find right.
    pub(crate) fn outcome(&self) -> Outcome {
        let (payments, lines) = self.sides();
        let outcome = reconcile(&payments, &lines, &self.terms, &DAY);
        assert_eq!(check(&payments, &lines, &self.terms, &outcome), [], "{self:#?} {outcome:#?}");
        outcome
    }

    /// The classes and codes of all payments, then of all lines.
    pub(crate) fn classes(&self) -> (Vec<Verdict>, Vec<Verdict>) {
        let outcome = self.outcome();
        let of = |side: &[duizhang_core::reconciliation::Finding]| {
            side.iter().map(|finding| (finding.class, finding.code)).collect()
        };
        (of(&outcome.payments), of(&outcome.lines))
    }
}

pub(crate) fn wide(index: u32) -> usize {
    usize::try_from(index).expect("indices fit into words")
}

pub(crate) fn narrow(index: usize) -> u32 {
    u32::try_from(index).expect("worlds are small")
}
