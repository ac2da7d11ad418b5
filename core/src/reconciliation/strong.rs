//! Pairs by keys that name one payment: the channel's serial first, then our order number.
//!
//! Equal contents under one serial are copies: the first stays, the others name it. Contents that
//! exclude each other under one key are a conflict, in which nothing is paired. Two different
//! serials under one order number never make a pair: a differing strong key is a veto.
//!
//! Invariants: what is paired here was named by both sides; nothing is chosen among several.
//! Deliberately not here: whether the two sides of a pair agree (`classify.rs`).

use alloc::vec::Vec;

use super::draft::Draft;
use super::index::{narrow, wide};
use super::input::{Lines, Payments};
use super::keys::{Key, Origin, couples, runs};
use super::outcome::{Bundle, BundleKind, By, Handling, Link, Pair};
use super::side::{Item, Side};
use crate::grade::Grade;
use crate::statement::LineKind;

/// The two sides of a run of equal keys, of one kind of money.
struct Run {
    payments: Vec<u32>,
    lines: Vec<u32>,
}

pub(super) struct Strong<'a> {
    payments: &'a Side,
    lines: &'a Side,
}

impl<'a> Strong<'a> {
    pub(super) fn new(payments: &'a Payments, lines: &'a Lines) -> Self {
        Self { payments: &payments.side, lines: &lines.side }
    }

