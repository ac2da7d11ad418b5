//! One realistic day, played through the real server over real HTTP.

mod agenda;
mod audit;
mod bank;
mod chance;
mod day;
mod desk;
mod doors;
mod drive;
mod finds;
mod minutes;
mod morning;
mod pace;
mod phones;
mod plan;
mod run;
mod story;
#[cfg(test)]
mod tests;
mod till;
mod town;
mod wire;

pub(crate) use run::{Options, run};
