//! The auditor's part on deliveries: each has one verdict, the right one.
//!
//! Invariants: as for the auditor; nothing here asks the rules.
//! Deliberately not here: the money that a delivery tells of (`money`).

use alloc::format;

use super::auditor::Auditor;
use super::list::Invariant;
use crate::decision::Decision;
use crate::fact::NotificationReceived;
use crate::id::PaymentId;
use crate::notification::Verdict;

impl Auditor {
    /// A delivery has one verdict, and it is the one that its key and content ask for.
    pub(super) fn judge(&mut self, received: &NotificationReceived, decisions: &[Decision]) {
        let mut verdicts = decisions.iter().filter_map(|decision| {
            let Decision::NotificationJudged { notification, verdict } = decision else {
                return None;
            };
            (*notification == received.notification).then_some(*verdict)
        });
        let (Some(verdict), None) = (verdicts.next(), verdicts.next()) else {
            self.report(Invariant::OneVerdict, format!("not one: {}", received.notification));
            return;
        };
        let known = self.keys.get(&received.key).copied();
        let fresh = known.is_none();
        let right = match verdict {
            Verdict::Repeat { of } => known == Some((received.content, of)),
            Verdict::Conflict { with } => {
                known.is_some_and(|(content, first)| content != received.content && first == with)
            }
            Verdict::First | Verdict::Stale | Verdict::Ignored | Verdict::Unreadable => fresh,
            Verdict::Forged => received.authentic_device().is_none(),
        };
        self.expect(right, Invariant::OneVerdict, "the key and the content say otherwise");
        if received.authentic_device().is_some() {
            self.keys.entry(received.key).or_insert((received.content, received.notification));
        }
        match verdict {
            Verdict::First | Verdict::Stale => {
                self.payment_due = Some(PaymentId::of(received.notification));
            }
            Verdict::Conflict { .. } | Verdict::Unreadable => {
                self.questions.insert(received.notification);
            }
            Verdict::Repeat { .. } | Verdict::Ignored | Verdict::Forged => {}
        }
    }
}
