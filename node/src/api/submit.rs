//! Statements on their way in: a ticket, or a refusal with the proof of what stands in the way.

use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use sampan_proto::api::{BATCH, Batch, BatchResults, Submission, SubmitResult, Ticket};
use sampan_proto::evidence::Offence;
use sampan_proto::ids::Height;
use sampan_proto::json::JsonLimits;
use sampan_proto::reject::{Code, Reject};
use sampan_proto::statement::SignedStatement;
use sampan_proto::wire;
use tokio::time::Instant;

use super::error::{DISK_SHORT, Refusal};
use super::input;
use super::proofs::in_the_way;
use super::{Lane, State};
use crate::core::ledger::Admitted;
use crate::core::{Document, Obstacle};
use crate::fault::Fatal;
use crate::store::Reader;
use crate::verify::Refused;

/// One submission.
const SINGLE_JSON: JsonLimits = JsonLimits { max_bytes: Lane::Submit.body_bytes(), max_depth: 8, integers_only: true };
/// A batch.
const BATCH_JSON: JsonLimits = JsonLimits { max_bytes: Lane::Batch.body_bytes(), max_depth: 8, integers_only: true };

/// `POST /v1/statements`: one statement.
pub(super) async fn one(Shared(state): Shared<State>, body: Body) -> Result<(StatusCode, Json<Ticket>), Refusal> {
    let submission: Submission = input::json(body, &SINGLE_JSON).await?;
    let result = submit(&state, vec![submission]).await?.pop();
    let ticket = result.unwrap_or_else(|| Err(stopping().into()))?;
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

fn stopping() -> Reject {
    Reject::new(Code::NotReady, "$", "the node is stopping")
}

/// Where a submission stands on its way through.
enum Stage {
    /// It is an envelope.
    Read(SignedStatement),
    /// The state allows it.
    Admitted(SignedStatement, Ticket),
    /// It is in the mempool.
    Taken(Ticket),
    /// It is refused; the statement helps to prove why.
    Refused(Option<SignedStatement>, Reject),
}

/// What the pool hands to the engine.
#[derive(Default)]
struct Kept {
    admitted: Vec<Admitted>,
    offences: Vec<Offence>,
}

impl Stage {
    /// The next answer of the pool, if it is for this one; what the engine needs of it is kept.
    fn admit(
        self,
        answers: &mut impl Iterator<Item = Result<Admitted, Refused>>,
        height: Height,
        kept: &mut Kept,
    ) -> Self {
        let Self::Read(statement) = self else { return self };
        match answers.next() {
            Some(Ok(admitted)) => {
                let ticket = ticket(admitted.document(), height);
                kept.admitted.push(admitted);
                Self::Admitted(statement, ticket)
            }
            Some(Err(refused)) => {
                kept.offences.extend(refused.offence.map(|offence| *offence));
                Self::Refused(Some(statement), refused.reject)
            }
            None => Self::Refused(None, stopping()),
        }
    }

    /// The next answer of the engine, if it is for this one.
    fn take(self, answers: &mut impl Iterator<Item = Result<(), Reject>>) -> Self {
        let Self::Admitted(statement, ticket) = self else { return self };
        match answers.next() {
            Some(Ok(())) => Self::Taken(ticket),
            Some(Err(reject)) => Self::Refused(Some(statement), reject),
            None => Self::Refused(None, stopping()),
        }
    }
}

/// Reads, admits, takes in: one answer each, in order.
async fn submit(state: &State, submissions: Vec<Submission>) -> Result<Vec<Answer>, Refusal> {
    if state.space.is_short() {
        return Err(Refusal::shell(DISK_SHORT, "this node takes nothing more until there is room on its disk"));
    }
    let mut documents = Vec::with_capacity(submissions.len());
    let busy = state.shares.count(state.engine.mempool_len());
    let shared = |statement: SignedStatement| {
        let refused = if busy { state.shares.refuse(&statement, Instant::now()) } else { None };
        refused.map_or(Ok(statement), Err)
    };
    let read = |Submission { statement, body }| match SignedStatement::try_from(statement).and_then(shared) {
        Ok(statement) => {
            documents.push(wire::Document { statement: statement.clone(), body: body.map(Into::into) });
            Stage::Read(statement)
        }
        Err(reject) => Stage::Refused(None, reject),
    };
    let stages: Vec<Stage> = submissions.into_iter().map(read).collect();
    let mut admitted = state.pool.admit(documents).await.into_iter();
    let (height, mut kept) = (state.engine.head().borrow().height, Kept::default());
    let stages: Vec<Stage> = stages.into_iter().map(|stage| stage.admit(&mut admitted, height, &mut kept)).collect();
    state.engine.accuse(kept.offences);
    if busy {
        let members = kept.admitted.iter().map(|admitted| &admitted.document().statement().statement().member);
        state.shares.charge(members, Instant::now());
    }
    let mut taken = state.engine.submit(kept.admitted).await.into_iter();
    answers(state, stages.into_iter().map(|stage| stage.take(&mut taken)).collect()).await
}

fn ticket(document: &Document, height: Height) -> Ticket {
    let statement = document.statement();
    Ticket {
        statement: statement.id(),
        record: statement.statement().action.record(statement.id()),
        not_after_ms: statement.statement().not_after_ms,
        height,
    }
}

/// Turns stages into answers; one look at the store proves all refusals.
async fn answers(state: &State, stages: Vec<Stage>) -> Result<Vec<Answer>, Refusal> {
    let refused = stages.iter().filter_map(|stage| match stage {
        Stage::Refused(_, reject) => Some(reject.code),
        _ => None,
    });
    let codes: Vec<Code> = refused.collect();
    for code in &codes {
        state.metrics.refused(*code);
    }
    if codes.is_empty() {
        return stages.into_iter().map(|stage| Ok(answer(None, stage)?)).collect();
    }
    state.read(move |reader| stages.into_iter().map(|stage| Ok(answer(Some(reader), stage)?)).collect()).await
}

fn answer(reader: Option<&Reader<'_>>, stage: Stage) -> Result<Answer, Fatal> {
    match (stage, reader) {
        (Stage::Taken(ticket), _) => Ok(Ok(ticket)),
        (Stage::Refused(Some(statement), reject), Some(reader)) => explain(reader, &statement, reject).map(Err),
        (Stage::Refused(_, reject), _) => Ok(Err(reject.into())),
        (Stage::Read(_) | Stage::Admitted(..), _) => Ok(Err(stopping().into())),
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
    let obstacle = statement.parse().ok().and_then(|parsed| Obstacle::of(&parsed, statement.id(), reject.code));
    Ok(Refusal::from(reject).proven_by(in_the_way(reader, obstacle)?))
}
