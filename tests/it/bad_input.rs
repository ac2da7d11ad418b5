//! Bad input to each protocol and source over real HTTP: each gets the protocol's own clear answer
//! and changes nothing. What a proven phone says and nobody can read is kept as evidence, once, and
//! shown to the operator.

use duizhang_core::decision::Decision;
use duizhang_core::notification::Verdict;
use duizhang_listener_bridge::wire::{encode_component, md5_hex};

use crate::program::{
    Answer, BookFile, Caller, DEVICE_KEY, MERCHANT_KEY, Records, Shop, TOKEN, millis, push_path,
    usual,
};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// The number of the last event, as the operators' page tells it.
fn position(caller: Caller) -> String {
    let text = caller.get("/metrics").text();
    let line = text.lines().find(|line| !line.starts_with('#') && line.contains("position"));
    line.unwrap_or_else(|| panic!("no position in {text}")).to_owned()
}

/// Asks, and makes sure that nothing was recorded.
fn ask_in_vain(
    caller: Caller,
    what: &str,
    line: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let before = position(caller);
    let answer = caller.ask(line, headers, body);
    let answer = answer.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(position(caller), before, "{what}: {}", answer.text());
    answer
}

fn book() -> (Shop, BookFile) {
    let shop = Shop::new();
    let more = r#"
[[merchant]]
id = "1002"
key = "merchant-key-0002"
token = "native-token-0002-of-shop"
wallets = ["wx-main"]
enabled = false
[[merchant]]
id = "1003"
key = "merchant-key-0003"
wallets = ["wx-main"]
strict = true
"#;
    let book = BookFile::with(&format!("{}{more}", usual(&shop.url())));
    (shop, book)
}

/// A signed creation by V免签; the parts are texts before encoding.
fn create(prefix: &str, key: &str, [pay_id, param, kind, price]: [&str; 4]) -> String {
    let sign = md5_hex(&[format!("{pay_id}{param}{kind}{price}{key}").as_bytes()]);
    let [pay_id, param, kind, price] = [pay_id, param, kind, price].map(encode_component);
    format!(
        "{prefix}/createOrder?payId={pay_id}&param={param}&type={kind}&price={price}&sign={sign}"
    )
}

