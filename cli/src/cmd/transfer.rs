//! `sampan transfer`: hand a bill of lading on.

use sampan_proto::statement::Action;
use sampan_proto::title::TitleAct;

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
    desk.act(Action::title(record, seq, TitleAct::Transfer { to: args.to.clone() }))
}
