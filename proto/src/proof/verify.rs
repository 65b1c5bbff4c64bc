//! Verification: from an anchor and a bundle to a ladder. Pure; the caller brings the clock.

use super::anchor::{Anchor, Start};
use super::bundle::{BUNDLE_MEDIA_TYPE, Bundle, EntryPart, HistoryEntry, ReceiptPart, StatusPart};
use super::counterpart::counterpart;
use super::ladder::{Ladder, Verdict, expect};
use super::replay::replay;
use super::signers::{Signers, is_own};
use super::trust::{self, Voucher};
use super::witness;
use crate::block::Header;
use crate::body::{Body, pepper_commitment, reference_key};
use crate::checkpoint::WitnessKey;
use crate::doc;
use crate::entry::{ActEntry, Entry};
use crate::ids::RecordId;
use crate::keys::Known;
use crate::member::Member;
use crate::protocol;
use crate::record::{EntryRef, Record};
use crate::reject::{Code, Reject};
use crate::state_key;
use crate::statement::{Action, ActionKind, BodyRef, Issue, VerifiedStatement};

/// What the verifier brings besides the anchor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy<'a> {
    /// The verifier's clock in Unix milliseconds; without it the age rungs are skipped.
    pub now_ms: Option<u64>,
    /// How old the head may be, in milliseconds.
    pub max_age_ms: Option<u64>,
    /// Whether a warning about the anchor's age counts as a failure.
    pub strict: bool,
    /// Witnesses that the verifier knows, one of which must have seen the log; without any, the rung is skipped.
    pub witnesses: &'a [WitnessKey],
}

/// Why an age is not checked.
pub(super) const NO_CLOCK: &str = "no clock given";

impl Policy<'_> {
    /// Adds the rung `age` of something that was so at a time, in Unix milliseconds.
    pub(super) fn age(&self, time_ms: u64, ladder: &mut Ladder) {
        let Some(now_ms) = self.now_ms else {
            ladder.push("age", Verdict::Skipped, NO_CLOCK);
            return;
        };
        let age_ms = now_ms.saturating_sub(time_ms);
        let seconds = age_ms / 1_000;
        match self.max_age_ms {
            Some(limit) if age_ms > limit => {
                ladder.push("age", Verdict::Invalid, format!("{seconds} s old, at most {} s asked for", limit / 1_000));
            }
            Some(_) => ladder.push("age", Verdict::Valid, format!("{seconds} s old")),
            None => ladder.push("age", Verdict::Skipped, format!("as of {seconds} s ago; no maximum age asked for")),
        }
    }
}

impl Policy<'_> {
    /// Adds the rung `anchor age`, of an anchor of a time and how long it is good for, both in milliseconds: after that
    /// keys of its time may have leaked, and somebody else has to vouch.
    pub(super) fn anchor_age(
        &self,
        (time_ms, trusting_ms): (u64, u64),
        vouched: Option<String>,
        advice: &str,
        ladder: &mut Ladder,
    ) {
        let (verdict, words) = match (self.now_ms, vouched) {
            (None, _) => (Verdict::Skipped, NO_CLOCK.to_owned()),
            (Some(now_ms), _) if now_ms.saturating_sub(time_ms) <= trusting_ms => {
                (Verdict::Valid, "within the trusting period".to_owned())
            }
            (Some(_), Some(words)) => (Verdict::Valid, words),
            (Some(_), None) => {
                let verdict = if self.strict { Verdict::Invalid } else { Verdict::Warn };
                (verdict, format!("the anchor is older than {} days: {advice}", trusting_ms / 86_400_000))
            }
        };
        ladder.push("anchor age", verdict, words);
    }
}

/// Checks everything a bundle claims, from the anchor alone.
#[must_use]
pub fn verify(bundle: &Bundle, anchor: &dyn Anchor, policy: &Policy<'_>) -> Ladder {
    verify_knowing(bundle, anchor, policy, &mut Known::nothing())
}

