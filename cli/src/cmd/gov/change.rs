//! A change in words: a line for lists, and every field of it for whoever is to vote on it.

use sampan_proto::genesis::Parameters;
use sampan_proto::governance::Change;
use sampan_proto::member::{Member, MemberKey, Standing};
use sampan_proto::protocol::Protocol;

use crate::cmd::key_on_day::purpose_name;
use crate::page::{Cell, Tone};
use crate::time;

/// A change in a line.
pub(super) fn words(change: &Change) -> String {
    match change {
        Change::Admit { member, .. } => format!("admit `{}` ({}, {})", member.0.id, member.0.name, member.0.country),
        Change::Suspend { member, reason } => format!("suspend `{member}`: {reason}"),
        Change::Reinstate { member, reason } => format!("reinstate `{member}`: {reason}"),
        Change::RecoverKeys { member, .. } => format!("give `{member}` new keys"),
        Change::Seat { member, power, ready } => {
            format!("seat `{member}` with power {power}, key {}", ready.key.short())
        }
        Change::Unseat { member, reason } => format!("unseat `{member}`: {reason}"),
        Change::Parameters(_) => "other protocol parameters".to_owned(),
        Change::Edition { list, edition, .. } => format!("{list} in edition {edition}"),
        Change::Upgrade(Protocol { version, from }) => format!("protocol version {version} from block {from} on"),
    }
}

/// What the line leaves out. A vote signs all of it.
pub(super) fn details(change: &Change) -> Vec<(&'static str, Cell)> {
    match change {
        // The line says it all.
        Change::Suspend { .. } | Change::Reinstate { .. } | Change::Unseat { .. } | Change::Upgrade(_) => Vec::new(),
        Change::Admit { member, .. } => admission(&member.0),
        Change::RecoverKeys { statement, governance, .. } => {
            vec![("statement key", strong(statement)), ("governance key", strong(governance))]
        }
        Change::Seat { ready, .. } => {
            vec![("consensus key", strong(&ready.key)), ("ready since", time::utc(ready.time_ms).into())]
        }
        Change::Parameters(parameters) => settings(parameters),
        Change::Edition { sha256, .. } => vec![("sha256", strong(sha256))],
    }
}

fn strong(value: &impl ToString) -> Cell {
    Cell::new(value.to_string(), Tone::Strong)
}

fn admission(member: &Member) -> Vec<(&'static str, Cell)> {
    let Member { id: _, name: _, country: _, roles, standing, keys, pepper } = member;
    let roles: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
    let standing = match standing {
        Standing::Active => "active",
        Standing::Suspended => "suspended",
    };
    let mut pairs = vec![("roles", strong(&roles.join(", "))), ("standing", standing.into())];
    pairs.extend(keys.iter().map(|key| ("key", listed(key))));
    pairs.push(("pepper", pepper.map_or("none: it issues nothing".to_owned(), |pepper| pepper.to_string()).into()));
    pairs
}

fn listed(key: &MemberKey) -> Cell {
    let MemberKey { purpose, key, valid_from, valid_until } = key;
    let until = valid_until.map_or(String::new(), |height| format!(", until height {height}"));
    strong(&format!("{key}, {}, from height {valid_from}{until}", purpose_name(*purpose)))
}

fn settings(parameters: &Parameters) -> Vec<(&'static str, Cell)> {
    let Parameters {
        heartbeat_ms,
        propose_timeout_ms,
        prevote_timeout_ms,
        precommit_timeout_ms,
        timeout_delta_ms,
        trusting_period_ms,
        freeze_quorum,
        recovery_wait_ms,
    } = parameters;
    vec![
        ("heartbeat_ms", strong(heartbeat_ms)),
        ("propose_timeout_ms", strong(propose_timeout_ms)),
        ("prevote_timeout_ms", strong(prevote_timeout_ms)),
        ("precommit_timeout_ms", strong(precommit_timeout_ms)),
        ("timeout_delta_ms", strong(timeout_delta_ms)),
        ("trusting_period_ms", strong(trusting_period_ms)),
        ("freeze_quorum", strong(freeze_quorum)),
        ("recovery_wait_ms", strong(recovery_wait_ms)),
    ]
}
