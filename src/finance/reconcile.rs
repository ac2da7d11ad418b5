//! A day reconciled: files come into custody, all kept files are compared with the log, and what
//! came of it is recorded.
//!
//! Invariants: a file is durable before the fact about it; all kept files that touch the day or its
//! neighbours are looked at; what was recorded before is a repeat and changes nothing; a dry run
//! keeps and records nothing. Where another run of the same day came in between, this one ends with
//! a sentence and leaves nothing that the next run does not take up or replace.
//! Deliberately not here: who may ask, and how the answer travels.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use chrono::NaiveDate;
use duizhang_api::book::{Book, Settled, SubmitError};
use duizhang_core::breaks::{BreakRefusal, DayReconciled, StatementKept};
use duizhang_core::closing::Day;
use duizhang_core::decision::Decision;
use duizhang_core::fact::Fact;
use duizhang_core::limits::RUN_PARTS_MAX;
use duizhang_core::merkle::Hash;
use duizhang_core::rejection::Rejection;
use duizhang_listener_bridge::statements::Mapping;
use duizhang_projections::breaks::BreakView;
use duizhang_projections::calendar::{Zone, date_of, day_of_date};
use duizhang_projections::views::Views;
use duizhang_replay::reconcile::{
    Compared, DayReport, OpenBreak, Paper, Run, StatementCheck, needs_a_person,
};
use serde::Serialize;
use tokio::runtime::Handle;

use super::crowd::check_room;
use super::fees::FeeLine;
use super::file::{Columns, Document, Given, hash_of_mapping, wallet_of};
use super::shelf::{Shelf, Wanted, around, compare, short};
use super::vault::Vault;
use crate::compose::Progress;
use crate::review::Told;

/// A book that can be written to, and where its files lie.
pub(crate) struct Desk<'a> {
    pub(crate) book: &'a Book,
    pub(crate) data: &'a Path,
    pub(crate) zone: Zone,
    pub(crate) runtime: &'a Handle,
}

/// What is to be done.
pub(crate) struct Task {
    pub(crate) day: NaiveDate,
    pub(crate) files: Vec<Given>,
    pub(crate) mapping: Option<String>,
    /// Whether nothing is to be kept or recorded.
    pub(crate) dry_run: bool,
    pub(crate) by: String,
}

/// What was recorded.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Recorded {
    statements: Vec<KeptLine>,
    fees: Vec<FeeLine>,
    runs: Vec<RunLine>,
    /// Breaks of the day that wait for a person, after all.
    open: usize,
}

/// The report, and behind it what was recorded.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    report: &'a DayReport,
    recorded: &'a Recorded,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct KeptLine {
    sha256: String,
    wallet: String,
    /// The days that it tells of. Each of them is to be reconciled with it.
    first: String,
    last: String,
    /// Whether it was kept before.
    again: bool,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct RunLine {
    wallet: String,
    /// Whether the same was recorded before.
    again: bool,
    opened: usize,
    changed: usize,
    resolved: usize,
}

/// A given file that was read, and what would be told of it.
struct Import {
    bytes: Vec<u8>,
    document: Document,
    name: String,
    fact: StatementKept,
}

/// Does it. Blocks, and must not run on a thread that serves others.
pub(crate) fn reconcile(
    desk: &Desk<'_>,
    task: Task,
    progress: &mut Progress<'_>,
) -> anyhow::Result<Told> {
    let vault = Vault::new(desk.data);
    let Task { day, files, mapping, dry_run, by } = task;
    let columns = mapping.as_deref().map(columns_of).transpose()?;
    let mut imports = Vec::new();
    for given in files {
        let import = desk.read(given, columns.as_ref(), &by)?;
        desk.check_room(&imports, &import)?;
        imports.push(import);
    }
    let mut recorded = Recorded::default();
    if !dry_run {
        if let Some(text) = mapping.filter(|_| !imports.is_empty()) {
            vault.keep(text.as_bytes())?;
        }
        for import in &imports {
            recorded.statements.push(desk.keep(&vault, import)?);
        }
    }
    let wanted = desk.wanted(day, dry_run, &imports)?;
    let at_hand: BTreeMap<Hash, Document> =
        imports.into_iter().map(|import| (import.fact.statement, import.document)).collect();
    let (statements, papers) = Shelf { vault: &vault, zone: desk.zone, at_hand }.take(wanted)?;
    let head = desk.book.log().head().position;
    let mut reading = |at, end| progress("reading the log", at, end);
    let compared = compare(desk.book.log(), (desk.zone, day), statements, head, &mut reading)?;
    if dry_run {
        let report = compared.report();
        return Ok(Told { clean: report.agrees, text: report.text(), json: report.json() });
    }
    // Before the run: whoever finds the run whole finds its fees in the books.
    recorded.fees = desk.book_fees(&compared, &by)?;
    recorded.runs = desk.record(&compared, &papers, &by)?;
    recorded.open = desk.open_breaks(day_of_date(day));
    // What was recorded stands in the report, so that it is the one that the day has from now on.
    let news = recorded.runs.iter().any(|run| !run.again);
    let compared = if news {
        let head = desk.book.log().head().position;
        compared.again(desk.book.log(), head, &mut reading)?
    } else {
        compared
    };
    told(&compared.report(), &recorded)
}

