//! The log against a naive model that follows the text of RFC 6962 word by word.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::BadProof;
use super::frontier::Frontier;
use super::log::{self, ConsistencyProof, InclusionProof, LogRead, prove_consistency, prove_inclusion};
use super::tile::{self, EntriesPath, TILE_WIDTH, TileError, TileId, TilePath, TileRead, TiledLog, subtree_from_tile};
use crate::codec::{DecodeError, decode, encode};
use crate::hash::{Domain, Hash32};

fn leaf(index: u64) -> Hash32 {
    Domain::LogLeaf.hash(&index.to_be_bytes())
}

fn leaves(size: u64) -> Vec<Hash32> {
    (0..size).map(leaf).collect()
}

/// The largest power of two smaller than `n`.
fn split(n: usize) -> usize {
    let mut k = 1;
    while 2 * k < n {
        k *= 2;
    }
    k
}

/// RFC 6962 §2.1: MTH.
fn mth(d: &[Hash32]) -> Hash32 {
    match d {
        [] => Domain::LogEmpty.hash(b""),
        [one] => *one,
        _ => {
            let (left, right) = d.split_at(split(d.len()));
            Domain::LogNode.hash(&[mth(left).0, mth(right).0].concat())
        }
    }
}

/// RFC 6962 §2.1.1: PATH.
fn path(m: usize, d: &[Hash32]) -> Vec<Hash32> {
    if d.len() == 1 {
        return Vec::new();
    }
    let (left, right) = d.split_at(split(d.len()));
    let (mut below, beside) =
        if m < left.len() { (path(m, left), mth(right)) } else { (path(m - left.len(), right), mth(left)) };
    below.push(beside);
    below
}

/// RFC 6962 §2.1.2: SUBPROOF.
fn subproof(m: usize, d: &[Hash32], known: bool) -> Vec<Hash32> {
    if m == d.len() {
        return if known { Vec::new() } else { vec![mth(d)] };
    }
    let (left, right) = d.split_at(split(d.len()));
    let (mut below, beside) = if m <= left.len() {
        (subproof(m, left, known), mth(right))
    } else {
        (subproof(m - left.len(), right, false), mth(left))
    };
    below.push(beside);
    below
}

struct Naive(Vec<Hash32>);

impl LogRead for Naive {
    type Error = Infallible;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash32, Infallible> {
        let width = 1 << level;
        let start = usize::try_from(index).unwrap() * width;
        Ok(mth(&self.0[start..start + width]))
    }
}

fn included(reader: &Naive, size: u64, index: u64) -> InclusionProof {
    prove_inclusion(reader, size, index).unwrap().unwrap()
}

fn consistent(reader: &Naive, old: u64, new: u64) -> ConsistencyProof {
    prove_consistency(reader, old, new).unwrap().unwrap()
}

#[test]
fn roots_are_those_of_the_model() {
    let all = Naive(leaves(8_193));
    let mut frontier = Frontier::new();
    for size in 0..=8_193_u64 {
        let near_power = [size.saturating_sub(1), size, size + 1].iter().any(|n| n.is_power_of_two());
        if size <= 600 || near_power {
            let expected = mth(&leaves(size));
            assert_eq!(frontier.root(), expected, "frontier at {size}");
            assert_eq!(log::root(&all, size), Ok(expected), "subtrees at {size}");
            assert_eq!(frontier.peaks().len(), size.count_ones() as usize);
        }
        assert_eq!(frontier.size(), size);
        frontier.append(leaf(size));
    }
}

#[test]
fn roots_are_frozen() {
    let golden = [
        (0, "ea63ba7e04a096fd65dbbb6ff6b117b31f4c30a5e9b92095947604f139d25ef8"),
        (1, "72078ef3db39baa1bf15cbbdeed8e8e2eb4ec571f206591c77349e08782b337b"),
        (3, "a9969d94b5a514f252039658880d22ff8de211127e33e9fea9678c55f4c6ec5a"),
        (7, "7583556b7d550d31e44a4d1b4b27d57241872f63b9eebe8e61c57a8ce49ac7e0"),
        (256, "42c1ae6a8bf78315253b50d62949fdc23bdac6d90133c56c751270270577f65c"),
        (1_000, "54b6f88673fdcc73da125bcafa829ca23ce22f24fd4011e64a7b71fff462961e"),
    ];
    for (size, root) in golden {
        assert_eq!(mth(&leaves(size)).to_string(), root, "size {size}");
    }
}

