//! The channels' side of the town: what really moved on each account, and the files that the app
//! would export of it.
//!
//! Invariants: a file's declared totals are those of its rows; the layouts are the channels' own,
//! with their notes, their words and their encodings; equal entries give equal bytes.
//! Deliberately not here: what differs from the engine's book, and why ([`super::finds`]).

use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::time::{Span, Timestamp};
use duizhang_projections::calendar::Zone;
use encoding_rs::GB18030;

/// What moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Somebody paid; so much of it was given back.
    Receipt { back: Amount },
    /// Money went back to a payer.
    Refund,
    /// Money left for the bank; the amount includes the fee.
    Withdrawal { fee: Amount },
    /// The house bought something itself.
    Spending,
}

/// A movement as the channel knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) what: What,
    pub(super) amount: Amount,
    pub(super) serial: String,
    /// Whether a spreadsheet was too narrow for its time when the file was saved again.
    pub(super) torn: bool,
}

impl Entry {
    /// Money that came.
    pub(super) fn receipt(at: Timestamp, amount: Amount, serial: String) -> Self {
        Self { at, what: What::Receipt { back: Amount::fen(0) }, amount, serial, torn: false }
    }
}

/// The days and the instant of an export.
#[derive(Clone, Copy, Debug)]
pub(super) struct Export {
    pub(super) zone: Zone,
    /// The first instant of the business day.
    pub(super) day: Timestamp,
    /// When somebody pressed the button.
    pub(super) made: Timestamp,
}

/// The number that a channel gives to the movement of a place on a day.
pub(super) fn serial(channel: Channel, zone: Zone, day: Timestamp, place: usize) -> String {
    let date = zone.day_of(day).format("%Y%m%d");
    match channel {
        Channel::Alipay => format!("{date}220014{place:014}"),
        _ => format!("10000500{date}{place:012}"),
    }
}

/// The file that the app of a channel exports, newest rows first.
pub(super) fn file(wallet: &WalletId, channel: Channel, entries: &[Entry], to: Export) -> Vec<u8> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by(|a, b| (b.at, &b.serial).cmp(&(a.at, &a.serial)));
    match channel {
        Channel::Alipay => alipay(wallet, &entries, to),
        _ => wechat(wallet, &entries, to),
    }
}

impl Export {
    fn date_and_clock(&self, at: Timestamp) -> String {
        format!("{} {}", self.zone.day_of(at), self.zone.clock_text(at))
    }

    fn last_second(&self) -> String {
        self.date_and_clock(self.day.plus(Span::from_hours(24)).minus(Span::from_secs(1)))
    }
}

/// Rows and their sum, as declared totals are written.
fn total(entries: &[&Entry], of: impl Fn(&What) -> bool) -> String {
    let of = |entry: &&&Entry| of(&entry.what);
    let count = entries.iter().filter(of).count();
    let sum: i64 = entries.iter().filter(of).map(|entry| entry.amount.minor()).sum();
    format!("{count}笔 {}元", Amount::fen(sum).decimal_text())
}

const fn comes(what: &What) -> bool {
    matches!(what, What::Receipt { .. })
}

const fn goes(what: &What) -> bool {
    matches!(what, What::Refund | What::Spending)
}

const fn aside(what: &What) -> bool {
    matches!(what, What::Withdrawal { .. })
}

/// 微信支付账单明细, as the app gave it out until 2025: UTF-8 with a mark, eleven columns.
fn wechat(wallet: &WalletId, entries: &[&Entry], to: Export) -> Vec<u8> {
    let (from, last, made) =
        (to.date_and_clock(to.day), to.last_second(), to.date_and_clock(to.made));
    let before = [
        "微信支付账单明细".to_owned(),
        format!("微信昵称：[{wallet}]"),
        format!("起始时间：[{from}] 终止时间：[{last}]"),
        "导出类型：[全部]".to_owned(),
        format!("导出时间：[{made}]"),
        String::new(),
        format!("共{}笔记录", entries.len()),
        format!("收入：{}", total(entries, comes)),
        format!("支出：{}", total(entries, goes)),
        format!("中性交易：{}", total(entries, aside)),
        "注：".to_owned(),
        "1. 充值/提现/理财通购买/零钱通存取/信用卡还款等交易，将计入中性交易".to_owned(),
        "2. 本明细仅展示当前账单中的交易，不包括已删除的记录".to_owned(),
        "3. 本明细仅供个人对账使用".to_owned(),
        String::new(),
        "----------------------微信支付账单明细列表--------------------".to_owned(),
    ];
    let before: String = before.iter().map(|line| format!("{line},,,,,,,,,,\r\n")).collect();
    let columns = "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\r\n";
    let rows: String = entries.iter().map(|entry| wechat_row(entry, &to)).collect();
    format!("\u{feff}{before}{columns}{rows}").into_bytes()
}

