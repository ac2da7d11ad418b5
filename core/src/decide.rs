//! The one entrance to the rules: a fact and the state go in, decisions or a refusal come out.
//!
//! Invariants: pure; what it returns depends on nothing but the arguments; nothing walks an
//! unordered map. A repeat of an earlier request is neither decided again nor refused: it is
//! answered with what there is.

use alloc::vec::Vec;

use crate::callback::{self, CallbackId};
use crate::decision::Decision;
use crate::fact::Fact;
use crate::id::{OrderId, PaymentId, RefundId};
use crate::limits::{DUE_PER_TICK_MAX, NOTE_BYTES_MAX};
use crate::rejection::Rejection;
use crate::state::{Deadline, State};
use crate::time::Timestamp;
use crate::{breaks, closing, code, declare, ledger, matcher, notification, order, refund};

/// What an accepted fact leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The fact enters the log with these decisions behind it; there may be none.
    Decided(Vec<Decision>),
    /// The same was asked before; nothing enters the log.
    Repeat(Repeat),
}

/// What a repeated request was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// This order.
    Order(OrderId),
    /// This refund.
    Refund(RefundId),
    /// This callback.
    Callback(CallbackId),
    /// This payment.
    Payment(PaymentId),
    /// A declaration or policy that is in force already, or a tick with nothing due.
    Nothing,
}

/// Rules on a fact. `at` is log time and must not lie before [`State::now`].
///
/// # Errors
/// [`Rejection`]: the rules refuse, and nothing has changed.
///
/// # Panics
/// Where `at` goes back: the writer is wrong, and a wrong log is worse than a stopped one.
pub fn decide(state: &State, at: Timestamp, fact: &Fact) -> Result<Ruling, Rejection> {
    assert!(at >= state.now(), "log time goes back");
    match rule(state, at, fact)? {
        Ruling::Decided(mut decisions) => {
            decisions.extend(breaks::explain(state, &decisions));
            Ok(Ruling::Decided(decisions))
        }
        Ruling::Repeat(repeat) => Ok(Ruling::Repeat(repeat)),
    }
}

fn rule(state: &State, at: Timestamp, fact: &Fact) -> Result<Ruling, Rejection> {
    match fact {
        Fact::BookOpened(_) if state.is_open() => Err(Rejection::BookAlreadyOpen),
        Fact::BookOpened(_) => Ok(Ruling::Decided(Vec::new())),
        Fact::PolicyActivated(activated)
            if state.has_policy() && activated.policy == *state.policy() =>
        {
            Ok(Ruling::Repeat(Repeat::Nothing))
        }
        Fact::PolicyActivated(activated) => {
            activated.policy.check().map_err(Rejection::BadPolicy)?;
            declare::check_text("by", &activated.by, NOTE_BYTES_MAX)?;
            Ok(Ruling::Decided(Vec::new()))
        }
        Fact::MerchantDeclared(merchant) => declare::rule_on_merchant(state, merchant),
        Fact::WalletDeclared(wallet) => declare::rule_on_wallet(state, wallet),
        Fact::DeviceDeclared(device) => declare::rule_on_device(state, device),
        Fact::OrderRequested(request) => order::rule_on_request(state, at, request),
        Fact::OrderCloseRequested(request) => order::rule_on_close(state, at, request),
        Fact::NotificationReceived(received) => notification::rule_on_receipt(state, at, received),
        Fact::HeartbeatReceived(heartbeat) => notification::rule_on_heartbeat(state, heartbeat),
        Fact::ClockTicked => Ok(tick(state, at)),
        Fact::CallbackAttempted(attempt) => callback::rule_on_attempt(state, at, attempt),
        Fact::RedeliveryRequested(request) => callback::rule_on_redelivery(state, at, request),
        Fact::RefundRequested(request) => refund::rule_on_request(state, request),
        Fact::RefundStepTaken(taken) => refund::rule_on_step(state, at, taken),
        Fact::PaymentAssigned(assigned) => matcher::rule_on_assignment(state, at, assigned),
        Fact::PaymentDismissed(dismissed) => matcher::rule_on_dismissal(state, dismissed),
        Fact::EvidenceJudged(judged) => notification::rule_on_judgement(state, at, judged),
        Fact::CodeIssued(issued) => code::rule_on_issue(state, issued),
        Fact::MovementRecorded(recorded) => ledger::rule_on_movement(state, at, recorded),
        Fact::AdjustmentProposed(proposed) => ledger::rule_on_proposal(state, at, proposed),
        Fact::AdjustmentJudged(judged) => ledger::rule_on_judgement(state, judged),
        Fact::BooksPolicyActivated(activated) => ledger::rule_on_policy(state, activated),
        Fact::StatementKept(kept) => breaks::rule_on_statement(state, at, kept),
        Fact::DayReconciled(run) => breaks::rule_on_run(state, at, run),
        Fact::BreakWorked(worked) => breaks::rule_on_work(state, worked),
        Fact::TermsActivated(activated) => breaks::rule_on_terms(state, activated),
        Fact::LineTaken(taken) => breaks::rule_on_taking(state, at, taken),
        Fact::DayCloseRequested(request) => closing::rule_on_close(state, at, request),
        Fact::DayReopenRequested(request) => closing::rule_on_reopen(state, request),
    }
}

/// What is due: orders expire, amounts are released, devices fall silent. A tick with more due than
/// it may decide leaves the rest for the next one.
fn tick(state: &State, at: Timestamp) -> Ruling {
    let due = state.due(at).take(DUE_PER_TICK_MAX);
    let decisions: Vec<Decision> = due
        .map(|deadline| match deadline {
            Deadline::Expire(order) => Decision::OrderExpired {
                order,
                quarantined_until: at.plus(state.policy().quarantine),
            },
            Deadline::Release(order) => Decision::AmountReleased { order },
            Deadline::Silence(device, since) => Decision::DeviceFellSilent { device, since },
        })
        .collect();
    if decisions.is_empty() { Ruling::Repeat(Repeat::Nothing) } else { Ruling::Decided(decisions) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::PolicyActivated;
    use crate::policy::Policy;
    use crate::position::Position;

    #[test]
    fn the_first_policy_enters_the_log_even_where_it_is_the_default() {
        let mut state = State::new();
        let at = Timestamp::from_secs(1);
        let activated = PolicyActivated { policy: Policy::default(), by: "test".into() };
        let fact = Fact::PolicyActivated(activated);
        assert_eq!(decide(&state, at, &fact), Ok(Ruling::Decided(Vec::new())));
        state.evolve(Position::new(1), at, &fact, &[]);
        assert_eq!(decide(&state, at, &fact), Ok(Ruling::Repeat(Repeat::Nothing)));
    }
}
