//! What has parts, spelled part by part.
//!
//! Deliberately not here: what has none (`spelling`).

use duizhang_core::amount::Amount;
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use serde_json::{Map, Value, json};

use super::spelling::{Named, Speller, Unspellable, amount, received, under};

fn in_variant(variant: Option<&'static str>, value: Value) -> Value {
    match variant {
        Some(name) => under(name, value),
        None => value,
    }
}

/// Things in a row.
pub(super) struct Items<'a> {
    named: &'a mut Named,
    variant: Option<&'static str>,
    items: Vec<Value>,
}

impl<'a> Items<'a> {
    pub(super) const fn of(named: &'a mut Named, variant: Option<&'static str>) -> Self {
        Self { named, variant, items: Vec::new() }
    }

    fn put<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unspellable> {
        self.items.push(item.serialize(Speller(self.named))?);
        Ok(())
    }

    fn spelled(self) -> Value {
        in_variant(self.variant, self.items.into())
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unspellable> {
        self.put(item)
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.spelled())
    }
}

impl SerializeTuple for Items<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unspellable> {
        self.put(item)
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.spelled())
    }
}

impl SerializeTupleStruct for Items<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unspellable> {
        self.put(item)
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.spelled())
    }
}

impl SerializeTupleVariant for Items<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Unspellable> {
        self.put(item)
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.spelled())
    }
}

/// Things under keys.
pub(super) struct Entries<'a> {
    named: &'a mut Named,
    entries: Map<String, Value>,
    key: String,
}

impl<'a> Entries<'a> {
    pub(super) fn of(named: &'a mut Named) -> Self {
        Self { named, entries: Map::new(), key: String::new() }
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unspellable> {
        self.key = match key.serialize(Speller(self.named))? {
            Value::String(key) => key,
            other => other.to_string(),
        };
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unspellable> {
        let value = value.serialize(Speller(self.named))?;
        self.entries.insert(std::mem::take(&mut self.key), value);
        Ok(())
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.entries.into())
    }
}

/// The fields of a struct or of a variant.
pub(super) struct Fields<'a> {
    named: &'a mut Named,
    of: &'static str,
    variant: Option<&'static str>,
    fields: Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(
        named: &'a mut Named,
        of: &'static str,
        variant: Option<&'static str>,
    ) -> Self {
        Self { named, of, variant, fields: Map::new() }
    }

    fn put<T: Serialize + ?Sized>(&mut self, key: &str, field: &T) -> Result<(), Unspellable> {
        let value = field.serialize(Speller(self.named))?;
        let bytes = (self.of, key) == ("NotificationReceived", "raw");
        self.fields.insert(key.to_owned(), if bytes { received(&value) } else { value });
        Ok(())
    }

    fn spelled(self) -> Value {
        let found = (self.of == "Amount").then(|| amount(&self.fields)).flatten();
        let fields = match found {
            Some(amount) => {
                self.named.amount.get_or_insert(amount);
                as_told(amount)
            }
            None => self.fields.into(),
        };
        in_variant(self.variant, fields)
    }
}

fn as_told(amount: Amount) -> Value {
    let (minor, currency) = (amount.minor(), amount.currency().code());
    json!({ "amount": amount.decimal_text(), "minor": minor, "currency": currency })
}

impl SerializeStruct for Fields<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        field: &T,
    ) -> Result<(), Unspellable> {
        self.put(key, field)
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.spelled())
    }
}

impl SerializeStructVariant for Fields<'_> {
    type Ok = Value;
    type Error = Unspellable;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        field: &T,
    ) -> Result<(), Unspellable> {
        self.put(key, field)
    }

    fn end(self) -> Result<Value, Unspellable> {
        Ok(self.spelled())
    }
}
