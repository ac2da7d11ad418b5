//! Queues that are cut anywhere, and batches that go over the wire.

use duizhang_core::time::{Span, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::wire::{Method, Request};

const AT: Timestamp = Timestamp::from_secs(1_795_219_200);

fn request(body: &[u8]) -> Request {
    let mut request = Request::new(Method::Post, "/hook/phone-1", "a=1&b=%20");
    for (name, value) in [("content-type", "text/plain"), ("host", "relay"), ("x-signature", "ab")]
    {
        request.headers.push((name.into(), value.into()));
    }
    request.body = body.to_vec();
    request
}

fn received(number: u64) -> Record {
    Record::Received(Delivery::of(number, AT, &request(b"money")))
}

fn opened() -> Record {
    Record::Opened { bridge: BridgeId::from_bits(7) }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let acknowledged = |through| Record::Acknowledged(Receipt { through, refused: vec![] });
    let cases = [
        (vec![], received(1), QueueError::Opening),
        (vec![], acknowledged(0), QueueError::Opening),
        (vec![opened()], opened(), QueueError::Opening),
        (vec![opened(), received(2)], received(2), QueueError::Order(2)),
        (vec![opened(), received(2)], received(1), QueueError::Order(1)),
        (vec![opened(), received(2)], acknowledged(3), QueueError::Receipt { through: 3, last: 2 }),
    ];
    for (before, record, error) in cases {
        let mut queue = Queue::default();
        for known in &before {
            queue.fold(known).unwrap();
        }
        let untouched = queue.clone();
        assert_eq!(queue.fold(&record), Err(error));
        assert_eq!(queue, untouched);
    }
}

#[test]
fn only_a_receipt_for_what_was_sent_counts() {
    let deliveries = [3, 4, 9].map(|number| Delivery::of(number, AT, &request(b""))).into();
    let batch = Batch { bridge: BridgeId::from_bits(1), deliveries };
    let cases: [(u64, &[u64], bool); 10] = [
        (3, &[], true),
        (9, &[3, 9], true),
        (4, &[4], true),
        (2, &[], false),
        (10, &[], false),
        (5, &[], false),
        (9, &[5], false),
        (3, &[4], false),
        (9, &[4, 3], false),
        (9, &[3, 3], false),
    ];
    for (through, refused, fits) in cases {
        let receipt = Receipt { through, refused: refused.into() };
        assert_eq!(receipt.is_of(&batch), fits, "{receipt:?}");
    }
}

#[test]
fn what_was_refused_waits_again_before_all_others_when_it_is_recalled() {
    let mut queue = Queue::default();
    let mut fold = |record: &Record| {
        queue.fold(record).unwrap();
        let waiting: Vec<u64> = queue.waiting().collect();
        (waiting, queue.refused().collect::<Vec<u64>>(), queue.forwarded())
    };
    fold(&opened());
    for number in [2, 3, 4, 6] {
        fold(&received(number));
    }
    let receipt = |through, refused: &[u64]| {
        Record::Acknowledged(Receipt { through, refused: refused.into() })
    };
    assert_eq!(fold(&receipt(4, &[2, 4])), (vec![6], vec![2, 4], 1));
    assert_eq!(fold(&Record::Recalled), (vec![2, 4, 6], vec![], 1));
    assert_eq!(fold(&receipt(2, &[2])), (vec![4, 6], vec![2], 1), "refused once more");
    assert_eq!(fold(&receipt(2, &[2])), (vec![4, 6], vec![2], 1), "a receipt that came twice");
    assert_eq!(fold(&Record::Recalled), (vec![2, 4, 6], vec![], 1));
    assert_eq!(fold(&receipt(6, &[])), (vec![], vec![], 4));
    assert_eq!(fold(&Record::Recalled), (vec![], vec![], 4));
}

#[test]
fn of_what_was_refused_the_newest_are_kept_up_to_the_limit() {
    let mut queue = Queue::default();
    queue.fold(&opened()).unwrap();
    let last = 2 + u64::try_from(REFUSED_KEPT_MAX).unwrap();
    for number in 2..=last {
        queue.fold(&received(number)).unwrap();
        let receipt = Receipt { through: number, refused: vec![number] };
        queue.fold(&Record::Acknowledged(receipt)).unwrap();
    }
    assert_eq!(queue.refused().len(), REFUSED_KEPT_MAX);
    assert_eq!(queue.refused().next(), Some(3), "the oldest goes");
}

#[test]
fn a_request_goes_over_the_wire_and_leaves_the_connection_behind() {
    let body: Vec<u8> = (0..=255).collect();
    let batch = Batch {
        bridge: BridgeId::from_bits(u128::MAX),
        deliveries: vec![Delivery::of(3, AT, &request(&body))],
    };
    let text = serde_json::to_string(&batch).unwrap();
    let back: Batch = serde_json::from_str(&text).unwrap();
    assert_eq!(back, batch);
    let mut expected = request(&body);
    expected.headers.remove(1);
    assert_eq!(back.deliveries[0].clone().into_request(), expected);
    assert!(!format!("{batch:?}").contains("ab"), "no proof is shown");
}

#[test]
fn batches_that_no_relay_makes_are_refused() {
    let of = |numbers: &[u64]| Batch {
        bridge: BridgeId::from_bits(1),
        deliveries: numbers.iter().map(|n| Delivery::of(*n, AT, &request(b""))).collect(),
    };
    let many: Vec<u64> = (1..=257).collect();
    let mut pathless = of(&[1]);
    pathless.deliveries[0] = Delivery::of(1, AT, &Request::new(Method::Get, "x", ""));
    assert!(of(&[1, 2, 9]).check().is_ok());
    for batch in [of(&[]), of(&[2, 1]), of(&[1, 1]), of(&many), pathless] {
        assert!(batch.check().is_err());
    }
    for text in [
        r#"{"bridge":"1","deliveries":[]}"#,
        r#"{"bridge":"+0000000000000000000000000000001","deliveries":[]}"#,
        r#"{"deliveries":[]}"#,
        r#"{"bridge":"00000000000000000000000000000001","deliveries":[{}]}"#,
    ] {
        assert!(serde_json::from_str::<Batch>(text).is_err(), "{text}");
    }
}

#[test]
fn the_pause_doubles_up_to_its_limit() {
    let seconds: Vec<u64> = (0..9).map(|failures| pause(failures).secs()).collect();
    assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 30, 30, 30]);
    assert_eq!(pause(u32::MAX), PAUSE_MAX);
    assert!(PAUSE_MAX < Span::from_mins(1));
}

