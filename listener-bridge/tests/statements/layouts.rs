//! One small file of each layout that has no public sample, written to the letter of the layout,
//! whose totals and balances add up: the proof must hold.

use duizhang_core::amount::Amount;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::Timestamp;
use duizhang_listener_bridge::statements::{
    Encoding, MAPPING_BYTES_MAX, Mapping, MappingError, NotAStatement, Outcome, Period, Statement,
    read_statement,
};

use super::rendered::workbook;
use super::samples::mapping;
use super::{gbk, sum_of};

pub(crate) const WECHAT_CSV: &str = "\
微信支付账单明细,,,,,,,,,,
微信昵称：[小店],,,,,,,,,,
起始时间：[2026-11-20 00:00:00] 终止时间：[2026-11-20 23:59:59],,,,,,,,,,
导出类型：[全部],,,,,,,,,,
导出时间：[2026-11-21 09:00:00],,,,,,,,,,
,,,,,,,,,,
共4笔记录,,,,,,,,,,
收入：2笔 53.50元,,,,,,,,,,
支出：1笔 39.93元,,,,,,,,,,
中性交易：1笔 100.10元,,,,,,,,,,
注：,,,,,,,,,,
,,,,,,,,,,
----------------------微信支付账单明细列表--------------------,,,,,,,,,,
交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注
2026-11-20 10:00:01,二维码收款,用户A,\"收款方备注:二维码收款\",收入,¥23.50,零钱,已收钱,\"10000501\"\t,/\t,/
2026-11-20 10:00:02,转账,\"他说\"好\"\",/,收入,￥30.00,零钱,已退款(￥2.00),10000502\t,/\t,/
2026-11-20 11:00:00,二维码收款-退款,用户B,/,支出,¥39.93,零钱,已退款￥39.93,10000503\t,/\t,/
2026-11-20 23:59:59,零钱提现,招商银行(1),/,/,¥100.10,招商银行,提现已到账,10000504\t,/\t,服务费¥0.10
";

pub(crate) const TRADES: &str = "\
#支付宝业务明细查询
#账号：[20881234567890120156]
#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]
#-----------------------------------------业务明细列表----------------------------------------
支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注
2026112022001\t,O-1\t,交易\t,茶\t,2026-11-20 08:00:00,2026-11-20 08:00:05,,,,,*三(abc***)\t,10.00,10.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,\t,-0.06,0.00,\t
2026112022002\t,O-2\t,交易\t,茶\t,2026-11-20 09:00:00,2026-11-20 09:00:05,,,,,*四(abc***)\t,20.00,20.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,\t,-0.12,0.00,\t
2026112022001\t,O-1\t,退款\t,茶\t,2026-11-20 08:00:00,2026-11-20 12:00:00,,,,,*三(abc***)\t,-4.00,-4.00,0.00,0.00,0.00,0.00,0.00,,0.00,0.00,R-1\t,0.00,0.00,\t
#-----------------------------------------业务明细列表结束------------------------------------
#交易合计：2笔，商家实收共30.00元，商家优惠共0.00元
#退款合计：1笔，商家实收退款共-4.00元，商家优惠退款共0.00元
#导出时间：[2026年11月21日 10:00:00]
";

pub(crate) const SUMMARY: &str = "\
#支付宝业务汇总查询
#-----------------------------------------业务汇总列表----------------------------------------
门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）
合计,,2,1,26.00,26.00,0.00,0.00,0.00,-0.18,0.00,25.82
#-----------------------------------------业务汇总列表结束------------------------------------
";

