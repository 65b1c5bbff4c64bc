//! Where nodes live: all of them on loopback, or each in a network namespace of its own, at the far end of a bad line.
//!
//! ```text
//!   a namespace of ours: clients, relays        one for each node
//!   ┌─────────────────────────────────┐        ┌──────────────────────┐
//!   │ 10.77.0.1 ── hub ── n0, n1, … ──┼── veth ┼── line ── 10.77.0.10 │
//!   └─────────────────────────────────┘        └──────────────────────┘
//! ```
//!
//! On either end of a line the kernel drops packets by chance, so that TCP has to send them again. What nodes say to each
//! other is late besides; the relays see to that, for a kernel that can do it (`netem`) is not everywhere.
//!
//! [`enter`] starts this program once more in a network, a mount and, without root, a user namespace that are new. All
//! that [`Ground::lay`] makes is made in there: the machine's own network is not touched, and the kernel takes everything
//! away with the last process, however that ends.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::net::Ipv4Addr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::wires::Way;
use crate::usage::Unusable;

/// The option that tells a program in the namespaces that it is there.
const INSIDE: &str = "--inside-namespaces";
/// How late everything is that one node says to another.
const DELAY: Duration = Duration::from_millis(150);
/// Of a hundred packets that come down a line, how many are dropped.
const LOSS: &str = "2";

/// Makes $1 namespaces, on whose lines $2 of a hundred packets are lost. What `ip netns` needs under /run is ours, too.
const LAY: &str = r"
set -e
loss() {
    printf 'table inet loss {
        chain in {
            type filter hook input priority 0
            iifname %s numgen random mod 100 < %s drop
        }
    }\n' $1 $2
}
mount -t tmpfs none /run
mkdir /run/netns
ip link set lo up
ip link add hub type bridge
ip addr add 10.77.0.1/24 dev hub
ip link set hub up
loss hub $2 | nft -f -
i=0
while [ $i -lt $1 ]; do
    ip netns add n$i
    ip link add n$i type veth peer name line netns n$i
    ip link set n$i master hub up
    ip -n n$i link set lo up
    ip -n n$i addr add 10.77.0.$((10 + i))/24 dev line
    ip -n n$i link set line up
    loss line $2 | nsenter --net=/run/netns/n$i nft -f -
    i=$((i + 1))
done
";

/// Where the nodes of a network live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// On this machine's loopback.
    #[default]
    Loopback,
    /// In namespaces, which this process has entered.
    Namespaces,
}

/// Where one node lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On this machine's loopback.
    Loopback,
    /// In the namespace of this number.
    Namespace(u8),
}

impl fmt::Display for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("on loopback"),
            Self::Namespaces => {
                let late = DELAY.as_millis();
                write!(f, "in network namespaces ({late} ms late each way, {LOSS} packets of a hundred lost)")
            }
        }
    }
}

impl Ground {
    /// The address of clients and relays.
    #[must_use]
    pub const fn ours(self) -> Ipv4Addr {
        match self {
            Self::Loopback => Ipv4Addr::LOCALHOST,
            Self::Namespaces => Ipv4Addr::new(10, 77, 0, 1),
        }
    }

    /// Where a node lives; networks are small.
    #[must_use]
    pub fn place(self, node: usize) -> Place {
        match self {
            Self::Loopback => Place::Loopback,
            Self::Namespaces => Place::Namespace(u8::try_from(node).unwrap_or(u8::MAX)),
        }
    }

    /// Makes the places of so many nodes.
    ///
    /// # Errors
    /// When the machine does not allow it, with what it says.
    pub fn lay(self, nodes: usize) -> Result<()> {
        if self == Self::Loopback {
            return Ok(());
        }
        let made = Command::new("sh").args(["-c", LAY, "sh", &nodes.to_string(), LOSS]).output()?;
        ensure!(made.status.success(), "making namespaces: {}", String::from_utf8_lossy(&made.stderr).trim());
        Ok(())
    }

    /// What happens to everything that one node says to another, at the best of times.
    #[must_use]
    pub fn usual(self) -> Way {
        match self {
            Self::Loopback => Way::default(),
            Self::Namespaces => Way::late(DELAY),
        }
    }
}

impl Place {
    /// Its address.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        match self {
            Self::Loopback => Ipv4Addr::LOCALHOST,
            Self::Namespace(number) => Ipv4Addr::new(10, 77, 0, 10 + number),
        }
    }

    /// What a program there is started through, in the same process.
    #[must_use]
    pub fn entrance(self) -> Vec<OsString> {
        match self {
            Self::Loopback => Vec::new(),
            Self::Namespace(number) => vec!["nsenter".into(), format!("--net=/run/netns/n{number}").into()],
        }
    }
}

/// Becomes this program, with the same arguments, in namespaces of its own.
///
/// # Errors
/// When the machine does not allow it: why, and what would help.
pub fn enter() -> Result<Infallible> {
    let unshare = || {
        let mut unshare = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            unshare.args(["--user", "--map-root-user"]);
        }
        unshare.args(["--net", "--mount", "--"]);
        unshare
    };
    // A small one first, for nothing: what is said here is for people.
    let probe = unshare().args(["sh", "-c", LAY, "sh", "1", LOSS]).output();
    let said = match probe {
        Ok(probe) if probe.status.success() => None,
        Ok(probe) => Some(String::from_utf8_lossy(&probe.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(said) = said {
        let why = format!(
            "network namespaces with bad lines are not to be had here: {said}. They need `unshare` and `nsenter`, `ip`, \
             `nft` (Debian: util-linux, iproute2, nftables), and root or user namespaces"
        );
        return Err(Unusable::because(why).into());
    }
    let this = std::env::current_exe().context("where is this program?")?;
    Err(unshare().arg(this).args(std::env::args_os().skip(1)).arg(INSIDE).exec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_has_an_address_of_its_own_that_is_not_ours() {
        let ground = Ground::Namespaces;
        let addresses: std::collections::BTreeSet<_> = (0..16).map(|i| ground.place(i).address()).collect();
        assert!(addresses.len() == 16 && !addresses.contains(&ground.ours()));
        assert_eq!(Ground::Loopback.place(3).entrance(), Vec::<OsString>::new());
    }
}
