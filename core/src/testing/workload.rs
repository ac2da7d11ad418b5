//! Histories that make collisions.
//!
//! Few amounts, few wallets, few merchants; pushes twice, with the same key and other content,
//! late, out of order, from clocks that are hours wrong; names that are right, foreign or strange;
//! and everything in between cut by restarts. A step names its target by a number that is taken
//! modulo what there is, so every step means something in every history and shrinking keeps it
//! meaningful.
//! Deliberately not here: faults of disks and networks (the simulator).

use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

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
    Dismiss { payment: Target },
    Judge { which: Target, price: Price, money: bool },
    Policy { kind: u8 },
    Watch { device: u8, kind: u8 },
    Books(BooksStep),
    Reckon(ReckonStep),
    Restart,
}

/// One thing that people put into the books.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a step has the fields of its fact, small and by number")]
pub enum BooksStep {
    Fee { wallet: u8, fen: i64 },
    Withdraw { wallet: u8, fen: i64, fee: i64 },
    Arrive { which: Target },
    Transfer { from: u8, to: u8, fen: i64, fee: i64 },
    Opening { wallet: u8, fen: i64 },
    Adjust { debit: u8, credit: u8, fen: i64, off: i64, by: u8 },
    Verdict { which: Target, approve: bool, by: u8 },
    Alone { fen: u8 },
}

/// One thing that happens to breaks and days.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "a step has the fields of its fact, small and by number")]
pub enum ReckonStep {
    Run { wallet: u8, back: u8, found: Vec<Difference>, last: bool },
    Work { which: Target, by: u8, step: u8, kind: u8 },
    Close { back: u8, honest: bool },
    Reopen { back: u8, by: u8 },
}

/// What a run finds.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "small and by number, as a step")]
pub struct Difference {
    pub about: u8,
    pub which: Target,
    pub code: u8,
    pub fen: i64,
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

fn books() -> impl Strategy<Value = BooksStep> {
    let off = prop_oneof![9 => Just(0_i64), 1 => -1_i64..2];
    prop_oneof![
        2 => (0_u8..4, -1_i64..40).prop_map(|(wallet, fen)| BooksStep::Fee { wallet, fen }),
        2 => (0_u8..4, -1_i64..300, -1_i64..5)
            .prop_map(|(wallet, fen, fee)| BooksStep::Withdraw { wallet, fen, fee }),
        2 => any::<Target>().prop_map(|which| BooksStep::Arrive { which }),
        1 => (0_u8..4, 0_u8..4, 0_i64..200, 0_i64..3)
            .prop_map(|(from, to, fen, fee)| BooksStep::Transfer { from, to, fen, fee }),
        1 => (0_u8..4, 0_i64..900).prop_map(|(wallet, fen)| BooksStep::Opening { wallet, fen }),
        4 => (0_u8..12, 0_u8..12, -99_i64..100, off, 0_u8..3)
            .prop_map(|(debit, credit, fen, off, by)| BooksStep::Adjust {
                debit,
                credit,
                fen,
                off,
                by,
            }),
        3 => (any::<Target>(), prop::bool::weighted(0.7), 0_u8..3)
            .prop_map(|(which, approve, by)| BooksStep::Verdict { which, approve, by }),
        1 => (0_u8..60).prop_map(|fen| BooksStep::Alone { fen }),
    ]
}

fn reckoning() -> impl Strategy<Value = ReckonStep> {
    let found = (0_u8..8, 0_usize..6, 0_u8..7, 0_i64..1_200)
        .prop_map(|(about, which, code, fen)| Difference { about, which, code, fen });
    let found = prop::collection::vec(found, 0..4);
    prop_oneof![
        4 => (0_u8..2, 0_u8..3, found, prop::bool::weighted(0.8))
            .prop_map(|(wallet, back, found, last)| ReckonStep::Run { wallet, back, found, last }),
        5 => (any::<Target>(), 0_u8..3, 0_u8..6, 0_u8..9)
            .prop_map(|(which, by, step, kind)| ReckonStep::Work { which, by, step, kind }),
        3 => (0_u8..4, prop::bool::weighted(0.8))
            .prop_map(|(back, honest)| ReckonStep::Close { back, honest }),
        2 => (0_u8..4, 0_u8..2).prop_map(|(back, by)| ReckonStep::Reopen { back, by }),
    ]
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
        4 => (any::<Target>(), 0_u8..7)
            .prop_map(|(which, outcome)| Step::Attempt { which, outcome }),
        1 => (any::<Target>(), 0_u16..4)
            .prop_map(|(order, number)| Step::Redeliver { order, number }),
        2 => (any::<Target>(), 0_u8..4, 0_i64..110)
            .prop_map(|(order, number, fen)| Step::Refund { order, number, fen }),
        2 => (any::<Target>(), 0_u8..4).prop_map(|(which, step)| Step::Advance { which, step }),
        2 => (any::<Target>(), any::<Target>())
            .prop_map(|(payment, order)| Step::Assign { payment, order }),
        1 => any::<Target>().prop_map(|payment| Step::Dismiss { payment }),
        1 => (any::<Target>(), price(), any::<bool>())
            .prop_map(|(which, price, money)| Step::Judge { which, price, money }),
        2 => (0_u8..8).prop_map(|kind| Step::Policy { kind }),
        1 => (0_u8..2, 0_u8..6).prop_map(|(device, kind)| Step::Watch { device, kind }),
        3 => books().prop_map(Step::Books),
        4 => reckoning().prop_map(Step::Reckon),
        1 => Just(Step::Restart),
    ]
}

/// A history of up to so many steps.
pub fn history(steps_max: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..steps_max)
}
