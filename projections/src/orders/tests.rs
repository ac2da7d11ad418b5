//! Counts of orders: what is counted, once, and to which day.

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{BookOpened, Fact, OrderRequested};
use duizhang_core::id::{MerchantId, OrderId, PaymentId, WalletId};
use duizhang_core::matcher::Standing;
use duizhang_core::order::Dialect;
use duizhang_core::position::Position;
use duizhang_core::time::{Span, Timestamp};

use super::{DayTally, Orders, Tally};
use crate::projection::Projection;

/// 2026-11-20 23:00 in Shanghai.
const LATE: Timestamp = Timestamp::from_secs(1_795_186_800);

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, number).unwrap()
}

fn shop() -> MerchantId {
    MerchantId::new("1001").unwrap()
}

fn chapter(at: Timestamp, fact: Fact, decisions: Vec<Decision>) -> Chapter {
    Chapter { position: Position::new(1), at, fact, decisions }
}

fn opened() -> Chapter {
    let opened = BookOpened { book: "test".into(), time_zone: "Asia/Shanghai".into() };
    chapter(LATE, Fact::BookOpened(opened), Vec::new())
}

fn accepted(bits: u128, dialect: Dialect, fen: i64, at: Timestamp) -> Chapter {
    let order = OrderId::from_bits(bits);
    let request = OrderRequested {
        order,
        merchant: shop(),
        number: bits.to_string(),
        requested: Amount::fen(fen),
        channels: Vec::new(),
        dialect,
        ttl: None,
        notify_url: None,
        return_url: None,
        subject: None,
        attachment: None,
        echo: None,
        idempotency: None,
    };
    let wallet = WalletId::new("wx").unwrap();
    let (payable, expires_at) = (Amount::fen(fen + 1), at.plus(Span::from_mins(5)));
    let accepted = Decision::OrderAccepted { order, wallet, payable, expires_at };
    chapter(at, Fact::OrderRequested(request), vec![accepted])
}

fn paid(bits: u128, standing: Standing, at: Timestamp) -> Chapter {
    let paid = Decision::OrderPaid {
        order: OrderId::from_bits(bits),
        payment: PaymentId::from_bits(bits),
        received: Amount::fen(1),
        standing,
        quarantined_until: at,
    };
    chapter(at, Fact::ClockTicked, vec![paid])
}

#[test]
fn an_order_counts_once_to_the_day_on_which_it_was_accepted() {
    let next_day = LATE.plus(Span::from_hours(2));
    let mut orders = Orders::default();
    for chapter in [
        opened(),
        accepted(1, Dialect::Epay, 1_000, LATE),
        accepted(2, Dialect::Epay, 500, LATE),
        accepted(3, Dialect::Epay, 200, next_day),
        accepted(4, Dialect::Vmq, 9_900, next_day),
        accepted(5, Dialect::Epay, 40, next_day),
        paid(1, Standing::Late, next_day),
        paid(2, Standing::Under, next_day),
        paid(3, Standing::Exact, next_day),
        paid(3, Standing::Over, next_day),
        paid(4, Standing::Exact, next_day),
    ] {
        orders.fold(&chapter);
    }
    let tally = orders.tally(&shop(), Dialect::Epay).unwrap();
    assert_eq!(tally.orders(), 4);
    assert_eq!(tally.day(day(20)), DayTally { orders: 1, minor: 1_000 });
    assert_eq!(tally.day(day(21)), DayTally { orders: 1, minor: 200 });
    assert_eq!(tally.day(day(22)), DayTally::default());
    // What was too little counts once the rest is there.
    orders.fold(&paid(2, Standing::Exact, next_day));
    let tally = orders.tally(&shop(), Dialect::Epay).unwrap();
    assert_eq!(tally.day(day(20)), DayTally { orders: 2, minor: 1_500 });
    let others = orders.tally(&shop(), Dialect::Vmq).map(Tally::orders);
    assert_eq!((others, orders.tally(&shop(), Dialect::Gogo)), (Some(1), None));
    assert_eq!(orders.tally(&MerchantId::new("2002").unwrap(), Dialect::Epay), None);
}

#[test]
fn only_the_newest_days_are_kept_whatever_comes_when() {
    let mut tally = Tally::default();
    for number in [10, 12, 11, 9, 13, 8, 13, 12] {
        tally.settle(day(number), 100);
    }
    for (number, orders) in [(8, 0), (9, 0), (10, 0), (11, 1), (12, 2), (13, 2)] {
        assert_eq!(tally.day(day(number)).orders, orders, "{number}");
    }
    assert!(format!("{tally:?}").matches("2026-11-").count() == 3);
}
