//! Reserving an amount and matching its payment among a million open orders, beside a plain hash
//! map and a plain tree in the same run.
//!
//! What is measured is the whole ruling: `decide` and `evolve` for the request, and for the
//! notification that settles it. Facts are made outside the measured time. The plain structures do
//! what is least: one insert and one look-up among as many entries.
//! Deliberately not here: the log (eventlog's benches), folding a history (`fold.rs`).
#![expect(clippy::print_stdout, reason = "a bench reports its ratios to a person")]
#![expect(clippy::disallowed_methods, reason = "benches measure real time")]
#![expect(
    clippy::disallowed_types,
    reason = "the plain hash map is what the rules are compared with"
)]

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use duizhang_core::channel::Channel;
use duizhang_core::decide::{Ruling, decide};
use duizhang_core::fact::{Fact, OrderRequested};
use duizhang_core::id::OrderId;
use duizhang_core::policy::Policy;
use duizhang_core::state::State;
use duizhang_core::testing::{device, drawn_bits, merchant, money, order, policy_fact, wallet};
use duizhang_core::time::Timestamp;

/// Open orders at each price: as crowded as a busy shop's amounts.
const CROWD: u64 = 50;
/// Distance between prices in fen, so that the crowds never meet.
const PRICE_STEP: u64 = 1_000;

struct World {
    state: State,
    prices: u64,
    made: u64,
}

fn number(value: u64) -> i64 {
    i64::try_from(value).expect("bench numbers are small")
}

impl World {
    fn new(open: u64) -> Self {
        let policy = Policy {
            max_offset: 998,
            open_orders_max: u32::MAX,
            order_ttl: duizhang_core::time::Span::from_hours(24),
            ..Policy::default()
        };
        let mut world = Self { state: State::new(), prices: open / CROWD, made: 0 };
        for fact in [
            policy_fact(policy),
            Fact::WalletDeclared(wallet("wx", Channel::Wechat)),
            Fact::DeviceDeclared(device("phone", &["wx"])),
            Fact::MerchantDeclared(merchant("shop", &["wx"])),
        ] {
            world.rule(&fact);
        }
        for _ in 0..open {
            let (request, _) = world.next();
            world.rule(&Fact::OrderRequested(request));
        }
        world
    }

    /// The next request, and the payable amount that it must get.
    fn next(&mut self) -> (OrderRequested, i64) {
        let (price, crowd) = (self.made % self.prices, self.made / self.prices);
        let fen = (price + 1) * PRICE_STEP;
        let mut request = order("shop", &format!("N{}", self.made), number(fen));
        request.order = OrderId::from_bits(drawn_bits("order", self.made));
        self.made += 1;
        (request, number(fen + crowd))
    }

    fn rule(&mut self, fact: &Fact) {
        let at = Timestamp::from_secs(1_700_000_000);
        let Ok(Ruling::Decided(decisions)) = decide(&self.state, at, fact) else {
            panic!("the fact was not decided: {fact:?}")
        };
        self.state.evolve(self.state.position().next(), at, fact, &decisions);
    }
}

fn nanoseconds(spent: Duration, count: u64) -> u64 {
    u64::try_from(spent.as_nanos()).expect("short") / count.max(1)
}

fn reserve_and_match(criterion: &mut Criterion) {
    let quick = std::env::args().any(|arg| arg == "--test");
    let open = if quick { 1_000 } else { 1_000_000 };
    let mut world = World::new(open);
    let mut hash: HashMap<u64, u64> = HashMap::new();
    let mut tree: BTreeMap<u64, u64> = BTreeMap::new();
    for key in 0..open {
        hash.insert(scattered(key), key);
        tree.insert(scattered(key), key);
    }
    let fastest = [const { Cell::new(u64::MAX) }; 3];
    let note = |place: usize, spent: Duration, count: u64| {
        fastest[place].set(fastest[place].get().min(nanoseconds(spent, count)));
        spent
    };
    let mut group = criterion.benchmark_group("matcher");
    group.bench_function("reserve and match", |bencher| {
        bencher.iter_custom(|count| {
            let facts: Vec<(Fact, Fact)> = (0..count)
                .map(|_| {
                    let (request, payable) = world.next();
                    let paid = money("phone", world.made, payable);
                    (Fact::OrderRequested(request), Fact::NotificationReceived(paid))
                })
                .collect();
            let before = world.state.totals().matched;
            let start = Instant::now();
            for (request, paid) in &facts {
                world.rule(request);
                world.rule(paid);
            }
            let spent = start.elapsed();
            assert!(world.state.totals().matched > before, "each payment settled its order");
            assert_eq!(world.state.totals().held, 0, "no payment was held");
            note(0, spent, count)
        });
    });
    let mut key = open;
    group.bench_function("plain hash map", |bencher| {
        bencher.iter_custom(|count| {
            let start = Instant::now();
            for _ in 0..count {
                key += 1;
                hash.insert(scattered(key), key);
                black_box(hash.get(&scattered(key)));
            }
            note(1, start.elapsed(), count)
        });
    });
    group.bench_function("plain tree", |bencher| {
        bencher.iter_custom(|count| {
            let start = Instant::now();
            for _ in 0..count {
                key += 1;
                tree.insert(scattered(key), key);
                black_box(tree.get(&scattered(key)));
            }
            note(2, start.elapsed(), count)
        });
    });
    group.finish();
    let [ours, hash, tree] = fastest.map(|cell| cell.get());
    println!("reserve + match among {open} open orders: {ours} ns");
    println!("plain hash map: {hash} ns, {} times less", ours / hash.max(1));
    println!("plain tree: {tree} ns, {} times less", ours / tree.max(1));
}

/// Keys in no order, as ids are.
const fn scattered(key: u64) -> u64 {
    key.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

criterion_group!(benches, reserve_and_match);
criterion_main!(benches);
