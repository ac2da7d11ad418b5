//! The checker must see what is wrong: matchers of the usual kind, and right outcomes with one
//! thing changed. A checker that finds these right would find everything right.

use duizhang_core::breaks::{BreakCode, Direction};
use duizhang_core::grade::Grade;
use duizhang_core::reconciliation::{
    By, Class, Finding, Flaw, Handling, Link, Outcome, Pair, check,
};

use crate::oracle::may;
use crate::world::{Ours, Theirs, World, narrow, paid, stated};

/// A matcher that takes for each payment some line that it may have, by a rank of its own.
fn grasping(world: &World, rank: impl Fn(&Ours, &Theirs) -> i64) -> Outcome {
    let mut outcome = Outcome::default();
    let lone = |class, code, direction| Finding { class, code, direction, link: Link::None };
    let only_ours = lone(Class::OnlyOurs, Some(BreakCode::OverdueStatement), Direction::Out);
    let only_channel = lone(Class::OnlyChannel, Some(BreakCode::OrphanPayment), Direction::In);
    outcome.payments = vec![only_ours; world.ours.len()];
    outcome.lines = vec![only_channel; world.theirs.len()];
    for (p, ours) in world.ours.iter().enumerate() {
        let free =
            world.theirs.iter().enumerate().filter(|(l, _)| outcome.lines[*l].link == Link::None);
        let Some((l, _)) = free.filter(|(_, t)| may(ours, t)).min_by_key(|(_, t)| rank(ours, t))
        else {
            continue;
        };
        let link = Link::Pair(narrow(outcome.pairs.len()));
        let matched =
            Finding { class: Class::Matched, code: None, direction: Direction::Neutral, link };
        (outcome.payments[p], outcome.lines[l]) = (matched, matched);
        outcome.pairs.push(Pair {
            payment: narrow(p),
            line: narrow(l),
            by: By::Slot,
            grade: Grade::Isolated,
            handling: Handling::Automatic,
        });
    }
    outcome
}

fn flaws(world: &World, outcome: &Outcome) -> Vec<Flaw> {
    let (payments, lines) = world.sides();
    check(&payments, &lines, &world.terms, outcome)
}

fn collision() -> World {
    World::new(
        &[paid(1, 10, 3), paid(2, 10, 4), paid(3, 77, 0)],
        &[stated(1, 10, 0), stated(2, 10, 1), stated(3, 77, 0)],
    )
}

#[test]
fn first_fit_and_nearest_time_are_caught_where_something_collides() {
    let world = collision();
    for outcome in [
        grasping(&world, |_, _| 0),
        grasping(&world, |ours, theirs| (ours.at - theirs.line.time.secs()).abs()),
    ] {
        assert_eq!(flaws(&world, &outcome), [Flaw::NotSole(0), Flaw::NotSole(1)]);
    }
    let alone = World::new(&world.ours[2..], &world.theirs[2..]);
    assert_eq!(
        flaws(&alone, &grasping(&alone, |_, _| 0)),
        [],
        "and where nothing does they are right"
    );
}

#[test]
fn a_greedy_matching_that_is_not_largest_is_caught() {
    // The first payment could leave the second line to the second payment, and does not.
    let world =
        World::new(&[paid(1, 10, 15), paid(2, 10, 25)], &[stated(1, 10, 0), stated(2, 10, 10)]);
    let outcome = grasping(&world, |_, theirs| -theirs.line.time.secs());
    assert_eq!(outcome.pairs.len(), 1);
    assert!(flaws(&world, &outcome).contains(&Flaw::NotSole(0)));
}

fn changed(change: impl Fn(&mut Outcome)) -> Vec<Flaw> {
    let world = collision();
    let mut outcome = world.outcome();
    change(&mut outcome);
    flaws(&world, &outcome)
}

#[test]
fn whatever_is_changed_is_seen() {
    assert_eq!(changed(|_| ()), []);
    assert_eq!(
        changed(|o| {
            o.lines.pop();
        }),
        [Flaw::Count]
    );
    assert_eq!(
        changed(|o| {
            o.pairs.pop();
        }),
        [Flaw::PaymentLink(2), Flaw::LineLink(2)]
    );
    assert_eq!(changed(|o| o.payments[2].link = Link::None), [Flaw::PaymentLink(2)]);
    assert_eq!(changed(|o| o.payments[2].class = Class::OnlyOurs), [Flaw::PaymentLink(2)]);
    assert_eq!(changed(|o| o.pairs.push(o.pairs[0])), [Flaw::PaymentLink(2), Flaw::LineLink(2)]);
    assert_eq!(changed(|o| o.pairs[0].by = By::Serial), [Flaw::Unfounded(0)]);
    assert_eq!(changed(|o| o.groups[0].turns.clear()), [Flaw::Unshown(0)]);
    assert_eq!(changed(|o| o.groups[0].turns[0].instead.truncate(1)), [Flaw::Turn(0)]);
    assert_eq!(changed(|o| o.groups[0].heights = vec![2, 1]), [Flaw::Heights(0)]);
    assert_eq!(changed(|o| o.groups[0].matching[0] = o.groups[0].matching[1]), [Flaw::Matching(0)]);
    assert_eq!(changed(|o| o.groups[0].matching = vec![None; 2]), [Flaw::Heights(0)]);
    assert_eq!(changed(|o| o.groups[0].heights.clear()), [Flaw::Matching(0)]);
}

#[test]
fn a_forced_pair_must_stand_alone_and_is_never_automatic() {
    let world =
        World::new(&[paid(1, 10, 0), paid(2, 10, 15)], &[stated(1, 10, 0), stated(2, 10, 15)]);
    let outcome = world.outcome();
    let mut level = outcome.clone();
    level.groups[0].heights = vec![1, 1];
    assert_eq!(flaws(&world, &level), [Flaw::Heights(0)]);
    let mut automatic = outcome;
    automatic.pairs[0].handling = Handling::Automatic;
    assert_eq!(flaws(&world, &automatic), [Flaw::NotAutomatic(0)]);
}

#[test]
fn a_missed_pair_and_a_torn_group_are_seen() {
    let world = World::new(&[paid(1, 10, 0)], &[stated(1, 10, 0)]);
    let missed = grasping(&World::new(&world.ours, &[]), |_, _| 0);
    let mut outcome = world.outcome();
    outcome.pairs.clear();
    outcome.payments = missed.payments;
    outcome.lines[0] = Finding { class: Class::OnlyChannel, link: Link::None, ..outcome.lines[0] };
    assert_eq!(flaws(&world, &outcome), [Flaw::PaymentNotLone(0), Flaw::LineNotLone(0)]);
    let torn = changed(|o| {
        let group = &mut o.groups[0];
        group.payments.pop();
        group.matching.pop();
        group.heights.pop();
        group.grades.pop();
        let only = Finding {
            class: Class::OnlyOurs,
            code: None,
            direction: Direction::Out,
            link: Link::None,
        };
        o.payments[1] = only;
    });
    assert!(torn.contains(&Flaw::GroupNotClosed(0)), "{torn:?}");
}
