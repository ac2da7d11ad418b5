//! Planted offences: each rule must catch what it is for, and must let its lawful neighbours pass.
//!
//! Invariants: no rule without a caught offence; a case is a small tree, and names the one rule it
//! is about.
//! Deliberately not here: the real tree, which `tidy` holds to the rules.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{Offence, RULES, Tree};

/// Rule, files of the tree, and the beginning of each offence that must be found, in order.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

fn tree(files: &[(&str, &str)]) -> Tree {
    let texts = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Tree::of(texts.collect(), BTreeMap::new())
}

fn found(rule: &str, tree: &Tree) -> Vec<String> {
    let (_, check) =
        RULES.iter().find(|(name, _)| *name == rule).unwrap_or_else(|| panic!("no rule {rule}"));
    check(tree).iter().map(Offence::to_string).collect()
}

fn assert_found(rule: &str, tree: &Tree, expected: &[&str]) {
    let found = found(rule, tree);
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, start)| found.starts_with(start));
    assert!(same, "{rule} on {:?}\nfound {found:#?}\nexpected {expected:#?}", tree.texts);
}

fn check(cases: &[Case<'_>]) {
    for (rule, files, expected) in cases {
        assert_found(rule, &tree(files), expected);
    }
}

const SHAPE: &[Case<'static>] = &[
    ("arrows", &[("core/Cargo.toml", "[dependencies]\nserde = '1'\n")], &[]),
    (
        "arrows",
        &[("replay/Cargo.toml", "[dependencies]\nduizhang-eventlog.workspace = true\n")],
        &[],
    ),
    ("arrows", &[("Cargo.toml", "[dependencies]\nduizhang-replay = { path = 'replay' }\n")], &[]),
    ("arrows", &[("Cargo.toml", "[workspace.dependencies]\nsled = '1'\n")], &[]),
    ("arrows", &[("core/Cargo.toml", "[dev-dependencies]\nduizhang-core = { path = '.' }\n")], &[]),
    (
        "arrows",
        &[("core/Cargo.toml", "[dependencies]\nduizhang-eventlog.workspace = true\n")],
        &["core/Cargo.toml: imports duizhang-eventlog"],
    ),
    (
        "arrows",
        &[(
            "replay/Cargo.toml",
            "[dependencies]\nlog = { package = 'duizhang-api', path = 'x' }\n",
        )],
        &["replay/Cargo.toml: imports duizhang-api"],
    ),
    (
        "arrows",
        &[(
            "api/Cargo.toml",
            "[target.'cfg(unix)'.dependencies]\nduizhang-replay.workspace = true\n",
        )],
        &["api/Cargo.toml: imports duizhang-replay"],
    ),
    (
        "arrows",
        &[("eventlog/Cargo.toml", "[build-dependencies]\nduizhang-api.workspace = true\n")],
        &["eventlog/Cargo.toml: imports duizhang-api"],
    ),
    (
        "arrows",
        &[("new/Cargo.toml", "[dependencies]\nduizhang-core.workspace = true\n")],
        &["new/Cargo.toml: imports duizhang-core"],
    ),
    (
        "arrows",
        &[("api/Cargo.toml", "[dev-dependencies]\nsled = '1'\n")],
        &["api/Cargo.toml: depends on sled"],
    ),
    ("arrows", &[("api/Cargo.toml", "[dependencies\n")], &["api/Cargo.toml: is not valid TOML"]),
    ("reserved words", &[("api/src/writer.rs", "decide(&a); log.append(b);")], &[]),
    ("reserved words", &[("api/src/writer/group.rs", "decide(&a); log.append(b);")], &[]),
    ("reserved words", &[("api/src/deliverer.rs", "// decide(a)\nlet a = \".append(\";")], &[]),
    ("reserved words", &[("replay/src/lib.rs", "decide(&a);")], &[]),
    ("reserved words", &[("eventlog/src/lib.rs", "use sled::Db; log.append(b);")], &[]),
    ("reserved words", &[("api/src/clock.rs", "SystemTime Instant getrandom")], &[]),
    ("reserved words", &[("benches/append.rs", "let start = Instant::now();")], &[]),
    (
        "reserved words",
        &[("api/src/a.rs", "fn a() {\n    b::decide(c)\n}")],
        &["api/src/a.rs:2: names `decide(`"],
    ),
    (
        "reserved words",
        &[("api/src/a.rs", "a\n    .append(c)")],
        &["api/src/a.rs:2: names `.append(`"],
    ),
    (
        "reserved words",
        &[("replay/src/a.rs", "log.append(c)")],
        &["replay/src/a.rs:1: names `.append(`"],
    ),
    (
        "reserved words",
        &[("src/main.rs", "std::time::SystemTime")],
        &["src/main.rs:1: names `SystemTime`"],
    ),
    (
        "reserved words",
        &[("tests/it/a.rs", "use std::time::Instant;")],
        &["tests/it/a.rs:1: names `Instant`"],
    ),
    (
        "reserved words",
        &[("core/src/a.rs", "getrandom::fill(x)")],
        &["core/src/a.rs:1: names `getrandom`"],
    ),
    (
        "reserved words",
        &[("replay/src/a.rs", "use sled::Db;")],
        &["replay/src/a.rs:1: names `sled`"],
    ),
    ("pure translators", &[("api/src/accept.rs", "use hyper::body; use axum::Router;")], &[]),
    (
        "pure translators",
        &[("api/src/dialects/native.rs", "//! Not axum.\nuse axum::Router;")],
        &["api/src/dialects/native.rs:2: a translator names axum"],
    ),
    (
        "pure translators",
        &[("listener-bridge/src/sources/mod.rs", "use tokio::fs;")],
        &["listener-bridge/src/sources/mod.rs:1: a translator names tokio"],
    ),
    (
        "pure translators",
        &[
            ("api/src/dialects/mod.rs", "mod epay; mod native; pub use self::epay::Epay;"),
            ("api/src/dialects/tests.rs", "use super::{epay, native};"),
            ("api/src/dialects/epay.rs", "use super::Dialect; use crate::wire::native;"),
            ("api/src/dialects/native/mod.rs", "mod read; use super::{Dialect, a::{epay}};"),
            ("api/src/dialects/native/read.rs", "use super::epay; use super::super::Dialect;"),
            ("listener-bridge/src/sources/vmq.rs", "use super::epay;"),
        ],
        &[],
    ),
    (
        "pure translators",
        &[
            ("api/src/dialects/epay.rs", "use super::native::Order;"),
            ("api/src/dialects/native/mod.rs", "\nuse crate::dialects::{Dialect,\n epay::Epay};"),
            ("api/src/dialects/native/read.rs", "use super::super::epay;"),
        ],
        &[
            "api/src/dialects/epay.rs:1: imports its neighbour native",
            "api/src/dialects/native/mod.rs:2: imports its neighbour epay",
            "api/src/dialects/native/read.rs:1: imports its neighbour epay",
        ],
    ),
    ("file names", &[("core/src/community.rs", ""), ("docs/commons.md", "")], &[]),
    (
        "file names",
        &[
            ("api/src/http_util.rs", ""),
            ("tests/common/mod.rs", ""),
            ("src/Helpers.rs", ""),
            ("docs/misc.md", ""),
            ("src/order-manager.rs", ""),
        ],
        &[
            "api/src/http_util.rs",
            "docs/misc.md",
            "src/Helpers.rs",
            "src/order-manager.rs",
            "tests/common/mod.rs",
        ],
    ),
    ("linked documents", &[("docs/alone.md", "")], &[]),
    (
        "linked documents",
        &[
            ("docs/README.md", "[a](a.md), [b](./b.md#part), c.md, [d](d.md.old)"),
            ("ARCHITECTURE.md", "[e](docs/e.md), [f](f.md)"),
            ("docs/a.md", ""),
            ("docs/b.md", ""),
            ("docs/c.md", ""),
            ("docs/d.md", ""),
            ("docs/e.md", ""),
            ("docs/f.md", ""),
            ("docs/adr/0001.md", ""),
        ],
        &["docs/c.md: no reader", "docs/d.md: no reader", "docs/f.md: no reader"],
    ),
];

const TEXT: &[Case<'static>] = &[
    ("headers", &[("a.rs", "//! Says what it is.\n"), ("b.md", "")], &[]),
    (
        "headers",
        &[("a.rs", ""), ("b.rs", "// a\n"), ("tests/c.rs", "\n//! Late.\n"), ("d.rs", "/// a\n")],
        &[
            "a.rs: does not open",
            "b.rs: does not open",
            "tests/c.rs: does not open",
            "d.rs: does not open",
        ],
    ),
    ("leftovers", &[("a.rs", "//! Todo lists, XXXX.\nlet a = \"TODO\"; let todo = 1;")], &[]),
    (
        "leftovers",
        &[
            ("a.rs", "// TODO: a\n/* FIXME */\n//XXX\ntodo!();\nunimplemented!()\nlet TODO = 1;"),
            ("b.md", "\nTODO"),
        ],
        &[
            "a.rs:1: TODO",
            "a.rs:2: FIXME",
            "a.rs:3: XXX",
            "a.rs:4: todo!",
            "a.rs:5: unimpl",
            "a.rs:6: TODO",
            "b.md:2: unfinished",
        ],
    ),
    ("white space", &[("a.md", "A\n=======\n\n    b\n"), ("tests/data/a.txt", "a\t \n")], &[]),
    (
        "white space",
        &[
            ("a.sh", "a \n\tb\n<<<<<<< ours\n=======\n>>>>>>> theirs\n||||||| base\r\n"),
            ("b.md", "a  \n"),
        ],
        &[
            "a.sh:1: ends",
            "a.sh:2: holds a tab",
            "a.sh:3: holds a merge",
            "a.sh:4: holds a merge",
            "a.sh:5: holds a merge",
            "a.sh:6: holds a merge",
            "b.md:1: ends",
        ],
    ),
    (
        "attributes",
        &[("a.rs", "// #[allow(x)]\n#[expect(x, reason = \"y\")]\nlet a = \"#[ignore]\";")],
        &[],
    ),
    (
        "attributes",
        &[("a.rs", "#[allow(x)]\n#![allow(x)]\n#[test]\n#[ignore]\n#[ignore = \"slow\"]\n")],
        &["a.rs:1: allows", "a.rs:2: allows", "a.rs:4: ignores", "a.rs:5: ignores"],
    ),
    (
        "sleeping tests",
        &[("a/src/b.rs", "std::thread::sleep(x);\n#[cfg(test)]\nmod tests {\n}\n")],
        &[],
    ),
    (
        "sleeping tests",
        &[
            ("a/src/b.rs", "#[cfg(test)]\nmod tests {\n    fn a() { std::thread::sleep(x); }\n}\n"),
            ("a/src/b/tests.rs", "use std::thread::sleep;\n"),
            ("tests/it/c.rs", "thread::sleep(x);\n"),
        ],
        &[
            "a/src/b.rs:3: a test sleeps",
            "a/src/b/tests.rs:1: a test sleeps",
            "tests/it/c.rs:1: a test sleeps",
        ],
    ),
    (
        "foreign places",
        &[
            (
                "a.md",
                concat!(
                    "https://a.b/ho",
                    "me/x, ./wo",
                    "rk/, $HOME/wo",
                    "rk/, /roots/, ~/ro",
                    "ot/"
                ),
            ),
            ("Cargo.lock", concat!("index.", "crates.io")),
        ],
        &[],
    ),
    (
        "foreign places",
        &[
            ("a.rs", concat!("\n// \"/ho", "me/me\"")),
            ("scripts/a", concat!("cd /wo", "rk/x")),
            ("b.toml", concat!("a = '/ro", "ot/'\nb = 'https://pypi.", "org/simple'")),
        ],
        &["a.rs:2: names", "scripts/a:1: names", "b.toml:1: names", "b.toml:2: names"],
    ),
];

#[test]
fn offences_of_shape_are_caught() {
    check(SHAPE);
}

#[test]
fn offences_of_text_are_caught() {
    check(TEXT);
}

#[test]
fn every_rule_catches_something() {
    let caught: BTreeSet<&str> = SHAPE
        .iter()
        .chain(TEXT)
        .filter(|(_, _, expected)| !expected.is_empty())
        .map(|(rule, _, _)| *rule)
        // These need texts too long for a table, or digests; each has a test of its own below.
        .chain(["file length", "function length", "width", "golden files"])
        .collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|(rule, _)| *rule).collect();
    assert_eq!(caught, rules);
}

