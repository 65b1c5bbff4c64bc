//! Whole bundles: good ones, ones with a lie on each rung, and files that are no bundle.

mod entries;
mod goods;
mod lies;
mod parts;
mod refused;
mod touched;
mod witness;

use sampan_proto::block::Header;
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use sampan_proto::keys::Signature;
use sampan_proto::member::Purpose;
use sampan_proto::proof::{Binary, Bundle, DisclosedBody, Outcome, Policy, verify};
use sampan_proto::statement::{DsseEnvelope, SignedStatement};

use crate::elsewhere::Elsewhere;
use crate::sheet::{Json, directory, object, settle, settle_text};
use crate::support::cast::{self, BANK, CARRIER, CHAMBER, TRADER};
use crate::support::chain::{Chain, certify};
use crate::support::digest;
use crate::support::story::Story;

/// The cases so far: each a file in `bundles/` and a line of `bundles.json`.
struct Cases {
    anchor: Genesis,
    index: Vec<Json>,
    files: Vec<String>,
}

impl Cases {
    /// Writes the file; gives its name without ending.
    fn file(&mut self, name: &str, text: &str) -> String {
        let stem = name.replace(", ", "-").replace(' ', "-").replace('\'', "");
        let file = format!("{stem}.json");
        assert!(!self.files.contains(&file), "{name} twice");
        settle_text(&format!("bundles/{file}"), text);
        self.files.push(file);
        stem
    }

    fn add(&mut self, name: &str, bundle: &Bundle, policy: &Policy<'_>, expected: &[&str], needs: Option<&str>) {
        let text = serde_json::to_string(bundle).expect("JSON");
        assert_eq!(Bundle::from_json(text.as_bytes()).as_ref(), Ok(bundle), "{name}");
        let stem = self.file(name, &text);
        let ladder = verify(bundle, &self.anchor, policy);
        let rungs = ladder.rungs().iter().map(|rung| Json::List(vec![rung.name.into(), word(rung.verdict).into()]));
        let rungs: Vec<_> = rungs.collect();
        let invalid: Vec<_> =
            ladder.rungs().iter().filter(|rung| word(rung.verdict) == "INVALID").map(|rung| rung.name).collect();
        assert_eq!(invalid, expected, "{name}: {ladder:#?}");
        let number = |value: Option<u64>| value.map_or(Json::Null, Json::Number);
        self.index.push(object([
            ("name", stem.into()),
            ("now_ms", number(policy.now_ms)),
            ("max_age_ms", number(policy.max_age_ms)),
            ("strict", policy.strict.into()),
            ("witnesses", policy.witnesses.iter().map(crate::sheet::text).collect::<Vec<_>>().into()),
            ("outcome", word(ladder.outcome()).into()),
            ("rungs", rungs.into()),
            ("needs", needs.into()),
            ("mutate", (expected.is_empty() && policy.now_ms.is_none()).into()),
        ]));
        assert_eq!(ladder.outcome() == Outcome::Valid, expected.is_empty(), "{name}");
    }

    fn good(&mut self, name: &str, bundle: &Bundle) {
        self.add(name, bundle, &Policy::default(), &[], None);
    }

    /// Changes a bundle, so that exactly these rungs are INVALID.
    fn bad(&mut self, name: &str, rungs: &[&str], bundle: &Bundle, change: impl FnOnce(&mut Bundle)) {
        let mut changed = bundle.clone();
        change(&mut changed);
        assert_ne!(&changed, bundle, "{name}: the case changes something");
        self.add(name, &changed, &Policy::default(), rungs, None);
    }

    fn refused(&mut self, name: &str, text: &str) {
        assert!(Bundle::from_json(text.as_bytes()).is_err(), "{name}");
        let stem = self.file(name, text);
        self.index.push(object([("name", stem.into()), ("outcome", "REFUSED".into())]));
    }
}

#[test]
fn bundles() {
    let story = Story::tell();
    let mut cases = Cases { anchor: cast::genesis(), index: Vec::new(), files: Vec::new() };
    good(&mut cases, &story);
    head(&mut cases, &story);
    ages(&mut cases, &story);
    parts::trust(&mut cases, &story);
    parts::members(&mut cases, &story);
    parts::keys(&mut cases);
    entries::entries(&mut cases, &story);
    goods::goods_cases(&mut cases);
    witness::witness(&mut cases, &story);
    parts::receipts(&mut cases, &story);
    parts::status(&mut cases, &story);
    parts::history(&mut cases, &story);
    parts::reference(&mut cases, &story);
    parts::body(&mut cases, &story);
    parts::counterpart(&mut cases, &story);
    touched::touched_records(&mut cases);
    lies::lies(&mut cases);
    lies::beginnings(&mut cases);
    lies::laws(&mut cases);
    lies::issuers(&mut cases, &story);
    refused::refused(&mut cases, &story);
    settle("bundles.json", &[("cases", cases.index)]);
    let mut found: Vec<_> = std::fs::read_dir(directory().join("bundles")).expect("the folder").collect();
    found.sort_by_key(|entry| entry.as_ref().map(std::fs::DirEntry::file_name).expect("an entry"));
    let found: Vec<_> =
        found.into_iter().map(|entry| entry.expect("an entry").file_name().into_string().expect("text")).collect();
    cases.files.sort();
    assert_eq!(found, cases.files, "a bundle that no case writes");
}

