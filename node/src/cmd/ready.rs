//! `sampand ready`: a validator's key says that its node runs and will vote.

use clap::Args;
use sampan_node::clock::now_ms;
use sampan_node::identity::Identity;
use sampan_proto::governance::{Ready, SeatRequest};

use super::config::Source;
use super::{Failure, print, read_genesis, say};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
}

/// Runs the command. It reads the keys and says a word; the node itself goes on beside it.
pub(crate) fn ready(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.source.load()?;
    let genesis = read_genesis(&config.genesis)?;
    let identity = Identity::load(&config).map_err(|error| Failure::refused(error.to_string(), error.hint()))?;
    let (Some(member), Some(key)) = (identity.member, identity.consensus) else {
        let hint = "`sampand init --role customs` makes a consensus key; name it under [keys] in sampand.toml";
        return Err(Failure::refused("this node has no consensus key of a member", hint));
    };
    let ready = Ready::sign(genesis.chain, &member, &key, now_ms());
    say("Let the node run before it is given the seat: one that follows already votes at once.");
    say("Hand this to a member of the roster within a day: `sampan gov propose seat FILE`");
    let request = SeatRequest { member, ready };
    // A struct of strings and numbers always has a JSON form.
    print(&serde_json::to_string_pretty(&request).unwrap_or_default())
}
