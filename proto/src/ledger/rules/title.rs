//! Acts on bills of lading: the law of `crate::title`, and whether goods are pledged already.

use crate::hash::Hash32;
use crate::ids::RecordId;
use crate::law::Terms;
use crate::member::{Member, Role};
use crate::record::Record;
use crate::reject::{Code, Reject};
use crate::statement::OnRecord;
use crate::title::{self, Actor, TitleAct};

use super::{At, Change, Judged, Overlay, View, below, named, recipient};

const ACT: &str = "$.action.title";

/// An act on a title, judged by the law and by what the registry and other records say.
pub(super) fn judge<V: View>(
    state: &Overlay<'_, V>,
    on: &OnRecord<TitleAct>,
    member: &Member,
    at: At<'_>,
) -> Judged<V::Error> {
    if on.seq.is_none() && !on.act.outruns() {
        let reject = Reject::new(Code::SeqMissing, "$.action.title.seq", "this act names the seq that its signer saw");
        return Ok(Err(reject));
    }
    let record = match named(state, &on.record, on.seq, ACT)? {
        Ok(record) => record,
        Err(reject) => return Ok(Err(reject)),
    };
    let kind = on.act.kind();
    let path = format!("{ACT}.act.{}", kind.as_str());
    let next = match title::act(&record, &on.act, &actor(member, at)) {
        Ok(next) => next,
        Err(reject) => return Ok(Err(below(reject, &path))),
    };
    for named in on.act.named() {
        let field = format!("{path}.{}", named.field);
        match recipient(state, named.member, &field)? {
            Err(reject) => return Ok(Err(reject)),
            Ok(member) if named.bank && !member.roles.contains(&Role::Bank) => {
                return Ok(Err(Reject::new(Code::NotABank, field, format!("`{}` is no bank", member.id))));
            }
            Ok(_) => {}
        }
    }
    if let Some(reject) = pledged_twice(state, &on.act, &next, &path)? {
        return Ok(Err(reject));
    }
    let goods = goods_moved(&record, &next);
    Ok(Ok(Change { goods, ..Change::of(next, kind) }))
}

pub(super) fn actor<'a>(member: &'a Member, at: At<'_>) -> Actor<'a> {
    Actor::new(member, Terms { time_ms: at.time_ms, freeze_quorum: at.in_force.parameters.freeze_quorum })
}

/// Goods secure one loan at a time, whichever bank and whichever bill. Asked when they are offered and when a bank takes
/// them: an offer that nobody answers keeps nobody from another act on its bill, and no agency from freezing it.
fn pledged_twice<V: View>(
    state: &Overlay<'_, V>,
    act: &TitleAct,
    next: &Record,
    path: &str,
) -> Result<Option<Reject>, V::Error> {
    let goods = match act {
        TitleAct::Pledge { goods, .. } => Some(*goods),
        TitleAct::AcceptPledge {} => secured(next),
        _ => None,
    };
    let Some(goods) = goods else { return Ok(None) };
    let other = state.pledged(&goods)?.filter(|record| *record != next.id);
    Ok(other.map(|record| {
        let detail = format!("these goods are pledged already, on record {}", record.0.short());
        Reject::new(Code::GoodsPledged, format!("{path}.goods"), detail)
    }))
}

/// Goods under a bank's lien.
fn secured(record: &Record) -> Option<Hash32> {
    record.title.as_ref().and_then(|title| title.lien.as_ref()).map(|lien| lien.goods)
}

/// Goods that come under a lien or out of it.
pub(super) fn goods_moved(before: &Record, after: &Record) -> Vec<(Hash32, Option<RecordId>)> {
    let (before_goods, after_goods) = (secured(before), secured(after));
    if before_goods == after_goods {
        return Vec::new();
    }
    let out = before_goods.map(|goods| (goods, None));
    let into = after_goods.map(|goods| (goods, Some(after.id)));
    out.into_iter().chain(into).collect()
}
