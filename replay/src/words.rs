//! The clauses of reports for what the rules distinguish.
//!
//! Deliberately not here: the single words of a grade or a reason, which views and API share
//! ([`duizhang_core::grade`]).

use duizhang_core::breaks::BreakCode;
use duizhang_core::callback::{AttemptOutcome, Topic};
use duizhang_core::matcher::{HoldReason, Rule, Standing};
use duizhang_core::reconciliation::By;
use duizhang_core::refund::RefundStep;

pub(crate) const fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::Reference => "a reference that names the order",
        Rule::Slot => "wallet, amount and time",
        Rule::Operator => "an operator's word",
    }
}

pub(crate) const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Exact => "exactly and in time",
        Standing::Late => "exactly but late",
        Standing::Over => "with more than was payable",
        Standing::Under => "with less than was payable",
    }
}

/// Why a payment is held, as the end of a sentence.
pub(crate) const fn hold_clause(reason: HoldReason) -> &'static str {
    match reason {
        HoldReason::NoOrder => "no order held this amount at that time",
        HoldReason::SeveralOrders => "several orders could be meant",
        HoldReason::AlreadyPaid => "the one possible order has its money already",
        HoldReason::OrderClosed => "the one possible order was closed by its merchant",
        HoldReason::Late => "the one possible order had expired, and the policy holds late money",
        HoldReason::RivalPayment => "another held payment could also be that order's",
        HoldReason::ClockDoubt => {
            "the device's clock and ours disagree about which order was waiting"
        }
        HoldReason::Stale => "the evidence is older than the lookback",
        HoldReason::Vetoed => {
            "its reference or currency belongs to an order that it cannot have been paid for"
        }
        HoldReason::AmountDiffers => {
            "the remark holds an order's number, but the amount is not what is missing of that order"
        }
        HoldReason::PartlyRefunded => {
            "the one possible order gave money back before it was settled"
        }
    }
}

pub(crate) fn topic(topic: Topic) -> String {
    match topic {
        Topic::OrderPaid => topic.word().to_owned(),
        Topic::RefundConfirmed(refund) | Topic::RefundDeclined(refund) => {
            format!("{} of refund {refund}", topic.word())
        }
    }
}

pub(crate) fn outcome(outcome: AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Acknowledged { status } => {
            format!("the merchant acknowledged it with status {status}")
        }
        AttemptOutcome::Answered { status, retry_after: None } => {
            format!("the merchant answered with status {status}, which does not mean received")
        }
        AttemptOutcome::Answered { status, retry_after: Some(wait) } => {
            format!("the merchant answered with status {status} and asked for {} s", wait.secs())
        }
        AttemptOutcome::Gone => "the merchant answered that the endpoint is gone".to_owned(),
        AttemptOutcome::Unreachable => "nobody answered".to_owned(),
        AttemptOutcome::AddressRefused => "the address is one that we do not call".to_owned(),
        AttemptOutcome::Unsendable => "the message could not be written".to_owned(),
    }
}

pub(crate) const fn refund_step(step: RefundStep) -> &'static str {
    match step {
        RefundStep::Approve => "approved",
        RefundStep::Send => "sent",
        RefundStep::Confirm => "confirmed",
        RefundStep::Decline => "declined",
    }
}

/// Whether a break needs nobody: it waits for a statement, or a rule has explained it.
pub(crate) const fn explains_itself(code: BreakCode) -> bool {
    matches!(
        code,
        BreakCode::PendingStatement
            | BreakCode::DayCut
            | BreakCode::Rounding
            | BreakCode::DuplicateNotice
            | BreakCode::DuplicateLine
            | BreakCode::PaidAfterExpiry
    )
}

/// By what a payment found its line.
pub(crate) const fn found_by(by: By) -> &'static str {
    match by {
        By::Serial => "the channel's number",
        By::Base => "the number that a refund's begins with",
        By::Order => "our order number",
        By::Slot => "wallet, amount and time",
        By::Far => "wallet and amount, hours apart",
    }
}
