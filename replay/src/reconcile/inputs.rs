//! The fingerprint of everything that a comparison was made from.
//!
//! Invariants: what goes in is what the outcome depends on, of whichever wallet, because a key may
//! lead from one wallet's file to another's payment; the order of files and items does not count;
//! the head of the log does not, so that other news leaves the fingerprint as it is.
//! Deliberately not here: comparing.

use duizhang_core::digest::Digest;
use duizhang_core::reconciliation::{Claim, Flow, Terms};
use duizhang_core::statement::{Line, LineStatus, Precision};

use super::observed::Observed;
use super::run::Compared;
use super::runs::Paper;
use super::sides::StatementLines;

/// The number of the rules by which days are compared and breaks are made of findings. Whoever
/// changes what comes out of equal inputs counts it up, so that days may be reconciled again.
const RULES_VERSION: u32 = 2;

/// The fingerprint.
pub(super) fn digest(compared: &Compared, papers: &[Paper]) -> Digest {
    let bounds = &compared.bounds;
    let days = [bounds.before, bounds.start, bounds.end, bounds.after];
    let days: Vec<u8> = days.iter().flat_map(|at| at.micros().to_be_bytes()).collect();
    let ours = sorted(compared.ours.iter().map(of_ours));
    let lines =
        sorted(compared.statements.iter().flat_map(|statement| {
            statement.lines.iter().map(move |line| of_line(statement, line))
        }));
    let covered = sorted(compared.statements.iter().map(of_cover));
    let files = sorted(papers.iter().map(of_paper));
    let terms = of_terms(&compared.terms);
    let version = RULES_VERSION.to_be_bytes();
    Digest::of(&[b"run", &version, &days, &terms, &files, &covered, &ours, &lines])
}

/// Fingerprints one behind the other, in an order of their own.
fn sorted(parts: impl Iterator<Item = Digest>) -> Vec<u8> {
    let mut parts: Vec<Digest> = parts.collect();
    parts.sort_unstable();
    parts.iter().flat_map(|part| part.bytes()).collect()
}

fn of_terms(terms: &Terms) -> Vec<u8> {
    let Terms {
        skew,
        delay,
        near,
        near_early,
        chance_per_mille,
        far,
        rounding,
        fee_rounding,
        parts_max,
        search_max,
    } = terms;
    let spans = [skew, delay, near, near_early, far].map(|span| span.micros());
    let parts_max = u64::try_from(*parts_max).unwrap_or(u64::MAX);
    let counts = [*chance_per_mille, *rounding, *fee_rounding, parts_max, *search_max];
    spans.iter().chain(&counts).flat_map(|number| number.to_be_bytes()).collect()
}

fn of_paper(paper: &Paper) -> Digest {
    let wrong = paper.wrong.map(|code| code.letters()).unwrap_or_default();
    let rejected: Vec<u8> = paper.rejected.iter().flat_map(|row| row.to_be_bytes()).collect();
    let wallet = paper.wallet.as_str().as_bytes();
    let superseded = [u8::from(paper.superseded)];
    let statement = paper.statement.bytes();
    Digest::of(&[&statement, wallet, wrong.as_bytes(), &rejected, &superseded])
}

fn of_cover(statement: &StatementLines) -> Digest {
    let wallet = statement.wallet.as_str().as_bytes();
    let (from, to) = (statement.from.micros(), statement.to.micros());
    Digest::of(&[wallet, &from.to_be_bytes(), &to.to_be_bytes()])
}

fn of_ours(item: &Observed) -> Digest {
    let flow = match item.flow {
        Flow::PayIn => "in",
        Flow::RefundOut => "back",
        Flow::Withdrawal => "out",
    };
    let claim = match item.claim {
        Claim::Order => "order",
        Claim::Late => "late",
        Claim::Twice => "twice",
        Claim::Orphan => "orphan",
    };
    let wallets: Vec<&str> = item.wallets.iter().map(|wallet| wallet.as_str()).collect();
    let number = item.number.as_deref().unwrap_or_default();
    Digest::of(&[
        &item.id.to_be_bytes(),
        flow.as_bytes(),
        wallets.join("\n").as_bytes(),
        &item.amount.minor().to_be_bytes(),
        item.amount.currency().code().as_bytes(),
        &item.refunded.to_be_bytes(),
        &item.time.micros().to_be_bytes(),
        item.serial.as_bytes(),
        number.as_bytes(),
        item.note.as_bytes(),
        claim.as_bytes(),
    ])
}

/// A line; one without a serial is known by its place too, because its break is.
fn of_line(statement: &StatementLines, line: &Line) -> Digest {
    let place = if line.serial.is_empty() {
        format!("{} {}", statement.file.sha256, line.number)
    } else {
        String::new()
    };
    let precision = match line.precision {
        Precision::Second => "second",
        Precision::Minute => "minute",
        Precision::Day => "day",
    };
    let (status, part) = match line.status {
        LineStatus::Ok => ("ok", 0),
        LineStatus::Closed => ("closed", 0),
        LineStatus::Pending => ("pending", 0),
        LineStatus::RefundedFull => ("refunded", 0),
        LineStatus::RefundedPart(part) => ("part", part.minor()),
        LineStatus::Unknown => ("unknown", 0),
    };
    Digest::of(&[
        statement.wallet.as_str().as_bytes(),
        place.as_bytes(),
        line.serial.as_bytes(),
        line.merchant_no.as_deref().unwrap_or_default().as_bytes(),
        line.kind.word().as_bytes(),
        &line.gross.minor().to_be_bytes(),
        line.gross.currency().code().as_bytes(),
        &line.fee.minor().to_be_bytes(),
        &line.time.micros().to_be_bytes(),
        precision.as_bytes(),
        line.note.as_bytes(),
        status.as_bytes(),
        &part.to_be_bytes(),
    ])
}
