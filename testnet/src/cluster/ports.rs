//! Free ports, kept from everybody else until their node starts.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Ports below the range from which the kernel numbers outgoing connections (it begins at 32768 on Linux
/// and at 49152 elsewhere): a connection never sits on the port of a node that is down for a moment.
const FIRST: u16 = 18_000;
const COUNT: u16 = 14_000;
/// Ports tried before giving up.
const TRIES: usize = 1_000;

/// A port that nobody listens on but this reservation.
#[derive(Debug)]
pub struct Reserved {
    listener: TcpListener,
    port: u16,
}

impl Reserved {
    /// Finds and holds a free port of an address.
    ///
    /// # Errors
    /// When none of many random ports is free.
    pub fn find(address: Ipv4Addr) -> Result<Self> {
        let mut last = None;
        for _ in 0..TRIES {
            let random = u16::try_from(getrandom::u32()? % u32::from(COUNT)).unwrap_or_default();
            match TcpListener::bind((address, FIRST + random)) {
                Ok(listener) => return Ok(Self { listener, port: FIRST + random }),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| anyhow::anyhow!("no port tried"), anyhow::Error::from))
            .with_context(|| format!("no free port on {address}"))
    }

    /// Its number.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Keeps listening on it ourselves.
    ///
    /// # Errors
    /// When the runtime cannot take it over.
    pub fn listen(self) -> Result<tokio::net::TcpListener> {
        self.listener.set_nonblocking(true)?;
        Ok(tokio::net::TcpListener::from_std(self.listener)?)
    }

    /// Lets go of it, for the node that starts now.
    pub fn release(self) {
        drop(self.listener);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserved_port_is_held_until_it_is_released() {
        let reserved = Reserved::find(Ipv4Addr::LOCALHOST).expect("a free port");
        let port = reserved.port();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_err(), "held");
        reserved.release();
        assert!(TcpListener::bind(("127.0.0.1", port)).is_ok(), "free again");
    }
}
