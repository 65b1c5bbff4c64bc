//! A network in one thread: real engines, real stores, real write-ahead logs and real consensus, over links, clocks and
//! disks that are made up. A seed makes a script, a script makes a run, and the same script makes the same run.
//!
//! ```text
//!  seed ──▶ script ──▶ world ──┬─▶ machine   an engine with its store, on a disk that may fail
//!           (text)             ├─▶ link      delay, loss, doubles, cuts
//!                              ├─▶ mask      what a Byzantine validator makes of its messages
//!                              ├─▶ client    submits, remembers every answer; and one that cheats
//!                              ├─▶ watch     what must hold, looked at after every tick
//!                              └─▶ referee   every decided block judged once more, by rules of its own
//! ```
//!
//! Time is the runtime's, which stands still while anything can run. Nothing here reads a real clock but the report.

mod alone;
mod cast;
mod client;
mod command;
mod link;
mod machine;
mod mask;
mod plan;
mod referee;
mod script;
mod shrink;
mod watch;
mod world;

pub(crate) use alone::Alone;
pub use command::{Arguments, Sum, run, seeds};
pub use plan::chosen;
pub use script::Script;
pub use watch::{Violation, What};
pub use world::{Outcome, play};
