//! Why a file is no statement: a sentence for the person who handed it in, that says what the file
//! is and what to do.
//!
//! Invariants: no refusal shows the content of the file.
//! Deliberately not here: rows that cannot be read, which do not refuse the file.

use super::mapping::MappingError;

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAStatement {
    /// No byte at all.
    #[error("the file is empty: download it again")]
    Empty,
    /// Larger than [`STATEMENT_BYTES_MAX`](super::STATEMENT_BYTES_MAX).
    #[error("the file is larger than 64 MB: export a shorter period")]
    TooLarge,
    /// What is packed in it is larger than it may be.
    #[error("what is packed in the archive is larger than 64 MB: this is no statement")]
    TooMuchPacked,
    /// More entries than [`ARCHIVE_ENTRIES_MAX`](super::ARCHIVE_ENTRIES_MAX).
    #[error("the archive has too many files: pack the statement alone")]
    TooManyEntries,
    /// An entry would leave the folder that it is unpacked to.
    #[error("the archive has a file that would be written outside its folder: do not open it")]
    UnsafeName,
    /// The archive asks for a password.
    #[error(
        "the archive is encrypted, a password is needed: unpack it with the password that the \
         channel sent (Alipay: in the app's messages, WeChat: from the account WeChat Pay), and \
         hand in the file inside"
    )]
    Encrypted,
    /// The archive cannot be unpacked.
    #[error("the archive is damaged: download it again")]
    DamagedArchive,
    /// No entry of the archive is a statement.
    #[error("the archive holds no statement that we know")]
    NothingInside,
    /// More than one statement is packed together.
    #[error("the archive holds several statements: hand them in one by one")]
    Several,
    /// A page of the web, often one that says that the login has ended.
    #[error(
        "this is a web page, though its name may say .xls or .csv: sign in again and download the \
         statement itself"
    )]
    WebPage,
    /// A PDF.
    #[error("this is a PDF, which is made for people: export the statement as CSV or XLSX")]
    Pdf,
    /// A picture.
    #[error("this is a picture: a screenshot proves nothing, export the statement as CSV or XLSX")]
    Picture,
    /// An answer of an interface instead of a file.
    #[error("this is an answer of the channel's interface, not a statement: {0}")]
    Answer(String),
    /// The old binary workbook.
    #[error("this is an old workbook (.xls): open it and save it as .xlsx, or export CSV")]
    OldWorkbook,
    /// A workbook that cannot be read.
    #[error("the workbook is damaged: download it again")]
    DamagedWorkbook,
    /// Some other archive.
    #[error(
        "this is an archive of another kind (RAR or 7z): unpack it and hand in the file inside"
    )]
    OtherArchive,
    /// Two bytes a character.
    #[error("the text is UTF-16: save it as CSV in UTF-8")]
    Utf16,
    /// Neither UTF-8 nor GB18030.
    #[error("the text is neither UTF-8 nor GB18030 from byte {at} on: hand in the original file")]
    Undecodable {
        /// The first bad byte, counted from zero.
        at: usize,
    },
    /// The XML is not well-formed, or declares a document type.
    #[error("the XML is damaged or declares a document type: download it again")]
    DamagedXml,
    /// Days that may be read in more than one way.
    #[error(
        "the days of this file can be read in two ways (8/12/13): say in a mapping which order \
         they have"
    )]
    DateOrder,
    /// The summary that comes beside a statement.
    #[error("this is the summary, which has no rows: hand in the detail file that came with it")]
    Summary,
    /// Text, but no table that we know.
    #[error(
        "no header row that we know: if this is another channel's or a bank's table, describe its \
         columns in a mapping"
    )]
    UnknownLayout,
    /// More lines than [`STATEMENT_LINES_MAX`](duizhang_core::statement::STATEMENT_LINES_MAX).
    #[error("more than a million rows: export a shorter period")]
    TooManyLines,
    /// The mapping does not fit the file.
    #[error(transparent)]
    Mapping(#[from] MappingError),
}
