//! Rules about the shape of the tree: which package may import which, who alone may write, tell the
//! time or name the store, how files are called, and what documents and golden files owe each
//! other.
//!
//! Invariants: the tables below are the design's; a new arrow is a decision record first and a row
//! here second.
//! Deliberately not here: what the compiler and clippy already refuse.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{Offence, Tree};
use crate::tidy_source::{Source, is_word, names};

/// Who may import whom: a folder, and the packages of ours below its `[dependencies]`.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("eventlog", &["core"]),
    ("projections", &["core"]),
    ("listener-bridge", &["core"]),
    ("replay", &["core", "eventlog", "projections"]),
    ("api", &["core", "eventlog", "projections", "listener-bridge"]),
    ("", &["core", "eventlog", "projections", "listener-bridge", "api", "replay"]),
];

/// Words in code that belong to one place: the word, where it is looked for, and where it may
/// stand.
const RESERVED: &[(&str, &str, &[&str], &str)] = &[
    (
        "decide(",
        "api/src/",
        &["api/src/writer.rs", "api/src/writer/"],
        "submit a fact to the writer",
    ),
    (
        ".append(",
        "api/src/",
        &["api/src/writer.rs", "api/src/writer/"],
        "submit a fact to the writer",
    ),
    (".append(", "replay/src/", &[], "a replay never writes; collect with extend"),
    ("SystemTime", "", &["api/src/clock.rs", "benches/"], "take the time as an argument"),
    ("Instant", "", &["api/src/clock.rs", "benches/"], "take the time as an argument"),
    ("getrandom", "", &["api/src/clock.rs"], "take the random bytes as an argument"),
    ("sled", "", &["eventlog/"], "use the EventLog trait"),
];

/// Folders of pure translators, and the crates that would make them more than that.
const TRANSLATORS: &[&str] = &["dialects", "sources"];
const TRANSLATORS_NEVER_NAME: &[&str] =
    &["axum", "tokio", "reqwest", "hyper", "hyper_util", "tokio_rustls"];

/// Names that say nothing about what is inside.
const BANNED_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "manager", "misc"];

/// What the translators of a folder share: the trait that they implement, their words, their
/// tests' desk.
const TRANSLATORS_SHARE: &[&str] = &[
    "mod",
    "tests",
    "call",
    "chain",
    "desk_for_tests",
    "dialect",
    "forwarded",
    "proof",
    "strict",
    "way",
    "words",
];

/// Pages from which a reader finds every document.
const INDEXES: &[&str] = &["docs/README.md", "docs/ARCHITECTURE.md", "ARCHITECTURE.md"];

pub(crate) fn arrows(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| is_manifest(path)) {
        let folder = path.trim_end_matches("Cargo.toml").trim_end_matches('/');
        let manifest: toml::Table = match text.parse() {
            Ok(manifest) => manifest,
            Err(error) => {
                offences.push(Offence::file(path, format!("is not valid TOML: {error}")));
                continue;
            }
        };
        let allowed = ARROWS.iter().find(|(owner, _)| *owner == folder).map(|(_, to)| *to);
        for package in dependencies(&manifest, &["dependencies", "build-dependencies"]) {
            let Some(ours) = package.strip_prefix("duizhang-") else { continue };
            if !allowed.is_some_and(|allowed| allowed.contains(&ours)) {
                offences.push(Offence::file(
                    path,
                    format!(
                        "imports {package}, which the arrows do not allow: turn the dependency \
                    round, or record the new arrow in docs/adr/ and in ARROWS"
                    ),
                ));
            }
        }
        let all =
            dependencies(&manifest, &["dependencies", "build-dependencies", "dev-dependencies"]);
        if folder != "eventlog" && all.contains("sled") {
            offences.push(Offence::file(path, "depends on sled: only eventlog may"));
        }
    }
    offences
}

fn is_manifest(path: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml")
}

/// The names of the packages in these sections, also those below `[target.….]`, by their real
/// names.
fn dependencies(manifest: &toml::Table, sections: &[&str]) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let tables =
        targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    std::iter::once(manifest)
        .chain(tables)
        .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()))
        .flatten()
        .map(|(key, value)| {
            value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned()
        })
        .collect()
}

pub(crate) fn reserved_words(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (word, inside, owners, instead) in RESERVED {
        let foreign = |path: &str| {
            path.starts_with(inside) && !owners.iter().any(|owner| path.starts_with(owner))
        };
        for source in tree.rust.iter().filter(|source| foreign(&source.path)) {
            for (line, code) in source.code.lines().enumerate() {
                if names(code, word) {
                    let owners =
                        if owners.is_empty() { "nobody".to_owned() } else { owners.join(", ") };
                    let why = format!("names `{word}`, which belongs to {owners}: {instead}");
                    offences.push(Offence::line(&source.path, line, why));
                }
            }
        }
    }
    offences
}

pub(crate) fn pure_translators(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in &tree.rust {
        let Some((folder, rest)) = translator_folder(&source.path) else { continue };
        if rest.ends_with("/tests.rs") {
            continue;
        }
        for (line, code) in source.code.lines().enumerate() {
            for name in TRANSLATORS_NEVER_NAME.iter().filter(|name| names(code, name)) {
                let why = format!(
                    "a translator names {name}: it takes bytes and gives values, the shell does \
                    the rest"
                );
                offences.push(Offence::line(&source.path, line, why));
            }
        }
        let own = module_of(rest);
        // The folder's own mod.rs and what is shared may know all modules; a module knows itself.
        if TRANSLATORS_SHARE.contains(&own) {
            continue;
        }
        let siblings: BTreeSet<&str> = tree
            .rust
            .iter()
            .filter_map(|other| translator_folder(&other.path))
            .filter(|(other, _)| *other == folder)
            .map(|(_, rest)| module_of(rest))
            .filter(|module| !TRANSLATORS_SHARE.contains(module) && *module != own)
            .collect();
        let folder_name = folder.rsplit('/').next().unwrap_or(folder);
        let up =
            if rest.contains('/') && !rest.ends_with("/mod.rs") { "super::super" } else { "super" };
        for prefix in [folder_name, up] {
            for (line, name) in imported_below(source, prefix) {
                if siblings.contains(name.as_str()) {
                    let why = format!(
                        "imports its neighbour {name}: translators share only what stands outside \
                        {folder}/"
                    );
                    offences.push(Offence::line(&source.path, line, why));
                }
            }
        }
    }
    offences
}