#[test]
fn each_delivery_is_known_for_ever() {
    let (one, other) = (BridgeId::from_bits(1), BridgeId::from_bits(2));
    assert_eq!(one.key_of(1), one.key_of(1));
    assert_ne!(one.key_of(1), one.key_of(2));
    assert_ne!(one.key_of(1), other.key_of(1));
}

proptest! {
    #[test]
    fn a_batch_never_exceeds_what_a_server_reads(
        sizes in prop::collection::vec(0_usize..40_000, 1..20),
        text in "[ -~]{0,200}",
    ) {
        let offered: Vec<Delivery> = (1..).zip(&sizes).map(|(number, size)| {
            let mut request = request(&vec![0xff; *size]);
            request.query = text.clone();
            Delivery::of(number, AT, &request)
        }).collect();
        let taken = fitting(offered.clone());
        prop_assert!(!taken.is_empty());
        prop_assert_eq!(&taken[..], &offered[..taken.len()]);
        let bytes: Vec<usize> = (1..=taken.len()).map(|count| {
            let deliveries = taken[..count].to_vec();
            let batch = Batch { bridge: BridgeId::from_bits(1), deliveries };
            serde_json::to_vec(&batch).unwrap().len()
        }).collect();
        prop_assert!(bytes.last() <= Some(&BATCH_BYTES_MAX));
    }

    /// Deliveries come, receipts come, what was refused is recalled, and the relay crashes: each
    /// delivery waits, was refused, or is the server's, and the log says which wherever it is
    /// folded again.
    #[test]
    fn every_delivery_has_one_place(
        steps in prop::collection::vec((0_u8..6, 0_u64..12, any::<bool>()), 1..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let (mut log, mut came) = (vec![opened()], 0);
        let mut places = std::collections::BTreeMap::new();
        for (step, upto, refuses) in &steps {
            match step {
                0..=2 => {
                    came += 1;
                    places.insert(came, "waits");
                    log.push(received(came));
                }
                3 | 4 => {
                    let through = (*upto).min(came);
                    let odd = |number: &u64| *refuses && number % 2 == 1;
                    let refused = (1..=through).filter(odd).collect();
                    log.push(Record::Acknowledged(Receipt { through, refused }));
                    let due = places.iter_mut().filter(|(number, it)| **number <= through && **it == "waits");
                    due.for_each(|(number, it)| *it = if odd(number) { "refused" } else { "gone" });
                }
                _ => {
                    log.push(Record::Recalled);
                    let due = places.values_mut().filter(|it| **it == "refused");
                    due.for_each(|it| *it = "waits");
                }
            }
        }
        let mut queue = Queue::default();
        for record in &log {
            queue.fold(record).unwrap();
        }
        let of = |place: &str| -> Vec<u64> {
            places.iter().filter(|(_, it)| **it == place).map(|(number, _)| *number).collect()
        };
        prop_assert_eq!(queue.waiting().collect::<Vec<_>>(), of("waits"));
        prop_assert_eq!(queue.refused().collect::<Vec<_>>(), of("refused"));
        prop_assert_eq!(queue.forwarded(), u64::try_from(of("gone").len()).unwrap());
        let mut again = Queue::default();
        let (before, behind) = log.split_at(cut.index(log.len()));
        for record in before.iter().chain(behind) {
            again.fold(record).unwrap();
        }
        prop_assert_eq!(again, queue);
    }
}
