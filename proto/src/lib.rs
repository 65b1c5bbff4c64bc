//! The law of Sampan: every type that crosses a wire, a disk or a signature, with its only encoder,
//! its only hash and its only verifier. No I/O, no clock, no randomness.

mod hash;

pub use hash::{Domain, Hash32, NotAHash};
