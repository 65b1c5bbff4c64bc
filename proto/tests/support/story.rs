//! The story: a bill of lading is issued, sold and sold again; a certificate of origin goes with the goods.

use sampan_proto::block::Header;
use sampan_proto::body::{Body, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::genesis::{Genesis, GenesisFile};
use sampan_proto::ids::{RecordId, ReferenceKey};
use sampan_proto::member::Purpose;
use sampan_proto::proof::{Binary, Bundle, Counterpart, DisclosedBody, Handover};
use sampan_proto::record::Record;
use sampan_proto::roster::Roster;
use sampan_proto::statement::{Action, BodyRef, Issue, Nonce, SignedStatement, Statement, VERSION};
use sampan_proto::title::{self, TitleAct};

use super::cast::{self, BANK, BUYER, CARRIER, CHAMBER, TRADER};
use super::chain::{Chain, certify};

/// Index of the entry of the bill's issue: the block's own entry stands before it.
pub(crate) const ISSUE_INDEX: u64 = 1;
/// Index of the entry of the certificate of origin's issue.
pub(crate) const ORIGIN_INDEX: u64 = 4;

/// The chain after four blocks, and what stands on it.
pub(crate) struct Story {
    pub(crate) chain: Chain,
    /// The bill of lading: issued by the carrier to the trader, sold to the bank, sold to the buyer.
    pub(crate) bill: RecordId,
    pub(crate) bill_body: Body,
    pub(crate) bill_issue: Issue,
    /// The certificate of origin, in the same block as the bill's first transfer.
    pub(crate) origin: RecordId,
    pub(crate) origin_body: Body,
    pub(crate) origin_issue: Issue,
}

/// The document of a kind as a body of `issuer`. Copies of the worked examples, which may change while these
/// may not.
pub(crate) fn body(kind: DocKind, issuer: &str) -> Body {
    let bytes = match kind {
        DocKind::BillOfLading => include_bytes!("bill_of_lading.json").to_vec(),
        DocKind::CertificateOfOrigin => include_bytes!("certificate_of_origin.json").to_vec(),
    };
    Body { salt: cast::seed(&format!("{kind} salt")), pepper: cast::pepper(issuer), bytes }
}

/// What `issuer` says of a body.
pub(crate) fn issue(kind: DocKind, issuer: &str, body: &Body, to: &str) -> Issue {
    let checked = doc::check(kind, &body.bytes).expect("a good document");
    let reference = reference_key(&body.pepper, &cast::id(issuer), &checked.reference);
    Issue::first(checked.claims, reference, BodyRef::of(body, checked.jcs_sha256), cast::id(to))
}

impl Chain {
    /// A statement of this network, not signed.
    pub(crate) fn statement(&self, member: &str, nonce: u8, action: Action) -> Statement {
        Statement {
            version: VERSION,
            chain: self.genesis.chain,
            member: cast::id(member),
            nonce: Nonce([nonce; 16]),
            not_after_ms: cast::BEGIN_MS + 3_600_000,
            action,
        }
    }

    /// A statement of this network by the member's statement key.
    pub(crate) fn say(&self, member: &str, nonce: u8, action: Action) -> SignedStatement {
        let key = cast::key(member, Purpose::Statement);
        SignedStatement::sign(&self.statement(member, nonce, action), &[&key]).expect("signed")
    }
}

/// A transfer.
pub(crate) fn transfer(record: RecordId, seq: u64, to: &str) -> Action {
    Action::title(record, seq, TitleAct::Transfer { to: cast::id(to) })
}

/// A surrender.
pub(crate) fn surrender(record: RecordId, seq: u64, to: &str) -> Action {
    Action::title(record, seq, TitleAct::Surrender { to: cast::id(to), purpose: title::Purpose::Delivery })
}

impl Story {
    /// The story on the test network.
    pub(crate) fn tell() -> Self {
        Self::tell_on(&cast::genesis_file())
    }

    /// The story on another network.
    pub(crate) fn tell_on(file: &GenesisFile) -> Self {
        Self::tell_until(file, usize::MAX)
    }

    /// The first blocks of the story.
    pub(crate) fn tell_until(file: &GenesisFile, blocks: usize) -> Self {
        let mut chain = Chain::new(file);
        let bill_body = body(DocKind::BillOfLading, CARRIER);
        let bill_issue = issue(DocKind::BillOfLading, CARRIER, &bill_body, TRADER);
        let issued = chain.say(CARRIER, 1, Action::from(bill_issue.clone()));
        let bill = Record::id_of(issued.id());
        let origin_body = body(DocKind::CertificateOfOrigin, CHAMBER);
        let origin_issue = issue(DocKind::CertificateOfOrigin, CHAMBER, &origin_body, TRADER);
        let certified = chain.say(CHAMBER, 2, Action::from(origin_issue.clone()));
        let origin = Record::id_of(certified.id());
        let sold = chain.say(TRADER, 3, transfer(bill, 1, BANK));
        let redeemed = chain.say(BANK, 4, transfer(bill, 2, BUYER));
        for statements in [vec![issued], vec![sold, certified], vec![redeemed], vec![]].iter().take(blocks) {
            chain.block(statements);
        }
        Self { chain, bill, bill_body, bill_issue, origin, origin_body, origin_issue }
    }

    /// A number that the carrier never issued.
    pub(crate) fn unused_reference() -> ReferenceKey {
        ReferenceKey(super::digest(0x77))
    }

    /// Everything about the bill, the document included.
    pub(crate) fn full(&self) -> Bundle {
        let chain = &self.chain;
        Bundle {
            receipt: Some(chain.receipt(ISSUE_INDEX)),
            body: Some(DisclosedBody(Binary(self.bill_body.clone()))),
            ..self.record_only()
        }
    }

    /// The bill's state, history and number.
    pub(crate) fn record_only(&self) -> Bundle {
        let chain = &self.chain;
        Bundle {
            status: Some(chain.status(self.bill)),
            history: chain.history(self.bill),
            reference: Some(chain.reference(CARRIER, self.bill_issue.reference)),
            members: [CARRIER, TRADER, BANK].map(|handle| chain.member(handle)).to_vec(),
            ..chain.bundle()
        }
    }

    /// The same, and the certificate of origin beside it, also with its document.
    #[allow(dead_code, reason = "not every test compares")]
    pub(crate) fn compared(&self) -> Bundle {
        let full = self.full();
        let members = full.members.iter().cloned().chain([self.chain.member(CHAMBER)]).collect();
        let body = Some(DisclosedBody(Binary(self.origin_body.clone())));
        let counterpart = Some(Counterpart { issue: self.chain.receipt(ORIGIN_INDEX), body });
        Bundle { members, counterpart, ..full }
    }

    /// The receipt of the certificate of origin, with the document.
    pub(crate) fn origin_receipt(&self) -> Bundle {
        Bundle {
            receipt: Some(self.chain.receipt(ORIGIN_INDEX)),
            members: vec![self.chain.member(CHAMBER)],
            body: Some(DisclosedBody(Binary(self.origin_body.clone()))),
            ..self.chain.bundle()
        }
    }

    /// That there is no such record and no such number.
    pub(crate) fn absent(&self) -> Bundle {
        Bundle {
            status: Some(self.chain.status(RecordId(super::digest(0x66)))),
            reference: Some(self.chain.reference(CARRIER, Self::unused_reference())),
            ..self.chain.bundle()
        }
    }

    /// The same, as it would be if at height 2 the last validator had lost its seat.
    pub(crate) fn handed_over(&self) -> Bundle {
        let genesis = &self.chain.genesis;
        let (_, rest) = genesis.roster.validators().split_last().expect("validators");
        let next = Genesis { roster: Roster::new(rest.to_vec()).expect("a roster"), ..genesis.clone() };
        let changed = Header { next_roster_hash: next.roster.hash(), ..self.chain.heads[1].0.clone() };
        let step = Handover {
            certificate: Binary(certify(genesis, &changed, &[0, 1, 2])),
            header: Binary(changed),
            roster: Binary(next.roster.clone()),
        };
        let mut bundle = Bundle { trust_path: vec![step], ..self.absent() };
        let head = &mut bundle.head.header.0;
        (head.roster_hash, head.next_roster_hash) = (next.roster.hash(), next.roster.hash());
        bundle.head.certificate.0 = certify(&next, &bundle.head.header.0, &[0, 1, 2]);
        bundle
    }
}
