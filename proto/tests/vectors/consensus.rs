//! Genesis, header, votes, certificates.

use sampan_proto::block::{HEADER_FIELDS, no_evidence, payload_hash};
use sampan_proto::codec;
use sampan_proto::genesis::GenesisEntry;
use sampan_proto::hash::Domain;
use sampan_proto::ids::{HeaderHash, Height};
use sampan_proto::keys::Signature;
use sampan_proto::roster::Roster;
use sampan_proto::vote::{Certificate, Signable as _, VoteType};

use crate::sheet::{hex, object, settle, settle_text, text};
use crate::support::chain::certify;
use crate::support::story::Story;
use crate::support::{cast, digest, samples};

#[test]
fn header() {
    let story = Story::tell();
    let file = cast::genesis_file();
    let genesis = cast::genesis();
    settle_text("genesis.json", std::str::from_utf8(&cast::written(&file)).expect("text"));
    let entry = |entry: &GenesisEntry| {
        object([
            ("member", text(&entry.member.id)),
            ("borsh", hex(codec::encode(&entry.member))),
            ("value", text(entry.member.value_hash())),
            ("signed", text(GenesisEntry::signing_digest(&entry.member, entry.power))),
        ])
    };
    let network = object([
        ("chain", text(genesis.chain)),
        ("parameters", hex(codec::encode(&genesis.parameters))),
        ("parameters_hash", text(genesis.parameters_hash())),
        ("roster", hex(codec::encode(&genesis.roster))),
        ("roster_hash", text(genesis.roster.hash())),
    ]);
    let header = |height: usize| {
        let header = &story.chain.heads[height].0;
        let fields = header.fields();
        let leaves =
            (0_u8..).zip(&fields).map(|(i, field)| Domain::HeaderField.hash(&[&[i], field.as_slice()].concat()));
        let leaves: Vec<_> = leaves.map(|leaf| leaf.to_string()).collect();
        assert_eq!(fields.len(), HEADER_FIELDS);
        object([
            ("borsh", hex(codec::encode(header))),
            ("leaves", leaves.into()),
            ("hash", text(header.hash())),
            ("height", header.height.0.into()),
            ("time_ms", header.time_ms.into()),
            ("log_size", header.log_size.into()),
            ("log_root", text(header.log_root)),
            ("state_root", text(header.state_root)),
        ])
    };
    let envelopes = [1, 4].map(|index| story.chain.statements[&index].envelope_id());
    let payload = |count: usize| {
        let named: Vec<_> = envelopes[..count].iter().map(ToString::to_string).collect();
        object([("envelopes", named.into()), ("payload_hash", text(payload_hash(&envelopes[..count])))])
    };
    settle(
        "header.json",
        &[
            ("network", vec![network]),
            ("members", file.members.iter().map(entry).collect()),
            ("headers", (0..4).map(header).collect()),
            ("payloads", (0..=2).map(payload).collect()),
            ("no_evidence", vec![text(no_evidence())]),
        ],
    );
}

#[test]
fn votes() {
    let story = Story::tell();
    let kinds = [(0, VoteType::Prevote), (1, VoteType::Precommit), (3, VoteType::Precommit)];
    let vote = |(index, kind): (usize, VoteType)| {
        let vote = samples::vote(&story, index, kind);
        assert_eq!(vote.verify(), Ok(()));
        let Signature::Ed25519(signature) = vote.signature;
        object([
            ("borsh", hex(codec::encode(&vote.message))),
            ("signed", text(vote.message.digest())),
            ("key", text(vote.message.validator)),
            ("signature", hex(signature)),
        ])
    };
    settle("votes.json", &[("votes", kinds.map(vote).to_vec())]);
}

#[test]
fn certificates() {
    let story = Story::tell();
    let genesis = &story.chain.genesis;
    let header = &story.chain.heads[3].0;
    let mut cases = Vec::new();
    let mut case = |name: &str, roster: &Roster, certificate: &Certificate, valid: bool| {
        assert_eq!(certificate.verify(genesis.chain, roster).is_ok(), valid, "{name}");
        cases.push(object([
            ("name", name.into()),
            ("chain", text(genesis.chain)),
            ("roster", hex(codec::encode(roster))),
            ("certificate", hex(codec::encode(certificate))),
            ("valid", valid.into()),
        ]));
    };
    let by = |signers: &[usize]| certify(genesis, header, signers);
    let roster = &genesis.roster;
    for (name, signers, valid) in [
        ("all", [0, 1, 2, 3].as_slice(), true),
        ("30 of 37", &[0, 1, 2], true),
        ("27 of 37", &[0, 1, 3], true),
        ("20 of 37", &[0, 1], false),
        ("17 of 37", &[0, 3], false),
        ("nobody", &[], false),
    ] {
        case(name, roster, &by(signers), valid);
    }
    let mut even = roster.validators().to_vec();
    even.truncate(3);
    let even = Roster::new(even).expect("a roster");
    let mut two = by(&[0, 1]);
    case("exactly two thirds", &even, &two, false);
    two.signatures.truncate(1);
    case("one bit more than signatures", &even, &two, false);
    let mut bad = |name: &str, change: &dyn Fn(&mut Certificate)| {
        let mut certificate = by(&[0, 1, 2]);
        change(&mut certificate);
        case(name, roster, &certificate, false);
    };
    bad("another validator's bit", &|c| c.signers[0] ^= 0b1001);
    bad("one signature more than bits", &|c| c.signatures.push(c.signatures[0]));
    bad("one signature less than bits", &|c| {
        c.signatures.pop();
    });
    bad("two signatures exchanged", &|c| c.signatures.swap(0, 1));
    bad("a bit beyond the roster", &|c| c.signers[0] = 0b1_0011);
    bad("a byte too many", &|c| c.signers.push(0));
    bad("no byte", &|c| c.signers.clear());
    bad("another round", &|c| c.round = 1);
    bad("another height", &|c| c.height = Height(3));
    bad("another block", &|c| c.block = HeaderHash(digest(1)));
    let mut four = by(&[0, 1, 2, 3]);
    let Signature::Ed25519(bytes) = &mut four.signatures[3];
    bytes[0] ^= 1;
    case("a quorum, and one bad signature", roster, &four, false);
    settle("certificates.json", &[("certificates", cases)]);
}
