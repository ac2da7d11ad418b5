//! The table of collisions: what ours and the two usual matchers do with the same days.
//!
//! Invariants: ours must match nothing wrong by itself, and its checker must find every outcome
//! right; the bench fails otherwise.

use duizhang_core::amount::Amount;
use duizhang_core::reconciliation::{
    Claim, Class, DayBounds, Flow, Handling, Lines, Payment, Payments, Terms, check, reconcile,
};
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::Timestamp;

use crate::baselines::{first_fit, nearest_time};
use crate::town::{Town, Trouble};

const MIDNIGHT: i64 = 1_763_654_400;

const DAY: DayBounds = DayBounds {
    before: Timestamp::from_secs(MIDNIGHT - 86_400),
    start: Timestamp::from_secs(MIDNIGHT),
    end: Timestamp::from_secs(MIDNIGHT + 86_400),
    after: Timestamp::from_secs(MIDNIGHT + 172_800),
};

/// What became of notices: by themselves, by a person's word, not at all.
#[derive(Default)]
struct Score {
    notices: usize,
    automatic: usize,
    wrong: usize,
    proposed: usize,
    proposed_wrong: usize,
    ambiguous: usize,
    /// Notices that collide: another line of their wallet and amount lies in their window.
    colliding: usize,
}

/// Days of each kind, each from its own seed.
pub(crate) fn report(payments: usize, days: u64) {
    println!(
        "| amounts | colliding | trouble | automatic | **wrong** | proposed (wrong) | ambiguous \
         | first fit: automatic (**wrong**) | nearest time: automatic (**wrong**) |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let calm = Trouble { late: 0, twice: 0, lost: 0, orphans: 0 };
    let usual = Trouble { late: 50, twice: 10, lost: 10, orphans: 10 };
    let bad = Trouble { late: 200, twice: 50, lost: 50, orphans: 50 };
    for amounts in [100_000, 10_000, 1_000, 100] {
        for (name, trouble) in [("none", calm), ("usual", usual), ("bad", bad)] {
            let towns: Vec<Town> =
                (0..days).map(|seed| Town::new(payments, amounts, trouble, seed)).collect();
            let score = ours(&towns);
            let simple = [first_fit, nearest_time].map(|matcher| simple(&towns, matcher));
            row(amounts, name, &score, &simple);
            assert_eq!(score.wrong, 0, "ours matched something wrong by itself");
        }
    }
    println!();
    let last = days - 1;
    println!(
        "{days} days of {payments} payments over two wallets for each row, seeds 0 to {last}."
    );
}

fn row(amounts: u64, trouble: &str, ours: &Score, others: &[Score; 2]) {
    let share = |score: &Score, part: usize| {
        let tenths = part * 1_000 / score.notices.max(1);
        format!("{}.{} %", tenths / 10, tenths % 10)
    };
    let other = |score: &Score| format!("{} (**{}**)", share(score, score.automatic), score.wrong);
    println!(
        "| {amounts} | {} | {trouble} | {} | **{}** | {} ({}) | {} | {} | {} |",
        share(ours, ours.colliding),
        share(ours, ours.automatic),
        ours.wrong,
        share(ours, ours.proposed),
        ours.proposed_wrong,
        share(ours, ours.ambiguous),
        other(&others[0]),
        other(&others[1])
    );
}

fn simple(towns: &[Town], matcher: fn(&Town) -> Vec<Option<usize>>) -> Score {
    let mut score = Score::default();
    for town in towns {
        score.notices += town.notices.len();
        for (notice, line) in town.notices.iter().zip(matcher(town)) {
            score.automatic += usize::from(line.is_some());
            score.wrong += usize::from(line.is_some() && line != notice.truth);
        }
    }
    score
}

fn ours(towns: &[Town]) -> Score {
    let mut score = Score::default();
    for town in towns {
        let (payments, lines) = sides(town);
        let terms = Terms::default();
        let outcome = reconcile(&payments, &lines, &terms, &DAY);
        assert_eq!(check(&payments, &lines, &terms, &outcome), [], "the checker agrees");
        score.notices += town.notices.len();
        score.colliding += colliding(town);
        for (notice, finding) in town.notices.iter().zip(&outcome.payments) {
            score.ambiguous += usize::from(finding.class == Class::Ambiguous);
            assert_ne!(finding.class, Class::SearchLimit, "no search ends at its limit");
            let Some(pair) = outcome.pair(finding) else { continue };
            // A second notice of the same payment that got its line names the same money.
            let wrong = usize::from(notice.truth != usize::try_from(pair.line).ok());
            match pair.handling {
                Handling::Automatic => {
                    score.automatic += 1;
                    score.wrong += wrong;
                }
                Handling::Proposed => {
                    score.proposed += 1;
                    score.proposed_wrong += wrong;
                }
            }
        }
    }
    score
}

fn colliding(town: &Town) -> usize {
    let mut keys: Vec<(u16, i64, i64)> =
        town.entries.iter().map(|entry| (entry.wallet, entry.fen, entry.second)).collect();
    keys.sort_unstable();
    let in_window = |notice: &&crate::town::Notice| {
        let key = |second| (notice.wallet, notice.fen, second);
        let from = keys.partition_point(|entry| *entry < key(notice.second - 900));
        let to = keys.partition_point(|entry| *entry <= key(notice.second + 90));
        to - from > 1
    };
    town.notices.iter().filter(in_window).count()
}

fn sides(town: &Town) -> (Payments, Lines) {
    let (mut payments, mut lines) = (Payments::default(), Lines::default());
    for (id, notice) in (1..).zip(&town.notices) {
        let payment = Payment {
            id,
            flow: Flow::PayIn,
            wallets: &[notice.wallet],
            amount: Amount::fen(notice.fen),
            fee: None,
            refunded: 0,
            time: Timestamp::from_secs(MIDNIGHT + notice.second),
            precision: Precision::Second,
            serial: "",
            order: "",
            note: "",
            claim: Claim::Order,
        };
        payments.push(&payment).expect("a day fits");
    }
    for (number, entry) in (1..).zip(&town.entries) {
        let line = Line {
            number,
            serial: format!("S{number}"),
            serial_base: String::new(),
            merchant_no: None,
            kind: LineKind::PayIn,
            gross: Amount::fen(entry.fen),
            fee: Amount::fen(0),
            balance: None,
            time: Timestamp::from_secs(MIDNIGHT + entry.second),
            precision: Precision::Second,
            counterparty: String::new(),
            note: String::new(),
            status: LineStatus::Ok,
            raw_status: String::new(),
        };
        lines.push(entry.wallet, 1, &line).expect("a day fits");
    }
    for wallet in [0, 1] {
        lines.cover(wallet, DAY.before, DAY.after);
    }
    (payments, lines)
}
