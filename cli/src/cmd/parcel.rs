//! A signed statement on its way, and what is said about it on arrival.

use std::path::{Path, PathBuf};

use sampan_proto::api::Submission;
use sampan_proto::doc;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{MemberId, RecordId, ReferenceKey, StatementId};
use sampan_proto::proof::Bundle;
use sampan_proto::statement::{Action, ActionKind, SignedStatement};
use sampan_proto::title::TitleAct;
use serde::Serialize;

use crate::anchor::Anchor;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::proven::{self, Act};
use crate::{files, text};

/// A signed statement, checked, with what is needed to follow it.
pub(super) struct Parcel {
    /// What is sent.
    pub(super) submission: Submission,
    /// The statement's name.
    pub(super) statement: StatementId,
    /// The record that it issues or acts on.
    pub(super) record: RecordId,
    /// Who acts.
    pub(super) member: MemberId,
    /// When it becomes void, in Unix milliseconds.
    pub(super) not_after_ms: u64,
    /// Whether it is an act of governance.
    pub(super) governs: bool,
    action: ActionKind,
    to: Option<MemberId>,
    reference: Option<ReferenceKey>,
    number: Option<String>,
    /// Certificates that it draws on.
    originals: Vec<RecordId>,
    /// Goods that it puts under a pledge.
    goods: Goods,
}

impl Parcel {
    /// Checks form, network and signatures, as every node will.
    pub(super) fn open(submission: Submission, anchor: &Anchor) -> Result<Self, Failure> {
        let refused = |reject| Failure::refused("the statement is not one that a node accepts").reject(&reject);
        let signed = SignedStatement::try_from(submission.statement.clone()).map_err(refused)?;
        let verified = signed.verify(anchor.chain()).map_err(refused)?;
        let statement = verified.statement();
        let reference = match &statement.action {
            Action::Issue(issue) => Some(issue.reference),
            _ => None,
        };
        let number = match (&statement.action, &submission.body) {
            (Action::Issue(issue), Some(body)) => {
                doc::check(issue.claims.kind(), &body.bytes.0).ok().map(|checked| checked.reference.number)
            }
            _ => None,
        };
        let originals = match &statement.action {
            Action::Issue(issue) => issue.draws.keys().copied().collect(),
            _ => Vec::new(),
        };
        let goods = match &statement.action {
            Action::Title(on) => match on.act {
                TitleAct::Pledge { goods, .. } => Goods::These(goods),
                TitleAct::AcceptPledge {} => Goods::AsOffered,
                _ => Goods::None,
            },
            _ => Goods::None,
        };
        Ok(Self {
            originals,
            goods,
            statement: verified.id(),
            record: statement.action.record(verified.id()),
            governs: matches!(statement.action, Action::Govern(_)),
            action: statement.action.kind(),
            member: statement.member.clone(),
            to: statement.action.recipient().cloned(),
            not_after_ms: statement.not_after_ms,
            reference,
            number,
            submission,
        })
    }

    /// The file that `sampan submit` sends.
    pub(super) fn to_file(&self) -> Result<Vec<u8>, Failure> {
        serde_json::to_vec_pretty(&self.submission)
            .map_err(|error| Failure::unexpected("cannot write the statement as JSON").why(error))
    }

    /// The number that people know the document by, or the record's short name.
    pub(super) fn stem(&self) -> String {
        let number = self.number.as_ref().and_then(|number| number.rsplit(':').next());
        number.map_or_else(|| self.record.0.short(), str::to_owned)
    }

    /// Saves the statement when it is not known whether it arrived, so that the very same can be sent again.
    pub(super) fn keep(&self, failure: Failure) -> Failure {
        if failure.exit() != Exit::Unexpected {
            return failure;
        }
        let path = files::named(&format!("{}-{}", self.stem(), self.statement.0.short()), "signed.json");
        match self.to_file().and_then(|bytes| files::write_new(&path, &bytes, true)) {
            Ok(()) => failure.hint(text::send_again(&path)),
            // The first failure is the one to tell.
            Err(_) => failure,
        }
    }

    /// The answer when it has been signed only.
    pub(super) fn signed(&self, file: &Path) -> Delivered {
        Delivered { state: State::Signed, file: Some(file.to_owned()), ..self.accepted() }
    }

    /// The answer when a node has accepted it.
    pub(super) fn accepted(&self) -> Delivered {
        Delivered {
            state: State::Accepted,
            action: self.action,
            member: self.member.clone(),
            to: self.to.clone(),
            record: self.record,
            statement: self.statement,
            number: self.number.clone(),
            executed: None,
            file: None,
        }
    }

    /// The answer when it is proven to be executed.
    pub(super) fn executed(&self, act: Act, file: Option<PathBuf>) -> Delivered {
        Delivered { state: State::Final, executed: Some(act), file, ..self.accepted() }
    }

    /// Whether a proof is about this statement's number or record.
    pub(super) fn is_concerned_by(&self, proof: &Bundle) -> bool {
        let same_number =
            proof.reference.as_ref().is_some_and(|part| part.issuer == self.member && Some(part.key) == self.reference);
        let subject = proven::subject(proof);
        let an_original = subject.is_some_and(|record| self.originals.contains(&record));
        same_number || an_original || self.is_outpledged_by(proof) || subject == Some(self.record)
    }

    /// The record in the proof is pledged, for the same goods if this statement names them.
    fn is_outpledged_by(&self, proof: &Bundle) -> bool {
        let record = proof.status.as_ref().and_then(|part| part.record.as_ref());
        let lien = record.and_then(|record| record.0.title.as_ref()?.lien.as_ref());
        match (self.goods, lien) {
            (Goods::These(goods), Some(lien)) => goods == lien.goods,
            (Goods::AsOffered, Some(_)) => true,
            _ => false,
        }
    }
}

/// Goods that a statement pledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goods {
    /// It pledges none.
    None,
    /// Those with this fingerprint.
    These(Hash32),
    /// Those that the record's pledge names, which the ledger knows.
    AsOffered,
}

/// How far a statement has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// Signed, and written to a file.
    Signed,
    /// In a node's mempool.
    Accepted,
    /// Executed, decided and proven.
    Final,
}

/// The answer to a command that signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Delivered {
    /// How far it has come.
    state: State,
    action: ActionKind,
    member: MemberId,
    to: Option<MemberId>,
    record: RecordId,
    statement: StatementId,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    /// The act as the ledger has it, once it is proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    executed: Option<Act>,
    /// The signed statement or the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

/// The answer for people.
pub(super) fn write(done: &Delivered, page: &mut Page) {
    let (tone, word) = match done.state {
        State::Signed => (Tone::Strong, "signed"),
        State::Accepted => (Tone::Strong, "accepted, not final"),
        State::Final => (Tone::Good, "final"),
    };
    let what = done.number.as_ref().map_or(String::new(), |number| format!(" of {number}"));
    let to = done.to.as_ref().map_or(String::new(), |to| format!(" to `{to}`"));
    page.tagged(tone, word, format!("{}{what} by `{}`{to}", done.action.as_str(), done.member));
    let mut pairs = vec![
        ("record", Cell::new(done.record.to_string(), Tone::Strong)),
        ("statement", done.statement.to_string().into()),
    ];
    if let Some(Act { height, time, index, .. }) = &done.executed {
        pairs.push(("block", format!("height {height}, {time}, entry {index} of the log").into()));
    }
    if let Some(file) = &done.file {
        let name = if done.state == State::Signed { "file" } else { "bundle" };
        pairs.push((name, file.display().to_string().into()));
    }
    page.pairs(&pairs);
}
