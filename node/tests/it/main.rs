//! Whole nodes in one process over loopback: engine, network, store and HTTP together.

mod harness;
mod network;
mod tidy;
