//! Rules about the text of files: headers, lengths, width, leftovers, and what must never be
//! spelled out.
//!
//! Invariants: a limit can be exceeded only by a written reason beside the place:
//! `// tidy: long because …` above a function, `// tidy: wide because …` above a paragraph.
//! Deliberately not here: formatting, which is rustfmt's, and wording, which is a reviewer's.

use crate::tidy::{Offence, Tree, is_recorded};
use crate::tidy_source::{attributes_before, names};

/// Lines of a file without its test blocks; longer files hold more than one thing.
const FILE_LINES_MAX: usize = 400;
/// Lines of a function from `fn` to its closing brace: one screen.
const FUNCTION_LINES_MAX: usize = 70;
/// Characters of a line: rustfmt's `max_width`, which leaves comments and literals alone.
const WIDTH_MAX: usize = 100;
const WIDTH_OF_TESTS_MAX: usize = 120;

const LONG_BECAUSE: &str = "// tidy: long because ";
const WIDE_BECAUSE: &str = "// tidy: wide because ";

// Spelled in two halves, so that this file does not offend itself.
const MACHINE_PATHS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/ro", "ot/")];
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("registry.", "npmmirror.com"),
    concat!("pypi.", "org"),
    concat!("files.", "pythonhosted.org"),
    concat!("deb.", "debian.org"),
    concat!("proxy.", "golang.org"),
    concat!("replace-", "with"),
];

pub(crate) fn headers(tree: &Tree) -> Vec<Offence> {
    let headless = tree.rust.iter().filter(|source| !source.text.starts_with("//!"));
    let why = "does not open with `//!`: say what the file is, its invariants, and what is \
    deliberately not in it";
    headless.map(|source| Offence::file(&source.path, why)).collect()
}

pub(crate) fn file_length(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in tree.rust.iter().filter(|source| !source.is_test()) {
        let tests: usize = source.test_blocks().into_iter().map(Iterator::count).sum();
        let lines = source.text.lines().count() - tests;
        if lines > FILE_LINES_MAX {
            let why = format!(
                "has {lines} lines without tests, more than {FILE_LINES_MAX}: split it where the \
                header needs an `and`"
            );
            offences.push(Offence::file(&source.path, why));
        }
    }
    offences
}

pub(crate) fn function_length(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in &tree.rust {
        for function in source.functions() {
            let first = *function.lines.start();
            let lines = function.lines.count();
            let excused =
                attributes_before(&source.text, first).any(|line| gives_reason(line, LONG_BECAUSE));
            if lines > FUNCTION_LINES_MAX && !excused {
                let why = format!(
                    "fn {} has {lines} lines, more than {FUNCTION_LINES_MAX}: take out the piece \
                    that has a name, or write `{LONG_BECAUSE}…` above it",
                    function.name
                );
                offences.push(Offence::line(&source.path, first, why));
            }
        }
    }
    offences
}

fn gives_reason(line: &str, marker: &str) -> bool {
    line.trim().strip_prefix(marker).is_some_and(|reason| !reason.trim().is_empty())
}

/// A test may be wider, because the formatter does not reach into a property's macro.
/// A line of code may be wide where a literal on it or around it makes it so, for the formatter
/// leaves those alone; a comment where it is one unbreakable word (an address); any line in a
/// paragraph that says why.
pub(crate) fn width(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in &tree.rust {
        let (is_test, blocks) = (source.is_test(), source.test_blocks());
        let mut excused = false;
        for (line, text) in source.text.lines().enumerate() {
            excused = !text.trim().is_empty() && (excused || gives_reason(text, WIDE_BECAUSE));
            let width = text.chars().count();
            let in_test = is_test || blocks.iter().any(|block| block.contains(&line));
            if width > if in_test { WIDTH_OF_TESTS_MAX } else { WIDTH_MAX }
                && !excused
                && !source.begins_in_literal[line]
                && !holds_literal(text)
                && !is_one_word(text)
            {
                let why = format!(
                    "is {width} wide, more than {WIDTH_MAX}: wrap it, or write `{WIDE_BECAUSE}…` \
                    above a table of literals"
                );
                offences.push(Offence::line(&source.path, line, why));
            }
        }
    }
    offences
}

