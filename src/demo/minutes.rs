//! What is printed of finance's morning.
//!
//! Invariants: whatever is said was read from that very morning; a difference between the town and
//! the engine is said first by its mark and never left out.

use super::finds::Fate;
use super::morning::{FOLDER, Morning, PAGE};
use super::story::moment;

impl Morning {
    /// The report of the day, and the morning in a few lines. `data` is where the book lies.
    pub(super) fn text(&self, data: &str) -> String {
        let report = rootless(&self.report);
        let mut text = format!("Finance's morning, at the real server over HTTP\n\n{report}");
        text += "\nPlanted, and found\n";
        for (find, found) in &self.found {
            let (code, wallet, words) = (find.code, &find.wallet, find.words);
            let amount = find.amount.decimal_text();
            text += &format!("  {code}  {:8}  {amount:>8}  {words}\n", wallet.as_str());
            text += &format!("       explain break {}\n", found.id);
        }
        if self.wrong.is_empty() {
            text += "  each planted break was found, and nothing else\n";
        }
        for wrong in &self.wrong {
            text += &format!("  DIFFERENCE  {wrong}\n");
        }
        text + &self.hours() + &self.places(data)
    }

    fn hours(&self) -> String {
        let mut moments = Vec::new();
        let mut said = |clock: &str, words: String| moments.push(moment(clock, &words));
        if let Some((find, found)) = self.found.iter().find(|(find, _)| find.fate == Fate::Taken) {
            let (amount, wallet, id) = (find.amount, &find.wallet, &found.id);
            let told = format!("{amount} on {wallet} is taken for a payment (补单), which settles");
            said("08:30", format!("{told} its order, and the shop is told: break take {id}"));
        }
        said("", "The forgotten withdrawal is recorded: book withdrawal".to_owned());
        let fee = "The forgotten fee too, and its break is ended by hand: book fee, break resolve";
        said("", fee.to_owned());
        let later = "Later files of two wallets are handed in, and the day is reconciled again.";
        said("10:30", later.to_owned());
        for change in &self.changes {
            said("", format!("Told otherwise: {change}"));
        }
        for words in &self.ended {
            said("", format!("Ended by itself: {words}"));
        }
        let accepted = self.accepted;
        said("10:45", format!("{accepted} breaks are left and accepted: day close --accept"));
        let late = "A file of the closed day comes late, with a new row: its break is booked in \
                    the open day.";
        said("15:00", late.to_owned());
        if self.wrong.is_empty() {
            said("", "The closed day's report and its breaks are what they were.".to_owned());
        }
        format!("\nWorked on\n{}", moments.concat())
    }

    fn places(&self, data: &str) -> String {
        let names = self.files.iter().filter_map(|path| path.file_name());
        let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        format!(
            "\nThe channels' files and the report of the closed day lie in {data}/{FOLDER}\n  \
             {}\n  {PAGE}\n",
            names.join("\n  ")
        )
    }
}

/// The report without the log's root: the orders in the log name the ports at which the shops
/// listened, so that the root is another one in each run of one seed.
fn rootless(report: &str) -> String {
    let line = |line: &str| match line.split_once("log root: ") {
        Some((before, _)) => format!("{before}log root: in {PAGE}\n"),
        None => format!("{line}\n"),
    };
    report.lines().map(line).collect()
}
