//! Facts and decisions as plain English sentences, in the words of the glossary.
//!
//! Invariants: every variant has its sentence; a sentence names ids, amounts, times, reasons and
//! who did it, and nothing that needs another event to be looked up.
//! Deliberately not here: which events belong to a story (`explain`).

use duizhang_core::decision::Decision;
use duizhang_core::fact::{
    CallbackAttempted, Closer, EvidenceJudged, Fact, Judgement, NotificationReceived,
    OrderRequested, Reading,
};
use duizhang_core::id::{OrderId, WalletId};
use duizhang_core::ledger::{AdjustmentVerdict, Movement, MovementRecorded, Named};
use duizhang_core::notification::Verdict;
use duizhang_core::time::Timestamp;
use duizhang_projections::calendar::{Zone, date_of};

use crate::{break_sentences, words};

/// Two days into the year 0, so that no zone's offset leads out of it.
const YEARS_FROM: Timestamp = Timestamp::from_secs(-62_167_219_200 + 2 * 86_400);
/// Two days before the end of the year 9999.
const YEARS_TO: Timestamp = Timestamp::from_secs(253_402_300_800 - 2 * 86_400);

/// Tells events with times in the book's zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Teller(pub(crate) Zone);

impl Teller {
    fn time(self, at: Timestamp) -> String {
        // A device may claim any time at all; RFC 3339 has years of four digits only.
        if (YEARS_FROM..YEARS_TO).contains(&at) {
            self.0.rfc3339(at)
        } else {
            format!("second {} of 1970, which is on no calendar", at.secs())
        }
    }

    // tidy: long because it is one sentence for each variant
    pub(crate) fn fact(self, fact: &Fact) -> String {
        match fact {
            Fact::BookOpened(opened) => {
                format!("The book {} was opened in the zone {}.", opened.book, opened.time_zone)
            }
            Fact::PolicyActivated(activated) => {
                format!("A policy was activated by {}.", activated.by)
            }
            Fact::MerchantDeclared(merchant) => format!("Merchant {} was declared.", merchant.id),
            Fact::WalletDeclared(wallet) => {
                format!("Wallet {} of channel {} was declared.", wallet.id, wallet.channel)
            }
            Fact::DeviceDeclared(device) => format!("Device {} was declared.", device.id),
            Fact::OrderRequested(request) => requested(request),
            Fact::OrderCloseRequested(request) => match &request.by {
                Closer::Merchant(id) => {
                    format!("Merchant {id} asked to close order {}.", request.order)
                }
                Closer::Operator(name) => {
                    format!("Operator {name} asked to close order {}.", request.order)
                }
            },
            Fact::NotificationReceived(received) => self.received(received),
            Fact::HeartbeatReceived(heartbeat) => {
                format!("Device {} said that it is alive.", heartbeat.device)
            }
            Fact::ClockTicked => "Time passed, and something was due.".to_owned(),
            Fact::CallbackAttempted(attempt) => attempted(attempt),
            Fact::RedeliveryRequested(request) => {
                format!("{} asked to send callback {} again.", request.by, request.callback)
            }
            Fact::RefundRequested(request) => format!(
                "Merchant {} asked to give {} of order {} back as refund {} (number {}): {}.",
                request.merchant,
                request.amount,
                request.order,
                request.refund,
                request.number,
                request.reason
            ),
            Fact::RefundStepTaken(taken) => format!(
                "{} marked refund {} as {}: {}.",
                taken.by,
                taken.refund,
                words::refund_step(taken.step),
                taken.evidence
            ),
            Fact::PaymentAssigned(assigned) => format!(
                "{} assigned payment {} to order {}: {}.",
                assigned.by, assigned.payment, assigned.order, assigned.reason
            ),
            Fact::EvidenceJudged(judged) => self.judged(judged),
            Fact::PaymentDismissed(dismissed) => format!(
                "{} said that payment {} belongs to no order: {}.",
                dismissed.by, dismissed.payment, dismissed.reason
            ),
            Fact::CodeIssued(issued) => {
                format!("Code {} was made for order {}.", issued.reference, issued.order)
            }
            Fact::MovementRecorded(recorded) => self.moved(recorded),
            Fact::AdjustmentProposed(proposed) => format!(
                "{} proposed adjustment {} of {} lines: {}.",
                proposed.by,
                proposed.id,
                proposed.lines.len(),
                proposed.reason
            ),
            Fact::AdjustmentJudged(judged) => {
                let what = match judged.verdict {
                    AdjustmentVerdict::Approve => "approved",
                    AdjustmentVerdict::Decline => "declined",
                };
                format!("{} {what} adjustment {}: {}.", judged.by, judged.id, judged.reason)
            }
            Fact::BooksPolicyActivated(activated) => format!(
                "{} let one person alone adjust up to {} minor units.",
                activated.by, activated.policy.alone_max
            ),
            Fact::TermsActivated(activated) => break_sentences::terms(activated),
            Fact::StatementKept(kept) => break_sentences::kept(kept),
            Fact::DayReconciled(run) => break_sentences::reconciled(run),
            Fact::BreakWorked(worked) => break_sentences::worked(worked),
            Fact::LineTaken(taken) => break_sentences::taken(taken),
            Fact::DayCloseRequested(request) => break_sentences::close_requested(request),
            Fact::DayReopenRequested(request) => break_sentences::reopen_requested(request),
        }
    }

