"""Evidence: two things that nobody honest signs both (SPEC section 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import ed25519
from .anchor import Anchor
from .bundle import MAX_BYTES, MAX_DEPTH, Handover, MemberPart, binary, head_shape, member_shape, trust_path_shape
from .certificate import Certificate, Vote
from .encoding import Reader, Refused, hexadecimal, option, read_json, text_of, u32, u64
from .genesis import Roster
from .hashing import digest, member_key
from .ladder import reigns
from .merkle import ConsistencyProof
from .shapes import Shape, array, fields, integer, one_of
from .statement import Statement, open_signed, statement_id
from .values import Header

MEDIA_TYPE = "application/vnd.sampan.evidence+json;version=1"
KINDS = ("votes", "proposals", "certificates", "checkpoints", "statements")


@dataclass(frozen=True)
class Proposal:
    """What a proposer signs."""

    chain: bytes
    height: int
    round: int
    pol_round: int | None
    block: bytes
    validator: bytes

    @staticmethod
    def read(reader: Reader) -> Proposal:
        """From borsh."""
        chain, height, number = reader.digest(), reader.u64(), reader.u32()
        return Proposal(chain, height, number, reader.option(reader.u32), reader.digest(), reader.key())

    def signed(self) -> bytes:
        """The 32 bytes that are signed."""
        pol = option(None if self.pol_round is None else u32(self.pol_round))
        head = self.chain + u64(self.height) + u32(self.round) + pol
        return digest("proposal", head + self.block + b"\0" + self.validator)


@dataclass(frozen=True)
class Signed:
    """A message with its validator's signature."""

    message: Vote | Proposal
    signature: bytes

    def holds(self) -> bool:
        """Whether the key that the message names signed it."""
        return ed25519.verifies(self.message.validator, self.message.signed(), self.signature)


def _signed(read: Callable[[Reader], Vote | Proposal]) -> Shape:
    return binary(lambda reader: Signed(read(reader), reader.signature()))


#: A statement's payload and its signatures by their keys.
Stored = tuple[bytes, list[tuple[bytes, bytes]]]


def _stored(reader: Reader) -> Stored:
    return reader.blob(), reader.vec(lambda: (reader.key(), reader.signature()))


def _pair(item: Shape) -> Shape:
    both = array(item)

    def check(value: Any) -> Any:
        items = both(value)
        if len(items) != 2:
            raise Refused("two of them")
        return items

    return check


_log = fields({"size": integer(64), "root": hexadecimal})
_shape = fields(
    {
        "mediaType": text_of,
        "chain": hexadecimal,
        "offence": one_of(
            {
                "votes": _pair(_signed(Vote.read)),
                "proposals": _pair(_signed(Proposal.read)),
                "certificates": _pair(head_shape),
                "checkpoints": fields(
                    {
                        "older": head_shape,
                        "newer": head_shape,
                        "consistency": fields({"from": _log, "to": _log, "proof": binary(ConsistencyProof.read)}),
                    }
                ),
                "statements": _pair(binary(_stored)),
            }
        ),
    },
    {"trustPath": trust_path_shape, "head": head_shape, "member": member_shape},
)


@dataclass(frozen=True)
class Evidence:
    """An evidence file."""

    media_type: str
    chain: bytes
    trust_path: list[Handover]
    head: dict[str, Any] | None
    member: MemberPart | None
    kind: str
    offence: Any

    @staticmethod
    def from_json(data: bytes) -> Evidence:
        """Reads an evidence file, as strictly as a bundle."""
        if len(data) > MAX_BYTES:
            raise Refused("evidence of more than 8 MiB")
        content = _shape(read_json(data, max_depth=MAX_DEPTH))
        if content.get("trustPath") == []:
            raise Refused("an empty 'trustPath' is left out")
        kind, offence = content["offence"]
        member = content.get("member")
        return Evidence(
            media_type=content["mediaType"],
            chain=content["chain"],
            trust_path=[Handover(**step) for step in content.get("trustPath", [])],
            head=content.get("head"),
            member=None if member is None else MemberPart(**member),
            kind=kind,
            offence=offence,
        )

    def id(self) -> bytes:
        """The offence's name."""
        if self.kind in ("votes", "proposals"):
            pair = [signed.message.signed() for signed in self.offence]
        elif self.kind == "certificates":
            pair = [head["header"].hash() for head in self.offence]
        elif self.kind == "checkpoints":
            pair = [self.offence[name]["header"].hash() for name in ("older", "newer")]
        else:
            pair = [statement_id(payload) for payload, _ in self.offence]
        return digest("offence", bytes([KINDS.index(self.kind)]) + b"".join(sorted(pair)))


@dataclass
class Verdict:
    """The rungs climbed, whether all hold, and whose keys signed both."""

    rungs: list[str]
    valid: bool
    members: list[str] | None


def verify(evidence: Evidence, anchor: Anchor) -> Verdict:
    """Checks evidence from the anchor alone."""
    climb = _Climb(evidence, anchor)
    try:
        members = climb.run()
    except Refused:
        return Verdict(climb.rungs, False, None)
    return Verdict(climb.rungs, True, members)


