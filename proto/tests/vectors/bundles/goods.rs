//! Goods that are pledged, and goods that are not.

use sampan_proto::hash::Hash32;
use sampan_proto::ids::RecordId;
use sampan_proto::proof::{Binary, Bundle, GoodsProof};
use sampan_proto::state_key;

use super::Cases;
use crate::support::digest;
use crate::support::story::Story;

/// What the state says of goods.
fn goods(story: &Story, goods: Hash32, record: Option<RecordId>) -> GoodsProof {
    GoodsProof { goods, record, proof: Binary(story.chain.prove(&state_key::goods(&goods))) }
}

pub(super) fn goods_cases(cases: &mut Cases) {
    let mut story = Story::tell();
    let (pledged, free) = (digest(0x70), digest(0x71));
    story.chain.changes.insert(state_key::goods(&pledged), Some(state_key::goods_value(&story.bill)));
    story.chain.block(&[]);
    let of = |part| Bundle { goods: Some(part), ..story.chain.bundle() };
    let held = of(goods(&story, pledged, Some(story.bill)));
    cases.good("goods that are pledged", &held);
    let none = of(goods(&story, free, None));
    cases.good("goods that are not pledged", &none);
    let status = Some(story.chain.status(story.origin));
    cases.good("goods pledged under another record", &Bundle { status, ..held.clone() });
    let mut bad = |name: &str, base: &Bundle, change: &dyn Fn(&mut GoodsProof)| {
        cases.bad(name, &["goods"], base, |b| change(b.goods.as_mut().expect("goods")));
    };
    bad("goods, another record", &held, &|part| part.record = Some(story.origin));
    bad("goods, denied", &held, &|part| part.record = None);
    bad("goods, claimed", &none, &|part| part.record = Some(story.bill));
    bad("goods, other goods", &held, &|part| part.goods = free);
}