fn holds_literal(text: &str) -> bool {
    text.contains('"') && !text.trim_start().starts_with("//")
}

fn is_one_word(text: &str) -> bool {
    let comment = text.trim_start().strip_prefix("//");
    comment.is_some_and(|rest| rest.trim_start_matches(['/', '!']).split_whitespace().count() == 1)
}

pub(crate) fn leftovers(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in &tree.rust {
        let lines = source.comments.lines().zip(source.code.lines()).enumerate();
        for (line, (comment, code)) in lines {
            let marker =
                ["TODO", "FIXME", "XXX"].iter().find(|m| names(comment, m) || names(code, m));
            let hole = ["todo!", "unimplemented!"].iter().find(|hole| names(code, hole));
            if let Some(word) = marker.or(hole) {
                let why =
                    format!("{word}: do it now, or write an issue and say here what holds today");
                offences.push(Offence::line(&source.path, line, why));
            }
        }
    }
    for (path, text) in
        tree.texts.iter().filter(|(path, _)| !path.ends_with(".rs") && !is_recorded(path))
    {
        for (line, text) in text.lines().enumerate() {
            if names(text, "TODO") || names(text, "FIXME") {
                offences.push(Offence::line(
                    path,
                    line,
                    "unfinished: do it now, or write an issue",
                ));
            }
        }
    }
    offences
}

pub(crate) fn whitespace(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| !is_recorded(path)) {
        for (line, text) in text.split('\n').enumerate() {
            let merge =
                ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|mark| text.starts_with(mark));
            // Markdown may underline a heading with seven equals signs.
            let divider = text == "=======" && !path.ends_with(".md");
            let why = match () {
                () if merge || divider => "holds a merge marker: finish the merge",
                () if text.contains('\t') => {
                    "holds a tab: indent with spaces, and write \\t in literals"
                }
                () if text.ends_with(char::is_whitespace) => "ends in white space: cut it",
                () => continue,
            };
            offences.push(Offence::line(path, line, why));
        }
    }
    offences
}

pub(crate) fn attributes(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in &tree.rust {
        for (line, code) in source.code.lines().enumerate() {
            let why = match () {
                () if names(code, "#[allow") || names(code, "#![allow") => {
                    "allows without end: write #[expect(…, reason = \"…\")], which complains when \
                    it is no longer needed"
                }
                () if names(code, "#[ignore") => {
                    "ignores a test: mend it or delete it; one that needs what a machine may lack \
                    reports a skip instead"
                }
                () => continue,
            };
            offences.push(Offence::line(&source.path, line, why));
        }
    }
    offences
}

pub(crate) fn sleeping_tests(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for source in &tree.rust {
        let blocks = source.test_blocks();
        let in_test =
            |line: usize| source.is_test() || blocks.iter().any(|block| block.contains(&line));
        for (line, code) in source.code.lines().enumerate() {
            if in_test(line) && names(code, "thread::sleep") {
                let why = "a test sleeps: wait for the condition itself, or drive the time as an \
                argument";
                offences.push(Offence::line(&source.path, line, why));
            }
        }
    }
    offences
}

pub(crate) fn foreign_places(tree: &Tree) -> Vec<Offence> {
    let mut offences = Vec::new();
    for (path, text) in tree.texts.iter().filter(|(path, _)| !path.ends_with("Cargo.lock")) {
        for (line, text) in text.lines().enumerate() {
            if let Some(found) = MACHINE_PATHS.iter().find(|found| begins_path(text, found)) {
                let why = format!(
                    "names {found}, a path of one machine: take it from the environment or an \
                    argument"
                );
                offences.push(Offence::line(path, line, why));
            }
            if let Some(found) = REGISTRY_HOSTS.iter().find(|found| text.contains(**found)) {
                let why =
                    format!("names {found}: registries belong to the machine's own configuration");
                offences.push(Offence::line(path, line, why));
            }
        }
    }
    offences
}

/// Whether the path stands here from its first slash on, and is not the tail of an address or a
/// longer path.
fn begins_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~$*)}]>".contains(c))
    })
}
