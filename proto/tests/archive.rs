//! Archives: a chain that is executed again holds; one that is cut, reordered or altered does not, and the place is
//! named; and validators who all sign the wrong thing are found out.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use proptest::prelude::*;
use sampan_proto::archive::{End, Frame, LENGTH_BYTES, MAGIC};
use sampan_proto::audit::{Audit, Check, Fault};
use sampan_proto::block::{Block, Header};
use sampan_proto::body::Body;
use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::proof::{Ladder, Outcome, Verdict};
use sampan_proto::vote::Certificate;
use support::cast::{self, BUYER};
use support::chain::certify;
use support::digest;
use support::story::{Story, surrender, transfer};

/// The blocks of the story, with their documents.
fn blocks(story: &Story) -> Vec<Block> {
    let chain = &story.chain;
    let body = |entry: &Entry| -> Option<Body> {
        let Entry::Act(ActEntry { body: Some(commitment), .. }) = entry else { return None };
        [&story.bill_body, &story.origin_body].into_iter().find(|body| body.commitment() == *commitment).cloned()
    };
    let mut first = 0;
    let block = |(header, certificate): &(Header, Certificate)| {
        let acts = (first..header.log_size).filter(|index| chain.statements.contains_key(index));
        let (statements, bodies) = acts
            .map(|index| {
                let entry = &chain.entries[usize::try_from(index).expect("low")];
                (chain.statements[&index].clone(), body(entry))
            })
            .unzip();
        first = header.log_size;
        Block { header: header.clone(), certificate: certificate.clone(), statements, bodies }
    };
    chain.heads.iter().map(block).collect()
}

fn frames(blocks: &[Block]) -> Vec<Frame> {
    let genesis = Frame::Genesis(cast::written(&cast::genesis_file()));
    let last = blocks.last().expect("a block");
    let bodies = blocks.iter().flat_map(|block| &block.bodies).flatten().count() as u64;
    let end = Frame::End(End { height: last.header.height, block: last.header.hash(), bodies });
    let blocks = blocks.iter().map(|block| Frame::Block(Box::new(block.clone())));
    std::iter::once(genesis).chain(blocks).chain([end]).collect()
}

fn file(frames: &[Frame]) -> Vec<u8> {
    let frames = frames.iter().flat_map(|frame| frame.encode().expect("small"));
    MAGIC.iter().copied().chain(frames).collect()
}

/// Reads a file as an auditor does who knows the network's chain id. None: it is no archive, or of another network.
fn audited(bytes: &[u8]) -> Option<Ladder> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut frame = || -> Option<Frame> {
        let (length, more) = rest.split_first_chunk::<LENGTH_BYTES>()?;
        let (bytes, more) = more.split_at_checked(Frame::length(*length).ok()?)?;
        rest = more;
        Frame::decode(bytes).ok()
    };
    let Frame::Genesis(genesis) = frame()? else { return None };
    let genesis = Genesis::from_bytes(&genesis).ok().filter(|genesis| genesis.chain == cast::genesis().chain)?;
    let mut audit = Audit::new(genesis);
    loop {
        let step = match frame() {
            Some(Frame::Block(block)) => audit.block(&block),
            Some(Frame::End(end)) => audit.end(&end),
            Some(Frame::Genesis(_)) => Err(audit.unreadable(Check::Order, "a second genesis")),
            None => break,
        };
        if step.is_err() {
            return Some(audit.ladder());
        }
    }
    if !rest.is_empty() || audit.ladder().verdict("end") != Some(Verdict::Valid) {
        let _ = audit.unreadable(Check::End, "cut short, or something behind it");
    }
    Some(audit.ladder())
}

fn holds(bytes: &[u8]) -> bool {
    audited(bytes).is_some_and(|ladder| ladder.outcome() == Outcome::Valid)
}

#[test]
fn the_story_holds_and_ends_in_its_own_state() {
    let story = Story::tell();
    let blocks = blocks(&story);
    assert!(holds(&file(&frames(&blocks))));
    let mut audit = Audit::new(cast::genesis());
    for block in &blocks {
        audit.block(block).expect("it holds");
    }
    assert_eq!(audit.state().records, story.chain.records);
    assert_eq!(audit.tip().state_root, story.chain.state_root());
    assert_eq!((audit.count().statements, audit.count().bodies, audit.count().blocks), (4, 2, 4));
    assert_eq!(audit.ladder().verdict("end"), Some(Verdict::Skipped), "nobody said that this is all");
}

#[test]
fn without_documents_their_rung_is_skipped() {
    let mut blocks = blocks(&Story::tell());
    blocks[0].bodies = vec![None];
    let some = audited(&file(&frames(&blocks))).expect("an archive");
    assert_eq!((some.verdict("bodies"), some.outcome()), (Some(Verdict::Warn), Outcome::Valid));
    for block in &mut blocks {
        block.bodies.fill(None);
    }
    let none = audited(&file(&frames(&blocks))).expect("an archive");
    assert_eq!((none.verdict("bodies"), none.outcome()), (Some(Verdict::Skipped), Outcome::Valid));
    assert_eq!(none.verdict("state"), Some(Verdict::Valid), "the state stands on statements only");
}

