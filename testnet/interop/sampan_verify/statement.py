"""Statements: their grammar, names and signatures (SPEC section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import ed25519, rules
from .encoding import (
    Refused,
    base64_bytes,
    blob,
    hexadecimal,
    member_id,
    public_key,
    read_json,
    signature_bytes,
    text_of,
    u32,
)
from .genesis import parameters_shape
from .hashing import digest, pre_authentication_encoding, record_id
from .shapes import Shape, array, boolean, fields, integer, one_of, table, word
from .values import GOVERNANCE_KEY, STATEMENT_KEY, Member

PAYLOAD_TYPE = "application/vnd.sampan.statement+json;version=1"
MAX_BYTES = 8 * 1024
MAX_DEPTH = 16
MAX_SIGNATURES = 4


def _nonce(value: Any) -> bytes:
    return hexadecimal(value, 16)


def _cipher(value: Any) -> bytes:
    data = base64_bytes(value)
    if not 1 <= len(data) <= 120:
        raise Refused("an encrypted remark has 1 to 120 bytes")
    return data


def _registry_entry(value: Any) -> Member:
    return Member.from_borsh(base64_bytes(value))


_digest: Shape = hexadecimal
_u64 = integer(64)
_u32 = integer(32)
_note = rules.note
_nothing = fields({})
_reason = fields({"reason": _note})
_to = fields({"to": member_id})
_amounts = table(rules.unit, rules.decimal)
_items = table(rules.item_number, _amounts)
_money = fields({"value": rules.decimal, "currency": rules.currency})
_body = fields({"commitment": _digest, "jcs_sha256": _digest, "size": _u32})

claims_shape = one_of(
    {
        "bill-of-lading": fields(
            {
                "document_type": word("BOL", "SWB"),
                "form": word("straight", "named", "blank"),
                "quantity": fields({"packages": _u64, "gross": _amounts}),
            }
        ),
        "certificate-of-origin": fields(
            {
                "scheme": word("ACFTA", "ATIGA", "RCEP", "NONPREF"),
                "issuing_country": rules.country,
                "importing_country": rules.country,
                "expires": rules.date,
                "items": _items,
            }
        ),
    }
)

_issue = fields(
    {"claims": claims_shape, "reference": _digest, "version": _u32, "body": _body, "to": member_id},
    {
        "holder": member_id,
        "replaces": fields({"how": word("amendment", "split", "combination"), "records": table(_digest, _u64)}),
        "application": _digest,
        "draws": table(_digest, _items),
        "from_paper": _digest,
    },
)

_payment = fields({"bank": member_id, "amount": _money, "reference": _note})
_title_act = one_of(
    {
        "transfer": _to,
        "offer": fields({"to": member_id, "title": boolean, "until_ms": _u64}, {"payment": _payment}),
        **{act: _nothing for act in ("accept-offer", "decline-offer", "withdraw-offer", "endorse-in-blank")},
        "confirm-payment": fields({"amount": _money, "reference": _note}),
        "endorse": fields({"to": member_id, "to_order": boolean}),
        "nominate": _to,
        **{act: _nothing for act in ("execute-nomination", "reject-transfer", "accept-surrender")},
        "prove-control": fields({"challenge": _nonce}),
        "surrender": fields(
            {
                "to": member_id,
                "purpose": word("delivery", "amendment", "change-of-destination", "switch-bill", "switch-to-paper"),
            }
        ),
        "reject-surrender": _reason,
        "switch-to-paper": fields({"printed": _digest}),
        "void": _reason,
        "pledge": fields({"bank": member_id, "goods": _digest}),
        **{act: _nothing for act in ("accept-pledge", "decline-pledge", "release-pledge")},
        "consent-to-transfer": _to,
        "freeze": _reason,
        "unfreeze": _reason,
        "remark": one_of({"sha256": _digest, "encrypted": _cipher}),
    }
)

_origin_act = one_of(
    {
        "refuse-application": _reason,
        "withdraw-application": _nothing,
        "present": fields({"to": member_id}, {"late": _note}),
        "accept": fields({}, {"used": _items}),
        "reject": _reason,
        "open-check": _reason,
        "answer-check": fields({"genuine": boolean, "answer": _note}),
        "close-check": fields({"upheld": boolean, "reason": _note}),
        "cancel": _reason,
        "certify-copy": fields({"copy": _digest}),
    }
)

_standing = fields({"member": member_id, "reason": _note})
_change = one_of(
    {
        "admit": fields({"member": _registry_entry, "signature": signature_bytes}),
        "suspend": _standing,
        "reinstate": _standing,
        "recover-keys": fields({"member": member_id, "statement": public_key, "governance": public_key}),
        "seat": fields(
            {
                "member": member_id,
                "power": _u64,
                "ready": fields({"key": public_key, "time_ms": _u64, "signature": signature_bytes}),
            }
        ),
        "unseat": _standing,
        "parameters": parameters_shape,
        "edition": fields({"list": _note, "edition": _note, "sha256": _digest}),
        "upgrade": fields({"version": _u32, "from": _u64}),
    }
)
_about = fields({"proposal": _digest})
_govern = one_of(
    {
        "propose": fields({"change": _change, "until_ms": _u64}),
        "vote": fields({"proposal": _digest, "yes": boolean}),
        "object": _about,
        "enact": _about,
        "rotate-key": fields(
            {"purpose": word("statement", "consensus", "network", "governance"), "add": public_key},
            {"retire": public_key},
        ),
    }
)


def _version_1(value: Any) -> int:
    if integer(32)(value) != 1:
        raise Refused("another version than 1")
    return 1


_statement = fields(
    {
        "version": _version_1,
        "chain": _digest,
        "member": member_id,
        "nonce": _nonce,
        "not_after_ms": _u64,
        "action": one_of(
            {
                "issue": _issue,
                "apply": fields({"claims": claims_shape, "body": _body, "to": member_id}),
                "title": fields({"record": _digest, "act": _title_act}, {"seq": _u64}),
                "origin": fields({"record": _digest, "act": _origin_act}, {"seq": _u64}),
                "finding": fields({"record": _digest, "rule": _note, "says": _note}, {"other": _digest}),
                "govern": _govern,
            }
        ),
    }
)

#: A DSSE envelope; only its shape.
envelope_shape = fields(
    {
        "payloadType": text_of,
        "payload": text_of,
        "signatures": array(fields({"keyid": public_key, "sig": signature_bytes})),
    }
)


@dataclass(frozen=True)
class Statement:
    """A statement whose form, network and signatures have been checked."""

    id: bytes
    envelope_id: bytes
    member: str
    action: str
    content: Any
    signers: list[bytes]

    def key_purpose(self) -> int:
        """Purpose of the keys that may sign it."""
        return GOVERNANCE_KEY if self.action == "govern" else STATEMENT_KEY

    def body(self) -> dict[str, Any] | None:
        """Commitments to the document that comes with it."""
        return self.content["body"] if self.action in ("issue", "apply") else None

    def record(self) -> bytes:
        """The record that it brings or acts on."""
        if self.action in ("issue", "apply"):
            return record_id(self.id)
        if self.action == "govern":
            return record_id(self.content[1].get("proposal", self.id))
        return bytes(self.content["record"])

    def touches(self, record: bytes) -> tuple[str, int | None] | None:
        """What an entry for `record` must say: the action, and the seq before it where that is known."""
        if record == self.record():
            return self._own()
        if self.action != "issue":
            return None
        replaced = self.content.get("replaces", {}).get("records", {})
        if record in replaced:
            return "replace", replaced[record]
        if record == self.content.get("application"):
            return "certify", None
        return ("draw", None) if record in self.content.get("draws", {}) else None

    def _own(self) -> tuple[str, int | None]:
        if self.action in ("issue", "apply"):
            return self.action, 0
        if self.action in ("title", "origin"):
            return self.content["act"][0], self.content.get("seq")
        if self.action == "govern":
            kind, content = self.content
            return kind, None if "proposal" in content else 0
        return self.action, None


def statement_id(payload: bytes) -> bytes:
    """The statement's name, whoever signed it."""
    return digest("statement", pre_authentication_encoding(PAYLOAD_TYPE, payload))


