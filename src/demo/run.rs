//! The demo from its first line to its last: the town is built, the day is played, and the report
//! is printed and checked.
//!
//! Invariants: the printed text depends on nothing but the seed and the data directory; the exit
//! code is 0 only where the replay derives every decision again and the town's, the shops' and the
//! engine's books agree.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use duizhang_api::clock::{Clock, ManualClock, SystemClock};
use duizhang_api::server::Server;
use duizhang_core::time::Span;
use duizhang_projections::calendar::Zone;
use duizhang_replay::day::{DayReplay, DayReport, replay_day};

use super::audit::Audit;
use super::chance::Chance;
use super::day::{Day, Scene, friday};
use super::desk::Desk;
use super::doors::{Books, Doors, Faults, Locks};
use super::drive::{Drive, Truth, numbered};
use super::finds::{Bank, bank};
use super::morning::{FOLDER, Morning, Office};
use super::pace::Pace;
use super::phones::Phones;
use super::story::Story;
use super::till::Till;
use super::town::{self, Keys, ZONE};
use super::wire::Wire;

/// What the command line says.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Which day.
    pub(crate) seed: u64,
    /// Whether to end after the report.
    pub(crate) exit: bool,
    /// Where to listen; 0 takes a free port.
    pub(crate) port: u16,
    /// Where the book lies; none takes a new directory among the temporary ones.
    pub(crate) data: Option<PathBuf>,
}

/// How often the clock is moved on while the server goes on after the day.
const STRIDE: Span = Span::from_millis(200);

/// Plays the day and reports on it.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let directory = directory(&options)?;
    let played = play(&options, &directory, Faults::default()).await?;
    print(&played.text(&directory))?;
    let clean = played.is_clean();
    let morning = played.morning(&directory, &played.bank()).await?;
    print(&format!("\n{}", morning.text(&directory.display().to_string())))?;
    let clean = clean && morning.wrong.is_empty();
    if !options.exit {
        linger(&played).await?;
    }
    played.server.stop().await.context("stop the server")?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// A day that was played, with the server still running.
pub(super) struct Played {
    pub(super) truth: Truth,
    pub(super) books: Books,
    seed: u64,
    day: Day,
    replay: DayReplay,
    report: DayReport,
    zone: Zone,
    server: Server,
    clock: ManualClock,
    keys: Keys,
    wire: Wire,
    doors: Doors,
}

impl Played {
    /// Where the town's, the shops' and the engine's books differ.
    pub(super) fn differences(&self) -> Vec<String> {
        let views = self.server.book().views();
        let (day, truth, books) = (&self.day, &self.truth, &self.books);
        Audit { day, truth, books, report: &self.report, views: &views }.differences()
    }

    /// Whether the books agree and every decision was derived again.
    pub(super) fn is_clean(&self) -> bool {
        self.differences().is_empty() && self.replay.is_clean()
    }

    /// Everything that is printed of the day.
    pub(super) fn text(&self, directory: &Path) -> String {
        let (day, truth, books, zone) = (&self.day, &self.truth, &self.books, self.zone);
        [
            heading(self.seed, directory),
            Story { day, truth, books, zone }.text(),
            self.report.text(),
            verdict(&self.replay, &self.differences()),
        ]
        .join("\n")
    }

    /// What the channels know of the day.
    pub(super) fn bank(&self) -> Bank {
        bank(&self.day, &self.truth, self.zone, self.seed)
    }

    /// The morning after, which moves the book on.
    pub(super) async fn morning(&self, directory: &Path, bank: &Bank) -> anyhow::Result<Morning> {
        let folder = directory.join(FOLDER);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("make the directory {}", folder.display()))?;
        let Self { zone, server, clock, keys, wire, doors, .. } = self;
        let pace =
            Pace { clock: clock.clone(), book: server.book().clone(), dawdling: doors.dawdling() };
        let office = Office {
            desk: Desk { wire, keys, zone: *zone },
            phones: Phones { wire, keys },
            pace: &pace,
            bank,
            zone: *zone,
            folder: &folder,
        };
        let mut morning = office.keep().await.context("finance's morning")?;
        for (number, visit, _) in numbered(&self.day, &self.truth) {
            let told = doors.books().paid.contains_key(&number);
            if visit.scene == Some(Scene::Lost) && !told {
                morning.wrong.push(format!("the shop was not told of the taken payment {number}"));
            }
        }
        Ok(morning)
    }

    /// Stops the server.
    #[cfg(test)]
    pub(super) async fn stop(self) {
        self.server.stop().await.expect("a demo without faults in the log stops well");
    }
}

