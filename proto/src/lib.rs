//! The law of Sampan: every type that crosses a wire, a disk or a signature, with its only encoder,
//! its only hash and its only verifier. No I/O, no clock, no randomness.
//!
//! | Room | What it holds |
//! |---|---|
//! | [`hash`], [`codec`], [`json`], [`keys`], [`keyfile`], [`ids`], [`limits`] | the alphabet: digests, encodings, signatures, names, sizes |
//! | [`genesis`], [`member`], [`roster`] | who takes part |
//! | [`statement`], [`body`], [`doc`] | what members sign, and the trade documents beside it |
//! | [`law`], [`title`], [`origin`], [`text`] | the trade law: what may be done with a bill and with a certificate |
//! | [`governance`] | who takes part, decided by the roster |
//! | [`entry`], [`record`], [`state_key`], [`merkle`] | what the ledger keeps, and the trees that commit to it |
//! | [`block`], [`vote`], [`protocol`] | what validators decide, and by which version of the rules |
//! | [`ledger`], [`archive`], [`audit`] | what a block does to the state; a chain in a file; doing it all again |
//! | [`proof`], [`reject`] | answers that prove themselves, and the clear no |
//! | [`snapshot`] | the state handed to a newcomer, in parts that prove themselves |
//! | [`evidence`] | two things that nobody honest signs both |
//! | [`checkpoint`] | the log as a text that others carry, compare and countersign |
//! | [`api`], [`wire`] | what clients and peers say to a node |

#![deny(missing_docs)]

pub mod api;
pub mod archive;
pub mod audit;
pub mod block;
pub mod body;
pub mod checkpoint;
pub mod codec;
pub mod doc;
pub mod entry;
pub mod evidence;
pub mod genesis;
pub mod governance;
pub mod hash;
pub mod ids;
pub mod json;
pub mod keyfile;
pub mod keys;
pub mod law;
pub mod ledger;
pub mod limits;
pub mod member;
pub mod merkle;
pub mod origin;
pub mod proof;
pub mod protocol;
pub mod record;
pub mod reject;
pub mod roster;
pub mod snapshot;
pub mod state_key;
pub mod statement;
pub mod text;
pub mod title;
pub mod verified;
pub mod vote;
pub mod wire;