#[test]
fn every_inclusion_proof_is_the_models_and_verifies() {
    let all = Naive(leaves(130));
    for size in 1..=130 {
        let d = &all.0[..usize::try_from(size).unwrap()];
        let root = mth(d);
        for index in 0..size {
            let proof = included(&all, size, index);
            assert_eq!(proof.path, path(usize::try_from(index).unwrap(), d), "{index} in {size}");
            assert_eq!(proof.verify(&leaf(index), &root), Ok(()), "{index} in {size}");
            assert_eq!(proof.verify(&leaf(index + 1), &root), Err(BadProof::Root));
            assert_eq!(proof.verify(&leaf(index), &leaf(index + 1)), Err(BadProof::Root));
        }
        assert_eq!(prove_inclusion(&all, size, size), Ok(None));
    }
}

#[test]
fn every_consistency_proof_is_the_models_and_verifies() {
    let all = Naive(leaves(130));
    let roots: Vec<Hash32> = (0..=130).map(|size| mth(&all.0[..size])).collect();
    for new in 0..=130_usize {
        for old in 0..=new {
            let proof = consistent(&all, old as u64, new as u64);
            if old > 0 {
                assert_eq!(proof.path, subproof(old, &all.0[..new], true), "{old} to {new}");
            }
            assert_eq!(proof.verify(&roots[old], &roots[new]), Ok(()), "{old} to {new}");
            assert_eq!(proof.verify(&leaf(999), &roots[new]), Err(BadProof::Root), "{old} to {new}");
            // The empty log says nothing about what follows; every other pair fixes the new root.
            let other = proof.verify(&roots[old], &leaf(999));
            assert_eq!(other, if old == 0 && new > 0 { Ok(()) } else { Err(BadProof::Root) }, "{old} to {new}");
        }
        assert_eq!(prove_consistency(&all, new as u64 + 1, new as u64), Ok(None));
    }
}

#[test]
fn a_sibling_more_or_less_is_refused() {
    let all = Naive(leaves(40));
    for (size, index) in [(1, 0), (2, 1), (5, 4), (7, 6), (8, 3), (33, 32), (40, 17)] {
        let root = log::root(&all, size).unwrap();
        let proof = included(&all, size, index);
        for place in 0..proof.path.len() {
            let mut shorter = proof.clone();
            shorter.path.remove(place);
            assert_eq!(shorter.verify(&leaf(index), &root), Err(BadProof::Length));
        }
        let mut longer = proof.clone();
        longer.path.push(Hash32::ZERO);
        assert_eq!(longer.verify(&leaf(index), &root), Err(BadProof::Length));
        let outside = InclusionProof { index: size, ..proof };
        assert_eq!(outside.verify(&leaf(index), &root), Err(BadProof::Position));
    }
    for (old, new) in [(1, 2), (3, 7), (4, 8), (6, 8), (32, 33), (17, 40), (9, 9), (0, 9)] {
        let (old_root, new_root) = (log::root(&all, old).unwrap(), log::root(&all, new).unwrap());
        let proof = consistent(&all, old, new);
        for place in 0..proof.path.len() {
            let mut shorter = proof.clone();
            shorter.path.remove(place);
            assert_eq!(shorter.verify(&old_root, &new_root), Err(BadProof::Length), "{old} to {new}");
        }
        let mut longer = proof.clone();
        longer.path.push(Hash32::ZERO);
        assert_eq!(longer.verify(&old_root, &new_root), Err(BadProof::Length), "{old} to {new}");
        let reversed = ConsistencyProof { old: new + 1, ..proof };
        assert_eq!(reversed.verify(&old_root, &new_root), Err(BadProof::Position));
    }
}

