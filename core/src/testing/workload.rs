//! Histories that make collisions.
//!
//! Few amounts, few wallets, few merchants; pushes twice, with the same key and other content, late, out of order,
//! from clocks that are hours wrong; names that are right, foreign or strange; and everything in between cut by
//! restarts. A step names its target by a number that is taken modulo what there is, so every step means
//! something in every history and shrinking keeps it meaningful.
//! Deliberately not here: faults of disks and networks (the simulator).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

use proptest::prelude::*;

use super::book::Book;
use super::facts::{money, order, policy_fact};
use crate::amount::{Amount, Currency};
use crate::callback::{AttemptOutcome, CallbackId};
use crate::channel::Channel;
use crate::decide::Ruling;
use crate::digest::Digest;
use crate::fact::{
    CallbackAttempted, Closer, EvidenceJudged, Fact, HeartbeatReceived, Judgement,
    OrderCloseRequested, PaymentAssigned, Reading, RedeliveryRequested, RefundRequested,
    RefundStepTaken,
};
use crate::id::{DeviceId, MerchantId, NotificationId, OrderId, PaymentId, RefundId, WalletId};
use crate::order::{Dialect, idempotency_key};
use crate::policy::{LateRule, Step as Direction};
use crate::refund::RefundStep;
use crate::rejection::Rejection;
use crate::time::{Span, Timestamp};

/// One of what there is, by a number modulo the count.
pub type Target = usize;

/// How much a payment says.
#[derive(Clone, Debug)]
pub enum Price {
    /// What this order waits for.
    Of(Target),
    /// A little more or less than that.
    Near(Target, i8),
    /// This many fen.
    Fen(i64),
    /// In a currency that no order has.
    Foreign(Target),
}

/// When the device says that it happened.
#[derive(Clone, Debug)]
pub enum SentAt {
    /// It says nothing.
    Unsaid,
    /// Its clock differs from ours by so many seconds; the delivery was prompt.
    Skewed(i32),
    /// It was when this order was accepted, and this many seconds later.
    During(Target, u16),
}

/// What the payer wrote.
#[derive(Clone, Debug)]
pub enum Reference {
    /// The id of this order.
    Id(Target),
    /// The merchant's number of this order.
    Number(Target),
    /// The id of no order of ours.
    Stranger(u8),
    /// A word.
    Word(u8),
}

/// One thing that happens.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a step has the fields of its fact, small and by number")]
pub enum Step {
    Order { merchant: u8, number: u8, price: i64, channel: Option<u8>, ttl: Option<u16>, key: u8 },
    Push { device: u8, price: Price, sent: SentAt, named: Vec<Reference>, channel: Option<u8> },
    Again { which: Target, other_content: bool },
    Strange { device: u8, kind: u8 },
    Beat { device: u8, skew: Option<i32> },
    Wait { secs: u32, ticks: bool },
    Close { order: Target, by: u8 },
    Attempt { which: Target, outcome: u8 },
    Redeliver { order: Target, number: u16 },
    Refund { order: Target, number: u8, fen: i64 },
    Advance { which: Target, step: u8 },
    Assign { payment: Target, order: Target },
    Judge { which: Target, price: Price, money: bool },
    Policy { kind: u8 },
    Restart,
}

fn price() -> impl Strategy<Value = Price> {
    prop_oneof![
        8 => any::<Target>().prop_map(Price::Of),
        2 => (any::<Target>(), -2_i8..=2).prop_map(|(of, by)| Price::Near(of, by)),
        1 => (-1_i64..105).prop_map(Price::Fen),
        1 => any::<Target>().prop_map(Price::Foreign),
    ]
}

fn sent() -> impl Strategy<Value = SentAt> {
    prop_oneof![
        3 => Just(SentAt::Unsaid),
        2 => (-200_i32..200).prop_map(SentAt::Skewed),
        1 => (-20_000_i32..20_000).prop_map(SentAt::Skewed),
        1 => prop_oneof![Just(i32::MIN), Just(i32::MAX)].prop_map(SentAt::Skewed),
        3 => (any::<Target>(), 0_u16..400).prop_map(|(of, later)| SentAt::During(of, later)),
    ]
}

