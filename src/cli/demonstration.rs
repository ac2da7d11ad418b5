//! `demo`: a day played through the real server.
//!
//! Deliberately not here: the day ([`crate::demo`]). The configuration file is not read: the demo
//! brings its own town.

use std::process::ExitCode;

use anyhow::Context;

use super::arguments::DemoArguments;
use super::program::Setting;
use crate::demo;

pub(super) fn run(setting: &Setting, arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    let DemoArguments { seed, exit, port } = arguments;
    let data = setting.given.data.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(demo::run(demo::Options { seed, exit, port, data }))
}
