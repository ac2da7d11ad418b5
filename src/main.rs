//! The program.

use std::process::ExitCode;

mod demo;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let seed = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(7);
    let data = std::env::args().nth(2).map(Into::into);
    let exit = std::env::args().nth(3).is_none();
    demo::run(demo::Options { seed, exit, port: 0, data }).await
}
