//! Re-issue: amended, split, combined. Old and new name each other, and nothing is gained or lost on the way
//! (MLETR art. 16; DCSA `transportDocumentReplacements`).

use super::state::Title;
use super::surrender::{ended, issued_by};
use super::{Actor, refuse, refuse_field};
use crate::doc::Quantity;
use crate::ids::RecordId;
use crate::record::{Record, Status};
use crate::reject::{Code, Reject};
use crate::statement::Replacement;

/// The records that `heir` replaces as they are after it, their `seq` one higher.
///
/// # Errors
/// The rule that forbids it. Paths are relative to the `replaces` of the issue.
pub fn replace(
    how: Replacement,
    old: &[Record],
    heir: RecordId,
    covers: &Quantity,
    actor: &Actor<'_>,
) -> Result<Vec<Record>, Reject> {
    let titles = old.iter().map(|record| reissuable(record, actor)).collect::<Result<Vec<_>, _>>()?;
    match (how, old, titles.as_slice()) {
        (Replacement::Amendment, [record], [title]) if record.replaced_by.is_empty() => {
            Ok(vec![inherited(record, title, heir, &Quantity::default())])
        }
        (Replacement::Split, [record], [title]) => {
            let left = title.quantity.minus(covers);
            let left = left.ok_or_else(|| imbalance(format!("{covers} taken, {} left to take", title.quantity)))?;
            Ok(vec![inherited(record, title, heir, &left)])
        }
        (Replacement::Combination, [_, _, ..], _) => {
            let sum = titles.iter().try_fold(Quantity::default(), |sum, title| sum.plus(&title.quantity));
            if sum.as_ref() != Some(covers) {
                let sum = sum.map_or_else(|| "more than can be added".to_owned(), |sum| sum.to_string());
                return Err(imbalance(format!("{covers} covered, {sum} replaced")));
            }
            let after = |(record, title): (&Record, &&Title)| inherited(record, title, heir, &Quantity::default());
            Ok(old.iter().zip(&titles).map(after).collect())
        }
        _ => refuse_field(Code::NotReplaceable, "how", "one is amended or split, at least two are combined"),
    }
}

fn imbalance(detail: String) -> Reject {
    Reject::new(Code::QuantityImbalance, "$.records", detail)
}

/// The carrier has the bill back to change it.
fn reissuable<'a>(record: &'a Record, actor: &Actor<'_>) -> Result<&'a Title, Reject> {
    issued_by(record, actor)?;
    let Some(title) = &record.title else {
        return refuse(Code::NotTransferable, format!("this {} is no document of title", record.kind.as_str()));
    };
    if title.freeze.is_in_force() {
        return refuse(Code::RecordFrozen, "customs agencies froze the bill");
    }
    match record.status {
        Status::SurrenderedForAmendment => Ok(title),
        status if status.is_ended() => refuse(Code::RecordEnded, format!("the bill is {}", status.as_str())),
        status => refuse(Code::NoSurrender, format!("the bill is {}: re-issue follows surrender", status.as_str())),
    }
}

/// The old bill, its heir named; over, once its heirs have all of it.
fn inherited(record: &Record, title: &Title, heir: RecordId, left: &Quantity) -> Record {
    let title = Title { quantity: left.clone(), ..title.clone() };
    let mut next = if left.is_zero() {
        ended(record, &title, Status::Replaced)
    } else {
        Record { title: Some(title), ..record.clone() }
    };
    next.replaced_by.push(heir);
    next.seq += 1;
    next
}
