//! `sampan receipt`: the proof that a statement was executed.

use super::Context;
use super::bundle::hand_over;
use crate::args::Receipt;
use crate::failure::{Exit, Failure};
use crate::proven;

/// Fetches and checks the receipt, then writes it.
pub(super) fn run(args: &Receipt, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let bundle = client.receipt(&args.statement)?;
    let (_, ladder) = proven::receipt(&bundle, &anchor, &args.statement)?;
    hand_over(context, &bundle, &ladder, args.output.as_deref())
}