pub(crate) const QQ: &str = "\
交易时间,商户号,商户APPID,子商户号,子商户APPID,用户标识,设备号,支付场景,商户订单号,QQ钱包订单号,付款银行,货币种类,订单金额(元),商户优惠金额(元),商户应收金额(元),QQ钱包优惠金额(元),用户支付金额(元),交易状态,退款提交时间,商户退款订单号,QQ钱包退款订单号,退款金额(元),退还QQ钱包优惠金额(元),退款状态,退款成功时间,退款方式,商品名称,商户数据包,手续费金额(元),费率
2026/11/20 10:00:00,1263,暂无数据,暂无数据,暂无数据,u1,暂无数据,扫码,`O-1,`126320261120001,财付通余额,RMB,12.30,0,12.30,0,12.30,支付成功,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,茶,暂无数据,0.07,0.6%
2026/11/20 11:00:00,1263,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,`O-0,`126320261119009,财付通余额,RMB,0,暂无数据,暂无数据,0,,转入退款,2026/11/20 11:05:00,`REV_O-0,`112126320261120,0.01,0,退款成功,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据,暂无数据
交易总笔数,订单总金额(元),商户优惠总金额(元),商户应收总金额(元),QQ钱包优惠总金额(元),用户支付总金额(元),退款总金额(元),退还QQ钱包优惠总金额(元),手续费总金额(元)
2,12.3,0,12.3,0,12.3,0.01,0,0.07
";

const ACCOUNT: &str = "\
#支付宝账务明细查询
#账号：[20881234567890120156]
#起始日期：[2026年11月20日 00:00:00]   终止日期：[2026年11月21日 00:00:00]
#-----------------------------------------账务明细列表----------------------------------------
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注
A3\t,2026112022001\t,O-1\t,茶,2026-11-20 12:00:00,abc***,0.00,-4.00,105.94,支付宝,交易退款,
A2\t,2026112022001\t,O-1\t,茶,2026-11-20 08:00:06,,,-0.06,109.94,支付宝,收费,
A1\t,2026112022001\t,O-1\t,茶,2026-11-20 08:00:05,abc***,10.00,,110.00,支付宝,在线支付,
#-----------------------------------------账务明细列表结束------------------------------------
#支出合计：2笔，共-4.06元,,,,,,,,,,,
#收入合计：1笔，共10.00元,,,,,,,,,,,
#导出时间：[2026年11月21日 10:00:00]
";

