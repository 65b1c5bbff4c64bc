//! Checkpoints that witnesses have signed.

use sampan_proto::checkpoint::{LogAt, Note, Signature, WitnessKey};
use sampan_proto::keys::SecretKey;
use sampan_proto::proof::{Binary, Bundle, Policy, WitnessPart};

use super::Cases;
use crate::support::digest;
use crate::support::story::Story;

const TIME: u64 = 1_767_225_600;

fn known(name: &str, seed: u8) -> (WitnessKey, SecretKey) {
    let key = SecretKey::from_seed([seed; 32]);
    (WitnessKey::new(name, key.public()).expect("a witness"), key)
}

/// The checkpoint of a height as a witness signed it, connected to that of the newest.
fn seen(story: &Story, height: usize, change: impl FnOnce(&mut Note)) -> WitnessPart {
    let (witness, key) = known("port.example", 9);
    let (header, certificate) = &story.chain.heads[height - 1];
    let mut note = Note::decided(header, certificate);
    change(&mut note);
    note.signatures.push(Signature::cosign(&note.checkpoint, &witness, &key, TIME));
    let consistency = story.chain.log.consistency(header.log_size, story.chain.log.size());
    WitnessPart { note: note.to_string(), consistency: Binary(consistency) }
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
    let newer = Bundle {
        head: sampan_proto::proof::Head {
            header: Binary(chain.heads[1].0.clone()),
            certificate: Binary(chain.heads[1].1.clone()),
        },
        ..of(seen(story, 4, |_| ()))
    };
    let (from, to) = (LogAt::from(&chain.heads[1].0).size, chain.log.size());
    let part =
        newer.witness.clone().map(|part| WitnessPart { consistency: Binary(chain.log.consistency(from, to)), ..part });
    cases.add("a witness of a newer log", &Bundle { witness: part, ..newer }, &asked, &[], None);
}
