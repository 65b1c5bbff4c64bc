//! The interface against a real network of one: real store, pool and engine, no peers.

mod access;
mod description;
mod fixture;
mod limits;
mod log;
mod pruned;
mod reading;
mod refusing;
mod submitting;