pub(crate) const FUNDS: &str = "\
记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号
`2026-11-20 10:00:00,`4200001,`F1,`交易,`交易,`收入,`10.00,`10.00,`system,`茶，`热`,`O-1
`2026-11-20 10:00:00,`4200001,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.06,`9.94,`system,`a\\ b,`O-1
`2026-11-20 11:00:00,`5030001,`F3,`退款,`退款,`支出,`4.00,`5.94,`system,`,`R-1
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`3,`1,`10.00,`2,`4.06
";

pub(crate) const GEN_3: &str = "\
------------------------------------------------------------------------------------
导出信息：
姓名：小店
支付宝账户：shop@example.com
起始时间：[2026-11-20 00:00:00]    终止时间：[2026-11-20 23:59:59]
导出交易类型：[全部]
导出时间：[2026-11-21 09:00:00]
共3笔记录
收入：1笔 30.01元
支出：1笔 1,234.50元
不计收支：1笔 16.03元

特别提示：
1.本回单内容可表明支付宝受理了相应支付交易申请

------------------------支付宝支付科技有限公司  电子客户回单------------------------
交易时间            ,交易分类                ,交易对方                ,对方账号                ,商品说明                ,收/支                 ,金额                  ,收/付款方式              ,交易状态                ,交易订单号     ,商家订单号           ,备注                  ,
2026-11-20 10:00:00 ,转账红包                ,*三😀               ,abc***            ,收款                  ,收入                  ,30.01               ,余额                  ,交易成功                ,2026112010001\t,                    \t,                    ,
2026-11-20 11:00:00 ,日用百货                ,某店                ,abc***            ,纸                   ,支出                  ,1,234.50            ,花呗&红包              ,交易关闭                ,2026112010002\t,T1\t,                    ,
2026-11-20 12:00:00 ,退款                  ,某店                ,abc***            ,退款-纸                ,不计收支                ,16.03               ,花呗                  ,退款成功                ,2026112010002*77\t,T1\t,                    ,
";

fn read(bytes: &[u8]) -> Statement {
    read_statement(bytes, None).unwrap()
}

/// The lines, of a statement whose proof holds throughout.
fn proved(bytes: &[u8], layout: &str) -> Vec<Line> {
    let statement = read(bytes);
    assert_eq!(statement.layout, layout);
    assert_eq!(statement.outcome(), Outcome::Ok, "{:#?}", statement.proof);
    statement.lines.into_iter().map(|recorded| recorded.line).collect()
}

#[test]
fn wechat_personal_csv() {
    let statement = read(WECHAT_CSV.as_bytes());
    assert_eq!(statement.account.as_deref(), Some("小店"));
    let period = Period {
        from: Timestamp::from_secs(1_795_104_000),
        to: Timestamp::from_secs(1_795_190_400),
    };
    assert_eq!(statement.period, Some(period), "half-open: the last second belongs to it");
    let lines = proved(WECHAT_CSV.as_bytes(), "wechat-personal");
    let kinds: Vec<LineKind> = lines.iter().map(|line| line.kind).collect();
    use LineKind::{PayIn, RefundOut, Withdrawal};
    assert_eq!(kinds, [PayIn, PayIn, RefundOut, Withdrawal]);
    assert_eq!(lines[0].serial, "10000501");
    assert_eq!(lines[0].merchant_no, None);
    assert_eq!(lines[1].status, LineStatus::RefundedPart(Amount::fen(200)));
    assert_eq!(lines[1].counterparty, "他说\"好\"");
    assert_eq!(lines[2].status, LineStatus::Ok);
    assert_eq!(lines[3].fee, Amount::fen(10));
    let left: Vec<(&str, u32, i64)> =
        statement.left_out.iter().map(|left| (&*left.word, left.count, left.sum.minor())).collect();
    assert_eq!(left, [("二维码收款-退款", 1, 3993), ("零钱提现", 1, 10010)]);
}

#[test]
fn wechat_personal_workbook_of_2026() {
    let text = |text: &str| format!("<is><t>{text}</t></is>");
    let mut rows = vec![
        (1, vec![("inlineStr", text("微信支付账单明细"))]),
        (2, vec![("inlineStr", text("微信昵称：[小店]"))]),
        (7, vec![("inlineStr", text("共2笔记录"))]),
        (8, vec![("inlineStr", text("收入：2笔 548.65元"))]),
        (17, vec![("inlineStr", text("----------------------微信支付账单明细列表----"))]),
    ];
    let names =
        "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注";
    rows.push((18, names.split(',').map(|name| ("inlineStr", text(name))).collect()));
    for (number, time, amount, serial) in [
        (19, "46295.84104166667", "548.58000000000004", "1"),
        (20, "46296", "7.0000000000000007E-2", "2"),
    ] {
        let mut row = vec![("n", format!("<v>{time}</v>"))];
        row.extend(
            ["二维码收款", "用户A &amp; B", "/", "收入"].map(|cell| ("inlineStr", text(cell))),
        );
        row.push(("n", format!("<v>{amount}</v>")));
        row.extend(["零钱", "已收钱", serial, "/", "/"].map(|cell| ("inlineStr", text(cell))));
        rows.push((number, row));
    }
    let lines = proved(&workbook(&rows, ""), "wechat-personal");
    assert_eq!(lines[0].time, Timestamp::from_secs(1_790_770_266));
    assert_eq!(lines[0].gross, Amount::fen(54858));
    assert_eq!(lines[0].number, 19);
    assert_eq!(lines[0].counterparty, "用户A & B");
    assert_eq!(lines[1].gross, Amount::fen(7));
    let mac = read(&workbook(&rows, "date1904=\"1\""));
    let later = mac.lines[0].line.time.secs() - lines[0].time.secs();
    assert_eq!(later, 1_462 * 86_400);
    assert_eq!(mac.encoding, Encoding::Workbook);
}

#[test]
fn alipay_merchant_trades() {
    let lines = proved(&gbk(TRADES), "alipay-merchant-trades");
    let refund = &lines[2];
    assert_eq!((refund.serial.as_str(), refund.kind), ("2026112022001_R-1", LineKind::RefundOut));
    assert_eq!(refund.serial_base, lines[0].serial);
    assert_eq!(refund.gross, Amount::fen(400));
    assert_eq!(lines[0].fee, Amount::fen(6));
    let period = read(&gbk(TRADES)).period.unwrap();
    assert_eq!(period.to.secs() - period.from.secs(), 86_400, "the end is exclusive already");
}

#[test]
fn alipay_merchant_account() {
    let lines = proved(&gbk(ACCOUNT), "alipay-merchant-account");
    let kinds: Vec<LineKind> = lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, [LineKind::RefundOut, LineKind::Fee, LineKind::PayIn]);
    assert!(lines.iter().all(|line| line.serial_base == "2026112022001"));
    let broken = ACCOUNT.replace("109.94", "109.95");
    assert_eq!(read(&gbk(&broken)).outcome(), Outcome::Fail);
}

#[test]
fn alipay_personal_of_the_third_generation() {
    let gen_3 = GEN_3.replace("1,234.50            ", "1234.50            ");
    let lines = proved(&gbk(&gen_3), "alipay-personal-3");
    assert_eq!(lines[0].kind, LineKind::PayIn);
    assert_eq!(lines[0].counterparty, "*三😀");
    assert_eq!(lines[1].status, LineStatus::Closed);
    assert_eq!(lines[2].kind, LineKind::RefundIn);
    assert_eq!(lines[2].serial_base, lines[1].serial);
    // A thousands comma outside of quotes shifts the cells: the row is shown as rejected.
    assert_eq!(read(&gbk(GEN_3)).rejected.len(), 1);
}

#[test]
fn wechat_merchant_funds() {
    let lines = proved(FUNDS.as_bytes(), "wechat-merchant-funds");
    let kinds: Vec<LineKind> = lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, [LineKind::PayIn, LineKind::Fee, LineKind::RefundOut]);
    assert_eq!(lines[0].serial_base, lines[1].serial_base);
    assert_eq!(lines[1].note, "a,b");
    let back =
        FUNDS.replace("`扣除交易手续费,`扣除交易手续费,`支出", "`退还,`退还交易手续费,`收入");
    assert_eq!(read(back.as_bytes()).lines[1].line.kind, LineKind::FeeBack);
    // The published sample declares three rows and holds two.
    let cut: String = FUNDS.split_inclusive('\n').filter(|line| !line.contains("`F3")).collect();
    assert_eq!(read(cut.as_bytes()).outcome(), Outcome::Fail);
}