fn columns_of(text: &str) -> anyhow::Result<Columns> {
    let mapping = Mapping::parse(text)?;
    Ok(Columns { hash: hash_of_mapping(text), mapping })
}

impl Desk<'_> {
    fn read(&self, given: Given, columns: Option<&Columns>, by: &str) -> anyhow::Result<Import> {
        let Given { name, wallet, bytes } = given;
        let reading = || format!("read the statement {name}");
        let document = Document::read(&bytes, columns).with_context(reading)?;
        let (wallet, _) = {
            let views = self.book.views();
            wallet_of(&views.book, wallet.as_deref(), &document.statement)
                .with_context(|| name.clone())?
        };
        let fact = document.fact(&wallet, self.zone, by).with_context(reading)?;
        Ok(Import { bytes, document, name, fact })
    }

    /// Whether a file fits beside those that are kept, and those that are handed in with it.
    fn check_room(&self, others: &[Import], import: &Import) -> anyhow::Result<()> {
        let views = self.book.views();
        let is_kept = |hash| views.statements.get(hash).is_some();
        if is_kept(import.fact.statement) {
            return Ok(());
        }
        let others = others.iter().map(|other| &other.fact);
        let others = others.filter(|other| !is_kept(other.statement));
        let kept = views.statements.iter().map(|view| &view.kept);
        check_room(kept.chain(others), &import.fact)
            .with_context(|| format!("keep the statement {}", import.name))
    }

    /// Takes a file into custody, and tells the log of it.
    fn keep(&self, vault: &Vault, import: &Import) -> anyhow::Result<KeptLine> {
        let Import { bytes, name, fact, .. } = import;
        let keeping = || format!("keep the statement {name}");
        let known = {
            let views = self.book.views();
            views.statements.get(fact.statement).map(|view| view.kept.clone())
        };
        // A reader that has learned since reads otherwise what is the same file. That is for the
        // run to tell, and no reason to refuse.
        let same = known
            .as_ref()
            .is_some_and(|known| (&known.wallet, &known.layout) == (&fact.wallet, &fact.layout));
        vault.keep(bytes).with_context(keeping)?;
        if !same {
            self.submit(Fact::StatementKept(fact.clone())).with_context(keeping)?;
        }
        let [first, last] = [fact.first, fact.last].map(|day| date_of(day).to_string());
        let (sha256, wallet) = (fact.statement.to_string(), fact.wallet.to_string());
        Ok(KeptLine { sha256, wallet, first, last, again: same })
    }

    /// The files that touch a day or its neighbours: the kept ones in the order of keeping, and in
    /// a dry run those at hand as if they had been kept now.
    fn wanted(
        &self,
        day: NaiveDate,
        dry_run: bool,
        imports: &[Import],
    ) -> anyhow::Result<Vec<Wanted>> {
        let views = self.book.views();
        let mut files: Vec<(StatementKept, String)> = views
            .statements
            .of_days(around(day))
            .map(|view| (view.kept.clone(), short(view.kept.statement)))
            .collect();
        if dry_run {
            for import in imports {
                files.retain(|(kept, _)| kept.statement != import.fact.statement);
                files.push((import.fact.clone(), import.name.clone()));
            }
        }
        files.into_iter().map(|(kept, name)| Wanted::of(&views.book, kept, name)).collect()
    }

    /// Records the runs of a comparison.
    fn record(
        &self,
        compared: &Compared,
        papers: &[Paper],
        by: &str,
    ) -> anyhow::Result<Vec<RunLine>> {
        let open: Vec<OpenBreak> = {
            let views = self.book.views();
            views.breaks.iter().filter(|view| view.is_open()).map(open_break).collect()
        };
        let runs = compared.runs(papers, &open, by);
        runs.into_iter().map(|run| self.record_run(run)).collect()
    }

    fn record_run(&self, run: Run) -> anyhow::Result<RunLine> {
        let mut line = RunLine { again: true, ..RunLine::default() };
        let mut parts = run.parts.into_iter();
        let mut next = parts.next();
        while let Some(part) = next {
            line.wallet = part.wallet.to_string();
            let what = || format!("record the run over {} of wallet {}", part.day, part.wallet);
            let decisions = self.submit(Fact::DayReconciled(part.clone())).with_context(what)?;
            next = match (decisions, part.last) {
                (Some(decisions), last) => {
                    line.again = false;
                    line.count(&decisions);
                    let is_whole =
                        decisions.iter().any(|one| matches!(one, Decision::DayReckoned { .. }));
                    if last && !is_whole { Some(once_more(&part)?) } else { parts.next() }
                }
                // The parts that an earlier run brought are there; it may have ended before its
                // last ones.
                (None, true) if !self.is_whole(&part) => Some(once_more(&part)?),
                (None, _) => parts.next(),
            };
        }
        Ok(line)
    }

    /// Whether the views know this run as whole.
    fn is_whole(&self, part: &DayReconciled) -> bool {
        let views = self.book.views();
        let run = views.breaks.run(&part.wallet, part.day);
        run.is_some_and(|run| run.inputs == part.inputs)
    }

    /// Submits a fact; nothing comes back where it is a repeat.
    fn submit(&self, fact: Fact) -> anyhow::Result<Option<Vec<Decision>>> {
        match self.runtime.block_on(self.book.submit(fact)) {
            Ok(Settled::Recorded(chapter)) => Ok(Some(chapter.decisions.clone())),
            Ok(Settled::Repeat(_)) => Ok(None),
            Err(SubmitError::Rejected(Rejection::Break(BreakRefusal::OutOfOrder { .. }))) => {
                bail!("another run of this day came in between: reconcile it again")
            }
            Err(error) => Err(error.into()),
        }
    }

    /// How many open breaks about a day, or booked in it, ask a person.
    fn open_breaks(&self, day: Day) -> usize {
        let views: &Views = &self.book.views();
        let of_day = views.breaks.iter().filter(|view| view.day == day || view.booked == day);
        of_day.filter(|view| view.is_open() && needs_a_person(view.found.code)).count()
    }
}

