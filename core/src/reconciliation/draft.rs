//! What is decided so far: which items are still open, and what the others belong to.
//!
//! Invariants: an item is given away at most once.
//! Deliberately not here: who decides.

use alloc::vec;
use alloc::vec::Vec;

use super::index::{narrow, wide};
use super::outcome::{Bundle, Group, Link, Pair};

#[derive(Debug)]
pub(super) struct Draft {
    pub(super) payments: Vec<Link>,
    pub(super) lines: Vec<Link>,
    pub(super) pairs: Vec<Pair>,
    pub(super) groups: Vec<Group>,
    pub(super) bundles: Vec<Bundle>,
}

impl Draft {
    pub(super) fn new(payments: usize, lines: usize) -> Self {
        Self {
            payments: vec![Link::None; payments],
            lines: vec![Link::None; lines],
            pairs: Vec::with_capacity(payments.min(lines)),
            groups: Vec::new(),
            bundles: Vec::new(),
        }
    }

    pub(super) fn payment_open(&self, index: u32) -> bool {
        self.payments[wide(index)] == Link::None
    }

    pub(super) fn line_open(&self, index: u32) -> bool {
        self.lines[wide(index)] == Link::None
    }

    pub(super) fn pair(&mut self, pair: Pair) {
        assert!(self.payment_open(pair.payment), "a payment is paired once");
        assert!(self.line_open(pair.line), "a line is paired once");
        let link = Link::Pair(narrow(self.pairs.len()));
        self.payments[wide(pair.payment)] = link;
        self.lines[wide(pair.line)] = link;
        self.pairs.push(pair);
    }

    pub(super) fn bundle(&mut self, bundle: Bundle) {
        let link = Link::Bundle(narrow(self.bundles.len()));
        for payment in &bundle.payments {
            assert!(self.payment_open(*payment), "a payment is bundled once");
            self.payments[wide(*payment)] = link;
        }
        for line in &bundle.lines {
            assert!(self.line_open(*line), "a line is bundled once");
            self.lines[wide(*line)] = link;
        }
        self.bundles.push(bundle);
    }
}
