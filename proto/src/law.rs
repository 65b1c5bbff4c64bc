//! The trade law in one step: what an act does to its record, as far as record and signer alone decide it.
//!
//! The ledger asks more (whether the members named exist, whether goods are pledged elsewhere), for it sees the
//! whole state; a reader of a history sees one record, and replays it with this.

use crate::member::{Member, Role};
use crate::record::Record;
use crate::reject::Reject;
use crate::statement::Action;
use crate::{origin, title};

/// What is known of a block when its acts are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Block time in Unix milliseconds.
    pub time_ms: u64,
    /// How many customs agencies together freeze a record.
    pub freeze_quorum: u32,
}

impl<'a> title::Actor<'a> {
    /// A member of the registry in a block.
    #[must_use]
    pub fn new(member: &'a Member, terms: Terms) -> Self {
        let customs = member.roles.contains(&Role::Customs);
        Self { id: &member.id, customs, freeze_quorum: terms.freeze_quorum, time_ms: terms.time_ms }
    }
}

/// The record after an act on it. Issues, applications and governance act on no record: the record comes as it is.
///
/// # Errors
/// The rule that forbids it. Paths are relative to the act.
pub fn act(record: &Record, action: &Action, signer: &Member, terms: Terms) -> Result<Record, Reject> {
    match action {
        Action::Title(on) => title::act(record, &on.act, &title::Actor::new(signer, terms)),
        Action::Origin(on) => origin::act(record, &on.act, &origin::Actor::new(signer, terms.time_ms)),
        Action::Finding(_) => Ok(Record { seq: record.seq + 1, ..record.clone() }),
        Action::Issue(_) | Action::Apply(_) | Action::Govern(_) => Ok(record.clone()),
    }
}
