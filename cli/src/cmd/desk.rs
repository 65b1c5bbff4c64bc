//! What issue, transfer and surrender share: the key, the network, and the way to the ledger or into a file.

use sampan_proto::api::{ReadRequest, Submission};
use sampan_proto::ids::{MemberId, RecordId};
use sampan_proto::keys::PublicKey;
use sampan_proto::member::Purpose;
use sampan_proto::proof::Bundle;
use sampan_proto::record::Record;
use sampan_proto::statement::Action;

use super::courier::Courier;
use super::parcel::{Parcel, write};
use super::{Context, read_bundle, record_id};
use crate::anchor::{self, Anchor};
use crate::args::trade::On;
use crate::args::{Signing, Subject};
use crate::client::Client;
use crate::draft::Signer;
use crate::failure::{Exit, Failure};
use crate::{files, proven, text, time};

/// Everything needed to sign: who, on which network, and through which node, if any.
pub(super) struct Desk<'a> {
    context: &'a Context,
    signing: &'a Signing,
    /// Who signs.
    pub(super) signer: Signer,
    /// The network.
    pub(super) anchor: Anchor,
    client: Option<Client>,
}

impl<'a> Desk<'a> {
    /// Opens the key, and finds the network: offline if the statement is only to be signed and that is possible.
    pub(super) fn open(context: &'a Context, signing: &'a Signing) -> Result<Self, Failure> {
        Self::open_for(context, signing, Purpose::Statement)
    }

    /// The same with a key of that purpose.
    pub(super) fn open_for(context: &'a Context, signing: &'a Signing, purpose: Purpose) -> Result<Self, Failure> {
        let key = signing.key.as_deref().or(context.settings.key.as_deref());
        let signer = Signer::open(key, signing.member.as_ref(), purpose, &context.printer)?;
        let client = context.settings.node.as_deref().map(Client::new);
        let offline = if signing.sign_only.is_some() { anchor::offline(&context.settings)? } else { None };
        let anchor = match (offline, &client) {
            (Some(anchor), _) => anchor,
            (None, Some(client)) => context.anchor(client)?,
            (None, None) if signing.sign_only.is_some() => return Err(anchor::no_anchor()),
            (None, None) => return Err(context.settings.node().err().unwrap_or_else(anchor::no_anchor)),
        };
        Ok(Self { context, signing, signer, anchor, client })
    }

    /// The record as it stands, proven: by the node, or by the bundle when there is no node or only a signature is
    /// asked for.
    pub(super) fn current(&self, subject: &Subject) -> Result<Record, Failure> {
        let offline = self.signing.sign_only.is_some();
        let (bundle, id) = match (subject, &self.client) {
            (Subject::Bundle(path), client) if offline || client.is_none() => (read_bundle(path)?, record_id(subject)?),
            (_, Some(client)) => {
                let id = record_id(subject)?;
                (client.status(&id)?, id)
            }
            (_, None) => {
                return Err(Failure::refused("the record's seq is not known")
                    .hint("pass `--seq N`, name a bundle of the record, or name a node to ask"));
            }
        };
        let (record, _) = proven::status(&bundle, &self.anchor, &id, None)?;
        record.cloned().ok_or_else(|| proven::absent(&bundle, &id))
    }

    /// The record acted on and its seq: as the user knows it, or as proven.
    pub(super) fn place(&self, on: &On) -> Result<(RecordId, u64), Failure> {
        match on.seq {
            Some(seq) => Ok((record_id(&on.record)?, seq)),
            None => self.current(&on.record).map(|record| (record.id, record.seq)),
        }
    }

    /// The newest statement key of a member, proven as of now: one that was retired since, perhaps because it was stolen,
    /// is to read nothing more.
    pub(super) fn statement_key(&self, id: &MemberId) -> Result<PublicKey, Failure> {
        let client = self.client.as_ref().ok_or_else(|| {
            Failure::refused(format!("the key of `{id}` is not known")).hint("name a node to ask for it: `--node URL`")
        })?;
        let bundle = client.member(id)?;
        let ladder = proven::demand(&bundle, &self.anchor, &["members"], Some(proven::fresh(&self.anchor)))?;
        let members = proven::members(&bundle, &ladder);
        let member = members.into_iter().find(|member| member.id == *id);
        let member = member.ok_or_else(|| Failure::unproven(text::OFF_THE_POINT))?;
        member.keys_at(Purpose::Statement, bundle.head.header.0.height).last().copied().ok_or_else(|| {
            Failure::refused(format!("`{id}` has no statement key that counts")).hint("name another reader")
        })
    }

    /// A record's bundle with its document, which a party may read.
    pub(super) fn record_with_body(&self, id: &RecordId) -> Result<Bundle, Failure> {
        let client = self.client.as_ref().ok_or_else(anchor::no_anchor)?;
        let (chain, member) = (self.anchor.chain(), self.signer.member.clone());
        let read = ReadRequest::sign(chain, id, None, (member, time::now_ms()), self.signer.secret());
        client.record_with_body(id, Some(&read))
    }

    /// Signs an act on a record, then sends it or writes it down.
    pub(super) fn act(&self, action: Action) -> Result<Exit, Failure> {
        let submission = self.signer.act(self.anchor.chain(), action, self.signing.valid_for)?;
        self.finish(submission, false)
    }

    /// Sends a signed statement and waits for its proof, or, with `--sign-only`, writes it down.
    pub(super) fn finish(&self, submission: Submission, with_body: bool) -> Result<Exit, Failure> {
        let parcel = Parcel::open(submission, &self.anchor)?;
        let printer = &self.context.printer;
        if let Some(path) = &self.signing.sign_only {
            files::write_new(path, &parcel.to_file()?, true)?;
            let done = parcel.signed(path);
            printer.data(&done, |page| write(&done, page))?;
            printer.note(text::signed_for(&parcel.member, self.anchor.network()));
            printer.note(format!("send it with `sampan submit {}`", path.display()));
            return Ok(Exit::Done);
        }
        let Some(client) = &self.client else { return Err(anchor::no_anchor()) };
        let courier = Courier { context: self.context, client, anchor: &self.anchor, waiting: &self.signing.waiting };
        let done = courier.deliver(&parcel, with_body).map_err(|failure| parcel.keep(failure))?;
        printer.data(&done, |page| write(&done, page))?;
        Ok(Exit::Done)
    }
}