fn wechat_row(entry: &Entry, to: &Export) -> String {
    let (time, amount) = (time_cell(entry, to), entry.amount.decimal_text());
    let (kind, other, goods, direction, status, remark) = match &entry.what {
        What::Receipt { back } => {
            let status = match back.minor() {
                0 => "已收钱".to_owned(),
                fen if fen >= entry.amount.minor() => "已全额退款".to_owned(),
                _ => format!("已退款(￥{})", back.decimal_text()),
            };
            let goods = "\"收款方备注:二维码收款\"";
            ("二维码收款", "*明", goods, "收入", status, "/".to_owned())
        }
        What::Refund => {
            let status = format!("已退款￥{amount}");
            ("二维码收款-退款", "*明", "\"/\"", "支出", status, "/".to_owned())
        }
        What::Withdrawal { fee } => {
            let remark = format!("\"服务费¥{}\"", fee.decimal_text());
            ("零钱提现", "招商银行(8888)", "\"/\"", "/", "提现已到账".to_owned(), remark)
        }
        What::Spending => {
            let (shop, goods) = ("云岭茶业", "\"散茶\"");
            ("商户消费", shop, goods, "支出", "支付成功".to_owned(), "/".to_owned())
        }
    };
    let serial = &entry.serial;
    format!(
        "{time},{kind},{other},{goods},{direction},¥{amount},零钱,{status},\"{serial}\t\",\"/\",\
         {remark}\r\n"
    )
}

/// What stands in Alipay's files under 特别提示.
const ALIPAY_NOTES: [&str; 6] = [
    "1.本回单内容可表明支付宝受理了相应支付交易申请，因系统原因或通讯故障等偶发因素导致本回单与实际交易结果不符时，以实际交易情况为准；",
    "2.请勿将本回单作为收款方发货的凭据使用，请查证账户实际到账情况后再进行发货操作；",
    "5.部分账单如：充值提现、账户转存或者个人设置收支等不计入为收入或者支出，记为不计收支类；",
    "6.因统计逻辑不同，明细金额直接累加后，可能会和下方统计金额不一致，请以实际交易金额为准；",
    "8.本明细仅展示当前账单中的交易，不包括已删除的记录；",
    "9.本明细仅供个人对账使用。",
];

/// 支付宝 电子客户回单, third generation: GB18030, twelve columns and a comma behind the last.
fn alipay(wallet: &WalletId, entries: &[&Entry], to: Export) -> Vec<u8> {
    let (from, last, made) =
        (to.date_and_clock(to.day), to.last_second(), to.date_and_clock(to.made));
    let ruler = "-".repeat(84);
    let before = [
        ruler,
        "导出信息：".to_owned(),
        "姓名：明".to_owned(),
        format!("支付宝账户：{wallet}@lantern.example"),
        format!("起始时间：[{from}]    终止时间：[{last}]"),
        "导出交易类型：[全部]".to_owned(),
        format!("导出时间：[{made}]"),
        format!("共{}笔记录", entries.len()),
        format!("收入：{}", total(entries, comes)),
        format!("支出：{}", total(entries, goes)),
        format!("不计收支：{}", total(entries, aside)),
        String::new(),
        "特别提示：".to_owned(),
    ];
    let notes = ALIPAY_NOTES.iter().map(|note| (*note).to_owned());
    let head = "------------------------支付宝（中国）网络技术有限公司  电子客户回单------------------------";
    let columns = "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,";
    let behind = [String::new(), head.to_owned(), columns.to_owned()];
    let rows = entries.iter().map(|entry| alipay_row(entry, &to));
    let lines = before.into_iter().chain(notes).chain(behind).chain(rows);
    let text: String = lines.map(|line| line + "\r\n").collect();
    GB18030.encode(&text).0.into_owned()
}

fn alipay_row(entry: &Entry, to: &Export) -> String {
    let (time, amount) = (time_cell(entry, to), entry.amount.decimal_text());
    let (kind, other, account, goods, direction, status) = match &entry.what {
        What::Receipt { .. } => {
            ("商业服务", "*明", "158******88", "收钱码收款", "收入", "交易成功")
        }
        What::Refund => ("退款", "*明", "158******88", "退款-收钱码收款", "支出", "退款成功"),
        What::Withdrawal { .. } => {
            ("其他", "招商银行", "/", "提现-普通提现", "不计收支", "提现成功")
        }
        What::Spending => ("日用百货", "云岭茶业", "y***g@example.com", "散茶", "支出", "交易成功"),
    };
    let serial = &entry.serial;
    format!(
        "{time},{kind},{other},{account},{goods},{direction},{amount},余额,{status},{serial}\t,\t,,"
    )
}

fn time_cell(entry: &Entry, to: &Export) -> String {
    if entry.torn { "########".to_owned() } else { to.date_and_clock(entry.at) }
}

