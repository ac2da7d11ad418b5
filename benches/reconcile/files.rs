//! The two files of the million: written with planted breaks, read back line by line.
//!
//! Reading goes through a buffer of one megabyte straight into the packed sides, so nothing of a
//! file stays in memory. The columns are those that a join needs.
//!
//! Deliberately not here: what the breaks should be called (`million.rs`).

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use duizhang_core::amount::Amount;
use duizhang_core::reconciliation::{Claim, Flow, Lines, Payment, Payments};
use duizhang_core::statement::{Line, LineKind, LineStatus, Precision};
use duizhang_core::time::Timestamp;

/// What is read at once: it stays in the second cache of a core while its rows are taken apart.
const BLOCK_BYTES: usize = 1 << 18;
pub(crate) const MIDNIGHT: i64 = 1_763_654_400;

/// What was planted on a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Whole,
    /// No notice came.
    Lost,
    /// The statement does not have it.
    Phantom,
    /// One fen more on the statement.
    Over,
    /// One fen less.
    Under,
    /// The statement has the line twice.
    Doubled,
    /// Another wallet's statement has it.
    Elsewhere,
    /// The notice had no serial, the amount is nobody else's.
    Bare,
    /// Neither of two neighbours has a serial, and both have one amount at one time.
    Twin,
}

/// One payment in a thousand of each kind, two of the last.
pub(crate) fn fate(number: u64) -> Fate {
    match number % 1_000 {
        1 => Fate::Lost,
        2 => Fate::Phantom,
        3 => Fate::Over,
        4 => Fate::Under,
        5 => Fate::Doubled,
        6 => Fate::Elsewhere,
        7 => Fate::Bare,
        8 | 9 => Fate::Twin,
        _ => Fate::Whole,
    }
}

fn fen(number: u64) -> u64 {
    match fate(number) {
        Fate::Bare => 20_000_000 + number,
        Fate::Twin => 40_000_000 + number / 1_000,
        _ => 1_000 + number.wrapping_mul(7_919) % 90_000,
    }
}

fn second(number: u64, count: u64) -> u64 {
    let place = if fate(number) == Fate::Twin { number - number % 1_000 } else { number };
    place * 86_000 / count
}

/// Rows over which notices overtake each other: a quarter of an hour of a day with a million.
const BLOCK: u64 = 10_000;

/// Numbers below `count` in the order in which notices came, each once: roughly that of time.
pub(crate) fn arrived(place: u64, count: u64) -> u64 {
    let start = place - place % BLOCK;
    let length = BLOCK.min(count - start);
    // 6,113 is a prime that divides no block of ours, so the steps meet every number of a block.
    start + place % BLOCK * 6_113 % length
}

/// Twins share a wallet, their neighbours do not.
fn wallet(number: u64) -> u64 {
    if fate(number) == Fate::Twin { number / 1_000 % 4 } else { number % 4 }
}

