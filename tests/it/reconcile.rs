//! `reconcile` and `statement` as finance uses them: the shop's day, the channel's files, what the
//! program keeps, records and says, on a stopped server's data and on a running server.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, TimeDelta};
use duizhang_api::clock::{Clock, SystemClock};
use serde_json::Value;

use crate::program::{
    BookFile, Caller, DEVICE_KEY, Ended, Program, Shop, TOKEN, millis, push_path,
};

/// A row of a statement.
#[derive(Clone)]
pub(crate) struct Receipt {
    pub(crate) time: String,
    pub(crate) amount: &'static str,
    pub(crate) serial: &'static str,
    pub(crate) order: &'static str,
    pub(crate) status: &'static str,
}

/// A file as the WeChat app exports it, with these receipts.
pub(crate) fn wechat_file(day: &str, receipts: &[Receipt]) -> String {
    let rows = receipts.iter().map(|Receipt { time, amount, serial, order, status }| {
        format!(
            "{time},二维码收款,*三,\"收款方备注:二维码收款\",收入,¥{amount},零钱,{status},\"{serial}\t\",\"{order}\",\"/\"\n"
        )
    });
    format!(
        "\u{feff}微信支付账单明细,,,,,,,,,,\n微信昵称：[店],,,,,,,,,,\n\
         起始时间：[{day} 00:00:00] 终止时间：[{day} 23:59:59],,,,,,,,,,\n导出类型：[全部],,,,,,,,,,\n\
         导出时间：[{day} 23:59:59],,,,,,,,,,\n,,,,,,,,,,\n共{}笔记录,,,,,,,,,,\n\
         ----------------------微信支付账单明细列表--------------------,,,,,,,,,,\n\
         交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n{}",
        receipts.len(),
        rows.collect::<String>()
    )
}

fn now_in_shanghai() -> DateTime<FixedOffset> {
    let zone = FixedOffset::east_opt(8 * 3_600).expect("a zone");
    let micros = SystemClock::new().now().micros();
    DateTime::from_timestamp_micros(micros).expect("a time").with_timezone(&zone)
}

/// A file of another network.
const ALIPAY_FILE: &str = "\
支付宝交易记录明细查询\n账号:[x@example.com]\n\
起始日期:[2026-11-20 00:00:00]    终止日期:[2026-11-21 00:00:00]\n\
---------------------------------交易记录明细列表------------------------------------\n\
交易号,商家订单号,交易创建时间,付款时间,最近修改时间,交易来源地,类型,交易对方,商品名称,金额（元）,收/支,\
交易状态,服务费（元）,成功退款（元）,备注,资金状态,\n";

/// The number of our line of the day.
const SERIAL: &str = "1000050201202611210001";

/// A shop's day, and the files of its channel.
pub(crate) struct Day {
    pub(crate) book: BookFile,
    pub(crate) day: String,
    pub(crate) before: String,
    pub(crate) time: String,
    admin: String,
}

impl Day {
    /// A shop that took 10.00 for one order.
    pub(crate) fn new() -> Self {
        let shop = Shop::new();
        let book = BookFile::new(&shop.url());
        let admin = book.operator();
        let server = book.serve();
        let body = r#"{"number":"R-1","amount":"10.00","channels":["wechat"]}"#;
        let made = server.caller().try_post_json("/v1/orders", TOKEN, body).expect("an answer");
        assert_eq!(made.json()["payable"], "10.00", "{}", made.text());
        let now = now_in_shanghai();
        let pushed = server.caller().get(&push_path("10.00", millis(), DEVICE_KEY));
        assert_eq!(pushed.json()["code"], 1, "{}", pushed.text());
        assert_eq!(server.stop().code, Some(0));
        let day = now.format("%Y-%m-%d").to_string();
        let before = (now - TimeDelta::days(1)).format("%Y-%m-%d").to_string();
        Self { book, day, before, time: now.format("%Y-%m-%d %H:%M:%S").to_string(), admin }
    }

