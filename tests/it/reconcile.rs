//! `reconcile` as finance uses it: the shop's day, the channel's file, and what the program says.

use chrono::{DateTime, FixedOffset};
use duizhang_api::clock::{Clock, SystemClock};

use crate::program::{BookFile, DEVICE_KEY, Ended, Program, Shop, TOKEN, millis, push_path};

/// A file as the WeChat app exports it, with these receipts: local time, amount, number.
fn wechat_file(day: &str, receipts: &[(String, &str, &str)]) -> String {
    let rows = receipts.iter().map(|(time, amount, number)| {
        format!(
            "{time},二维码收款,*三,\"收款方备注:二维码收款\",收入,¥{amount},零钱,已收钱,\"{number}\t\",\"/\",\"/\"\n"
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

struct Day {
    book: BookFile,
    day: String,
    time: String,
}

impl Day {
    /// A shop that took 10.00 for one order.
    fn new() -> Self {
        let shop = Shop::new();
        let book = BookFile::new(&shop.url());
        let server = book.serve();
        let body = r#"{"number":"R-1","amount":"10.00","channels":["wechat"]}"#;
        let made = server.caller().try_post_json("/v1/orders", TOKEN, body).expect("an answer");
        assert_eq!(made.json()["payable"], "10.00", "{}", made.text());
        let now = now_in_shanghai();
        let pushed = server.caller().get(&push_path("10.00", millis(), DEVICE_KEY));
        assert_eq!(pushed.json()["code"], 1, "{}", pushed.text());
        assert_eq!(server.stop().code, Some(0));
        let day = now.format("%Y-%m-%d").to_string();
        Self { book, day, time: now.format("%Y-%m-%d %H:%M:%S").to_string() }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.book.data().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    }

    fn reconcile(&self, more: &[&str]) -> Ended {
        let verb = ["reconcile", "--day", &self.day];
        Program::run(self.book.command(&[&verb[..], more].concat()))
    }
}

#[test]
fn a_day_and_its_statement_agree_or_the_differences_have_places() {
    let day = Day::new();
    let receipt = |amount, number| (day.time.clone(), amount, number);
    let whole = wechat_file(&day.day, &[receipt("10.00", "1000050201202611210001")]);
    let whole = day.file("bill.csv", &whole);
    let agreed = day.reconcile(&["--statement", &whole]);
    assert_eq!(agreed.code, Some(0), "{agreed:?}");
    assert!(agreed.output.contains("everything agrees"), "{}", agreed.output);
    let again = day.reconcile(&["--statement", &format!("wx-main={whole}")]);
    assert_eq!((again.code, &again.output), (Some(0), &agreed.output));

    let other = wechat_file(&day.day, &[receipt("66.66", "1000050201202611210002")]);
    let other = day.file("other.csv", &other);
    let differing = day.reconcile(&["--statement", &other, "--json"]);
    assert_eq!(differing.code, Some(1), "{differing:?}");
    let said: serde_json::Value = serde_json::from_str(&differing.output).expect("JSON");
    let found = |code: &str| {
        let breaks = said["breaks"].as_array().expect("a list");
        breaks.iter().find(|one| one["code"] == code).unwrap_or_else(|| panic!("{said}"))
    };
    assert_eq!(said["breaks"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!(found("T03")["ours"][0]["note"], "R-1");
    assert_eq!(found("U02")["channel"][0]["place"], "other.csv row 10");
}

#[test]
fn what_is_no_statement_is_named_and_nothing_is_compared() {
    let day = Day::new();
    let page = day.file("bill.xls", "<!DOCTYPE html><html><body>请登录</body></html>");
    let missing = day.book.data().join("none.csv").display().to_string();
    let cases = [
        (vec!["--statement", &page], "web page"),
        (vec!["--statement", &missing], "none.csv"),
        (vec!["--statement", "nobody=none.csv"], "none.csv"),
    ];
    for (arguments, expected) in cases {
        let ended = day.reconcile(&arguments);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.errors.contains(expected), "{expected}: {}", ended.errors);
    }
    let whole = day.file("bill.csv", &wechat_file(&day.day, &[]));
    let ended = day.reconcile(&["--statement", &format!("nobody={whole}")]);
    assert!(ended.errors.contains("there is no wallet nobody"), "{}", ended.errors);
    assert_eq!(day.book.run(&["reconcile", "--day", "2026-11-21"]).code, Some(64));
    assert_eq!(day.reconcile(&[]).code, Some(64));
}
