//! What a log says: read by the eventlog crate from a data directory that no server has open.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use duizhang_core::decision::Decision;
use duizhang_core::event::Chapter;
use duizhang_core::fact::{Fact, Reading};
use duizhang_core::id::OrderId;
use duizhang_core::position::Position;
use duizhang_eventlog::{EventLog, LogConfig, Opening, SledLog, history, verify};
use duizhang_replay::audit::audit;

/// What a log says.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// How often each number was asked for and accepted.
    pub(crate) orders: BTreeMap<String, u64>,
    /// How often each push was recorded, by the phone's time in milliseconds.
    pub(crate) pushes: BTreeMap<u64, u64>,
    /// Numbers of paid orders.
    pub(crate) paid: BTreeSet<String>,
    /// How many events there are.
    pub(crate) events: u64,
    /// All chapters.
    pub(crate) chapters: Vec<Chapter>,
    names: BTreeMap<OrderId, String>,
}

impl Records {
    /// Opens, checks journal and roots, and reads everything. The error is for people.
    pub(crate) fn read(data: &Path) -> Result<(Self, Opening), String> {
        let (log, opening) = SledLog::open(data, LogConfig::default()).map_err(told)?;
        let records = Self::of(&log);
        log.close().map_err(told)?;
        Ok((records?, opening))
    }

    /// As [`Records::read`], with the whole audit.
    pub(crate) fn audited(data: &Path) -> Result<Self, String> {
        let (log, _) = SledLog::open(data, LogConfig::default()).map_err(told)?;
        let report = audit(&log, &mut |_, _, _| {});
        let records = Self::of(&log);
        log.close().map_err(told)?;
        if report.is_clean() { records } else { Err(report.text()) }
    }

    fn of(log: &dyn EventLog) -> Result<Self, String> {
        let head = log.head();
        let journal = log.recheck_journal().map_err(told)?;
        let verified = verify(log, &mut |_| ()).map_err(told)?;
        if journal != head || verified.head != head {
            return Err(format!("three heads: {head:?}, {journal:?}, {:?}", verified.head));
        }
        let mut records = Self { events: head.position.number(), ..Self::default() };
        history::chapters(log, Position::new(1), head.position, &mut |chapter| {
            records.take(chapter);
            ControlFlow::Continue(())
        })
        .map_err(told)?;
        Ok(records)
    }

    fn take(&mut self, chapter: Chapter) {
        match &chapter.fact {
            Fact::OrderRequested(request) => {
                *self.orders.entry(request.number.clone()).or_default() += 1;
                self.names.insert(request.order, request.number.clone());
            }
            Fact::NotificationReceived(received) => {
                if let Reading::Money { sent_at: Some(at), .. } = &received.reading {
                    let t = u64::try_from(at.millis()).unwrap_or(0);
                    *self.pushes.entry(t).or_default() += 1;
                }
            }
            _ => {}
        }
        for decision in &chapter.decisions {
            if let Decision::OrderPaid { order, .. } = decision {
                self.paid.insert(self.names[order].clone());
            }
        }
        self.chapters.push(chapter);
    }
}

fn told(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}
