use std::fs;

use sampan_proto::hash::Domain;
use sampan_proto::ids::ChainId;
use sampan_proto::keys::SecretKey;
use sampan_proto::vote::{Signed, Vote, VoteType};
use tempfile::TempDir;

use super::*;

const H: Height = Height(7);

fn vote(round: u32) -> WalEntry {
    let key = SecretKey::from_seed([3; 32]);
    let chain = ChainId(Domain::Genesis.hash(b"test"));
    let vote = Vote { chain, vote_type: VoteType::Prevote, height: H, round, block: None, validator: key.public() };
    WalEntry::Vote(Signed::sign(vote, &key))
}

fn scratch() -> (TempDir, PathBuf) {
    let dir = TempDir::new().expect("directory");
    let path = dir.path().join("consensus.wal");
    (dir, path)
}

/// A log of height 7 with one synced group for each vote.
fn written(path: &Path, votes: std::ops::Range<u32>) -> Wal {
    let (mut wal, _) = Wal::open(path, Disk::default()).expect("opened");
    wal.rotate(H).expect("rotated");
    for round in votes {
        wal.append(H, &vote(round));
        wal.sync().expect("synced");
    }
    wal
}

fn recorded(path: &Path) -> Vec<WalEntry> {
    let (wal, recorded) = Wal::open(path, Disk::default()).expect("opened");
    let (height, entries) = recorded.expect("a log");
    assert_eq!((height, wal.height()), (H, H));
    entries
}

fn votes(rounds: std::ops::Range<u32>) -> Vec<WalEntry> {
    rounds.map(vote).collect()
}

#[test]
fn crc_is_the_one_of_zip_and_png() {
    // The check value of CRC-32/ISO-HDLC.
    assert_eq!(crc32(&[b"123456789"]), 0xcbf4_3926);
    assert_eq!(crc32(&[b"1234", b"56789"]), 0xcbf4_3926);
}

#[test]
fn entries_come_back_in_order() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..5));
    assert_eq!(recorded(&path), votes(0..5));
}

#[test]
fn a_reopened_log_goes_on_where_it_ended() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..2));
    let (mut wal, _) = Wal::open(&path, Disk::default()).expect("opened");
    wal.append(H, &vote(2));
    wal.append(H, &vote(3));
    wal.sync().expect("synced");
    drop(wal);
    assert_eq!(recorded(&path), votes(0..4));
}

#[test]
fn a_new_log_takes_nothing_before_it_has_a_height() {
    let (_dir, path) = scratch();
    let (mut wal, nothing) = Wal::open(&path, Disk::default()).expect("opened");
    assert!(nothing.is_none());
    wal.append(Height::GENESIS, &vote(0));
    wal.sync().expect("synced");
    drop(wal);
    let (_, recorded) = Wal::open(&path, Disk::default()).expect("opened");
    assert_eq!(recorded, Some((Height::GENESIS, Vec::new())));
}

#[test]
fn only_what_was_synced_is_durable() {
    let (_dir, path) = scratch();
    let mut wal = written(&path, 0..1);
    let length = fs::metadata(&path).expect("file").len();
    wal.append(H, &vote(1));
    assert_eq!(fs::metadata(&path).expect("file").len(), length);
    wal.sync().expect("synced");
    let synced = fs::metadata(&path).expect("file").len();
    assert!(synced > length);
    wal.sync().expect("nothing to do");
    assert_eq!(fs::metadata(&path).expect("file").len(), synced);
}

#[test]
fn entries_of_other_heights_are_ignored() {
    let (_dir, path) = scratch();
    let mut wal = written(&path, 0..1);
    wal.append(Height(6), &vote(1));
    wal.append(Height(8), &vote(2));
    wal.sync().expect("synced");
    drop(wal);
    assert_eq!(recorded(&path), votes(0..1));
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_log_goes_on() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..2));
    let start = fs::read(&path).expect("read").len();
    drop(written(&path, 0..3));
    let whole = fs::read(&path).expect("read");
    for length in start..whole.len() {
        fs::write(&path, &whole[..length]).expect("written");
        let (mut wal, recorded) = Wal::open(&path, Disk::default()).expect("opened");
        assert_eq!(recorded, Some((H, votes(0..2))), "cut at {length}");
        assert_eq!(fs::metadata(&path).expect("file").len(), start as u64, "cut at {length}");
        wal.append(H, &vote(2));
        wal.sync().expect("synced");
        assert_eq!(fs::read(&path).expect("read"), whole, "cut at {length}");
    }
}

#[test]
fn a_tail_whose_first_page_never_reached_the_disk_is_cut() {
    let (_dir, path) = scratch();
    let mut wal = written(&path, 0..1);
    let start = fs::read(&path).expect("read").len();
    for round in 1..100 {
        wal.append(H, &vote(round));
    }
    wal.sync().expect("synced");
    let mut torn = fs::read(&path).expect("read");
    assert!(torn.len() > start + 8_192);
    torn[start..start + 4_096].fill(0);
    fs::write(&path, &torn).expect("written");
    assert_eq!(recorded(&path), votes(0..1));
}

