//! The configuration: defaults, then the file, then the environment.

mod codes;
mod duration;
mod environment;
mod epay;
mod file;
mod finding;
mod item;
mod print;
mod section;
mod settings;
mod shop;
mod terms;
#[cfg(test)]
mod tests;
mod values;
mod whole;

pub(crate) use codes::flaws as wallet_flaws;
pub(crate) use duration::{duration, duration_text};
pub(crate) use print::{as_json, as_toml};
pub(crate) use shop::ShopSettings;
pub(crate) use whole::{Config, DEFAULTS, Given, MASTER_KEY_VARIABLE, is_reserved_merchant, read};
