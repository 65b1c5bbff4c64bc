//! What a snapshot stands on: a header that the genesis leads to, and the handovers that lead there.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use std::convert::Infallible;

use sampan_proto::proof::{BadPath, Binary, Broken, Handover};
use sampan_proto::snapshot::{BadSnapshot, CheckedManifest, LogEdge, Manifest};
use support::chain::certify;
use support::story::Story;

/// The snapshot of a block that hands over: of height 2, where the last validator loses its seat.
fn handing_over(story: &Story) -> Manifest {
    let step = story.handed_over().trust_path.remove(0);
    let edge = edge(story, step.header.0.log_size);
    Manifest { header: step.header.0.clone(), certificate: step.certificate.0.clone(), handovers: vec![step], edge }
}

/// The right edge of the log's first entries, few enough for one tile.
fn edge(story: &Story, size: u64) -> LogEdge {
    let leaves = |_, _| Ok::<_, Infallible>(story.chain.log.0.clone());
    LogEdge::read(size, leaves).expect("in memory")
}

/// The block of a height, as if it handed over to the roster that there is.
fn idle(story: &Story, height: usize) -> Handover {
    let (header, certificate) = story.chain.heads[height - 1].clone();
    let roster = Binary(story.chain.genesis.roster.clone());
    Handover { header: Binary(header), certificate: Binary(certificate), roster }
}

fn check(story: &Story, manifest: Manifest) -> Result<CheckedManifest, BadSnapshot> {
    manifest.check(story.chain.genesis.chain, &story.chain.genesis.roster)
}

#[test]
fn a_block_that_hands_over_leads_to_the_next_roster() {
    let story = Story::tell();
    let manifest = handing_over(&story);
    let checked = check(&story, manifest.clone()).expect("honest");
    assert_eq!(checked.roster, manifest.handovers[0].roster.0);
    assert_eq!(checked.manifest, manifest);
}

/// A node keeps one certificate of a height: the handover's must not put a worse one in its place.
#[test]
fn a_blocks_own_handover_has_the_certificate_that_was_verified() {
    let story = Story::tell();
    let honest = handing_over(&story);
    let refused = |edit: &dyn Fn(&mut Handover)| {
        let mut manifest = honest.clone();
        edit(&mut manifest.handovers[0]);
        assert_eq!(check(&story, manifest), Err(BadSnapshot::Header));
    };
    refused(&|step| step.certificate.0.signatures.truncate(1));
    refused(&|step| step.certificate.0.round += 1);
    refused(&|step| step.certificate.0 = certify(&story.chain.genesis, &step.header.0, &[1, 2, 3]));
    refused(&|step| step.roster.0 = story.chain.genesis.roster.clone());
    refused(&|step| step.header.0.time_ms += 1);
}

#[test]
fn a_step_that_changes_nothing_is_no_handover() {
    let story = Story::tell();
    let mut before = handing_over(&story);
    before.handovers.insert(0, idle(&story, 1));
    assert_eq!(check(&story, before), Err(BadSnapshot::Path(BadPath { step: 1, why: Broken::Unchanged })));
    let step = idle(&story, 3);
    let (header, certificate) = (step.header.0.clone(), step.certificate.0.clone());
    let edge = edge(&story, header.log_size);
    let plain = Manifest { header, certificate, handovers: Vec::new(), edge };
    assert!(check(&story, plain.clone()).is_ok());
    assert_eq!(check(&story, Manifest { handovers: vec![step], ..plain }), Err(BadSnapshot::Header));
}
