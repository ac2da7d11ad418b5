//! Playing a step of a history: what it means in the book as it is.
//!
//! Invariants: a step that finds no target does nothing; ids come from the book's counter.
//! Deliberately not here: which steps there are and how often (`workload`).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::book::Book;
use super::facts::{device, money, order, policy_fact, wallet};
use super::workload::{Price, Reference, SentAt, Step, Target};
use crate::amount::{Amount, Currency};
use crate::callback::{AttemptOutcome, CallbackId};
use crate::channel::Channel;
use crate::decide::Ruling;
use crate::digest::Digest;
use crate::fact::{
    CallbackAttempted, Closer, EvidenceJudged, Fact, HeartbeatReceived, Judgement,
    OrderCloseRequested, PaymentAssigned, PaymentDismissed, Reading, RedeliveryRequested,
    RefundRequested, RefundStepTaken,
};
use crate::id::{DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId};
use crate::order::{Dialect, idempotency_key};
use crate::policy::{LateRule, Step as Direction};
use crate::refund::RefundStep;
use crate::rejection::Rejection;
use crate::time::{Span, Timestamp};

pub(super) fn pick<T>(all: &[T], target: Target) -> Option<&T> {
    target.checked_rem(all.len()).map(|index| &all[index])
}

fn seconds(value: i32) -> i64 {
    i64::from(value)
}

const MERCHANTS: [&str; 3] = ["shop", "mall", "nobody"];
const DEVICES: [&str; 3] = ["phone", "tablet", "stranger"];
const CHANNELS: [Channel; 3] = [Channel::Wechat, Channel::Alipay, Channel::Sandbox];

impl Book {
    /// Plays a history; refusals are part of it.
    pub fn play(&mut self, steps: &[Step]) {
        for step in steps {
            // A refusal changes nothing, and the properties look at what did change.
            let _refused = self.step(step);
        }
    }

    /// Plays one step.
    ///
    /// # Errors
    /// The engine's refusal.
    pub fn step(&mut self, step: &Step) -> Result<(), Rejection> {
        if let Step::Wait { secs, ticks } = step {
            self.wait(Span::from_secs(u64::from(*secs)));
            if *ticks {
                self.tick();
            }
            return Ok(());
        }
        if matches!(step, Step::Restart) && self.auditor.violations().is_empty() {
            self.restart();
        }
        let fact = self.request_of(step).or_else(|| self.evidence_of(step));
        let fact = fact.or_else(|| self.word_of(step)).or_else(|| self.record_of(step));
        let fact = fact.or_else(|| self.reckoning_of(step));
        match fact {
            Some(fact) => self.submit(fact).map(|ruling| match ruling {
                Ruling::Decided(_) | Ruling::Repeat(_) => (),
            }),
            None => Ok(()),
        }
    }

    fn ids(&self) -> Vec<OrderId> {
        self.state.orders().map(|row| row.id).collect()
    }

    fn amount_of(&self, price: &Price) -> Amount {
        let of = |target: Target| {
            let ids = self.ids();
            let row = pick(&ids, target).and_then(|id| self.state.order(*id));
            row.map_or(100, |row| row.payable)
        };
        match price {
            Price::Of(target) => Amount::fen(of(*target)),
            Price::Near(target, by) => Amount::fen(of(*target).saturating_add(i64::from(*by))),
            Price::Fen(fen) => Amount::fen(*fen),
            Price::Foreign(target) => Amount::from_minor(of(*target), Currency::Jpy),
        }
    }

    fn sent_at(&self, sent: &SentAt) -> Option<Timestamp> {
        match sent {
            SentAt::Unsaid => None,
            SentAt::Skewed(i32::MIN) => Some(Timestamp::MIN),
            SentAt::Skewed(i32::MAX) => Some(Timestamp::MAX),
            SentAt::Skewed(skew) => Some(Timestamp::from_micros(
                self.at.micros().saturating_add(seconds(*skew).saturating_mul(1_000_000)),
            )),
            SentAt::During(target, later) => {
                let ids = self.ids();
                let row = pick(&ids, *target).and_then(|id| self.state.order(*id));
                row.map(|row| row.created_at.plus(Span::from_secs(u64::from(*later))))
            }
        }
    }

    fn text_of(&self, reference: &Reference) -> String {
        let requests: Vec<(OrderId, &str)> = self
            .log
            .iter()
            .filter_map(|entry| {
                let Fact::OrderRequested(request) = &entry.fact else { return None };
                Some((request.order, request.number.as_str()))
            })
            .collect();
        match reference {
            Reference::Id(target) => pick(&requests, *target).map(|(id, _)| id.to_string()),
            Reference::Number(target) => pick(&requests, *target).map(|(_, n)| n.to_string()),
            Reference::Stranger(seed) => Some(OrderId::from_bits(u128::from(*seed)).to_string()),
            Reference::Word(seed) => Some(format!("N{seed}")),
        }
        .unwrap_or_default()
    }

