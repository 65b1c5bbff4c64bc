//! Who may read a body: the node's own machine, unless its operator says no, and the parties of the record by a signed
//! request.

use std::net::SocketAddr;

use axum::http::{HeaderMap, header};
use sampan_proto::api::{READ_HEADER, READ_WINDOW_MS, ReadRequest};
use sampan_proto::ids::{ChainId, Height, RecordId};
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::member::{KeyStanding, Member, Role, Standing};
use sampan_proto::record::Record;
use sampan_proto::reject::{Code, Reject};

/// Headers that a proxy adds: whoever speaks through one is not on this machine.
const PROXIED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
const READ_JSON: JsonLimits = JsonLimits { max_bytes: 2 * 1024, max_depth: 1, integers_only: true };

/// What a client shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// It is on the node's own machine.
    Local,
    /// It signed a request.
    Signed(Box<ReadRequest>),
    /// Neither.
    Unknown,
}

impl Caller {
    /// Who calls. Only the socket's address can make a caller local; headers can only take that away:
    /// those of a proxy, and a host that is not this machine (a web page that had its own name point to
    /// 127.0.0.1 would otherwise read with the user's rights). Not every proxy adds one: where one runs, `local_reads`
    /// is false, and nobody is local.
    pub(super) fn of(peer: SocketAddr, headers: &HeaderMap, local_reads: bool) -> Result<Self, Reject> {
        let proxied = PROXIED.iter().any(|name| headers.contains_key(*name));
        if local_reads && peer.ip().to_canonical().is_loopback() && !proxied && host_is_local(headers) {
            return Ok(Self::Local);
        }
        match headers.get(READ_HEADER) {
            None => Ok(Self::Unknown),
            Some(value) => {
                let request = json::from_slice(value.as_bytes(), &READ_JSON)?;
                Ok(Self::Signed(Box::new(request)))
            }
        }
    }
}

fn host_is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.parse::<SocketAddr>() {
        Ok(address) => return address.ip().to_canonical().is_loopback(),
        Err(_) => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    name.eq_ignore_ascii_case("localhost") || literal.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// The ground on which a request is judged.
pub(super) struct Ground<'a> {
    /// The network.
    pub(super) chain: ChainId,
    /// The node's height.
    pub(super) height: Height,
    /// The node's clock, in Unix milliseconds.
    pub(super) now_ms: u64,
    /// The record whose body is asked for.
    pub(super) record: &'a Record,
    /// The other one, where both are asked for.
    pub(super) beside: Option<&'a RecordId>,
}

/// Whether `caller` may read the record's body; `member` is the registry's entry for whoever signed.
pub(super) fn may_read(caller: &Caller, member: Option<&Member>, ground: &Ground<'_>) -> Result<(), Reject> {
    let no = |path: &str, detail: &str| Err(Reject::new(Code::NotDisclosed, path, detail));
    let request = match caller {
        Caller::Local => return Ok(()),
        Caller::Unknown => return no("$", "the request names nobody"),
        Caller::Signed(request) => request,
    };
    if request.time_ms.abs_diff(ground.now_ms) > READ_WINDOW_MS {
        return no("$.timeMs", "the request's time is more than a minute off this node's clock");
    }
    let Some(member) = member.filter(|member| member.standing == Standing::Active) else {
        return no("$.member", "no active member of the registry");
    };
    if member.statement_key(&request.key, ground.height) != KeyStanding::Valid {
        return no("$.key", "no statement key of the member that counts now");
    }
    if request.verify(ground.chain, &ground.record.id, ground.beside).is_err() {
        return no(
            "$.signature",
            "the signature does not verify for this request: it names one record, or two where two are asked for",
        );
    }
    if is_party(member, ground.record) { Ok(()) } else { no("$.member", "the member is no party of the record") }
}

/// The parties of the record, and the customs agencies.
pub(super) fn is_party(member: &Member, record: &Record) -> bool {
    record.parties().any(|party| *party == member.id) || member.roles.contains(&Role::Customs)
}
