//! Whether everything in custody is there, as it was kept: the files of all statements that the log
//! tells of, and the mappings that they were read with.
//!
//! Invariant: a file that is missing or damaged is named, with what to do about it; what others put
//! into the folder is nobody's business.
//! Deliberately not here: reading lines again, which a run does.

use std::collections::BTreeSet;
use std::path::Path;

use duizhang_core::merkle::Hash;
use duizhang_projections::statements::{StatementView, Statements};
use duizhang_replay::audit::Custody;

use super::shelf::mapping_of;
use super::vault::Vault;

/// Looks at every kept file of a data directory.
pub(crate) fn custody(data: &Path, statements: &Statements) -> Custody {
    let vault = Vault::new(data);
    let mut findings = Vec::new();
    let mut look = |hash: anyhow::Result<Hash>, what: String| {
        let read = hash.and_then(|hash| vault.read(hash));
        findings.extend(read.err().map(|error| format!("{what}: {error:#}")));
    };
    let mut mappings: BTreeSet<String> = BTreeSet::new();
    let mut count = 0_usize;
    for StatementView { kept, .. } in statements.iter() {
        count = count.saturating_add(1);
        look(Ok(kept.statement), format!("statement of {}", kept.wallet));
        if let Some(mapping) = mapping_of(&kept.layout)
            && mappings.insert(kept.layout.clone())
        {
            look(mapping, format!("column mapping of statements of {}", kept.wallet));
        }
    }
    let mappings = mappings.len();
    let passed = format!("{count} statements and {mappings} column mappings as they were kept");
    Custody { findings, passed }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duizhang_core::breaks::StatementKept;
    use duizhang_core::closing::Day;
    use duizhang_core::event::Chapter;
    use duizhang_core::fact::Fact;
    use duizhang_core::position::Position;
    use duizhang_core::testing::reckoning::statement;
    use duizhang_core::time::Timestamp;
    use duizhang_projections::projection::Projection;

    fn folded(files: &[StatementKept]) -> Statements {
        let mut statements = Statements::default();
        for kept in files {
            let (position, at) = (Position::new(1), Timestamp::from_secs(1));
            let fact = Fact::StatementKept(kept.clone());
            statements.fold(&Chapter { position, at, fact, decisions: Vec::new() });
        }
        statements
    }

    #[test]
    fn what_is_missing_or_damaged_is_named_and_mended_by_the_original() {
        let data = tempfile::tempdir().expect("a folder");
        assert_eq!(
            custody(data.path(), &folded(&[])).passed,
            "0 statements and 0 column mappings as they were kept",
        );
        let vault = Vault::new(data.path());
        let [bill, table, mapping] = [&b"a bill"[..], b"a table", b"a mapping"];
        let hashes = [bill, table, mapping].map(|bytes| vault.keep(bytes).expect("room"));
        let plain = StatementKept { statement: hashes[0], ..statement(1, Day::new(1)) };
        let layout = format!("mapped:{}", hashes[2]);
        let mapped = |number, statement| StatementKept {
            statement,
            layout: layout.clone(),
            ..duizhang_core::testing::reckoning::statement(number, Day::new(1))
        };
        let twice = [plain, mapped(2, hashes[1]), mapped(3, vault.keep(b"more").expect("room"))];
        let statements = folded(&twice);
        let whole = custody(data.path(), &statements);
        let passed = "3 statements and 1 column mappings as they were kept".to_owned();
        assert_eq!(whole, Custody { findings: Vec::new(), passed });

        let path = |hash: Hash| data.path().join("statements").join(hash.to_string());
        let cases: [(usize, &[u8], &str); 3] = [
            (0, bill, "statement of"),
            (1, table, "statement of"),
            (2, mapping, "column mapping of statements of"),
        ];
        for (place, bytes, says) in cases {
            let name = hashes[place].to_string();
            std::fs::write(path(hashes[place]), b"other").expect("it is damaged");
            let damaged = custody(data.path(), &statements).findings;
            std::fs::remove_file(path(hashes[place])).expect("it is lost");
            let lost = custody(data.path(), &statements).findings;
            for (found, how) in [(damaged, "is damaged"), (lost, "No such file")] {
                let [only] = found.as_slice() else { panic!("{found:?}") };
                assert!(only.starts_with(says), "{only}");
                for part in [name.as_str(), how, "hand the original in again"] {
                    assert!(only.contains(part), "{part}: {only}");
                }
            }
            vault.keep(bytes).expect("the original");
            assert_eq!(custody(data.path(), &statements), whole);
        }
    }

    #[test]
    fn a_layout_that_names_no_hash_is_a_finding() {
        let data = tempfile::tempdir().expect("a folder");
        let hash = Vault::new(data.path()).keep(b"a bill").expect("room");
        let layout = "mapped:none".to_owned();
        let kept = StatementKept { statement: hash, layout, ..statement(1, Day::new(1)) };
        let found = custody(data.path(), &folded(&[kept])).findings;
        assert!(found[0].contains("the layout names the hash of a mapping"), "{found:?}");
    }
}