#[test]
fn a_perfect_old_log_is_not_sent() {
    let all = Naive(leaves(8));
    let (old, new) = (log::root(&all, 4).unwrap(), log::root(&all, 8).unwrap());
    let mut proof = consistent(&all, 4, 8);
    assert_eq!(proof.path.len(), 1);
    proof.path.insert(0, old);
    assert_eq!(proof.verify(&old, &new), Err(BadProof::Length));
}

#[test]
fn the_size_is_for_the_header_to_say() {
    // Documented: the same path serves both sizes, so the verifier must bring the size.
    let all = Naive(leaves(4));
    let proof = included(&all, 4, 0);
    let claimed = InclusionProof { size: 3, ..proof };
    assert_eq!(claimed.verify(&leaf(0), &log::root(&all, 4).unwrap()), Ok(()));
}

/// Every bit of `bytes` flipped, every proper prefix, and one byte more.
fn damaged(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let flips = (0..bytes.len() * 8).map(|bit| {
        let mut copy = bytes.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        copy
    });
    let cuts = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    flips.chain(cuts).chain([[bytes, &[0]].concat()])
}

#[test]
fn damaged_inclusion_proofs_prove_nothing() {
    let all = Naive(leaves(300));
    for (size, index) in [(1, 0), (2, 0), (3, 2), (7, 6), (129, 128), (256, 77), (300, 299)] {
        let root = log::root(&all, size).unwrap();
        // As the callers do: the size comes from the header, the index from the claim.
        let accepts = |bytes: &[u8]| {
            decode::<InclusionProof>(bytes, 4_096)
                .is_ok_and(|p| p.size == size && p.index == index && p.verify(&leaf(index), &root).is_ok())
        };
        let bytes = encode(&included(&all, size, index));
        assert!(accepts(&bytes));
        for copy in damaged(&bytes) {
            assert!(!accepts(&copy), "{index} in {size}: {copy:02x?}");
        }
        // The index needs no help: under a given size it is bound by the path.
        for other in (0..size).filter(|other| *other != index) {
            let moved = InclusionProof { index: other, ..included(&all, size, index) };
            assert!(moved.verify(&leaf(index), &root).is_err(), "{index} moved to {other} in {size}");
        }
    }
}

#[test]
fn damaged_consistency_proofs_prove_nothing() {
    let all = Naive(leaves(300));
    for (old, new) in [(1, 2), (2, 3), (3, 7), (4, 8), (128, 129), (255, 256), (17, 300), (300, 300)] {
        let (old_root, new_root) = (log::root(&all, old).unwrap(), log::root(&all, new).unwrap());
        let accepts = |bytes: &[u8]| {
            decode::<ConsistencyProof>(bytes, 4_096)
                .is_ok_and(|p| p.old == old && p.new == new && p.verify(&old_root, &new_root).is_ok())
        };
        let bytes = encode(&consistent(&all, old, new));
        assert!(accepts(&bytes));
        for copy in damaged(&bytes) {
            assert!(!accepts(&copy), "{old} to {new}: {copy:02x?}");
        }
    }
}

#[test]
fn a_rewritten_log_is_not_consistent() {
    let honest = Naive(leaves(20));
    let mut rewritten = leaves(20);
    rewritten[3] = leaf(999);
    let rewritten = Naive(rewritten);
    for (old, new) in [(4, 20), (5, 20), (16, 20), (19, 20), (20, 20)] {
        let (old_root, new_root) = (log::root(&honest, old).unwrap(), log::root(&rewritten, new).unwrap());
        for proof in [consistent(&honest, old, new), consistent(&rewritten, old, new)] {
            assert_eq!(proof.verify(&old_root, &new_root), Err(BadProof::Root), "{old} to {new}");
        }
    }
}

