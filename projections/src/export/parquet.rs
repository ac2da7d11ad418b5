//! A list as Parquet: columns with types, for programs that compute.
//!
//! Invariants: the same rows give the same bytes; an amount is a decimal of 18 digits, two of them
//! behind the point, and beside it whole minor units; a day is a date that we computed, an instant
//! microseconds UTC; every column may be empty. The heading lies in the metadata of the file.
//! Memory holds one group of rows.
//! Deliberately not here: arrow; the columns are written one by one.

use std::io::Write;
use std::sync::Arc;

use chrono::NaiveDate;
use duizhang_core::amount::Amount;
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use super::error::ExportError;
use super::format::Writing;
use super::table::{Cell, Column, Kind, Table};
use crate::calendar::day_of_date;

/// Rows of a group: an event has some 700 bytes, so 32,768 of them are 23 MB.
const GROUP_ROWS: usize = 32_768;

/// Who wrote it: no version, so that an update alone changes no file.
const MADE_BY: &str = "duizhang";

/// Digits of a decimal: as many as any number of 64 bits has room for.
const DECIMAL_DIGITS: i32 = 18;

/// Digits behind its point, whatever places a currency has.
const DECIMAL_PLACES: i32 = 2;

/// The largest number of 18 digits.
const DECIMAL_MAX: i128 = 999_999_999_999_999_999;

/// What a column of the file holds so far.
enum Values {
    Texts(Vec<Option<ByteArray>>),
    Longs(Vec<Option<i64>>),
    Days(Vec<Option<i32>>),
}

impl Values {
    fn text(&mut self, text: Option<String>) {
        if let Self::Texts(all) = self {
            all.push(text.map(|text| ByteArray::from(text.into_bytes())));
        }
    }

    fn long(&mut self, number: Option<i64>) {
        if let Self::Longs(all) = self {
            all.push(number);
        }
    }

    fn day(&mut self, day: Option<NaiveDate>) {
        if let Self::Days(all) = self {
            all.push(day.map(|day| day_of_date(day).number()));
        }
    }

    fn nothing(&mut self) {
        match self {
            Self::Texts(all) => all.push(None),
            Self::Longs(all) => all.push(None),
            Self::Days(all) => all.push(None),
        }
    }
}

#[derive(Default)]
pub(super) struct Parquet {
    writer: Option<SerializedFileWriter<Vec<u8>>>,
    columns: Vec<Values>,
    rows: usize,
}

fn logical(kind: Kind) -> (Physical, Option<LogicalType>) {
    let decimal = LogicalType::decimal(DECIMAL_PLACES, DECIMAL_DIGITS);
    match kind {
        Kind::Text | Kind::Document | Kind::Detail => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String))
        }
        Kind::Whole => (Physical::INT64, None),
        Kind::Money => (Physical::INT64, Some(decimal)),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
    }
}

fn field(name: &str, kind: Kind) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = logical(kind);
    let mut field = Type::primitive_type_builder(name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if kind == Kind::Money {
        field = field.with_precision(DECIMAL_DIGITS).with_scale(DECIMAL_PLACES);
    }
    Ok(Arc::new(field.build()?))
}

/// The columns of the file: an amount has two.
fn fields(columns: &[Column]) -> Result<Vec<TypePtr>, ParquetError> {
    let mut fields = Vec::new();
    for column in columns {
        fields.push(field(column.name, column.kind)?);
        if column.kind == Kind::Money {
            fields.push(field(&column.minor_name(), Kind::Whole)?);
        }
    }
    Ok(fields)
}

fn values(columns: &[Column]) -> Vec<Values> {
    let mut all = Vec::new();
    for column in columns {
        match column.kind {
            Kind::Text | Kind::Document | Kind::Detail => all.push(Values::Texts(Vec::new())),
            Kind::Whole | Kind::Time => all.push(Values::Longs(Vec::new())),
            Kind::Day => all.push(Values::Days(Vec::new())),
            Kind::Money => all.extend([Values::Longs(Vec::new()), Values::Longs(Vec::new())]),
        }
    }
    all
}

/// An amount in hundredths, whatever places its currency has.
fn hundredths(amount: Amount) -> Result<i64, ExportError> {
    let (minor, currency) = (amount.minor(), amount.currency());
    let missing = 2_u32.saturating_sub(currency.decimals());
    let scaled = i128::from(minor) * 10_i128.pow(missing);
    let fits = i64::try_from(scaled).ok().filter(|_| scaled.abs() <= DECIMAL_MAX);
    fits.ok_or(ExportError::TooManyDigits { minor, currency })
}

/// One column of a group.
fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: Vec<Option<T::T>>,
) -> Result<(), ParquetError> {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let present: Vec<T::T> = values.into_iter().flatten().collect();
    let mut column = group.next_column()?.expect("the file has as many columns as the table");
    column.typed::<T>().write_batch(&present, Some(&levels), None)?;
    column.close()
}

impl Parquet {
    /// Writes the rows that wait as one group, and hands on what the file has so far.
    fn close_group(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        let full = std::mem::replace(&mut self.columns, values(table.columns));
        self.rows = 0;
        let mut group = writer.next_row_group()?;
        for column in full {
            match column {
                Values::Texts(all) => put::<ByteArrayType>(&mut group, all)?,
                Values::Longs(all) => put::<Int64Type>(&mut group, all)?,
                Values::Days(all) => put::<Int32Type>(&mut group, all)?,
            }
        }
        group.close()?;
        writer.flush()?;
        out.write_all(&std::mem::take(writer.inner_mut()))?;
        Ok(())
    }
}

impl Writing for Parquet {
    fn begin(&mut self, table: &Table, _: &mut dyn Write) -> Result<(), ExportError> {
        let schema = Type::group_type_builder(table.kind).with_fields(fields(table.columns)?);
        let heading = table.heading.iter();
        let heading = heading.map(|(name, value)| KeyValue::new(name.clone(), value.clone()));
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(MADE_BY.to_owned())
            .set_key_value_metadata(Some(heading.collect()))
            .build();
        let schema = Arc::new(schema.build()?);
        self.writer = Some(SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?);
        self.columns = values(table.columns);
        Ok(())
    }

    fn row(
        &mut self,
        table: &Table,
        row: Vec<Cell>,
        out: &mut dyn Write,
    ) -> Result<(), ExportError> {
        let mut columns = self.columns.iter_mut();
        let mut next = || columns.next().expect("the file has as many columns as the table");
        for (column, cell) in table.columns.iter().zip(row) {
            match cell {
                Cell::Nothing => {
                    next().nothing();
                    if column.kind == Kind::Money {
                        next().nothing();
                    }
                }
                Cell::Text(text) => next().text(Some(text)),
                Cell::Document(document) => next().text(Some(document.to_string())),
                Cell::Whole(number) => next().long(Some(number)),
                Cell::Time(at) => next().long(Some(at.micros())),
                Cell::Day(day) => next().day(Some(day)),
                Cell::Money(amount) => {
                    next().long(Some(hundredths(amount)?));
                    next().long(Some(amount.minor()));
                }
            }
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.close_group(table, out) } else { Ok(()) }
    }

    fn end(&mut self, table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
        if self.rows > 0 {
            self.close_group(table, out)?;
        }
        if let Some(writer) = self.writer.take() {
            out.write_all(&writer.into_inner()?)?;
        }
        Ok(())
    }
}
