//! `sampan receipt`: the proof that a statement was executed, and old proofs made anew.

use sampan_proto::checkpoint::LogAt;
use sampan_proto::entry::Entry;
use sampan_proto::ids::{RecordId, StatementId};
use sampan_proto::proof::{Bundle, Counterpart, Ladder, Outcome};
use sampan_proto::statement::{DsseEnvelope, SignedStatement};

use super::bundle::hand_over;
use super::{Context, cosigned, read_bundle, record_bundle};
use crate::anchor::Anchor;
use crate::args::log::{Receipt, ReceiptCommand, Refresh};
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::proven;

/// Fetches and checks the receipt, then writes it.
pub(super) fn run(args: &Receipt, context: &Context) -> Result<Exit, Failure> {
    if let Some(ReceiptCommand::Refresh(args)) = &args.command {
        return refresh(args, context);
    }
    // Without a subcommand the command line is refused unless it names a statement.
    let Some(statement) = &args.statement else { return Err(Failure::refused("no statement to ask for")) };
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let mut bundle = client.receipt(statement)?;
    let (_, ladder) = proven::receipt(&bundle, &anchor, statement)?;
    cosigned::attach(&mut bundle, args.witness.cosigned.as_deref(), &client, &context.printer)?;
    hand_over(context, &bundle, &ladder, args.output.as_deref())
}

/// Proves what an old file proved against the newest block. The new proof stands by itself; that the old one and it
/// are of one log is checked on top, where the anchor reaches back to the old one.
fn refresh(args: &Refresh, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let old = read_bundle(&args.file)?;
    let (mut new, ladder) = anew(&old, &client, &anchor)?;
    if proven::climb(&old, &anchor, None, false).outcome() == Outcome::Valid {
        grown(&old, &new, &client)?;
    } else {
        context.printer.warn(format!(
            "`{}` itself does not verify against the anchor {}; the new proof does, and relies on nothing of it",
            args.file.display(),
            anchor.origin
        ));
    }
    cosigned::attach(&mut new, args.witness.cosigned.as_deref(), &client, &context.printer)?;
    hand_over(context, &new, &ladder, Some(args.output.as_deref().unwrap_or(&args.file)))
}

/// The same claim under the newest head, proven.
fn anew(old: &Bundle, client: &Client, anchor: &Anchor) -> Result<(Bundle, Ladder), Failure> {
    if let (Some(_), Some(_)) = (&old.status, &old.goods) {
        let what = "the file proves something about goods, and would not any more";
        return Err(Failure::refused(what).hint("ask the question again: `sampan prove unpledged … --goods … -o FILE`"));
    }
    if let Some(part) = &old.status {
        return record_anew(&part.id, old, client, anchor);
    }
    if let Some(part) = &old.receipt {
        let id = statement_id(&part.statement)?;
        let new = Bundle { body: old.body.clone(), ..client.receipt(&id)? };
        let (_, ladder) = proven::receipt(&new, anchor, &id)?;
        let same =
            new.receipt.as_ref().is_some_and(|new| (&new.entry, new.path.0.index) == (&part.entry, part.path.0.index));
        return if same { Ok((new, ladder)) } else { Err(off("entry")) };
    }
    if let Some(part) = &old.entry {
        let index = part.path.0.index;
        let new = client.entry(index)?;
        let ladder = proven::climb(&new, anchor, None, false);
        let entry = new.entry.as_ref().map(|part| &part.entry).or(new.receipt.as_ref().map(|part| &part.entry));
        if ladder.outcome() == Outcome::Invalid {
            return Err(Failure::unproven("the proof fails").ladder(ladder));
        }
        return if entry == Some(&part.entry) { Ok((new, ladder)) } else { Err(off("entry")) };
    }
    Err(Failure::refused("the file proves nothing that could be proven anew")
        .hint("name a receipt, or a bundle of a record"))
}

/// The record's state and history under the newest head, which go on from those in the file; beside it the same other
/// document, if the file has one.
fn record_anew(id: &RecordId, old: &Bundle, client: &Client, anchor: &Anchor) -> Result<(Bundle, Ladder), Failure> {
    let other = old.counterpart.as_ref().map(issued).transpose()?;
    let mut new = match &other {
        Some(other) => client.record_beside(id, other, false, None)?,
        None => record_bundle(client, anchor, id)?,
    };
    // What was disclosed stays so.
    new.body.clone_from(&old.body);
    if let (Some(new), Some(old)) = (&mut new.counterpart, &old.counterpart) {
        new.body.clone_from(&old.body);
    }
    let (_, ladder) = proven::record(&new, anchor, id)?;
    if let Some(other) = &other {
        proven::beside(&new, &ladder, other)?;
    }
    let before = old.history.last().map(|last| &last.entry);
    if before.is_some_and(|last| !new.history.is_empty() && !new.history.iter().any(|act| act.entry == *last)) {
        return Err(off("history"));
    }
    Ok((new, ladder))
}

fn off(what: &str) -> Failure {
    Failure::unproven(format!("the node proves another {what} than the file holds"))
}

/// The record of the other document of the shipment, by the old file's word: what comes anew has to prove it.
fn issued(other: &Counterpart) -> Result<RecordId, Failure> {
    match &other.issue.entry.0 {
        Entry::Act(act) => Ok(act.record),
        Entry::Block(_) => Err(Failure::unproven("the file's other document is none")),
    }
}

fn statement_id(envelope: &DsseEnvelope) -> Result<StatementId, Failure> {
    let signed = SignedStatement::try_from(envelope.clone());
    signed.map(|signed| signed.id()).map_err(|reject| Failure::refused("the file holds no statement").reject(&reject))
}

/// The newest log begins with the one that the old file stands on.
fn grown(old: &Bundle, new: &Bundle, client: &Client) -> Result<(), Failure> {
    let [from, to] = [old, new].map(|bundle| LogAt::from(&bundle.head.header.0));
    if old.head.header.0.height > new.head.header.0.height {
        return Err(Failure::refused("the node is behind the file").hint("wait until it has caught up, or ask another"));
    }
    client.consistency(from.size, to.size)?.connects(&from, &to).map_err(|bad| {
        Failure::unproven(format!("{} does not show that its log grew out of the file's", client.base()))
            .why(bad)
            .hint("ask another node, and hold the two against each other with `sampan compare`")
    })
}
