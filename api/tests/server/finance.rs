//! Finance's morning over the native API: breaks, a day and the books, worked on by two persons.

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{
    BreakCode, DayReconciled, Direction, FoundBreak, ProofOutcome, RunTotals, StatementKept,
    Subject,
};
use duizhang_core::closing::Day;
use duizhang_core::digest::Digest;
use duizhang_core::fact::Fact;
use duizhang_core::id::{BreakId, WalletId};
use duizhang_core::merkle::Hash;
use serde_json::{Value, json};

use crate::rig::{OPERATOR_TOKEN, Rig, SECOND_TOKEN, TOKEN};
use crate::wire::{Answer, get_as, post_json};

/// 2026-11-20, which is over when the rig's clock begins.
const DAY: Day = Day::new(20_777);
/// The same for people.
const DAY_TEXT: &str = "2026-11-20";

fn wallet() -> WalletId {
    WalletId::new("wx-main").expect("a name")
}

fn line(serial: &str) -> Subject {
    Subject::Line { serial: serial.to_owned() }
}

fn id(serial: &str) -> String {
    BreakId::about(&wallet(), DAY, &line(serial)).to_string()
}

fn found(serial: &str, code: BreakCode, fen: i64) -> FoundBreak {
    let (subject, amount) = (line(serial), Amount::fen(fen));
    FoundBreak { subject, code, direction: Direction::In, amount, related: Vec::new() }
}

/// A statement of the day, and what a run over it found. The other wallet has no file of the day,
/// and no money.
async fn reconcile(rig: &Rig, found: Vec<FoundBreak>) {
    let statement = Hash::from_bytes([1; 32]);
    let kept = StatementKept {
        statement,
        wallet: wallet(),
        layout: "test".into(),
        first: DAY,
        last: DAY,
        lines: 3,
        rejected: 0,
        gross_in: Amount::fen(100),
        gross_out: Amount::fen(0),
        proof: ProofOutcome::Proven,
        by: "command line".into(),
    };
    let totals = RunTotals { payments: 1, lines: 3, matched: 1, matched_amount: Amount::fen(100) };
    let run = DayReconciled {
        wallet: wallet(),
        day: DAY,
        statements: vec![statement],
        inputs: Digest::of(&[b"morning"]),
        part: 0,
        last: true,
        totals,
        found,
        explained: Vec::new(),
        by: "command line".into(),
    };
    let nothing = RunTotals { payments: 0, lines: 0, matched: 0, matched_amount: Amount::fen(0) };
    let other = DayReconciled {
        wallet: WalletId::new("ali-main").expect("a name"),
        statements: Vec::new(),
        totals: nothing,
        found: Vec::new(),
        ..run.clone()
    };
    let runs = [run, other].map(Fact::DayReconciled);
    for fact in std::iter::once(Fact::StatementKept(kept)).chain(runs) {
        rig.server.book().submit(fact).await.expect("the rules take it");
    }
}

async fn with_breaks() -> Rig {
    let rig = Rig::new().await;
    let three = vec![
        found("A", BreakCode::OrphanPayment, 2_500),
        found("B", BreakCode::AmountOver, 50),
        found("C", BreakCode::UnobservedPayment, 7),
    ];
    reconcile(&rig, three).await;
    rig
}

/// Asks as one of the operators.
async fn ask(rig: &Rig, token: &str, path: &str, body: &Value) -> Answer {
    post_json(rig.at, &format!("/v1/operator/{path}"), token, &body.to_string()).await
}

async fn see(rig: &Rig, path: &str) -> Value {
    let answer = get_as(rig.at, &format!("/v1/operator/{path}"), OPERATOR_TOKEN).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)));
}

