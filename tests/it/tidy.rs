//! The tree keeps its own rules: a rule worth writing down is a test here, or else it is advice.
//!
//! Invariants: a rule is a pure function over the paths and texts of the tree; every rule has a
//! planted offence in `tidy_planted` that it must catch; every offence says what to do.
//! Deliberately not here: the rules themselves (`tidy_shape`, `tidy_text`), and anything that needs
//! a compiler.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tidy_shape::is_golden_file;
use crate::tidy_source::Source;
use crate::{tidy_shape, tidy_text};

/// Everything that the rules look at. Paths are relative to the root, with forward slashes.
pub(crate) struct Tree {
    pub(crate) paths: Vec<String>,
    /// Every file that is UTF-8, the Rust ones too.
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) rust: Vec<Source>,
    /// SHA-256 of the files below `golden` folders, in hexadecimal.
    pub(crate) digests: BTreeMap<String, String>,
}

/// One place that breaks one rule, and the way out.
pub(crate) struct Offence {
    path: String,
    line: Option<usize>,
    why: String,
}

/// A rule looks at the whole tree, because some rules are about what is missing.
pub(crate) type Rule = fn(&Tree) -> Vec<Offence>;

pub(crate) const RULES: &[(&str, Rule)] = &[
    ("arrows", tidy_shape::arrows),
    ("reserved words", tidy_shape::reserved_words),
    ("pure translators", tidy_shape::pure_translators),
    ("file names", tidy_shape::file_names),
    ("linked documents", tidy_shape::linked_documents),
    ("golden files", tidy_shape::golden_files),
    ("headers", tidy_text::headers),
    ("file length", tidy_text::file_length),
    ("function length", tidy_text::function_length),
    ("width", tidy_text::width),
    ("leftovers", tidy_text::leftovers),
    ("white space", tidy_text::whitespace),
    ("attributes", tidy_text::attributes),
    ("sleeping tests", tidy_text::sleeping_tests),
    ("foreign places", tidy_text::foreign_places),
];

impl Offence {
    pub(crate) fn file(path: &str, why: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: None, why: why.into() }
    }

    /// An offence in a line, counted from zero.
    pub(crate) fn line(path: &str, line: usize, why: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line: Some(line + 1), why: why.into() }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path, self.why),
            None => write!(f, "{}: {}", self.path, self.why),
        }
    }
}

impl Tree {
    pub(crate) fn of(texts: Vec<(String, String)>, digests: BTreeMap<String, String>) -> Self {
        let mut paths: Vec<String> = texts.iter().map(|(path, _)| path.clone()).collect();
        paths.extend(digests.keys().cloned());
        paths.sort();
        paths.dedup();
        let rust = texts.iter().filter(|(path, _)| path.ends_with(".rs") && !is_recorded(path));
        let rust = rust.map(|(path, text)| Source::of(path, text)).collect();
        Self { paths, texts, rust, digests }
    }

    fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        walk(root, root, &mut files);
        files.sort();
        let (mut texts, mut golden) = (Vec::new(), Vec::new());
        for path in files {
            if is_golden_file(&path) {
                golden.push(path.clone());
            }
            let bytes = fs::read(root.join(&path))
                .unwrap_or_else(|error| panic!("read {path} of the tree: {error}"));
            // A picture has no text to look at; its name is looked at all the same.
            let text = String::from_utf8(bytes).unwrap_or_default();
            texts.push((path, text));
        }
        Self::of(texts, digests_of(root, &golden))
    }
}

/// Recorded bytes (golden files, conversations of real apps) are kept as they came.
pub(crate) fn is_recorded(path: &str) -> bool {
    path.rsplit('/').skip(1).any(|folder| matches!(folder, "golden" | "data"))
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("list {} of the tree: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("an entry that was just listed can be read").path();
        let relative = path.strip_prefix(root).expect("the walk stays below the root");
        let relative = relative.to_string_lossy().replace('\\', "/");
        // Build output (wherever it was put, Cargo marks it), history, and the data of a local run.
        let skipped = matches!(relative.as_str(), "target" | ".git" | "data")
            || path.join("CACHEDIR.TAG").exists();
        if path.is_dir() && !path.is_symlink() && !skipped {
            walk(root, &path, files);
        } else if path.is_file() && !skipped {
            files.push(relative);
        }
    }
}

/// Asked of coreutils, so that the tree's rules add no dependency to the program.
fn digests_of(root: &Path, golden: &[String]) -> BTreeMap<String, String> {
    if golden.is_empty() {
        return BTreeMap::new();
    }
    let output = Command::new("sha256sum")
        .current_dir(root)
        .arg("--")
        .args(golden)
        .output()
        .expect("sha256sum (Debian package coreutils) is installed");
    assert!(output.status.success(), "sha256sum of {golden:?}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("names of golden files are UTF-8");
    let pairs = text.lines().filter_map(|line| line.split_once("  "));
    pairs.map(|(sum, path)| (path.to_owned(), sum.to_owned())).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_tree_keeps_its_rules() {
    let tree = Tree::read(&root());
    let found = RULES.iter().flat_map(|(name, rule)| {
        rule(&tree).into_iter().map(move |offence| format!("{name}: {offence}"))
    });
    let offences: Vec<String> = found.collect();
    assert!(offences.is_empty(), "{} places to mend:\n{}", offences.len(), offences.join("\n"));
}

#[test]
fn the_walk_sees_the_whole_tree() {
    let tree = Tree::read(&root());
    for path in ["Cargo.toml", "core/src/lib.rs", "tests/it/tidy.rs", "scripts/test", ".ci/run"] {
        assert!(tree.paths.iter().any(|seen| seen == path), "the walk missed {path}");
    }
    let strayed = |path: &&String| path.starts_with("target/") || path.starts_with(".git/");
    assert_eq!(tree.paths.iter().find(strayed), None);
}

#[test]
fn digests_are_those_of_sha256() {
    let digests = digests_of(&root(), &["LICENSE".to_owned()]);
    assert_eq!(digests.get("LICENSE").map(String::len), Some(64));
}
