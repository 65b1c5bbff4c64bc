//! The ledger, which is the law's ([`sampan_proto::ledger`]), and admission to it: the same judgement, plus the
//! check that a body says what its statement claims (see [`admit`]).

mod admit;
#[cfg(test)]
pub mod fixtures;
#[cfg(test)]
mod tests;

pub use admit::{Admitted, admit};
pub use sampan_proto::ledger::{
    At, Change, Draft, Execution, GenesisState, InForce, Judged, Outcome, Overlay, Placed, Tip, View, genesis_state,
    judge,
};