#[test]
fn a_file_may_have_400_lines_without_its_tests() {
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(500));
    for (path, text, caught) in [
        ("a.rs", "x\n".repeat(400), false),
        ("a.rs", "x\n".repeat(401), true),
        ("a.rs", format!("{}{tests}", "x\n".repeat(399)), false),
        ("a.rs", format!("{}{tests}", "x\n".repeat(400)), true),
        ("a/tests.rs", "x\n".repeat(401), false),
        ("tests/it/a.rs", "x\n".repeat(401), false),
        ("benches/a.rs", "x\n".repeat(401), true),
    ] {
        let offences = found("file length", &tree(&[(path, &text)]));
        assert_eq!(offences.len(), usize::from(caught), "{path}: {offences:?}");
    }
}

#[test]
fn a_function_may_have_70_lines() {
    let body =
        |lines: usize| format!("fn f() {{\n{}}}\n", "    x('{', \"{\");\n".repeat(lines - 2));
    for (text, caught) in [
        (body(70), false),
        (body(71), true),
        (format!("// tidy: long because it is a table\n#[test]\n{}", body(71)), false),
        (format!("// tidy: long because \n{}", body(71)), true),
        (format!("// tidy: long because it is a table\n\n{}", body(71)), true),
        (format!("mod a {{\n    impl B {{\n{}}}}}\n", body(71)), true),
    ] {
        let offences = found("function length", &tree(&[("a.rs", &text)]));
        assert_eq!(offences.len(), usize::from(caught), "{text}: {offences:?}");
    }
}

