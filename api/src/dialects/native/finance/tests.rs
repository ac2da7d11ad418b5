//! Conversations about breaks, days, movements and adjustments.

use duizhang_core::amount::Amount;
use duizhang_core::breaks::{
    AgeBucket, BreakCode, BreakRefusal, BreakState, BreakStep, Direction, Ending, FoundBreak,
    ProofOutcome, Resolution, ResolutionKind, RootCause, RunTotals, StatementKept, Subject,
    WaitingFor,
};
use duizhang_core::closing::{Day, DayRefusal};
use duizhang_core::digest::Digest;
use duizhang_core::fact::Fact;
use duizhang_core::id::{AdjustmentId, BankId, BreakId, MovementId, OrderId, PaymentId, WalletId};
use duizhang_core::ledger::{
    Account, AdjustmentProposed, AdjustmentState, AdjustmentVerdict, BooksRefusal, Movement,
    MovementRecorded,
};
use duizhang_core::merkle::Hash;
use duizhang_core::position::Position;
use duizhang_core::rejection::Rejection;
use duizhang_core::time::{Span, Timestamp};
use duizhang_listener_bridge::wire::{Answer, Method, Request};
use duizhang_projections::breaks::{
    BreakView, DayDeed, DayEntry, Deed as BreakDeed, Entry, RunView,
};
use duizhang_projections::calendar::Zone;
use duizhang_projections::recorded::{AdjustmentView, Judged, MovementView};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::requests::parse_body;
use super::super::tests::{JSON, by_merchant, by_operator, json_of, problem_of, read};
use super::super::{openapi_document, word_without_desk};
use super::read_call;
use super::sent::{
    AdjustmentBody, CloseBody, CommentBody, EndBody, MovementBody, OwnerBody, ReasonBody, TakeBody,
    WaitBody,
};
use crate::dialects::desk_for_tests::{NOON, get, post};
use crate::dialects::{
    Action, BreakQuery, Call, Caller, Deed, Look, Reply, Seen, SeenBreak, SeenDay, Standing,
};

const BREAK: &str = "b00000000000000000000000007";
const ADJUSTMENT: &str = "a00000000000000000000000007";
const AT: &str = "2026-11-21T12:00:00+08:00";
/// 2026-11-21.
const DAY: Day = Day::new(20_778);

/// Whether a path is finance's.
pub(in crate::dialects::native) fn is_ours(path: &str) -> bool {
    ["breaks", "days", "movements", "adjustments"]
        .iter()
        .any(|part| path.starts_with(&format!("/v1/operator/{part}")))
}

fn shanghai() -> Zone {
    Zone::new("Asia/Shanghai").unwrap()
}

fn sent(path: &str, body: &str) -> Request {
    post(path, JSON, body.as_bytes())
}

fn action(request: Request) -> Action {
    let call = read(&by_operator(request)).unwrap();
    assert_eq!(call.caller, Caller::Operator(String::from("li")));
    call.action
}

fn refused(request: Request) -> (u16, String) {
    problem_of(&read(&by_operator(request)).expect_err("the request is refused"))
}

fn wallet(id: &str) -> WalletId {
    WalletId::new(id).unwrap()
}

fn text(text: &str) -> String {
    String::from(text)
}