/// The same ladder for whoever has many bundles to verify, sooner: a signature that held in one is not verified again.
#[must_use]
pub fn verify_knowing(bundle: &Bundle, anchor: &dyn Anchor, policy: &Policy<'_>, known: &mut Known) -> Ladder {
    let mut ladder = Ladder::default();
    let anchor = &anchor.start();
    let Some(header) = head(bundle, anchor, known, &mut ladder) else {
        ladder.push("contents", Verdict::Skipped, "nothing stands on a head that is not proven");
        return ladder;
    };
    let sighting = witness::look(bundle, header, policy.witnesses);
    let vouched = sighting.as_ref().and_then(|seen| seen.as_ref().ok()?.vouches());
    age(header, anchor, vouched, policy, &mut ladder);
    witness::climb(sighting, bundle, &mut ladder);
    let members = members(bundle, header, &mut ladder);
    let mut signers = Signers { anchor, members: &members, known };
    if let Some(part) = &bundle.entry {
        entry(part, subject(bundle), header, &mut ladder);
    }
    let issued = match &bundle.receipt {
        Some(part) => receipt(part, subject(bundle), header, &mut signers, &mut ladder),
        None => None,
    };
    let record = bundle.status.as_ref().and_then(|part| status(part, header, &mut ladder));
    let origin = match (&record, bundle.history.is_empty()) {
        (Some(record), false) => history(&bundle.history, record, &mut signers, &mut ladder),
        (None, false) => {
            ladder.push(
                "history",
                Verdict::Invalid,
                "the bundle has a history but proves no record that it belongs to",
            );
            None
        }
        _ => None,
    };
    reference(bundle, header, &mut ladder);
    goods(bundle, header, &mut ladder);
    let own = body(bundle, origin.or(issued), &signers, &mut ladder);
    counterpart(bundle, (subject(bundle), own), header, &mut signers, &mut ladder);
    ladder
}

/// The record that the bundle is about. A part about another record would be true and mislead all the
/// same: one bill's document beside another bill's possessor.
fn subject(bundle: &Bundle) -> Option<RecordId> {
    let of = |entry: &Entry| match entry {
        Entry::Act(act) => Some(act.record),
        Entry::Block(_) => None,
    };
    let status = bundle.status.as_ref().map(|part| part.id);
    let receipt = || bundle.receipt.as_ref().and_then(|part| of(&part.entry.0));
    let entry = || bundle.entry.as_ref().and_then(|part| of(&part.entry.0));
    status.or_else(receipt).or_else(entry)
}

/// Network, roster, certificate: the head is decided by the roster that the anchor leads to.
fn head<'a>(bundle: &'a Bundle, anchor: &Start<'a>, known: &mut Known, ladder: &mut Ladder) -> Option<&'a Header> {
    let header = &bundle.head.header.0;
    let certificate = &bundle.head.certificate.0;
    ladder.check("format", form(bundle))?;
    let same = bundle.chain == anchor.chain && header.chain == anchor.chain;
    let names = format!("the bundle is of network {}, the anchor is of {}", bundle.chain, anchor.chain);
    ladder.check("network", expect(same, format!("network `{}`", anchor.network), names))?;
    let voucher = ladder.check("roster", trust::walk(bundle, anchor, known))?;
    let same = certificate.block == header.hash() && certificate.height == header.height;
    ladder
        .check("header", expect(same, format!("height {}", header.height), "the certificate is for another header"))?;
    let decided = match voucher {
        Voucher::Anchor => Ok(((), "the anchor vouches for the header".to_owned())),
        Voucher::Roster(roster) => {
            let count = format!("{} of {} validators signed", certificate.signatures.len(), roster.validators().len());
            let decided = certificate.verify_knowing(anchor.chain, roster, known);
            decided.map(|()| ((), count)).map_err(|e| e.to_string())
        }
    };
    ladder.check("certificate", decided)?;
    Some(header)
}

/// Rules and forms that this software does not know are not guessed at.
fn form(bundle: &Bundle) -> Result<((), String), String> {
    if bundle.media_type != BUNDLE_MEDIA_TYPE {
        return Err(format!("`{}` is not known here", bundle.media_type));
    }
    let newer = |unknown| format!("its head: {unknown}; newer software verifies it");
    protocol::KNOWN.expect(bundle.head.header.0.version).map_err(newer)?;
    Ok(((), BUNDLE_MEDIA_TYPE.to_owned()))
}

