use std::collections::BTreeSet;
use std::sync::Arc;

use sampan_proto::reject::Code;

use super::*;
use crate::core::ledger::fixtures::{Network, T0};

const ROOMY: Limits = Limits { bytes: 1 << 20, per_member: 100 };

fn issue(net: &Network, member: &str, number: &str) -> Admitted {
    net.admit(net.issue_form_e(member, number, "ningbo-tools"))
}

#[test]
fn members_take_turns_and_each_keeps_its_order() {
    let net = Network::new();
    let mut pool = Mempool::new(ROOMY);
    let waiting = [
        issue(&net, "ccpit-ningbo", "E1"),
        issue(&net, "ccpit-ningbo", "E2"),
        issue(&net, "ccpit-ningbo", "E3"),
        issue(&net, "moit-hanoi", "V1"),
    ];
    for admitted in &waiting {
        assert_eq!(pool.insert(admitted, false), Ok(true));
    }
    let ids = |documents: &[Arc<Document>]| -> Vec<_> { documents.iter().map(|d| d.statement().id()).collect() };
    let [e1, e2, e3, v1] = waiting.each_ref().map(|admitted| admitted.document().statement().id());
    assert_eq!(ids(&pool.candidates(10, 1 << 20)), [e1, v1, e2, e3]);
    assert_eq!(ids(&pool.candidates(2, 1 << 20)), [e1, v1]);
    let two = waiting[0].document().size() + waiting[3].document().size();
    assert_eq!(ids(&pool.candidates(10, two)), [e1, v1], "no more bytes than asked for");
}

#[test]
fn full_by_bytes_and_by_member_are_told_apart_and_store_nothing() {
    let net = Network::new();
    let first = issue(&net, "ccpit-ningbo", "E1");
    let second = issue(&net, "ccpit-ningbo", "E2");
    let mut small = Mempool::new(Limits { bytes: first.document().size() + 10, per_member: 100 });
    assert_eq!(small.insert(&first, false), Ok(true));
    assert_eq!(small.insert(&second, false).map_err(|reject| reject.code), Err(Code::MempoolFull));
    let mut narrow = Mempool::new(Limits { bytes: 1 << 20, per_member: 1 });
    assert_eq!(narrow.insert(&first, false), Ok(true));
    assert_eq!(narrow.insert(&second, false).map_err(|reject| reject.code), Err(Code::MemberQuota));
    for pool in [&small, &narrow] {
        assert_eq!((pool.len(), pool.bytes()), (1, first.document().size()));
        assert!(pool.by_statement(&second.document().statement().id()).is_none());
    }
}

#[test]
fn a_member_leaves_as_much_room_as_it_takes() {
    let net = Network::new();
    let size = issue(&net, "ccpit-ningbo", "E0").document().size();
    let mut pool = Mempool::new(Limits { bytes: 12 * size + size / 2, per_member: 100 });
    let mut fill = |member: &str| {
        (0..20).filter(|i| pool.insert(&issue(&net, member, &format!("{member}{i}")), false) == Ok(true)).count()
    };
    assert_eq!(fill("ccpit-ningbo"), 6, "alone it fills half");
    assert_eq!(fill("moit-hanoi"), 3, "and the next one half of the rest");
    let one = issue(&net, "ccpit-ningbo", "more");
    assert_eq!(pool.insert(&one, false).map_err(|reject| reject.code), Err(Code::MemberQuota));
    let done = pool.candidates(1, 1 << 20)[0].statement().id();
    pool.remove(&done);
    assert_eq!(pool.len(), 8);
}

#[test]
fn the_same_statement_waits_once_and_leaves_no_trace_when_it_goes() {
    let net = Network::new();
    let mut pool = Mempool::new(ROOMY);
    let admitted = issue(&net, "ccpit-ningbo", "E1");
    let statement = admitted.document().statement();
    assert_eq!(pool.insert(&admitted, false), Ok(true));
    assert_eq!(pool.insert(&admitted, false), Ok(false));
    let keys = BTreeSet::from([contested(statement)]);
    assert_eq!(pool.rivals(&keys).len(), 1);
    assert!(pool.remove(&statement.id()).is_some());
    assert!(pool.is_empty() && pool.bytes() == 0 && pool.rivals(&keys).is_empty());
    assert!(pool.candidates(10, 1 << 20).is_empty());
    assert!(pool.remove_expired(u64::MAX).is_empty());
}

#[test]
fn what_expired_goes_and_what_expires_now_stays() {
    let net = Network::new();
    let mut pool = Mempool::new(ROOMY);
    let admitted = issue(&net, "ccpit-ningbo", "E1");
    let not_after_ms = admitted.document().statement().statement().not_after_ms;
    assert!(not_after_ms > T0);
    assert_eq!(pool.insert(&admitted, false), Ok(true));
    assert!(pool.remove_expired(not_after_ms).is_empty(), "a block at its last moment may still take it");
    assert_eq!(pool.remove_expired(not_after_ms + 1).len(), 1);
    assert!(pool.is_empty());
}
