//! Random small worlds: with few amounts, few wallets and times close together, so that most of
//! them collide.

use duizhang_core::grade::Grade;
use duizhang_core::reconciliation::{Claim, Class, Link, Outcome, Turn, reconcile};
use duizhang_core::statement::Precision;
use proptest::prelude::*;

use crate::oracle::Oracle;
use crate::world::{DAY, Ours, Theirs, World, paid, stated, wide};

fn precision() -> impl Strategy<Value = Precision> {
    prop_oneof![4 => Just(Precision::Second), 1 => Just(Precision::Minute)]
}

fn some_ours() -> impl Strategy<Value = Ours> {
    let wallets = prop_oneof![
        5 => Just(vec![1]),
        1 => Just(vec![2]),
        1 => Just(vec![1, 2]),
        1 => Just(vec![2, 1, 3]),
    ];
    (wallets, 1..=2_i64, 0..120_i64, precision(), 0..8_u8).prop_map(
        |(wallets, fen, at, precision, keys)| Ours {
            wallets,
            precision,
            serial: if keys == 1 { "ours".to_owned() } else { String::new() },
            order: if keys == 2 { "ours".to_owned() } else { String::new() },
            ..paid(0, fen, at)
        },
    )
}

fn some_theirs() -> impl Strategy<Value = Theirs> {
    (1..=2_u16, 1..=2_i64, 0..120_i64, precision(), 0..8_u8).prop_map(
        |(wallet, fen, at, precision, keys)| {
            let mut one = Theirs { wallet, ..stated(0, fen, at) };
            one.line.precision = precision;
            one.line.serial = if keys == 1 { "theirs".to_owned() } else { String::new() };
            one.line.merchant_no = (keys == 2).then(|| "theirs".to_owned());
            one
        },
    )
}

prop_compose! {
    /// At most one item of each side has a key: copies and conflicts have a test of their own.
    fn world(most: usize)(
        ours in prop::collection::vec(some_ours(), 0..=most),
        theirs in prop::collection::vec(some_theirs(), 0..=most),
    ) -> World {
        let mut world = World::new(&ours, &theirs);
        let mut seen = false;
        for (id, one) in (1..).zip(&mut world.ours) {
            one.id = id;
            if !(one.serial.is_empty() && one.order.is_empty()) && std::mem::replace(&mut seen, true) {
                (one.serial, one.order) = (String::new(), String::new());
            }
        }
        let mut seen = false;
        for (number, one) in (1..).zip(&mut world.theirs) {
            one.line.number = number;
            let keyed = !one.line.serial.is_empty() || one.line.merchant_no.is_some();
            if keyed && std::mem::replace(&mut seen, true) {
                (one.line.serial, one.line.merchant_no) = (String::new(), None);
            }
        }
        world
    }
}

/// One wallet and one amount: everything collides.
fn crowd(most: usize) -> impl Strategy<Value = World> {
    world(most).prop_map(|mut world| {
        world.ours.iter_mut().for_each(|one| (one.fen, one.wallets) = (1, vec![1]));
        world.theirs.iter_mut().for_each(|one| {
            one.wallet = 1;
            one.line.gross = duizhang_core::amount::Amount::fen(1);
        });
        world
    })
}

fn without_keys(mut world: World) -> World {
    world.ours.iter_mut().for_each(|one| (one.serial, one.order) = <(String, String)>::default());
    world.theirs.iter_mut().for_each(|one| {
        (one.line.serial, one.line.merchant_no) = (String::new(), None);
    });
    world
}

/// What an outcome says by ids and line numbers, without any index.
fn said(world: &World, outcome: &Outcome) -> Vec<String> {
    let id = |index: &u32| world.ours[wide(*index)].id;
    let number = |index: &u32| world.theirs[wide(*index)].line.number;
    let link = |link: Link| match link {
        Link::Pair(at) => {
            let pair = outcome.pairs[wide(at)];
            format!(
                "{} {} {:?} {:?} {:?}",
                id(&pair.payment),
                number(&pair.line),
                pair.by,
                pair.grade,
                pair.handling
            )
        }
        Link::Group(at) => {
            let group = &outcome.groups[wide(at)];
            let turns: Vec<&Turn> = group.turns.iter().collect();
            let ids: Vec<u128> = group.payments.iter().map(id).collect();
            let numbers: Vec<u32> = group.lines.iter().map(number).collect();
            format!("{ids:?} {numbers:?} {:?} {:?} {turns:?}", group.matching, group.heights)
        }
        Link::Bundle(at) => format!("{:?}", outcome.bundles[wide(at)].kind),
        Link::CopyOf(_) => "copy".to_owned(),
        Link::None => "alone".to_owned(),
    };
    let payments = world.ours.iter().zip(&outcome.payments);
    let payments =
        payments.map(|(one, f)| format!("p{} {:?} {:?} {}", one.id, f.class, f.code, link(f.link)));
    let lines = world.theirs.iter().zip(&outcome.lines);
    let lines = lines.map(|(one, f)| {
        format!("l{} {:?} {:?} {}", one.line.number, f.class, f.code, link(f.link))
    });
    let mut all: Vec<String> = payments.chain(lines).collect();
    all.sort();
    all
}

