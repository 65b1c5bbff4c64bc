//! Statements on their way in: a ticket, or a refusal with the proof of what stands in the way.

use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use sampan_proto::api::{BATCH, Batch, BatchResults, Submission, SubmitResult, Ticket};
use sampan_proto::ids::{Height, RecordId};
use sampan_proto::json::JsonLimits;
use sampan_proto::proof::Bundle;
use sampan_proto::record::Record;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::{Action, SignedStatement, Statement};
use sampan_proto::wire;

use super::State;
use super::error::Refusal;
use super::input;
use crate::core::Document;
use crate::fault::Fatal;
use crate::store::Reader;

/// One submission: the largest statement and body in base64, and the JSON around them.
const SINGLE_JSON: JsonLimits = JsonLimits { max_bytes: 400 * 1024, max_depth: 8, integers_only: true };
/// A batch: many small ones, or a few large ones.
const BATCH_JSON: JsonLimits = JsonLimits { max_bytes: 8 * 1024 * 1024, max_depth: 8, integers_only: true };

/// `POST /v1/statements`: one statement.
pub(super) async fn one(Shared(state): Shared<State>, body: Body) -> Result<(StatusCode, Json<Ticket>), Refusal> {
    let submission: Submission = input::json(body, &SINGLE_JSON).await?;
    let result = submit(&state, vec![submission]).await?.pop();
    let ticket = result.unwrap_or_else(|| Err(lost()))?;
    Ok((StatusCode::ACCEPTED, Json(ticket)))
}

/// `POST /v1/statements/batch`: several, each with its own answer.
pub(super) async fn batch(Shared(state): Shared<State>, body: Body) -> Result<Json<BatchResults>, Refusal> {
    let Batch { submissions } = input::json(body, &BATCH_JSON).await?;
    if submissions.len() > BATCH {
        let detail = format!("{} submissions, at most {BATCH} in one batch", submissions.len());
        return Err(Refusal::new(Code::RequestMalformed, "$.submissions", detail));
    }
    let answer = |result| match result {
        Ok(ticket) => SubmitResult::Ticket(ticket),
        Err(Refusal(problem)) => SubmitResult::Problem(problem),
    };
    let results = submit(&state, submissions).await?.into_iter().map(answer).collect();
    Ok(Json(BatchResults { results }))
}

type Answer = Result<Ticket, Refusal>;

fn lost() -> Refusal {
    Refusal::new(Code::NotReady, "$", "the node is stopping")
}

/// Where a submission stands on its way through.
enum Stage {
    /// It can still become a ticket.
    Good(SignedStatement),
    /// It is refused, for a reason that the statement itself may help to prove.
    Bad(Option<SignedStatement>, Reject),
    /// It is in the mempool.
    Taken(Ticket),
}

/// Reads, admits, takes in: one answer each, in order.
async fn submit(state: &State, submissions: Vec<Submission>) -> Result<Vec<Answer>, Refusal> {
    let (mut stages, mut documents) = (Vec::with_capacity(submissions.len()), Vec::new());
    for Submission { statement, body } in submissions {
        stages.push(match SignedStatement::try_from(statement) {
            Ok(statement) => {
                documents.push(wire::Document { statement: statement.clone(), body: body.map(Into::into) });
                Stage::Good(statement)
            }
            Err(reject) => Stage::Bad(None, reject),
        });
    }
    let admitted = state.pool.admit(documents).await;
    let height = state.engine.head().borrow().height;
    let mut tickets = Vec::new();
    let mut good = Vec::new();
    settle(&mut stages, admitted, |admitted| {
        tickets.push(ticket(admitted.document(), height));
        good.push(admitted);
        None
    });
    let mut tickets = tickets.into_iter();
    let taken = state.engine.submit(good).await;
    settle(&mut stages, taken, |()| tickets.next());
    answers(state, stages).await
}

/// Takes the results of a stage to the submissions that were still good, in order.
fn settle<T>(stages: &mut [Stage], results: Vec<Result<T, Reject>>, mut then: impl FnMut(T) -> Option<Ticket>) {
    let mut results = results.into_iter();
    for stage in stages {
        let Stage::Good(statement) = stage else { continue };
        match results.next() {
            Some(Ok(value)) => {
                if let Some(ticket) = then(value) {
                    *stage = Stage::Taken(ticket);
                }
            }
            Some(Err(reject)) => *stage = Stage::Bad(Some(statement.clone()), reject),
            None => {}
        }
    }
}

fn ticket(document: &Document, height: Height) -> Ticket {
    let statement = document.statement();
    Ticket {
        statement: statement.id(),
        record: record(statement.id(), statement.statement()),
        not_after_ms: statement.statement().not_after_ms,
        height,
    }
}

/// The record that a statement issues or acts on.
fn record(id: sampan_proto::ids::StatementId, statement: &Statement) -> RecordId {
    match &statement.action {
        Action::Issue(_) => Record::id_of(id),
        Action::Transfer(transfer) => transfer.record,
        Action::Surrender(surrender) => surrender.record,
    }
}

/// Turns stages into answers; one look at the store proves all refusals.
async fn answers(state: &State, stages: Vec<Stage>) -> Result<Vec<Answer>, Refusal> {
    let metrics = state.metrics.clone();
    let answer = move |reader: Option<&Reader<'_>>, stage| match stage {
        Stage::Taken(ticket) => Ok(Ok(ticket)),
        Stage::Good(_) => Ok(Err(lost())),
        Stage::Bad(statement, reject) => {
            metrics.refused(reject.code);
            match (reader, statement) {
                (Some(reader), Some(statement)) => explain(reader, &statement, reject).map(Err),
                _ => Ok(Err(reject.into())),
            }
        }
    };
    if stages.iter().any(|stage| matches!(stage, Stage::Bad(Some(_), _))) {
        state
            .read(move |reader| Ok(stages.into_iter().map(|s| answer(Some(reader), s)).collect::<Result<_, _>>()?))
            .await
    } else {
        Ok(stages.into_iter().map(|stage| answer(None, stage)).collect::<Result<_, Fatal>>()?)
    }
}

/// A refusal with the proof of what stands in the way, where something does.
fn explain(reader: &Reader<'_>, statement: &SignedStatement, reject: Reject) -> Result<Refusal, Fatal> {
    // Expiry is judged first, but what was executed in time is done, not late.
    if matches!(reject.code, Code::StatementAlreadyExecuted | Code::StatementExpired)
        && let Some(receipt) = reader.receipt(&statement.id())?
    {
        let detail = format!("statement {} is final", statement.id().0.short());
        return Ok(Refusal::new(Code::StatementAlreadyExecuted, "$", detail).proven_by(Some(receipt)));
    }
    let proof = obstacle(reader, statement, reject.code)?;
    Ok(Refusal::from(reject).proven_by(proof))
}

fn obstacle(reader: &Reader<'_>, signed: &SignedStatement, code: Code) -> Result<Option<Bundle>, Fatal> {
    let Ok(statement) = signed.parse() else { return Ok(None) };
    match (code, &statement.action) {
        (Code::ReferenceAlreadyIssued, Action::Issue(issue)) => reader.reference(&statement.member, &issue.reference),
        (Code::WrongSeq | Code::RecordEnded | Code::NotPossessor | Code::UnknownRecord, _) => {
            reader.status(&record(signed.id(), &statement))
        }
        _ => Ok(None),
    }
}
