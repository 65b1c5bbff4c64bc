//! A client of a node's HTTP interface.

use anyhow::{Context, Result, bail};
use reqwest::{RequestBuilder, StatusCode};
use sampan_proto::api::{
    BatchResults, EvidenceView, FindingsView, HeaderView, HistoryView, NodeStatus, Problem, RecordView,
    StatementStatus, Submission, Ticket,
};
use sampan_proto::ids::{Height, RecordId, StatementId};
use sampan_proto::proof::Bundle;
use serde::de::DeserializeOwned;
use std::time::Duration;

use super::wait;

/// What a node gave, or its refusal.
pub type Answer<T> = Result<T, Box<Problem>>;

/// The longest a node lets a question wait, in seconds.
pub const LONG_POLL_S: u64 = 20;
/// The longest any answer may take.
const TIMEOUT: Duration = Duration::from_secs(LONG_POLL_S + 20);

/// One node, seen from outside. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    http: reqwest::Client,
}

impl Api {
    /// A client of the node at `base` (`http://127.0.0.1:8101`).
    ///
    /// # Errors
    /// When no client can be set up.
    pub fn new(base: String) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(Duration::from_secs(2))
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self { base, http })
    }

    /// The node's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Whether the node says that it is ready, or why not.
    pub async fn ready(&self) -> Result<(), String> {
        let answer = self.http.get(self.url("/readyz")).timeout(Duration::from_secs(2)).send().await;
        match answer {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("/readyz answers {}", answer.status())),
            Err(error) => Err(format!("no answer: {error}")),
        }
    }

    /// The node about itself.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn node(&self) -> Result<NodeStatus> {
        self.get("/v1/node").await?.map_err(refused)
    }

    /// The node about itself, as soon as it is past `after`, or after a while.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn node_after(&self, after: Height) -> Result<NodeStatus> {
        self.get(&format!("/v1/node?after={after}&wait_s={LONG_POLL_S}")).await?.map_err(refused)
    }

    /// A decided block's header.
    ///
    /// # Errors
    /// When it does not answer, or has no such block.
    pub async fn header(&self, height: Height) -> Result<HeaderView> {
        self.get(&format!("/v1/headers/{height}")).await?.map_err(refused)
    }

    /// Submits one statement.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn submit(&self, submission: &Submission) -> Result<Answer<Ticket>> {
        self.submit_json(serde_json::to_vec(submission)?).await
    }

    /// Submits one statement that is JSON already.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn submit_json(&self, json: Vec<u8>) -> Result<Answer<Ticket>> {
        self.post("/v1/statements", json).await
    }

    /// Submits a batch that is JSON already.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn submit_batch(&self, json: Vec<u8>) -> Result<Answer<BatchResults>> {
        self.post("/v1/statements/batch", json).await
    }

    /// Where a statement is, as soon as it is final or dropped, or after a while.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn statement(&self, id: &StatementId) -> Result<StatementStatus> {
        self.get(&format!("/v1/statements/{id}?wait_s={LONG_POLL_S}")).await?.map_err(refused)
    }

    /// Where a statement is now.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn statement_now(&self, id: &StatementId) -> Result<StatementStatus> {
        self.get(&format!("/v1/statements/{id}")).await?.map_err(refused)
    }

    /// Waits until a statement is final here, at most for `limit`.
    ///
    /// # Errors
    /// When it is dropped or does not become final.
    pub async fn finality(&self, id: &StatementId, limit: Duration) -> Result<Height> {
        wait::until("finality", limit, async || {
            Ok(match self.statement(id).await? {
                StatementStatus::Final { height, .. } => Ok(height),
                StatementStatus::Dropped { problem } => bail!("dropped: {}: {}", problem.code, problem.detail),
                other => Err(format!("statement {} is {other:?}", id.0.short())),
            })
        })
        .await
    }

    /// A record now.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn record(&self, id: &RecordId) -> Result<Answer<RecordView>> {
        self.get(&format!("/v1/records/{id}")).await
    }

    /// What a bill and a certificate say of each other.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn findings(&self, one: &RecordId, other: &RecordId) -> Result<Answer<FindingsView>> {
        self.get(&format!("/v1/records/{one}/findings/{other}")).await
    }

    /// A record's history.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn history(&self, id: &RecordId) -> Result<Answer<HistoryView>> {
        self.get(&format!("/v1/records/{id}/history")).await
    }

    /// A record's state with its proof.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn status(&self, id: &RecordId) -> Result<Answer<Bundle>> {
        self.get(&format!("/v1/records/{id}/status")).await
    }

    /// The evidence that it keeps of somebody who signed two things.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn evidence(&self) -> Result<EvidenceView> {
        self.get("/v1/evidence").await?.map_err(refused)
    }

    /// A document's exact bytes.
    ///
    /// # Errors
    /// When it does not answer, or does not disclose it.
    pub async fn body(&self, id: &RecordId) -> Result<Vec<u8>> {
        let (status, bytes) = self.send(self.http.get(self.url(&format!("/v1/records/{id}/body")))).await?;
        if status.is_success() { Ok(bytes) } else { Err(refused(problem(status, &bytes)?)) }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>> {
        let (status, bytes) = self.send(self.http.get(self.url(path))).await?;
        read(status, &bytes).with_context(|| format!("GET {}{path}", self.base))
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, json: Vec<u8>) -> Result<Answer<T>> {
        let request = self.http.post(self.url(path)).header("content-type", "application/json").body(json);
        let (status, bytes) = self.send(request).await?;
        read(status, &bytes).with_context(|| format!("POST {}{path}", self.base))
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Vec<u8>)> {
        let answer = request.send().await.with_context(|| format!("asking {}", self.base))?;
        let status = answer.status();
        let bytes = answer.bytes().await.with_context(|| format!("the answer of {} breaks off", self.base))?;
        Ok((status, bytes.into()))
    }
}

fn read<T: DeserializeOwned>(status: StatusCode, bytes: &[u8]) -> Result<Answer<T>> {
    if !status.is_success() {
        return problem(status, bytes).map(Err);
    }
    serde_json::from_slice(bytes).map(Ok).with_context(|| format!("{status} with {}", shown(bytes)))
}

fn problem(status: StatusCode, bytes: &[u8]) -> Result<Box<Problem>> {
    serde_json::from_slice(bytes).with_context(|| format!("{status} without a problem: {}", shown(bytes)))
}

fn refused(problem: impl AsRef<Problem>) -> anyhow::Error {
    let problem = problem.as_ref();
    anyhow::anyhow!("refused: {}: {}", problem.code, problem.detail)
}

fn shown(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).chars().take(200).collect();
    if text.is_empty() { "an empty answer".to_owned() } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_thing_a_problem_or_an_error_that_shows_it() {
        let good: Answer<u32> = read(StatusCode::OK, b"7").expect("reads");
        assert_eq!(good, Ok(7));
        let json = br#"{"status":409,"code":"wrong_seq","path":"$","detail":"late","hint":"again"}"#;
        let bad: Answer<u32> = read(StatusCode::CONFLICT, json).expect("reads");
        assert_eq!(bad.expect_err("a problem").code, "wrong_seq");
        let odd = read::<u32>(StatusCode::BAD_GATEWAY, b"<html>").expect_err("no problem");
        assert!(odd.to_string().contains("<html>"), "{odd}");
    }
}
