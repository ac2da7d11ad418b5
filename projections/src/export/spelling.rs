//! What the log holds, as JSON, read off its stored shape, so that every fact and decision has a
//! spelling and a new variant needs nothing here.
//!
//! Invariants: nothing is lost. Ids are spelled as everywhere else, an amount has its decimal text
//! beside its minor units, days are dates, fingerprints are hexadecimal, instants and spans are
//! microseconds as in the log, received bytes are a text where they are one and hexadecimal where
//! they are not. Names of variants are in lower case with underscores. On the way every id and the
//! first amount are noted.
//! Deliberately not here: sentences about events (`duizhang_replay`).

use std::collections::BTreeMap;
use std::fmt;

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::closing::Day;
use duizhang_core::id::{
    AdjustmentId, BreakId, MovementId, NotificationId, OrderId, PaymentId, RefundId,
};
use serde::Serialize;
use serde::ser::{self, Serializer};
use serde_json::{Map, Value};

use super::parts::{Entries, Fields, Items};
use crate::calendar::date_of;

/// What is named on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    ids: BTreeMap<&'static str, Vec<String>>,
    /// The first amount.
    pub(super) amount: Option<Amount>,
}

impl Named {
    /// The ids of a kind in the order in which they are named, each once; none where there are
    /// none.
    pub(super) fn ids(&self, kind: &str) -> Option<String> {
        self.ids.get(kind).map(|ids| ids.join(" "))
    }

    fn note(&mut self, kind: &'static str, id: &str) {
        let ids = self.ids.entry(kind).or_default();
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
}

/// Something as JSON, and what it names.
pub(super) fn spelled<T: Serialize>(thing: &T) -> (Value, Named) {
    let mut named = Named::default();
    let value = thing.serialize(Speller(&mut named));
    (value.expect("the log holds neither fractions nor keys that are no text"), named)
}

/// A variant with what it holds, taken apart.
pub(super) fn variant(value: Value) -> (String, Value) {
    match value {
        Value::String(name) => (name, Value::Null),
        Value::Object(map) => map.into_iter().next().unwrap_or_default(),
        other => (String::new(), other),
    }
}

/// What has no spelling.
#[derive(Debug)]
pub(super) struct Unspellable(String);

impl fmt::Display for Unspellable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unspellable {}

impl ser::Error for Unspellable {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self(what.to_string())
    }
}

type Spelled = Result<Value, Unspellable>;

/// Spells one value.
pub(super) struct Speller<'a>(pub(super) &'a mut Named);

/// `OrderPaid` as `order_paid`.
pub(super) fn lower(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for sign in name.chars() {
        if sign.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(sign.to_ascii_lowercase());
    }
    text
}

pub(super) fn under(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(lower(name), value)]))
}

fn byte(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|number| u8::try_from(number).ok())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A list of numbers as the bytes that they are.
pub(super) fn bytes_of(value: &Value) -> Vec<u8> {
    value.as_array().map(|all| all.iter().filter_map(byte).collect()).unwrap_or_default()
}

/// Received bytes.
pub(super) fn received(value: &Value) -> Value {
    match String::from_utf8(bytes_of(value)) {
        Ok(text) => text.into(),
        Err(error) => under("hex", hexadecimal(error.as_bytes()).into()),
    }
}

/// An amount, from the fields that it is stored as.
pub(super) fn amount(fields: &Map<String, Value>) -> Option<Amount> {
    let minor = fields.get("minor").and_then(Value::as_i64)?;
    let currency: Currency = fields.get("currency").and_then(Value::as_str)?.parse().ok()?;
    Some(Amount::from_minor(minor, currency))
}

