//! What two documents of one shipment say of each other, for whoever may read both.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, State as Shared};
use axum::http::HeaderMap;
use sampan_proto::api::FindingsView;
use sampan_proto::doc::DocKind;
use sampan_proto::doc::cross::{self, Bill, Origin};
use sampan_proto::ids::{ChainId, RecordId};
use sampan_proto::record::Record;
use sampan_proto::reject::{Code, Reject};

use super::State;
use super::access::{Caller, is_party};
use super::error::Refusal;
use super::input::{Path, parameter};
use super::proofs::{authorise, held_body};
use super::query::{as_of, remembered};
use crate::core::ledger::View;
use crate::store::Reader;

/// `GET /v1/records/{id}/findings/{other}`: a bill and a certificate side by side. They inform; they decide nothing.
pub(super) async fn findings(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Path((id, other)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<FindingsView>, Refusal> {
    let (id, other): (RecordId, RecordId) = (parameter("id", &id)?, parameter("other", &other)?);
    let (caller, chain) = (state.caller(peer, &headers)?, state.genesis.chain);
    let view = state.read(move |reader| {
        let one = readable(reader, &caller, &id, &other, chain)?;
        let two = remembered(reader, &other)?;
        also_party(reader, &caller, &two)?;
        let (bill, certificate) = match (one.kind, two.kind) {
            (DocKind::BillOfLading, DocKind::CertificateOfOrigin) => (one, two),
            (DocKind::CertificateOfOrigin, DocKind::BillOfLading) => (two, one),
            _ => return Err(Refusal::new(Code::NotAPair, "$.other", "both are of one kind")),
        };
        let opened = |refusal: sampan_proto::doc::Refusal| Refusal::from(refusal.reject());
        let left = Bill::open(&document(reader, &bill)?).map_err(opened)?;
        let right = Origin::open(&document(reader, &certificate)?).map_err(opened)?;
        let findings = cross::pair(&left, &right);
        Ok(FindingsView { bill: bill.id, certificate: certificate.id, findings, as_of: as_of(reader)? })
    });
    view.await.map(Json)
}

fn readable(
    reader: &Reader<'_>,
    caller: &Caller,
    id: &RecordId,
    other: &RecordId,
    chain: ChainId,
) -> Result<Record, Refusal> {
    let record = remembered(reader, id)?;
    authorise(reader, caller, (&record, Some(other)), chain)?;
    Ok(record)
}

/// The request was signed for both documents by a party of the first, who must be one of the second as well.
pub(super) fn also_party(reader: &Reader<'_>, caller: &Caller, record: &Record) -> Result<(), Refusal> {
    let Caller::Signed(request) = caller else { return Ok(()) };
    match View::member(reader, &request.member)? {
        Some(member) if is_party(&member, record) => Ok(()),
        _ => Err(Reject::new(Code::NotDisclosed, "$.member", "the member is no party of the other record").into()),
    }
}

fn document(reader: &Reader<'_>, record: &Record) -> Result<Vec<u8>, Refusal> {
    Ok(held_body(reader, record)?.bytes)
}
