//! `sampan show`: a record, who controls it, and by whom that was decided.

use sampan_proto::ids::{MemberId, RecordId};
use sampan_proto::member::{Member, Standing};
use sampan_proto::origin::Origin;
use sampan_proto::proof::Bundle;
use sampan_proto::record::Record;
use sampan_proto::reject::Code;
use sampan_proto::text::Sealed;
use sampan_proto::title::Title;
use serde::Serialize;

use super::{Context, record_bundle, record_id};
use crate::anchor::Anchor;
use crate::args::Show;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::page::{Cell, Page, Tone};
use crate::proven::{self, Act, AsOf};
use crate::remark::{Place, open};
use crate::{draft, text, time};

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    record: &'a Record,
    /// Those who acted, proven.
    members: Vec<&'a Member>,
    /// Others that are named, as they were when the network began: what the anchor says of them may have changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    founding: Vec<&'a Member>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<Remark>,
    /// Whether the node held the past, with all remarks; otherwise this is the state alone.
    complete: bool,
    as_of: AsOf,
    proven: bool,
}

impl Report<'_> {
    /// Who a member is, as far as that is known, and whether it may act.
    fn name(&self, id: &MemberId) -> String {
        let is = |member: &&&Member| member.id == *id;
        match (self.members.iter().find(is), self.founding.iter().find(is)) {
            (Some(Member { name, country, standing: Standing::Suspended, .. }), _) => {
                format!("{id}  {name}, {country}, suspended")
            }
            (Some(Member { name, country, .. }), _) => format!("{id}  {name}, {country}"),
            (None, Some(Member { name, country, .. })) => format!("{id}  {name}, {country} (as founded)"),
            (None, None) => id.to_string(),
        }
    }
}

