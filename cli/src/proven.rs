//! What a bundle proves, once the ladder has been climbed. Nothing in a bundle is read before that.

use std::time::Duration;

use sampan_proto::entry::{ActEntry, Entry};
use sampan_proto::ids::{Height, MemberId, RecordId, StatementId};
use sampan_proto::limits::HISTORY_ENTRIES;
use sampan_proto::member::Member;
use sampan_proto::proof::{self, Bundle, Ladder, Outcome, Policy, Verdict, verify};
use sampan_proto::record::Record;
use sampan_proto::statement::{Action, ActionKind, DsseEnvelope, Finding, OnRecord, SignedStatement, Statement};
use sampan_proto::text::Sealed;
use sampan_proto::title::TitleAct;
use serde::Serialize;

use crate::anchor::Anchor;
use crate::failure::Failure;
use crate::page::Tone;
use crate::{text, time};

/// One act on a record, proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Act {
    /// The record's seq after it.
    pub(crate) seq: u64,
    /// What was done.
    pub(crate) action: ActionKind,
    /// Who did it.
    pub(crate) member: MemberId,
    /// To whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<MemberId>,
    /// The block that executed it.
    pub(crate) height: Height,
    /// Its time, in Unix milliseconds.
    pub(crate) time_ms: u64,
    /// The same for people.
    pub(crate) time: String,
    /// Index of its entry in the log.
    pub(crate) index: u64,
    /// The statement.
    pub(crate) statement: StatementId,
    /// What a customs agency put on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) finding: Option<Finding>,
    /// What somebody left for its readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remark: Option<Sealed>,
}

/// The block that proofs stand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AsOf {
    pub(crate) height: Height,
    pub(crate) time_ms: u64,
    pub(crate) time: String,
}

impl AsOf {
    /// The head of a bundle.
    pub(crate) fn of(bundle: &Bundle) -> Self {
        let header = &bundle.head.header.0;
        Self { height: header.height, time_ms: header.time_ms, time: time::utc(header.time_ms) }
    }
}

/// How old a proof may be by which something is signed or sealed: a node can go on showing what was true once.
const FRESH: Duration = Duration::from_secs(300);

/// The same on this network: where nothing happens, the newest block may be as old as a heartbeat.
pub(crate) fn fresh(anchor: &Anchor) -> Duration {
    const LONGEST: u64 = 3_600_000;
    let heartbeat = proof::Anchor::start(anchor).parameters.map_or(LONGEST, |parameters| parameters.heartbeat_ms);
    FRESH + Duration::from_millis(heartbeat)
}

/// What is asked of a bundle by the clock of this machine.
pub(crate) fn policy(max_age: Option<Duration>, strict: bool) -> Policy<'static> {
    let max_age_ms = max_age.map(time::millis);
    Policy { now_ms: Some(time::now_ms()), max_age_ms, strict, witnesses: &[] }
}

/// Climbs the ladder by the clock of this machine.
pub(crate) fn climb(bundle: &Bundle, anchor: &Anchor, max_age: Option<Duration>, strict: bool) -> Ladder {
    verify(bundle, anchor, &policy(max_age, strict))
}

/// Climbs the ladder and insists: nothing invalid, and every rung of `needed` valid.
pub(crate) fn demand(
    bundle: &Bundle,
    anchor: &Anchor,
    needed: &[&str],
    max_age: Option<Duration>,
) -> Result<Ladder, Failure> {
    let ladder = climb(bundle, anchor, max_age, false);
    let missing = needed.iter().find(|name| ladder.verdict(name) != Some(Verdict::Valid));
    let failure = match (ladder.outcome(), missing) {
        (Outcome::Valid, None) => return Ok(ladder),
        (Outcome::Invalid, _) => Failure::unproven("the proof fails"),
        (Outcome::Valid, Some(name)) => Failure::unproven(format!("the proof does not show its `{name}`")),
    };
    let stranger = ladder.verdict("network") == Some(Verdict::Invalid);
    let failure = failure.ladder(ladder);
    Err(if stranger { failure.hint(text::other_network(anchor.chain(), &anchor.origin)) } else { failure })
}

/// Insists on the state of `id` and gives the record, or none when its absence is proven.
pub(crate) fn status<'a>(
    bundle: &'a Bundle,
    anchor: &Anchor,
    id: &RecordId,
    max_age: Option<Duration>,
) -> Result<(Option<&'a Record>, Ladder), Failure> {
    let ladder = demand(bundle, anchor, &["status"], max_age)?;
    match &bundle.status {
        Some(part) if part.id == *id => Ok((part.record.as_ref().map(|record| &record.0), ladder)),
        _ => Err(Failure::unproven(text::OFF_THE_POINT)),
    }
}

/// Insists on the state and the whole history of `id`.
pub(crate) fn record<'a>(bundle: &'a Bundle, anchor: &Anchor, id: &RecordId) -> Result<(&'a Record, Ladder), Failure> {
    let (record, ladder) = status(bundle, anchor, id, None)?;
    let record = record.ok_or_else(|| absent(bundle, id))?;
    if has_history(record) && ladder.verdict("history") != Some(Verdict::Valid) {
        return Err(Failure::unproven("the proof does not show its `history`").ladder(ladder));
    }
    Ok((record, ladder))
}

/// Whether a bundle of the record holds its history; a history longer than the limit is left out.
pub(crate) fn has_history(record: &Record) -> bool {
    record.seq <= HISTORY_ENTRIES as u64
}

