//! Power cuts at random moments: what was acknowledged is on the disk, not only in the kernel's
//! memory.
//!
//! The data directory lies on an ext4 image, and the image's file on an XFS that shares blocks. `cp
//! --reflink=always` of the file, while the server runs, is what a disk would hold if the power
//! failed then: all that was not synced is missing. The copy is mounted and opened beside the
//! running server, so that one run of the server is cut many times. The cut keeps the order in
//! which the file system wrote; a drive that lies about its flushes is not modelled here but on the
//! simulated disk.
//!
//! The control is the same server with an engine that writes and skips every sync. Its acknowledged
//! orders must be missing from the cuts, and this harness must say so: it proves that the cuts lose
//! what was not synced, and that the syncs of the real engine are what saves it.
//!
//! `DUIZHANG_CUTS` sets how many cuts there are; `scripts/durability` makes more. Needs root, loop
//! devices,
//! `mkfs.xfs` and `mkfs.ext4`; where one is missing the test says so by name and is skipped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::program::{BookFile, Chance, Ledger, Load, Planted, Program, Records, Shop, skip};

/// Cuts in an ordinary run.
const CUTS: u64 = 20;
/// Requests between two cuts.
const BURST: u64 = 30;
/// The outer file system: the smallest that mkfs.xfs makes is 300 MB; the file is sparse.
const OUTER_BYTES: u64 = 1024 * 1024 * 1024;
/// The inner one: three journal segments of 32 MiB, sled, and room.
const INNER_BYTES: u64 = 192 * 1024 * 1024;

/// One test at a time has loop devices: a machine has eight, and each test takes three.
static DEVICES: Mutex<()> = Mutex::new(());

/// A mounted image that is let go of however the test ends.
struct Mounted(PathBuf);

impl Mounted {
    fn new(image: &Path, at: &Path) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|error| error.to_string())?;
        run("mount", &["-o", "loop", text(image), text(at)])?;
        Ok(Self(at.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily, because a server that the test has killed may still be ending.
        let _ = run("umount", &["-l", text(&self.0)]);
    }
}

/// Both file systems, one in the other.
struct Stack {
    inner: Mounted,
    outer: Mounted,
    _dir: TempDir,
}

impl Stack {
    /// Builds it, or says why this machine cannot.
    fn build() -> Result<Self, String> {
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let image = dir.path().join("outer.img");
        sparse(&image, OUTER_BYTES)?;
        run("mkfs.xfs", &["-q", "-m", "reflink=1", text(&image)])?;
        let outer = Mounted::new(&image, &dir.path().join("outer"))?;
        let image = outer.0.join("inner.img");
        sparse(&image, INNER_BYTES)?;
        run("mkfs.ext4", &["-q", "-F", text(&image)])?;
        let inner = Mounted::new(&image, &dir.path().join("inner"))?;
        Ok(Self { inner, outer, _dir: dir })
    }

    /// What the disk would hold if the power failed now.
    fn cut(&self) -> PathBuf {
        let copy = self.outer.0.join("cut.img");
        let image = self.outer.0.join("inner.img");
        run("cp", &["--reflink=always", text(&image), text(&copy)]).expect("the copy is made");
        copy
    }

    /// Mounts a cut and looks at the data directory in it.
    fn look<T>(&self, cut: &Path, look: impl FnOnce(&Path) -> T) -> T {
        let at = self.outer.0.parent().expect("it lies in a folder").join("cut");
        let mounted = Mounted::new(cut, &at).expect("the cut mounts");
        let seen = look(&mounted.0.join("data"));
        drop(mounted);
        std::fs::remove_file(cut).expect("the cut is removed");
        seen
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

fn sparse(path: &Path, bytes: u64) -> Result<(), String> {
    let file = File::create(path).map_err(|error| error.to_string())?;
    file.set_len(bytes).map_err(|error| error.to_string())
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let why = format!("{program}: {}", said.lines().next().unwrap_or("failed").trim());
    if output.status.success() { Ok(()) } else { Err(why) }
}

fn cuts() -> u64 {
    std::env::var("DUIZHANG_CUTS").ok().and_then(|text| text.parse().ok()).unwrap_or(CUTS)
}

/// Sends a burst, cuts the power in the middle of it, and says what is missing or too much.
fn burst_and_cut(
    stack: &Stack,
    program: &Program,
    load: &Load,
    chance: &mut Chance,
    read: impl FnOnce(&Path) -> Result<Records, String>,
) -> (Ledger, Vec<String>) {
    let enough = usize::try_from(1 + chance.below(BURST)).expect("few");
    let clients = load.burst(program.caller(), enough, enough + 16);
    let told = load.ledger();
    let cut = stack.cut();
    for client in clients {
        client.join().expect("no panic");
    }
    let found = match stack.look(&cut, read) {
        Ok(records) => told.contradictions(&records),
        Err(error) => vec![format!("the log does not open: {error}")],
    };
    (told, found)
}

fn read(data: &Path) -> Result<Records, String> {
    Records::read(data).map(|(records, _)| records)
}

#[test]
fn what_was_acknowledged_survives_a_power_cut() {
    let _alone = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    let stack = match Stack::build() {
        Ok(stack) => stack,
        Err(why) => return skip("power cuts", &why),
    };
    let mut chance = Chance::new("power cuts");
    let shop = Shop::new();
    let book = BookFile::inside(&stack.inner.0, &shop.url());
    let (program, load) = (book.serve(), Load::default());
    let mut told = Ledger::default();
    for cut in 1..=cuts() {
        let last = cut == cuts();
        let read = if last { Records::audited } else { read };
        let found;
        (told, found) = burst_and_cut(&stack, &program, &load, &mut chance, read);
        assert_eq!(found, [""; 0], "after cut {cut}");
    }
    let ended = program.stop();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let (orders, pushes) = (told.orders_told.len(), told.pushes_told.len());
    println!("{} cuts: {orders} orders and {pushes} pushes acknowledged, none missing", cuts());
    assert!(orders > 10 && pushes > 10, "the load reached the server");
}

#[test]
fn the_control_that_skips_its_syncs_is_caught() {
    /// Cuts after which an engine without syncs must have been caught.
    const CHANCES: u64 = 10;
    let _alone = DEVICES.lock().unwrap_or_else(PoisonError::into_inner);
    let stack = match Stack::build() {
        Ok(stack) => stack,
        Err(why) => return skip("power cuts, the control", &why),
    };
    let mut chance = Chance::new("power cuts, control");
    let data = stack.inner.0.join("data");
    // The book itself is made durable, so that what is missing is what was acknowledged afterwards.
    Program::serve(Planted::Lazy.command(&data)).kill();
    run("sync", &["-f", text(&stack.inner.0)]).expect("the book is made durable");
    let (program, load) = (Program::serve(Planted::Lazy.command(&data)), Load::default());
    for cut in 1..=CHANCES {
        let (_, found) = burst_and_cut(&stack, &program, &load, &mut chance, read);
        if let Some(first) = found.first() {
            println!("caught by cut {cut}: {} findings, {first}", found.len());
            return program.kill();
        }
    }
    panic!("an engine without syncs was cut off {CHANCES} times and nothing was missed");
}