fn directory(options: &Options) -> anyhow::Result<PathBuf> {
    let Some(named) = &options.data else {
        let made = tempfile::Builder::new().prefix("duizhang-demo-").tempdir();
        return Ok(made.context("make a directory for the demo")?.keep());
    };
    std::fs::create_dir_all(named)
        .with_context(|| format!("make the data directory {}", named.display()))?;
    let mut inside = std::fs::read_dir(named)
        .with_context(|| format!("look into the data directory {}", named.display()))?;
    anyhow::ensure!(
        inside.next().is_none(),
        "the data directory {} is not empty; the demo begins a new book",
        named.display()
    );
    Ok(named.clone())
}

/// Plays the day of a seed into an empty directory.
pub(super) async fn play(
    options: &Options,
    directory: &Path,
    faults: Faults,
) -> anyhow::Result<Played> {
    let (day, zone) = (Day::planned(options.seed), Zone::new(ZONE)?);
    let clock = ManualClock::new(day.opens, options.seed);
    let (server, keys) = town::build(directory, &clock, options.port).await?;
    let locks = Locks { tea: keys.tea.clone(), kite_webhook: keys.kite_webhook.clone() };
    let doors = Doors::open(&clock, friday(options.seed), locks, faults).await?;
    let (wire, shops) = (Wire::to(format!("http://{}", server.address())), doors.base());
    let pace =
        Pace { clock: clock.clone(), book: server.book().clone(), dawdling: doors.dawdling() };
    let till = Till { wire: &wire, keys: &keys, shops: &shops };
    let phones = Phones { wire: &wire, keys: &keys };
    // The plan has drawn from the seed itself; what happens by chance draws from another stream.
    let chance = Chance::new(options.seed.rotate_left(32));
    let mut drive = Drive::new(&day, &pace, till, phones, zone, chance);
    drive.play().await?;
    let (mut truth, books) = (drive.truth, doors.books());
    truth.slip(faults.slip_fen);
    drop(pace);
    let replay = replayed(&server, zone.day_of(day.opens)).await?;
    let report = replay.report.clone().with_context(|| replay.decisions.text())?;
    let seed = options.seed;
    Ok(Played { truth, books, seed, day, replay, report, zone, server, clock, keys, wire, doors })
}

async fn replayed(server: &Server, day: chrono::NaiveDate) -> anyhow::Result<DayReplay> {
    let book = server.book().clone();
    let replayed = tokio::task::spawn_blocking(move || {
        let head = book.log().head().position;
        replay_day(book.log(), day, head, &mut |_, _| {})
    });
    replayed.await?.context("replay the day")
}

fn heading(seed: u64, directory: &Path) -> String {
    let data = directory.display();
    format!(
        "One day on Lantern Street (seed {seed}), played through the real server over HTTP.\n\
         The book of the day stays in {data}\n\
         After the demo has ended, look at anything below with\n  \
         duizhang explain order ID --data {data}\n"
    )
}

fn verdict(replay: &DayReplay, differences: &[String]) -> String {
    let decisions = &replay.decisions;
    let again = decisions.facts.saturating_sub(decisions.differing);
    let mut text = format!(
        "Replay\n  every decision derived again: {again} of {} facts, {} decisions\n",
        decisions.facts, decisions.decisions
    );
    if !decisions.is_clean() {
        text += &decisions.text();
    }
    text += "\nThree books: what the town did, what the shops were told, what the engine reports\n";
    if differences.is_empty() {
        text += "  they agree\n";
    }
    for difference in differences {
        text += &format!("  DIFFERENCE  {difference}\n");
    }
    text
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("print the report")
}

/// Keeps the server running from the end of the day on, until the user ends it.
async fn linger(played: &Played) -> anyhow::Result<()> {
    let Played { server, clock, keys, wire, doors, .. } = played;
    let exhibit = Till { wire, keys, shops: &doors.base() }.exhibit().await?;
    let push = Phones { wire, keys }.push_by_hand(exhibit.payable, clock.now());
    let (address, operator) = (server.address(), &keys.operator);
    print(&format!(
        "\nThe server goes on at http://{address}\n  an open order to look at: {}\n  \
         pay it, as a phone would:  curl '{push}'\n  the operator's token:     {operator}\n  \
         the story of anything above:  duizhang explain order ID --server http://{address} \
         --token {operator}\n\
         Press Ctrl-C to end.\n",
        exhibit.cashier_url,
    ))?;
    let system = SystemClock::new();
    let (began, midnight) = (system.now(), clock.now());
    let run = async {
        loop {
            system.sleep_until(system.now().plus(STRIDE)).await;
            clock.set(midnight.plus(system.now().since(began)));
        }
    };
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended.context("wait for Ctrl-C"),
        () = server.failed() => anyhow::bail!("the log failed"),
        () = run => Ok(()),
    }
}
