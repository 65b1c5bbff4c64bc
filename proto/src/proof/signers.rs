//! Who may have signed a statement, and whether they did.

use super::anchor::Start;
use crate::entry::ActEntry;
use crate::keys::Known;
use crate::member::{KeyStanding, Member};
use crate::state_key;
use crate::statement::{DsseEnvelope, SignedStatement, VerifiedStatement};

/// The members of the anchor's network whose registry entries are proven, and the signatures that held before.
pub(super) struct Signers<'a> {
    pub(super) anchor: &'a Start<'a>,
    pub(super) members: &'a [&'a Member],
    pub(super) known: &'a mut Known,
}

/// Whether an entry is of its statement's own record, and not of another that an issue changes with it.
pub(super) fn is_own(act: &ActEntry, verified: &VerifiedStatement) -> bool {
    act.record == verified.statement().action.record(verified.id())
}

impl<'a> Signers<'a> {
    /// The member that signed.
    ///
    /// # Errors
    /// In words, when its registry entry is not proven.
    pub(super) fn of(&self, statement: &VerifiedStatement) -> Result<&'a Member, String> {
        let id = &statement.statement().member;
        let member = self.members.iter().find(|member| member.id == *id);
        member.copied().ok_or_else(|| format!("no proof that `{id}` is a member"))
    }

    /// The statement is the one that the entry records, and a key of its member signed it.
    ///
    /// # Errors
    /// In words, the first of it that does not hold.
    pub(super) fn recorded(&mut self, act: &ActEntry, envelope: &DsseEnvelope) -> Result<VerifiedStatement, String> {
        let signed = SignedStatement::try_from(envelope.clone()).map_err(|e| e.to_string())?;
        let verified = signed.verify_knowing(self.anchor.chain, self.known).map_err(|e| e.to_string())?;
        let statement = verified.statement();
        let Some((kind, seq)) = statement.action.touches(verified.id(), act.record) else {
            return Err("the statement does not touch the record that the entry names".to_owned());
        };
        let body = statement.action.body().filter(|_| is_own(act, &verified)).map(|body| body.commitment);
        let same = act.statement == verified.id()
            && act.action == kind
            && act.actor == state_key::member(&statement.member)
            && seq.is_none_or(|seq| act.seq.checked_sub(1) == Some(seq))
            && act.body == body;
        if !same {
            return Err("the entry records another statement".to_owned());
        }
        let member = self.of(&verified)?;
        let purpose = statement.action.purpose();
        let known = |key| member.key_standing(purpose, key, act.height) == KeyStanding::Valid;
        if verified.signed().signatures.iter().all(|s| known(&s.key)) {
            Ok(verified)
        } else {
            Err(format!("signed by a key that was not `{}`'s at height {}", member.id, act.height))
        }
    }
}