#[test]
fn decoding_caps_paths_before_it_allocates() {
    let proof = InclusionProof { size: u64::MAX, index: 0, path: vec![Hash32::ZERO; 64] };
    assert_eq!(decode(&encode(&proof), 10_000), Ok(proof.clone()));
    let longer = InclusionProof { path: vec![Hash32::ZERO; 65], ..proof };
    assert_eq!(decode::<InclusionProof>(&encode(&longer), 10_000), Err(DecodeError::Malformed));
    let longer = ConsistencyProof { old: 1, new: 2, path: vec![Hash32::ZERO; 66] };
    assert_eq!(decode::<ConsistencyProof>(&encode(&longer), 10_000), Err(DecodeError::Malformed));
    // The largest positions that exist must end in a refusal, not in an overflow.
    let far = InclusionProof { size: u64::MAX, index: u64::MAX - 1, path: vec![Hash32::ZERO; 64] };
    assert!(far.verify(&Hash32::ZERO, &Hash32::ZERO).is_err());
    let far = ConsistencyProof { old: u64::MAX - 1, new: u64::MAX, path: vec![Hash32::ZERO; 65] };
    assert!(far.verify(&Hash32::ZERO, &Hash32::ZERO).is_err());
}

#[test]
fn a_frontier_decodes_only_with_its_peaks() {
    let mut frontier = Frontier::new();
    assert_eq!(decode(&encode(&frontier), 4_096), Ok(frontier.clone()));
    for leaf in leaves(11) {
        frontier.append(leaf);
    }
    let bytes = encode(&frontier);
    assert_eq!(decode(&bytes, 4_096), Ok(frontier));
    let peaks = vec![Hash32::ZERO; 3];
    for (size, fits) in [(11_u64, true), (13, true), (12, false), (15, false), (0, false)] {
        assert_eq!(decode::<Frontier>(&encode(&(size, &peaks)), 4_096).is_ok(), fits, "size {size}");
    }
    let too_large = (u64::MAX, vec![Hash32::ZERO; 64]);
    assert_eq!(decode::<Frontier>(&encode(&too_large), 4_096), Err(DecodeError::Malformed));
}

#[test]
fn a_frontier_reports_each_perfect_subtree_once() {
    let all = Naive(leaves(67));
    let (mut frontier, mut seen) = (Frontier::new(), BTreeMap::new());
    for leaf in &all.0 {
        frontier.append_with(*leaf, &mut |level, index, hash| {
            assert_eq!(seen.insert((level, index), *hash), None, "level {level}, number {index}");
        });
    }
    let expected: Vec<_> = (0..7_u8).flat_map(|level| (0..67_u64 >> level).map(move |index| (level, index))).collect();
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), expected);
    for ((level, index), hash) in seen {
        assert_eq!(all.subtree(level, index), Ok(hash));
    }
}

/// Tiles as a store keeps them; every append must continue where the tile ended.
#[derive(Default)]
struct Tiles(BTreeMap<TileId, Vec<Hash32>>);

impl Tiles {
    fn grow(&mut self, frontier: &mut Frontier, leaves: &[Hash32]) {
        for row in tile::append(frontier, leaves) {
            let mut total = 0;
            for part in row.tiles() {
                let held = self.0.entry(part.tile).or_default();
                assert_eq!(held.len(), part.held, "{:?}", part.tile);
                held.extend_from_slice(part.hashes);
                assert!(held.len() <= TILE_WIDTH);
                total += part.hashes.len();
            }
            assert_eq!(total, row.hashes.len());
        }
    }
}

impl TileRead for Tiles {
    type Error = Infallible;

    fn tile(&self, level: u8, index: u64) -> Result<Vec<Hash32>, Infallible> {
        Ok(self.0.get(&TileId { level, index }).cloned().unwrap_or_default())
    }
}

