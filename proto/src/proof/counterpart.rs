//! The other document of a shipment: proven beside the record, and compared with it by whoever holds both.
//!
//! Findings are not part of the state and nobody has to be believed about them: they follow from the two
//! documents, so a verifier finds them again. Without both documents there is nothing to find.

use super::bundle::{Bundle, Counterpart};
use super::ladder::{Ladder, Verdict};
use super::signers::{Signers, is_own};
use super::verify::check_body;
use crate::block::Header;
use crate::body::Body;
use crate::doc::cross::{self, Bill, CrossFinding, Origin};
use crate::doc::{DocKind, Refusal, Severity};
use crate::entry::Entry;
use crate::ids::RecordId;
use crate::statement::{Action, VerifiedStatement};

/// Rungs `counterpart` and `findings`, beside the record that the bundle is about. `own` is that one's document, when
/// its rung is valid.
pub(super) fn counterpart(
    bundle: &Bundle,
    (subject, own): (Option<RecordId>, Option<&Body>),
    header: &Header,
    signers: &mut Signers<'_>,
    ladder: &mut Ladder,
) {
    let Some(part) = &bundle.counterpart else { return };
    let proven = issued(part, subject, header, signers);
    if ladder.check("counterpart", proven).is_none() {
        return;
    }
    let (Some(own), Some(other)) = (own, &part.body) else {
        ladder.push("findings", Verdict::Skipped, "only who holds both documents can compare them");
        return;
    };
    match compare(&own.bytes, &other.0.0.bytes) {
        Ok(findings) => ladder.push("findings", verdict(&findings), words(&findings)),
        // Both are what they are: there is only nothing to compare.
        Err(detail) => ladder.push("findings", Verdict::Skipped, detail),
    }
}

/// The statement that brought the counterpart onto the ledger, and its document, where it is disclosed.
fn issued(
    part: &Counterpart,
    subject: Option<RecordId>,
    header: &Header,
    signers: &mut Signers<'_>,
) -> Result<((), String), String> {
    let path = &part.issue.path.0;
    let (size, root) = (header.log_size, &header.log_root);
    if path.size != size || path.verify(&part.issue.entry.0.leaf_hash(), root).is_err() {
        return Err("the entry's path does not lead to the head's log root".to_owned());
    }
    let Entry::Act(act) = &part.issue.entry.0 else { return Err("the entry records no statement".to_owned()) };
    let statement = signers.recorded(act, &part.issue.statement)?;
    if !is_own(act, &statement) || !matches!(statement.statement().action, Action::Issue(_) | Action::Apply(_)) {
        return Err("the statement issues no document".to_owned());
    }
    if subject.is_none_or(|subject| subject == act.record) {
        return Err("it is no other record than the bundle's own".to_owned());
    }
    let disclosed = match &part.body {
        Some(body) => document(&statement, &body.0.0, signers)?,
        None => "",
    };
    let by = &statement.statement().member;
    Ok(((), format!("record {}, issued by `{by}` at height {}{disclosed}", act.record.0.short(), act.height)))
}

fn document(statement: &VerifiedStatement, body: &Body, signers: &Signers<'_>) -> Result<&'static str, String> {
    check_body(&statement.statement().action, signers.of(statement)?, body)
        .map_err(|e| format!("{}: {}", e.path, e.detail))?;
    Ok(", its document as committed and as claimed")
}

/// What a bill and a certificate say of each other, given in any order.
///
/// # Errors
/// In words, when they are not a bill and a certificate, or one of them is not accepted.
pub fn compare(one: &[u8], other: &[u8]) -> Result<Vec<CrossFinding>, String> {
    let opened = |refusal: Refusal| refusal.to_string();
    let is_bill = |bytes: &[u8]| crate::doc::check(DocKind::BillOfLading, bytes).is_ok();
    let (bill, origin) = match (is_bill(one), is_bill(other)) {
        (true, false) => (one, other),
        (false, true) => (other, one),
        _ => return Err("they are not a bill of lading and a certificate of origin".to_owned()),
    };
    Ok(cross::pair(&Bill::open(bill).map_err(opened)?, &Origin::open(origin).map_err(opened)?))
}

fn verdict(findings: &[CrossFinding]) -> Verdict {
    let odd = findings.iter().any(|finding| finding.severity == Severity::Warn);
    if odd { Verdict::Warn } else { Verdict::Valid }
}

fn words(findings: &[CrossFinding]) -> String {
    let odd: Vec<String> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Warn)
        .map(|finding| format!("{} ({} against {})", finding.rule, finding.left.value, finding.right.value))
        .collect();
    if odd.is_empty() { "the two documents say the same of one shipment".to_owned() } else { odd.join(", ") }
}
