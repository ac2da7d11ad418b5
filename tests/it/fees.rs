//! Fees that finance does not type: what the channel's files of a merchant say of them enters the
//! books with the run, and the wallet's balance in our books is the channel's.
//!
//! Invariant: whichever of a day's files come first, and however often, the books end the same.
//! Deliberately not here: which rows are fees (`duizhang-replay` tries all of them).

use serde_json::Value;

use crate::reconcile::Day;

/// A trade of a merchant's bills: its number, our order's number, amount and fee.
#[derive(Clone, Copy)]
struct Trade {
    number: &'static str,
    order: &'static str,
    amount: &'static str,
    fee: &'static str,
}

/// The shop's own payment, and one that no phone told of.
const TRADES: [Trade; 2] = [
    Trade { number: "4200002099202611210001", order: "R-1", amount: "10.00", fee: "0.06" },
    Trade { number: "4200002099202611210002", order: "X-2", amount: "66.66", fee: "0.40" },
];

/// The bill of all trades, with its 27 columns.
fn trade_bill(time: &str, trades: &[Trade]) -> String {
    let rows = trades.iter().map(|Trade { number, order, amount, fee }| {
        format!(
            "`{time},`wx8888888888888888,`1900009231,`0,`,`{number},`{order},`oUser,`NATIVE,\
             `SUCCESS,`OTHERS,`CNY,`{amount},`0.00,`0,`0,`0.00,`0.00,`,`,`茶,`,`{fee}000,`0.60%,\
             `{amount},`0.00,`\r\n"
        )
    });
    let rows: String = rows.collect();
    let sum = |of: fn(&Trade) -> &str| sum_of(trades.iter().map(of));
    let (amount, fee) = (sum(|trade| trade.amount), sum(|trade| trade.fee));
    format!(
        "\u{feff}交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,\
         交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,\
         退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,\
         申请退款金额,费率备注\r\n{rows}总交易单数,应结订单总金额,退款总金额,充值券退款总金额,\
         手续费总金额,订单总金额,申请退款总金额\r\n`{}.0,`{amount},`0.0,`0.0,`{fee},`{amount},\
         `0.0\r\n",
        trades.len()
    )
}

/// The bill of the account: each trade and its fee, behind a balance. Ends with the last balance.
fn fund_bill(time: &str, opening: &str, trades: &[Trade]) -> (String, String) {
    let mut balance = fen(opening);
    let mut rows = String::new();
    for (place, Trade { number, order, amount, fee }) in trades.iter().enumerate() {
        let moves = [("交易", "收入", *amount, 1), ("扣除交易手续费", "支出", *fee, -1)];
        for (kind, side, amount, sign) in moves {
            balance += sign * fen(amount);
            let flow = format!("19000092312026{place}{}", if sign > 0 { 1 } else { 2 });
            rows += &format!(
                "`{time},`{number},`{flow},`{kind},`{kind},`{side},`{amount},`{},`system,`茶,\
                 `{order}\r\n",
                yuan(balance)
            );
        }
    }
    let (count, amount) = (trades.len(), sum_of(trades.iter().map(|trade| trade.amount)));
    let fees = sum_of(trades.iter().map(|trade| trade.fee));
    let bill = format!(
        "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),\
         账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n{rows}资金流水总笔数,收入笔数,\
         收入金额,支出笔数,支出金额\r\n`{},`{count},`{amount},`{count},`{fees}\r\n",
        2 * count
    );
    (bill, yuan(balance))
}

fn fen(amount: &str) -> i64 {
    amount.replace('.', "").parse().expect("two decimals")
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn sum_of<'a>(amounts: impl Iterator<Item = &'a str>) -> String {
    yuan(amounts.map(fen).sum())
}

