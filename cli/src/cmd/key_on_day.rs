//! `sampan prove key`: a key was a member's on a day. Two bundles say so: the registry as it is now, which keeps keys
//! with the heights between which they counted, and a block of that day, which says what height it was.

use std::path::Path;

use sampan_proto::ids::Height;
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::limits::BUNDLE_BYTES;
use sampan_proto::member::{KeyStanding, Member, Purpose};
use sampan_proto::proof::Bundle;
use serde::{Deserialize, Serialize};

use super::Context;
use super::prove::Report;
use crate::anchor::{self, Anchor};
use crate::args::prove::KeyOnDay;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::proven::{self, AsOf};
use crate::{files, text, time};

const DAY_MS: u64 = 86_400_000;
const PURPOSES: [Purpose; 4] = [Purpose::Statement, Purpose::Governance, Purpose::Consensus, Purpose::Network];
const LEAVES_OPEN: &str = "that the member was not suspended that day, nor who held the secret half of the key";

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyProof {
    /// The member's entry, under a head that is not older than the day.
    registry: Bundle,
    /// A block of the day: the last one, where this software asked for it.
    day: Bundle,
}

/// Reads or fetches both bundles, and says what they prove together.
pub(super) fn run(args: &KeyOnDay, context: &Context) -> Result<Exit, Failure> {
    let (proof, anchor) = if let Some(path) = &args.from {
        let proof = read(path)?;
        let anchor = anchor::for_bundle(&context.settings, proof.registry.chain, &context.printer)?;
        (proof, anchor)
    } else {
        let client = context.client()?;
        let anchor = context.anchor(&client)?;
        (fetch(args, &client)?, anchor)
    };
    let ladder = proven::demand(&proof.registry, &anchor, &["certificate", "members"], None)?;
    let height = day(&proof, args, &anchor)?;
    let members = proven::members(&proof.registry, &ladder);
    let member = members.into_iter().find(|member| member.id == args.member);
    let member = member.ok_or_else(|| Failure::unproven(text::OFF_THE_POINT))?;
    let (key, id) = (&args.key, &args.member);
    let that_day = format!("at height {height}, {}", time::utc(proof.day.head.header.0.time_ms));
    match standing(member, args, height) {
        Some((purpose, KeyStanding::Valid)) => {
            if let Some(path) = &args.output {
                let mut bytes = serde_json::to_vec_pretty(&proof)
                    .map_err(|error| Failure::unexpected("cannot write the proof as JSON").why(error))?;
                bytes.push(b'\n');
                files::replace(path, &bytes)?;
            }
            let proven = format!("{key} was a {purpose} key of `{id}` {that_day}");
            let as_of = AsOf::of(&proof.registry);
            let report = Report { proven, not_proven: Some(LEAVES_OPEN), as_of, ladder: &ladder };
            report.tell(context, args.output.as_deref())
        }
        Some(_) => Err(Failure::refused(format!("{key} is listed for `{id}`, but did not count {that_day}"))),
        None => Err(Failure::refused(format!("{key} was never listed for `{id}`"))
            .hint("`sampan network --json` lists the members with their keys")),
    }
}

/// What the registry says of the key, under the purpose for which it says most.
fn standing(member: &Member, args: &KeyOnDay, height: Height) -> Option<(&'static str, KeyStanding)> {
    let of = |purpose| (purpose_name(purpose), member.key_standing(purpose, &args.key, height));
    let known = PURPOSES.into_iter().map(of).filter(|(_, standing)| *standing != KeyStanding::Unknown);
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(_, standing)| *standing != KeyStanding::Valid);
    known.into_iter().next()
}

/// The height of the day's block: within the day, and not after the registry's head.
fn day(proof: &KeyProof, args: &KeyOnDay, anchor: &Anchor) -> Result<Height, Failure> {
    proven::demand(&proof.day, anchor, &["certificate"], None)?;
    let (day, head) = (&proof.day.head.header.0, &proof.registry.head.header.0);
    if day.time_ms < args.at || day.time_ms >= args.at.saturating_add(DAY_MS) {
        return Err(Failure::refused("no block of that day is proven")
            .why(format!("the block is of {}", time::utc(day.time_ms))));
    }
    if day.height > head.height {
        return Err(Failure::unproven("the registry is proven as of a time before that day"));
    }
    Ok(day.height)
}

/// What a key is for, in a word.
pub(super) const fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Statement => "statement",
        Purpose::Governance => "governance",
        Purpose::Consensus => "consensus",
        Purpose::Network => "network",
    }
}

/// Looks for the last block before the day's end by halving.
fn fetch(args: &KeyOnDay, client: &Client) -> Result<KeyProof, Failure> {
    let registry = client.member(&args.member)?;
    let end = args.at.saturating_add(DAY_MS);
    let (mut low, mut high) = (1, registry.head.header.0.height.0);
    let mut day = client.head(Some(Height(low)))?;
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let bundle = client.head(Some(Height(middle)))?;
        if bundle.head.header.0.time_ms < end {
            (low, day) = (middle, bundle);
        } else {
            high = middle - 1;
        }
    }
    Ok(KeyProof { registry, day })
}

fn read(path: &Path) -> Result<KeyProof, Failure> {
    let limits = JsonLimits { max_bytes: 2 * BUNDLE_BYTES, max_depth: 9, integers_only: true };
    let bytes = files::read(path, limits.max_bytes)?;
    let what = |error: json::JsonError| {
        Failure::unproven(format!("`{}` is not a proof", path.display()))
            .why(format!("{}: {}", error.path, error.detail))
    };
    let proof = json::from_slice(&bytes, &limits).map_err(what)?;
    json::expect_as_written(&bytes, &proof).map_err(what)?;
    Ok(proof)
}
