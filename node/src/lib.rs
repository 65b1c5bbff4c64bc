//! The daemon: a pure core inside a thin shell.
//!
//! ```text
//!   api ──┐                      ┌── core::ledger      executes
//!   net ──┼─▶ verify ─▶ engine ─▶├── core::consensus   agrees
//!         │               │      └── core::mempool     holds
//!         └───▶ store ◀───┘          one writer, one WriteBatch a block
//! ```
//!
//! `core` decides and does no I/O; `engine` owns it, is the only loop and the only writer of `store`;
//! `net` and `api` move bytes in and out; `verify` turns bytes into checked types on a bounded pool.

pub mod api;
pub mod backup;
pub mod clock;
pub mod config;
pub mod control;
pub mod core;
pub mod engine;
pub mod fault;
pub mod identity;
pub mod metrics;
pub mod net;
pub mod node;
mod parts;
mod rate;
pub mod setup;
pub mod space;
pub mod store;
pub mod verify;