/// Moves an item to another place of its side.
fn shuffled<T: Clone>(items: &[T], seed: usize) -> Vec<T> {
    let mut rest = items.to_vec();
    let mut out = Vec::new();
    let mut at = seed;
    while !rest.is_empty() {
        at = at.wrapping_mul(31).wrapping_add(17) % 1_000_003;
        out.push(rest.remove(at % rest.len()));
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn grades_and_classes_are_those_of_all_largest_matchings(world in world(6)) {
        Oracle::of(&world).agree(&world.outcome());
    }

    #[test]
    fn crowds_too(world in crowd(7)) {
        Oracle::of(&world).agree(&world.outcome());
    }
}

proptest! {
    #[test]
    fn the_order_of_pushing_decides_nothing(world in world(12), seed in 0..1_000_usize) {
        let mut other = world.clone();
        other.ours = shuffled(&world.ours, seed);
        other.theirs = shuffled(&world.theirs, seed + 1);
        prop_assert_eq!(said(&world, &world.outcome()), said(&other, &other.outcome()));
    }

    /// Two worlds at times far apart do not know of each other; a window that spans both joins them.
    #[test]
    fn what_lies_apart_is_judged_apart(one in crowd(6), two in crowd(6)) {
        let (one, two) = (without_keys(one), without_keys(two));
        let mut both = one.clone();
        for (mut later, id) in two.ours.iter().cloned().zip(101..) {
            (later.at, later.id) = (later.at + 1_000, id);
            both.ours.push(later);
        }
        for (mut later, number) in two.theirs.iter().cloned().zip(101..) {
            later.line.time = later.line.time.plus(duizhang_core::time::Span::from_secs(1_000));
            later.line.number = number;
            both.theirs.push(later);
        }
        let (first, second, joint) = (one.outcome(), two.outcome(), both.outcome());
        let grades = |outcome: &Outcome| -> Vec<Grade> {
            outcome.pairs.iter().map(|pair| pair.grade).collect()
        };
        let apart: Vec<Grade> = grades(&first).into_iter().chain(grades(&second)).collect();
        let count = |grade| move |one: &&Grade| **one == grade;
        for grade in [Grade::Isolated, Grade::Forced] {
            prop_assert_eq!(
                grades(&joint).iter().filter(count(grade)).count(),
                apart.iter().filter(count(grade)).count()
            );
        }
        prop_assert_eq!(joint.groups.len(), first.groups.len() + second.groups.len());
    }

    /// Crowds that no oracle could enumerate, against the certificates.
    #[test]
    fn certificates_hold_for_heavy_collisions(world in crowd(60)) {
        let outcome = world.outcome();
        let open = outcome.payments.iter().filter(|finding| finding.class == Class::Ambiguous);
        prop_assert!(open.count() <= world.ours.len());
    }

    /// Keys, copies, conflicts and amounts in every mixture: each item still ends in one class.
    #[test]
    fn any_mixture_of_keys_is_partitioned(
        world in world(8),
        keys in prop::collection::vec((0..4_u8, 0..4_u8, 0..4_u8), 16),
    ) {
        let mut world = world;
        let text = |number: u8| if number == 0 { String::new() } else { format!("K{number}") };
        for (one, (serial, order, claim)) in world.ours.iter_mut().zip(&keys) {
            (one.serial, one.order) = (text(*serial), text(*order));
            one.claim = [Claim::Order, Claim::Late, Claim::Twice, Claim::Orphan][usize::from(*claim)];
        }
        for (one, (serial, order, _)) in world.theirs.iter_mut().zip(keys.iter().skip(8)) {
            one.line.serial = text(*serial);
            one.line.merchant_no = Some(text(*order));
        }
        world.terms.parts_max = 3;
        let outcome = world.outcome();
        let (mut payments, mut lines) = world.sides();
        payments.sort_ahead();
        lines.sort_ahead();
        prop_assert_eq!(&outcome, &reconcile(&payments, &lines, &world.terms, &DAY), "sorted ahead");
        let counted: (usize, usize) = Class::ALL
            .iter()
            .map(|class| outcome.count(*class))
            .fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        prop_assert_eq!(counted, (world.ours.len(), world.theirs.len()));
    }
}
