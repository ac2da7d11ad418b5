//! The traps that files in the wild have set, one by one: encodings, places of the header, words,
//! totals, spreadsheets that saved a file again.

use duizhang_core::amount::Amount;
use duizhang_core::statement::{LineKind, LineStatus, Precision};
use duizhang_listener_bridge::statements::{
    Check, NotAStatement, Outcome, Statement, read_statement,
};

use super::layouts::{FUNDS, GEN_3, TRADES, WECHAT_CSV};
use super::{gbk, outcome_of};

fn read(bytes: &[u8]) -> Statement {
    read_statement(bytes, None).unwrap()
}

const GEN_1_HEADER: &str = "交易号                  ,商家订单号               ,交易创建时间              ,付款时间                ,最近修改时间              ,交易来源地     ,类型              ,交易对方            ,商品名称                ,金额（元）   ,收/支     ,交易状态    ,服务费（元）   ,成功退款（元）  ,备注                  ,资金状态     ,";

fn gen_1(row: &str) -> Statement {
    let text = format!(
        "支付宝交易记录明细查询\n账号:[a@b.c]\n---交易记录明细列表---\n{GEN_1_HEADER}\n{row}\n----\n共1笔记录\n"
    );
    read(&gbk(&text))
}

#[test]
fn the_header_is_found_wherever_it_stands() {
    let (preamble, table) = GEN_3.split_once("交易时间 ").unwrap();
    let at = preamble.lines().count();
    for lines in [0, 1, 4, 16, 17, 23, 24, 25, 150] {
        let before: String =
            preamble.lines().cycle().take(lines).fold(String::new(), |all, line| all + line + "\n");
        let statement = read(&gbk(&format!("{before}交易时间 {table}")));
        assert_eq!(statement.layout, "alipay-personal-3", "{lines} lines before");
        assert_eq!(statement.lines.len(), 2, "{lines} lines before");
    }
    assert!(at > 10);
    let too_far = format!("{}交易时间 {table}", "x\n".repeat(300));
    assert_eq!(read_statement(&gbk(&too_far), None), Err(NotAStatement::UnknownLayout));
}

#[test]
fn both_widths_of_brackets_and_colons_are_one() {
    let half = TRADES.replace('（', "(").replace('）', ")").replace("账号：", "账号:");
    let (half, full) = (read(half.as_bytes()), read(TRADES.as_bytes()));
    assert_eq!(half.account, full.account);
    assert_eq!(half.outcome(), Outcome::Ok, "{:#?}", half.proof);
    let lines = |statement: &Statement| -> Vec<_> {
        statement.lines.iter().map(|recorded| recorded.line.clone()).collect()
    };
    assert_eq!(lines(&half), lines(&full));
}

#[test]
fn a_text_that_ends_inside_of_a_character_is_refused() {
    let mut bytes = gbk(GEN_3);
    bytes.truncate(bytes.len() - 30);
    bytes.push(0x81);
    assert!(matches!(read_statement(&bytes, None), Err(NotAStatement::Undecodable { .. })));
}

#[test]
fn a_file_without_its_end_is_not_whole() {
    let (head, _) =
        TRADES.split_once("#-----------------------------------------业务明细列表结束").unwrap();
    let cut = read(head.as_bytes());
    assert_eq!(cut.lines.len(), 3);
    assert_eq!(outcome_of(&cut, Check::Complete), Some(Outcome::Fail));
    let (head, _) = FUNDS.split_once("资金流水总笔数").unwrap();
    assert_eq!(outcome_of(&read(head.as_bytes()), Check::Complete), Some(Outcome::Fail));
}

#[test]
fn an_empty_day_is_a_statement() {
    let no_rows: String =
        WECHAT_CSV.split_inclusive('\n').filter(|line| !line.starts_with("2026")).collect();
    let no_rows = no_rows.replace("共4", "共0").replace("2笔 53.50", "0笔 0.00");
    let no_rows = no_rows.replace("1笔 39.93", "0笔 0.00").replace("1笔 100.10", "0笔 0.00");
    let empty = read(no_rows.as_bytes());
    assert_eq!((empty.lines.len(), empty.outcome()), (0, Outcome::Ok));
}

#[test]
fn words_that_nobody_knows_are_kept_and_found() {
    for (from, to) in
        [("转账,\"", "魔法,\""), ("零钱,已收钱", "零钱,魔法"), ("/,收入,￥30.00", "/,魔法,￥30.00")]
    {
        let changed = WECHAT_CSV.replace(from, to);
        assert_ne!(changed, WECHAT_CSV);
        let statement = read(changed.as_bytes());
        assert_eq!(statement.lines.len(), 4, "{to}");
        assert_eq!(outcome_of(&statement, Check::Words), Some(Outcome::Warn), "{to}");
    }
    let unknown = read(WECHAT_CSV.replace("/,收入,￥30.00", "/,魔法,￥30.00").as_bytes());
    assert_eq!(unknown.lines[1].line.kind, LineKind::Unknown);
}

