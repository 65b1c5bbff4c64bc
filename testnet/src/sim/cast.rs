//! Who takes part in a simulated network: agencies with validators, and people whose keys are known.

use std::sync::Arc;

use anyhow::Result;
use sampan_node::net::{self, PeerId};
use sampan_node::setup;
use sampan_proto::body::{Body, pepper_commitment, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::genesis::{Genesis, GenesisEntry, Parameters};
use sampan_proto::governance::{Change, Govern};
use sampan_proto::hash::Domain;
use sampan_proto::ids::RecordId;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::{Member, MemberKey, Purpose, Role, Standing};
use sampan_proto::record::Record;
use sampan_proto::statement::{Action, BodyRef, Finding, Issue, Nonce, SignedStatement, Statement, VERSION};
use sampan_proto::title::TitleAct;
use sampan_proto::wire::Document;

/// When every simulated network begins, in Unix milliseconds.
pub(super) const BEGIN_MS: u64 = 1_790_000_000_000;
/// Who issues bills.
const CARRIER: &str = "sampan-line";
/// Who is issued them.
const EXPORTER: &str = "ningbo-tools";
/// Everybody who buys and sells them.
pub(super) const TRADERS: [&str; 3] = [EXPORTER, "harbour-bank", "klang-import"];
/// How long a statement stands that is in no hurry, in milliseconds.
pub(super) const A_DAY_MS: u64 = 24 * 3_600_000;

/// A key that anybody can make again: simulated members have no secrets.
pub(super) fn key(member: &str, purpose: Purpose) -> SecretKey {
    SecretKey::from_seed(Domain::Pepper.hash(format!("simulated {member} {purpose:?}").as_bytes()).0)
}

/// The handle of a validator's agency.
pub(super) fn agency(i: usize) -> String {
    format!("customs-{i}")
}

/// A node's name on the network.
pub(super) fn peer(i: usize) -> PeerId {
    net::peer_id(&key(&agency(i), Purpose::Network).public())
}

fn pepper(member: &str) -> [u8; 32] {
    Domain::Reference.hash(member.as_bytes()).0
}

fn entry(member: &str, role: Role, power: Option<u64>) -> Result<GenesisEntry> {
    let mut purposes = vec![Purpose::Statement, Purpose::Network, Purpose::Governance];
    purposes.extend((role == Role::Customs).then_some(Purpose::Consensus));
    let listed = |purpose: Purpose| MemberKey::from_genesis(purpose, key(member, purpose).public());
    let member = Member {
        id: member.parse()?,
        name: format!("Member {member}"),
        country: "SG".parse()?,
        roles: [role].into(),
        standing: Standing::Active,
        keys: purposes.into_iter().map(listed).collect(),
        pepper: (role == Role::Carrier).then(|| pepper_commitment(&pepper(member))),
    };
    let digest = GenesisEntry::signing_digest(&member, power);
    let signature = key(member.id.as_str(), Purpose::Governance).sign(&digest.0);
    Ok(GenesisEntry { member, power, signature })
}

/// A network of so many validators of equal power.
pub(super) fn genesis(validators: usize) -> Result<Genesis> {
    Ok(founded(&vec![1; validators])?.1)
}

/// A network of validators with these powers: its genesis file and what it says.
pub(super) fn founded(powers: &[u64]) -> Result<(Vec<u8>, Genesis)> {
    let seat = |(i, power): (usize, &u64)| entry(&agency(i), Role::Customs, Some(*power));
    let mut entries = powers.iter().enumerate().map(seat).collect::<Result<Vec<_>>>()?;
    entries.push(entry(CARRIER, Role::Carrier, None)?);
    for trader in TRADERS {
        entries.push(entry(trader, Role::Trader, None)?);
    }
    let parameters = Parameters { heartbeat_ms: 2_000, ..Parameters::default() };
    Ok(setup::assemble("simulated", parameters, entries, BEGIN_MS)?)
}

/// What everybody who writes statements needs to know.
#[derive(Clone, Debug)]
pub(super) struct Pen {
    pub(super) genesis: Arc<Genesis>,
    /// Statements written.
    written: u64,
}

impl Pen {
    pub(super) const fn new(genesis: Arc<Genesis>) -> Self {
        Self { genesis, written: 0 }
    }

    /// A statement of `member` that stands until so many milliseconds of the network's life, with the key of `signer`
    /// for such statements.
    fn sign(&mut self, member: &str, signer: &str, until_ms: u64, action: Action) -> Result<SignedStatement> {
        let key = key(signer, action.purpose());
        self.written += 1;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&self.written.to_le_bytes());
        let statement = Statement {
            version: VERSION,
            chain: self.genesis.chain,
            member: member.parse()?,
            nonce: Nonce(nonce),
            not_after_ms: BEGIN_MS + until_ms,
            action,
        };
        Ok(SignedStatement::sign(&statement, &[&key])?)
    }

    /// A new bill of lading, issued to the exporter, and its record.
    pub(super) fn bill(&mut self, until_ms: u64) -> Result<(Document, RecordId)> {
        let text = doc::template(DocKind::BillOfLading);
        let value: serde_json::Value = serde_json::from_str(text)?;
        let old = value.get("transportDocumentReference").and_then(serde_json::Value::as_str).unwrap_or_default();
        let bytes = text.replace(old, &format!("SIM{:08}", self.written)).into_bytes();
        let checked = doc::check(DocKind::BillOfLading, &bytes)?;
        let body = Body { salt: [7; 32], pepper: pepper(CARRIER), bytes };
        let reference = reference_key(&body.pepper, &CARRIER.parse()?, &checked.reference);
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let issue = Issue::first(checked.claims, reference, committed, EXPORTER.parse()?);
        let statement = self.sign(CARRIER, CARRIER, until_ms, Action::from(issue))?;
        let record = Record::id_of(statement.id());
        Ok((Document { statement, body: Some(body) }, record))
    }

    /// `from` hands the bill at `seq` to `to`, or `signer` says so.
    pub(super) fn transfer(&mut self, record: RecordId, seq: u64, way: Way<'_>) -> Result<Document> {
        let act = Action::title(record, seq, TitleAct::Transfer { to: way.to.parse()? });
        let statement = self.sign(way.from, way.signer, A_DAY_MS, act)?;
        Ok(Document { statement, body: None })
    }

    /// A customs agency puts a remark of its own on the bill: no seq, so it can be said again and again.
    pub(super) fn finding(&mut self, record: RecordId) -> Result<Document> {
        let (rule, says) = ("seal.number".parse()?, "the seal has another number".parse()?);
        let finding = Action::Finding(Finding { record, rule, says, other: None });
        let statement = self.sign(&agency(0), &agency(0), A_DAY_MS, finding)?;
        Ok(Document { statement, body: None })
    }

    /// The first agency proposes that another one validates no more.
    pub(super) fn unseat(&mut self, other: usize) -> Result<Document> {
        let change = Change::Unseat { member: agency(other).parse()?, reason: "leaves the port".parse()? };
        let propose = Govern::Propose { change: Box::new(change), until_ms: BEGIN_MS + A_DAY_MS };
        let statement = self.sign(&agency(0), &agency(0), A_DAY_MS, Action::Govern(propose))?;
        Ok(Document { statement, body: None })
    }
}

/// From whom to whom a bill goes, and who signs for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) signer: &'a str,
}