/// What the books say that the wallet holds, at the end of a day.
fn balance(day: &Day, of: &str) -> String {
    let ended = day.run(&["ledger", "balance", "--day", of, "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let said: Value = serde_json::from_str(&ended.output).expect("JSON");
    let accounts = said["accounts"].as_array().expect("a list");
    let own = |one: &&Value| one["account"] == "Assets:Channel:WeChat:Wx-main";
    accounts.iter().find(own).expect("the wallet")["balance"].as_str().expect("a text").to_owned()
}

/// How many fees of the only wallet stand how.
fn fees(said: &Value) -> [u64; 3] {
    let line = &said["recorded"]["fees"][0];
    ["booked", "again", "by_hand"].map(|how| line[how]["count"].as_u64().expect("a count"))
}

/// A shop whose wallet held 500.00 before, its two files of the day, and the last balance.
fn shop() -> (Day, [String; 2], String) {
    let day = Day::new();
    let account = ["book", "opening", "--account", "wallet:wx-main", "--amount", "500.00"];
    let told = ["--at", "2026-11-01T00:00:00+08:00", "--evidence", "the bill of October"];
    let opened = day.run(&[&account[..], &told, &["--by", "admin"]].concat());
    assert_eq!(opened.code, Some(0), "{opened:?}");
    let (funds, left) = fund_bill(&day.time, "500.00", &TRADES);
    let trades = day.file("trades.csv", &trade_bill(&day.time, &TRADES));
    let funds = day.file("funds.csv", &funds);
    (day, [trades, funds], left)
}

#[test]
fn with_both_bills_of_a_day_the_books_hold_what_the_channel_says() {
    for turned in [false, true] {
        let (day, mut files, left) = shop();
        if turned {
            files.reverse();
        }
        let [first, second] = files;
        let one = day.said(1, &["--statement", &first]);
        assert_eq!(fees(&one), [2, 0, 0], "{one}");
        let both = day.said(1, &["--statement", &second]);
        assert_eq!(fees(&both), [0, 2, 0], "{both}");
        // The stranger's money is the only question, and the books hold it meanwhile.
        assert_eq!(both["recorded"]["open"], 1, "{both}");
        assert_eq!(balance(&day, &day.day), left);
        let again = day.reconcile(&["--statement", &first, "--statement", &second]);
        assert_eq!(again.code, Some(1), "{again:?}");
        let says = "  wx-main: fees: 2 in the books before (0.46 CNY)\n";
        assert!(again.output.contains(says), "{}", again.output);
        assert_eq!(balance(&day, &day.day), left);
        assert_eq!(day.run(&["audit"]).code, Some(0));
    }
}

#[test]
fn a_running_server_books_fees_for_whoever_asks_and_a_dry_run_books_none() {
    let (day, [trades, funds], left) = shop();
    let server = day.book.serve();
    let verb = ["reconcile", "--day", &day.day, "--statement", &trades, "--statement", &funds];
    let dry = day.ask(server.caller(), &[&verb[..], &["--dry-run"]].concat());
    assert!(!dry.output.contains("fees:"), "{dry:?}");
    let asked = day.ask(server.caller(), &verb);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    let says = "  wx-main: fees: 2 booked (0.46 CNY)\n";
    assert!(asked.output.contains(says), "{asked:?}");
    assert_eq!(server.stop().code, Some(0));
    assert_eq!(balance(&day, &day.day), left);
    let lines = day.run(&["ledger", "account", "Expenses:Fees:Channel"]);
    // The rows of their own are the evidence: they stand behind the header and their trades.
    let digits = asked.output.split("statement ").filter_map(|text| text.get(..12));
    let found = digits.map(|digits| format!("statement {digits} row 3"));
    let mut found = found.filter(|place| lines.output.contains(place));
    assert!(found.next().is_some(), "{lines:?}");
}

#[test]
fn what_a_person_typed_before_is_not_booked_again() {
    let (day, [trades, funds], left) = shop();
    let at = format!("{}+08:00", day.time.replace(' ', "T"));
    let fee = ["book", "fee", "--wallet", "wx-main", "--amount", "0.40", "--at", &at];
    let told = ["--evidence", "the app says so", "--by", "admin"];
    assert_eq!(day.run(&[&fee[..], &told].concat()).code, Some(0));
    let first = day.said(1, &["--statement", &trades]);
    assert_eq!(fees(&first), [1, 0, 1], "{first}");
    let both = day.said(1, &["--statement", &funds]);
    assert_eq!(fees(&both), [0, 1, 1], "{both}");
    assert_eq!(balance(&day, &day.day), left);
}

#[test]
fn a_fee_that_is_ahead_of_our_clock_waits_and_stops_nothing() {
    let day = Day::new();
    let (funds, _) = fund_bill(&format!("{} 23:59:59", day.day), "0.00", &TRADES[..1]);
    let funds = day.file("funds.csv", &funds);
    let told = day.reconcile(&["--statement", &funds]);
    let says = "fees: 1 ahead of our clock, to be booked by a later run (0.06 CNY)";
    assert!(told.output.contains(says), "{told:?}");
    assert_eq!(balance(&day, &day.day), "10.00", "the books have no fee");
    assert_eq!(day.run(&["audit"]).code, Some(0));
}

#[test]
fn a_fee_of_a_closed_day_counts_on_the_first_open_one() {
    let day = Day::new();
    let time = format!("{} 10:00:00", day.before);
    // Nobody's money: only that fees were taken.
    let only_fees = |trades: &[Trade]| {
        let (bill, _) = fund_bill(&time, "500.00", trades);
        let rows = bill.lines().filter(|row| !row.contains("`交易,"));
        let sum = sum_of(trades.iter().map(|trade| trade.fee));
        let count = trades.len();
        let rows = rows.map(|row| match row.starts_with('`') && row.split(',').count() == 5 {
            true => format!("`{count},`0,`0.00,`{count},`{sum}\n"),
            false => format!("{row}\n"),
        });
        rows.collect::<String>()
    };
    let reconcile = ["reconcile", "--day", &day.before, "--statement"];
    let first = day.file("first.csv", &only_fees(&TRADES[..1]));
    let ended = day.run(&[&reconcile[..], &[&first]].concat());
    assert!(ended.output.contains("fees: 1 booked (0.06 CNY)"), "{ended:?}");
    let before = balance(&day, &day.before);
    assert_eq!(before, "-0.06");
    let reason = ["--by", "admin", "--reason", "the month is over"];
    let closed = day.run(&[&["day", "close", &day.before][..], &reason].concat());
    assert_eq!(closed.code, Some(0), "{closed:?}");

    let second = day.file("second.csv", &only_fees(&TRADES));
    let late = day.run(&[&reconcile[..], &[&second]].concat());
    let says = "fees: 1 booked (0.40 CNY); 1 in the books before (0.06 CNY)";
    assert!(late.output.contains(says), "{late:?}");
    assert_eq!(balance(&day, &day.before), before, "a closed day does not change");
    assert_eq!(balance(&day, &day.day), "9.54");
    assert_eq!(day.run(&["audit"]).code, Some(0));
}

#[test]
fn more_fees_than_the_writer_is_given_at_once_are_booked_and_taken_up() {
    let day = Day::new();
    // Three portions; the numbers of a real bill have 28 digits too.
    let count = 2_500_usize;
    let row = |place: usize| {
        format!(
            "`{},`42000020992026112100{place:08},`190000923120{place:08},`扣除交易手续费,\
             `扣除交易手续费,`支出,`0.01,`{},`system,`茶,`O-{place}\r\n",
            day.time,
            yuan(1_000_000 - i64::try_from(place).expect("few"))
        )
    };
    let bill = |count: usize| {
        let rows: String = (0..count).map(row).collect();
        let (_, head_and_sums) = ("", fund_bill(&day.time, "0.00", &[]).0);
        let (head, sums) = head_and_sums.split_once("资金流水总笔数").expect("sums");
        let (names, _) = sums.split_once('`').expect("a row of sums");
        let sum = yuan(i64::try_from(count).expect("few"));
        format!("{head}{rows}资金流水总笔数{names}`{count},`0,`0.00,`{count},`{sum}\r\n")
    };
    let files = [count - 100, count].map(|rows| day.file(&format!("{rows}.csv"), &bill(rows)));
    let first = day.reconcile(&["--statement", &files[0]]);
    assert!(first.output.contains("fees: 2400 booked (24.00 CNY)"), "{first:?}");
    let second = day.reconcile(&["--statement", &files[1]]);
    let says = "fees: 100 booked (1.00 CNY); 2400 in the books before (24.00 CNY)";
    assert!(second.output.contains(says), "{second:?}");
    assert_eq!(day.run(&["audit"]).code, Some(0));
}
