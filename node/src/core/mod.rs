//! The pure core: no I/O, no clock, no randomness, no maps with an order of their own. Each part is a
//! plain struct that the engine, or a simulator, drives.

pub mod consensus;
mod document;
pub mod ledger;
pub mod mempool;
mod obstacle;

pub use document::Document;
pub use obstacle::Obstacle;
