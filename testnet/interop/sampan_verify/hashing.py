"""Domain-separated hashing (SPEC section 1) and the names that are built from it (sections 3 and 5)."""

from __future__ import annotations

from functools import cache

from blake3 import blake3

from .encoding import string, u32, u64

_SPACES = ("record", "reference", "member", "executed", "parameter", "goods", "proposal")

#: Every hash domain of SPEC section 1.
DOMAINS = (
    *("log leaf", "log node", "log empty", "state leaf", "state node", "state empty"),
    *(f"state key {space}" for space in _SPACES),
    *(f"state value {space}" for space in _SPACES),
    *("statement", "signed statement", "record", "body", "reference", "pepper", "goods"),
    *("genesis", "genesis entry", "roster", "parameters", "ready"),
    *("header field", "header node", "payload", "evidence", "offence"),
    *("vote", "proposal", "read", "gossip"),
)


@cache
def domain_key(tag: str) -> bytes:
    """The public key of a domain."""
    if tag not in DOMAINS:
        raise ValueError(f"no hash domain {tag!r}")
    return blake3(b"", derive_key_context=f"sampan v1 {tag}").digest()


def digest(tag: str, data: bytes) -> bytes:
    """`H_tag(data)`."""
    return blake3(data, key=domain_key(tag)).digest()


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What a statement's signatures cover: the DSSE pre-authentication encoding (SPEC section 3)."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def record_id(statement: bytes) -> bytes:
    """The record that a statement begins."""
    return digest("record", statement)


def reference_key(pepper: bytes, issuer: str, kind: int, number: str, version: int) -> bytes:
    """The name under which a document's number stands in the state."""
    return digest("reference", pepper + string(issuer) + bytes([kind]) + string(number) + u32(version))


def record_key(record: bytes) -> bytes:
    """Where a record stands in the state tree."""
    return digest("state key record", record)


def reference_state_key(issuer: str, reference: bytes) -> bytes:
    """Where a document's number stands in the state tree."""
    return digest("state key reference", string(issuer) + reference)


def member_key(member: str) -> bytes:
    """Where a member stands in the state tree; also the `actor` of an entry."""
    return digest("state key member", member.encode("utf-8"))


def executed_value(index: int, not_after_ms: int) -> bytes:
    """What the state holds for an executed statement."""
    return digest("state value executed", u64(index) + u64(not_after_ms))
