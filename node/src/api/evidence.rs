//! Evidence that this node has met, for everybody: it proves itself from the anchor.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use sampan_proto::api::{EvidenceView, OffenceView};
use sampan_proto::evidence::EVIDENCE_MEDIA_TYPE;
use sampan_proto::ids::OffenceId;
use sampan_proto::reject::Code;

use super::State;
use super::error::Refusal;
use super::input::{Path, parameter};
use super::log::not_held;
use super::query::as_of;

/// `GET /v1/evidence`: what there is.
pub(super) async fn list(Shared(state): Shared<State>) -> Result<Json<EvidenceView>, Refusal> {
    let view = state.read(|reader| {
        let offences = reader.offences()?;
        let view = |offence: &sampan_proto::evidence::Offence| OffenceView {
            id: offence.id(),
            kind: offence.kind().to_owned(),
            height: offence.height(),
        };
        Ok(EvidenceView { evidence: offences.iter().map(view).collect(), as_of: as_of(reader)? })
    });
    view.await.map(Json)
}

/// `GET /v1/evidence/{id}`: one of them, whole.
pub(super) async fn one(Shared(state): Shared<State>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let id: OffenceId = parameter("id", &id)?;
    let evidence = state.read(move |reader| {
        let unknown = || Refusal::new(Code::NotFound, "$", format!("no evidence {} is kept here", id.0.short()));
        let offence = reader.offence(&id)?.ok_or_else(unknown)?;
        let height = offence.height();
        let floor = reader.floor()?.height;
        reader.evidence(offence)?.ok_or_else(|| match height.filter(|height| *height <= floor) {
            Some(height) => not_held(reader, &format!("the header of block {height}, which says who the signer was,")),
            None => Refusal::new(Code::NotReady, "$", "who validated at its height is known once that is decided"),
        })
    });
    Ok(([(header::CONTENT_TYPE, EVIDENCE_MEDIA_TYPE)], Json(evidence.await?)).into_response())
}