fn text_of(second: u64) -> String {
    format!("2025-11-21 {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

pub(crate) fn write(folder: &Path, count: u64) -> std::io::Result<()> {
    let create = |name: &str| File::create(folder.join(name)).map(BufWriter::new);
    let mut ours = create("payments.csv")?;
    writeln!(ours, "id,wallet,serial,order_no,amount,paid_at")?;
    for number in (0..count).map(|place| arrived(place, count)) {
        let (fen, second) = (fen(number), second(number, count));
        let serial = match fate(number) {
            Fate::Lost => continue,
            Fate::Bare | Fate::Twin => String::new(),
            _ => format!("4200002025112100{number:012}"),
        };
        let wallet = wallet(number);
        let (yuan, rest, time) = (fen / 100, fen % 100, text_of(second + number % 4));
        writeln!(ours, "{number},{wallet},{serial},N{number:08},{yuan}.{rest:02},{time}")?;
    }
    ours.flush()?;
    let mut theirs = create("lines.csv")?;
    writeln!(theirs, "number,wallet,serial,amount,fee,time,status")?;
    for number in 0..count {
        let (mut fen, second) = (fen(number), second(number, count));
        let mut wallet = wallet(number);
        match fate(number) {
            Fate::Phantom => continue,
            Fate::Over => fen += 1,
            Fate::Under => fen -= 1,
            Fate::Elsewhere => wallet = (wallet + 1) % 4,
            Fate::Whole | Fate::Lost | Fate::Doubled | Fate::Bare | Fate::Twin => {}
        }
        let copies = if fate(number) == Fate::Doubled { 2 } else { 1 };
        for copy in 0..copies {
            let (yuan, rest, time) = (fen / 100, fen % 100, text_of(second));
            let place = number + copy * count;
            writeln!(
                theirs,
                "{place},{wallet},4200002025112100{number:012},{yuan}.{rest:02},0.06,{time},SUCCESS"
            )?;
        }
    }
    theirs.flush()
}

/// Calls `take` with the columns of each row. Whole blocks are checked to be text and cut at their
/// last line end, because a copy and a check of each row cost as much as taking it apart.
fn rows<const COLUMNS: usize>(path: &Path, mut take: impl FnMut([&str; COLUMNS])) {
    let mut file = File::open(path).expect("the file was written");
    let mut block = vec![0; BLOCK_BYTES];
    let (mut kept, mut header) = (0, true);
    loop {
        let read = file.read(&mut block[kept..]).expect("the file is readable");
        let filled = kept + read;
        let end = block[..filled].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = std::str::from_utf8(&block[..end]).expect("the file is text");
        for row in text.lines().skip(usize::from(std::mem::take(&mut header))) {
            take(columns(row));
        }
        if read == 0 {
            assert_eq!(end, filled, "the last row ends");
            break;
        }
        block.copy_within(end..filled, 0);
        kept = filled - end;
    }
}

fn columns<const COLUMNS: usize>(row: &str) -> [&str; COLUMNS] {
    let mut columns = [""; COLUMNS];
    let (mut start, mut column) = (0, 0);
    for (place, byte) in row.bytes().enumerate() {
        if byte == b',' {
            columns[column] = &row[start..place];
            (start, column) = (place + 1, column + 1);
        }
    }
    assert_eq!(column + 1, COLUMNS, "each row has its columns");
    columns[column] = &row[start..];
    columns
}

fn number(text: &str) -> i64 {
    text.bytes().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
}

fn minor(text: &str) -> Amount {
    let (yuan, rest) = text.split_once('.').expect("amounts have two decimals");
    Amount::fen(number(yuan) * 100 + number(rest))
}

/// All rows are of one date, as a day's file is.
fn instant(text: &str) -> Timestamp {
    let piece = |from: usize| number(&text[from..from + 2]);
    Timestamp::from_secs(MIDNIGHT + piece(11) * 3_600 + piece(14) * 60 + piece(17))
}

fn small<T: TryFrom<i64>>(text: &str) -> T {
    number(text).try_into().ok().expect("numbers fit their columns")
}

/// Rows that a file of this size has at most: the shortest have 64 bytes.
fn capacity(path: &Path) -> (usize, usize) {
    let bytes = std::fs::metadata(path).expect("the file was written").len();
    let rows = usize::try_from(bytes / 72).expect("files fit into memory");
    (rows, rows * 38)
}

pub(crate) fn payments(folder: &Path) -> Payments {
    let path = folder.join("payments.csv");
    let (items, bytes) = capacity(&path);
    let mut payments = Payments::with_capacity(items, bytes);
    rows(&path, |[id, wallet, serial, order, amount, time]: [&str; 6]| {
        let payment = Payment {
            id: small(id),
            flow: Flow::PayIn,
            wallets: &[small(wallet)],
            amount: minor(amount),
            fee: None,
            refunded: 0,
            time: instant(time),
            precision: Precision::Second,
            serial,
            order,
            note: "",
            claim: Claim::Order,
        };
        payments.push(&payment).expect("a million fits");
    });
    payments.sort_ahead();
    payments
}

pub(crate) fn lines(folder: &Path) -> Lines {
    let path = folder.join("lines.csv");
    let (items, bytes) = capacity(&path);
    let mut lines = Lines::with_capacity(items, bytes);
    let mut line = Line {
        number: 0,
        serial: String::new(),
        serial_base: String::new(),
        merchant_no: None,
        kind: LineKind::PayIn,
        gross: Amount::fen(0),
        fee: Amount::fen(0),
        balance: None,
        time: Timestamp::MIN,
        precision: Precision::Second,
        counterparty: String::new(),
        note: String::new(),
        status: LineStatus::Ok,
        raw_status: String::new(),
    };
    rows(&path, |[place, wallet, serial, amount, fee, time, _status]: [&str; 7]| {
        line.number = small(place);
        line.serial.clear();
        line.serial.push_str(serial);
        line.gross = minor(amount);
        line.fee = minor(fee);
        line.time = instant(time);
        lines.push(small(wallet), 1, &line).expect("a million fits");
    });
    lines.sort_ahead();
    lines
}
