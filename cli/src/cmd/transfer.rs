//! `sampan transfer`: hand a bill of lading on.

use sampan_proto::statement::{Action, Transfer as Act};

use super::desk::Desk;
use super::{Context, record_id};
use crate::args::Transfer;
use crate::failure::{Exit, Failure};

/// Names the seq that the possessor knows: of two racing transfers only one can.
pub(super) fn run(args: &Transfer, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let (record, seq) = match args.seq {
        Some(seq) => (record_id(&args.record)?, seq),
        None => desk.current(&args.record).map(|record| (record.id, record.seq))?,
    };
    desk.act(Action::Transfer(Act { record, seq, to: args.to.clone() }))
}