#[test]
fn camt_of_the_running_day_and_single_movements() {
    let entry = "<Ntry><Amt Ccy=\"CNY\">12.30</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd>\
        </Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt><AcctSvcrRef>X1</AcctSvcrRef></Ntry>";
    let message = |root: &str, inner: &str| {
        format!("<Document><{root}><{inner}><Id>1</Id>{entry}</{inner}></{root}></Document>")
    };
    let report = read(message("BkToCstmrAcctRpt", "Rpt").as_bytes());
    assert_eq!(report.outcome(), Outcome::Warn, "a report without balances ties nothing");
    assert_eq!(report.lines[0].line.status, LineStatus::Pending);
    let notice = read(message("BkToCstmrDbtCdtNtfctn", "Ntfctn").as_bytes());
    assert_eq!(notice.outcome(), Outcome::Ok);
    assert_eq!(notice.lines[0].line.serial, "X1");
    assert_eq!(notice.lines[0].line.precision, Precision::Day);
    let raw = String::from_utf8(notice.lines[0].raw.clone()).unwrap();
    assert_eq!(raw, entry);
    let doctype = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{}", message("BkToCstmrStmt", "Stmt"));
    assert_eq!(read_statement(doctype.as_bytes(), None), Err(NotAStatement::DamagedXml));
}

#[test]
fn mt942_declares_its_sums() {
    let text = ":20:A\r\n:25:1\r\n:34F:EUR0,\r\n:61:2612310102C5,5NTRFNONREF//B1\r\n:86:x\r\n\
        :61:261231D2,NTRFOURS//B2\r\n:90D:1EUR2,00\r\n:90C:1EUR5,50\r\n-\r\n";
    let lines = proved(text.as_bytes(), "mt940");
    // The second of January of the next year, though the day of value is of this one.
    assert_eq!(lines[0].time, Timestamp::from_secs(1_798_819_200));
    assert_eq!(lines[1].merchant_no.as_deref(), Some("OURS"));
    let other = text.replace(":90C:1EUR5,50", ":90C:2EUR5,50");
    assert_eq!(read(other.as_bytes()).outcome(), Outcome::Fail);
}