/// Keys of old rosters may have leaked by now: a head that an old anchor leads to wants somebody else's word, too.
fn age(header: &Header, anchor: &Start<'_>, vouched: Option<String>, policy: &Policy<'_>, ladder: &mut Ladder) {
    policy.age(header.time_ms, ladder);
    let advice = "pin a recent block, or ask a witness about this one";
    policy.anchor_age((anchor.time_ms, anchor.trusting_period_ms()), vouched, advice, ladder);
}

/// The members whose registry entries the bundle proves.
fn members<'a>(bundle: &'a Bundle, header: &Header, ladder: &mut Ladder) -> Vec<&'a Member> {
    let proven = |part: &&super::MemberProof| {
        let member = &part.member.0;
        let key = state_key::member(&member.id);
        part.proof.0.verify_presence(&header.state_root, &key, &member.value_hash()).is_ok()
    };
    let members: Vec<_> = bundle.members.iter().filter(proven).map(|part| &part.member.0).collect();
    if bundle.members.is_empty() {
        ladder.push("members", Verdict::Skipped, "the bundle proves no registry entry");
    } else {
        let (good, all) = (members.len(), bundle.members.len());
        let result = expect(good == all, format!("{all} registry entries"), format!("{} of {all} fail", all - good));
        let _ = ladder.check("members", result);
    }
    members
}

/// An entry is in the log; what it records may be known by its digest only.
fn entry(part: &EntryPart, subject: Option<RecordId>, header: &Header, ladder: &mut Ladder) {
    let path = &part.path.0;
    let words = match &part.entry.0 {
        Entry::Block(block) => format!("block {} begins, after {}", block.height, block.previous.0.short()),
        Entry::Act(act) if subject != Some(act.record) => {
            ladder.push("entry", Verdict::Invalid, "the entry is of another record than the rest");
            return;
        }
        Entry::Act(act) => act_words(act),
    };
    let included = path.size == header.log_size && path.verify(&part.entry.0.leaf_hash(), &header.log_root).is_ok();
    let place = format!("entry {} of {}: {words}", path.index, header.log_size);
    let _ = ladder.check("entry", expect(included, place, "the entry's path does not lead to the head's log root"));
}

/// The statement's entry is in the log, says what the statement says, and a member's key signed it. Gives the statement
/// if the record is its own: an issue replaces other records and draws on them, and its document is not theirs.
fn receipt(
    part: &ReceiptPart,
    subject: Option<RecordId>,
    header: &Header,
    signers: &mut Signers<'_>,
    ladder: &mut Ladder,
) -> Option<VerifiedStatement> {
    let path = &part.path.0;
    let included = path.size == header.log_size && path.verify(&part.entry.0.leaf_hash(), &header.log_root).is_ok();
    let place = format!("entry {} of {}", path.index, header.log_size);
    ladder.check("inclusion", expect(included, place, "the entry's path does not lead to the head's log root"))?;
    let Entry::Act(act) = &part.entry.0 else {
        ladder.push("receipt", Verdict::Invalid, "the entry records no statement");
        return None;
    };
    let statement = if subject == Some(act.record) {
        signers.recorded(act, &part.statement)
    } else {
        Err("the receipt is of another record than the status".to_owned())
    };
    let statement = ladder.check("statement", statement.map(|statement| (statement, act_words(act))))?;
    is_own(act, &statement).then_some(statement)
}

/// The record's state, or its absence, at the head.
fn status(part: &StatusPart, header: &Header, ladder: &mut Ladder) -> Option<Record> {
    let key = state_key::record(&part.id);
    let Some(record) = &part.record else {
        let absent = part.proof.0.verify_absence(&header.state_root, &key).is_ok();
        let _ = ladder.check("status", expect(absent, "no such record exists", "the absence proof fails"));
        return None;
    };
    let record = &record.0;
    let present =
        record.id == part.id && part.proof.0.verify_presence(&header.state_root, &key, &record.value_hash()).is_ok();
    let holder = record.possessor.as_ref().map_or(String::new(), |who| format!(", held by {who}"));
    let words = format!("{}{holder}, seq {}, as of height {}", record.status.as_str(), record.seq, header.height);
    ladder.check("status", expect(present, words, "the record's path does not lead to the head's state root"))?;
    Some(record.clone())
}