#[cfg(test)]
mod tests {
    use duizhang_core::statement::{LineKind, LineStatus};
    use duizhang_listener_bridge::statements::{Check, Outcome, Statement, read_statement};

    use super::*;
    use crate::demo::day::{clock, friday};
    use crate::demo::town::ZONE;

    fn entry(place: usize, what: What, fen: i64) -> Entry {
        let at = clock(friday(1), 9, 30, 10 + u64::try_from(place).expect("a small number"));
        let serial = format!("100005002026010900000000000{place}");
        Entry { at, what, amount: Amount::fen(fen), serial, torn: false }
    }

    /// One of each kind of movement, and what the books call it.
    fn entries() -> Vec<(Entry, LineKind, LineStatus)> {
        let back = |fen| What::Receipt { back: Amount::fen(fen) };
        let fee = Amount::fen(100);
        vec![
            (entry(1, back(0), 1_880), LineKind::PayIn, LineStatus::Ok),
            (entry(2, back(40), 3_300), LineKind::PayIn, LineStatus::RefundedPart(Amount::fen(40))),
            (entry(3, back(12_990), 12_990), LineKind::PayIn, LineStatus::RefundedFull),
            (entry(4, What::Refund, 40), LineKind::RefundOut, LineStatus::Ok),
            (entry(5, What::Withdrawal { fee }, 100_100), LineKind::Withdrawal, LineStatus::Ok),
            (entry(6, What::Spending, 2_600), LineKind::PayOut, LineStatus::Ok),
        ]
    }

    fn exported(channel: Channel, entries: &[Entry]) -> Statement {
        let (zone, day) = (Zone::new(ZONE).expect("a zone"), friday(1));
        let export = Export { zone, day, made: clock(day, 32, 0, 0) };
        let wallet = "some-wallet".parse().expect("a plain word");
        read_statement(&file(&wallet, channel, entries, export), None).expect("a statement")
    }

    #[test]
    fn both_files_are_read_as_their_channels_own_and_prove_themselves() {
        let known = entries();
        let rows: Vec<Entry> = known.iter().map(|(entry, ..)| entry.clone()).collect();
        for (channel, layout) in
            [(Channel::Wechat, "wechat-personal"), (Channel::Alipay, "alipay-personal-3")]
        {
            let statement = exported(channel, &rows);
            assert_eq!((statement.layout, statement.outcome()), (layout, Outcome::Ok));
            assert!(statement.rejected.is_empty(), "{:?}", statement.rejected);
            assert_eq!(statement.declared.len(), 4, "{:?}", statement.declared);
            for (recorded, (entry, kind, status)) in statement.lines.iter().zip(known.iter().rev())
            {
                let line = &recorded.line;
                assert_eq!((line.time, line.gross), (entry.at, entry.amount));
                assert_eq!(line.serial, entry.serial);
                // Alipay calls money that a person gives back an expense like each other one, and
                // does not write into the receipt what was given back of it.
                if channel == Channel::Wechat {
                    assert_eq!((line.kind, line.status), (*kind, *status));
                } else if *kind != LineKind::RefundOut {
                    assert_eq!((line.kind, line.status), (*kind, LineStatus::Ok));
                }
            }
        }
    }

    #[test]
    fn a_torn_row_is_the_one_that_is_not_read_and_the_totals_tell() {
        let mut rows: Vec<Entry> = entries().into_iter().map(|(entry, ..)| entry).collect();
        rows[5].torn = true;
        for (channel, totals) in
            [(Channel::Wechat, Outcome::Fail), (Channel::Alipay, Outcome::Warn)]
        {
            let statement = exported(channel, &rows);
            assert_eq!((statement.lines.len(), statement.rejected.len()), (5, 1));
            assert_eq!(statement.rejected[0].reason, "the time cannot be read");
            let of = |check| statement.proof.iter().filter(move |one| one.check == check);
            assert!(of(Check::Rows).any(|one| one.outcome == Outcome::Fail));
            assert_eq!(of(Check::Totals).map(|one| one.outcome).max(), Some(totals));
        }
    }

    #[test]
    fn a_day_without_movements_is_a_file_too() {
        for channel in [Channel::Wechat, Channel::Alipay] {
            let statement = exported(channel, &[]);
            assert!(statement.lines.is_empty() && statement.rejected.is_empty());
            assert_eq!(statement.outcome(), Outcome::Ok, "{:?}", statement.proof);
        }
    }

    #[test]
    fn numbers_are_the_channels_own_length_and_differ() {
        let (zone, day) = (Zone::new(ZONE).expect("a zone"), friday(1));
        for channel in [Channel::Wechat, Channel::Alipay] {
            let numbers = [1, 2, 8_000].map(|place| serial(channel, zone, day, place));
            assert!(numbers.iter().all(|number| number.len() == 28), "{numbers:?}");
            assert!(numbers[0] < numbers[1] && numbers[1] < numbers[2], "{numbers:?}");
        }
    }
}
