//! Texts that a spreadsheet shows and never calculates.

/// Tells a spreadsheet the encoding.
pub(crate) const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A person's text on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A text that no spreadsheet calculates.
pub(crate) fn defused(text: &str) -> String {
    let text = one_line(text);
    // A control character in front was a way around this; it is a space by now.
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if formula { format!("'{text}") } else { text }
}

/// A text as a field.
pub(crate) fn field(text: &str) -> String {
    format!("\"{}\"", defused(text).replace('"', "\"\""))
}

/// Names and values as one record of so many fields.
pub(crate) fn heading_record(heading: &[(String, String)], fields: usize) -> String {
    let told = heading.iter().map(|(name, value)| field(&format!("{name}: {value}")));
    let mut said: Vec<String> = told.collect();
    // Many currencies have more totals than there are columns; the last field takes the rest.
    if said.len() > fields {
        let rest = said.split_off(fields - 1);
        said.push(format!("\"{}\"", rest.join("; ").replace('"', "")));
    }
    said.resize(fields, "\"\"".to_owned());
    said.join(",")
}
