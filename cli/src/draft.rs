//! Writing and signing statements. Randomness comes from the operating system, time from the caller.

use std::path::Path;
use std::time::Duration;

use sampan_proto::api::Submission;
use sampan_proto::body::{Body, reference_key};
use sampan_proto::doc::{Checked, Reference};
use sampan_proto::ids::{ChainId, MemberId, RecordId};
use sampan_proto::keyfile::{KEY_FILE_BYTES, KeyFile};
use sampan_proto::keys::SecretKey;
use sampan_proto::limits::EXPIRY_HORIZON_MS;
use sampan_proto::member::Purpose;
use sampan_proto::statement::{Action, Application, BodyRef, Issue, Nonce, SignedStatement, Statement, VERSION};
use zeroize::Zeroizing;

use crate::anchor::Anchor;
use crate::args::{self, trade::Certify};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::{files, text, time};

/// Who signs, and with what.
pub(crate) struct Signer {
    /// The member that acts.
    pub(crate) member: MemberId,
    secret: SecretKey,
    pepper: Option<[u8; 32]>,
}

/// Reads a key file; warns when others can read it too.
pub(crate) fn key_file(path: &Path, printer: &Printer) -> Result<KeyFile, Failure> {
    let bytes = Zeroizing::new(files::read(path, KEY_FILE_BYTES)?);
    if files::is_readable_by_others(path) {
        printer.warn(text::readable_key(path));
    }
    KeyFile::from_json(&bytes).map_err(|error| Failure::json(format!("`{}` is not a key file", path.display()), &error))
}

impl Signer {
    /// The signer of a key file of one purpose, acting as `member` if the file does not say.
    pub(crate) fn open(
        path: Option<&Path>,
        member: Option<&MemberId>,
        purpose: Purpose,
        printer: &Printer,
    ) -> Result<Self, Failure> {
        let path = path.ok_or_else(|| {
            Failure::refused("no key to sign with")
                .hint("pass `--key KEYFILE`, set SAMPAN_KEY, or make one with `sampan keys new`")
        })?;
        let file = key_file(path, printer)?;
        if file.purpose != purpose {
            let (signs, name) = match purpose {
                Purpose::Governance => ("governance", "governance"),
                _ => ("statements", "statement"),
            };
            return Err(Failure::refused(format!("the key in `{}` does not sign {signs}", path.display()))
                .why("each key serves one purpose")
                .hint(format!("name the member's {name} key")));
        }
        let member = match (file.member, member) {
            (Some(own), Some(other)) if own != *other => {
                return Err(Failure::refused(format!("the key in `{}` is `{own}`'s, not `{other}`'s", path.display())));
            }
            (Some(own), _) => own,
            (None, Some(member)) => member.clone(),
            (None, None) => {
                return Err(Failure::refused(format!("the key file `{}` names no member", path.display()))
                    .hint("pass `--member ID`"));
            }
        };
        Ok(Self { member, secret: file.secret, pepper: file.pepper })
    }

    /// The secret key, for requests other than statements.
    pub(crate) const fn secret(&self) -> &SecretKey {
        &self.secret
    }

    /// Writes and signs an act on a record.
    pub(crate) fn act(&self, chain: ChainId, action: Action, valid_for: Duration) -> Result<Submission, Failure> {
        self.sign(chain, action, valid_for, None)
    }

    /// Writes and signs the issue of a document that has been checked; `complete` adds what it replaces.
    pub(crate) fn issue(
        &self,
        chain: ChainId,
        checked: Checked,
        bytes: Vec<u8>,
        args: &args::Issue,
        complete: impl FnOnce(Issue) -> Issue,
    ) -> Result<Submission, Failure> {
        let pepper = self.pepper()?;
        let number = Reference { version: args.predecessors.version, ..checked.reference };
        let reference = reference_key(&pepper, &self.member, &number);
        let body = Body { salt: random()?, pepper, bytes };
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let first = Issue::first(checked.claims, reference, committed, args.to.clone());
        let issue = complete(Issue { version: number.version, ..first });
        self.sign(chain, Action::from(issue), args.signing.valid_for, Some(body))
    }

    /// Writes and signs the application for a certificate that has been checked.
    pub(crate) fn apply(
        &self,
        chain: ChainId,
        checked: Checked,
        bytes: Vec<u8>,
        to: MemberId,
        valid_for: Duration,
    ) -> Result<Submission, Failure> {
        // No reference yet, hence no pepper: the authority numbers it under its own.
        let body = Body { salt: random()?, pepper: [0; 32], bytes };
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let application = Application { claims: checked.claims, body: committed, to };
        self.sign(chain, Action::Apply(Box::new(application)), valid_for, Some(body))
    }

    /// Writes and signs the certificate that answers an application, over the same bytes and salt.
    pub(crate) fn certify(
        &self,
        anchor: &Anchor,
        checked: Checked,
        applied: Body,
        application: RecordId,
        args: &Certify,
    ) -> Result<Submission, Failure> {
        let body = Body { pepper: self.pepper()?, ..applied };
        let reference = reference_key(&body.pepper, &self.member, &checked.reference);
        let committed = BodyRef::of(&body, checked.jcs_sha256);
        let first = Issue::first(checked.claims, reference, committed, args.to.clone());
        let issue = Issue { application: Some(application), ..first };
        self.sign(anchor.chain(), Action::from(issue), args.signing.valid_for, Some(body))
    }

    fn pepper(&self) -> Result<[u8; 32], Failure> {
        self.pepper.ok_or_else(|| {
            Failure::refused("the key file holds no pepper, which issuing needs")
                .why("the pepper hides document numbers from those who are not to see them")
                .hint("use the key made with `sampan keys new --pepper`, whose commitment is in the registry")
        })
    }

    fn sign(
        &self,
        chain: ChainId,
        action: Action,
        valid_for: Duration,
        body: Option<Body>,
    ) -> Result<Submission, Failure> {
        let valid_ms = time::millis(valid_for);
        if valid_ms > EXPIRY_HORIZON_MS {
            return Err(Failure::refused("a statement cannot wait longer than 7 days to be executed")
                .hint("shorten `--valid-for`"));
        }
        let statement = Statement {
            version: VERSION,
            chain,
            member: self.member.clone(),
            nonce: Nonce(random()?),
            not_after_ms: time::now_ms() + valid_ms,
            action,
        };
        let signed = SignedStatement::sign(&statement, &[&self.secret])
            .map_err(|reject| Failure::refused("the statement cannot be signed").reject(&reject))?;
        Ok(Submission { statement: (&signed).into(), body: body.map(Into::into) })
    }
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::unexpected("the operating system gives no random bytes").why(error))?;
    Ok(bytes)
}