    fn deliveries(&self) -> Vec<&crate::fact::NotificationReceived> {
        let received = self.log.iter().filter_map(|entry| {
            let Fact::NotificationReceived(received) = &entry.fact else { return None };
            Some(received)
        });
        received.collect()
    }

    /// What merchants ask for.
    fn request_of(&mut self, step: &Step) -> Option<Fact> {
        let ids = self.ids();
        let note = || String::from("test");
        Some(match step {
            Step::Order { merchant, number, price, channel, ttl, key } => {
                let name = MERCHANTS[usize::from(*merchant)];
                let mut request = order(name, &format!("N{number}"), *price);
                request.order = OrderId::from_bits(self.draw_bits("order"));
                request.channels = channel.map(|c| CHANNELS[usize::from(c)]).into_iter().collect();
                request.ttl = ttl.map(|secs| Span::from_secs(u64::from(secs)));
                if number % 3 == 0 {
                    request.dialect = Dialect::Vmq;
                }
                if *key < 3 {
                    request.idempotency =
                        Some(idempotency_key(&request.merchant, &format!("K{key}")));
                }
                Fact::OrderRequested(request)
            }
            Step::Close { order, by } => Fact::OrderCloseRequested(OrderCloseRequested {
                order: *pick(&ids, *order)?,
                by: match MERCHANTS.get(usize::from(*by)) {
                    Some(name) => Closer::Merchant(MerchantId::new(name).ok()?),
                    None => Closer::Operator(note()),
                },
            }),
            Step::Refund { order, number, fen } => {
                let order = *pick(&ids, *order)?;
                let merchant = self.state.merchant_of(self.state.order(order)?).id.clone();
                Fact::RefundRequested(RefundRequested {
                    refund: RefundId::from_bits(self.draw_bits("refund")),
                    merchant,
                    order,
                    number: format!("R{number}"),
                    amount: Amount::fen(*fen),
                    reason: note(),
                })
            }
            Step::Push { .. }
            | Step::Again { .. }
            | Step::Strange { .. }
            | Step::Beat { .. }
            | Step::Attempt { .. }
            | Step::Redeliver { .. }
            | Step::Advance { .. }
            | Step::Assign { .. }
            | Step::Dismiss { .. }
            | Step::Judge { .. }
            | Step::Policy { .. }
            | Step::Watch { .. }
            | Step::Wait { .. }
            | Step::Books(_)
            | Step::Reckon(_)
            | Step::Restart => return None,
        })
    }

    /// What devices and endpoints say.
    // tidy: long because each arm is one kind of delivery
    fn evidence_of(&mut self, step: &Step) -> Option<Fact> {
        Some(match step {
            Step::Push { device, price, sent, named, channel } => {
                let amount = self.amount_of(price);
                let number = self.draw();
                let mut received = money(DEVICES[usize::from(*device)], number, amount.minor());
                received.reading = Reading::Money {
                    amount,
                    channel: channel.map(|c| CHANNELS[usize::from(c)]),
                    sent_at: self.sent_at(sent),
                    references: named.iter().map(|one| self.text_of(one)).collect(),
                };
                Fact::NotificationReceived(received)
            }
            Step::Again { which, other_content } => {
                let mut received = (*pick(&self.deliveries(), *which)?).clone();
                received.notification = NotificationId::from_bits(self.draw_bits("again"));
                if *other_content {
                    received.content = Digest::of(&[b"other", &received.content.bytes()]);
                }
                Fact::NotificationReceived(received)
            }
            Step::Strange { device, kind } => {
                let number = self.draw();
                let mut received = money(DEVICES[usize::from(*device)], number, 1);
                received.reading = match kind {
                    0 => Reading::Ignored,
                    1 => Reading::Unreadable,
                    2 => Reading::Forged,
                    _ => {
                        received.device = None;
                        received.reading
                    }
                };
                Fact::NotificationReceived(received)
            }
            Step::Beat { device, skew } => Fact::HeartbeatReceived(HeartbeatReceived {
                device: DeviceId::new(DEVICES[usize::from(*device)]).ok()?,
                sent_at: skew.and_then(|skew| self.sent_at(&SentAt::Skewed(skew))),
            }),
            Step::Attempt { which, outcome } => {
                let pending: Vec<CallbackId> =
                    self.state.pending_callbacks().map(|(id, _)| id).collect();
                Fact::CallbackAttempted(CallbackAttempted {
                    callback: *pick(&pending, *which)?,
                    outcome: match outcome {
                        0 => AttemptOutcome::Acknowledged { status: 200 },
                        1 => AttemptOutcome::Gone,
                        2 => AttemptOutcome::Unreachable,
                        3 => AttemptOutcome::AddressRefused,
                        4 => AttemptOutcome::Unsendable,
                        5 => AttemptOutcome::Answered { status: 500, retry_after: None },
                        _ => AttemptOutcome::Answered {
                            status: 503,
                            retry_after: Some(Span::from_hours(9)),
                        },
                    },
                    took: Span::from_millis(5),
                    excerpt: String::new(),
                    jitter_ppm: 100_000,
                })
            }
            Step::Order { .. }
            | Step::Close { .. }
            | Step::Redeliver { .. }
            | Step::Refund { .. }
            | Step::Advance { .. }
            | Step::Assign { .. }
            | Step::Dismiss { .. }
            | Step::Judge { .. }
            | Step::Policy { .. }
            | Step::Watch { .. }
            | Step::Wait { .. }
            | Step::Books(_)
            | Step::Reckon(_)
            | Step::Restart => return None,
        })
    }

