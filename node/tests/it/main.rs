//! Whole nodes in one process over loopback: engine, network, store and HTTP together.

#[cfg(test)]
mod alarms;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod join;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod network;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod roster;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod stopping;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod upgrade;