#[test]
fn tiles_give_the_models_hashes_across_their_borders() {
    let all = leaves(65_537);
    let (mut tiles, mut frontier) = (Tiles::default(), Frontier::new());
    for size in [0, 1, 255, 256, 257, 511, 512, 513, 1_000, 2_700, 65_535, 65_536, 65_537_usize] {
        let from = usize::try_from(frontier.size()).unwrap();
        tiles.grow(&mut frontier, &all[from..size]);
        let (size, root) = (size as u64, mth(&all[..size]));
        assert_eq!(frontier.root(), root, "frontier at {size}");
        let log = TiledLog::new(&tiles);
        assert_eq!(log::root(&log, size), Ok(root), "tiles at {size}");
        for index in [0, 1, size / 3, size / 2, size.saturating_sub(2), size.saturating_sub(1)] {
            let Some(proof) = prove_inclusion(&log, size, index).unwrap() else { continue };
            assert_eq!(proof.verify(&leaf(index), &root), Ok(()), "{index} in {size}");
            let proof = prove_consistency(&log, index, size).unwrap().unwrap();
            let old_root = mth(&all[..usize::try_from(index).unwrap()]);
            assert_eq!(proof.verify(&old_root, &root), Ok(()), "{index} to {size}");
        }
        for (id, hashes) in &tiles.0 {
            let expected = (size >> (8 * id.level)).saturating_sub(256 * id.index).min(256);
            assert_eq!(hashes.len() as u64, expected, "{id:?} at {size}");
        }
    }
    let rows = |level| tiles.0.keys().filter(|id| id.level == level).count();
    assert_eq!([rows(0), rows(1), rows(2), rows(3)], [257, 1, 1, 0]);
}

#[test]
fn a_short_tile_is_an_error_and_not_a_hash() {
    let (mut tiles, mut frontier) = (Tiles::default(), Frontier::new());
    tiles.grow(&mut frontier, &leaves(300));
    let second = TileId { level: 0, index: 1 };
    tiles.0.get_mut(&second).unwrap().truncate(43);
    assert_eq!(log::root(&TiledLog::new(&tiles), 300), Err(TileError::Short(second)));
    tiles.0.clear();
    assert!(matches!(log::root(&TiledLog::new(&tiles), 300), Err(TileError::Short(_))));
}

#[test]
fn subtrees_of_a_tile_are_the_models() {
    let all = leaves(256);
    for level in 0..=8_u8 {
        for (index, part) in all.chunks(1 << level).enumerate() {
            assert_eq!(subtree_from_tile(&all, level, index), Some(mth(part)));
            // In a partial tile only what is complete has a hash.
            let whole = (index + 1) << level <= 200;
            assert_eq!(subtree_from_tile(&all[..200], level, index).is_some(), whole, "{level} {index}");
        }
        assert_eq!(subtree_from_tile(&all, level, 256 >> level), None);
    }
    assert_eq!(subtree_from_tile(&all, 9, 0), None);
}

#[test]
fn tile_paths_are_those_of_tlog_tiles() {
    let path = |level, index, width| TilePath::new(TileId { level, index }, width).unwrap();
    for (path, text) in [
        (path(0, 0, 256), "tile/0/000"),
        (path(1, 7, 1), "tile/1/007.p/1"),
        (path(0, 1_234, 17), "tile/0/x001/234.p/17"),
        (path(2, 1_234_067, 256), "tile/2/x001/x234/067"),
        (path(7, 1_000, 255), "tile/7/x001/000.p/255"),
        (path(0, u64::MAX, 256), "tile/0/x018/x446/x744/x073/x709/x551/615"),
    ] {
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path));
    }
    for text in [
        "tile/0/0",
        "tile/00/000",
        "tile/8/000",
        "tile/0/x000/001",
        "tile/0/001/x234",
        "tile/0/x001/x234",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/017",
        "tile/0/+00",
        "tile/0/",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "/tile/0/000",
        "tile/entries/000",
    ] {
        assert!(text.parse::<TilePath>().is_err(), "{text}");
    }
    assert_eq!(TilePath::new(TileId { level: 0, index: 0 }, 257), None);
}

#[test]
fn bundles_of_entries_are_named_after_their_tile() {
    for (index, width, text) in
        [(0, 256, "tile/entries/000"), (1_234, 17, "tile/entries/x001/234.p/17"), (7, 1, "tile/entries/007.p/1")]
    {
        let path = EntriesPath::new(index, width).unwrap();
        assert_eq!(path.to_string(), text);
        assert_eq!(text.parse(), Ok(path));
    }
    for text in ["tile/entries/0", "tile/entries/000.p/256", "tile/entries/", "tile/0/000", "entries/000"] {
        assert!(text.parse::<EntriesPath>().is_err(), "{text}");
    }
    assert_eq!(EntriesPath::new(0, 0), None);
}
