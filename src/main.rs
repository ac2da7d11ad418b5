//! The program `duizhang`. All of it is behind [`cli::run`].

mod cli;
mod compose;
mod config;

fn main() -> std::process::ExitCode {
    cli::run()
}
