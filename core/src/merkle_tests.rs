//! The published test tree of Certificate Transparency, and properties of every tree up to 200
//! leaves.

use alloc::string::ToString;
use alloc::vec;

use super::*;
use proptest::prelude::*;

/// The eight leaves of the reference test tree of RFC 6962 implementations.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// The root after each leaf of [`LEAVES`].
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn reference() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| leaf_hash(leaf)).collect()
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(n.to_string().as_bytes())).collect()
}

fn wide(n: usize) -> u64 {
    u64::try_from(n).expect("fits")
}

#[test]
fn the_reference_tree_has_its_published_roots() {
    let mut tree = Frontier::new();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(tree.root().to_string(), empty);
    for (leaf, root) in reference().into_iter().zip(ROOTS) {
        tree.push(leaf);
        assert_eq!(tree.root().to_string(), root, "{} leaves", tree.size());
    }
}

#[test]
fn the_reference_tree_has_its_published_proofs() {
    let inclusion = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    let proof = inclusion_proof(&reference(), 0).expect("leaf 0 is there");
    assert_eq!(proof.iter().map(ToString::to_string).collect::<Vec<_>>(), inclusion);

    let consistency = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    let proof = consistency_proof(&reference(), 1).expect("one is not more than eight");
    assert_eq!(proof.iter().map(ToString::to_string).collect::<Vec<_>>(), consistency);
}

#[test]
fn a_leaf_cannot_pose_as_a_node() {
    let pair = leaves(2);
    let mut inner = vec![];
    inner.extend_from_slice(&pair[0].bytes());
    inner.extend_from_slice(&pair[1].bytes());
    assert_ne!(leaf_hash(&inner), root_of(&pair));
}

#[test]
fn what_is_not_there_has_no_proof() {
    assert_eq!(inclusion_proof(&leaves(3), 3), None);
    assert_eq!(inclusion_proof(&[], 0), None);
    assert_eq!(consistency_proof(&leaves(3), 4), None);
    assert!(!verify_inclusion(leaf_hash(b""), 0, 0, &[], empty_root()));
    assert!(!verify_consistency(2, empty_root(), 1, empty_root(), &[]));
    assert!(verify_consistency(0, empty_root(), 3, root_of(&leaves(3)), &[]));
    assert!(!verify_consistency(0, leaf_hash(b""), 3, root_of(&leaves(3)), &[]));
}

#[test]
fn sizes_at_the_end_of_the_number_range_do_not_overflow() {
    let hash = leaf_hash(b"");
    let proof = [hash; 65];
    assert!(!verify_inclusion(hash, u64::MAX - 1, u64::MAX, &proof, hash));
    assert!(!verify_consistency(u64::MAX - 1, hash, u64::MAX, hash, &proof));
    assert!(!verify_consistency(1 << 63, hash, u64::MAX, hash, &proof));
}

#[test]
fn peaks_must_fit_the_size() {
    let tree = leaves(6).into_iter().fold(Frontier::new(), |mut tree, leaf| {
        tree.push(leaf);
        tree
    });
    assert_eq!(Frontier::from_peaks(6, tree.peaks().to_vec()), Some(tree.clone()));
    assert_eq!(Frontier::from_peaks(7, tree.peaks().to_vec()), None);
    assert_eq!(Frontier::from_peaks(0, tree.peaks().to_vec()), None);
}

