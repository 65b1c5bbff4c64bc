//! Checkpoints that witnesses have signed.

use sampan_proto::checkpoint::Note;
use sampan_proto::entry::Entry;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::proof::{Binary, Bundle, NamedHead, Policy, WitnessPart};

use super::{Cases, cast};
use crate::support::digest;
use crate::support::story::{Story, surrender};
use crate::support::witness::{self, known, names};

fn seen(story: &Story, height: u64, change: impl FnOnce(&mut Note)) -> WitnessPart {
    witness::seen(&story.chain, Height(4), Height(height), change)
}

pub(super) fn witness(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let witnesses = [known("port.example", 9).0];
    let asked = Policy { witnesses: &witnesses, ..Policy::default() };
    let of = |part| Bundle { witness: Some(part), ..chain.bundle() };
    let old = of(seen(story, 2, |_| ()));
    cases.good("a witness, not asked for", &old);
    cases.add("a witness of an older log", &old, &asked, &[], None);
    cases.add("a witness of the same log", &of(seen(story, 4, |_| ())), &asked, &[], None);
    cases.add("witness, none", &chain.bundle(), &asked, &["witness"], None);
    let strangers = [known("port.example", 8).0, known("harbour.example", 9).0];
    let stranger = Policy { witnesses: &strangers, ..Policy::default() };
    cases.add("witness, strangers", &old, &stranger, &["witness"], None);
    let other = of(seen(story, 2, |note| note.checkpoint.log.root = digest(7)));
    cases.add("witness, of a log that is not ours", &other, &asked, &["witness"], None);
    let abroad = of(seen(story, 2, |note| note.checkpoint.chain.0 = digest(7)));
    cases.add("witness, of another network", &abroad, &asked, &["witness"], None);
    let mut bad = |name: &str, change: &dyn Fn(&mut WitnessPart)| {
        let mut bundle = old.clone();
        change(bundle.witness.as_mut().expect("a witness"));
        cases.add(name, &bundle, &asked, &["witness"], None);
    };
    bad("witness, a proof cut short", &|part| {
        part.consistency.0.path.pop();
    });
    bad("witness, no checkpoint", &|part| part.note.truncate(1));
    bad("witness, another time", &|part| {
        let mut note = Note::parse(part.note.as_bytes()).expect("a checkpoint");
        note.signatures[1].bytes[7] ^= 1;
        part.note = note.to_string();
    });
    bad("witness, a fourth line", &|part| part.note = part.note.replacen("\n\n", "\nmore\n\n", 1));
    let mut newer = witness::bundle(chain, Height(2), Height(4));
    newer.witness.as_mut().expect("a witness").names = None;
    cases.add("a witness of a newer log", &newer, &asked, &[], None);
    named(cases, &asked);
}

/// Witnesses of logs that name the head, after the anchor's time is over.
fn named(cases: &mut Cases, asked: &Policy<'_>) {
    let mut story = Story::tell();
    story.chain.block(&[]);
    let given_up = story.chain.say(cast::BUYER, 9, surrender(story.bill, 3, cast::CARRIER));
    story.chain.block(&[given_up]);
    let chain = &story.chain;
    let late = cast::BEGIN_MS + chain.genesis.parameters.trusting_period_ms + 1;
    let late = Policy { now_ms: Some(late), strict: true, ..*asked };
    let at_once = witness::bundle(chain, Height(2), Height(6));
    cases.add("a witness of the next block", &at_once, &late, &[], None);
    let good = witness::bundle(chain, Height(3), Height(6));
    cases.good("a witness of a block, not asked for", &good);
    cases.add("a witness of a block after quiet ones", &good, &late, &[], None);
    let calm = Policy { strict: false, ..late };
    let old = witness::seen(chain, Height(3), Height(6), |_| ());
    cases.add("a witness of a log, late", &Bundle { witness: Some(old), ..good.clone() }, &calm, &[], None);
    let stranger = Policy { witnesses: &[], ..late };
    cases.add("a witness of a block, unknown", &good, &stranger, &["anchor age"], None);
    let mut bad = |name: &str, change: &dyn Fn(&mut NamedHead)| {
        let mut bundle = good.clone();
        change(bundle.witness.as_mut().and_then(|part| part.names.as_mut()).expect("a way"));
        cases.add(name, &bundle, &late, &["anchor age", "witness"], None);
    };
    bad("witness, a header left out", &|way| {
        way.between.remove(0);
    });
    bad("witness, the last header left out", &|way| way.between.truncate(1));
    bad("witness, headers in another order", &|way| way.between.reverse());
    bad("witness, a header changed", &|way| way.between[1].0.time_ms += 1);
    bad("witness, a header of a version to come", &|way| way.between[1].0.version = 2);
    bad("witness, an entry changed", &|way| {
        if let Entry::Block(block) = &mut way.entry.0 {
            block.height = Height(7);
        }
    });
    bad("witness, an entry of another head", &|way| {
        if let Entry::Block(block) = &mut way.entry.0 {
            block.previous = HeaderHash(digest(7));
        }
    });
    bad("witness, an entry of an act", &|way| way.entry = Binary(chain.entries[1].clone()));
    bad("witness, an earlier entry", &|way| *way = names(chain, Height(2), Height(6)));
    bad("witness, a path to another log", &|way| way.path.0.size -= 1);
    bad("witness, a path cut short", &|way| {
        way.path.0.path.pop();
    });
    let mut forged = good.clone();
    forged.head.header.0.state_root = digest(7);
    forged.head.certificate.0 = super::certify(&chain.genesis, &forged.head.header.0, &[0, 1, 2]);
    cases.add("witness, another state under the same log", &forged, &late, &["anchor age", "witness"], None);
}