// tidy: long because it is one table
#[test]
fn every_deed_is_understood() {
    let id = BreakId::from_bits(7);
    let end = || Resolution {
        kind: ResolutionKind::WrittenOff,
        root: RootCause::Payer,
        reason: text("3 fen"),
    };
    let end_body = r#"{"resolution":"written-off","root":"payer","reason":"3 fen"}"#;
    let steps = [
        ("assign", r#"{"to":"wu"}"#, BreakStep::Assign { to: text("wu") }),
        ("comment", r#"{"text":"asked"}"#, BreakStep::Comment { text: text("asked") }),
        ("wait", r#"{"for":"payer"}"#, BreakStep::Wait { on: WaitingFor::Payer }),
        ("propose", end_body, BreakStep::Propose(end())),
        ("approve", "{}", BreakStep::Approve),
        ("refuse", r#"{"reason":"no"}"#, BreakStep::Refuse { reason: text("no") }),
        ("resolve", end_body, BreakStep::Resolve(end())),
        ("reopen", r#"{"reason":"why"}"#, BreakStep::Reopen { reason: text("why") }),
    ];
    for (word, body, step) in steps {
        let request = sent(&format!("/v1/operator/breaks/{BREAK}/{word}"), body);
        assert_eq!(action(request), Action::Record(Deed::Work { id, step }), "{word}");
    }
    let bare = post(&format!("/v1/operator/breaks/{BREAK}/approve"), "", b"");
    assert_eq!(action(bare), Action::Record(Deed::Work { id, step: BreakStep::Approve }));

    let close = |accepted: &[BreakId]| Deed::CloseDay {
        day: DAY,
        ends_at: NOON.plus(Span::from_hours(12)),
        accepted: accepted.to_vec(),
        reason: text("r"),
    };
    let accepted = format!(r#"{{"accepted":["{BREAK}"],"reason":"r"}}"#);
    let id = AdjustmentId::from_bits(7);
    let judged = |verdict| Deed::Judge { id, verdict, reason: text("r") };
    let take = r#"{"paid_at":"2026-11-21T12:00:00+08:00","number":"A-1","reason":"r"}"#;
    let taken = |number: Option<&str>| Deed::Take {
        id: BreakId::from_bits(7),
        paid_at: NOON,
        number: number.map(text),
        reason: text("r"),
    };
    let others = [
        (format!("breaks/{BREAK}/take"), take, taken(Some("A-1"))),
        (
            format!("breaks/{BREAK}/take"),
            r#"{"paid_at":"2026-11-21T04:00:00Z","reason":"r"}"#,
            taken(None),
        ),
        (text("days/2026-11-21/close"), accepted.as_str(), close(&[BreakId::from_bits(7)])),
        (text("days/2026-11-21/close"), r#"{"reason":"r"}"#, close(&[])),
        (
            text("days/2026-11-21/reopen"),
            r#"{"reason":"r"}"#,
            Deed::ReopenDay { day: DAY, reason: text("r") },
        ),
        (
            format!("adjustments/{ADJUSTMENT}/approve"),
            r#"{"reason":"r"}"#,
            judged(AdjustmentVerdict::Approve),
        ),
        (
            format!("adjustments/{ADJUSTMENT}/decline"),
            r#"{"reason":"r"}"#,
            judged(AdjustmentVerdict::Decline),
        ),
    ];
    for (path, body, deed) in others {
        let request = sent(&format!("/v1/operator/{path}"), body);
        assert_eq!(action(request), Action::Record(deed), "{path}");
    }
}

fn moved(fields: &str) -> Request {
    let body = format!(r#"{{{fields},"moved_at":"{AT}","evidence":"line 7"}}"#);
    sent("/v1/operator/movements", &body)
}

#[test]
fn every_kind_of_movement_is_understood() {
    let cases = [
        (
            r#""kind":"fee","wallet":"wx","amount":"0.60""#,
            Movement::ChannelFee { wallet: wallet("wx"), fee: Amount::fen(60) },
        ),
        (
            r#""kind":"withdrawal","wallet":"wx","bank":"cmb","amount":"400","fee":"0.40""#,
            Movement::WithdrawalSent {
                wallet: wallet("wx"),
                bank: BankId::new("cmb").unwrap(),
                amount: Amount::fen(40_000),
                fee: Amount::fen(40),
            },
        ),
        (
            r#""kind":"arrival","withdrawal":"m00000000000000000000000007""#,
            Movement::WithdrawalArrived { withdrawal: MovementId::from_bits(7) },
        ),
        (
            r#""kind":"transfer","wallet":"wx","to":"ali","amount":"1""#,
            Movement::Transfer {
                from: wallet("wx"),
                to: wallet("ali"),
                amount: Amount::fen(100),
                fee: Amount::fen(0),
            },
        ),
        (
            r#""kind":"opening","account":"bank:cmb","amount":"1.5""#,
            Movement::Opening {
                account: Account::Bank(BankId::new("cmb").unwrap()),
                amount: Amount::fen(150),
            },
        ),
    ];
    for (fields, movement) in cases {
        let evidence = text("line 7");
        let expected = Deed::Move { id: None, movement, moved_at: NOON, evidence };
        assert_eq!(action(moved(fields)), Action::Record(expected.clone()), "{fields}");
        let named = action(moved(&format!(r#""id":"m00000000000000000000000009",{fields}"#)));
        let Action::Record(Deed::Move { id, .. }) = named else { panic!("{named:?}") };
        assert_eq!(id, Some(MovementId::from_bits(9)));
    }
}

#[test]
fn an_adjustment_is_understood() {
    let body = format!(
        r#"{{"lines":[{{"account":"营业外支出-抹零","amount":"0.01"}},
            {{"account":"wallet:wx","amount":"-0.01"}}],"value_at":"{AT}","reason":"r"}}"#
    );
    let lines = vec![
        (Account::Tolerance, Amount::fen(1)),
        (Account::Wallet(wallet("wx")), Amount::fen(-1)),
    ];
    let expected = Deed::Propose { id: None, lines, value_at: NOON, reason: text("r") };
    let request = sent("/v1/operator/adjustments", &body);
    assert_eq!(action(request), Action::Record(expected));
}

#[test]
fn every_look_is_understood() {
    let page = |query, after, limit| Action::Look(Look::Breaks { query, after, limit });
    let asked = BreakQuery {
        day: Some(DAY),
        standing: Some(Standing::At(BreakState::Waiting(WaitingFor::Provider))),
        wallet: Some(wallet("wx")),
        owner: Some(text("wu")),
    };
    let unresolved = BreakQuery { standing: Some(Standing::Unresolved), ..BreakQuery::default() };
    let after = Some((Position::new(42), BreakId::from_bits(7)));
    let cursor = format!("cursor=c2a-{BREAK}&limit=2");
    let waiting = |after, limit| Action::Look(Look::Waiting { after, limit });
    let cases = [
        ("breaks", "", page(BreakQuery::default(), None, 100)),
        ("breaks", "day=2026-11-21&state=waiting&wallet=wx&owner=wu", page(asked, None, 100)),
        ("breaks", "state=unresolved", page(unresolved, None, 100)),
        ("breaks", &cursor, page(BreakQuery::default(), after, 2)),
        (&format!("breaks/{BREAK}"), "", Action::Look(Look::Break(BreakId::from_bits(7)))),
        ("days", "", Action::Look(Look::Days { before: None, limit: 100 })),
        (
            "days",
            "cursor=2026-11-21&limit=200",
            Action::Look(Look::Days { before: Some(DAY), limit: 200 }),
        ),
        ("days/2026-11-21", "", Action::Look(Look::Day(DAY))),
        ("movements", "limit=1", Action::Look(Look::UnderWay { after: None, limit: 1 })),
        ("adjustments", "cursor=c2a", waiting(Some(Position::new(42)), 100)),
    ];
    for (path, query, expected) in cases {
        assert_eq!(action(get(&format!("/v1/operator/{path}"), query)), expected, "{path}?{query}");
    }
}

#[test]
fn what_names_nothing_is_not_there() {
    let not_found = (404, text("not_found"));
    for path in [
        "breaks/x",
        "breaks/o00000000000000000000000007",
        "days/x",
        "days/2026-13-01",
        "days/02026-11-21",
    ] {
        assert_eq!(refused(get(&format!("/v1/operator/{path}"), "")), not_found, "{path}");
    }
    for path in ["breaks/x/approve", "days/x/close", "days/x/reopen", "adjustments/x/approve"] {
        assert_eq!(refused(sent(&format!("/v1/operator/{path}"), "{}")), not_found, "{path}");
    }
}

// tidy: long because it is one table
#[test]
fn bad_bodies_and_parameters_are_refused_by_name() {
    let step = |word: &str, body: &str| sent(&format!("/v1/operator/breaks/{BREAK}/{word}"), body);
    let close = |body: &str| sent("/v1/operator/days/2026-11-21/close", body);
    let lines = |lines: &str| {
        let body = format!(r#"{{"lines":[{lines}],"value_at":"{AT}","reason":"r"}}"#);
        sent("/v1/operator/adjustments", &body)
    };
    let list = |query: &str| get("/v1/operator/breaks", query);
    let cases = [
        (step("assign", "{}"), 400, "malformed_request"),
        (step("assign", r#"{"to":"a","by":"b"}"#), 400, "malformed_request"),
        (step("comment", r#"{"text":1}"#), 400, "malformed_request"),
        (step("wait", r#"{"for":"rain"}"#), 400, "malformed_request"),
        (step("approve", r#"{"by":"wu"}"#), 400, "malformed_request"),
        (
            step("resolve", r#"{"resolution":"gone","root":"us","reason":"r"}"#),
            400,
            "malformed_request",
        ),
        (
            step("resolve", r#"{"resolution":"split","root":"me","reason":"r"}"#),
            400,
            "malformed_request",
        ),
        (step("resolve", r#"{"resolution":"split","reason":"r"}"#), 400, "malformed_request"),
        (post("/v1/operator/movements", "text/plain", b"{}"), 415, "unsupported_media_type"),
        (close(r#"{"accepted":[]}"#), 400, "malformed_request"),
        (close(r#"{"accepted":["x"],"reason":"r"}"#), 422, "unknown_break"),
        (close(r#"{"accepted":[],"reason":"r","ends_at":1}"#), 400, "malformed_request"),
        (moved(r#""kind":"gift","wallet":"wx","amount":"1""#), 400, "malformed_request"),
        (moved(r#""kind":"fee","wallet":"wx""#), 400, "malformed_request"),
        (moved(r#""kind":"fee","wallet":"wx","amount":1"#), 400, "malformed_request"),
        (
            moved(r#""kind":"fee","wallet":"wx","amount":"1","bank":"cmb""#),
            400,
            "malformed_request",
        ),
        (moved(r#""kind":"arrival","withdrawal":"m7","fee":"1""#), 400, "malformed_request"),
        (moved(r#""kind":"arrival","withdrawal":"m7""#), 422, "unknown_withdrawal"),
        (moved(r#""kind":"fee","wallet":"w x","amount":"1""#), 422, "unknown_wallet"),
        (moved(r#""kind":"fee","wallet":"wx","amount":"0""#), 422, "amount_not_positive"),
        (moved(r#""kind":"fee","wallet":"wx","amount":"1e3""#), 422, "invalid_amount"),
        (moved(r#""kind":"fee","wallet":"wx","amount":"1","id":"7""#), 400, "malformed_request"),
        (moved(r#""kind":"opening","account":"Cash","amount":"1""#), 422, "invalid_account"),
        (
            moved(r#""kind":"withdrawal","wallet":"wx","bank":"c b","amount":"1""#),
            422,
            "invalid_account",
        ),
        (
            moved(r#""kind":"transfer","wallet":"wx","to":"al","amount":"1","fee":"0.001""#),
            422,
            "invalid_amount",
        ),
        (lines(r#"{"account":"Cash","amount":"1"}"#), 422, "invalid_account"),
        (lines(r#"{"account":"Assets:Channel:WeChat:Main","amount":"1"}"#), 422, "invalid_account"),
        (lines(r#"{"account":"Income:Orders","amount":"1e1"}"#), 422, "invalid_amount"),
        (lines(r#"{"account":"Income:Orders","amount":"x"}"#), 422, "invalid_amount"),
        (lines(r#"{"account":"Income:Orders"}"#), 400, "malformed_request"),
        (list("state=lost"), 400, "malformed_request"),
        (list("day=2026-11-31"), 400, "malformed_request"),
        (list("day=%2B2026-11-21"), 400, "malformed_request"),
        (list("wallet=a%20b"), 400, "malformed_request"),
        (list("limit=0"), 400, "malformed_request"),
        (list("limit=201"), 400, "malformed_request"),
        (list("cursor=c2a"), 400, "malformed_request"),
        (list(&format!("cursor=x-{BREAK}")), 400, "malformed_request"),
        (list("colour=red"), 400, "malformed_request"),
        (get("/v1/operator/days", "day=2026-11-21"), 400, "malformed_request"),
        (get("/v1/operator/days/2026-11-21", "x=1"), 400, "malformed_request"),
        (get("/v1/operator/movements", "cursor=7"), 400, "malformed_request"),
    ];
    for (request, status, code) in cases {
        let shown = format!("{}?{}", request.path, request.query);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert_eq!(refused(request), (status, text(code)), "{shown} {body}");
    }
    let answer = read(&by_operator(step("wait", r#"{"for":"rain"}"#))).unwrap_err();
    let detail = json_of(&answer)["detail"].clone();
    let detail = detail.as_str().unwrap();
    assert!(detail.contains("none of provider, payer, statement, approval"), "{detail}");
}

#[test]
fn a_deed_becomes_a_fact_in_somebody_s_name() {
    let movement = Movement::ChannelFee { wallet: wallet("wx"), fee: Amount::fen(1) };
    let evidence = text("line 7");
    let deed = |id| Deed::Move {
        id,
        movement: movement.clone(),
        moved_at: NOON,
        evidence: evidence.clone(),
    };
    let id_of = |fact: Fact| match fact {
        Fact::MovementRecorded(recorded) => (recorded.id.bits(), recorded.by),
        other => panic!("{other:?}"),
    };
    assert_eq!(id_of(deed(None).fact("li", 9)), (9, text("li")));
    assert_eq!(id_of(deed(Some(MovementId::from_bits(7))).fact("li", 9)), (7, text("li")));
    let deed = Deed::Work { id: BreakId::from_bits(7), step: BreakStep::Approve };
    let Fact::BreakWorked(worked) = deed.fact("wu", 9) else { panic!("{deed:?}") };
    assert_eq!((worked.id, worked.by.as_str()), (BreakId::from_bits(7), "wu"));
}

fn answered(action: Action, reply: &Reply) -> Answer {
    let call = Call { caller: Caller::Operator(text("li")), action };
    word_without_desk(&call, reply, shanghai())
}

fn shown(seen: Seen) -> Value {
    let reply = Reply::Seen { seen: Box::new(seen), repeated: false };
    json_of(&answered(Action::Look(Look::Day(DAY)), &reply))
}

fn entry(by: &str, deed: BreakDeed) -> Entry {
    Entry { position: Position::new(42), at: NOON, by: text(by), deed }
}

fn proposed_break() -> SeenBreak {
    let end = Resolution {
        kind: ResolutionKind::Forced,
        root: RootCause::Unknown,
        reason: text("<old>"),
    };
    let view = BreakView {
        id: BreakId::from_bits(7),
        wallet: wallet("wx"),
        day: DAY,
        booked: DAY.next(),
        found: FoundBreak {
            subject: Subject::Line { serial: text("77") },
            code: BreakCode::AmountOver,
            direction: Direction::In,
            amount: Amount::fen(50),
            related: Vec::new(),
        },
        state: BreakState::Proposed,
        owner: Some(text("wu")),
        proposal: Some((text("wu"), end.clone())),
        ending: None,
        opened_at: NOON,
        history: vec![
            entry("command line", BreakDeed::Opened),
            entry("wu", BreakDeed::Step(BreakStep::Propose(end))),
        ],
    };
    SeenBreak { view, age: AgeBucket::D2To3 }
}

#[test]
fn a_break_is_shown_whole_and_in_a_list_without_its_history() {
    let one = shown(Seen::Break(proposed_break()));
    assert_eq!(one["codes"], json!(["M01", "P01"]));
    assert_eq!(
        (one["day"].as_str(), one["booked"].as_str()),
        (Some("2026-11-21"), Some("2026-11-22"))
    );
    assert_eq!(one["subject"], json!({"kind": "line", "id": "77", "row": null}));
    assert_eq!(one["amount"], "0.50");
    assert_eq!(one["direction"], "in");
    assert_eq!(one["age"], "D2-3");
    assert_eq!(one["waiting_for"], Value::Null);
    assert_eq!(one["proposal"]["by"], "wu");
    assert_eq!(one["history"][0]["deed"], "opened");
    assert_eq!(one["history"][1]["note"], "forced, cause: unknown: <old>");
    let place = (Position::new(42), BreakId::from_bits(7));
    let page = shown(Seen::Breaks(vec![proposed_break()], Some(place)));
    assert_eq!(page["next_cursor"], format!("c2a-{BREAK}"));
    let listed = &page["breaks"][0];
    assert_eq!(listed["history"], Value::Null);
    for (field, value) in listed.as_object().unwrap().iter().filter(|(name, _)| *name != "history")
    {
        assert_eq!(one[field], *value, "{field}");
    }
    let mut over = proposed_break();
    over.view.state = BreakState::Resolved;
    over.view.ending = Some(Ending::Matched { order: OrderId::from_bits(7) });
    over.view.found.subject = Subject::Day;
    let one = shown(Seen::Break(over));
    assert_eq!(one["ending"]["word"], "auto-matched");
    assert_eq!(one["ending"]["by"]["id"], "o00000000000000000000000007");
    assert_eq!(one["subject"], json!({"kind": "day", "id": null, "row": null}));
}

#[test]
fn a_line_that_was_taken_in_says_why_and_for_which_order() {
    let mut taken = proposed_break();
    let deed = |number: Option<&str>| BreakDeed::Taken {
        paid_at: NOON,
        number: number.map(text),
        reason: text("the phone was off"),
    };
    let entry = |deed| Entry { position: Position::new(9), at: NOON, by: text("li"), deed };
    let ending = Ending::TakenIn { payment: PaymentId::from_bits(7) };
    taken.view.history = vec![entry(deed(Some("A-17"))), entry(deed(None))];
    taken.view.ending = Some(ending);
    let one = shown(Seen::Break(taken));
    assert_eq!(
        (&one["history"][0]["deed"], &one["history"][0]["by"]),
        (&json!("take"), &json!("li"))
    );
    let noted = |number: &str| format!("paid at {AT}{number}: the phone was off");
    assert_eq!(one["history"][0]["note"], noted(", order A-17"));
    assert_eq!(one["history"][1]["note"], noted(""));
    assert_eq!(one["ending"]["word"], "taken-in");
}

fn kept() -> StatementKept {
    StatementKept {
        statement: Hash::from_bytes([7; 32]),
        wallet: wallet("wx"),
        layout: text("wechat-27"),
        first: DAY,
        last: DAY,
        lines: 12,
        rejected: 1,
        gross_in: Amount::fen(100),
        gross_out: Amount::fen(0),
        proof: ProofOutcome::Doubtful,
        by: text("li"),
    }
}

#[test]
fn a_day_is_shown_with_who_wants_it_open_again() {
    let day_entry = |by: &str, deed| DayEntry {
        position: Position::new(42),
        at: NOON,
        by: text(by),
        reason: text("r"),
        deed,
    };
    let run = RunView {
        position: Position::new(41),
        at: NOON,
        inputs: Digest::of(&[b"a"]),
        statements: vec![kept().statement],
        totals: RunTotals { payments: 1, lines: 1, matched: 1, matched_amount: Amount::fen(9) },
    };
    let mut day = SeenDay {
        day: DAY,
        closed: true,
        breaks: 3,
        open_breaks: 1,
        statements: vec![(kept(), false)],
        runs: vec![(wallet("wx"), run)],
        history: vec![day_entry("li", DayDeed::Closed(vec![BreakId::from_bits(7)]))],
    };
    let one = shown(Seen::Day(day.clone()));
    assert_eq!((&one["state"], &one["reopen_proposed_by"]), (&json!("closed"), &Value::Null));
    let statement = &one["statements"][0];
    assert_eq!(
        (&statement["proof"], &statement["reconciled"]),
        (&json!("doubtful"), &json!(false))
    );
    let inputs = one["runs"][0]["inputs"].as_str().expect("a text");
    assert!(inputs.len() == 32 && inputs.chars().all(|sign| sign.is_ascii_hexdigit()), "{inputs}");
    assert_eq!(one["history"][0]["note"], format!("r; accepted {BREAK}"));
    day.history.push(day_entry("wu", DayDeed::ReopenProposed));
    assert_eq!(shown(Seen::Day(day.clone()))["reopen_proposed_by"], "wu");
    let page = shown(Seen::Days(vec![day], Some(DAY)));
    assert_eq!(
        (page["next_cursor"].as_str(), &page["days"][0]["open_breaks"]),
        (Some("2026-11-21"), &json!(1))
    );
}

fn movement_view() -> MovementView {
    let movement = Movement::WithdrawalSent {
        wallet: wallet("wx"),
        bank: BankId::new("cmb").unwrap(),
        amount: Amount::fen(40_000),
        fee: Amount::fen(40),
    };
    let id = MovementId::from_bits(7);
    let (by, evidence) = (text("li"), text("line 7"));
    let recorded = MovementRecorded { id, movement, moved_at: NOON, by, evidence };
    MovementView { position: Position::new(42), at: NOON, recorded, arrived: None }
}

fn adjustment_view() -> AdjustmentView {
    let proposed = AdjustmentProposed {
        id: AdjustmentId::from_bits(7),
        lines: vec![(Account::Tolerance, Amount::fen(1)), (Account::Orders, Amount::fen(-1))],
        value_at: NOON,
        by: text("li"),
        reason: text("forgiven"),
    };
    let judged = Judged { at: NOON, by: text("wu"), reason: text("seen") };
    let (position, state) = (Position::new(42), AdjustmentState::Posted);
    AdjustmentView { position, at: NOON, proposed, state, judged: Some(judged) }
}

#[test]
fn what_is_new_is_201_and_what_was_recorded_before_200() {
    let lines = || vec![(Account::Tolerance, Amount::fen(1))];
    let deeds = [
        (
            Deed::Move {
                id: None,
                movement: movement_view().recorded.movement,
                moved_at: NOON,
                evidence: text("line 7"),
            },
            Seen::Movement(movement_view()),
        ),
        (
            Deed::Propose { id: None, lines: lines(), value_at: NOON, reason: text("r") },
            Seen::Adjustment(adjustment_view()),
        ),
    ];
    for (deed, seen) in deeds {
        let seen = Box::new(seen);
        for (repeated, status) in [(false, 201), (true, 200)] {
            let reply = Reply::Seen { seen: seen.clone(), repeated };
            let answer = answered(Action::Record(deed.clone()), &reply);
            assert_eq!(answer.status, status);
            let replayed = answer.headers.iter().any(|(name, _)| name == "idempotent-replayed");
            assert_eq!(replayed, repeated);
        }
    }
    let one = shown(Seen::Movement(movement_view()));
    assert_eq!((&one["kind"], &one["from"]), (&json!("withdrawal"), &json!("wallet:wx")));
    assert_eq!((&one["to"], &one["amount"]), (&json!("bank:cmb"), &json!("400.00")));
    assert_eq!(one["arrived"], Value::Null);
    let one = shown(Seen::Adjustment(adjustment_view()));
    assert_eq!(
        one["lines"][1],
        json!({"account": "Income:Orders", "amount": "-0.01", "currency": "CNY"})
    );
    assert_eq!((&one["state"], &one["judged_by"]), (&json!("posted"), &json!("wu")));
    let waiting = shown(Seen::Adjustments(Vec::new(), Some(Position::new(42))));
    assert_eq!(waiting, json!({"adjustments": [], "next_cursor": "c2a"}));
    let under_way = shown(Seen::Movements(Vec::new(), None));
    assert_eq!(under_way, json!({"movements": [], "next_cursor": null}));
}

// tidy: long because it is one table
#[test]
fn every_refusal_of_finance_has_its_code() {
    let not_reconciled = DayRefusal::NotReconciled(wallet("wx"));
    let adjustment_is = BooksRefusal::AdjustmentIs(AdjustmentState::Posted);
    let cases = [
        (Rejection::Break(BreakRefusal::Unknown), 422, "unknown_break"),
        (Rejection::Break(BreakRefusal::Unfit("part")), 422, "invalid_run"),
        (Rejection::Break(BreakRefusal::UnknownStatement), 422, "invalid_run"),
        (Rejection::Break(BreakRefusal::StatementDiffers), 409, "run_conflict"),
        (Rejection::Break(BreakRefusal::OutOfOrder { expected: 1 }), 409, "run_conflict"),
        (Rejection::Break(BreakRefusal::FoundTwice), 422, "invalid_run"),
        (Rejection::Break(BreakRefusal::Is(BreakState::Resolved)), 409, "break_state"),
        (Rejection::Break(BreakRefusal::SecondPersonNeeded), 403, "second_person"),
        (Rejection::Break(BreakRefusal::SamePerson), 403, "second_person"),
        (Rejection::Day(DayRefusal::Unfit("ends_at")), 422, "invalid_day"),
        (Rejection::Day(DayRefusal::NotOver), 409, "day_not_over"),
        (Rejection::Day(DayRefusal::Closed), 409, "day_closed"),
        (Rejection::Day(DayRefusal::Open), 409, "day_open"),
        (Rejection::Day(not_reconciled), 409, "day_not_reconciled"),
        (Rejection::Day(DayRefusal::BreaksLeft(2)), 409, "breaks_left"),
        (Rejection::Books(BooksRefusal::IdTaken), 409, "id_taken"),
        (Rejection::Books(BooksRefusal::UnknownWithdrawal), 422, "unknown_withdrawal"),
        (Rejection::Books(BooksRefusal::WithdrawalArrived), 409, "withdrawal_arrived"),
        (Rejection::Books(BooksRefusal::AlreadyOpened), 409, "already_opened"),
        (Rejection::Books(BooksRefusal::NotOpenable), 422, "invalid_account"),
        (Rejection::Books(BooksRefusal::SameWallet), 422, "same_wallet"),
        (Rejection::Books(BooksRefusal::BadFee), 422, "invalid_amount"),
        (Rejection::Books(BooksRefusal::TimeAhead), 422, "time_ahead"),
        (Rejection::Books(BooksRefusal::AmountTooLarge), 422, "invalid_amount"),
        (Rejection::Books(BooksRefusal::TooManyBanks), 409, "too_many_banks"),
        (Rejection::Books(BooksRefusal::BadLines), 422, "invalid_lines"),
        (Rejection::Books(BooksRefusal::Unbalanced), 422, "invalid_lines"),
        (Rejection::Books(BooksRefusal::NotAdjustable), 422, "invalid_account"),
        (Rejection::Books(BooksRefusal::UnknownAdjustment), 404, "not_found"),
        (Rejection::Books(adjustment_is), 409, "adjustment_state"),
        (Rejection::Books(BooksRefusal::SamePerson), 403, "second_person"),
    ];
    for (rejection, status, code) in cases {
        let detail = rejection.to_string();
        let answer = answered(Action::Look(Look::Day(DAY)), &Reply::Rejected(rejection));
        assert_eq!(problem_of(&answer), (status, text(code)), "{detail}");
        assert_eq!(json_of(&answer)["detail"], detail);
    }
}

#[test]
fn whoever_holds_the_book_speaks_of_finance_only() {
    let call = read_call("wu", &get("/v1/operator/days", ""), shanghai()).unwrap();
    assert_eq!(call.caller, Caller::Operator(text("wu")));
    for path in ["/v1/orders", "/v1/operator/inbox", "/v1/operator/devices", "/pay/x"] {
        let answer = read_call("wu", &get(path, ""), shanghai()).expect_err("not finance");
        assert_eq!(problem_of(&answer), (404, text("not_found")), "{path}");
    }
    let mut wrong = get("/v1/operator/days", "");
    wrong.method = Method::Put;
    assert!(read_call("wu", &wrong, shanghai()).is_err());
}

#[test]
fn the_document_s_examples_are_read() {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut read_examples = 0;
    for (path, verbs) in document["paths"].as_object().unwrap() {
        let example = &verbs["post"]["requestBody"]["content"][JSON]["example"];
        if example.is_null() || !is_ours(path) {
            continue;
        }
        let body = example.to_string().into_bytes();
        let fine = match path.rsplit('/').next().unwrap() {
            "assign" => parse_body::<OwnerBody>(&body).is_ok(),
            "comment" => parse_body::<CommentBody>(&body).is_ok(),
            "wait" => parse_body::<WaitBody>(&body).is_ok(),
            "propose" | "resolve" => parse_body::<EndBody>(&body).is_ok(),
            "close" => parse_body::<CloseBody>(&body).is_ok(),
            "take" => parse_body::<TakeBody>(&body).is_ok(),
            "movements" => parse_body::<MovementBody<'_>>(&body).is_ok(),
            "adjustments" => parse_body::<AdjustmentBody<'_>>(&body).is_ok(),
            _ => parse_body::<ReasonBody>(&body).is_ok(),
        };
        assert!(fine, "{path}: {example}");
        read_examples += 1;
    }
    assert_eq!(read_examples, 14);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in ["Break", "BreakPage", "BusinessDay", "Movement", "Adjustment", "NewMovement"] {
        assert!(schemas.contains_key(name), "{name} is described: {:?}", schemas.keys());
    }
}

#[test]
fn a_merchant_s_token_reads_the_same_and_is_refused_where_it_is_carried_out() {
    let call = read(&by_merchant(get("/v1/operator/days", ""))).unwrap();
    assert!(matches!(call.caller, Caller::Merchant(_)));
}

proptest! {
    #[test]
    fn no_body_of_finance_panics(
        path in prop::sample::select(vec![
            "breaks/b00000000000000000000000007/resolve",
            "days/2026-11-21/close",
            "movements",
            "adjustments",
        ]),
        at in any::<i64>(),
        words in "[a-z\"{}:,0-9.-]{0,60}",
    ) {
        let body = format!("{{{words}}}");
        if let Err(answer) = read(&by_operator(sent(&format!("/v1/operator/{path}"), &body))) {
            let _ = problem_of(&answer);
        }
        let mut seen = proposed_break();
        seen.view.opened_at = Timestamp::from_micros(at);
        prop_assert!(shown(Seen::Break(seen)).is_object());
    }
}