/// The kind of an id by the name of its type, and how its bits are spelled.
fn drawn(name: &str, bits: u128) -> Option<(&'static str, String)> {
    Some(match name {
        "OrderId" => ("order", OrderId::from_bits(bits).to_string()),
        "PaymentId" => ("payment", PaymentId::from_bits(bits).to_string()),
        "RefundId" => ("refund", RefundId::from_bits(bits).to_string()),
        "NotificationId" => ("notification", NotificationId::from_bits(bits).to_string()),
        "MovementId" => ("movement", MovementId::from_bits(bits).to_string()),
        "AdjustmentId" => ("adjustment", AdjustmentId::from_bits(bits).to_string()),
        "BreakId" => ("break", BreakId::from_bits(bits).to_string()),
        _ => return None,
    })
}

fn declared(name: &str) -> Option<&'static str> {
    Some(match name {
        "MerchantId" => "merchant",
        "WalletId" => "wallet",
        "DeviceId" => "device",
        _ => return None,
    })
}

impl<'a> Serializer for Speller<'a> {
    type Ok = Value;
    type Error = Unspellable;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    fn serialize_bool(self, value: bool) -> Spelled {
        Ok(value.into())
    }

    fn serialize_i8(self, value: i8) -> Spelled {
        Ok(value.into())
    }

    fn serialize_i16(self, value: i16) -> Spelled {
        Ok(value.into())
    }

    fn serialize_i32(self, value: i32) -> Spelled {
        Ok(value.into())
    }

    fn serialize_i64(self, value: i64) -> Spelled {
        Ok(value.into())
    }

    fn serialize_u8(self, value: u8) -> Spelled {
        Ok(value.into())
    }

    fn serialize_u16(self, value: u16) -> Spelled {
        Ok(value.into())
    }

    fn serialize_u32(self, value: u32) -> Spelled {
        Ok(value.into())
    }

    fn serialize_u64(self, value: u64) -> Spelled {
        Ok(value.into())
    }

    /// JSON has no number as long as this.
    fn serialize_u128(self, value: u128) -> Spelled {
        Ok(value.to_string().into())
    }

    fn serialize_f32(self, _: f32) -> Spelled {
        Err(Unspellable("a fraction".to_owned()))
    }

    fn serialize_f64(self, _: f64) -> Spelled {
        Err(Unspellable("a fraction".to_owned()))
    }

    fn serialize_char(self, value: char) -> Spelled {
        Ok(value.to_string().into())
    }

    fn serialize_str(self, value: &str) -> Spelled {
        Ok(value.into())
    }

    fn serialize_bytes(self, value: &[u8]) -> Spelled {
        Ok(hexadecimal(value).into())
    }

    fn serialize_none(self) -> Spelled {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Spelled {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Spelled {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Spelled {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, of: &'static str, _: u32, name: &'static str) -> Spelled {
        let is_currency = of == "Currency";
        Ok(if is_currency { name.to_ascii_uppercase() } else { lower(name) }.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Spelled {
        let Self(named) = self;
        let inner = value.serialize(Speller(named))?;
        if let Some(kind) = declared(name) {
            named.note(kind, inner.as_str().unwrap_or_default());
            return Ok(inner);
        }
        let bits = inner.as_str().and_then(|bits| bits.parse().ok());
        if let Some((kind, id)) = bits.and_then(|bits| drawn(name, bits)) {
            named.note(kind, &id);
            return Ok(id.into());
        }
        Ok(match (name, inner.as_i64()) {
            ("Digest" | "Hash", _) => hexadecimal(&bytes_of(&inner)).into(),
            ("Day", Some(number)) => {
                let number = i32::try_from(number).unwrap_or(i32::MAX);
                date_of(Day::new(number)).to_string().into()
            }
            _ => inner,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Spelled {
        Ok(under(name, value.serialize(self)?))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Unspellable> {
        Ok(Items::of(self.0, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Unspellable> {
        Ok(Items::of(self.0, None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Unspellable> {
        Ok(Items::of(self.0, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Items<'a>, Unspellable> {
        Ok(Items::of(self.0, Some(name)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, Unspellable> {
        Ok(Entries::of(self.0))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Unspellable> {
        Ok(Fields::of(self.0, name, None))
    }

    fn serialize_struct_variant(
        self,
        of: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Unspellable> {
        Ok(Fields::of(self.0, of, Some(name)))
    }
}
