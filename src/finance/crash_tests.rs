//! A run that breaks off at each of its syncs, and the next one that completes it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use duizhang_api::book::Book;
use duizhang_api::clock::{Clock, ManualClock};
use duizhang_api::metrics::Metrics;
use duizhang_api::opening;
use duizhang_api::writer::Writer;
use duizhang_core::channel::Channel;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{BookOpened, Fact, Wallet};
use duizhang_core::id::WalletId;
use duizhang_core::ledger::Movement;
use duizhang_core::position::Position;
use duizhang_core::time::Timestamp;
use duizhang_eventlog::disk::{Crash, Fault, Operation, SimulatedDisk};
use duizhang_eventlog::history::chapters;
use duizhang_eventlog::{EventLog, MEMORY_SEGMENT_BYTES, MemoryLog};
use duizhang_projections::calendar::{Zone, day_of_date};
use tokio::runtime::{Builder, Runtime};

use super::file::Given;
use super::reconcile::{Desk, Task, reconcile};

/// The morning of 2026-11-21 in Shanghai.
const MORNING: Timestamp = Timestamp::from_secs(1_795_219_200);
/// Most syncs that a run of this file takes: one for each fact.
const SYNCS_MAX: u64 = 16;

pub(super) const FUNDS: &str = "\
记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号
`2026-11-20 10:00:00,`4200001,`F1,`交易,`交易,`收入,`10.00,`10.00,`system,`茶,`O-1
`2026-11-20 10:00:00,`4200001,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.06,`9.94,`system,`茶,`O-1
`2026-11-20 11:00:00,`4200002,`F3,`扣除交易手续费,`扣除交易手续费,`支出,`0.05,`9.89,`system,`茶,`O-2
资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额
`3,`1,`10.00,`2,`0.11
";

pub(super) struct Machine {
    disk: SimulatedDisk,
    runtime: Runtime,
    pub(super) book: Book,
    writer: Writer,
}

fn wallet() -> WalletId {
    WalletId::new("wx").expect("a name")
}

fn day() -> NaiveDate {
    "2026-11-20".parse().expect("a day")
}

impl Machine {
    fn start(disk: SimulatedDisk) -> Self {
        let log = MemoryLog::open(&disk, MEMORY_SEGMENT_BYTES).expect("the disk is healthy");
        let log: Arc<dyn EventLog> = Arc::new(log);
        let (state, views) = opening::fold(&log, &mut |_| {}).expect("the log is readable");
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(MORNING, 1));
        let (book, writer) =
            Writer::start(log, state, views, clock, Arc::new(Metrics::new())).expect("threads");
        let runtime = Builder::new_current_thread().build().expect("a runtime");
        Self { disk, runtime, book, writer }
    }

    pub(super) fn new() -> Self {
        let machine = Self::start(SimulatedDisk::new());
        let wallet = Wallet {
            id: wallet(),
            channel: Channel::Wechat,
            qr: None,
            fixed: Vec::new(),
            enabled: true,
        };
        let opened = BookOpened { book: "shop".into(), time_zone: "Asia/Shanghai".into() };
        for fact in [Fact::BookOpened(opened), Fact::WalletDeclared(wallet)] {
            machine.submit(fact);
        }
        machine
    }

    /// Submits a fact that the rules take.
    pub(super) fn submit(&self, fact: Fact) {
        self.runtime.block_on(self.book.submit(fact)).expect("it is taken");
    }

    fn crash(self) -> Self {
        let Self { disk, book, writer, .. } = self;
        disk.heal();
        disk.crash(Crash::LoseUnsynced);
        drop(book);
        // It has stopped for the fault already, which is its own complaint.
        let _ = writer.join();
        Self::start(disk)
    }

    fn reconcile(&self, data: &Path) -> anyhow::Result<String> {
        self.hand_in(data, &[FUNDS.to_owned()])
    }

    /// Hands files in and reconciles the day of them.
    pub(super) fn hand_in(&self, data: &Path, files: &[String]) -> anyhow::Result<String> {
        let zone = Zone::new("Asia/Shanghai").expect("a zone");
        let desk = Desk { book: &self.book, data, zone, runtime: self.runtime.handle() };
        let given = |(number, text): (usize, &String)| Given {
            name: format!("funds-{number}.csv"),
            wallet: None,
            bytes: text.as_bytes().to_vec(),
        };
        let files = files.iter().enumerate().map(given).collect();
        let task = Task { day: day(), files, mapping: None, dry_run: false, by: "li".into() };
        reconcile(&desk, task, &mut |_, _, _| {}).map(|told| told.text)
    }

    /// The sum of all fees in the log.
    fn fees(&self) -> i64 {
        let (end, mut sum) = (self.book.log().head().position, 0);
        let mut count = |chapter: Chapter| {
            if let Fact::MovementRecorded(recorded) = chapter.fact
                && let Movement::ChannelFee { fee, .. } = recorded.movement
            {
                sum += fee.minor();
            }
            ControlFlow::Continue(())
        };
        chapters(self.book.log(), Position::new(1), end, &mut count).expect("a readable log");
        sum
    }

    pub(super) fn is_reconciled(&self) -> bool {
        self.book.views().breaks.run(&wallet(), day_of_date(day())).is_some()
    }
}

#[test]
fn a_run_that_breaks_off_anywhere_is_completed_by_the_next_one() {
    for sync in 1..SYNCS_MAX {
        let data = tempfile::tempdir().expect("a folder");
        let machine = Machine::new();
        machine.disk.fail(Operation::Sync, sync, Fault::Stop);
        let whole = machine.reconcile(data.path()).is_ok();
        let machine = machine.crash();
        let fees = machine.fees();
        assert!(!machine.is_reconciled() || fees == 11, "sync {sync}: a run without its fees");
        let told = machine.reconcile(data.path()).expect("a healthy disk");
        assert!(machine.is_reconciled(), "sync {sync}: {told}");
        assert_eq!(machine.fees(), 11, "sync {sync}: each fee once");
        if whole {
            assert!(sync > 3, "only {sync} syncs were tried");
            return;
        }
    }
    panic!("no run came to its end within {SYNCS_MAX} syncs");
}