#[test]
fn rows_outside_of_the_period_and_serials_that_repeat_are_found() {
    let outside = read(WECHAT_CSV.replace("2026-11-20 11:00:00", "2026-11-21 00:00:00").as_bytes());
    assert_eq!(outcome_of(&outside, Check::Period), Some(Outcome::Warn));
    let twice = read(FUNDS.replace("`F2,", "`F1,").as_bytes());
    assert_eq!(outcome_of(&twice, Check::Serials), Some(Outcome::Fail));
}

#[test]
fn rows_that_cannot_be_read_are_shown_with_their_reason() {
    let cases = [
        ("2026-11-20 11:00:00", "2026-02-30 11:00:00", "time"),
        ("¥39.93,零钱", "¥39.935,零钱", "more decimal places"),
        ("¥39.93,零钱", "39,93,零钱", "more cells"),
        ("¥39.93,零钱", "many,零钱", "not a decimal number"),
        (
            "二维码收款-退款,用户B,/,支出,¥39.93,零钱,已退款￥39.93,10000503\t,/\t,/",
            "",
            "fewer cells",
        ),
    ];
    for (from, to, why) in cases {
        let changed = WECHAT_CSV.replace(from, to);
        assert_ne!(changed, WECHAT_CSV);
        let statement = read(changed.as_bytes());
        assert_eq!((statement.lines.len(), statement.rejected.len()), (3, 1), "{to}");
        let rejected = &statement.rejected[0];
        assert!(rejected.reason.contains(why), "{}", rejected.reason);
        assert_eq!(rejected.number, 17);
        assert!(rejected.raw.starts_with(b"2026-"));
        assert_eq!(outcome_of(&statement, Check::Rows), Some(Outcome::Fail));
    }
}

#[test]
fn what_a_spreadsheet_saved_again_is_told() {
    let saved = GEN_3
        .replace("2026-11-20 10:00:00 ", "2026/11/20 10:00")
        .replace("30.01               ", "30.01")
        .replace("2026112010001\t", "2.02611E+12")
        .replace('\n', "\r\n");
    let statement = read(&gbk(&saved));
    let line = &statement.lines[0].line;
    assert_eq!((line.precision, line.gross), (Precision::Minute, Amount::fen(3001)));
    assert_eq!(outcome_of(&statement, Check::Precision), Some(Outcome::Warn));
    assert_eq!(outcome_of(&statement, Check::Serials), Some(Outcome::Fail));
}

#[test]
fn the_first_generation_writes_refunds_into_the_original() {
    let row = |back: &str| {
        format!(
            "2019\t,S1\t,2019-09-30 13:11:25 ,                    ,x,网站,即时到账交易,店,茶,27.00   ,收入      ,交易成功    ,0.10     ,{back}     ,                    ,已收入      ,"
        )
    };
    let cases = [
        ("0.00", LineStatus::Ok),
        ("5.00", LineStatus::RefundedPart(Amount::fen(500))),
        ("27.00", LineStatus::RefundedFull),
    ];
    for (back, status) in cases {
        let statement = gen_1(&row(back));
        let line = &statement.lines[0].line;
        assert_eq!((line.status, line.fee), (status, Amount::fen(10)), "{back}");
    }
}

#[test]
fn a_newer_export_tells_other_statuses_of_the_same_serials() {
    let newer = GEN_3.replace("余额                  ,交易成功", "余额                  ,交易关闭");
    let (older, newer) = (read(&gbk(GEN_3)), read(&gbk(&newer)));
    assert_ne!(older.sha256, newer.sha256);
    assert_eq!(older.lines[0].line.serial, newer.lines[0].line.serial);
    assert_eq!(older.lines[0].line.status, LineStatus::Ok);
    assert_eq!(newer.lines[0].line.status, LineStatus::Closed);
}

#[test]
fn a_closed_payment_keeps_its_kind_and_says_so() {
    let closed = WECHAT_CSV.replace("零钱,已收钱", "零钱,交易关闭");
    let line = &read(closed.as_bytes()).lines[0].line;
    assert_eq!((line.kind, line.status), (LineKind::PayIn, LineStatus::Closed));
}

#[test]
fn nothing_of_a_row_is_shown_by_debug() {
    let shown =
        format!("{:?}", read(WECHAT_CSV.replace("¥39.93,零钱", "many,零钱").as_bytes()).rejected);
    assert!(!shown.contains("用户B"), "{shown}");
}
