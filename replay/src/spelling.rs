//! How reports spell values in JSON: amounts as text beside their currency, positions as numbers.

use duizhang_core::amount::{Amount, Currency};
use duizhang_core::position::Position;
use serde::Serializer;
use serde::ser::SerializeStruct;

pub(crate) fn money<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    let mut object = serializer.serialize_struct("Money", 2)?;
    object.serialize_field("amount", &amount.decimal_text())?;
    object.serialize_field("currency", amount.currency().code())?;
    object.end()
}

pub(crate) fn position<S: Serializer>(place: &Position, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(place.number())
}

pub(crate) fn currency<S: Serializer>(of: &Currency, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(of.code())
}

/// One JSON document with a line feed at its end.
pub(crate) fn document(report: &impl serde::Serialize) -> String {
    let mut text =
        serde_json::to_string_pretty(report).expect("reports hold texts, numbers and lists only");
    text.push('\n');
    text
}