/// Insists that a bundle is the receipt of `statement`, and gives what it records.
pub(crate) fn receipt(bundle: &Bundle, anchor: &Anchor, statement: &StatementId) -> Result<(Act, Ladder), Failure> {
    let ladder = demand(bundle, anchor, &["inclusion", "statement"], None)?;
    match acts(bundle, &ladder).into_iter().find(|act| act.statement == *statement) {
        Some(act) => Ok((act, ladder)),
        None => Err(Failure::unproven(text::OFF_THE_POINT)),
    }
}

/// Insists that a bundle proves the other document of the shipment, and that it is the one that was asked for.
pub(crate) fn beside(bundle: &Bundle, ladder: &Ladder, other: &RecordId) -> Result<(), Failure> {
    if ladder.verdict("counterpart") != Some(Verdict::Valid) {
        return Err(Failure::unproven("the proof does not show the other document").ladder(ladder.clone()));
    }
    match counterpart(bundle, ladder) {
        Some((act, _)) if act.record == *other => Ok(()),
        _ => Err(Failure::unproven(text::OFF_THE_POINT).ladder(ladder.clone())),
    }
}

/// The other document of the shipment, as the ladder found it valid: what issued it, and by whom.
fn counterpart<'a>(bundle: &'a Bundle, ladder: &Ladder) -> Option<(&'a ActEntry, MemberId)> {
    let part = bundle.counterpart.as_ref().filter(|_| ladder.verdict("counterpart") == Some(Verdict::Valid))?;
    let Entry::Act(act) = &part.issue.entry.0 else { return None };
    Some((act, read(&part.issue.statement)?.member))
}

/// The record is proven not to exist.
pub(crate) fn absent(bundle: &Bundle, id: &RecordId) -> Failure {
    let facts = bundle.status.iter().map(|part| text::status_fact(part, bundle)).collect();
    Failure::refused(text::no_such_record(id)).proven(facts).hint("check the id, or wait until the issue is final")
}

/// The acts that the ladder found valid, oldest first.
pub(crate) fn acts(bundle: &Bundle, ladder: &Ladder) -> Vec<Act> {
    let mut acts = Vec::new();
    if ladder.verdict("history") == Some(Verdict::Valid) {
        acts.extend(bundle.history.iter().filter_map(|part| act(&part.entry.0, part.index, &part.statement)));
    }
    if acts.is_empty() && ladder.verdict("statement") == Some(Verdict::Valid) {
        let part = bundle.receipt.iter();
        acts.extend(part.filter_map(|part| act(&part.entry.0, part.path.0.index, &part.statement)));
    }
    acts
}

fn act(entry: &Entry, index: u64, envelope: &DsseEnvelope) -> Option<Act> {
    let Entry::Act(ActEntry { seq, action, height, time_ms, statement, .. }) = *entry else { return None };
    let said = read(envelope)?;
    let to = said.action.recipient().cloned();
    let time = time::utc(time_ms);
    let (finding, remark) = match said.action {
        Action::Finding(finding) => (Some(finding), None),
        Action::Title(OnRecord { act: TitleAct::Remark(sealed), .. }) => (None, Some(sealed)),
        _ => (None, None),
    };
    Some(Act { seq, action, member: said.member, to, height, time_ms, time, index, statement, finding, remark })
}

/// What an envelope says; whether it is proven is for a rung to tell.
pub(crate) fn read(envelope: &DsseEnvelope) -> Option<Statement> {
    SignedStatement::try_from(envelope.clone()).ok()?.parse().ok()
}

/// The members whose registry entries the ladder found valid.
pub(crate) fn members<'a>(bundle: &'a Bundle, ladder: &Ladder) -> Vec<&'a Member> {
    let valid = ladder.verdict("members") == Some(Verdict::Valid);
    bundle.members.iter().filter(|_| valid).map(|part| &part.member.0).collect()
}

/// What the valid rungs of a ladder prove, in sentences.
pub(crate) fn facts(bundle: &Bundle, ladder: &Ladder) -> Vec<String> {
    let valid = |name| ladder.verdict(name) == Some(Verdict::Valid);
    let mut facts = Vec::new();
    if let Some(part) = bundle.reference.as_ref().filter(|_| valid("reference")) {
        facts.push(text::reference_fact(part, bundle));
    }
    if let Some(part) = bundle.status.as_ref().filter(|_| valid("status")) {
        facts.push(text::status_fact(part, bundle));
    }
    if let Some(act) = acts(bundle, ladder).pop().filter(|_| valid("statement")) {
        let verb = act.action.as_str();
        let to = act.to.as_ref().map_or(String::new(), |to| format!(" to `{to}`"));
        facts.push(format!("`{}` signed {verb}{to}, executed at height {}", act.member, act.height));
    }
    if let Some((act, by)) = counterpart(bundle, ladder) {
        facts.push(text::counterpart_fact(act, &by));
    }
    if facts.is_empty() && valid("certificate") {
        facts.push(text::head_fact(bundle));
    }
    facts
}

/// The record that a bundle is about; a name to ask for, nothing proven.
pub(crate) fn subject(bundle: &Bundle) -> Option<RecordId> {
    let receipt = bundle.receipt.as_ref().and_then(|part| match &part.entry.0 {
        Entry::Act(act) => Some(act.record),
        Entry::Block(_) => None,
    });
    let status = bundle.status.as_ref().map(|part| part.id);
    status.or(receipt).or_else(|| bundle.reference.as_ref().and_then(|part| part.record))
}

/// A verdict's word and tone.
pub(crate) const fn verdict_words(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Valid => ("VALID", Tone::Good),
        Verdict::Warn => ("WARN", Tone::Care),
        Verdict::Invalid => ("INVALID", Tone::Bad),
        Verdict::Skipped => ("SKIPPED", Tone::Faint),
    }
}
