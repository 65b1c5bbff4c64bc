//! The user's wish to stop: Ctrl-C, SIGTERM from whoever started us, or a terminal that was closed.

use anyhow::Result;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first Ctrl-C, SIGTERM or SIGHUP.
///
/// # Errors
/// When signals cannot be listened for.
pub fn stop_token() -> Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // Nodes have process groups of their own: without us nobody ends them.
    let mut hangup = signal(SignalKind::hangup())?;
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        stop.cancel();
    });
    Ok(token)
}
