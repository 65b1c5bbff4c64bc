//! Handing statements to a node, and again when it says that it is full.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use sampan_proto::api::{Problem, SubmitResult};

use super::prepare::Prepared;
use crate::clock;
use crate::cluster::http::Api;

/// First pause after a node said that it is full; it doubles up to [`LONGEST`].
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(500);
/// How long a node may say that it is full.
const PATIENCE: Duration = Duration::from_secs(120);

/// Submits all of `documents`; `again` counts those that had to wait.
///
/// # Errors
/// When one is refused for good, or for longer than anybody waits.
pub async fn deliver(api: &Api, documents: &[Prepared], again: &AtomicU64) -> Result<()> {
    let mut left: Vec<&Prepared> = documents.iter().collect();
    let (mut pause, end) = (PAUSE, clock::now() + PATIENCE);
    loop {
        match api.submit_batch(batch(&left)).await? {
            Ok(answer) => left = refused_for_now(left, &answer.results)?,
            Err(problem) => for_now(&problem)?,
        }
        if left.is_empty() {
            return Ok(());
        }
        ensure!(clock::now() < end, "{} is full for more than {} s", api.base(), PATIENCE.as_secs());
        again.fetch_add(left.len() as u64, Ordering::Relaxed);
        tokio::time::sleep(pause).await;
        pause = LONGEST.min(pause * 2);
    }
}

/// A batch request of submissions that are JSON already.
fn batch(documents: &[&Prepared]) -> Vec<u8> {
    let mut json = String::with_capacity(20 + documents.iter().map(|document| document.json.len() + 1).sum::<usize>());
    json.push_str(r#"{"submissions":["#);
    for (i, document) in documents.iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        json.push_str(&document.json);
    }
    json.push_str("]}");
    json.into_bytes()
}

fn refused_for_now<'a>(sent: Vec<&'a Prepared>, results: &[SubmitResult]) -> Result<Vec<&'a Prepared>> {
    ensure!(sent.len() == results.len(), "{} results for {} submissions", results.len(), sent.len());
    let mut left = Vec::new();
    for (document, result) in sent.into_iter().zip(results) {
        match result {
            SubmitResult::Ticket(ticket) => {
                ensure!(ticket.statement == document.id, "a ticket for another statement");
            }
            SubmitResult::Problem(problem) => {
                for_now(problem)?;
                left.push(document);
            }
        }
    }
    Ok(left)
}

/// Whether a refusal means to send again later: the node is busy, or has no room.
fn for_now(problem: &Problem) -> Result<()> {
    match problem.status {
        429 | 503 => Ok(()),
        _ => bail!("refused: {} at {}: {}", problem.code, problem.path, problem.detail),
    }
}

#[cfg(test)]
mod tests {
    use sampan_proto::api::{Batch, Ticket};
    use sampan_proto::hash::Hash32;
    use sampan_proto::ids::{ChainId, Height, RecordId};
    use sampan_proto::reject::{Code, Reject};

    use super::*;
    use crate::bench::prepare::Press;
    use crate::cluster::person::tests::somebody;

    fn three() -> Vec<Prepared> {
        let issuer = somebody("issuer-001");
        let to = "klang-import".parse().expect("a handle");
        let kind = sampan_proto::doc::DocKind::CertificateOfOrigin;
        let press = Press::new(ChainId(Hash32([5; 32])), kind, 1_024, vec![issuer], to);
        press.expect("a press").print(3).expect("prints")
    }

    fn ticket(document: &Prepared) -> SubmitResult {
        let record = RecordId(Hash32::ZERO);
        SubmitResult::Ticket(Ticket { statement: document.id, record, not_after_ms: 0, height: Height(1) })
    }

    fn problem(code: Code) -> SubmitResult {
        SubmitResult::Problem(Box::new(Reject::new(code, "$", "so it is").into()))
    }

    #[test]
    fn a_batch_is_the_json_that_a_node_reads() {
        let documents = three();
        let json = batch(&documents.iter().collect::<Vec<_>>());
        let read: Batch = serde_json::from_slice(&json).expect("a batch");
        assert_eq!(read.submissions.len(), 3);
    }

    #[test]
    fn only_those_that_found_no_room_are_sent_again() {
        let documents = three();
        let sent = || documents.iter().collect::<Vec<_>>();
        let results = [ticket(&documents[0]), problem(Code::MempoolFull), ticket(&documents[2])];
        let left = refused_for_now(sent(), &results).expect("goes on");
        assert_eq!(left.iter().map(|document| document.id).collect::<Vec<_>>(), [documents[1].id]);
        let results = [ticket(&documents[0]), problem(Code::BadSignature), ticket(&documents[2])];
        assert!(refused_for_now(sent(), &results).expect_err("for good").to_string().contains("bad_signature"));
        assert!(refused_for_now(sent(), &results[..1]).is_err());
    }
}
