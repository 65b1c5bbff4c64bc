//! Evidence that proves something, and some that does not.

use sampan_proto::block::Header;
use sampan_proto::evidence::{Evidence, Offence, verify};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{ChainId, Height};
use sampan_proto::proof::{Binary, Outcome};
use sampan_proto::vote::Signed;

use crate::sheet::{Json, object, settle, text};
use crate::support::cast;
use crate::support::chain::certify;
use crate::support::digest;
use crate::support::offences::Offences;
use crate::support::story::Story;

struct Cases {
    anchor: Genesis,
    list: Vec<Json>,
}

impl Cases {
    fn add(&mut self, name: &str, evidence: &Evidence, broken: Option<&str>) {
        let (ladder, proven) = verify(evidence, &self.anchor);
        let rungs: Vec<_> = ladder.rungs().iter().map(|rung| rung.name).collect();
        let valid = ladder.outcome() == Outcome::Valid;
        assert_eq!((valid, proven.is_some()), (broken.is_none(), broken.is_none()), "{name}: {ladder:#?}");
        assert!(broken.is_none_or(|rung| rungs.last() == Some(&rung)), "{name}: {ladder:#?}");
        let members = proven.map(|proven| proven.members.iter().map(text).collect::<Vec<_>>());
        self.list.push(object([
            ("name", name.into()),
            ("evidence", serde_json::to_string(evidence).expect("JSON").into()),
            ("id", text(evidence.offence.id())),
            ("rungs", rungs.into_iter().map(Json::from).collect::<Vec<_>>().into()),
            ("valid", valid.into()),
            ("members", members.map_or(Json::Null, Json::List)),
        ]));
    }

    fn bad(&mut self, name: &str, rung: &str, evidence: &Evidence, change: impl FnOnce(&mut Evidence)) {
        let mut changed = evidence.clone();
        change(&mut changed);
        assert_ne!(&changed, evidence, "{name}: the case changes something");
        self.add(name, &changed, Some(rung));
    }
}

#[test]
fn evidence() {
    let story = Story::tell();
    let offences = Offences::new(&story);
    let mut cases = Cases { anchor: cast::genesis(), list: Vec::new() };
    let votes = offences.votes();
    cases.add("two votes", &votes, None);
    cases.add("two proposals", &offences.proposals(), None);
    let certificates = offences.certificates();
    cases.add("two certificates", &certificates, None);
    cases.add("a log that begins otherwise", &offences.checkpoints(), None);
    cases.add("two transfers at one seq", &offences.statements(), None);
    cases.add("one number issued twice", &offences.double_issue(), None);
    cases.bad("another media type", "format", &votes, |e| e.media_type.push('2'));
    cases.bad("another network", "network", &votes, |e| e.chain = ChainId(digest(1)));
    cases.bad("no header of the height", "header", &votes, |e| e.head = None);
    cases.bad("one vote twice", "conflict", &votes, |e| pair(e, |one, two| *two = one.clone()));
    cases.bad("votes of two rounds", "conflict", &votes, |e| again(e, |vote| vote.message.round = 3));
    cases.bad("a vote whose signature fails", "signatures", &votes, |e| {
        pair(e, |one, two| two.signature = one.signature);
    });
    cases.bad("the header of another height", "signer", &votes, |e| {
        let (header, certificate) = story.chain.heads[2].clone();
        e.head = Some(sampan_proto::proof::Head { header: Binary(header), certificate: Binary(certificate) });
    });
    let second = |e: &mut Evidence, change: &dyn Fn(&mut Header), signers: &[usize]| {
        let Offence::Certificates(heads) = &mut e.offence else { panic!("certificates") };
        let [_, head] = &mut **heads;
        change(&mut head.header.0);
        head.certificate.0 = certify(&story.chain.genesis, &head.header.0, signers);
    };
    cases.bad("certificates without a quorum", "header", &certificates, |e| second(e, &|_| (), &[0, 1]));
    cases.bad("certificates of two heights", "conflict", &certificates, |e| {
        second(e, &|header| header.height = Height(5), &[0, 1, 2]);
    });
    let mut renamed = certificates.clone();
    second(&mut renamed, &|header| header.roster_hash = digest(1), &[0, 1, 2]);
    cases.add("a forged header that names another roster", &renamed, None);
    cases.add("two headers of one log", &offences.consistent(), Some("conflict"));
    cases.bad("no proof of the member", "member", &offences.statements(), |e| e.member = None);
    cases.bad("a member that is changed", "member", &offences.statements(), |e| {
        e.member = Some(offences.member_changed());
    });
    let [one, _, later, stranger] = offences.transfers();
    let statements = |e: &mut Evidence, second| e.offence = Offence::Statements([Binary(one.clone()), Binary(second)]);
    cases.bad("transfers at two seqs", "conflict", &offences.statements(), |e| statements(e, later));
    cases.bad("transfers of two members", "signatures", &offences.statements(), |e| statements(e, stranger));
    settle("evidence.json", &[("cases", cases.list)]);
}

fn pair(
    evidence: &mut Evidence,
    change: impl FnOnce(&Signed<sampan_proto::vote::Vote>, &mut Signed<sampan_proto::vote::Vote>),
) {
    let Offence::Votes([one, two]) = &mut evidence.offence else { panic!("votes") };
    change(&one.0, &mut two.0);
}

/// Changes the second vote and signs it again.
fn again(evidence: &mut Evidence, change: impl FnOnce(&mut Signed<sampan_proto::vote::Vote>)) {
    pair(evidence, |_, two| {
        change(two);
        *two = Signed::sign(two.message.clone(), &cast::consensus_keys()[0]);
    });
}