fn references() -> impl Strategy<Value = Vec<Reference>> {
    let one = prop_oneof![
        2 => any::<Target>().prop_map(Reference::Id),
        2 => any::<Target>().prop_map(Reference::Number),
        1 => any::<u8>().prop_map(Reference::Stranger),
        1 => (0_u8..6).prop_map(Reference::Word),
    ];
    prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(one, 1..3)]
}

/// One step of a history.
pub fn step() -> impl Strategy<Value = Step> {
    let order = (0_u8..3, 0_u8..12, 98_i64..103, prop::option::weighted(0.3, 0_u8..3))
        .prop_flat_map(|(merchant, number, price, channel)| {
            (prop::option::weighted(0.3, 0_u16..900), 0_u8..8).prop_map(move |(ttl, key)| {
                Step::Order { merchant, number, price, channel, ttl, key }
            })
        });
    let push = (0_u8..3, price(), sent(), references(), prop::option::weighted(0.3, 0_u8..3))
        .prop_map(|(device, price, sent, named, channel)| Step::Push {
            device,
            price,
            sent,
            named,
            channel,
        });
    let wait = prop_oneof![3 => 0_u32..120, 2 => 120_u32..1_500, 1 => Just(90_000_u32)];
    prop_oneof![
        10 => order,
        10 => push,
        3 => (any::<Target>(), any::<bool>())
            .prop_map(|(which, other_content)| Step::Again { which, other_content }),
        1 => (0_u8..3, 0_u8..4).prop_map(|(device, kind)| Step::Strange { device, kind }),
        2 => (0_u8..3, prop::option::of(-20_000_i32..20_000))
            .prop_map(|(device, skew)| Step::Beat { device, skew }),
        8 => (wait, prop::bool::weighted(0.8)).prop_map(|(secs, ticks)| Step::Wait { secs, ticks }),
        2 => (any::<Target>(), 0_u8..4).prop_map(|(order, by)| Step::Close { order, by }),
        4 => (any::<Target>(), 0_u8..6).prop_map(|(which, outcome)| Step::Attempt { which, outcome }),
        1 => (any::<Target>(), 0_u16..4).prop_map(|(order, number)| Step::Redeliver { order, number }),
        2 => (any::<Target>(), 0_u8..4, 0_i64..110)
            .prop_map(|(order, number, fen)| Step::Refund { order, number, fen }),
        2 => (any::<Target>(), 0_u8..4).prop_map(|(which, step)| Step::Advance { which, step }),
        2 => (any::<Target>(), any::<Target>())
            .prop_map(|(payment, order)| Step::Assign { payment, order }),
        1 => (any::<Target>(), price(), any::<bool>())
            .prop_map(|(which, price, money)| Step::Judge { which, price, money }),
        1 => (0_u8..6).prop_map(|kind| Step::Policy { kind }),
        1 => Just(Step::Restart),
    ]
}

/// A history of up to so many steps.
pub fn history(steps_max: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..steps_max)
}

fn pick<T>(all: &[T], target: Target) -> Option<&T> {
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
        match self.fact_of(step) {
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

    #[expect(clippy::too_many_lines, reason = "one arm for each step, straight")]
    fn fact_of(&mut self, step: &Step) -> Option<Fact> {
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
            Step::Close { order, by } => Fact::OrderCloseRequested(OrderCloseRequested {
                order: *pick(&ids, *order)?,
                by: match MERCHANTS.get(usize::from(*by)) {
                    Some(name) => Closer::Merchant(MerchantId::new(name).ok()?),
                    None => Closer::Operator(note()),
                },
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
                        4 => AttemptOutcome::Answered { status: 500, retry_after: None },
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
            Step::Redeliver { order, number } => Fact::RedeliveryRequested(RedeliveryRequested {
                callback: CallbackId { order: *pick(&ids, *order)?, number: *number },
                by: note(),
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
                    _ => policy.max_offset = 2,
                }
                policy_fact(policy)
            }
            Step::Wait { .. } | Step::Restart => return None,
        })
    }
}