#[test]
fn ofx_without_closing_tags() {
    let text = "OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><STMTRS><CURDEF>CNY<ACCTID>1\n<BANKTRANLIST>\n\
        <STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261120100000.000[+8:CST]<TRNAMT>12.30<FITID>F1<NAME>A &amp; B<MEMO>\
        </STMTTRN>\n<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261120<TRNAMT>-1,50<FITID>F2</STMTTRN></OFX>";
    let statement = read(text.as_bytes());
    let first = &statement.lines[0].line;
    assert_eq!((first.serial.as_str(), first.gross), ("F1", Amount::fen(1230)));
    assert_eq!(first.counterparty, "A & B");
    assert_eq!(first.time, Timestamp::from_secs(1_795_140_000));
    assert_eq!(sum_of(&statement, LineKind::PayOut), (1, 150));
}

#[test]
fn qif_asks_for_the_order_of_days() {
    let text = |day: &str| format!("!Type:Bank\nD{day}\nT1,234.50\nPA\nMnote\n^\nD{day}\nT-2\n^\n");
    let clear = read(text("25/12/26").as_bytes());
    assert_eq!(sum_of(&clear, LineKind::PayIn), (1, 123_450));
    assert_eq!(clear.lines[0].line.time, Timestamp::from_secs(1_798_128_000));
    let doubtful = text("8/12/26");
    assert_eq!(read_statement(doubtful.as_bytes(), None), Err(NotAStatement::DateOrder));
    let told = read_statement(doubtful.as_bytes(), Some(&mapping("bank_hsbc"))).unwrap();
    assert_eq!(told.lines[0].line.time, Timestamp::from_secs(1_796_659_200));
}

#[test]
fn unionpay_is_cut_by_bytes() {
    let widths = [
        3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1,
        21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98,
    ];
    let line = |code: &str, sent: &str, query: &str| {
        let mut line = Vec::new();
        for (at, width) in widths.into_iter().enumerate() {
            let text = match at {
                0 => code,
                4 => sent,
                // Seven characters that take fourteen bytes.
                5 => "*三李四王五六",
                6 => "000000001230",
                9 => query,
                11 => "O-1",
                _ => "",
            };
            let mut field = gbk(text);
            field.resize(width, b' ');
            line.extend(field);
            line.push(b' ');
        }
        line.pop();
        line
    };
    let mut file = line("S22", "1120100000", "202611201000000000011");
    file.extend(b"\r\n");
    file.extend(line("S99", "0101000001", "202612312359590000012"));
    file.extend(b"\r\nbroken\r\n");
    let statement = read(&file);
    assert_eq!(statement.layout, "unionpay-payments");
    let first = &statement.lines[0].line;
    assert_eq!((first.gross, first.kind), (Amount::fen(1230), LineKind::PayIn));
    assert_eq!(first.time, Timestamp::from_secs(1_795_140_000));
    assert_eq!(first.merchant_no.as_deref(), Some("O-1"));
    assert_eq!(statement.lines[1].line.time, Timestamp::from_secs(1_798_732_801), "next year");
    assert_eq!(statement.lines[1].line.kind, LineKind::Unknown);
    assert_eq!(statement.rejected.len(), 1);
    assert_eq!(statement.outcome(), Outcome::Fail);
}

