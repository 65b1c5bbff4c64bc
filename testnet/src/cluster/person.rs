//! A member of the network with its statement key: it signs what its people decide.

use std::path::PathBuf;

use anyhow::{Context, Result};
use sampan_proto::api::Submission;
use sampan_proto::body::{Body, reference_key};
use sampan_proto::doc::{self, DocKind};
use sampan_proto::ids::{ChainId, MemberId, RecordId};
use sampan_proto::keyfile::KeyFile;
use sampan_proto::member::Role;
use sampan_proto::statement::{Action, BodyRef, DsseEnvelope, Issue, Nonce, SignedStatement, Statement, VERSION};
use sampan_proto::title::TitleAct;

use crate::clock;

/// How long the statements of a local network stay good.
const GOOD_FOR_MS: u64 = 3_600_000;

/// A member that acts.
#[derive(Clone, Debug)]
pub struct Person {
    /// Its handle.
    pub id: MemberId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Where its statement key is.
    pub key_file: PathBuf,
    /// Its statement key, with the pepper of a member that issues.
    pub key: KeyFile,
}

/// A signed statement with its name, ready to be sent.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The statement's name.
    pub id: sampan_proto::ids::StatementId,
    /// What is sent.
    pub submission: Submission,
}

impl Person {
    /// Issues a document to a member.
    ///
    /// # Errors
    /// When the document is refused, or this member has no pepper.
    pub fn issue(&self, chain: ChainId, kind: DocKind, bytes: Vec<u8>, to: &MemberId) -> Result<Signed> {
        let checked = doc::check(kind, &bytes)?;
        let pepper = self.key.pepper.with_context(|| format!("`{}` issues nothing: it has no pepper", self.id))?;
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)?;
        let body = Body { salt, pepper, bytes };
        let reference = reference_key(&pepper, &self.id, &checked.reference);
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let issue = Issue::first(checked.claims, reference, committed, to.clone());
        self.sign(chain, Action::from(issue), Some(body))
    }

    /// Hands a bill of lading to a member.
    ///
    /// # Errors
    /// When nothing random can be had.
    pub fn transfer(&self, chain: ChainId, record: RecordId, seq: u64, to: &MemberId) -> Result<Signed> {
        self.sign(chain, Action::title(record, seq, TitleAct::Transfer { to: to.clone() }), None)
    }

    fn sign(&self, chain: ChainId, action: Action, body: Option<Body>) -> Result<Signed> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce)?;
        let statement = Statement {
            version: VERSION,
            chain,
            member: self.id.clone(),
            nonce: Nonce(nonce),
            not_after_ms: clock::unix_ms() + GOOD_FOR_MS,
            action,
        };
        let signed = SignedStatement::sign(&statement, &[&self.key.secret])?;
        let submission = Submission { statement: DsseEnvelope::from(&signed), body: body.map(Into::into) };
        Ok(Signed { id: signed.id(), submission })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use sampan_proto::hash::Hash32;
    use sampan_proto::keys::SecretKey;
    use sampan_proto::member::Purpose;
    use sampan_proto::proof::check_commitment;

    use super::*;

    /// A member that exists nowhere else.
    pub(crate) fn somebody(id: &str) -> Person {
        let id: MemberId = id.parse().expect("a handle");
        let secret = SecretKey::from_seed([7; 32]);
        let key = KeyFile { member: Some(id.clone()), purpose: Purpose::Statement, secret, pepper: Some([9; 32]) };
        Person { id, name: "Somebody".into(), roles: vec![Role::Carrier], key_file: PathBuf::new(), key }
    }

    #[test]
    fn what_a_person_issues_is_what_the_law_asks_for() {
        let chain = ChainId(Hash32([3; 32]));
        let carrier = somebody("sampan-line");
        let bytes = doc::template(DocKind::BillOfLading).as_bytes().to_vec();
        let to = "ningbo-tools".parse().expect("a handle");
        let signed = carrier.issue(chain, DocKind::BillOfLading, bytes, &to).expect("issues");
        let body: Body = signed.submission.body.clone().expect("a body").into();
        let statement = SignedStatement::try_from(signed.submission.statement).expect("an envelope");
        let verified = statement.verify(chain).expect("verifies");
        assert_eq!(verified.id(), signed.id);
        let Action::Issue(issue) = &verified.statement().action else { panic!("not an issue") };
        check_commitment(&issue.body, &body).expect("committed");
    }
}
