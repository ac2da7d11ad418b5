//! The program `duizhang`. All of it is behind [`cli::run`].

mod cli;
mod compose;
mod config;
mod demo;

fn main() -> std::process::ExitCode {
    cli::run()
}