fn once_more(part: &DayReconciled) -> anyhow::Result<DayReconciled> {
    let next = Run::once_more(part);
    ensure!(next.part < RUN_PARTS_MAX, "a run has at most {RUN_PARTS_MAX} parts");
    Ok(next)
}

fn open_break(view: &BreakView) -> OpenBreak {
    OpenBreak {
        id: view.id,
        wallet: view.wallet.clone(),
        day: view.day,
        subject: view.found.subject.clone(),
    }
}

impl RunLine {
    fn count(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            let counter = match decision {
                Decision::BreakOpened { .. } => &mut self.opened,
                Decision::BreakReclassified { .. } | Decision::BreakReopened { .. } => {
                    &mut self.changed
                }
                Decision::BreakResolved { .. } => &mut self.resolved,
                _ => continue,
            };
            *counter = counter.saturating_add(1);
        }
    }
}

fn told(report: &DayReport, recorded: &Recorded) -> anyhow::Result<Told> {
    let clean = recorded.open == 0 && report.checks.iter().all(StatementCheck::holds);
    let json = serde_json::to_string_pretty(&Whole { report, recorded })?;
    let text = format!("{}{}", report.text(), recorded.text());
    Ok(Told { clean, text, json })
}

impl Recorded {
    fn text(&self) -> String {
        let mut text = "\nRecorded 已入账\n".to_owned();
        for KeptLine { sha256, wallet, first, last, again } in &self.statements {
            let how = if *again { "was kept before" } else { "is kept" };
            let days = format!("{first} to {last}");
            text += &format!("  statement {sha256} of {wallet}, {days}, {how}\n");
        }
        text.extend(self.fees.iter().map(FeeLine::text));
        for RunLine { wallet, again, opened, changed, resolved } in &self.runs {
            text += &if *again {
                format!("  {wallet}: nothing has changed since the last run\n")
            } else {
                format!(
                    "  {wallet}: {opened} breaks opened, {changed} found otherwise, {resolved} \
                     ended\n"
                )
            };
        }
        if self.runs.is_empty() {
            text += "  no statement of this day is kept\n";
        }
        text += &format!("  {} breaks of the day wait for a person\n", self.open);
        text
    }
}
