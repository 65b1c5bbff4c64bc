//! `sampan surrender`: give a bill of lading back to its carrier, who decides.

use sampan_proto::statement::Action;
use sampan_proto::title::TitleAct;

use super::desk::Desk;
use super::{Context, record_id};
use crate::args::Surrender;
use crate::failure::{Exit, Failure};

/// Names the carrier and the seq: given, or as proven by the record's state.
pub(super) fn run(args: &Surrender, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let (record, seq, to) = match (args.seq, &args.to) {
        (Some(seq), Some(to)) => (record_id(&args.record)?, seq, to.clone()),
        (seq, to) => {
            let record = desk.current(&args.record)?;
            let to = to.clone().unwrap_or(record.issuer);
            (record.id, seq.unwrap_or(record.seq), to)
        }
    };
    desk.act(Action::title(record, seq, TitleAct::Surrender { to, purpose: args.purpose.into() }))
}