    /// The line of the shop's payment.
    pub(crate) fn paid(&self) -> Receipt {
        Receipt {
            time: self.time.clone(),
            amount: "10.00",
            serial: SERIAL,
            order: "/",
            status: "已收钱",
        }
    }

    pub(crate) fn stranger(&self) -> Receipt {
        Receipt { amount: "66.66", serial: "1000050201202611210002", ..self.paid() }
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.book.data().with_file_name(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    pub(crate) fn bill(&self, name: &str, receipts: &[Receipt]) -> String {
        self.file(name, &wechat_file(&self.day, receipts))
    }

    pub(crate) fn run(&self, verb: &[&str]) -> Ended {
        self.book.run(verb)
    }

    pub(crate) fn reconcile(&self, more: &[&str]) -> Ended {
        self.run(&[&["reconcile", "--day", &self.day], more].concat())
    }

    /// Reconciles, and reads what is said.
    pub(crate) fn said(&self, code: i32, more: &[&str]) -> Value {
        let ended = self.reconcile(&[more, &["--json"]].concat());
        assert_eq!(ended.code, Some(code), "{ended:?}");
        serde_json::from_str(&ended.output).expect("JSON")
    }

    /// The kept files.
    pub(crate) fn kept(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.book.data().join("statements"));
        let mut files: Vec<PathBuf> = folder
            .map(|files| files.map(|file| file.expect("an entry").path()).collect())
            .unwrap_or_default();
        files.sort();
        files
    }

    pub(crate) fn ask(&self, caller: Caller, verb: &[&str]) -> Ended {
        let mut command = Program::command(verb);
        command.args(["--server", &format!("http://{}", caller.at), "--token", &self.admin]);
        Program::run(command)
    }
}

/// The codes of the breaks that are found now, sorted; the report lists those that ended, too.
fn codes(said: &Value) -> Vec<&str> {
    let breaks = said["breaks"].as_array().expect("a list");
    let found = breaks.iter().filter(|one| one["class"] != "");
    let mut codes: Vec<&str> = found.map(|one| one["code"].as_str().expect("letters")).collect();
    codes.sort_unstable();
    codes
}

fn counts(said: &Value) -> Vec<u64> {
    let run = &said["recorded"]["runs"][0];
    ["opened", "changed", "resolved"].map(|key| run[key].as_u64().expect("a count")).to_vec()
}

#[test]
fn a_day_and_its_statement_agree_and_the_same_again_changes_nothing() {
    let day = Day::new();
    let bill = day.bill("bill.csv", &[day.paid()]);
    let dry = day.reconcile(&["--statement", &bill, "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.output.contains("bill.csv for wx-main"), "{}", dry.output);
    assert_eq!(day.kept(), [""; 0].map(PathBuf::from), "a dry run keeps nothing");

    let agreed = day.reconcile(&["--statement", &bill]);
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    for says in ["everything agrees", "is kept\n", "0 breaks opened"] {
        assert!(agreed.output.contains(says), "{says}: {}", agreed.output);
    }
    assert_eq!(day.kept().len(), 1);
    let first = day.said(0, &[]);
    assert_eq!(first["recorded"]["runs"][0]["again"], true, "{first}");
    // The same bytes under another name, and with their wallet: nothing enters the log.
    let copy = day.file("copy.csv", &wechat_file(&day.day, &[day.paid()]));
    let again = day.said(0, &["--statement", &format!("wx-main={copy}")]);
    assert_eq!(again["recorded"]["statements"][0]["again"], true, "{again}");
    assert_eq!(again["recorded"]["runs"][0]["again"], true, "{again}");
    assert_eq!(first["files"], again["files"]);
    assert_eq!(day.kept().len(), 1);
    assert_eq!(day.run(&["audit"]).code, Some(0));
}

#[test]
fn differences_become_breaks_that_the_whole_file_ends() {
    let day = Day::new();
    let poor = day.bill("poor.csv", &[day.stranger()]);
    let nobody = day.reconcile(&["--statement", &poor, "--by", "mallory"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    assert!(nobody.errors.contains("there is no operator \"mallory\""), "{nobody:?}");
    assert_eq!(day.kept().len(), 0, "nothing is kept for a stranger");
    let differing = day.said(1, &["--statement", &poor, "--by", "admin"]);
    assert_eq!(codes(&differing), ["T03", "U02"], "{differing}");
    assert_eq!(counts(&differing), [2, 0, 0], "{differing}");
    let sha256 = differing["recorded"]["statements"][0]["sha256"].as_str().expect("digits");
    let place = format!("\"{} row 10\"", &sha256[..12]);
    assert!(differing.to_string().contains(&place), "{differing}");

    // The whole file, made later, ends what it explains and leaves the stranger's money.
    let whole = day.bill("whole.csv", &[day.paid(), day.stranger()]);
    let better = day.said(1, &["--statement", &whole]);
    assert_eq!((codes(&better), counts(&better)), (vec!["U02"], vec![0, 0, 1]), "{better}");
    assert_eq!(better["changes"], Value::Array(Vec::new()), "rows told again are no changes");
    assert_eq!(better["recorded"]["open"], 1);
    assert_eq!(day.run(&["audit"]).code, Some(0));
    let listed = day.run(&["statement", "list", "--day", &day.day]);
    assert_eq!(listed.output.lines().count(), 2, "{listed:?}");
    assert!(
        listed.output.lines().next().is_some_and(|line| line.ends_with("by admin")),
        "{listed:?}"
    );
}

#[test]
fn a_later_export_with_another_status_or_without_a_row_is_a_change() {
    let day = Day::new();
    let first = day.bill("first.csv", &[day.paid(), day.stranger()]);
    assert_eq!(counts(&day.said(1, &["--statement", &first])), [1, 0, 0]);

    let given_back = Receipt { status: "已全额退款", ..day.paid() };
    let second = day.bill("second.csv", &[given_back]);
    let said = day.said(1, &["--statement", &second]);
    let changes = said["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 2, "{said}");
    assert_eq!(changes[0]["serial"], SERIAL);
    assert_eq!(changes[0]["differs"], serde_json::json!(["status"]));
    assert_eq!(changes[0]["after"]["status"], "已全额退款");
    assert_eq!(
        (&changes[1]["after"], &changes[1]["serial"]),
        (&Value::Null, &Value::from("1000050201202611210002"))
    );
    // The channel calls it given back and we do not; the stranger's money is gone from its file.
    assert_eq!((codes(&said), counts(&said)), (vec!["M07"], vec![1, 0, 1]), "{said}");
    let text = day.reconcile(&[]);
    assert!(text.output.contains("status differs"), "{}", text.output);
    assert!(text.output.contains("does not have it"), "{}", text.output);
}

#[test]
fn a_neighbour_days_file_explains_a_break() {
    let day = Day::new();
    let empty = day.bill("empty.csv", &[day.stranger()]);
    assert_eq!(codes(&day.said(1, &["--statement", &empty])), ["T03", "U02"]);
    // The channel has it just before midnight, under our own number.
    let time = format!("{} 23:59:58", day.before);
    let line = Receipt { time, order: "R-1", ..day.paid() };
    let bill = day.file("before.csv", &wechat_file(&day.before, &[line]));
    let verb = ["reconcile", "--day", &day.before, "--statement", &bill, "--json"];
    let ended = day.run(&verb);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said: Value = serde_json::from_str(&ended.output).expect("JSON");
    assert_eq!(counts(&said), [0, 0, 1], "{said}");
    // The day itself no longer finds it either, and has the stranger left.
    let own = day.said(1, &[]);
    assert_eq!((counts(&own), own["recorded"]["open"].as_u64()), (vec![0, 0, 0], Some(1)));
    assert_eq!(day.run(&["audit"]).code, Some(0));
}

#[test]
fn a_running_server_keeps_records_and_says_the_same() {
    let day = Day::new();
    let server = day.book.serve();
    let bill = day.bill("bill.csv", &[day.stranger()]);
    let verb = ["reconcile", "--day", &day.day, "--statement", &bill];
    let first = day.ask(server.caller(), &verb);
    assert_eq!(first.code, Some(1), "{first:?}");
    assert!(first.output.contains("2 breaks opened"), "{first:?}");
    let again = day.ask(server.caller(), &verb);
    assert!(again.output.contains("nothing has changed since the last run"), "{again:?}");
    let digits = &first.output.split("sha256 ").nth(1).expect("digits")[..8];
    let target = day.book.data().with_file_name("back.csv");
    let saved = target.display().to_string();
    let questions: [(&[&str], i32); 6] = [
        (&["statement", "list"], 0),
        (&["statement", "show", digits], 0),
        (&["statement", "show", "ffff"], 2),
        (&["statement", "show", "x"], 2),
        (&["statement", "save", digits, "-o", &saved], 0),
        (&["reconcile", "--day", &day.day], 1),
    ];
    let mut answers = Vec::new();
    for (verb, code) in questions {
        let running = day.ask(server.caller(), verb);
        assert_eq!(running.code, Some(code), "{verb:?}: {running:?}");
        answers.push(running);
    }
    assert!(answers[0].output.contains("by admin"), "the token says who: {:?}", answers[0]);
    let original = std::fs::read(&bill).expect("it is there");
    assert_eq!(std::fs::read(&target).expect("it was saved"), original);
    std::fs::remove_file(&target).expect("it is there");
    assert_eq!(server.stop().code, Some(0));
    for ((verb, _), running) in questions.iter().zip(answers) {
        let stopped = day.run(verb);
        assert_eq!(running, stopped, "{verb:?}");
    }
    assert_eq!(std::fs::read(&target).expect("it was saved"), original);
    assert_eq!(day.run(&["audit"]).code, Some(0));
}

#[test]
fn two_people_at_once_leave_one_whole_run() {
    let day = Day::new();
    let server = day.book.serve();
    let bills = [day.bill("one.csv", &[day.stranger()]), day.bill("two.csv", &[day.paid()])];
    let caller = server.caller();
    let ended: Vec<Ended> = std::thread::scope(|scope| {
        let ask = |bill| day.ask(caller, &["reconcile", "--day", &day.day, "--statement", bill]);
        let asked: Vec<_> = bills.iter().map(|bill| scope.spawn(move || ask(bill))).collect();
        asked.into_iter().map(|one| one.join().expect("no panic")).collect()
    });
    for one in &ended {
        let turned_away = one.errors.contains("another day is being reconciled; ask again later");
        assert!(one.code != Some(2) || turned_away, "{one:?}");
    }
    // Whichever came last decides what counts; one over all of it, made later, ends the doubt.
    let whole = day.bill("whole.csv", &[day.paid(), day.stranger()]);
    for bill in bills.iter().chain([&whole]) {
        let verb = ["reconcile", "--day", &day.day, "--statement", bill];
        let ended = day.ask(caller, &verb);
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    }
    assert_eq!(server.stop().code, Some(0));
    let after = day.said(1, &[]);
    assert_eq!(after["recorded"]["runs"][0]["again"], true, "{after}");
    assert_eq!((codes(&after), after["recorded"]["open"].as_u64()), (vec!["U02"], Some(1)));
    assert_eq!(day.run(&["audit"]).code, Some(0));
}

#[test]
fn only_operators_hand_in_and_no_more_than_a_file_may_have() {
    let day = Day::new();
    let server = day.book.serve();
    let path = "POST /review/reconcile";
    let admin = format!("Bearer {}", day.admin);
    let shop = format!("Bearer {TOKEN}");
    let much = (70_u64 * 1_024 * 1_024).to_string();
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str);
    let cases: [Case<'_>; 5] = [
        (path, &[], 401, "a valid token of an operator"),
        (path, &[("Authorization", &shop)], 403, "an operator's does"),
        (path, &[("Authorization", &admin)], 400, "does not know what to do"),
        ("GET /review/reconcile", &[("Authorization", &admin)], 405, ""),
        ("POST /review/statements", &[("Authorization", &shop)], 403, "an operator's does"),
    ];
    for (line, headers, status, says) in cases {
        let answer = server.caller().ask(line, headers, b"{}").expect("an answer");
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    // The length is looked at before anything is read.
    let head = format!(
        "{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {admin}\r\n\
         Content-Length: {much}\r\n\r\n{{}}"
    );
    let answer = server.caller().raw(head.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(answer.text().contains("larger than 64 MB together"), "{}", answer.text());
    assert_eq!(server.stop().code, Some(0));

    let large = day.book.data().with_file_name("large.csv");
    let file = std::fs::File::create(&large).expect("a file");
    file.set_len(64 * 1_024 * 1_024 + 1).expect("room");
    let ended = day.reconcile(&["--statement", &large.display().to_string()]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains("larger than 64 MB"), "{ended:?}");
    assert_eq!(day.kept().len(), 0);
}

/// A message of which the rest is still to come, and which the server has begun to read.
fn on_its_way(caller: Caller, admin: &str, bytes: usize) -> TcpStream {
    let mut stream = TcpStream::connect(caller.at).expect("a server");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let head = format!(
        "POST /review/reconcile HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: {admin}\r\nExpect: 100-continue\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("a reader");
    // The server says so once somebody reads.
    let mut said = [0; 25];
    stream.read_exact(&mut said).expect("an answer");
    assert!(said.starts_with(b"HTTP/1.1 100 Continue"), "{}", String::from_utf8_lossy(&said));
    stream
}

#[test]
fn slow_uploads_keep_nobody_from_working_and_have_a_limit_of_their_own() {
    const LONG: usize = 1_024 * 1_024;
    let day = Day::new();
    let server = day.book.serve();
    let (caller, admin) = (server.caller(), format!("Bearer {}", day.admin));
    let mut first = on_its_way(caller, &admin, LONG);
    let second = on_its_way(caller, &admin, LONG);
    let head = format!(
        "POST /review/reconcile HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Authorization: {admin}\r\nContent-Length: {LONG}\r\n\r\n"
    );
    let third = caller.raw(head.as_bytes()).expect("an answer");
    assert_eq!(third.status, 503, "{}", third.text());
    assert!(third.text().contains("other files are on their way"), "{}", third.text());

    // A short message and questions go on, however many slow ones there are.
    let short = on_its_way(caller, &admin, 1_000);
    let bill = day.bill("bill.csv", &[day.paid()]);
    let verbs: [&[&str]; 3] = [
        &["reconcile", "--day", &day.day, "--statement", &bill],
        &["report", "--day", &day.day],
        &["statement", "list"],
    ];
    for verb in verbs {
        let ended = day.ask(caller, verb);
        assert_eq!(ended.code, Some(0), "{verb:?}: {ended:?}");
    }

    first.write_all(&vec![b'x'; LONG]).expect("a reader");
    let mut answer = String::new();
    first.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("does not know"), "{answer}");
    let fourth = on_its_way(caller, &admin, LONG);
    drop((second, short, fourth));
    let asked = [("Authorization", admin.as_str())];
    for path in ["POST /review/statements", "POST /review/report"] {
        let answer = caller.ask(path, &asked, &[b'x'; 1_025]).expect("an answer");
        assert_eq!(answer.status, 413, "{}", answer.text());
        assert!(answer.text().contains("longer than 1024 bytes"), "{}", answer.text());
    }
    assert_eq!(server.stop().code, Some(0));
}

#[test]
fn a_conversation_that_breaks_off_is_told_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let bill = folder.path().join("bill.csv");
    std::fs::write(&bill, [b'x'; 100_000]).expect("room");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("an address");
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.read_exact(&mut [0; 1_000]).expect("the beginning of a message");
    });
    let (url, bill) = (format!("http://{at}"), bill.display().to_string());
    let verb = ["reconcile", "--day", "2026-11-20", "--statement", &bill];
    let ended =
        Program::run(Program::command(&[&verb[..], &["--server", &url, "--token", "t"]].concat()));
    server.join().expect("no panic");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let says = "the conversation broke off; a server waits 10 minutes for files";
    assert!(ended.errors.contains(says), "{ended:?}");
}

#[test]
fn what_is_no_statement_is_named_and_nothing_is_kept() {
    let day = Day::new();
    let page = day.file("bill.xls", "<!DOCTYPE html><html><body>请登录</body></html>");
    let missing = day.book.data().join("none.csv").display().to_string();
    let foreign = day.bill("bill.csv", &[day.paid()]);
    let foreign = format!("nobody={foreign}");
    let camera = day.file("phone.png", "\u{89}PNG");
    let network = day.file("alipay.csv", ALIPAY_FILE);
    let network = format!("wx-main={network}");
    let cases = [
        (&page, "web page"),
        (&missing, "none.csv"),
        (&"nobody=none.csv".to_owned(), "none.csv"),
        (&foreign, "there is no wallet nobody"),
        (&camera, "read the statement phone.png"),
        (&network, "this is a statement of alipay, and wallet wx-main is of wechat"),
    ];
    for (given, expected) in cases {
        let ended = day.reconcile(&["--statement", given]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.errors.contains(expected), "{expected}: {}", ended.errors);
    }
    assert_eq!(day.kept().len(), 0);
    // Without a file there is nothing to compare with, and nothing wrong.
    let nothing = day.reconcile(&[]);
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(nothing.output.contains("no statement of this day is kept"), "{nothing:?}");
    let here = ["--server", "http://127.0.0.1:1", "--token", "t"];
    let verb = [&["reconcile", "--day", "2026-11-21", "--by", "li"][..], &here].concat();
    assert_eq!(Program::run(Program::command(&verb)).code, Some(64));
}

#[test]
fn a_damaged_file_is_named_until_the_original_comes_back() {
    let day = Day::new();
    let bill = day.bill("bill.csv", &[day.paid()]);
    assert_eq!(day.reconcile(&["--statement", &bill]).code, Some(0));
    let kept = day.kept();
    std::fs::write(&kept[0], b"damaged").expect("it is damaged");
    let digits = kept[0].file_name().expect("a name").to_string_lossy().into_owned();
    let ended = day.reconcile(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.errors.contains(&digits) && ended.errors.contains("is damaged"), "{ended:?}");
    let shown = day.run(&["statement", "show", &digits]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    let audited = day.run(&["audit"]);
    assert_eq!(audited.code, Some(1), "{audited:?}");
    assert!(audited.output.contains(&digits) && audited.output.contains("is damaged"));
    let output = day.book.data().with_file_name("back.csv").display().to_string();
    let saved = day.run(&["statement", "save", &digits, "-o", &output]);
    assert_eq!((saved.code, std::path::Path::new(&output).exists()), (Some(2), false));
    assert_eq!(day.reconcile(&["--statement", &bill]).code, Some(0));
    assert_eq!(day.run(&["statement", "show", &digits]).code, Some(0));
}

#[test]
fn an_audit_looks_at_every_kept_file_and_a_running_server_says_the_same() {
    let day = Day::new();
    let bill = day.bill("bill.csv", &[day.paid()]);
    assert_eq!(day.reconcile(&["--statement", &bill]).code, Some(0));
    let whole = day.run(&["audit"]);
    let says = "  passed      custody     1 statements and 0 column mappings as they were kept\n";
    assert!(whole.code == Some(0) && whole.output.contains(says), "{whole:?}");
    let kept = day.kept().remove(0);
    let digits = kept.file_name().expect("a name").to_string_lossy().into_owned();
    let lose: fn(&PathBuf) = |path| std::fs::remove_file(path).expect("it is there");
    let damage: fn(&PathBuf) = |path| std::fs::write(path, b"other").expect("it is there");
    for (harm, says) in [(damage, "is damaged"), (lose, "No such file")] {
        harm(&kept);
        let server = day.book.serve();
        let running = day.ask(server.caller(), &["audit"]);
        assert_eq!(server.stop().code, Some(0));
        assert_eq!(running.code, Some(1), "{running:?}");
        for part in ["failed      custody     statement of wx-main", &digits, says] {
            assert!(running.output.contains(part), "{part}: {running:?}");
        }
        assert!(running.output.contains("hand the original in again"), "{running:?}");
        // A callback may have been tried in between, so the rest may have grown.
        let stopped = day.run(&["audit"]);
        let custody = |ended: &Ended| {
            let line = ended.output.lines().find(|line| line.contains("custody"));
            line.expect("it is checked").to_owned()
        };
        assert_eq!((stopped.code, custody(&stopped)), (running.code, custody(&running)));
        let mended = day.reconcile(&["--statement", &bill]);
        assert_eq!(mended.code, Some(0), "{mended:?}");
        assert_eq!(day.run(&["audit"]).code, Some(0));
    }
}

#[test]
fn a_mapping_is_kept_with_its_file() {
    let day = Day::new();
    let table = format!("when,in,number\n{},10.00,{SERIAL}\n", day.time);
    let table = day.file("bank.csv", &table);
    let mapping =
        "name = \"bank\"\n[columns]\ntime = \"when\"\namount = \"in\"\nserial = \"number\"\n";
    let mapping = day.file("bank.toml", mapping);
    let unknown = Program::run(Program::command(&["statement", "preview", &table]));
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.errors.contains("describe its columns in a mapping"), "{unknown:?}");
    let verb = ["statement", "preview", &table, "--mapping", &mapping];
    let seen = Program::run(Program::command(&verb));
    assert_eq!(seen.code, Some(0), "{seen:?}");
    for says in ["when | in | number", SERIAL, "1 lines, 0 rows that cannot be read"] {
        assert!(seen.output.contains(says), "{says}: {}", seen.output);
    }
    let given = format!("wx-main={table}");
    let first = day.reconcile(&["--statement", &given, "--mapping", &mapping]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(day.kept().len(), 2, "the file and its mapping");
    let again = day.said(0, &[]);
    assert_eq!(again["recorded"]["runs"][0]["again"], true, "read as it was then: {again}");
    assert!(again["files"][0]["layout"].as_str().is_some_and(|one| one.starts_with("mapped:")));
}

#[test]
fn a_reconciled_day_closes_and_what_comes_later_is_booked_in_the_open_one() {
    let day = Day::new();
    let at = |clock: &str| format!("{} {clock}", day.before);
    let one = Receipt { time: at("10:00:00"), ..day.stranger() };
    let two = Receipt { time: at("11:00:00"), serial: "1000050201202611210003", ..one.clone() };
    let first = day.file("one.csv", &wechat_file(&day.before, std::slice::from_ref(&one)));
    let reconcile = ["reconcile", "--day", &day.before];
    let ended = day.run(&[&reconcile[..], &["--statement", &first]].concat());
    assert_eq!(ended.code, Some(1), "{ended:?}");

    let by = ["--by", "admin", "--reason", "the owner's own money"];
    let close = [&["day", "close", &day.before][..], &by].concat();
    let refused = day.run(&close);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.errors.contains("1 open breaks"), "{refused:?}");
    let listed = day.run(&["break", "list", "--day", &day.before]);
    let id = listed.output.split_whitespace().next().expect("an id").to_owned();
    let resolve = ["break", "resolve", &id, "--resolution", "not-a-break", "--root", "us"];
    let resolved = day.run(&[&resolve[..], &by].concat());
    assert_eq!(resolved.code, Some(0), "{resolved:?}");
    assert_eq!(day.run(&close).code, Some(0));
    let again = day.run(&reconcile);
    assert_eq!(again.code, Some(0), "what a person ended asks nobody: {again:?}");

    // A later export of the closed day: its break is about that day and booked in the open one.
    let second = day.file("two.csv", &wechat_file(&day.before, &[one, two]));
    let late = day.run(&[&reconcile[..], &["--statement", &second]].concat());
    assert_eq!(late.code, Some(1), "{late:?}");
    assert!(late.output.contains("1 breaks opened"), "{late:?}");
    let closed = day.run(&["day", "show", &day.before]);
    assert!(closed.output.contains("closed"), "{closed:?}");
    let booked = day.run(&["break", "list", "--day", &day.day]);
    assert!(booked.output.contains("U02"), "{booked:?}");
    assert_eq!(day.run(&["audit"]).code, Some(0));
}
