//! What goes to standard output, the files that the command line names, and the progress that goes
//! to standard error.
//!
//! Invariants: with `--json` there is one document on standard output and nothing else; a file is
//! there whole or not at all, and keeps its mode; what is no regular file (a pipe, a device) is
//! written into and stays what it is; nothing in the data directory is written; bars show on a
//! terminal only.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use duizhang_core::position::Position;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::program::Setting;
use crate::review::Form;

/// Mode of a file that was not there, before the umask.
const NEW_FILE_MODE: u32 = 0o666;

/// Prints the answer of a verb in the wanted form.
pub(super) fn print(form: Form, text: &str, json: &Value) -> anyhow::Result<()> {
    match form {
        Form::Text => line(text),
        Form::Json => line(&format!("{json:#}")),
    }
}

/// Prints text and a line end, and lets go of it at once: somebody may wait for the line.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", text.trim_end_matches('\n'))
        .and_then(|()| out.flush())
        .context("write to standard output")
}

/// Writes the file that the command line names, and tells how many bytes went into it.
pub(super) fn to_file(
    setting: &Setting,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    // Where a running server is asked, a configuration that cannot be read is in nobody's way.
    let data = setting.config().ok().map(|config| config.server.data);
    to_file_beside(data.as_deref(), path, write)
}

fn to_file_beside(
    data: Option<&Path>,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let writing = || format!("write {}", path.display());
    match Target::of(path, data).with_context(writing)? {
        Target::Straight(file) => {
            let mut out = Counted { out: file, bytes: 0 };
            write(&mut out)?;
            out.flush().with_context(writing)?;
            Ok(out.bytes)
        }
        Target::Whole { place, mode } => {
            let mut builder = tempfile::Builder::new();
            builder.permissions(Permissions::from_mode(NEW_FILE_MODE));
            let file = builder.tempfile_in(place.parent().unwrap_or(Path::new("/")));
            let mut out = Counted { out: file.with_context(writing)?, bytes: 0 };
            write(&mut out)?;
            let Counted { out: file, bytes } = out;
            if let Some(mode) = mode {
                file.as_file().set_permissions(mode).with_context(writing)?;
            }
            // A name that a power cut leaves with nothing behind it would be half a file.
            file.as_file().sync_all().with_context(writing)?;
            file.persist(&place).with_context(writing)?;
            Ok(bytes)
        }
    }
}

/// Where a file is written.
enum Target {
    /// Beside its place, whose name it takes at the end; with the mode of what lies there.
    Whole { place: PathBuf, mode: Option<Permissions> },
    /// Into what lies there.
    Straight(File),
}

impl Target {
    fn of(path: &Path, data: Option<&Path>) -> anyhow::Result<Self> {
        let there = match path.metadata() {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let place = match &there {
            // What a link to a pipe names (/dev/stdout) may have no path at all.
            Some(_) => path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            None if path.is_symlink() => bail!("it is a link to what is not there"),
            None => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
                folder.join(path.file_name().context("it names no file")?)
            }
        };
        let data = data.and_then(|data| data.canonicalize().ok());
        if data.is_some_and(|data| place.starts_with(data)) {
            bail!("it lies in the data directory, which is the server's alone; name another place");
        }
        match there {
            Some(there) if !there.is_file() => {
                Ok(Self::Straight(OpenOptions::new().write(true).open(path)?))
            }
            there => Ok(Self::Whole { place, mode: there.map(|there| there.permissions()) }),
        }
    }
}

/// Counts what goes through.
struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.out.write(bytes)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(taken).unwrap_or(u64::MAX));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A bar that appears when work is reported and vanishes when it is dropped.
#[derive(Default)]
pub(super) struct Bar(Option<ProgressBar>);