fn good(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    cases.good("everything", &story.full());
    cases.good("a record", &story.record_only());
    cases.good("a certificate's receipt", &story.origin_receipt());
    cases.good("what is not there", &story.absent());
    cases.good("a head and nothing else", &chain.bundle());
    cases.good("a receipt of a transfer", &Bundle { receipt: Some(chain.receipt(3)), ..with_members(chain) });
    let more = Elsewhere::tell();
    cases.good("an application that was certified", &more.record(more.application));
    cases.good("a bill that was replaced", &more.record(more.replaced));
    cases.good("a bill that replaced another", &more.record(more.heir));
    cases.good("a certificate that was drawn on", &more.record(more.story.origin));
    for (name, index) in ["a proposal", "a vote", "a key turned over"].iter().zip(more.governance) {
        cases.good(name, &more.receipt(index));
    }
    let body = sampan_proto::body::Body { pepper: [0; 32], ..story.origin_body.clone() };
    let applied = Bundle { body: Some(DisclosedBody(Binary(body))), ..more.receipt(more.applied) };
    cases.good("an application with its document", &applied);
    cases.bad("an application with a pepper", &["body"], &applied, |b| b.body = story.origin_receipt().body);
    let statement = |name: &str, envelope: DsseEnvelope, cases: &mut Cases| {
        let base = more.receipt(more.governance[2]);
        cases.bad(name, &["statement"], &base, |b| b.receipt.as_mut().expect("a receipt").statement = envelope);
    };
    let part = more.receipt(more.governance[2]).receipt.expect("a receipt");
    let said = SignedStatement::try_from(part.statement).expect("an envelope").parse().expect("a statement");
    let daily = SignedStatement::sign(&said, &[&cast::key(TRADER, Purpose::Statement)]).expect("signed");
    statement("a key turned over by a statement key", DsseEnvelope::from(&daily), cases);
}

fn with_members(chain: &Chain) -> Bundle {
    let members = [CARRIER, TRADER, BANK, CHAMBER].map(|handle| chain.member(handle)).to_vec();
    Bundle { members, ..chain.bundle() }
}

fn head(cases: &mut Cases, story: &Story) {
    let base = story.chain.bundle();
    let heads = &story.chain.heads;
    let redecide = |b: &mut Bundle, change: &dyn Fn(&mut Header)| {
        let header = &mut b.head.header.0;
        change(header);
        b.head.certificate.0 = certify(&story.chain.genesis, header, &[0, 1, 2]);
    };
    cases.bad("format, media type", &["format"], &base, |b| b.media_type = b.media_type.replace("=1", "=2"));
    cases.bad("format, version of the header", &["format"], &base, |b| redecide(b, &|h| h.version = 2));
    cases.bad("network, of the bundle", &["network"], &base, |b| b.chain = ChainId(digest(1)));
    cases.bad("network, of the header", &["network"], &base, |b| redecide(b, &|h| h.chain = ChainId(digest(1))));
    cases.bad("roster, another", &["roster"], &base, |b| redecide(b, &|h| h.roster_hash = digest(1)));
    cases.bad("header, an older one", &["header"], &base, |b| b.head.header.0 = heads[2].0.clone());
    cases.bad("header, changed", &["header"], &base, |b| b.head.header.0.state_root = digest(1));
    cases.bad("header, the certificate's height", &["header"], &base, |b| b.head.certificate.0.height = Height(3));
    let block = HeaderHash(digest(1));
    cases.bad("header, the certificate's block", &["header"], &base, |b| b.head.certificate.0.block = block);
    let by = |signers: &[usize]| certify(&story.chain.genesis, &heads[3].0, signers);
    let mut bad = |name: &str, change: &dyn Fn(&mut Bundle)| cases.bad(name, &["certificate"], &base, change);
    bad("certificate, no quorum", &|b| b.head.certificate.0 = by(&[1, 2]));
    bad("certificate, nobody", &|b| b.head.certificate.0 = by(&[]));
    bad("certificate, another bit", &|b| b.head.certificate.0.signers[0] ^= 0b1001);
    bad("certificate, a signature too few", &|b| {
        b.head.certificate.0.signatures.pop();
    });
    bad("certificate, another round", &|b| b.head.certificate.0.round = 1);
    bad("certificate, a bad signature beyond a quorum", &|b| {
        b.head.certificate.0 = by(&[0, 1, 2, 3]);
        let Signature::Ed25519(bytes) = &mut b.head.certificate.0.signatures[3];
        bytes[0] ^= 1;
    });
}

fn ages(cases: &mut Cases, story: &Story) {
    let base = story.chain.bundle();
    let head_ms = story.chain.heads[3].0.time_ms;
    let trusting = cast::BEGIN_MS + story.chain.genesis.parameters.trusting_period_ms;
    let at = |now_ms| Policy { now_ms: Some(now_ms), ..Policy::default() };
    let within = |now_ms, max| Policy { max_age_ms: Some(max), ..at(now_ms) };
    let strict = |now_ms| Policy { strict: true, ..at(now_ms) };
    for (name, policy, rungs) in [
        ("age, not asked for", at(head_ms), [].as_slice()),
        ("age, just within", within(head_ms + 5_000, 5_000), &[]),
        ("age, just beyond", within(head_ms + 5_001, 5_000), &["age"]),
        ("age, a head from the future", within(head_ms - 1, 0), &[]),
        ("anchor age, just within", strict(trusting), &[]),
        ("anchor age, a warning", at(trusting + 1), &[]),
        ("anchor age, strict", strict(trusting + 1), &["anchor age"]),
    ] {
        cases.add(name, &base, &policy, rungs, None);
    }
}

/// The word of a verdict or an outcome.
pub(crate) fn word<T: serde::Serialize>(value: T) -> String {
    serde_json::to_string(&value).expect("JSON").trim_matches('"').to_owned()
}