#[test]
fn hashes_are_read_back_and_other_texts_refused() {
    let hash = leaf_hash(b"x");
    assert_eq!(hash.to_string().parse(), Ok(hash));
    for bad in ["", "00", &"G".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
        assert_eq!(bad.parse::<Hash>(), Err(NotAHash), "{bad}");
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proved_at_its_place_only() {
    for size in 1..=33_usize {
        let tree = leaves(size);
        let root = root_of(&tree);
        for index in 0..size {
            let proof = inclusion_proof(&tree, index).expect("it is there");
            for claimed in 0..size {
                let holds = verify_inclusion(tree[index], wide(claimed), wide(size), &proof, root);
                assert_eq!(holds, claimed == index, "{index} as {claimed} of {size}");
            }
        }
        for old in 0..=size {
            let proof = consistency_proof(&tree, old).expect("a prefix");
            let old_root = root_of(&tree[..old]);
            assert!(verify_consistency(wide(old), old_root, wide(size), root, &proof));
        }
    }
}

/// Every way in which a proof can be wrong: each bit flipped is sampled by `bit`; each hash left
/// out; each doubled; one more at the end.
fn corruptions(proof: &[Hash], bit: usize) -> Vec<Vec<Hash>> {
    let mut wrong = vec![];
    for place in 0..proof.len() {
        let mut flipped = proof.to_vec();
        flipped[place].0[bit / 8] ^= 1 << (bit % 8);
        wrong.push(flipped);
        let mut shorter = proof.to_vec();
        shorter.remove(place);
        wrong.push(shorter);
        let mut longer = proof.to_vec();
        longer.insert(place, proof[place]);
        wrong.push(longer);
    }
    let mut longer = proof.to_vec();
    longer.push(empty_root());
    wrong.push(longer);
    wrong
}

proptest! {
    #[test]
    fn growing_leaf_by_leaf_equals_the_definition(size in 0_usize..200, cut in 0_usize..200) {
        fn by_definition(leaves: &[Hash]) -> Hash {
            match leaves {
                [] => empty_root(),
                [only] => *only,
                more => {
                    let (left, right) = split(more);
                    node_hash(by_definition(left), by_definition(right))
                }
            }
        }
        let tree = leaves(size);
        prop_assert_eq!(root_of(&tree), by_definition(&tree));

        // A frontier that was stored and read back in the middle goes on as if nothing had
        // happened.
        let cut = cut.min(size);
        let mut first = Frontier::new();
        tree[..cut].iter().for_each(|&leaf| first.push(leaf));
        let mut second = Frontier::from_peaks(first.size(), first.peaks().to_vec()).expect("fits");
        tree[cut..].iter().for_each(|&leaf| second.push(leaf));
        prop_assert_eq!(second.root(), root_of(&tree));
    }

    #[test]
    fn a_corrupted_inclusion_proof_is_refused(
        size in 1_usize..120, index: proptest::sample::Index, bit in 0_usize..256,
    ) {
        let (tree, index) = (leaves(size), index.index(size));
        let root = root_of(&tree);
        let proof = inclusion_proof(&tree, index).expect("it is there");
        let holds = |leaf, proof: &[Hash], root| {
            verify_inclusion(leaf, wide(index), wide(size), proof, root)
        };
        prop_assert!(holds(tree[index], &proof, root));
        for wrong in corruptions(&proof, bit) {
            prop_assert!(!holds(tree[index], &wrong, root));
        }
        prop_assert!(!holds(leaf_hash(b"another"), &proof, root));
        prop_assert!(!holds(tree[index], &proof, leaf_hash(b"another")));
    }

    #[test]
    fn a_corrupted_consistency_proof_is_refused(
        size in 2_usize..120, old: proptest::sample::Index, bit in 0_usize..256,
    ) {
        let tree = leaves(size);
        let old = old.index(size).max(1);
        let (old_root, root) = (root_of(&tree[..old]), root_of(&tree));
        let proof = consistency_proof(&tree, old).expect("a prefix");
        let holds = |old_root, proof: &[Hash], root| {
            verify_consistency(wide(old), old_root, wide(size), root, proof)
        };
        prop_assert!(holds(old_root, &proof, root));
        for wrong in corruptions(&proof, bit) {
            prop_assert!(!holds(old_root, &wrong, root));
        }
        prop_assert!(!holds(leaf_hash(b"another"), &proof, root));
        prop_assert!(!holds(old_root, &proof, leaf_hash(b"another")));
    }
}
