//! Logs: to standard error, as text or JSON, as much as `DUIZHANG_LOG` says.
//!
//! Deliberately not here: what is logged. Keys, bodies and payers' data never are.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

const VARIABLE: &str = "DUIZHANG_LOG";

/// Starts logging. `DUIZHANG_LOG` is a filter (`debug`, `warn,duizhang_api=debug`), with `json` or
/// `text` in front where the form matters.
pub(super) fn start(verbose: &str) -> anyhow::Result<()> {
    let said = std::env::var(VARIABLE).unwrap_or_default();
    let (json, filter) = parted(&said);
    let filter = if filter.is_empty() { verbose } else { filter };
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("{VARIABLE} holds no filter of logs: {error}"))?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if json {
        subscriber.json().try_init()
    } else {
        subscriber.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("start the log: {error}"))
}

/// The form and the filter.
fn parted(said: &str) -> (bool, &str) {
    let (first, rest) = said.split_once(',').unwrap_or((said, ""));
    match first.trim() {
        "json" => (true, rest),
        "text" => (false, rest),
        _ => (false, said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_stands_in_front_of_the_filter() {
        let cases = [
            ("", (false, "")),
            ("json", (true, "")),
            ("json,debug", (true, "debug")),
            ("text,warn,duizhang_api=debug", (false, "warn,duizhang_api=debug")),
            ("warn,duizhang_api=debug", (false, "warn,duizhang_api=debug")),
        ];
        for (said, expected) in cases {
            assert_eq!(parted(said), expected, "{said}");
        }
    }
}
