//! The tested day of a shop with its two statements, for tests: the log is the day of the books,
//! and the statements show what the channel would show of it.
//!
//! Deliberately not here: the numbers that finance expects of it (the tests).

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use duizhang_core::channel::Channel;
use duizhang_core::id::WalletId;
use duizhang_core::position::Position;
use duizhang_core::reconciliation::Flow;
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::testing::{BOOKS_DAY_START, books_day};
use duizhang_core::time::{Span, Timestamp};
use duizhang_eventlog::MemoryLog;

use super::{DayReport, FileLine, Observed, StatementLines, compare_day, observed};
use crate::story_book::log_of_book;

pub(super) const EVER: Position = Position::new(u64::MAX);

pub(super) fn shop_log() -> MemoryLog {
    log_of_book(&books_day())
}

pub(super) fn shop_date() -> NaiveDate {
    "2026-11-20".parse().expect("a day")
}

/// A file's writer: each line gets a number, a serial and the balance behind it.
struct Writer {
    statement: StatementLines,
    balance: i64,
}

impl Writer {
    fn new(wallet: &str, channel: Channel, name: &str, balance: i64) -> Self {
        let file = FileLine {
            name: name.to_owned(),
            sha256: format!("{:064x}", name.len()),
            wallet: wallet.to_owned(),
            layout: "test".to_owned(),
            lines: 0,
            rejected: 0,
            proof: "hold".to_owned(),
            findings: Vec::new(),
        };
        let wallet = WalletId::new(wallet).expect("a name");
        let (from, to) = (BOOKS_DAY_START, BOOKS_DAY_START.plus(Span::from_hours(24)));
        Self {
            statement: StatementLines {
                wallet,
                channel,
                file,
                from,
                to,
                whole: true,
                lines: Vec::new(),
            },
            balance,
        }
    }

    fn add(&mut self, kind: LineKind, minor: i64, fee: i64, time: Timestamp, party: &str) {
        // The fee of a withdrawal is a part of what left.
        self.balance += if kind == LineKind::PayIn { minor } else { -minor };
        let number = u32::try_from(self.statement.lines.len()).expect("few lines") + 1;
        let serial = format!("20261120{:04}{number:014}", self.statement.file.name.len());
        self.statement.lines.push(Line {
            number: number + 4,
            serial_base: serial.clone(),
            serial,
            merchant_no: None,
            kind,
            gross: Amount::fen(minor),
            fee: Amount::fen(fee),
            balance: Some(Amount::fen(self.balance)),
            time,
            precision: Precision::Second,
            counterparty: party.to_owned(),
            note: String::new(),
            status: LineStatus::Ok,
            raw_status: "交易成功".to_owned(),
        });
        self.statement.file.lines += 1;
    }

    /// Writes what the log has of the wallet, but for one amount that the channel never had.
    fn add_ours(&mut self, ours: &[Observed], but: i64) {
        let wallet = self.statement.wallet.clone();
        let own = ours.iter().filter(|item| item.wallets.contains(&wallet));
        let own = own.filter(|item| item.flow != Flow::Withdrawal);
        for item in own.filter(|item| item.amount.minor() != but) {
            let kind = match item.flow {
                Flow::PayIn => LineKind::PayIn,
                Flow::RefundOut | Flow::Withdrawal => LineKind::RefundOut,
            };
            self.add(kind, item.amount.minor(), 0, item.time, "*三");
            // A merchant's file shows the order number; two equal amounts are told apart by it.
            let line = self.statement.lines.last_mut().expect("one was added");
            let parts = item.number.as_deref() == Some("O5");
            line.merchant_no = item.number.clone().filter(|_| !parts);
        }
    }
}

/// Both statements of the day.
pub(super) fn shop_files(log: &MemoryLog) -> Vec<StatementLines> {
    let (start, hours) = (BOOKS_DAY_START, Span::from_hours);
    let ours = observed(log, start..start.plus(hours(24)), EVER, &mut |_, _| {}).expect("readable");
    let mut alipay = Writer::new("Main", Channel::Alipay, "alipay_20261120.csv", 100_000);
    alipay.add_ours(&ours, 0);
    alipay.add(LineKind::Fee, 126, 0, start.plus(hours(23)), "支付宝");
    alipay.add(LineKind::PayIn, 1_200, 0, start.plus(hours(20)), "=cmd()|'/c calc'!A1");
    // The log has a run that found this line, by this number.
    let stray = alipay.statement.lines.last_mut().expect("one was added");
    (stray.serial, stray.serial_base) = ("L1".to_owned(), "L1".to_owned());
    alipay.statement.lines.sort_by_key(|line| line.time);
    alipay.rebalance(100_000);
    let mut wechat = Writer::new("main", Channel::Wechat, "wechat_20261120.xlsx", 50_000);
    wechat.add_ours(&ours, 2_500);
    let sent = ours.iter().find(|item| item.flow == Flow::Withdrawal).expect("recorded").time;
    wechat.add(LineKind::Withdrawal, 40_040, 40, sent, "<script>alert(1)</script>");
    vec![alipay.statement, wechat.statement]
}

impl Writer {
    /// Counts the balances again, in the order of the lines.
    fn rebalance(&mut self, opening: i64) {
        let mut balance = opening;
        for line in &mut self.statement.lines {
            let sign = if line.kind == LineKind::PayIn { 1 } else { -1 };
            balance += sign * line.gross.minor();
            line.balance = Some(Amount::fen(balance));
        }
    }
}

/// The report of the day, as the log stands at a position.
pub(super) fn shop_report(log: &MemoryLog, known_to: Position) -> DayReport {
    compare_day(log, shop_date(), shop_files(log), known_to, &mut |_, _| {})
        .expect("readable")
        .report()
}