    fn item(&self, key: &Key) -> &'a Item {
        let side = match key.origin {
            Origin::Payment => self.payments,
            Origin::Line => self.lines,
        };
        &side.items[wide(key.index)]
    }

    /// Pairs by serial.
    pub(super) fn by_serial(&self, draft: &mut Draft) {
        let text = |key: &Key| match key.origin {
            Origin::Payment => self.payments.serial(self.item(key)),
            Origin::Line => self.lines.serial(self.item(key)),
        };
        let ours = self.payments.serials(Origin::Payment);
        let (couples, mut keys) =
            couples(self.payments.items.len(), &ours, &self.lines.serials(Origin::Line));
        for (payment, line) in couples {
            let ours = &self.payments.items[wide(payment)];
            let theirs = &self.lines.items[wide(line)];
            if ours.kind == theirs.kind && self.payments.serial(ours) == self.lines.serial(theirs) {
                draft.pair(certain(payment, line, By::Serial));
            }
        }
        runs(&mut keys, text, |run| {
            for kind in [LineKind::PayIn, LineKind::RefundOut, LineKind::Withdrawal] {
                self.settle_serial(self.of_kind(run, kind), draft);
            }
            self.copies_of_excluded(run, draft);
        });
    }

    /// The items with a text, open ones only.
    fn collect(
        &self,
        draft: &Draft,
        of_payment: impl Fn(&'a Side, &'a Item) -> &'a [u8],
        of_line: impl Fn(&'a Side, &'a Item) -> &'a [u8],
        keys: &mut Vec<Key>,
    ) {
        for (index, item) in self.payments.items.iter().enumerate() {
            let text = of_payment(self.payments, item);
            if !text.is_empty() && draft.payment_open(narrow(index)) {
                keys.push(Key::new(text, Origin::Payment, narrow(index)));
            }
        }
        for (index, item) in self.lines.items.iter().enumerate() {
            let text = of_line(self.lines, item);
            if !text.is_empty() && draft.line_open(narrow(index)) {
                keys.push(Key::new(text, Origin::Line, narrow(index)));
            }
        }
    }

    /// The items of one kind, each side by id, so that the first does not depend on pushing.
    fn of_kind(&self, run: &[Key], kind: LineKind) -> Run {
        let of = |origin: Origin| {
            let mut keys: Vec<&Key> = run
                .iter()
                .filter(|key| key.origin == origin && self.item(key).kind == kind)
                .collect();
            keys.sort_unstable_by_key(|key| self.item(key).id);
            keys.into_iter().map(|key| key.index).collect()
        };
        Run { payments: of(Origin::Payment), lines: of(Origin::Line) }
    }

    fn settle_serial(&self, run: Run, draft: &mut Draft) {
        let payments_agree = agree(self.payments, &run.payments, same_payment);
        let lines_agree = agree(self.lines, &run.lines, same_line);
        if !payments_agree || !lines_agree {
            draft.bundle(conflict(run));
            return;
        }
        mark_copies(&run.payments, &mut draft.payments);
        mark_copies(&run.lines, &mut draft.lines);
        if let (Some(payment), Some(line)) = (run.payments.first(), run.lines.first()) {
            draft.pair(certain(*payment, *line, By::Serial));
        }
    }

    /// Lines that no payment of ours can explain may be copies all the same.
    fn copies_of_excluded(&self, run: &[Key], draft: &mut Draft) {
        let mut lines: Vec<u32> = run
            .iter()
            .filter(|key| key.origin == Origin::Line && draft.line_open(key.index))
            .map(|key| key.index)
            .collect();
        let item = |index: u32| &self.lines.items[wide(index)];
        lines.sort_unstable_by_key(|index| (item(*index).kind, item(*index).id));
        for kind in lines.chunk_by(|a, b| same_line(item(*a), item(*b))) {
            if !is_ours(item(kind[0]).kind) {
                mark_copies(kind, &mut draft.lines);
            }
        }
    }

    /// Pairs refunds by the serial of the payment that they give back, where the amount agrees and
    /// nothing else is meant.
    pub(super) fn by_base(&self, draft: &mut Draft) {
        let refund = |item: &Item| item.kind == LineKind::RefundOut;
        let of_refunds = |side: &'a Side, item: &'a Item| {
            if refund(item) { side.base(item) } else { &[] }
        };
        let mut keys = Vec::new();
        self.collect(draft, of_refunds, of_refunds, &mut keys);
        let text = |key: &Key| match key.origin {
            Origin::Payment => self.payments.base(self.item(key)),
            Origin::Line => self.lines.base(self.item(key)),
        };
        runs(&mut keys, text, |run| {
            for ours in run.iter().filter(|key| key.origin == Origin::Payment) {
                let like = |key: &&Key| same_money(self.item(key), self.item(ours));
                let rivals = run.iter().filter(like).filter(|key| key.origin == Origin::Payment);
                let mut found = run.iter().filter(like).filter(|key| key.origin == Origin::Line);
                if let (1, Some(line), None) = (rivals.count(), found.next(), found.next()) {
                    draft.pair(certain(ours.index, line.index, By::Base));
                }
            }
        });
    }

    /// Pairs by order number.
    pub(super) fn by_order(&self, draft: &mut Draft) {
        let mut keys = Vec::new();
        self.collect(draft, Side::order, Side::order, &mut keys);
        let text = |key: &Key| match key.origin {
            Origin::Payment => self.payments.order(self.item(key)),
            Origin::Line => self.lines.order(self.item(key)),
        };
        runs(&mut keys, text, |run| {
            for kind in [LineKind::PayIn, LineKind::RefundOut, LineKind::Withdrawal] {
                self.settle_order(self.of_kind(run, kind), draft);
            }
        });
    }

    /// Open lines under an order number that a paired payment has: their order has its money.
    pub(super) fn second_money(&self, draft: &Draft) -> Vec<u32> {
        let mut keys: Vec<Key> = Vec::new();
        for (index, item) in self.lines.items.iter().enumerate() {
            let order = self.lines.order(item);
            let open = draft.line_open(narrow(index)) && item.kind == LineKind::PayIn;
            if open && !order.is_empty() {
                keys.push(Key::new(order, Origin::Line, narrow(index)));
            }
        }
        let mut found: Vec<u32> = Vec::new();
        if keys.is_empty() {
            return found;
        }
        Key::sort(&mut keys);
        for (index, item) in self.payments.items.iter().enumerate() {
            let order = self.payments.order(item);
            let paired = matches!(draft.payments[index], Link::Pair(_));
            if paired && item.kind == LineKind::PayIn {
                let like = Key::new(order, Origin::Payment, 0);
                let same = |key: &&Key| self.lines.order(self.item(key)) == order;
                found.extend(like.alike(&keys).iter().filter(same).map(|key| key.index));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn settle_order(&self, run: Run, draft: &mut Draft) {
        let named = |side: &Side, index: u32| !side.serial(&side.items[wide(index)]).is_empty();
        let vetoed = run.payments.iter().any(|payment| named(self.payments, *payment))
            && run.lines.iter().any(|line| named(self.lines, *line));
        if vetoed {
            return;
        }
        match (run.payments.as_slice(), run.lines.as_slice()) {
            ([], _) | (_, []) => {}
            ([payment], [line]) => draft.pair(certain(*payment, *line, By::Order)),
            (many, [one]) if self.adds_up(self.lines, *one, self.payments, many) => {
                draft.bundle(split(run));
            }
            ([one], many) if self.adds_up(self.payments, *one, self.lines, many) => {
                draft.bundle(split(run));
            }
            _ => draft.bundle(conflict(run)),
        }
    }

    /// Whether one item has exactly the amount of all others.
    fn adds_up(&self, of_one: &Side, one: u32, of_many: &Side, many: &[u32]) -> bool {
        let one = &of_one.items[wide(one)];
        let items = many.iter().map(|index| &of_many.items[wide(*index)]);
        let sum = items.clone().try_fold(0_i64, |sum, item| sum.checked_add(item.amount));
        sum == Some(one.amount) && items.clone().all(|item| item.currency == one.currency)
    }
}

/// Whether some payment of ours could explain a line of this kind.
pub(super) fn is_ours(kind: LineKind) -> bool {
    match kind {
        LineKind::PayIn | LineKind::RefundOut | LineKind::Withdrawal => true,
        LineKind::PayOut
        | LineKind::RefundIn
        | LineKind::Fee
        | LineKind::FeeBack
        | LineKind::Transfer
        | LineKind::Neutral
        | LineKind::Unknown => false,
    }
}

const fn certain(payment: u32, line: u32, by: By) -> Pair {
    Pair { payment, line, by, grade: Grade::Isolated, handling: Handling::Automatic }
}

fn same_money(a: &Item, b: &Item) -> bool {
    (a.amount, a.currency) == (b.amount, b.currency)
}

fn same_payment(a: &Item, b: &Item) -> bool {
    same_money(a, b) && Side::set_of(a) == Side::set_of(b)
}

fn same_line(a: &Item, b: &Item) -> bool {
    let of = |item: &Item| {
        (item.amount, item.currency, item.kind, item.status, item.refunded, item.time, item.fee)
    };
    of(a) == of(b) && Side::set_of(a) == Side::set_of(b)
}

fn agree(side: &Side, items: &[u32], same: impl Fn(&Item, &Item) -> bool) -> bool {
    let item = |index: u32| &side.items[wide(index)];
    items.windows(2).all(|pair| same(item(pair[0]), item(pair[1])))
}

fn mark_copies(items: &[u32], links: &mut [Link]) {
    if let Some((first, copies)) = items.split_first() {
        copies.iter().for_each(|copy| links[wide(*copy)] = Link::CopyOf(*first));
    }
}

fn conflict(run: Run) -> Bundle {
    let Run { payments, lines } = run;
    Bundle { kind: BundleKind::Conflict, payments, lines, alternatives: Vec::new() }
}

fn split(run: Run) -> Bundle {
    let Run { payments, lines } = run;
    Bundle { kind: BundleKind::Split, payments, lines, alternatives: Vec::new() }
}