/// Walks back from the record's newest entry: each entry names the one before it, so nothing is left out.
fn history(
    history: &[HistoryEntry],
    record: &Record,
    signers: &mut Signers<'_>,
    ladder: &mut Ladder,
) -> Option<VerifiedStatement> {
    let said = walk(history, record).and_then(|acts| {
        let said = |(act, part): (_, &HistoryEntry)| Ok((act, signers.recorded(act, &part.statement)?));
        acts.into_iter().map(said).collect::<Result<Vec<_>, String>>()
    });
    let count = history.len();
    let said = ladder.check("history", said.map(|said| (said, format!("{count} acts, complete back to the issue"))))?;
    replay(&said, record, signers.members, ladder);
    // The walk ended at the issue, so there is a first.
    said.into_iter().next().map(|(_, issue)| issue)
}

fn walk<'a>(history: &'a [HistoryEntry], record: &Record) -> Result<Vec<(&'a ActEntry, &'a HistoryEntry)>, String> {
    let mut acts = Vec::with_capacity(history.len());
    let mut expected = Some(record.last);
    for part in history.iter().rev() {
        let Entry::Act(act) = &part.entry.0 else { return Err("an entry records no act".to_owned()) };
        let this = EntryRef { index: part.index, leaf: part.entry.0.leaf_hash() };
        let seq = record.seq.checked_sub(acts.len() as u64);
        if expected != Some(this) || act.record != record.id || seq != Some(act.seq) {
            return Err(format!("entry {} is not the one that the next act names", part.index));
        }
        expected = act.previous;
        acts.push((act, part));
    }
    let begins = acts.last().is_some_and(|(act, _)| matches!(act.action, ActionKind::Issue | ActionKind::Apply));
    if expected.is_some() || !begins {
        return Err("the history does not go back to the issue".to_owned());
    }
    acts.reverse();
    Ok(acts)
}

fn reference(bundle: &Bundle, header: &Header, ladder: &mut Ladder) {
    let Some(part) = &bundle.reference else { return };
    let key = state_key::reference(&part.issuer, &part.key);
    let root = &header.state_root;
    let (holds, words) = if let Some(record) = &part.record {
        let present = part.proof.0.verify_presence(root, &key, &state_key::reference_value(record)).is_ok();
        (present, format!("this number of `{}` is record {}", part.issuer, record.0.short()))
    } else {
        let absent = part.proof.0.verify_absence(root, &key).is_ok();
        (absent, format!("`{}` never issued this number", part.issuer))
    };
    let bad = "the path does not lead to the head's state root";
    let result = match (part.record, subject(bundle)) {
        (Some(record), Some(subject)) if record != subject => Err("this is the number of another record".to_owned()),
        _ => expect(holds, words, bad),
    };
    let _ = ladder.check("reference", result);
}

/// Whose pledge of the goods is open, if any is. The record may be any: whoever lends wants to know of the others.
fn goods(bundle: &Bundle, header: &Header, ladder: &mut Ladder) {
    let Some(part) = &bundle.goods else { return };
    let (key, root) = (state_key::goods(&part.goods), &header.state_root);
    let (holds, words) = if let Some(record) = &part.record {
        let present = part.proof.0.verify_presence(root, &key, &state_key::goods_value(record)).is_ok();
        (present, format!("these goods are pledged under record {}", record.0.short()))
    } else {
        (part.proof.0.verify_absence(root, &key).is_ok(), "no pledge of these goods is open".to_owned())
    };
    let _ = ladder.check("goods", expect(holds, words, "the path does not lead to the head's state root"));
}