    /// What people say.
    // tidy: long because each arm is one kind of word
    fn word_of(&mut self, step: &Step) -> Option<Fact> {
        let ids = self.ids();
        let note = || String::from("test");
        Some(match step {
            Step::Redeliver { order, number } => Fact::RedeliveryRequested(RedeliveryRequested {
                callback: CallbackId { order: *pick(&ids, *order)?, number: *number },
                by: note(),
            }),
            Step::Advance { which, step } => {
                let refunds: Vec<RefundId> = self.state.refunds().map(|(id, _)| id).collect();
                let steps = [
                    RefundStep::Approve,
                    RefundStep::Send,
                    RefundStep::Confirm,
                    RefundStep::Decline,
                ];
                Fact::RefundStepTaken(RefundStepTaken {
                    refund: *pick(&refunds, *which)?,
                    step: steps[usize::from(*step)],
                    by: note(),
                    evidence: note(),
                })
            }
            Step::Assign { payment, order } => {
                let held: Vec<PaymentId> = self.state.held_payments().map(|(id, _)| id).collect();
                Fact::PaymentAssigned(PaymentAssigned {
                    payment: *pick(&held, *payment)?,
                    order: *pick(&ids, *order)?,
                    by: note(),
                    reason: note(),
                })
            }
            Step::Dismiss { payment } => {
                let held: Vec<PaymentId> = self.state.held_payments().map(|(id, _)| id).collect();
                Fact::PaymentDismissed(PaymentDismissed {
                    payment: *pick(&held, *payment)?,
                    by: note(),
                    reason: note(),
                })
            }
            Step::Judge { which, price, money } => Fact::EvidenceJudged(EvidenceJudged {
                notification: pick(&self.deliveries(), *which)?.notification,
                judgement: if *money {
                    Judgement::Money {
                        wallet: WalletId::new("wx").ok()?,
                        amount: self.amount_of(price),
                        paid_at: self.at.minus(Span::from_secs(30)),
                    }
                } else {
                    Judgement::NotMoney
                },
                by: note(),
                reason: note(),
            }),
            Step::Policy { kind } => {
                let mut policy = self.state.policy().clone();
                match kind {
                    0 => policy.step = Direction::Down,
                    1 => policy.step = Direction::Nearest,
                    2 => policy.late = LateRule::Hold,
                    3 => policy.late = LateRule::Settle,
                    4 => policy.quarantine = Span::from_mins(3),
                    5 => policy.max_offset = 2,
                    6 => policy.max_offset = 0,
                    _ => policy.lookback = Span::from_mins(20),
                }
                policy_fact(policy)
            }
            Step::Watch { device: name, kind } => {
                let all = ["wx", "ali", "box"];
                let wallets = match kind {
                    0..3 => &all[..=usize::from(*kind)],
                    3 => &all[1..2],
                    // The second wallet becomes one of the first's network, or its own again.
                    4 => return Some(Fact::WalletDeclared(wallet("ali", Channel::Wechat))),
                    _ => return Some(Fact::WalletDeclared(wallet("ali", Channel::Alipay))),
                };
                Fact::DeviceDeclared(device(DEVICES[usize::from(*name)], wallets))
            }
            Step::Order { .. }
            | Step::Push { .. }
            | Step::Again { .. }
            | Step::Strange { .. }
            | Step::Beat { .. }
            | Step::Close { .. }
            | Step::Attempt { .. }
            | Step::Refund { .. }
            | Step::Wait { .. }
            | Step::Books(_)
            | Step::Reckon(_)
            | Step::Restart => return None,
        })
    }
}
