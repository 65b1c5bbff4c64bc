//! Local networks of Sampan: real processes on one machine, to look around in, to show and to measure.
//!
//! | Room | What it holds |
//! |---|---|
//! | [`cluster`] | a network of `sampand` processes: founding, ports, logs, kill and restart, HTTP, teardown |
//! | [`up`] | a network in the foreground, until Ctrl-C |
//! | [`demo`] | the story of a bill of lading and a certificate, told and checked step by step |
//! | [`sim`] | a network in one thread: real engines over links, clocks and disks that are made up, by seed or by script |
//! | [`fuzz`] | bytes that nobody honest sends, through every way in |
//! | [`chaos`] | a network of processes in which everything goes wrong, and every acknowledgement held against it |
//! | [`abuse`] | honest clients beside attackers, and what the honest ones keep |
//! | [`bench`] | load and latency against the bound that the machine allows |
//! | [`clock`], [`console`], [`dice`], [`scratch`], [`signals`], [`usage`] | the only places that read clocks, print, throw dice from a seed, make files that vanish in memory, listen for signals, and blame the user |
//!
//! Tests with real processes need `sampand` and `sampan` built: `make test` does that first.

pub mod abuse;
pub mod bench;
pub mod chaos;
pub mod clock;
pub mod cluster;
pub mod console;
pub mod demo;
pub mod dice;
pub mod fuzz;
pub mod scratch;
pub mod signals;
pub mod sim;
pub mod up;
pub mod usage;
