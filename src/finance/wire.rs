//! How files travel between the program that asks and the server: one line of JSON, then bytes.
//!
//! Invariants: the line says how many bytes each file has, and nothing else follows; what is longer
//! than its limit is refused before it is read.
//! Deliberately not here: HTTP.

use anyhow::{Context, ensure};
use chrono::NaiveDate;
use duizhang_listener_bridge::statements::{MAPPING_BYTES_MAX, STATEMENT_BYTES_MAX};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::file::Given;
use super::reconcile::Task;
use crate::review::Form;

/// Where days are reconciled.
pub(crate) const RECONCILE_PATH: &str = "/review/reconcile";
/// Where kept statements are asked for.
pub(crate) const STATEMENTS_PATH: &str = "/review/statements";

/// Where reports of days are asked for.
pub(crate) const REPORT_PATH: &str = "/review/report";

/// Most bytes of all files that are handed in at once: one of the largest. Who has more hands them
/// in one by one.
pub(crate) const FILES_BYTES_MAX: u64 = STATEMENT_BYTES_MAX;

/// Most files at once: those of a shop with an account at each network.
const FILES_MAX: usize = 64;

/// Longest first line: a mapping, of which JSON may write each byte with six, and 64 names of
/// 1 KiB.
const HEAD_BYTES_MAX: usize = 6 * MAPPING_BYTES_MAX + FILES_MAX * 1_024;

/// The longest message.
#[expect(clippy::as_conversions, reason = "a small constant in a constant")]
pub(super) const MESSAGE_BYTES_MAX: u64 = FILES_BYTES_MAX + HEAD_BYTES_MAX as u64;

/// What is to be done, without the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TaskHead {
    pub(super) day: String,
    pub(super) dry_run: bool,
    pub(super) mapping: Option<String>,
    pub(super) files: Vec<FileHead>,
    pub(super) form: Form,
}

/// A file that follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileHead {
    pub(super) name: String,
    pub(super) wallet: Option<String>,
    pub(super) bytes: usize,
}

/// A line and the bytes behind it.
pub(crate) type Unframed<'a, T> = (T, &'a [u8]);

/// A line of JSON with bytes behind it.
pub(super) fn framed(head: &impl Serialize, bytes: &[&[u8]]) -> anyhow::Result<Vec<u8>> {
    let mut message = serde_json::to_vec(head).context("write the head of a message")?;
    message.push(b'\n');
    for bytes in bytes {
        message.extend_from_slice(bytes);
    }
    Ok(message)
}

/// The line and the bytes of a message.
pub(crate) fn unframed<T: DeserializeOwned>(message: &[u8]) -> anyhow::Result<Unframed<'_, T>> {
    let end = message.iter().position(|byte| *byte == b'\n');
    let end = end.context("the message does not begin with a line")?;
    let head = serde_json::from_slice(&message[..end]).context("read the head of a message")?;
    Ok((head, message.get(end.saturating_add(1)..).unwrap_or_default()))
}

/// A task as it travels. Who asks is told by the token.
pub(crate) fn task_frame(task: &Task, form: Form) -> anyhow::Result<Vec<u8>> {
    let files = task.files.iter();
    let head = TaskHead {
        day: task.day.to_string(),
        dry_run: task.dry_run,
        mapping: task.mapping.clone(),
        files: files
            .map(|given| FileHead {
                name: given.name.clone(),
                wallet: given.wallet.clone(),
                bytes: given.bytes.len(),
            })
            .collect(),
        form,
    };
    let bytes: Vec<&[u8]> = task.files.iter().map(|given| given.bytes.as_slice()).collect();
    framed(&head, &bytes)
}

/// A task that has arrived, and the form in which it is to be answered.
pub(super) fn task_of(message: &[u8], by: String) -> anyhow::Result<(Task, Form)> {
    let (head, mut rest): Unframed<'_, TaskHead> = unframed(message)?;
    ensure!(head.files.len() <= FILES_MAX, "at most {FILES_MAX} files at once");
    let mut files = Vec::new();
    for FileHead { name, wallet, bytes } in head.files {
        let cut = rest.split_at_checked(bytes);
        let (own, others) = cut.with_context(|| format!("the file {name} broke off"))?;
        files.push(Given { name, wallet, bytes: own.to_vec() });
        rest = others;
    }
    ensure!(rest.is_empty(), "{} bytes more than the files have", rest.len());
    let day: NaiveDate =
        head.day.parse().with_context(|| format!("{:?} is not a day", head.day))?;
    let task = Task { day, files, mapping: head.mapping, dry_run: head.dry_run, by };
    Ok((task, head.form))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(files: &[(&str, &[u8])]) -> Task {
        let given = |(name, bytes): &(&str, &[u8])| Given {
            name: (*name).to_owned(),
            wallet: Some("wx".to_owned()),
            bytes: bytes.to_vec(),
        };
        Task {
            day: "2026-11-20".parse().expect("a day"),
            files: files.iter().map(given).collect(),
            mapping: Some("name = \"x\"\n".to_owned()),
            dry_run: true,
            by: "nobody".to_owned(),
        }
    }

    #[test]
    fn files_arrive_as_they_were_sent() {
        let sent = task(&[("a.csv", b"one\ntwo"), ("b.csv", b""), ("c.zip", &[0, 10, 255])]);
        let message = task_frame(&sent, Form::Json).expect("it is written");
        let (came, form) = task_of(&message, "li".to_owned()).expect("it is read");
        assert_eq!((came.day, came.dry_run, form), (sent.day, true, Form::Json));
        assert_eq!((came.by.as_str(), &came.mapping), ("li", &sent.mapping));
        for (came, sent) in came.files.iter().zip(&sent.files) {
            assert_eq!((&came.name, &came.wallet), (&sent.name, &sent.wallet));
            assert_eq!(came.bytes, sent.bytes);
        }
        assert_eq!(came.files.len(), 3);
    }

    #[test]
    fn what_breaks_off_or_goes_on_is_refused() {
        let message = task_frame(&task(&[("a.csv", b"bytes")]), Form::Text).expect("written");
        let longer = [message.as_slice(), b"x"].concat();
        let shorter = &message[..message.len() - 1];
        for (message, says) in [
            (&longer[..], "1 bytes more"),
            (shorter, "a.csv broke off"),
            (b"{}", "does not begin with a line"),
            (b"{}\n", "read the head"),
        ] {
            let error = task_of(message, "li".to_owned()).err().expect("refused").to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
    }
}