/// A remark, as far as the key at hand reads it.
#[derive(Serialize)]
struct Remark {
    seq: u64,
    by: MemberId,
    left: Sealed,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Remark {
    fn words(&self) -> String {
        let words = match (&self.left, &self.text) {
            (_, Some(text)) => text.clone(),
            (Sealed::Sha256(digest), None) => format!("SHA-256 {digest}"),
            (Sealed::Encrypted(_), None) => "sealed to another reader, or by other means".to_owned(),
        };
        format!("#{} by {}: {words}", self.seq, self.by)
    }
}

/// The remarks in the record's history. The key file is opened only if there is something to open with it.
fn remarks(acts: Vec<Act>, args: &Show, context: &Context, place: Place) -> Result<Vec<Remark>, Failure> {
    let left: Vec<_> = acts.into_iter().filter_map(|act| Some((act.seq, act.member, act.remark?))).collect();
    let sealed = left.iter().any(|(_, _, left)| matches!(left, Sealed::Encrypted(_)));
    let path = args.key.as_deref().or(context.settings.key.as_deref()).filter(|_| sealed);
    let key = path.map(|path| draft::key_file(path, &context.printer)).transpose()?;
    let read = |(seq, by, left): (u64, MemberId, Sealed)| {
        let text = match (&left, &key) {
            (Sealed::Encrypted(cipher), Some(key)) => open(cipher, &key.secret, place),
            _ => None,
        };
        Remark { seq, by, left, text }
    };
    Ok(left.into_iter().map(read).collect())
}

/// Fetches all there is to prove about the record, and shows what is proven.
pub(super) fn run(args: &Show, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let id = record_id(&args.record)?;
    let (bundle, whole) = past_or_state(&client, &anchor, &id, context)?;
    let (record, ladder) = if whole {
        proven::record(&bundle, &anchor, &id)?
    } else {
        let (record, ladder) = proven::status(&bundle, &anchor, &id, None)?;
        (record.ok_or_else(|| proven::absent(&bundle, &id))?, ladder)
    };
    let members = proven::members(&bundle, &ladder);
    let acted = |id: &MemberId| members.iter().any(|member| member.id == *id);
    let others = anchor.members().iter().filter(|member| is_named(record, &member.id));
    let founding = others.filter(|member| !acted(&member.id)).collect();
    let remarks = remarks(proven::acts(&bundle, &ladder), args, context, Place { chain: anchor.chain(), record: id })?;
    let complete = whole && proven::has_history(record);
    if whole && !complete {
        context.printer.warn(text::LONG_HISTORY);
    }
    let report = Report { record, members, founding, remarks, complete, as_of: AsOf::of(&bundle), proven: true };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

/// All there is to prove about the record and true; from a node that does not hold the past its state, and false.
fn past_or_state(
    client: &Client,
    anchor: &Anchor,
    id: &RecordId,
    context: &Context,
) -> Result<(Bundle, bool), Failure> {
    match record_bundle(client, anchor, id) {
        Err(failure) if failure.is(Code::HistoryNotHeld) => {
            context.printer.warn(text::NO_PAST_HERE);
            Ok((client.status(id)?, false))
        }
        bundle => Ok((bundle?, true)),
    }
}

fn is_named(record: &Record, id: &MemberId) -> bool {
    record.parties().any(|party| party == id)
}

/// Title beyond possession, as far as there is something to say.
fn title_pairs(title: &Title, named: &impl Fn(&MemberId) -> String, pairs: &mut Vec<(&'static str, Cell)>) {
    pairs.push(("made out", title.form.as_str().into()));
    if let Some(holder) = &title.holder {
        let further = if title.may_endorse { "" } else { ", not to be endorsed further" };
        pairs.push(("title", Cell::new(format!("{}{further}", named(holder)), Tone::Strong)));
    }
    if let Some(offer) = &title.offer {
        let against = offer.payment.as_ref();
        let against = against.map_or(String::new(), |p| format!(", against {} through {}", p.amount, p.bank));
        let until = time::utc(offer.until_ms);
        pairs.push(("offered to", format!("{} until {until}{against}", named(&offer.to)).into()));
    }
    if let Some(pledge) = &title.pledge {
        pairs.push(("pledge offered to", named(&pledge.bank).into()));
    }
    if let Some(lien) = &title.lien {
        pairs.push(("pledged to", Cell::new(named(&lien.bank), Tone::Care)));
    }
    if title.freeze.in_force {
        let agencies: Vec<&str> = title.freeze.voices.iter().map(MemberId::as_str).collect();
        pairs.push(("frozen by", Cell::new(agencies.join(", "), Tone::Bad)));
    }
}

/// A certificate's account and check.
fn origin_pairs(origin: &Origin, pairs: &mut Vec<(&'static str, Cell)>) {
    let Origin { scheme, issuing_country, importing_country, expires, .. } = origin;
    pairs.push(("scheme", format!("{}, {issuing_country} to {importing_country}", scheme.as_str()).into()));
    pairs.push(("valid until", expires.to_string().into()));
    for (number, left) in &origin.account {
        let of = origin.certified.get(number).map_or(String::new(), |all| format!(" of {all}"));
        pairs.push(("left", format!("item {}: {left}{of}", number.0).into()));
    }
    if !origin.drawn.0.is_empty() {
        pairs.push(("drawn", format!("{} on other certificates", origin.drawn).into()));
    }
    if let Some(check) = origin.check.as_ref().filter(|check| !check.closed) {
        let due = time::utc(check.reply_by_ms);
        let state = match check.answer {
            Some((at_ms, _)) => format!("answered {}", time::utc(at_ms)),
            None => format!("answer due by {due}"),
        };
        let close = time::utc(check.close_by_ms);
        pairs.push(("under check", Cell::new(format!("by {}, {state}, to close by {close}", check.by), Tone::Care)));
    }
}

/// The records before and after it.
fn heirs(record: &Record, pairs: &mut Vec<(&'static str, Cell)>) {
    for old in &record.replaces {
        pairs.push(("in place of", old.to_string().into()));
    }
    for heir in &record.replaced_by {
        pairs.push(("replaced by", Cell::new(heir.to_string(), Tone::Care)));
    }
}

fn write(report: &Report<'_>, page: &mut Page) {
    let record = report.record;
    let named = |id: &MemberId| report.name(id);
    let mut pairs = vec![
        ("record", Cell::new(record.id.to_string(), Tone::Strong)),
        ("kind", record.kind.as_str().into()),
        ("status", Cell::new(record.status.as_str(), Tone::Strong)),
    ];
    if let Some(possessor) = &record.possessor {
        pairs.push(("held by", Cell::new(named(possessor), Tone::Strong)));
    }
    if let Some(title) = &record.title {
        title_pairs(title, &named, &mut pairs);
    }
    if let Some(origin) = &record.origin {
        origin_pairs(origin, &mut pairs);
    }
    heirs(record, &mut pairs);
    pairs.extend(report.remarks.iter().map(|remark| ("remark", remark.words().into())));
    pairs.extend([
        ("issued by", named(&record.issuer).into()),
        ("issued to", named(&record.issued_to).into()),
        ("issued at", format!("height {}", record.issued_at).into()),
        ("seq", record.seq.to_string().into()),
        ("body", record.body.to_string().into()),
    ]);
    page.pairs(&pairs);
    let AsOf { height, time, time_ms } = &report.as_of;
    let age = time::ago(*time_ms, time::now_ms());
    page.tagged(Tone::Good, "✓ proven", format!("as of height {height}, {time} ({age})"));
}