#[tokio::test]
async fn a_break_is_ended_by_two_persons() {
    let rig = with_breaks().await;
    let path = |word: &str| format!("breaks/{}/{word}", id("A"));
    let end = json!({"resolution": "forced", "root": "unknown", "reason": "nobody knows"});

    let alone = ask(&rig, OPERATOR_TOKEN, &path("resolve"), &end).await;
    assert_refused(&alone, 403, "second_person");
    assert!(alone.text().contains("need a proposal and another person's approval"));
    let early = ask(&rig, OPERATOR_TOKEN, &path("approve"), &json!({})).await;
    assert_refused(&early, 409, "break_state");

    for (word, body, state) in [
        ("assign", json!({"to": "auditor"}), "assigned"),
        ("comment", json!({"text": "asked the channel"}), "assigned"),
        ("wait", json!({"for": "provider"}), "waiting"),
        ("propose", end.clone(), "proposed"),
    ] {
        let answer = ask(&rig, OPERATOR_TOKEN, &path(word), &body).await;
        assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some(state)), "{word}");
    }
    let same = ask(&rig, OPERATOR_TOKEN, &path("approve"), &json!({})).await;
    assert_refused(&same, 403, "second_person");
    let other = ask(&rig, SECOND_TOKEN, &path("approve"), &json!({})).await;
    assert_eq!((other.status, other.json()["state"].as_str()), (200, Some("resolved")));

    let whole = see(&rig, &format!("breaks/{}", id("A"))).await;
    let deeds: Vec<(&str, &str)> = whole["history"]
        .as_array()
        .expect("a history")
        .iter()
        .map(|entry| (entry["by"].as_str().expect("who"), entry["deed"].as_str().expect("what")))
        .collect();
    let expected = [
        ("command line", "opened"),
        ("admin", "assign"),
        ("admin", "comment"),
        ("admin", "wait"),
        ("admin", "propose"),
        ("auditor", "approve"),
        ("auditor", "ended"),
    ];
    assert_eq!(deeds, expected);
    assert_eq!((&whole["owner"], &whole["ending"]["word"]), (&json!("auditor"), &json!("forced")));

    let again = ask(&rig, SECOND_TOKEN, &path("reopen"), &json!({"reason": "it came"})).await;
    assert_eq!(again.json()["state"], "reopened");
    let refused = ask(&rig, SECOND_TOKEN, &path("propose"), &end).await;
    assert_eq!(refused.json()["proposal"]["by"], "auditor");
    let refused = ask(&rig, OPERATOR_TOKEN, &path("refuse"), &json!({"reason": "no"})).await;
    assert_eq!(refused.json()["state"], "reopened");
}