    fn moved(self, recorded: &MovementRecorded) -> String {
        let what = match &recorded.movement {
            Movement::ChannelFee { wallet, fee } => {
                format!("that the channel took a fee of {fee} from wallet {wallet}")
            }
            Movement::WithdrawalSent { wallet, bank, amount, fee } => {
                format!("that {amount} left wallet {wallet} for bank {bank}, with a fee of {fee}")
            }
            Movement::WithdrawalArrived { withdrawal } => {
                format!("that withdrawal {withdrawal} is at the bank")
            }
            Movement::Transfer { from, to, amount, fee } => {
                format!("that {amount} went from wallet {from} to {to}, with a fee of {fee}")
            }
            Movement::Opening { account: Named::Wallet(wallet), amount } => {
                format!("that wallet {wallet} held {amount} before the first event")
            }
            Movement::Opening { account: Named::Bank(bank), amount } => {
                format!("that bank {bank} held {amount} before the first event")
            }
            Movement::Opening { account, amount } => {
                format!("that {} held {amount} before the first event", account.path())
            }
        };
        let (id, by, at) = (recorded.id, &recorded.by, self.time(recorded.moved_at));
        format!("{by} recorded {what}, at {at} (movement {id}): {}.", recorded.evidence)
    }

    fn received(self, received: &NotificationReceived) -> String {
        let who = received
            .device
            .as_ref()
            .map_or_else(|| "somebody unknown".to_owned(), |device| format!("device {device}"));
        let what = match &received.reading {
            Reading::Money { amount, channel, sent_at, references } => {
                let mut text = format!("{amount} of money");
                if let Some(channel) = channel {
                    text += &format!(" on {channel}");
                }
                if let Some(sent_at) = sent_at {
                    text += &format!(", by its own clock at {}", self.time(*sent_at));
                }
                if !references.is_empty() {
                    text += &format!(", with the reference {}", references.join(", "));
                }
                text
            }
            Reading::Ignored => "something that is known to be no money".to_owned(),
            Reading::Unreadable => "something that nobody could read".to_owned(),
            Reading::Forged => "something with a wrong signature".to_owned(),
        };
        let (id, source, rule) = (received.notification, &received.source, &received.rule);
        format!("Notification {id} came by {source} from {who}: {what} (read by {rule}).")
    }

    fn judged(self, judged: &EvidenceJudged) -> String {
        let what = match &judged.judgement {
            Judgement::Money { wallet, amount, paid_at } => {
                format!("as {amount} to wallet {wallet} at {}", self.time(*paid_at))
            }
            Judgement::NotMoney => "as no money".to_owned(),
            Judgement::Trade { wallet, amount, paid_at, number, reference } => {
                let code = reference.as_deref().unwrap_or("none");
                let at = self.time(*paid_at);
                format!("as trade {number}: {amount} to wallet {wallet} at {at} by code {code}")
            }
        };
        let (id, by, reason) = (judged.notification, &judged.by, &judged.reason);
        format!("{by} read notification {id} {what}: {reason}.")
    }

