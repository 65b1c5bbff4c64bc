//! The ledger: what a block of statements does to the state. Deterministic: the same tip, draft and
//! statements give the same [`Outcome`] on every node, to the last bit of its header.
//!
//! Statements only: bodies decide nothing here, for a block's validity must not depend on who may read
//! what (see [`admit`] for the check that a body says what its statement claims).

mod admit;
mod execute;
#[cfg(test)]
pub mod fixtures;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use admit::{Admitted, admit};
pub use execute::{Draft, Execution, GenesisState, Outcome, Placed, genesis_state};
pub use rules::{At, Change, Judged, judge};
pub use view::{InForce, Overlay, Tip, View};
