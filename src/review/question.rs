//! What may be asked about a book, and what comes back, in memory and on the wire.
//!
//! Invariant: the bytes that a user sees are made where the book is read, so that they do not
//! depend on how it was reached.
//! Deliberately not here: reading the book.

use serde::{Deserialize, Serialize};

use super::books::BooksQuestion;
use super::export::ExportQuestion;

/// In which form a verb answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Form {
    Text,
    Json,
}

/// A question about a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Question {
    History(HistoryQuestion),
    Declared(DeclaredQuestion),
}

/// What only the log knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum HistoryQuestion {
    /// `replay --day`.
    Day { day: String },
    /// `replay --from --to`.
    Range { from: u64, to: u64 },
    /// `audit`.
    Audit,
    /// `explain`.
    Explain { kind: String, id: String },
    /// `export`.
    Export(ExportQuestion),
    /// `ledger`.
    Books(BooksQuestion),
}

/// What is declared, and which keys are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum DeclaredQuestion {
    List { kind: Kind },
    Show { kind: Kind, id: String },
}

/// What can be declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Merchant,
    Wallet,
    Device,
    User,
}

/// A question on its way to a running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) question: Question,
    pub(crate) form: Form,
}

/// What came out of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Whether nothing wrong was found.
    pub(crate) clean: bool,
    pub(crate) text: String,
    pub(crate) json: String,
}

/// What a running server says to a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answered {
    /// What is to be printed, and whether nothing wrong was found.
    Told { clean: bool, output: String },
    /// Why it could not run.
    Refused { complaint: String },
}

impl Answered {
    /// What came of a question, in the wanted form.
    pub(crate) fn of(told: anyhow::Result<Told>, form: Form) -> Self {
        match told {
            Ok(Told { clean, text, json }) => {
                let output = match form {
                    Form::Text => text,
                    Form::Json => json,
                };
                Self::Told { clean, output }
            }
            Err(error) => Self::Refused { complaint: complaint(&error) },
        }
    }
}

/// An error with all that led to it, in one line.
pub(crate) fn complaint(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Some errors repeat their source in their own words.
        if !text.ends_with(&cause) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Servers and programs of two versions meet on the wire: what one says the other must read.
    #[test]
    fn every_question_has_its_words_on_the_wire() {
        let (day, kind, id) = ("2026-11-21".to_owned(), "order".to_owned(), "A1".to_owned());
        let history = Question::History;
        let declared = Question::Declared;
        let cases = [
            (history(HistoryQuestion::Audit), r#"{"history":"audit"}"#),
            (history(HistoryQuestion::Day { day }), r#"{"history":{"day":{"day":"2026-11-21"}}}"#),
            (
                history(HistoryQuestion::Range { from: 1, to: 9 }),
                r#"{"history":{"range":{"from":1,"to":9}}}"#,
            ),
            (
                history(HistoryQuestion::Explain { kind, id }),
                r#"{"history":{"explain":{"kind":"order","id":"A1"}}}"#,
            ),
            (
                history(HistoryQuestion::Export(ExportQuestion {
                    what: "orders".to_owned(),
                    format: "csv".to_owned(),
                    day: None,
                    positions: Some((1, 9)),
                })),
                concat!(
                    r#"{"history":{"export":{"what":"orders","format":"csv","#,
                    r#""day":null,"positions":[1,9]}}}"#
                ),
            ),
            (
                history(HistoryQuestion::Books(BooksQuestion::Chart)),
                r#"{"history":{"books":"chart"}}"#,
            ),
            (
                history(HistoryQuestion::Books(BooksQuestion::Balance { day: None, at: Some(7) })),
                r#"{"history":{"books":{"balance":{"day":null,"at":7}}}}"#,
            ),
            (
                history(HistoryQuestion::Books(BooksQuestion::Account {
                    path: "1131".to_owned(),
                    days: Some(("2026-11-20".to_owned(), "2026-11-21".to_owned())),
                    at: None,
                })),
                concat!(
                    r#"{"history":{"books":{"account":{"path":"1131","#,
                    r#""days":["2026-11-20","2026-11-21"],"at":null}}}}"#
                ),
            ),
            (
                declared(DeclaredQuestion::List { kind: Kind::User }),
                r#"{"declared":{"list":{"kind":"user"}}}"#,
            ),
            (
                declared(DeclaredQuestion::Show { kind: Kind::Wallet, id: "wx".to_owned() }),
                r#"{"declared":{"show":{"kind":"wallet","id":"wx"}}}"#,
            ),
        ];
        for (question, words) in cases {
            let asked = Asked { question, form: Form::Json };
            let wire = format!(r#"{{"question":{words},"form":"json"}}"#);
            assert_eq!(serde_json::to_string(&asked).expect("texts and numbers"), wire);
            assert_eq!(serde_json::from_str::<Asked>(&wire).expect("its own words"), asked);
        }
    }

    #[test]
    fn a_complaint_names_every_cause_once() {
        let error = anyhow::anyhow!("no such file").context("read the log: no such file");
        assert_eq!(complaint(&error), "read the log: no such file");
        let error = anyhow::anyhow!("no such file").context("read the log");
        let answered = Answered::of(Err(error), Form::Text);
        let complaint = "read the log: no such file".to_owned();
        assert_eq!(answered, Answered::Refused { complaint });
    }
}
