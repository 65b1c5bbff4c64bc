"""The binary structures of SPEC sections 2, 4 and 5, read from borsh.

Borsh has one spelling per value and the reader refuses every other, so each structure keeps the bytes it was
read from: hashing those is hashing the value.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import rules
from .encoding import Reader, Refused, decode
from .hashing import digest
from .merkle import tree_root

#: The protocol version that is known here.
VERSION = 1
#: Purposes of keys.
STATEMENT_KEY, CONSENSUS_KEY, NETWORK_KEY, GOVERNANCE_KEY = range(4)


@dataclass(frozen=True)
class MemberKey:
    """A member's key, its purpose, and the heights at which it counts."""

    purpose: int
    key: bytes
    valid_from: int
    valid_until: int | None

    @staticmethod
    def read(reader: Reader) -> MemberKey:
        """From borsh."""
        return MemberKey(reader.tag(4), reader.key(), reader.u64(), reader.option(reader.u64))

    def counts_at(self, height: int) -> bool:
        """`valid_from <= height < valid_until`."""
        return self.valid_from <= height and (self.valid_until is None or height < self.valid_until)


@dataclass(frozen=True)
class Member:
    """An organisation of the registry (SPEC section 2)."""

    raw: bytes
    id: str
    name: str
    country: str
    roles: list[int]
    standing: int
    keys: list[MemberKey]
    pepper: bytes | None

    @staticmethod
    def from_borsh(data: bytes) -> Member:
        """From borsh."""

        def read(reader: Reader) -> Member:
            return Member(
                raw=data,
                id=reader.member(),
                name=reader.string(),
                country=_country(reader),
                roles=reader.ascending(lambda: reader.tag(6)),
                standing=reader.tag(2),
                keys=reader.vec(lambda: MemberKey.read(reader)),
                pepper=reader.option(reader.digest),
            )

        return decode(data, read)

    def value(self) -> bytes:
        """What the state tree holds for the member."""
        return digest("state value member", self.raw)

    def has_key(self, key: bytes, purpose: int, height: int) -> bool:
        """Whether `key` counts for `purpose` at `height`."""
        return any(held.key == key and held.purpose == purpose and held.counts_at(height) for held in self.keys)


def _country(reader: Reader) -> str:
    return rules.country(reader.take(2).decode("latin-1"))


@dataclass(frozen=True)
class EntryRef:
    """Another entry of the log: its index and leaf hash."""

    index: int
    leaf: bytes

    @staticmethod
    def read(reader: Reader) -> EntryRef:
        """From borsh."""
        return EntryRef(reader.u64(), reader.digest())


#: Numbers of actions in entries (SPEC section 4).
ACTIONS = {
    **{"issue": 1, "transfer": 2, "surrender": 3, "offer": 4, "accept-offer": 5, "decline-offer": 6},
    **{"withdraw-offer": 7, "confirm-payment": 8, "endorse": 9, "endorse-in-blank": 10, "nominate": 11},
    **{"execute-nomination": 12, "reject-transfer": 13, "prove-control": 14, "accept-surrender": 15},
    **{"reject-surrender": 16, "switch-to-paper": 17, "void": 18, "pledge": 19, "accept-pledge": 20},
    **{"decline-pledge": 21, "consent-to-transfer": 22, "release-pledge": 23, "freeze": 24, "unfreeze": 25},
    **{"remark": 26, "replace": 27, "apply": 40, "certify": 41, "refuse-application": 42},
    **{"withdraw-application": 43, "present": 44, "accept": 45, "reject": 46, "open-check": 47},
    **{"answer-check": 48, "close-check": 49, "cancel": 50, "certify-copy": 51, "draw": 52, "finding": 60},
    **{"propose": 80, "vote": 81, "object": 82, "enact": 83, "rotate-key": 84},
}
_ACTION_NAMES = {number: name for name, number in ACTIONS.items()}


@dataclass(frozen=True)
class ActEntry:
    """A log entry that a statement made."""

    height: int
    time_ms: int
    action: str
    record: bytes
    seq: int
    actor: bytes
    statement: bytes
    body: bytes | None
    previous: EntryRef | None


@dataclass(frozen=True)
class Entry:
    """A leaf of the log: an act, or the beginning of a block with the hash of the header before it."""

    raw: bytes
    act: ActEntry | None
    previous: bytes | None = None

    @staticmethod
    def from_borsh(data: bytes) -> Entry:
        """From borsh."""

        def read(reader: Reader) -> Entry:
            if reader.tag(2) == 0:
                reader.u64()
                return Entry(data, None, reader.digest())
            act = ActEntry(
                height=reader.u64(),
                time_ms=reader.u64(),
                action=_action(reader.u8()),
                record=reader.digest(),
                seq=reader.u64(),
                actor=reader.digest(),
                statement=reader.digest(),
                body=reader.option(reader.digest),
                previous=reader.option(lambda: EntryRef.read(reader)),
            )
            return Entry(data, act)

        return decode(data, read)

    def leaf(self) -> bytes:
        """Its leaf hash."""
        return digest("log leaf", self.raw)