// tidy: long because most of it is one table.
#[test]
fn the_original_protocol_refuses_in_its_own_words_and_changes_nothing() {
    let (_shop, book) = book();
    let program = book.serve();
    let caller = program.caller();
    let signed = |parts| create("", MERCHANT_KEY, parts);
    let sound = signed(["A", "", "1", "10.00"]);
    let long = "x".repeat(3_000);
    let rows: Vec<(&str, String, &str)> = vec![
        ("nothing at all", "/createOrder".into(), "请传入商户订单号"),
        ("empty number", signed(["", "", "1", "10.00"]), "请传入商户订单号"),
        ("empty type", signed(["A", "", "", "10.00"]), "请传入支付方式=>1|微信 2|支付宝"),
        ("unknown type", signed(["A", "", "9", "10.00"]), "支付方式错误=>1|微信 2|支付宝"),
        ("empty price", signed(["A", "", "1", ""]), "请传入订单金额"),
        ("zero", signed(["A", "", "1", "0.00"]), "订单金额必须大于0"),
        ("negative", signed(["A", "", "1", "-10.00"]), "订单金额必须大于0"),
        ("not a number", signed(["A", "", "1", "NaN"]), "订单金额格式错误"),
        ("infinite", signed(["A", "", "1", "Infinity"]), "订单金额格式错误"),
        ("below a fen", signed(["A", "", "1", "0.001"]), "订单金额最多两位小数"),
        ("full-width digits", signed(["A", "", "1", "１０.００"]), "订单金额格式错误"),
        ("decimal comma", signed(["A", "", "1", "10,00"]), "订单金额格式错误"),
        ("hexadecimal", signed(["A", "", "1", "0x10"]), "订单金额格式错误"),
        ("a space", signed(["A", "", "1", "10 .00"]), "订单金额格式错误"),
        ("absurd", signed(["A", "", "1", "999999999999"]), "订单金额过大"),
        ("absurd power", signed(["A", "", "1", "1e30"]), "订单金额格式错误"),
        ("no sign", sound.split("&sign").next().expect("a part").into(), "请传入签名"),
        (
            "empty sign",
            sound.split("&sign").next().expect("a part").to_owned() + "&sign=",
            "请传入签名",
        ),
        ("wrong sign", sound.clone() + "0", "签名校验不通过"),
        (
            "another's sign",
            create("", "merchant-key-0003", ["A", "", "1", "10.00"]),
            "签名校验不通过",
        ),
        ("a device's key", create("", DEVICE_KEY, ["A", "", "1", "10.00"]), "签名校验不通过"),
        (
            "unknown merchant",
            create("/m/9999", MERCHANT_KEY, ["A", "", "1", "10.00"]),
            "签名校验不通过",
        ),
        (
            "disabled merchant",
            create("/m/1002", "merchant-key-0002", ["A", "", "1", "10.00"]),
            "签名校验不通过",
        ),
        (
            "price changed after signing",
            sound.replace("price=10.00", "price=0.01"),
            "签名校验不通过",
        ),
        ("doubled parameter", sound.clone() + "&price=0.01", "参数重复：price"),
        ("broken encoding", sound.clone() + "&param2=%FF%FE", "参数编码错误：param2"),
        ("control characters", signed(["A\nB", "", "1", "10.00"]), "参数含有不允许的字符：payId"),
        ("an ampersand", signed(["A&B", "", "1", "10.00"]), "参数含有不允许的字符：payId"),
        ("a long number", signed([&long[..200], "", "1", "10.00"]), "参数错误：payId"),
        (
            "a script as address",
            sound.clone() + "&returnUrl=javascript:alert(1)",
            "地址必须以http或https开头：returnUrl",
        ),
        (
            "strict: not canonical",
            create("/m/1003", "merchant-key-0003", ["A", "|a|", "1", "1"]),
            "参数不符合严格模式：price",
        ),
    ];
    for (what, path, msg) in rows {
        let answer = ask_in_vain(caller, what, &format!("GET {path}"), &[], b"");
        let expected = format!(r#"{{"code":-1,"msg":"{msg}"}}"#);
        assert_eq!((answer.status, answer.text()), (200, expected), "{what}");
    }
    let answer = ask_in_vain(caller, "verb", "PUT /createOrder", &[], b"");
    assert_eq!(answer.status, 405);
    let oversized = vec![b'x'; 70_000];
    let answer =
        ask_in_vain(caller, "size", "POST /createOrder", &[("Content-Type", FORM)], &oversized);
    assert_eq!(answer.text(), r#"{"code":-1,"msg":"请求内容过长"}"#);
    let gbk = b"payId=\xd6\xd0&type=1&price=1&sign=0";
    let answer = ask_in_vain(caller, "GBK", "POST /createOrder", &[("Content-Type", FORM)], gbk);
    assert_eq!(answer.text(), r#"{"code":-1,"msg":"表单不是UTF-8编码"}"#);
    assert_eq!(program.stop().code, Some(0));
}

// tidy: long because most of it is one table.
#[test]
fn the_native_protocol_refuses_with_a_problem_document_and_changes_nothing() {
    let (_shop, book) = book();
    let program = book.serve();
    let caller = program.caller();
    let amount = |text: &str| format!(r#"{{"amount":{text}}}"#);
    let deep =
        format!(r#"{{"amount":"1.00","subject":{}1{}}}"#, "[".repeat(9_000), "]".repeat(9_000));
    let rows: Vec<(&str, String, u16, &str)> = vec![
        ("nothing", String::new(), 400, "malformed_request"),
        ("no object", "[]".into(), 400, "malformed_request"),
        ("no amount", "{}".into(), 400, "malformed_request"),
        ("half a document", r#"{"amount":"1"#.into(), 400, "malformed_request"),
        ("two documents", r#"{"amount":"1.00"}{}"#.into(), 400, "malformed_request"),
        ("a byte order mark", "\u{feff}{\"amount\":\"1.00\"}".into(), 400, "malformed_request"),
        ("deep nesting", deep, 400, "malformed_request"),
        ("doubled key", r#"{"amount":"1.00","amount":"2.00"}"#.into(), 400, "malformed_request"),
        ("unknown key", r#"{"amount":"1.00","state":"paid"}"#.into(), 400, "malformed_request"),
        ("a number", amount("1.00"), 400, "malformed_request"),
        ("null", amount("null"), 400, "malformed_request"),
        ("empty", amount(r#""""#), 422, "invalid_amount"),
        ("NaN", amount(r#""NaN""#), 422, "invalid_amount"),
        ("a power of ten", amount(r#""1e3""#), 422, "invalid_amount"),
        ("below a fen", amount(r#""0.001""#), 422, "invalid_amount"),
        ("full-width digits", amount(r#""１.００""#), 422, "invalid_amount"),
        ("absurd", amount(r#""999999999999""#), 422, "invalid_amount"),
        ("zero", amount(r#""0.00""#), 422, "amount_not_positive"),
        ("negative", amount(r#""-1.00""#), 422, "amount_not_positive"),
        ("currency", r#"{"amount":"1.00","currency":"USD"}"#.into(), 422, "currency_unsupported"),
        ("no such wallet", r#"{"amount":"1.00","channels":["qq"]}"#.into(), 422, "no_wallet"),
        ("short life", r#"{"amount":"1.00","expires_in":1}"#.into(), 422, "invalid_expires_in"),
        ("script", r#"{"amount":"1.00","return_url":"javascript:1"}"#.into(), 422, "invalid_url"),
        ("file", r#"{"amount":"1.00","notify_url":"file:///etc"}"#.into(), 422, "invalid_url"),
        ("control", r#"{"amount":"1.00","number":"a\u0000b"}"#.into(), 422, "invalid_text"),
    ];
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", JSON)];
    let problem = |answer: &Answer, what: &str| {
        let kind = answer.header("content-type").unwrap_or_default();
        assert_eq!(kind, "application/problem+json", "{what}: {}", answer.text());
        let body = answer.json();
        assert_eq!(body["status"], answer.status, "{what}: {body}");
        assert!(!body.to_string().contains(TOKEN), "{what}: {body}");
        body["code"].as_str().expect("a code").to_owned()
    };
    for (what, body, status, code) in rows {
        let answer = ask_in_vain(caller, what, "POST /v1/orders", &headers, body.as_bytes());
        assert_eq!((answer.status, problem(&answer, what).as_str()), (status, code), "{what}");
    }
    let good = br#"{"amount":"1.00"}"#;
    let invalid = b"{\"amount\":\"1.00\",\"subject\":\"\xff\xfe\"}";
    let answer = ask_in_vain(caller, "encoding", "POST /v1/orders", &headers, invalid);
    assert_eq!(problem(&answer, "encoding"), "malformed_request");
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);
    let text = [("Authorization", bearer.as_str()), ("Content-Type", "text/plain")];
    let key = [headers[0], headers[1], ("Idempotency-Key", "")];
    let rows: [Row<'_>; 7] = [
        ("no token", &[("Content-Type", JSON)], 401, "unauthorized"),
        ("empty token", &[("Authorization", "Bearer "), headers[1]], 401, "unauthorized"),
        ("unknown token", &[("Authorization", "Bearer x"), headers[1]], 401, "unauthorized"),
        (
            "disabled merchant",
            &[("Authorization", "Bearer native-token-0002-of-shop"), headers[1]],
            403,
            "forbidden",
        ),
        ("media type", &text, 415, "unsupported_media_type"),
        ("no media type", &headers[..1], 415, "unsupported_media_type"),
        ("empty key", &key, 400, "malformed_request"),
    ];
    for (what, headers, status, code) in rows {
        let answer = ask_in_vain(caller, what, "POST /v1/orders", headers, good);
        assert_eq!((answer.status, problem(&answer, what).as_str()), (status, code), "{what}");
    }
    let answer = ask_in_vain(caller, "foreign", "GET /v1/orders/o1", &headers[..1], b"");
    assert_eq!(problem(&answer, "foreign"), "not_found");
    let answer = ask_in_vain(caller, "size", "POST /v1/orders", &headers, &vec![b' '; 70_000]);
    assert_eq!((answer.status, problem(&answer, "size").as_str()), (413, "body_too_large"));
    assert_eq!(program.stop().code, Some(0));
}

#[test]
fn a_phone_that_proves_nothing_changes_nothing_and_what_a_proven_one_says_is_kept() {
    let (_shop, book) = book();
    let operator = book.operator();
    let program = book.serve();
    let caller = program.caller();
    let order = caller.get(&create("", MERCHANT_KEY, ["A", "", "1", "10.00"]));
    assert_eq!(order.json()["code"], 1, "{}", order.text());
    let t = millis();
    let sound = push_path("10.00", t, DEVICE_KEY);
    let rows = [
        ("nothing", "/appPush".to_owned(), "缺少必要参数"),
        ("no sign", sound.split("&sign").next().expect("a part").to_owned(), "缺少必要参数"),
        ("unknown type", sound.replace("type=1", "type=7"), "参数错误：type"),
        ("short time", sound.replace(&t.to_string(), "1763700000"), "参数错误：t"),
        ("doubled price", sound.clone() + "&price=99.00", "参数错误：price"),
        ("a heartbeat's time", "/appHeart?t=now&sign=0".to_owned(), "参数错误：t"),
    ];
    for (what, path, msg) in rows {
        let answer = ask_in_vain(caller, what, &format!("GET {path}"), &[], b"");
        let expected = format!(r#"{{"code":-1,"msg":"{msg}","data":null}}"#);
        assert_eq!((answer.status, answer.text()), (200, expected), "{what}");
    }
    let hook = [
        ("no sign", "POST /hook/phone-1", "from=a&content=b&timestamp=1763700000000", 400),
        ("unknown device", "POST /hook/phone-9", "content=b&timestamp=1763700000000&sign=YQ", 401),
    ];
    for (what, line, body, status) in hook {
        let form = [("Content-Type", FORM)];
        let answer = caller.ask(line, &form, body.as_bytes()).expect("an answer");
        assert_eq!(answer.status, status, "{what}: {}", answer.text());
    }
    // A wrong signature is kept as forged evidence, within an allowance, and has no effect.
    for path in [sound.clone() + "0", push_path("10.00", t, MERCHANT_KEY)] {
        assert_eq!(caller.get(&path).json()["msg"], "签名校验错误", "{path}");
    }
    // A proven phone whose price means nothing: kept once, however often it is sent, and shown.
    let unreadable =
        ["0", "0.00", "-10.00", "NaN", "0.001", "１０.００", "10,00", "999999999999", ""];
    for (number, price) in (1..).zip(unreadable) {
        let t = t + number;
        let sign = md5_hex(&[format!("1{price}{t}{DEVICE_KEY}").as_bytes()]);
        let price = encode_component(price);
        let path = format!("/appPush?type=1&price={price}&t={t}&sign={sign}");
        for _ in 0..2 {
            assert_eq!(caller.get(&path).json()["code"], 1, "{path}");
        }
    }
    let inbox = caller.get_as("/v1/operator/inbox", &operator).json();
    let questions = inbox["questions"].as_array().expect("a list").clone();
    assert_eq!(questions.len(), unreadable.len(), "{inbox}");
    assert!(questions.iter().all(|question| question["verdict"] == "unreadable"), "{inbox}");
    assert_eq!(inbox["held"].as_array().map(Vec::len), Some(0), "{inbox}");
    // A clock that is a day wrong says when, not whether: the money is kept and nobody's order is
    // guessed.
    let wrong_clock = push_path("10.00", t - 86_400_000, DEVICE_KEY);
    assert_eq!(caller.get(&wrong_clock).json()["code"], 1);
    let inbox = caller.get_as("/v1/operator/inbox", &operator).json();
    assert_eq!(inbox["held"].as_array().map(Vec::len), Some(1), "{inbox}");

    assert_eq!(program.stop().code, Some(0));
    let records = Records::audited(&book.data()).expect("the audit is clean");
    assert_eq!(records.paid.len(), 0);
    let (unread, repeats, forged) = verdicts(&records);
    assert_eq!((unread, repeats), (unreadable.len(), unreadable.len()));
    assert!((2..=3).contains(&forged), "{forged} forged deliveries were kept");
}

/// How many deliveries were unreadable, repeats, and forged.
fn verdicts(records: &Records) -> (usize, usize, usize) {
    let count = |fits: fn(&Verdict) -> bool| {
        let decisions = records.chapters.iter().flat_map(|chapter| &chapter.decisions);
        let judged = decisions.filter(|decision| match decision {
            Decision::NotificationJudged { verdict, .. } => fits(verdict),
            _ => false,
        });
        judged.count()
    };
    (
        count(|verdict| matches!(verdict, Verdict::Unreadable)),
        count(|verdict| matches!(verdict, Verdict::Repeat { .. })),
        count(|verdict| matches!(verdict, Verdict::Forged)),
    )
}