def stored_form(payload: bytes, signatures: list[tuple[bytes, bytes]]) -> bytes:
    """Borsh of a payload with its signatures, ascending by key."""
    items = b"".join(b"\0" + key + b"\0" + signature for key, signature in sorted(signatures))
    return blob(payload) + u32(len(signatures)) + items


def read_payload(payload: bytes) -> Any:
    """The content of a payload that keeps the grammar."""
    if len(payload) > MAX_BYTES:
        raise Refused("a statement of more than 8 KiB")
    return _statement(read_json(payload, max_depth=MAX_DEPTH))


def open_envelope(envelope: dict[str, Any], chain: bytes) -> Statement:
    """Checks a DSSE envelope by itself: form, network and every signature."""
    if envelope["payloadType"] != PAYLOAD_TYPE:
        raise Refused("another payload type")
    signatures = [(signature["keyid"], signature["sig"]) for signature in envelope["signatures"]]
    return open_signed(base64_bytes(envelope["payload"]), signatures, chain)


def open_signed(payload: bytes, signatures: list[tuple[bytes, bytes]], chain: bytes) -> Statement:
    """Checks a payload with its signatures by itself: form, network and every signature."""
    keys = [key for key, _ in signatures]
    if not 1 <= len(keys) <= MAX_SIGNATURES or len(set(keys)) != len(keys):
        raise Refused("a statement has one to four signatures, each key once")
    content = read_payload(payload)
    if content["chain"] != chain:
        raise Refused("signed for another network")
    message = pre_authentication_encoding(PAYLOAD_TYPE, payload)
    if not all(ed25519.verifies(key, message, signature) for key, signature in signatures):
        raise Refused("a signature does not verify")
    action, acted = content["action"]
    return Statement(
        id=digest("statement", message),
        envelope_id=digest("signed statement", stored_form(payload, signatures)),
        member=content["member"],
        action=action,
        content=acted,
        signers=keys,
    )