#[test]
fn qq_wallet_trades() {
    let lines = proved(QQ.as_bytes(), "qq-merchant");
    let (paid, back) = (&lines[0], &lines[1]);
    assert_eq!((paid.gross, paid.fee), (Amount::fen(1_230), Amount::fen(7)));
    assert_eq!((paid.kind, paid.status), (LineKind::PayIn, LineStatus::Ok));
    assert_eq!(paid.merchant_no.as_deref(), Some("O-1"));
    assert_eq!((back.gross, back.kind), (Amount::fen(1), LineKind::RefundOut));
    assert_eq!(back.serial_base, "126320261119009");
    assert_eq!(back.time.secs() - paid.time.secs(), 65 * 60, "when it was given back");
    // The public sample has no seconds, which is worth a word.
    let minutes = read(QQ.replace(":00,1263", ",1263").as_bytes());
    assert_eq!(minutes.outcome(), Outcome::Warn);
    assert_eq!(minutes.lines[0].line.precision, Precision::Minute);
    // Headings without the unit mean the same.
    assert_eq!(proved(QQ.replace("(元)", "").as_bytes(), "qq-merchant"), lines);
    let odd = read(QQ.replace("支付成功", "支付好了").as_bytes());
    assert_eq!((odd.lines[0].line.status, odd.outcome()), (LineStatus::Unknown, Outcome::Warn));
    // The sample that a client library replays declares nine rows and holds one.
    let cut: String = QQ.split_inclusive('\n').filter(|line| !line.contains("`O-0")).collect();
    assert_eq!(read(cut.as_bytes()).outcome(), Outcome::Fail);
    let yen = read(QQ.replace("RMB,12.30", "JPY,12.30").as_bytes());
    assert_eq!(yen.rejected.len(), 1);
}

#[test]
fn a_bill_with_columns_of_its_own_by_a_mapping() {
    let text = "\
交易时间,商户号,QQ钱包订单号,商户订单号,交易状态,订单金额,退款状态
2016/7/23 14:14,`1000,`2016001,`O-1,支付成功,0.01,暂无数据
2016/7/23 14:20,`1000,`2016002,`O-2,转入退款,0.02,退款成功
";
    let mapping = Mapping::parse(
        r#"
name = "QQ wallet"
[columns]
time = "交易时间"
amount = "订单金额"
direction = "交易状态"
serial = "QQ钱包订单号"
merchant_no = "商户订单号"
kind = "交易状态"
status = "退款状态"
[words]
income = ["支付成功"]
expense = ["转入退款"]
refund = ["转入退款"]
ok = ["退款成功"]
"#,
    );
    let statement = read_statement(&gbk(text), Some(&mapping.unwrap())).unwrap();
    let lines: Vec<&Line> = statement.lines.iter().map(|recorded| &recorded.line).collect();
    assert_eq!(
        (lines[0].serial.as_str(), lines[0].merchant_no.as_deref()),
        ("2016001", Some("O-1"))
    );
    assert_eq!((lines[0].kind, lines[0].precision), (LineKind::PayIn, Precision::Minute));
    assert_eq!((lines[1].kind, lines[1].status), (LineKind::RefundOut, LineStatus::Ok));
}

#[test]
fn a_mapping_that_could_give_no_line_is_refused() {
    use MappingError::{Amount, Currency, Direction, Syntax};
    let read = |text: &str| Mapping::parse(&format!("name = \"x\"\n{text}"));
    let time = "[columns]\ntime = \"t\"\n";
    let cases = [
        (time.to_owned(), Amount),
        (format!("{time}income = \"i\""), Amount),
        (format!("{time}amount = \"a\"\nincome = \"i\"\nexpense = \"e\""), Amount),
        (format!("{time}amount = \"a\"\ndirection = \"d\""), Direction),
        (
            format!("{time}amount = \"a\"\n[words]\nincome = [\"in\"]\nexpense = [\"out\"]"),
            Direction,
        ),
        (format!("currency = \"XXX\"\n{time}amount = \"a\""), Currency("XXX".to_owned())),
    ];
    for (text, error) in cases {
        assert_eq!(read(&text), Err(error), "{text}");
    }
    assert!(matches!(read("[columns]\namount = \"a\""), Err(Syntax(_))));
    assert!(matches!(read(&format!("{time}amount = \"a\"\ncolour = \"c\"")), Err(Syntax(_))));
    let long = " ".repeat(MAPPING_BYTES_MAX + 1);
    assert_eq!(Mapping::parse(&long), Err(MappingError::TooLong));
}