impl Bar {
    /// Shows how far the work is.
    pub(super) fn show(&mut self, what: &'static str, at: Position, end: Position) {
        let bar = self.0.get_or_insert_with(|| {
            let bar = ProgressBar::new(end.number());
            let style = ProgressStyle::with_template("{msg} [{bar:40}] {human_pos}/{human_len}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        bar.set_message(what);
        bar.set_length(end.number());
        bar.set_position(at.number());
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;

    use super::*;

    fn put(data: Option<&Path>, path: &Path) -> Result<u64, String> {
        let written = to_file_beside(data, path, |out| Ok(out.write_all(b"new")?));
        written.map_err(|error| format!("{error:#}"))
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn a_file_is_replaced_and_keeps_its_mode() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, plain) = (folder.path().join("file"), folder.path().join("plain"));
        fs::write(&plain, "made with the umask").expect("written");
        assert_eq!(put(None, &file), Ok(3));
        assert_eq!(mode(&file), mode(&plain), "a new file has the mode of every new file");
        for wanted in [0o644, 0o660, 0o600, 0o444] {
            fs::set_permissions(&file, Permissions::from_mode(wanted)).expect("ours");
            assert_eq!(put(None, &file), Ok(3));
            assert_eq!(
                (mode(&file), fs::read(&file).expect("it is there")),
                (wanted, b"new".into())
            );
        }
    }

    #[test]
    fn a_link_stays_a_link_and_its_file_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let [file, link, lost] = ["file", "link", "lost"].map(|name| folder.path().join(name));
        fs::write(&file, "old").expect("written");
        symlink(&file, &link).expect("linked");
        symlink(folder.path().join("nothing"), &lost).expect("linked");
        assert_eq!(put(None, &link), Ok(3));
        assert!(link.is_symlink());
        assert_eq!(fs::read(&file).expect("it is there"), b"new");
        let refused = put(None, &lost).expect_err("nobody knows what is meant");
        assert!(refused.contains("a link to what is not there"), "{refused}");
        assert!(lost.is_symlink() && !folder.path().join("nothing").exists());
    }

    #[test]
    fn pipes_and_devices_are_written_into() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pipe, null) = (folder.path().join("pipe"), folder.path().join("null"));
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("coreutils").success());
        symlink("/dev/null", &null).expect("linked");
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).expect("it can be read")
        });
        assert_eq!(put(None, &pipe), Ok(3));
        assert_eq!(reader.join().expect("no panic"), b"new");
        assert!(pipe.metadata().expect("it is there").file_type().is_fifo());
        assert_eq!(put(None, &null), Ok(3));
        assert!(null.is_symlink() && !null.metadata().expect("it is there").is_file());
        assert!(put(None, folder.path()).is_err(), "a folder");
        assert!(put(None, Path::new("")).is_err(), "no name");
    }

    #[test]
    fn nothing_in_the_data_directory_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let lock = data.join("journal/lock");
        fs::create_dir_all(data.join("journal")).expect("folders");
        fs::write(&lock, "held").expect("written");
        let (way, beside) = (folder.path().join("way"), folder.path().join("data-of-june"));
        symlink(&lock, &way).expect("linked");
        let around = data.join("journal/../../data/new");
        for path in [&lock, &way, &around, &data.join("new"), &data] {
            let refused = put(Some(&data), path).expect_err("it is the server's");
            assert!(refused.contains("lies in the data directory"), "{refused}");
        }
        assert_eq!(fs::read(&lock).expect("it is there"), b"held");
        assert!(!data.join("new").exists());
        assert_eq!(put(Some(&data), &beside), Ok(3), "a name alone is no place");
        assert_eq!(put(Some(&folder.path().join("none")), &beside), Ok(3), "no data yet");
    }

    #[test]
    fn what_breaks_off_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "old").expect("written");
        let broken = to_file_beside(None, &file, |out| {
            out.write_all(b"half")?;
            bail!("no more")
        });
        assert_eq!(broken.map_err(|error| error.to_string()), Err("no more".to_owned()));
        assert_eq!(fs::read(&file).expect("it is there"), b"old");
        assert_eq!(folder.path().read_dir().expect("readable").count(), 1, "and nothing beside it");
    }
}