/// `api/src/dialects/native/read.rs` is `api/src/dialects` and `native/read.rs`.
fn translator_folder(path: &str) -> Option<(&str, &str)> {
    TRANSLATORS.iter().find_map(|name| {
        let at = path.find(&format!("src/{name}/"))? + "src/".len() + name.len();
        Some((&path[..at], &path[at + 1..]))
    })
}

fn module_of(rest: &str) -> &str {
    rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs")
}

/// The first words behind `prefix::`, with their lines; all first words of a group `prefix::{…}`.
fn imported_below(source: &Source, prefix: &str) -> Vec<(usize, String)> {
    let mut imported = Vec::new();
    let path = format!("{prefix}::");
    for (at, _) in source.code.match_indices(&path) {
        if source.code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let line = source.code[..at].matches('\n').count();
        let rest = &source.code[at + path.len()..];
        let group = rest.strip_prefix('{').map_or(rest, |group| group_text(group));
        let names = if rest.starts_with('{') { split_group(group) } else { vec![rest] };
        imported.extend(
            names.into_iter().map(|name| {
                (line, name.trim_start().chars().take_while(|c| is_word(*c)).collect())
            }),
        );
    }
    imported
}

/// The text up to the brace that closes the group.
fn group_text(group: &str) -> &str {
    let mut depth = 1_usize;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return &group[..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    group
}

/// The members of a group, without splitting the groups inside it.
fn split_group(group: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    group
        .split(move |c| {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .collect()
}

pub(crate) fn file_names(tree: &Tree) -> Vec<Offence> {
    let banned = |path: &&String| {
        path.split(['/', '.', '_', '-'])
            .any(|part| BANNED_NAMES.contains(&part.to_lowercase().as_str()))
    };
    let why = "has a name that says nothing: name the file after what is in it";
    tree.paths.iter().filter(banned).map(|path| Offence::file(path, why)).collect()
}

pub(crate) fn linked_documents(tree: &Tree) -> Vec<Offence> {
    let indexes: Vec<&(String, String)> =
        tree.texts.iter().filter(|(path, _)| INDEXES.contains(&path.as_str())).collect();
    let linked = |name: &str| {
        indexes.iter().any(|(path, text)| {
            let below = if path.starts_with("docs/") { "" } else { "docs/" };
            ["", "./"].iter().any(|here| {
                let link = format!("]({here}{below}{name}");
                text.match_indices(&link)
                    .any(|(at, _)| text[at + link.len()..].starts_with([')', '#']))
            })
        })
    };
    let mut offences = Vec::new();
    for path in tree.paths.iter().filter(|path| !INDEXES.contains(&path.as_str())) {
        let Some(name) = path.strip_prefix("docs/").filter(|name| name.ends_with(".md")) else {
            continue;
        };
        if !indexes.is_empty() && !name.contains('/') && !linked(name) {
            let why = "no reader will find it: link it from docs/README.md or ARCHITECTURE.md";
            offences.push(Offence::file(path, why));
        }
    }
    offences
}

pub(crate) fn golden_files(tree: &Tree) -> Vec<Offence> {
    let mut lists: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    let mut offences = Vec::new();
    for (path, text) in &tree.texts {
        let Some(folder) = path.strip_suffix("SHA256SUMS").filter(|f| is_golden(f)) else {
            continue;
        };
        let list = lists.entry(folder).or_default();
        for (line, entry) in text.lines().enumerate() {
            let Some((sum, name)) = entry.split_once(' ') else {
                offences.push(Offence::line(path, line, "is not a line of sha256sum"));
                continue;
            };
            list.insert(name.trim_start_matches([' ', '*']), sum);
        }
    }
    for (path, actual) in &tree.digests {
        // The nearest list above a file is its list.
        let nearest = lists.iter_mut().rev().find(|(folder, _)| path.starts_with(**folder));
        let listed = nearest.and_then(|(folder, list)| list.remove(&path[folder.len()..]));
        let why = match listed {
            Some(sum) if sum == actual => continue,
            Some(_) => {
                "golden file changed: bytes once written are for ever, so restore it and add a new \
                version beside it"
            }
            None => {
                "golden file is not in its SHA256SUMS: add it there, in the commit that adds the \
                file"
            }
        };
        offences.push(Offence::file(path, why));
    }
    for (folder, list) in lists {
        for name in list.keys() {
            let path = format!("{folder}{name}");
            offences.push(Offence::file(
                &path,
                "golden file is gone: restore it, old logs still hold such bytes",
            ));
        }
    }
    offences
}

fn is_golden(folder: &str) -> bool {
    folder.starts_with("golden/") || folder.contains("/golden/")
}

/// Whether the file holds bytes that are kept for ever; the lists of such files do not.
pub(crate) fn is_golden_file(path: &str) -> bool {
    is_golden(path) && !path.ends_with("/SHA256SUMS")
}
