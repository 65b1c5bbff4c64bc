//! Pinned headers as anchors: what they let a bundle prove, and files that are none.

use sampan_proto::block::Header;
use sampan_proto::genesis::{Genesis, Parameters};
use sampan_proto::proof::{Binary, Bundle, Head, Outcome, Pin, Policy, verify};
use sampan_proto::roster::Roster;

use crate::bundles::word;
use crate::sheet::{Json, object, settle};
use crate::support::chain::certify;
use crate::support::digest;
use crate::support::story::Story;

#[derive(Default)]
struct Cases(Vec<Json>);

impl Cases {
    /// A bundle from a pin; `broken` is the rung that does not hold.
    fn add(&mut self, name: &str, pin: &Pin, bundle: &Bundle, policy: &Policy<'_>, broken: Option<&str>) {
        let ladder = verify(bundle, pin, policy);
        let invalid: Vec<_> =
            ladder.rungs().iter().filter(|rung| word(rung.verdict) == "INVALID").map(|rung| rung.name).collect();
        assert_eq!(invalid, broken.into_iter().collect::<Vec<_>>(), "{name}: {ladder:#?}");
        assert_eq!(ladder.outcome() == Outcome::Valid, broken.is_none(), "{name}");
        let rungs = ladder.rungs().iter().map(|rung| Json::List(vec![rung.name.into(), word(rung.verdict).into()]));
        self.0.push(object([
            ("name", name.into()),
            ("anchor", serde_json::to_string(pin).expect("JSON").into()),
            ("bundle", serde_json::to_string(bundle).expect("JSON").into()),
            ("now_ms", policy.now_ms.into()),
            ("strict", policy.strict.into()),
            ("outcome", word(ladder.outcome()).into()),
            ("rungs", rungs.collect::<Vec<_>>().into()),
        ]));
    }

    fn refused(&mut self, name: &str, text: &str) {
        assert!(Pin::from_json(text.as_bytes()).is_err(), "{name}");
        self.0.push(object([("name", name.into()), ("anchor", text.into()), ("outcome", "REFUSED".into())]));
    }
}

fn head(story: &Story, height: usize) -> Head {
    let (header, certificate) = story.chain.heads[height - 1].clone();
    Head { header: Binary(header), certificate: Binary(certificate) }
}

#[test]
fn anchors() {
    let story = Story::tell();
    let genesis = &story.chain.genesis;
    let pin = Pin::new(&genesis.network, head(&story, 3), genesis.roster.clone(), Some(&genesis.parameters));
    let pin = pin.expect("they belong together");
    let mut cases = Cases::default();
    proofs(&mut cases, &story, &pin);
    handovers(&mut cases, &story, &pin);
    ages(&mut cases, &story);
    files(&mut cases, &story, &pin);
    settle("anchors.json", &[("cases", cases.0)]);
}

fn proofs(cases: &mut Cases, story: &Story, pin: &Pin) {
    let policy = Policy::default();
    let at = |height| Bundle { head: head(story, height), ..story.chain.bundle() };
    cases.add("a record after the pin", pin, &story.record_only(), &policy, None);
    cases.add("a block after the pin", pin, &at(4), &policy, None);
    cases.add("the pinned block itself", pin, &at(3), &policy, None);
    cases.add("a block before the pin", pin, &at(2), &policy, Some("roster"));
    let mut unsigned = at(3);
    unsigned.head.certificate.0 = certify(&story.chain.genesis, &unsigned.head.header.0, &[]);
    cases.add("the pinned block, which needs no signature", pin, &unsigned, &policy, None);
    let mut astray = at(3);
    astray.head.certificate.0.height.0 = 4;
    cases.add("the pinned block, a certificate of another", pin, &astray, &policy, Some("header"));
    let mut forged = at(3);
    forged.head.header.0.state_root = digest(1);
    forged.head.certificate.0 = certify(&story.chain.genesis, &forged.head.header.0, &[0, 1, 2]);
    cases.add("another block at the pinned height", pin, &forged, &policy, Some("roster"));
}