class _Climb:
    def __init__(self, evidence: Evidence, anchor: Anchor) -> None:
        self.evidence, self.anchor = evidence, anchor
        self.rungs: list[str] = []
        self.reigns: list[tuple[int, Roster]] = []

    def check(self, name: str, holds: bool = True) -> None:
        """A rung; the first that does not hold is the last."""
        if not self.rungs or self.rungs[-1] != name:
            self.rungs.append(name)
        if not holds:
            raise Refused(name)

    def run(self) -> list[str]:
        """Every rung; gives the members that signed both."""
        evidence = self.evidence
        self.check("format", evidence.media_type == MEDIA_TYPE)
        self.check("network", evidence.chain == self.anchor.chain)
        self.check("roster")
        self.reigns = reigns(evidence.trust_path, self.anchor)
        if evidence.kind in ("votes", "proposals"):
            return self.twice(*evidence.offence)
        if evidence.kind == "certificates":
            return self.fork(*evidence.offence)
        if evidence.kind == "checkpoints":
            return self.checkpoints()
        return self.statements(*evidence.offence)

    def roster(self, height: int) -> Roster:
        """Who decides at a height."""
        rosters = [roster for since, roster in self.reigns if since < height]
        if not rosters:
            raise Refused("before the anchor")
        return rosters[-1]

    def named(self, header: Header) -> bool:
        """Whether a header names the roster of its height."""
        return header.roster_hash == self.roster(header.height).hash()

    def decided(self, head: dict[str, Any]) -> bool:
        """Whether a header's certificate holds."""
        header: Header = head["header"]
        certificate: Certificate = head["certificate"]
        roster = self.roster(header.height)
        return certificate.names(header) and certificate.fault(self.anchor.chain, roster) is None

    def head(self) -> Header:
        """Rung `header` of the one that says who the signers were."""
        head = self.evidence.head
        self.check("header")
        if head is None:
            raise Refused("no header")
        self.check("header", self.decided(head) and self.named(head["header"]))
        header: Header = head["header"]
        return header

    def twice(self, one: Signed, two: Signed) -> list[str]:
        """Two messages with one place."""
        header = self.head()
        first, second = one.message, two.message

        def place(said: Vote | Proposal) -> tuple[Any, ...]:
            kind = said.kind if isinstance(said, Vote) else None
            return said.chain, said.height, said.round, kind, said.validator

        self.check("conflict", first != second and place(first) == place(second))
        voters = [voter.member for voter in self.roster(header.height).validators if voter.key == first.validator]
        here = first.chain == self.anchor.chain and first.height == header.height
        self.check("signer", bool(voters) and here)
        self.check("signatures", one.holds() and two.holds())
        return voters

    def heads(self, one: dict[str, Any], two: dict[str, Any]) -> None:
        """Rung `header` of two: of two at one height, one may name another roster."""
        self.check("header")
        names = [self.named(head["header"]) for head in (one, two)]
        same = one["header"].height == two["header"].height
        self.check("header", any(names) if same else all(names))
        self.check("header", self.decided(one) and self.decided(two))

    def both(self, one: dict[str, Any], two: dict[str, Any]) -> list[str]:
        """The members whose bits are set in both certificates."""

        def signers(head: dict[str, Any]) -> list[str]:
            bits = head["certificate"].signers
            validators = self.roster(head["header"].height).validators
            return [voter.member for place, voter in enumerate(validators) if bits[place // 8] >> (place % 8) & 1]

        return [member for member in signers(one) if member in signers(two)]

    def fork(self, one: dict[str, Any], two: dict[str, Any]) -> list[str]:
        """Two headers at one height."""
        self.heads(one, two)
        first, second = one["header"], two["header"]
        self.check("conflict", first.height == second.height and first.hash() != second.hash())
        return self.both(one, two)

    def checkpoints(self) -> list[str]:
        """A log that does not begin with an older one."""
        older, newer = self.evidence.offence["older"], self.evidence.offence["newer"]
        self.heads(older, newer)
        shown = self.evidence.offence["consistency"]
        begin, end, proof = shown["from"], shown["to"], shown["proof"]
        connects = (proof.old, proof.new) == (begin["size"], end["size"]) and proof.connects(begin["root"], end["root"])
        reaches = (end["size"], end["root"]) == (newer["header"].log_size, newer["header"].log_root)
        apart = begin["size"] == older["header"].log_size and begin["root"] != older["header"].log_root
        self.check("conflict", connects and reaches and apart)
        return self.both(older, newer)

    def statements(self, one: Stored, two: Stored) -> list[str]:
        """Two statements that claim one place."""
        header, part = self.head(), self.evidence.member
        self.check("member")
        if part is None:
            raise Refused("no member")
        member = part.member
        self.check("member", part.proof.shows(header.state_root, member_key(member.id), member.value()))
        self.check("signatures")
        said = [open_signed(payload, signatures, self.anchor.chain) for payload, signatures in (one, two)]
        for statement in said:
            listed = {key.key for key in member.keys if key.purpose == statement.key_purpose()}
            self.check("signatures", statement.member == member.id and set(statement.signers) <= listed)
        self.check("conflict", _one_place(*said))
        return [member.id]


def _one_place(one: Statement, two: Statement) -> bool:
    if one.id == two.id:
        return False
    if one.action == two.action == "issue" and one.content["reference"] == two.content["reference"]:
        return True
    record = one.record()
    first, second = one.touches(record), two.touches(record)
    return first is not None and second is not None and first[1] is not None and first[1] == second[1]