    // tidy: long because it is one sentence for each variant
    pub(crate) fn decision(self, decision: &Decision) -> String {
        match decision {
            Decision::OrderAccepted { order, wallet, payable, expires_at } => {
                let until = self.time(*expires_at);
                format!("Order {order} was accepted: {payable} held on wallet {wallet} to {until}.")
            }
            Decision::OrderExpired { order, quarantined_until } => {
                let until = self.time(*quarantined_until);
                format!("Order {order} expired unpaid; its amount is quarantined until {until}.")
            }
            Decision::OrderClosed { order, quarantined_until } => {
                let until = self.time(*quarantined_until);
                format!("Order {order} was closed; its amount is quarantined until {until}.")
            }
            Decision::AmountReleased { order } => {
                format!("The amount of order {order} was released for others.")
            }
            Decision::NotificationJudged { notification, verdict } => {
                format!("Notification {notification} was judged {}.", verdict_clause(*verdict))
            }
            Decision::PaymentObserved { payment, wallets, amount, paid_at } => {
                let (places, at) = (places(wallets), self.time(*paid_at));
                format!("Payment {payment} of {amount} was observed on {places}, paid at {at}.")
            }
            Decision::PaymentMatched { payment, order, grade, rule, candidates } => {
                let (rule, grade) = (words::rule(*rule), grade.word());
                let from = format!("({grade}; candidates: {})", listed(candidates));
                format!("Payment {payment} was matched to order {order} by {rule} {from}.")
            }
            Decision::PaymentHeld { payment, grade, reason, candidates } => {
                let (grade, why) = (grade.word(), words::hold_clause(*reason));
                let candidates = listed(candidates);
                format!("Payment {payment} was held as {grade}: {why}; candidates: {candidates}.")
            }
            Decision::MatchProposed { payment, order } => {
                format!("Order {order} alone is left for payment {payment}: proposed, not settled.")
            }
            Decision::OrderPaid { order, payment, received, standing, .. } => {
                let how = words::standing(*standing);
                format!("Order {order} was paid {how} by payment {payment} of {received}.")
            }
            Decision::CallbackScheduled { callback, topic, due } => {
                let (topic, due) = (words::topic(*topic), self.time(*due));
                format!("Callback {callback} ({topic}) is due at {due}.")
            }
            Decision::CallbackRetried { callback, due } => {
                format!("Callback {callback} will be tried again at {}.", self.time(*due))
            }
            Decision::CallbackAcknowledged { callback } => {
                format!("Callback {callback} was acknowledged; the merchant knows.")
            }
            Decision::CallbackAbandoned { callback } => {
                format!("Callback {callback} was abandoned; only an operator sends it again.")
            }
            Decision::DeviceFellSilent { device, since } => {
                format!("Device {device} fell silent; it was last heard at {}.", self.time(*since))
            }
            Decision::DeviceReturned { device, since } => {
                let since = self.time(*since);
                format!("Device {device} is back; nobody watched its wallets since {since}.")
            }
            Decision::RefundOpened { refund } => {
                format!("Refund {refund} was opened and waits for approval.")
            }
            Decision::RefundAdvanced { refund, to } => format!("Refund {refund} is now {to}."),
            Decision::EvidenceDismissed { notification } => {
                format!("Notification {notification} was dismissed: it says nothing of money.")
            }
            Decision::AdjustmentPosted { adjustment } => {
                format!("Adjustment {adjustment} stands in the books.")
            }
            Decision::AdjustmentDeclined { adjustment } => {
                format!("Adjustment {adjustment} will not be posted.")
            }
            Decision::SuspenseEnded { payment } => {
                format!("Payment {payment} is out of suspense without an order.")
            }
            Decision::BreakOpened { id, day, booked, found, .. } => {
                break_sentences::opened(*id, *day, *booked, found)
            }
            Decision::BreakReclassified { id, booked, found } => {
                break_sentences::reclassified(*id, *booked, found)
            }
            Decision::BreakReopened { id, booked } => {
                format!("Break {id} is open again, booked in {}.", date_of(*booked))
            }
            Decision::BreakMoved { id, to } => format!("Break {id} is now {to}."),
            Decision::BreakResolved { id, ending } => {
                format!("Break {id} is over, {}.", break_sentences::ending(ending))
            }
            Decision::DayReckoned { wallet, day } => {
                format!("The run over {} of wallet {wallet} is whole.", date_of(*day))
            }
            Decision::DayClosed { day } => {
                format!("{} is closed: no break is dated into it any more.", date_of(*day))
            }
            Decision::DayReopenProposed { day } => {
                format!("{} stays closed until another person asks, too.", date_of(*day))
            }
            Decision::DayReopened { day } => format!("{} is open again.", date_of(*day)),
        }
    }
}

fn places(wallets: &[WalletId]) -> String {
    if wallets.is_empty() {
        return "no known wallet".to_owned();
    }
    wallets.iter().map(WalletId::as_str).collect::<Vec<_>>().join(" or ")
}

fn requested(request: &OrderRequested) -> String {
    format!(
        "Merchant {} asked in the dialect {} to be paid {} as order {} (number {}).",
        request.merchant,
        request.dialect.word(),
        request.requested,
        request.order,
        request.number
    )
}

fn attempted(attempt: &CallbackAttempted) -> String {
    let mut text = format!(
        "Callback {} was sent: {} after {} ms",
        attempt.callback,
        words::outcome(attempt.outcome),
        attempt.took.millis()
    );
    if !attempt.excerpt.is_empty() {
        text += &format!(" ({:?})", attempt.excerpt);
    }
    text + "."
}

fn verdict_clause(verdict: Verdict) -> String {
    let word = verdict.word();
    match verdict {
        Verdict::First => format!("{word} of its kind"),
        Verdict::Stale => format!("{word}: older than the lookback"),
        Verdict::Repeat { of } => format!("a {word} of {of}: no effect"),
        Verdict::Conflict { with } => {
            format!("a {word} with {with}: same key, other content; a person must look")
        }
        Verdict::Ignored => format!("{word}: it is no money"),
        Verdict::Unreadable => format!("{word}: a person must look"),
        Verdict::Forged => format!("{word}: its signature is wrong, so it has no effect"),
    }
}

pub(crate) fn listed(orders: &[OrderId]) -> String {
    if orders.is_empty() {
        return "none".to_owned();
    }
    orders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
