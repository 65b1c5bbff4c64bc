//! Waiting for something to become true, with a bound and a reason: never a blind sleep.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::clock;

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(20);

/// The answer to one question: the thing, or why it is not there yet. The outer error ends the waiting.
pub type Now<T> = Result<Result<T, String>>;

/// Asks until there is an answer, at most for `limit`.
///
/// # Errors
/// What was waited for and why it did not come, or the error that makes waiting pointless.
pub async fn until<T>(what: &str, limit: Duration, mut ask: impl AsyncFnMut() -> Now<T>) -> Result<T> {
    let end = clock::now() + limit;
    loop {
        match ask().await? {
            Ok(answer) => return Ok(answer),
            Err(why) if clock::now() >= end => bail!("waited {} s for {what}: {why}", limit.as_secs()),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_answer_the_reason_or_the_error() {
        let mut left = 3;
        let answer = until("a countdown", Duration::from_secs(5), async || {
            left -= 1;
            Ok(if left == 0 { Ok("done") } else { Err(format!("{left} left")) })
        });
        assert_eq!(answer.await.expect("comes"), "done");
        let late = until::<()>("rain", Duration::ZERO, async || Ok(Err("the sky is blue".to_owned()))).await;
        assert_eq!(late.expect_err("late").to_string(), "waited 0 s for rain: the sky is blue");
        let never = until::<()>("rain", Duration::from_secs(60), async || bail!("the sky fell")).await;
        assert_eq!(never.expect_err("never").to_string(), "the sky fell");
    }
}
