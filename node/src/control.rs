//! The operator's door: a socket in the data directory, through which commands on the same machine speak to the node
//! that runs there. Whoever may open it is the node's own user; no network leads to it.
//!
//! One line of JSON goes in, one comes out.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// The socket's name in the data directory.
const SOCKET: &str = "control.sock";
/// The longest line.
const LINE_BYTES: u64 = 16 * 1_024;

/// What an operator may ask of a node that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Order {
    /// Write the store as it is now into a directory that is not there yet.
    Checkpoint(PathBuf),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Reply {
    /// It is done.
    Done,
    /// It is not, and this is why.
    Failed(String),
}

/// Serves the socket in `dir` until `stop`. Without it the node runs all the same: orders then wait for it to end.
pub async fn serve(dir: PathBuf, store: Store, stop: CancellationToken) {
    let path = dir.join(SOCKET);
    let listener = match bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no control socket: backups need the node stopped");
            return stop.cancelled().await;
        }
    };
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        // One after the other: orders are few, and a second copy at the same time would only be slower.
        if let Ok((stream, _)) = accepted
            && let Err(error) = tokio::select! {
                () = stop.cancelled() => break,
                heard = hear(stream, &store) => heard,
            }
        {
            tracing::debug!(%error, "an order broke off");
        }
    }
    // The next start removes what is left.
    let _ = std::fs::remove_file(&path);
}

/// The store's lock is held, so a socket that is here belongs to a node that is gone.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

async fn hear(stream: UnixStream, store: &Store) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(LINE_BYTES)).read_line(&mut line).await?;
    let reply = match serde_json::from_str(&line) {
        Ok(order) => carry_out(order, store.clone()).await,
        Err(error) => Reply::Failed(format!("no order of this version: {error}")),
    };
    write.write_all(&to_line(&reply)).await
}

async fn carry_out(order: Order, store: Store) -> Reply {
    let Order::Checkpoint(dir) = order;
    tracing::info!(dir = %dir.display(), "writing a checkpoint");
    match tokio::task::spawn_blocking(move || store.checkpoint(&dir)).await {
        Ok(Ok(())) => Reply::Done,
        Ok(Err(fault)) => Reply::Failed(fault.to_string()),
        Err(_) => Reply::Failed("it was interrupted".to_owned()),
    }
}

/// An enum of strings always has a JSON form.
fn to_line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Gives an order to the node that runs on `dir`; none when none does.
///
/// # Errors
/// When the node breaks off.
pub fn order(dir: &Path, order: &Order) -> io::Result<Option<Reply>> {
    let mut stream = match std::os::unix::net::UnixStream::connect(dir.join(SOCKET)) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    stream.write_all(&to_line(order))?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_BYTES)).read_line(&mut line)?;
    Ok(Some(serde_json::from_str(&line)?))
}
