//! Entries without their statements.

use sampan_proto::proof::{Binary, Bundle, EntryPart};

use super::{Cases, with_members};
use crate::support::chain::Chain;
use crate::support::digest;
use crate::support::story::{ISSUE_INDEX, ORIGIN_INDEX, Story};

fn entry(chain: &Chain, index: u64) -> EntryPart {
    let entry = chain.entries[usize::try_from(index).expect("low")].clone();
    EntryPart { entry: Binary(entry), path: Binary(chain.log.inclusion(chain.log.size(), index)) }
}

pub(super) fn entries(cases: &mut Cases, story: &Story) {
    let chain = &story.chain;
    let of = |index| Bundle { entry: Some(entry(chain, index)), ..chain.bundle() };
    let act = of(ISSUE_INDEX);
    cases.good("an entry of an act", &act);
    cases.good("an entry of a block", &of(2));
    let receipt = Bundle { receipt: Some(chain.receipt(ISSUE_INDEX)), ..with_members(chain) };
    cases.good("an entry beside its receipt", &Bundle { entry: Some(entry(chain, ISSUE_INDEX)), ..receipt.clone() });
    let mut bad = |name: &str, change: &dyn Fn(&mut EntryPart)| {
        cases.bad(name, &["entry"], &act, |b| change(b.entry.as_mut().expect("an entry")));
    };
    bad("entry, another index", &|part| part.path.0.index += 1);
    bad("entry, another size", &|part| part.path.0.size += 1);
    bad("entry, an older log", &|part| part.path.0 = chain.log.inclusion(5, ISSUE_INDEX));
    bad("entry, a sibling changed", &|part| part.path.0.path[0] = digest(1));
    bad("entry, another one", &|part| part.entry.0 = chain.entries[3].clone());
    let other = entry(chain, ORIGIN_INDEX);
    cases.bad("entry, of another record than the receipt", &["entry"], &receipt, |b| {
        b.entry = Some(entry(chain, ORIGIN_INDEX));
    });
    cases.bad("entry, of another record than the status", &["entry"], &story.record_only(), |b| b.entry = Some(other));
}