fn handovers(cases: &mut Cases, story: &Story, early: &Pin) {
    let policy = Policy::default();
    let bundle = story.handed_over();
    let next = bundle.trust_path[0].roster.0.clone();
    let after = Genesis { roster: next.clone(), ..story.chain.genesis.clone() };
    let (roster_hash, next_roster_hash) = (next.hash(), next.hash());
    let header = Header { roster_hash, next_roster_hash, ..story.chain.heads[2].0.clone() };
    let decided = Head { certificate: Binary(certify(&after, &header, &[0, 1, 2])), header: Binary(header) };
    let pin = Pin::new("harbour", decided, next, None).expect("they belong together");
    cases.add("a handover before the pin", &pin, &bundle, &policy, None);
    let mut leaked = bundle.clone();
    leaked.trust_path[0].roster.0 = story.chain.genesis.roster.clone();
    leaked.trust_path[0].certificate.0.signatures.clear();
    cases.add("a handover before the pin, which is not looked at", &pin, &leaked, &policy, None);
    cases.add("a roster that the pin does not lead to", &pin, &story.absent(), &policy, Some("roster"));
    cases.add("a handover that the pin's roster did not make", early, &bundle, &policy, Some("roster"));
    let first = Pin { head: head(story, 1), ..early.clone() };
    cases.add("a handover after the pin", &first, &bundle, &policy, None);
    let mut skipped = bundle;
    skipped.trust_path.clear();
    cases.add("a handover after the pin is left out", &first, &skipped, &policy, Some("roster"));
}

/// Under parameters by which anchors are good for ninety days, and without them for thirty.
fn ages(cases: &mut Cases, story: &Story) {
    const DAY_MS: u64 = 86_400_000;
    let genesis = &story.chain.genesis;
    let parameters = Parameters { trusting_period_ms: 90 * DAY_MS, ..genesis.parameters.clone() };
    let header = Header { parameters_hash: parameters.hash(), ..story.chain.heads[2].0.clone() };
    let decided = Head { certificate: Binary(certify(genesis, &header, &[0, 1, 2])), header: Binary(header) };
    let own = Pin::new(&genesis.network, decided, genesis.roster.clone(), Some(&parameters));
    let own = own.expect("they belong together");
    let blind = Pin { parameters: None, ..own.clone() };
    let begin = own.head.header.0.time_ms;
    for (name, pin, age_ms, strict, broken) in [
        ("ninety days", &own, 90 * DAY_MS, true, None),
        ("more than ninety days, a warning", &own, 90 * DAY_MS + 1, false, None),
        ("more than ninety days", &own, 90 * DAY_MS + 1, true, Some("anchor age")),
        ("thirty days without parameters", &blind, 30 * DAY_MS, true, None),
        ("more than thirty days without parameters", &blind, 30 * DAY_MS + 1, true, Some("anchor age")),
    ] {
        let policy = Policy { now_ms: Some(begin + age_ms), strict, ..Policy::default() };
        cases.add(name, pin, &story.chain.bundle(), &policy, broken);
    }
}

fn files(cases: &mut Cases, story: &Story, good: &Pin) {
    let mut bad = |name: &str, change: &dyn Fn(&mut Pin)| {
        let mut pin = good.clone();
        change(&mut pin);
        cases.refused(name, &serde_json::to_string(&pin).expect("JSON"));
    };
    bad("another media type", &|pin| pin.media_type.push('2'));
    bad("another version of the header", &|pin| pin.head.header.0.version = 2);
    bad("another network", &|pin| pin.chain.0 = digest(1));
    bad("a header that is changed", &|pin| pin.head.header.0.time_ms += 1);
    bad("another block's certificate", &|pin| pin.head.certificate = head(story, 2).certificate);
    bad("another roster", &|pin| {
        pin.roster.0 = Roster::new(pin.roster.0.validators()[1..].to_vec()).expect("a roster");
    });
    bad("other parameters", &|pin| {
        pin.parameters = Some(Binary(Parameters { freeze_quorum: 9, ..Parameters::default() }));
    });
    let text = serde_json::to_string(good).expect("JSON");
    let parameters = text.find(",\"parameters\"").expect("parameters");
    cases.refused("null for parameters", &format!("{},\"parameters\":null}}", &text[..parameters]));
    cases.refused("an unknown field", &format!("{},\"note\":1}}", &text[..text.len() - 1]));
    cases.refused("cut short", &text[..text.len() - 1]);
}
