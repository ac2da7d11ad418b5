//! The verbs that read a book: what they ask, how it is answered from a log or from views, and how
//! a running server is asked. Whoever asks a stopped server's data and whoever asks a running one
//! get the same bytes, because both come out of here.

mod ask;
mod books;
mod declared;
mod endpoint;
mod export;
mod history;
mod operator;
mod question;

pub(crate) use ask::{ask, converse, post, server};
pub(crate) use books::BooksQuestion;
pub(crate) use declared::{Look, declared, operators, wallet_as_json};
pub(crate) use endpoint::routes;
pub(crate) use export::{ExportQuestion, received, write_export};
pub(crate) use history::history;
pub(crate) use operator::{Stranger, operator_of};
pub(crate) use question::{
    Answered, Asked, DeclaredQuestion, Form, HistoryQuestion, Kind, Question, Told, complaint,
};
