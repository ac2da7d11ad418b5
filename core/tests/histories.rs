//! Random histories that collide, and what must hold after each of their facts.
//!
//! Deliberately not here: single rules by example (`rules.rs`), other engines (`canaries.rs`).

use duizhang_core::decide::{Repeat, Ruling, decide};
use duizhang_core::decision::Decision;
use duizhang_core::fact::Fact;
use duizhang_core::notification::Verdict;
use duizhang_core::policy::Policy;
use duizhang_core::state::State;
use duizhang_core::testing::{Book, Entry, Step, history};
use proptest::prelude::*;

fn replayed(log: &[Entry]) -> State {
    let mut state = State::new();
    for Entry { position, at, fact, decisions } in log {
        assert_eq!(decide(&state, *at, fact), Ok(Ruling::Decided(decisions.clone())), "{fact:?}");
        state.evolve(*position, *at, fact, decisions);
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_invariant_holds_after_every_fact(steps in history(120)) {
        let mut book = Book::default();
        for step in &steps {
            let _refused = book.step(step);
            prop_assert_eq!(book.violations(), vec![], "after {:?}", step);
        }
    }

    #[test]
    fn rebuilding_and_deciding_again_give_the_live_state(steps in history(120)) {
        let mut book = Book::default();
        book.play(&steps);
        prop_assert_eq!(book.rebuilt().fingerprint(), book.state.fingerprint());
        prop_assert_eq!(replayed(&book.log).fingerprint(), book.state.fingerprint());
    }

    /// Restarts are the only grouping that the rules could see: a history with one at every step
    /// ends as one with none.
    #[test]
    fn grouping_does_not_matter(steps in history(60)) {
        let plain: Vec<Step> =
            steps.into_iter().filter(|step| !matches!(step, Step::Restart)).collect();
        let mut live = Book::default();
        live.play(&plain);
        let mut cut = Book::default();
        for step in &plain {
            let _refused = cut.step(step);
            cut.restart();
        }
        prop_assert_eq!(&live.log, &cut.log);
        prop_assert_eq!(live.state.fingerprint(), cut.state.fingerprint());
    }

    #[test]
    fn deciding_twice_gives_the_same_and_changes_nothing(steps in history(60)) {
        let mut book = Book::default();
        book.play(&steps);
        let facts: Vec<Fact> = book.log.iter().map(|entry| entry.fact.clone()).collect();
        let before = book.state.fingerprint();
        for fact in &facts {
            prop_assert_eq!(
                decide(&book.state, book.at, fact),
                decide(&book.rebuilt(), book.at, fact)
            );
        }
        prop_assert_eq!(before, book.state.fingerprint());
    }

    /// What was asked before is answered from what there is: no money moves, whatever is sent
    /// again.
    #[test]
    fn a_repeat_changes_nothing(steps in history(80)) {
        let mut book = Book::default();
        book.play(&steps);
        let facts: Vec<Fact> = book.log.iter().map(|entry| entry.fact.clone()).collect();
        for fact in facts {
            let again = matches!(
                fact,
                Fact::OrderRequested(_) | Fact::NotificationReceived(_) | Fact::RefundRequested(_)
                    | Fact::MerchantDeclared(_) | Fact::WalletDeclared(_) | Fact::DeviceDeclared(_)
            );
            let undone = matches!(
                &fact,
                Fact::WalletDeclared(one)
                    if book.state.wallet(&one.id).is_none_or(|known| known.declared != *one)
            );
            if !again || undone {
                continue;
            }
            let before = book.state.money_fingerprint();
            match book.submit(fact.clone()) {
                Ok(Ruling::Repeat(Repeat::Callback(_))) => prop_assert!(false, "{:?}", fact),
                Ok(Ruling::Repeat(_)) | Err(_) => {}
                Ok(Ruling::Decided(decisions)) => {
                    let only_a_verdict = decisions.iter().all(|decision| matches!(
                        decision,
                        Decision::DeviceReturned { .. } | Decision::NotificationJudged {
                            verdict: Verdict::Repeat { .. } | Verdict::Forged
                                | Verdict::Conflict { .. },
                            ..
                        }
                    ));
                    prop_assert!(only_a_verdict, "{:?}", decisions);
                    // A conflict opens a question again; that is not money, and it is the only
                    // change.
                    let asks = decisions.iter().any(|decision| matches!(
                        decision,
                        Decision::NotificationJudged { verdict: Verdict::Conflict { .. }, .. }
                    ));
                    prop_assert!(asks || before == book.state.money_fingerprint());
                }
            }
        }
    }
}

#[test]
fn two_hundred_orders_of_one_price_are_each_settled_by_their_own_payment() {
    use duizhang_core::order::OrderStatus;
    use duizhang_core::testing::drawn_bits;
    let policy = Policy { max_offset: 99, ..Policy::default() };
    let mut book = Book::new(policy);
    let orders: Vec<_> = (0..200).map(|n| book.open("shop", &format!("N{n}"), 1_000)).collect();
    let mut slots: Vec<_> =
        orders.iter().map(|id| (book.row(*id).wallet, book.row(*id).payable)).collect();
    slots.sort_unstable();
    slots.dedup();
    assert_eq!(slots.len(), 200, "each order has an amount of its own");
    let mut shuffled: Vec<_> = orders.iter().enumerate().collect();
    shuffled.sort_by_key(|(n, _)| drawn_bits("shuffle", u64::try_from(*n).expect("it is there")));
    for (n, order) in shuffled {
        let (wallet, payable) = (book.row(*order).wallet, book.row(*order).payable);
        let channel = book.state.wallets()[usize::from(wallet.number())].declared.channel;
        let mut received = book.money(payable);
        if let duizhang_core::fact::Reading::Money { channel: said, .. } = &mut received.reading {
            *said = Some(channel);
        }
        let decisions = book.notify(received.clone());
        let paid = decisions.iter().any(
            |decision| matches!(decision, Decision::OrderPaid { order: paid, .. } if paid == order),
        );
        assert!(paid, "{order} was not settled by its own payment: {decisions:?}");
        if n % 2 == 0 {
            let again = book.notify(received);
            assert_eq!(again.len(), 1, "{again:?}");
        }
    }
    assert!(orders.iter().all(|order| book.status(*order) == OrderStatus::Paid));
    assert_eq!(book.state.totals().matched, book.state.totals().observed);
    assert_eq!(book.violations(), vec![]);
}