/// The disclosed document is the one committed to, and says what its issuer claimed.
fn body<'a>(
    bundle: &'a Bundle,
    issue: Option<VerifiedStatement>,
    signers: &Signers<'_>,
    ladder: &mut Ladder,
) -> Option<&'a Body> {
    let Some(disclosed) = &bundle.body else {
        ladder.push("body", Verdict::Skipped, "the document is not disclosed in this bundle");
        return None;
    };
    let Some(statement) = issue else {
        ladder.push("body", Verdict::Invalid, "a document is disclosed but no issue is proven that commits to it");
        return None;
    };
    let checked = signers.of(&statement).and_then(|member| {
        let action = &statement.statement().action;
        check_body(action, member, &disclosed.0.0).map_err(|e| format!("{}: {}", e.path, e.detail))
    });
    let size = disclosed.0.0.bytes.len();
    ladder.check("body", checked.map(|_| (&disclosed.0.0, format!("{size} bytes, as committed and as claimed"))))
}

/// Whether a body is the one that an action commits to, and says what its signer claims.
///
/// # Errors
/// The first disagreement.
pub fn check_body(action: &Action, signer: &Member, body: &Body) -> Result<doc::Checked, Reject> {
    match action.body() {
        Some(committed) => check_commitment(committed, body)?,
        None => return Err(Reject::new(Code::BodyUnexpected, "$.body", "this statement commits to no document")),
    }
    check_claims(action, signer, body)
}

/// The part that needs no registry: commitment and size.
///
/// # Errors
/// [`Code::BodyMismatch`].
pub fn check_commitment(committed: &BodyRef, body: &Body) -> Result<(), Reject> {
    if body.commitment() == committed.commitment && u64::from(committed.size) == body.bytes.len() as u64 {
        return Ok(());
    }
    Err(Reject::new(Code::BodyMismatch, "$.body", "the bytes and salt are not those committed to"))
}

/// The part that reads the document: schema, RFC 8785 digest, claims, and of an issue the reference key. The
/// same test runs at admission on every node that sees the body, and at every reader; it decides nothing
/// about blocks.
///
/// # Errors
/// The first disagreement.
pub fn check_claims(action: &Action, signer: &Member, body: &Body) -> Result<doc::Checked, Reject> {
    let (claims, committed, what) = match action {
        Action::Issue(issue) => (&issue.claims, &issue.body, "issue"),
        Action::Apply(application) => (&application.claims, &application.body, "apply"),
        _ => return Err(Reject::new(Code::BodyUnexpected, "$.body", "this statement commits to no document")),
    };
    let checked = doc::check(claims.kind(), &body.bytes).map_err(|refusal| refusal.reject())?;
    if checked.jcs_sha256 != committed.jcs_sha256 {
        let path = format!("$.action.{what}.body.jcs_sha256");
        return Err(Reject::new(Code::BodyMismatch, path, "not the SHA-256 of the body's RFC 8785 form"));
    }
    match action {
        Action::Issue(issue) => check_reference(issue, signer, body, &checked.reference)?,
        _ if body.pepper != [0; 32] => {
            let detail = "an application has no reference yet: its pepper is all zeros";
            return Err(Reject::new(Code::ReferenceMismatch, "$.body.pepper", detail));
        }
        _ => {}
    }
    if checked.claims != *claims {
        let detail = format!("the body says {:?}", checked.claims);
        return Err(Reject::new(Code::ClaimsMismatch, format!("$.action.{what}.claims"), detail));
    }
    Ok(checked)
}

/// The reference key is that of the body's number, in the version that the issue names.
fn check_reference(issue: &Issue, issuer: &Member, body: &Body, number: &doc::Reference) -> Result<(), Reject> {
    if issuer.pepper != Some(pepper_commitment(&body.pepper)) {
        let detail = "not the pepper in the issuer's registry entry";
        return Err(Reject::new(Code::ReferenceMismatch, "$.body.pepper", detail));
    }
    let reference = doc::Reference { version: issue.version, ..number.clone() };
    if reference_key(&body.pepper, &issuer.id, &reference) != issue.reference {
        let detail = format!("not the key of number `{}`, version {}", reference.number, reference.version);
        return Err(Reject::new(Code::ReferenceMismatch, "$.action.issue.reference", detail));
    }
    Ok(())
}

fn act_words(act: &ActEntry) -> String {
    format!("{} at height {}", act.action.as_str(), act.height)
}