#[test]
fn a_line_may_be_100_wide() {
    let wide = "宽".repeat(101);
    for (text, caught) in [
        ("宽".repeat(100), false),
        (wide.clone(), true),
        (format!("// a {wide}"), true),
        (format!("/// {wide}"), false),
        (format!("let a = \"{wide}\";"), false),
        (format!("let a = \"\n{wide}\";"), false),
        (format!("// tidy: wide because it is a table\nlet {wide};\n{wide};"), false),
        (format!("// tidy: wide because it is a table\n\nlet {wide};"), true),
        (format!("// tidy: wide because\nlet {wide};"), true),
    ] {
        let offences = found("width", &tree(&[("a.rs", &text)]));
        assert_eq!(offences.len(), usize::from(caught), "{text}: {offences:?}");
    }
}

#[test]
fn golden_files_are_for_ever() {
    let digests = [("a/golden/same", "11"), ("a/golden/v1/changed", "22"), ("golden/new", "33")];
    let digests = digests.map(|(path, sum)| (path.to_owned(), sum.to_owned()));
    let sums = "11  same\n23 *v1/changed\n44  gone\nnonsense\n";
    let texts = vec![("a/golden/SHA256SUMS".to_owned(), sums.to_owned())];
    let tree = Tree::of(texts, BTreeMap::from(digests));
    let expected = [
        "a/golden/SHA256SUMS:4: is not a line of sha256sum",
        "a/golden/v1/changed: golden file changed",
        "golden/new: golden file is not in its SHA256SUMS",
        "a/golden/gone: golden file is gone",
    ];
    assert_found("golden files", &tree, &expected);
}