#[tokio::test]
async fn breaks_are_found_and_come_in_pages() {
    let rig = with_breaks().await;
    let assigned = format!("breaks/{}/assign", id("B"));
    ask(&rig, OPERATOR_TOKEN, &assigned, &json!({"to": "auditor"})).await;
    let small = json!({"resolution": "written-off", "root": "payer", "reason": "7 fen"});
    let alone = ask(&rig, OPERATOR_TOKEN, &format!("breaks/{}/resolve", id("C")), &small).await;
    assert_eq!(alone.json()["state"], "resolved", "one person suffices for 7 fen");

    let ids = |page: &Value| -> Vec<String> {
        let breaks = page["breaks"].as_array().expect("breaks").iter();
        breaks.map(|one| one["id"].as_str().expect("an id").to_owned()).collect()
    };
    for (query, expected) in [
        (format!("?day={DAY_TEXT}"), 3),
        ("?day=2026-11-21".to_owned(), 0),
        ("?wallet=wx-main".to_owned(), 3),
        ("?wallet=ali-main".to_owned(), 0),
        ("?owner=auditor".to_owned(), 1),
        ("?state=resolved".to_owned(), 1),
        ("?state=unresolved".to_owned(), 2),
        ("?state=open".to_owned(), 1),
    ] {
        let page = see(&rig, &format!("breaks{query}")).await;
        assert_eq!(ids(&page).len(), expected, "{query}");
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = see(&rig, &format!("breaks?limit=1{cursor}")).await;
        seen.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ids(&see(&rig, "breaks").await));
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_day_closes_with_its_breaks_accepted_and_opens_by_two_persons() {
    let rig = with_breaks().await;
    let (close, reopen) = (format!("days/{DAY_TEXT}/close"), format!("days/{DAY_TEXT}/reopen"));
    let reason = json!({"reason": "all is well"});
    let accept = |serials: &[&str]| {
        let accepted: Vec<String> = serials.iter().map(|serial| id(serial)).collect();
        json!({"accepted": accepted, "reason": "the channel answers on Monday"})
    };
    let left = ask(&rig, OPERATOR_TOKEN, &close, &reason).await;
    assert_refused(&left, 409, "breaks_left");
    assert!(left.text().contains("3 open breaks of that day not accepted"));
    assert_refused(&ask(&rig, OPERATOR_TOKEN, &close, &accept(&["A"])).await, 409, "breaks_left");
    let foreign = ask(&rig, OPERATOR_TOKEN, &close, &accept(&["A", "B", "C", "D"])).await;
    assert_refused(&foreign, 422, "unknown_break");
    let unseen = ask(&rig, OPERATOR_TOKEN, "days/2026-11-19/close", &reason).await;
    assert_refused(&unseen, 409, "day_not_reconciled");
    let says = "wallet wx-main has no whole run over that day";
    assert!(unseen.text().contains(says), "{}", unseen.text());
    let today = ask(&rig, OPERATOR_TOKEN, "days/2026-11-21/close", &reason).await;
    assert_refused(&today, 409, "day_not_over");
    assert_refused(&ask(&rig, OPERATOR_TOKEN, &reopen, &reason).await, 409, "day_open");

    let all = accept(&["A", "B", "C"]);
    let closed = ask(&rig, OPERATOR_TOKEN, &close, &all).await;
    assert_eq!((closed.status, closed.json()["state"].as_str()), (200, Some("closed")));
    assert_eq!(ask(&rig, SECOND_TOKEN, &close, &all).await.status, 200, "a repeat");
    assert_refused(&ask(&rig, SECOND_TOKEN, &close, &reason).await, 409, "day_closed");

    for _ in 0..2 {
        let one = ask(&rig, OPERATOR_TOKEN, &reopen, &reason).await;
        assert_eq!(one.json()["state"], "closed");
        assert_eq!(one.json()["reopen_proposed_by"], "admin");
    }
    let two = ask(&rig, SECOND_TOKEN, &reopen, &reason).await;
    assert_eq!((&two.json()["state"], &two.json()["open_breaks"]), (&json!("open"), &json!(3)));
    let day = see(&rig, &format!("days/{DAY_TEXT}")).await;
    assert_eq!(day["history"].as_array().map(Vec::len), Some(3));
    let lines = |run: usize| (&day["runs"][run]["wallet"], &day["runs"][run]["lines"]);
    assert_eq!(lines(0), (&json!("ali-main"), &json!(0)));
    assert_eq!(lines(1), (&json!("wx-main"), &json!(3)));
    assert_eq!(day["statements"][0]["reconciled"], true);
    assert_eq!(see(&rig, "days").await["days"], json!([day]));
}

fn movement(more: &Value) -> Value {
    let mut body = json!({"moved_at": "2026-11-20T12:00:00+08:00", "evidence": "line 7"});
    let fields = body.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn movements_count_once_and_withdrawals_are_under_way_until_they_arrive() {
    let rig = Rig::new().await;
    let opening =
        movement(&json!({"kind": "opening", "account": "wallet:wx-main", "amount": "500"}));
    assert_eq!(ask(&rig, OPERATOR_TOKEN, "movements", &opening).await.status, 201);
    let twice = ask(&rig, OPERATOR_TOKEN, "movements", &opening).await;
    assert_refused(&twice, 409, "already_opened");

    let id = "m00000000000000000000000007";
    let sent = movement(&json!({"id": id, "kind": "withdrawal", "wallet": "wx-main",
        "bank": "cmb", "amount": "400", "fee": "0.40"}));
    assert_eq!(ask(&rig, OPERATOR_TOKEN, "movements", &sent).await.status, 201);
    let again = ask(&rig, SECOND_TOKEN, "movements", &sent).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (200, Some("true")));
    assert_eq!(again.json()["by"], "admin", "whoever was first recorded it");
    let mut other = sent.clone();
    other["amount"] = json!("401");
    assert_refused(&ask(&rig, OPERATOR_TOKEN, "movements", &other).await, 409, "id_taken");
    assert_eq!(see(&rig, "movements").await["movements"][0]["id"], id);

    let arrival = movement(&json!({"kind": "arrival", "withdrawal": id}));
    let arrived = ask(&rig, OPERATOR_TOKEN, "movements", &arrival).await;
    assert_eq!((arrived.status, arrived.json()["kind"].as_str()), (201, Some("arrival")));
    let late = ask(&rig, OPERATOR_TOKEN, "movements", &arrival).await;
    assert_refused(&late, 409, "withdrawal_arrived");
    assert_eq!(see(&rig, "movements").await["movements"], json!([]));

    for (fields, status, code) in [
        (json!({"kind": "fee", "wallet": "nobody", "amount": "1"}), 422, "unknown_wallet"),
        (
            json!({"kind": "transfer", "wallet": "wx-main", "to": "wx-main", "amount": "1"}),
            422,
            "same_wallet",
        ),
        (
            json!({"kind": "fee", "wallet": "wx-main", "amount": "1",
                "moved_at": "2036-11-20T12:00:00+08:00"}),
            422,
            "time_ahead",
        ),
    ] {
        let answer = ask(&rig, OPERATOR_TOKEN, "movements", &movement(&fields)).await;
        assert_refused(&answer, status, code);
    }
}

#[tokio::test]
async fn an_adjustment_is_posted_by_two_persons() {
    let rig = Rig::new().await;
    let proposal = |credit: &str| {
        json!({
            "lines": [
                {"account": "Expenses:Tolerance", "amount": "0.01"},
                {"account": "Assets:Receivable:Orders", "amount": credit}
            ],
            "value_at": "2026-11-20T12:00:00+08:00", "reason": "last cent forgiven"
        })
    };
    let odd = ask(&rig, OPERATOR_TOKEN, "adjustments", &proposal("-0.02")).await;
    assert_refused(&odd, 422, "invalid_lines");
    let proposed = ask(&rig, OPERATOR_TOKEN, "adjustments", &proposal("-0.01")).await;
    assert_eq!((proposed.status, proposed.json()["state"].as_str()), (201, Some("proposed")));
    let id = proposed.json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(see(&rig, "adjustments").await["adjustments"][0]["id"], id);

    let approve = format!("adjustments/{id}/approve");
    let reason = json!({"reason": "seen the statement"});
    assert_refused(&ask(&rig, OPERATOR_TOKEN, &approve, &reason).await, 403, "second_person");
    let posted = ask(&rig, SECOND_TOKEN, &approve, &reason).await;
    assert_eq!(
        (&posted.json()["state"], &posted.json()["judged_by"]),
        (&json!("posted"), &json!("auditor"))
    );
    let late = ask(&rig, SECOND_TOKEN, &format!("adjustments/{id}/decline"), &reason).await;
    assert_refused(&late, 409, "adjustment_state");
    assert_eq!(see(&rig, "adjustments").await["adjustments"], json!([]));
}

#[tokio::test]
async fn finance_is_for_operators_and_what_is_not_there_is_said_so() {
    let rig = with_breaks().await;
    let by_shop = get_as(rig.at, "/v1/operator/breaks", TOKEN).await;
    assert_refused(&by_shop, 403, "forbidden");
    let reason = json!({"reason": "r"});
    let by_shop = ask(&rig, TOKEN, &format!("days/{DAY_TEXT}/close"), &reason).await;
    assert_refused(&by_shop, 403, "forbidden");
    assert_refused(&ask(&rig, "guessed", "movements", &reason).await, 401, "unauthorized");
    let none = BreakId::from_bits(7);
    for path in [format!("breaks/{none}"), "breaks/x".to_owned(), "days/tomorrow".to_owned()] {
        let answer = get_as(rig.at, &format!("/v1/operator/{path}"), OPERATOR_TOKEN).await;
        assert_refused(&answer, 404, "not_found");
    }
    let nobody = ask(&rig, OPERATOR_TOKEN, &format!("breaks/{none}/approve"), &json!({})).await;
    assert_refused(&nobody, 404, "not_found");
    let gone = "adjustments/a00000000000000000000000007/approve";
    assert_refused(&ask(&rig, OPERATOR_TOKEN, gone, &reason).await, 404, "not_found");
}