def _action(number: int) -> str:
    if number not in _ACTION_NAMES:
        raise Refused(f"no action {number}")
    return _ACTION_NAMES[number]


#: Sizes of the 14 header fields, in order (SPEC section 5).
_HEADER_FIELDS = (4, 32, 8, 8, 33, 32, 32, 8, 32, 32, 32, 32, 32, 32)


@dataclass(frozen=True)
class Header:
    """What a block commits to."""

    fields: list[bytes]
    version: int
    chain: bytes
    height: int
    time_ms: int
    previous: bytes
    log_size: int
    log_root: bytes
    state_root: bytes
    roster_hash: bytes
    next_roster_hash: bytes
    parameters_hash: bytes

    @staticmethod
    def from_borsh(data: bytes) -> Header:
        """From borsh."""
        fields = decode(data, lambda reader: [reader.take(size) for size in _HEADER_FIELDS])
        decode(fields[4], Reader.key)

        def number(field: int) -> int:
            return int.from_bytes(fields[field], "little")

        return Header(
            fields=fields,
            version=number(0),
            chain=fields[1],
            height=number(2),
            time_ms=number(3),
            previous=fields[5],
            log_size=number(7),
            log_root=fields[8],
            state_root=fields[9],
            roster_hash=fields[10],
            next_roster_hash=fields[11],
            parameters_hash=fields[12],
        )

    def leaves(self) -> list[bytes]:
        """The leaf hash of each field."""
        return [digest("header field", bytes([place]) + field) for place, field in enumerate(self.fields)]

    def hash(self) -> bytes:
        """The header hash: a tree over the fields."""
        return tree_root(self.leaves(), "header node")


@dataclass(frozen=True)
class Record:
    """A document's current state; of `title` and `origin` only that they are well-formed (SPEC section 4)."""

    raw: bytes
    id: bytes
    kind: int
    issuer: str
    issued_to: str
    reference: bytes | None
    version: int
    body: bytes
    status: int
    possessor: str | None
    seq: int
    issued_at: int
    last: EntryRef

    @staticmethod
    def from_borsh(data: bytes) -> Record:
        """From borsh."""
        return decode(data, lambda reader: Record.walk(reader, data))

    @staticmethod
    def walk(reader: Reader, raw: bytes = b"") -> Record:
        """Field by field; `raw` is its borsh form."""
        record = Record(
            raw=raw,
            id=reader.digest(),
            kind=_kind(reader),
            issuer=reader.member(),
            issued_to=reader.member(),
            reference=reader.option(reader.digest),
            version=reader.u32(),
            body=reader.digest(),
            status=reader.tag(19),
            possessor=reader.option(reader.member),
            seq=reader.u64(),
            issued_at=reader.u64(),
            last=EntryRef.read(reader),
        )
        reader.vec(reader.digest), reader.vec(reader.digest), reader.option(reader.digest)
        reader.option(lambda: _title(reader)), reader.option(lambda: _origin(reader))
        return record

    def value(self) -> bytes:
        """What the state tree holds for the record."""
        return digest("state value record", self.raw)


def _kind(reader: Reader) -> int:
    kind = reader.u8()
    if kind not in (1, 2):
        raise Refused(f"no document kind {kind}")
    return kind


def _unit(reader: Reader) -> str:
    return rules.unit(reader.string())


def _amounts(reader: Reader) -> dict[str, int]:
    return reader.mapping(lambda: _unit(reader), reader.u128)


def _items(reader: Reader) -> dict[int, dict[str, int]]:
    return reader.mapping(reader.u16, lambda: _amounts(reader))


def _title(reader: Reader) -> None:
    """`Title`, field by field as in SPEC section 4."""
    member = reader.member
    reader.tag(3), reader.option(member), reader.boolean(), reader.option(member)

    def payment() -> None:
        member(), reader.u128(), rules.currency(reader.string()), rules.note(reader.string())

    def offer() -> None:
        member(), reader.boolean(), reader.u64(), reader.option(payment)

    def undo() -> None:
        member(), member(), member(), reader.tag(3), reader.option(member), reader.boolean()

    reader.option(offer), reader.option(undo)
    reader.option(lambda: (member(), member(), reader.digest()))
    reader.option(lambda: (member(), reader.digest(), reader.option(member)))
    reader.ascending(member), reader.boolean(), reader.ascending(member)
    reader.option(lambda: (reader.tag(5), member()))
    reader.option(reader.digest), reader.boolean(), reader.u64(), _amounts(reader)


def _origin(reader: Reader) -> None:
    """`Origin`, field by field as in SPEC section 4."""
    reader.tag(4), _country(reader), _country(reader), rules.date(reader.string())
    _items(reader), _items(reader), _amounts(reader), reader.option(reader.member)

    def check() -> None:
        reader.member(), reader.u64(), reader.u64(), reader.u64()
        reader.option(lambda: (reader.u64(), reader.boolean())), reader.boolean()

    reader.option(check), reader.option(reader.digest)
