//! `sampan surrender`: give a bill of lading back to its carrier, which ends it.

use sampan_proto::statement::{Action, Surrender as Act};

use super::desk::Desk;
use super::{Context, record_id};
use crate::args::Surrender;
use crate::failure::{Exit, Failure};

/// Names the carrier and the seq: given, or as proven by the record's state.
pub(super) fn run(args: &Surrender, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let act = match (args.seq, &args.to) {
        (Some(seq), Some(to)) => Act { record: record_id(&args.record)?, seq, to: to.clone() },
        (seq, to) => {
            let record = desk.current(&args.record)?;
            let to = to.clone().unwrap_or(record.issuer);
            Act { record: record.id, seq: seq.unwrap_or(record.seq), to }
        }
    };
    desk.act(Action::Surrender(act))
}
