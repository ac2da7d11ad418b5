//! The program `duizhang`. All of it is behind [`cli::run`].

mod bridge;
mod cli;
mod compose;
mod config;
mod demo;
mod finance;
mod review;
mod weak_keys;

/// Requests are allocated on one thread and freed on another, which the system's allocator is slow
/// at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
