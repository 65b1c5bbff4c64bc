//! The program from outside: arguments in; exit code, stdout and stderr out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod codes;
mod documents;
mod draft;
mod gov;
mod help;
mod keys;
mod log;
mod node;
mod offline;
mod online;
mod paper;
mod prove;
mod refusals;
mod sampan;
mod witness;
mod world;
