"""The genesis file: the anchor of every proof (SPEC section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from . import ed25519, rules
from .encoding import (
    Reader,
    Refused,
    hexadecimal,
    member_id,
    option,
    public_key,
    read_json,
    signature_bytes,
    string,
    text_of,
    u32,
    u64,
)
from .hashing import digest
from .shapes import array, fields, integer, word
from .values import CONSENSUS_KEY, GOVERNANCE_KEY, Member

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 12
_ROLES = ("customs", "issuing-authority", "carrier", "trader", "bank", "verifier")
_PURPOSES = ("statement", "consensus", "network", "governance")
_STANDINGS = ("active", "suspended")
_CUSTOMS = _ROLES.index("customs")
_HOUR_MS = 3_600_000

#: Parameters in the order of their encoding, with the range of each.
_PARAMETERS = {
    "heartbeat_ms": (100, _HOUR_MS),
    "propose_timeout_ms": (10, 600_000),
    "prevote_timeout_ms": (10, 600_000),
    "precommit_timeout_ms": (10, 600_000),
    "timeout_delta_ms": (1, 600_000),
    "trusting_period_ms": (60_000, 10 * 366 * 24 * _HOUR_MS),
    "freeze_quorum": (1, 100),
    "recovery_wait_ms": (1, 366 * 24 * _HOUR_MS),
}

#: Those of 32 bits.
_SHORT = ("freeze_quorum",)

_u64 = integer(64)
#: Parameters by name; whether each is in its range is judged apart.
parameters_shape = fields({name: integer(32 if name in _SHORT else 64) for name in _PARAMETERS})
_key = fields(
    {"purpose": word(*_PURPOSES), "key": public_key},
    {"valid_from": _u64, "valid_until": _u64},
)
_member = fields(
    {
        "id": member_id,
        "name": text_of,
        "country": rules.country,
        "roles": array(word(*_ROLES)),
        "keys": array(_key),
    },
    {"standing": word(*_STANDINGS), "pepper": hexadecimal},
)
_file = fields(
    {
        "version": integer(32),
        "network": text_of,
        "time_ms": _u64,
        "parameters": parameters_shape,
        "members": array(fields({"member": _member, "signature": signature_bytes}, {"power": _u64})),
    }
)


@dataclass(frozen=True)
class Validator:
    """A voice in the roster."""

    member: str
    key: bytes
    power: int


@dataclass(frozen=True)
class Roster:
    """The validators in order of their member ids."""

    validators: list[Validator]

    @staticmethod
    def of(validators: list[Validator]) -> Roster:
        """A roster that keeps the rules: size, order, distinct keys, power."""
        ids, keys = [v.member for v in validators], {v.key for v in validators}
        if not 1 <= len(ids) <= 256 or ids != sorted(set(ids)) or len(keys) != len(ids):
            raise Refused("a roster has 1 to 256 validators in ascending order, each with its own key")
        if not all(1 <= v.power <= 1_000_000 for v in validators):
            raise Refused("power is 1 to 1000000")
        return Roster(validators)

    @staticmethod
    def read(reader: Reader) -> Roster:
        """From borsh."""
        return Roster.of(reader.vec(lambda: Validator(reader.member(), reader.key(), reader.u64())))

    def borsh(self) -> bytes:
        """Its encoding."""
        items = (string(v.member) + b"\0" + v.key + u64(v.power) for v in self.validators)
        return u32(len(self.validators)) + b"".join(items)

    def hash(self) -> bytes:
        """What headers commit to."""
        return digest("roster", self.borsh())

    def is_quorum(self, power: int) -> bool:
        """More than two thirds of the whole."""
        return 3 * power > 2 * sum(v.power for v in self.validators)


@dataclass(frozen=True)
class Genesis:
    """A genesis file that has been checked."""

    #: Its roster decides from here on, and no header is pinned.
    height: ClassVar[int] = 0
    header: ClassVar[None] = None

    chain: bytes
    network: str
    time_ms: int
    trusting_period_ms: int
    parameters: bytes
    members: list[Member]
    roster: Roster

    @staticmethod
    def from_bytes(data: bytes) -> Genesis:
        """Reads and checks a genesis file: format, every signature, roster, parameters."""
        if len(data) > MAX_BYTES:
            raise Refused("a genesis file of more than 4 MiB")
        content = _file(read_json(data, max_depth=MAX_DEPTH))
        if content["version"] != 1:
            raise Refused("another version than 1")
        parameters = content["parameters"]
        for name, (low, high) in _PARAMETERS.items():
            if not low <= parameters[name] <= high:
                raise Refused(f"parameter {name} is out of range")
        entries = [(_registered(entry["member"]), entry) for entry in content["members"]]
        ids = [member.id for member, _ in entries]
        if ids != sorted(set(ids)):
            raise Refused("members stand in ascending order, each once")
        for member, entry in entries:
            _check_signature(member, entry)
        return Genesis(
            chain=digest("genesis", data),
            network=content["network"],
            time_ms=content["time_ms"],
            trusting_period_ms=parameters["trusting_period_ms"],
            parameters=b"".join((u32 if name in _SHORT else u64)(parameters[name]) for name in _PARAMETERS),
            members=[member for member, _ in entries],
            roster=Roster.of([_validator(member, entry["power"]) for member, entry in entries if "power" in entry]),
        )

    def parameters_hash(self) -> bytes:
        """What headers commit to."""
        return parameters_hash(self.parameters)


def parameters_hash(encoded: bytes) -> bytes:
    """What headers commit to."""
    return digest("parameters", encoded)


def read_parameters(reader: Reader) -> dict[str, int]:
    """Parameters by name, from borsh."""
    return {name: reader.u32() if name in _SHORT else reader.u64() for name in _PARAMETERS}


def entry_digest(member: Member, power: int | None) -> bytes:
    """What a governance key of the entry signs."""
    return digest("genesis entry", member.raw + option(None if power is None else u64(power)))


def _registered(content: dict[str, Any]) -> Member:
    """The member of a file, through its encoding; with every rule of the registry."""
    rules.member_name(content["name"])
    roles = [_ROLES.index(role) for role in content["roles"]]
    if not roles or roles != sorted(set(roles)):
        raise Refused("a member has at least one role, each once, in their order")
    keys = [key["key"] for key in content["keys"]]
    if not 1 <= len(keys) <= 64 or len(set(keys)) != len(keys):
        raise Refused("a member has 1 to 64 keys, each once")
    if not all(ed25519.is_registrable(key) for key in keys):
        raise Refused("a key that proves nothing")
    return Member.from_borsh(
        string(content["id"])
        + string(content["name"])
        + content["country"].encode("ascii")
        + u32(len(roles))
        + bytes(roles)
        + bytes([_STANDINGS.index(content.get("standing", "active"))])
        + u32(len(keys))
        + b"".join(_key_borsh(key) for key in content["keys"])
        + option(content.get("pepper"))
    )


def _key_borsh(key: dict[str, Any]) -> bytes:
    until = key.get("valid_until")
    purpose = bytes([_PURPOSES.index(key["purpose"])])
    valid = u64(key.get("valid_from", 0)) + option(None if until is None else u64(until))
    return purpose + bytes([0, *key["key"]]) + valid


def _current(member: Member, purpose: int) -> list[bytes]:
    return [key.key for key in member.keys if key.purpose == purpose and key.counts_at(0)]


def _check_signature(member: Member, entry: dict[str, Any]) -> None:
    signed = entry_digest(member, entry.get("power"))
    if not any(ed25519.verifies(key, signed, entry["signature"]) for key in _current(member, GOVERNANCE_KEY)):
        raise Refused(f"{member.id} did not sign its entry")


def _validator(member: Member, power: int) -> Validator:
    keys = _current(member, CONSENSUS_KEY)
    if _CUSTOMS not in member.roles or len(keys) != 1:
        raise Refused(f"{member.id} cannot validate")
    return Validator(member.id, keys[0], power)
