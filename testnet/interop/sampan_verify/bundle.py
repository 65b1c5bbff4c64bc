"""The bundle file: which parts it has, each decoded (SPEC section 6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .body import Body
from .certificate import Certificate
from .encoding import Reader, Refused, base64_bytes, decode, hexadecimal, member_id, read_json, text_of
from .genesis import Roster
from .merkle import ConsistencyProof, InclusionProof, StateProof
from .shapes import Shape, array, fields, integer, nullable
from .statement import envelope_shape
from .values import VERSION, Entry, Header, Member, Record

T = TypeVar("T")

MEDIA_TYPE = "application/vnd.sampan.bundle+json;version=1"
MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 8


def _whole(from_borsh: Callable[[bytes], Any]) -> Shape:
    """Base64 of a structure that keeps its own bytes."""
    return lambda value: from_borsh(base64_bytes(value))


def binary(read: Callable[[Reader], Any]) -> Shape:
    """Base64 of a structure."""
    return lambda value: decode(base64_bytes(value), read)


_entry = _whole(Entry.from_borsh)
_header = _whole(Header.from_borsh)
_certificate = binary(Certificate.read)
_proof = binary(StateProof.read)

#: Parts that evidence has as well.
head_shape = fields({"header": _header, "certificate": _certificate})
trust_path_shape = array(fields({"header": _header, "certificate": _certificate, "roster": binary(Roster.read)}))
member_shape = fields({"member": _whole(Member.from_borsh), "proof": _proof})

_names = fields({"entry": _entry, "path": binary(InclusionProof.read)}, {"between": array(_header)})
_receipt = fields({"statement": envelope_shape, "entry": _entry, "path": binary(InclusionProof.read)})
_shape = fields(
    {"mediaType": text_of, "chain": hexadecimal, "head": head_shape},
    {
        "trustPath": trust_path_shape,
        "witness": fields({"note": text_of, "consistency": binary(ConsistencyProof.read)}, {"names": _names}),
        "entry": fields({"entry": _entry, "path": binary(InclusionProof.read)}),
        "receipt": _receipt,
        "status": fields({"id": hexadecimal, "proof": _proof}, {"record": nullable(_whole(Record.from_borsh))}),
        "history": array(fields({"index": integer(64), "entry": _entry, "statement": envelope_shape})),
        "reference": fields(
            {"issuer": member_id, "key": hexadecimal, "proof": _proof}, {"record": nullable(hexadecimal)}
        ),
        "goods": fields({"goods": hexadecimal, "proof": _proof}, {"record": nullable(hexadecimal)}),
        "members": array(member_shape),
        "body": binary(Body.read),
        "counterpart": fields({"issue": _receipt}, {"body": binary(Body.read)}),
    },
)


@dataclass(frozen=True)
class Handover:
    """A roster's last header, which names the next roster."""

    header: Header
    certificate: Certificate
    roster: Roster


@dataclass(frozen=True)
class WitnessPart:
    """A checkpoint that witnesses have signed, and how the head's log hangs together with it."""

    note: str
    consistency: ConsistencyProof
    names: NamedHead | None


@dataclass(frozen=True)
class NamedHead:
    """The way back from the log that was seen to the head."""

    between: list[Header]
    entry: Entry
    path: InclusionProof

    def fault(self, head: Header, size: int, root: bytes) -> str:
        """Why the log of `size` and `root` does not lead back to `head`; empty if it does."""
        last = head.hash()
        for header in self.between:
            if header.version != VERSION or header.previous != last:
                return "a header does not follow the one before it"
            last = header.hash()
        if self.entry.previous != last:
            return "the entry does not name the head"
        leads = self.path.size == size and self.path.leads(self.entry.leaf(), root)
        return "" if leads else "the entry's path does not lead to the log that was seen"


@dataclass(frozen=True)
class EntryPart:
    """An entry of the log without its statement."""

    entry: Entry
    path: InclusionProof


@dataclass(frozen=True)
class Receipt:
    """A statement and its entry in the log."""

    statement: dict[str, Any]
    entry: Entry
    path: InclusionProof


@dataclass(frozen=True)
class Status:
    """A record's state, or that there is none."""

    id: bytes
    proof: StateProof
    record: Record | None = None


@dataclass(frozen=True)
class Step:
    """One act in a record's history."""

    index: int
    entry: Entry
    statement: dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """What became of a document's number."""

    issuer: str
    key: bytes
    proof: StateProof
    record: bytes | None = None


@dataclass(frozen=True)
class GoodsPart:
    """Whose pledge of goods is open, or that none is."""

    goods: bytes
    proof: StateProof
    record: bytes | None = None


@dataclass(frozen=True)
class MemberPart:
    """A member's registry entry."""

    member: Member
    proof: StateProof


@dataclass(frozen=True)
class Counterpart:
    """The other document of a shipment."""

    issue: Receipt
    body: Body | None = None


@dataclass(frozen=True)
class Bundle:
    """A proof file. Parts that are not there are None or empty."""

    media_type: str
    chain: bytes
    header: Header
    certificate: Certificate
    trust_path: list[Handover]
    witness: WitnessPart | None
    entry: EntryPart | None
    receipt: Receipt | None
    status: Status | None
    history: list[Step]
    reference: Reference | None
    goods: GoodsPart | None
    members: list[MemberPart]
    body: Body | None
    counterpart: Counterpart | None

    @staticmethod
    def from_json(data: bytes) -> Bundle:
        """Reads a bundle file: capped, strict JSON, canonical binary parts."""
        if len(data) > MAX_BYTES:
            raise Refused("a bundle of more than 8 MiB")
        content = _shape(read_json(data, max_depth=MAX_DEPTH))
        for name in ("trustPath", "history", "members"):
            if content.get(name) == []:
                raise Refused(f"an empty {name!r} is left out")
        return Bundle(
            media_type=content["mediaType"],
            chain=content["chain"],
            header=content["head"]["header"],
            certificate=content["head"]["certificate"],
            trust_path=[Handover(**step) for step in content.get("trustPath", [])],
            witness=_witness(content.get("witness")),
            entry=_part(EntryPart, content.get("entry")),
            receipt=_part(Receipt, content.get("receipt")),
            status=_part(Status, content.get("status")),
            history=[Step(**step) for step in content.get("history", [])],
            reference=_part(Reference, content.get("reference")),
            goods=_part(GoodsPart, content.get("goods")),
            members=[MemberPart(**part) for part in content.get("members", [])],
            body=content.get("body"),
            counterpart=_counterpart(content.get("counterpart")),
        )

    def subject(self) -> bytes | None:
        """The record that the bundle is about: that of `status`, or else of the receipt's entry, or of `entry`."""
        if self.status is not None:
            return self.status.id
        for part in (self.receipt, self.entry):
            if part is not None and part.entry.act is not None:
                return part.entry.act.record
        return None


def _counterpart(content: dict[str, Any] | None) -> Counterpart | None:
    return None if content is None else Counterpart(Receipt(**content["issue"]), content.get("body"))


def _witness(content: dict[str, Any] | None) -> WitnessPart | None:
    if content is None:
        return None
    names = content.get("names")
    if names is not None and names.get("between") == []:
        raise Refused("an empty 'between' is left out")
    way = None if names is None else NamedHead(names.get("between", []), names["entry"], names["path"])
    return WitnessPart(content["note"], content["consistency"], way)


def _part(kind: Callable[..., T], content: dict[str, Any] | None) -> T | None:
    return None if content is None else kind(**content)