#[test]
fn no_byte_can_be_altered_unseen() {
    let good = file(&frames(&blocks(&Story::tell())));
    // Inside of documents and signatures one byte is like the next; seven steps land in each field of each frame.
    for place in (0..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[place] ^= 1 << (place % 8);
        assert!(!holds(&bytes), "byte {place} of {}", good.len());
    }
}

#[test]
fn no_end_can_be_cut_off_and_none_added() {
    let frames = frames(&blocks(&Story::tell()));
    let good = file(&frames);
    for end in (0..good.len()).step_by(13) {
        assert!(!holds(&good[..end]), "cut at byte {end}");
    }
    for count in 0..frames.len() {
        assert!(!holds(&file(&frames[..count])), "cut after {count} frames");
    }
    assert!(!holds(&[good.as_slice(), &[0]].concat()));
    assert!(!holds(&[good.as_slice(), &frames[2].encode().expect("small")].concat()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Frames in another order, left out, or twice.
    #[test]
    fn no_order_but_the_one(order in prop::collection::vec(0_usize..6, 0..9)) {
        let frames = frames(&blocks(&Story::tell()));
        let other: Vec<_> = order.iter().map(|i| frames[*i].clone()).collect();
        prop_assert_eq!(holds(&file(&other)), order == [0, 1, 2, 3, 4, 5]);
    }
}

/// The story's blocks with one header that its validators signed all the same.
fn lie(number: usize, change: impl FnOnce(&mut Block)) -> Fault {
    let story = Story::tell();
    let mut blocks = blocks(&story);
    change(&mut blocks[number]);
    let header = blocks[number].header.clone();
    blocks[number].certificate = certify(&story.chain.genesis, &header, &[0, 1, 2]);
    let mut audit = Audit::new(cast::genesis());
    let fault = blocks.iter().find_map(|block| audit.block(block).err()).expect("a fault");
    assert_eq!(audit.ladder().verdict(fault.check.as_str()), Some(Verdict::Invalid));
    assert_eq!(audit.block(&blocks[0]), Err(fault.clone()), "nothing is looked at after a fault");
    fault
}

#[test]
fn validators_who_sign_the_wrong_thing_are_found_out_where_they_did() {
    type Change = fn(&mut Header);
    let headers: [(Check, Change); 11] = [
        (Check::State, |h| h.state_root = digest(1)),
        (Check::Log, |h| h.log_root = digest(1)),
        (Check::Log, |h| h.log_size += 1),
        (Check::Handovers, |h| h.roster_hash = digest(1)),
        (Check::Handovers, |h| h.next_roster_hash = digest(1)),
        (Check::Decisions, |h| h.parameters_hash = digest(1)),
        (Check::Statements, |h| h.payload_hash = digest(1)),
        (Check::Order, |h| h.previous = HeaderHash(digest(1))),
        (Check::Order, |h| h.time_ms = cast::BEGIN_MS),
        (Check::Order, |h| h.height = Height(9)),
        (Check::Order, |h| h.evidence_hash = digest(1)),
    ];
    for (check, change) in headers {
        let fault = lie(2, |block| change(&mut block.header));
        assert_eq!((fault.height, fault.check), (Height(3), check), "{fault}");
    }
    let early = lie(3, |block| block.header.time_ms -= 1);
    assert_eq!((early.height, early.check), (Height(4), Check::Order), "{early}");
}

#[test]
fn an_unlawful_statement_is_named() {
    let story = Story::tell();
    let bill = story.bill;
    for act in [transfer(bill, 2, BUYER), surrender(bill, 9, BUYER)] {
        let said = story.chain.say("pump-works", 77, act);
        let fault = lie(2, |block| {
            block.statements = vec![said.clone()];
            block.header.payload_hash = sampan_proto::block::payload_hash(&[said.envelope_id()]);
        });
        assert_eq!((fault.height, fault.check), (Height(3), Check::Law), "{fault}");
    }
}

#[test]
fn a_certificate_without_a_quorum_is_named() {
    let story = Story::tell();
    let mut blocks = blocks(&story);
    blocks[1].certificate = certify(&story.chain.genesis, &blocks[1].header, &[0, 1]);
    let mut audit = Audit::new(cast::genesis());
    let fault = blocks.iter().find_map(|block| audit.block(block).err()).expect("a fault");
    assert_eq!((fault.height, fault.check), (Height(2), Check::Certificates));
    assert!(fault.to_string().starts_with("block 2: certificates: "), "{fault}");
}

#[test]
fn another_document_is_named() {
    let story = Story::tell();
    let swap = |change: &dyn Fn(&mut Body)| {
        let mut blocks = blocks(&story);
        change(blocks[0].bodies[0].as_mut().expect("a document"));
        Audit::new(cast::genesis()).block(&blocks[0]).expect_err("a fault")
    };
    let changes: [fn(&mut Body); 3] = [|b| b.bytes.push(b' '), |b| b.salt[0] ^= 1, |b| b.pepper[0] ^= 1];
    for change in changes {
        assert_eq!(swap(&change).check, Check::Bodies);
    }
    let mut blocks = blocks(&story);
    blocks[2].bodies = vec![Some(story.bill_body.clone())];
    let mut audit = Audit::new(cast::genesis());
    let fault = blocks.iter().find_map(|block| audit.block(block).err()).expect("a fault");
    assert_eq!((fault.height, fault.check), (Height(3), Check::Bodies), "a transfer has no document");
}
