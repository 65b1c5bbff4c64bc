//! `sampan watch`: follow a record by long poll; every change is proven before it is told.

use std::thread::sleep;
use std::time::Duration;

use sampan_proto::ids::{Height, RecordId};
use sampan_proto::record::Record;
use serde::Serialize;

use super::{Context, record_id};
use crate::anchor::Anchor;
use crate::args::{Until, Watch};
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::page::{Page, Tone};
use crate::proven::{self, AsOf};
use crate::text;

/// One long poll.
const WAIT: Duration = Duration::from_secs(30);
/// Pause before a node that did not answer is asked again.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a node that has told nothing yet may say "not now".
const REFUSALS: u32 = 60;

/// One change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    id: RecordId,
    /// None: it does not exist yet.
    record: Option<&'a Record>,
    as_of: AsOf,
}

/// Tells the state now and at every change, until the user or `--until` ends it. With `--json`, a document a line.
pub(super) fn run(args: &Watch, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let id = record_id(&args.record)?;
    let mut told: Option<Option<u64>> = None;
    let mut height = Height::GENESIS;
    let mut troubled = false;
    let mut refusals = 0;
    loop {
        match look(&client, &anchor, &id, height) {
            Ok((_, as_of)) if as_of.height < height => sleep(PAUSE),
            Ok((record, as_of)) => {
                if as_of.height == height {
                    // A node that answers at once instead of waiting is not to be hammered.
                    sleep(Duration::from_millis(200));
                }
                troubled = false;
                height = as_of.height;
                let seq = record.as_ref().map(|record| record.seq);
                if told != Some(seq) {
                    told = Some(seq);
                    let event = Event { id, record: record.as_ref(), as_of };
                    context.printer.of_several().data(&event, |page| write(&event, page))?;
                }
                if args.until.is_some_and(|until| reached(until, record.as_ref())) {
                    return Ok(Exit::Done);
                }
            }
            // Who says "not now" is there, and is waited for, though not for ever before it has told anything. Before
            // that any other fault ends it; afterwards the network may come and go.
            Err(failure) if told.is_none() && (!failure.is_busy() || refusals == REFUSALS) => return Err(failure),
            Err(failure) if !failure.is_busy() && !failure.may_pass() => return Err(failure),
            Err(failure) => {
                if !troubled {
                    context.printer.warn(format!("{}; asking again", failure.parts().what));
                }
                troubled = true;
                refusals += 1;
                sleep(PAUSE);
            }
        }
    }
}

/// The record in a block above `height`, or as it is when none comes for a while.
fn look(client: &Client, anchor: &Anchor, id: &RecordId, height: Height) -> Result<(Option<Record>, AsOf), Failure> {
    if height > Height::GENESIS {
        client.node_after(height, WAIT)?;
    }
    let bundle = client.status(id)?;
    let (record, _) = proven::status(&bundle, anchor, id, None)?;
    Ok((record.cloned(), AsOf::of(&bundle)))
}

fn reached(until: Until, record: Option<&Record>) -> bool {
    record.is_some_and(|record| match until {
        Until::Final => true,
        Until::Ended => record.status.is_ended(),
        Until::Seq(seq) => record.seq >= seq,
    })
}

fn write(event: &Event<'_>, page: &mut Page) {
    let AsOf { height, time, .. } = &event.as_of;
    match event.record {
        Some(record) => {
            let state = text::record_state(record);
            page.push(Tone::Good, "✓ ").push(Tone::Faint, time).tagged(
                Tone::Plain,
                "",
                format!("{state} (height {height})"),
            );
        }
        None => page.line(format!("- {time} {} (height {height})", text::no_such_record(&event.id))),
    }
}
