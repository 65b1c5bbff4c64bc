//! The ledger: what a block of statements does to the state. Deterministic: the same tip, draft and statements
//! give the same [`Outcome`] everywhere, to the last bit of its header. Nodes execute with it before they vote;
//! an auditor executes with it years later, from an archive ([`crate::audit`]).
//!
//! Statements only: bodies decide nothing here, for a block's validity must not depend on who may read what.

mod execute;
mod memory;
mod rules;
mod view;

pub use execute::{Draft, Execution, GenesisState, Outcome, Placed, genesis_state};
pub use memory::Memory;
pub(crate) use rules::coherent;
pub use rules::{At, Change, Judged, judge};
pub use view::{InForce, Overlay, Tip, View};
