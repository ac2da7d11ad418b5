//! Random lines, rendered in each layout and read back: the lines are the same and the proof holds.

use std::fmt::Write;

use duizhang_core::amount::Amount;
use duizhang_core::statement::LineKind;
use duizhang_listener_bridge::statements::{Outcome, read_statement};
use proptest::prelude::*;

use super::{gbk, zip_of};

/// A workbook of one sheet. Each cell is its type and the XML inside of it.
pub(crate) fn workbook(rows: &[(u32, Vec<(&str, String)>)], properties: &str) -> Vec<u8> {
    let mut sheet = String::from("<worksheet><sheetData>");
    for (number, cells) in rows {
        write!(sheet, "<row r=\"{number}\">").unwrap();
        for (letter, (kind, inside)) in ('A'..='Z').zip(cells) {
            write!(sheet, "<c r=\"{letter}{number}\" t=\"{kind}\">{inside}</c>").unwrap();
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    let book = format!("<workbook><workbookPr {properties}/></workbook>");
    zip_of(&[("xl/workbook.xml", book.as_bytes()), ("xl/worksheets/sheet1.xml", sheet.as_bytes())])
}

/// What is rendered: the second of the day, fen, and which way.
#[derive(Clone, Debug)]
struct Movement {
    second: u32,
    fen: i64,
    comes: bool,
    name: String,
}

impl Movement {
    fn time(&self) -> String {
        let (hour, minute, second) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        format!("2026-11-20 {hour:02}:{minute:02}:{second:02}")
    }

    fn amount(&self) -> String {
        Amount::fen(self.fen).decimal_text()
    }

    fn signed(&self) -> i64 {
        if self.comes { self.fen } else { -self.fen }
    }
}

fn movements() -> impl Strategy<Value = Vec<Movement>> {
    let one = (0_u32..86_400, 1_i64..100_000_000, any::<bool>(), "[a-z三李😀\"·]{1,6}");
    let one = one.prop_map(|(second, fen, comes, name)| Movement { second, fen, comes, name });
    prop::collection::vec(one, 0..20)
}

fn total(movements: &[Movement], comes: bool) -> (usize, String) {
    let of: Vec<i64> = movements.iter().filter(|m| m.comes == comes).map(|m| m.fen).collect();
    (of.len(), Amount::fen(of.iter().sum()).decimal_text())
}

fn wechat_csv(movements: &[Movement]) -> Vec<u8> {
    let mut text = format!("微信支付账单明细,,\n共{}笔记录,,\n", movements.len());
    for (word, comes) in [("收入", true), ("支出", false)] {
        let (count, sum) = total(movements, comes);
        writeln!(text, "{word}：{count}笔 {sum}元,,").unwrap();
    }
    text.push_str(
        "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n",
    );
    for (at, movement) in movements.iter().enumerate() {
        let word = if movement.comes { "收入" } else { "支出" };
        let (time, amount) = (movement.time(), movement.amount());
        let name = movement.name.replace('"', "\"\"");
        writeln!(text, "{time},转账,\"{name}\",/,{word},¥{amount},零钱,已收钱,\"{at}\"\t,/,/")
            .unwrap();
    }
    text.into_bytes()
}

fn alipay_csv(movements: &[Movement]) -> Vec<u8> {
    let mut text = format!("----\n共{}笔记录\n", movements.len());
    for (word, comes) in [("收入", true), ("支出", false)] {
        let (count, sum) = total(movements, comes);
        writeln!(text, "{word}：{count}笔 {sum}元").unwrap();
    }
    text.push_str("交易时间 ,交易分类 ,交易对方 ,对方账号 ,商品说明 ,收/支 ,金额 ,收/付款方式 ,交易状态 ,交易订单号 ,商家订单号 ,备注 ,\n");
    for (at, movement) in movements.iter().enumerate() {
        let word = if movement.comes { "收入" } else { "支出" };
        let (time, amount, name) = (movement.time(), movement.amount(), &movement.name);
        writeln!(text, "{time} ,转账 ,x{name} ,/,收款,{word},{amount} ,余额,交易成功,{at}\t,\t,,")
            .unwrap();
    }
    gbk(&text)
}

fn wechat_funds(movements: &[Movement]) -> Vec<u8> {
    let mut text = String::from(
        "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n",
    );
    let mut balance = 0;
    for (at, movement) in movements.iter().enumerate() {
        balance += movement.signed();
        let (kind, word) = if movement.comes { ("交易", "收入") } else { ("退款", "支出") };
        let (time, amount, left) =
            (movement.time(), movement.amount(), Amount::fen(balance).decimal_text());
        write!(text, "`{time},`4{at},`{at},`x,`{kind},`{word},`{amount},`{left},`a,`b,c,`d\r\n")
            .unwrap();
    }
    let ((ins, income), (outs, expense)) = (total(movements, true), total(movements, false));
    text.push_str("资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n");
    write!(text, "`{},`{ins},`{income},`{outs},`{expense}\r\n", movements.len()).unwrap();
    text.into_bytes()
}

fn mt940(movements: &[Movement]) -> Vec<u8> {
    let mut text = String::from(":20:A\n:25:1\n:28C:1\n:60F:C261119CNY100,00\n");
    let mut balance = 10_000;
    for (at, movement) in movements.iter().enumerate() {
        balance += movement.signed();
        let side = if movement.comes { 'C' } else { 'D' };
        let amount = movement.amount().replace('.', ",");
        write!(text, ":61:2611201120{side}{amount}NTRFNONREF//{at}\n:86:x\n").unwrap();
    }
    let side = if balance < 0 { 'D' } else { 'C' };
    let left = Amount::fen(balance.abs()).decimal_text().replace('.', ",");
    write!(text, ":62F:{side}261120CNY{left}\n-\n").unwrap();
    text.into_bytes()
}

fn camt(movements: &[Movement]) -> Vec<u8> {
    let mut text = String::from("<Document><BkToCstmrStmt><Stmt><Id>1</Id>");
    let balance: i64 = 10_000 + movements.iter().map(Movement::signed).sum::<i64>();
    for (code, fen) in [("OPBD", 10_000), ("CLBD", balance)] {
        let side = if fen < 0 { "DBIT" } else { "CRDT" };
        let amount = Amount::fen(fen.abs()).decimal_text();
        write!(text, "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd></Bal>").unwrap();
    }
    for (at, movement) in movements.iter().enumerate() {
        let side = if movement.comes { "CRDT" } else { "DBIT" };
        let (time, amount) = (movement.time().replace(' ', "T"), movement.amount());
        write!(text, "<Ntry><Amt Ccy=\"CNY\">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><DtTm>{time}+08:00</DtTm></BookgDt><AcctSvcrRef>{at}</AcctSvcrRef></Ntry>").unwrap();
    }
    text.push_str("</Stmt></BkToCstmrStmt></Document>");
    text.into_bytes()
}

fn wechat_workbook(movements: &[Movement]) -> Vec<u8> {
    let text = |text: &str| ("inlineStr", format!("<is><t>{text}</t></is>"));
    let mut rows = vec![(1, vec![text(&format!("共{}笔记录", movements.len()))])];
    let names =
        "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注";
    rows.push((18, names.split(',').map(text).collect()));
    for (number, movement) in (19_u32..).zip(movements) {
        let word = if movement.comes { "收入" } else { "支出" };
        let serial = (number - 19).to_string();
        rows.push((
            number,
            vec![
                text(&movement.time()),
                text("转账"),
                text("x"),
                text("/"),
                text(word),
                ("n", format!("<v>{}</v>", movement.amount())),
                text("零钱"),
                text("已收钱"),
                text(&serial),
                text("/"),
                text("/"),
            ],
        ));
    }
    workbook(&rows, "")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_rendered_is_read_back(movements in movements()) {
        let mut files = vec![
            ("wechat-personal", wechat_csv(&movements)),
            ("wechat-personal", wechat_workbook(&movements)),
            ("alipay-personal-3", alipay_csv(&movements)),
            ("wechat-merchant-funds", wechat_funds(&movements)),
            ("mt940", mt940(&movements)),
            ("camt", camt(&movements)),
        ];
        files.push(("wechat-personal", zip_of(&[("a.csv", &wechat_csv(&movements))])));
        for (layout, bytes) in files {
            let statement = read_statement(&bytes, None).unwrap();
            prop_assert_eq!(statement.layout, layout);
            prop_assert_eq!(statement.outcome(), Outcome::Ok, "{}: {:#?}", layout, statement.proof);
            prop_assert_eq!(statement.lines.len(), movements.len());
            for (at, (recorded, movement)) in statement.lines.iter().zip(&movements).enumerate() {
                let line = &recorded.line;
                prop_assert_eq!(&line.serial, &at.to_string());
                prop_assert_eq!(line.gross, Amount::fen(movement.fen));
                let comes = matches!(line.kind, LineKind::PayIn | LineKind::RefundIn);
                prop_assert_eq!(comes, movement.comes);
                let of_day = i64::from(movement.second);
                if layout != "mt940" {
                    prop_assert_eq!(line.time.secs(), 1_795_104_000 + of_day);
                }
            }
        }
    }
}
