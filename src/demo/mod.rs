//! One realistic day, played through the real server over real HTTP.

mod agenda;
mod audit;
mod chance;
mod day;
mod doors;
mod drive;
mod pace;
mod phones;
mod run;
mod story;
#[cfg(test)]
mod tests;
mod till;
mod town;
mod wire;

pub(crate) use run::{Options, run};