#[test]
fn a_flipped_byte_before_later_entries_is_refused_wherever_it_is() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..1));
    let start = fs::read(&path).expect("read").len();
    drop(written(&path, 0..2));
    let end = fs::read(&path).expect("read").len();
    drop(written(&path, 0..3));
    let whole = fs::read(&path).expect("read");
    for offset in 0..end {
        let mut damaged = whole.clone();
        damaged[offset] ^= 0x10;
        fs::write(&path, &damaged).expect("written");
        let refused = Wal::open(&path, Disk::default());
        assert!(matches!(refused, Err(Fatal::Damaged(_))), "flipped at {offset}: {refused:?}");
        assert_eq!(fs::read(&path).expect("read"), damaged, "a refused file is left as it is");
    }
    // In the last group nothing tells damage from a torn tail.
    assert!(end > start);
    let mut damaged = whole.clone();
    damaged[end + 9] ^= 0x10;
    fs::write(&path, &damaged).expect("written");
    assert_eq!(recorded(&path), votes(0..2));
}

#[test]
fn a_refusal_says_where_and_what_to_do() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..3));
    let mut damaged = fs::read(&path).expect("read");
    damaged[HEADER_BYTES + 9] ^= 1;
    fs::write(&path, &damaged).expect("written");
    let refused = Wal::open(&path, Disk::default()).expect_err("refused").to_string();
    assert!(refused.contains("consensus.wal: unreadable at byte 24"), "{refused}");
    assert!(refused.contains("start it with --restored"), "{refused}");
}

#[test]
fn a_group_moved_to_another_place_or_height_is_not_read() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..1));
    let one = fs::read(&path).expect("read");
    let twice = [&one[..], &one[HEADER_BYTES..]].concat();
    fs::write(&path, &twice).expect("written");
    assert_eq!(recorded(&path), votes(0..1));
    let other = [&encode_header(Height(8))[..], &one[HEADER_BYTES..]].concat();
    fs::write(&path, &other).expect("written");
    assert_eq!(Wal::open(&path, Disk::default()).expect("opened").1, Some((Height(8), Vec::new())));
}

#[test]
fn rotation_forgets_the_height_before() {
    let (_dir, path) = scratch();
    let mut wal = written(&path, 0..3);
    wal.append(H, &vote(3));
    wal.rotate(H.next()).expect("rotated");
    assert_eq!(wal.height(), H.next());
    wal.append(H, &vote(4));
    wal.sync().expect("synced");
    assert_eq!(Wal::open(&path, Disk::default()).expect("opened").1, Some((H.next(), Vec::new())));
    wal.append(H.next(), &vote(5));
    wal.sync().expect("synced");
    assert_eq!(Wal::open(&path, Disk::default()).expect("opened").1, Some((H.next(), votes(5..6))));
}

#[test]
fn killed_between_the_new_file_and_its_name_the_old_log_stands() {
    let (_dir, path) = scratch();
    drop(written(&path, 0..2));
    for half in [&b""[..], &encode_header(H.next())[..10], &encode_header(H.next())] {
        fs::write(path.with_extension("new"), half).expect("written");
        assert_eq!(recorded(&path), votes(0..2));
    }
    let (mut wal, _) = Wal::open(&path, Disk::default()).expect("opened");
    wal.rotate(H.next()).expect("rotated");
    assert!(!path.with_extension("new").exists());
    drop(wal);
    assert_eq!(Wal::open(&path, Disk::default()).expect("opened").1, Some((H.next(), Vec::new())));
}

#[test]
fn another_file_or_version_is_refused() {
    let (_dir, path) = scratch();
    for bytes in [&b""[..], b"sampanwl", b"something else that is long enough"] {
        fs::write(&path, bytes).expect("written");
        assert!(matches!(Wal::open(&path, Disk::default()), Err(Fatal::Damaged(_))), "{bytes:?}");
    }
    let mut header = encode_header(H);
    header[8] = 2;
    let crc = crc32(&[&header[..20]]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, &header).expect("written");
    let refused = Wal::open(&path, Disk::default()).expect_err("refused").to_string();
    assert!(refused.contains("another version"), "{refused}");
}

#[test]
fn after_a_failed_write_nothing_more_is_written() {
    let (_dir, path) = scratch();
    let mut wal = written(&path, 0..1);
    // A handle that cannot write stands for a disk that fails.
    wal.file = File::open(&path).expect("opened");
    wal.append(H, &vote(1));
    assert!(matches!(wal.sync(), Err(Fatal::File { .. })));
    assert!(matches!(wal.sync(), Err(Fatal::Damaged(_))));
    assert!(matches!(wal.rotate(H.next()), Err(Fatal::Damaged(_))));
    drop(wal);
    assert_eq!(recorded(&path), votes(0..1));
}
