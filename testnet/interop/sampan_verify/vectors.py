"""Checks every golden vector of `proto/vectors/` (its README says what each file holds).

Nothing is passed over in silence: what this implementation cannot judge is printed with its reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import body as bodies
from . import ed25519, evidence, merkle, statement, values
from .anchor import Pin
from .bundle import Bundle
from .canonical import jcs_sha256
from .certificate import Certificate, Vote
from .encoding import Refused, decode, public_key, read_json, u32
from .genesis import Genesis, Roster, entry_digest
from .hashing import DOMAINS, digest, domain_key, pre_authentication_encoding, reference_key
from .ladder import NOT_CLIMBED, Policy, climb
from .note import Witness
from .small import SmallReceipt, climb_small

#: A case's name and what is wrong with it, if anything; or why it was skipped.
Finding = tuple[str, str | None]
SKIPPED = "SKIPPED: "


def check_folder(folder: Path) -> bool:
    """Checks all files, prints what was found, and says whether all agree."""
    good = True
    for name, check in _CHECKS.items():
        path = folder / name
        findings = list(check(json.loads(path.read_bytes()), folder))
        skipped = [(case, why) for case, why in findings if why is not None and why.startswith(SKIPPED)]
        wrong = [(case, why) for case, why in findings if why is not None and not why.startswith(SKIPPED)]
        agree = len(findings) - len(skipped) - len(wrong)
        print(f"{name:<18} {agree:>5} agree, {len(wrong)} differ, {len(skipped)} skipped")
        for case, why in skipped + wrong:
            print(f"  {case}: {why}")
        good = good and not wrong
    unknown = {path.name for path in folder.iterdir()} - set(_CHECKS) - {"README.md", "genesis.json", "bundles"}
    for name in sorted(unknown):
        print(f"{name}: no check of this name")
    return good and not unknown


def _same(name: str, **pairs: tuple[Any, Any]) -> Finding:
    """Compares what was computed with what the file says; bytes with their digits."""
    for what, (ours, theirs) in pairs.items():
        shown = ours.hex() if isinstance(ours, bytes) else ours
        if shown != theirs:
            return name, f"{what}: {shown!r} here, {theirs!r} there"
    return name, None


def _accepts(read: Callable[..., Any], *arguments: Any) -> bool:
    try:
        read(*arguments)
    except Refused:
        return False
    return True


_hex = bytes.fromhex


# --- alphabet -------------------------------------------------------------------------------------------


def _hashes(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    yield _same("the domains", names=(sorted(DOMAINS), sorted(case["domain"] for case in content["keys"])))
    for case in content["keys"]:
        yield _same(case["domain"], key=(domain_key(case["domain"]), case["key"]))
    for case in content["hashes"]:
        yield _same(case["domain"], digest=(digest(case["domain"], _hex(case["input"])), case["digest"]))
    one, two = bytes([1] * 32), bytes([2] * 32)
    ours = (
        merkle.log_root([]),
        merkle.state_empty(),
        merkle.state_leaf(one, two),
        digest("state node", one + two),
    )
    for constant, case in zip(ours, content["constants"], strict=True):
        yield _same(case["name"], digest=(constant, case["digest"]))


def _ed25519(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["signatures"]:
        valid = ed25519.verifies(public_key(case["key"]), _hex(case["message"]), _hex(case["signature"]))
        yield _same(case["name"], valid=(valid, case["valid"]))
    for case in content["registry"]:
        yield _same(case["name"], admissible=(ed25519.is_registrable(public_key(case["key"])), case["admissible"]))


def _json(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["texts"]:
        accepted = _accepts(read_json, _hex(case["bytes"]), case["max_depth"], case["fractions"])
        yield _same(case["name"], accepted=(accepted, case["accepted"]))


_DECODERS: dict[str, Callable[[bytes], Any]] = {
    "member": values.Member.from_borsh,
    "entry": values.Entry.from_borsh,
    "record": values.Record.from_borsh,
    "header": values.Header.from_borsh,
    "certificate": lambda data: decode(data, Certificate.read),
    "roster": lambda data: decode(data, Roster.read),
    "inclusion": lambda data: decode(data, merkle.InclusionProof.read),
    "consistency": lambda data: decode(data, merkle.ConsistencyProof.read),
}


def _binary(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for number, case in enumerate(content["values"]):
        read, data = _DECODERS[case["type"]], _hex(case["bytes"])
        name = f"{case['type']} {number}"
        yield _same(name, accepted=(_accepts(read, data), True))
        yield from _changed(name, data, (1, 0x80), read, case["accepted"])


def _changed(
    name: str, data: bytes, masks: tuple[int, int], read: Callable[[bytes], Any], digits: str
) -> Iterator[Finding]:
    """Every byte turned by a mask, left out, doubled: which of these are still accepted."""
    yield _same(name, places=(len(data), len(digits)))
    for place, digit in enumerate(digits):
        changed = (
            data[:place] + bytes([data[place] ^ masks[0]]) + data[place + 1 :],
            data[:place] + bytes([data[place] ^ masks[1]]) + data[place + 1 :],
            data[:place] + data[place + 1 :],
            data[: place + 1] + data[place:],
        )
        ours = sum(1 << bit for bit, change in enumerate(changed) if _accepts(read, change))
        yield _same(f"{name}, byte {place}", accepted=(ours, int(digit, 16)))


# --- statements and documents ---------------------------------------------------------------------------


def _statements(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    (chain,) = map(_hex, content["chain"])
    for case in content["statements"]:
        envelope = statement.envelope_shape(json.loads(case["envelope"]))
        said = statement.open_envelope(envelope, chain)
        payload = case["payload"].encode()
        signatures = [(one["keyid"], one["sig"]) for one in envelope["signatures"]]
        touched = said.touches(said.record())
        body = said.body()
        yield _same(
            case["name"],
            id=(said.id, case["id"]),
            envelope_id=(said.envelope_id, case["envelope_id"]),
            action=(touched and touched[0], case["action"]),
            record=(said.record(), case["record"]),
            body=(body and body["commitment"], case["body"]),
        )
        yield from _changed(case["name"], payload, (1, 0x20), statement.read_payload, case["changed"])
        if case["pae"] is not None:
            encoded = pre_authentication_encoding(statement.PAYLOAD_TYPE, payload)
            stored = statement.stored_form(payload, signatures)
            yield _same(case["name"], pae=(encoded, case["pae"]), stored=(stored, case["stored"]))
    for case in content["envelopes_refused"]:
        envelope = statement.envelope_shape(json.loads(case["envelope"]))
        accepted = _accepts(statement.open_envelope, envelope, chain)
        yield _same(case["name"], accepted=(accepted, False))
    for case in content["payloads"]:
        accepted = _accepts(statement.read_payload, case["payload"].encode())
        yield _same(case["name"], accepted=(accepted, case["accepted"]))


def _bodies(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["bodies"]:
        body = decode(_hex(case["borsh"]), bodies.Body.read)
        document = read_json(body.document, bodies.MAX_DEPTH, fractions=True)
        reading = bodies.read_document(case["kind"], document)
        claims = statement.claims_shape(json.loads(case["claims"]))
        keys = [reference_key(body.pepper, case["issuer"], reading.kind, reading.number, version) for version in (1, 2)]
        yield _same(
            case["name"],
            commitment=(body.commitment(), case["commitment"]),
            jcs_sha256=(jcs_sha256(document), case["jcs_sha256"]),
            pepper=(digest("pepper", body.pepper), case["pepper_commitment"]),
            number=(reading.number, case["number"]),
            reference=(keys[0], case["reference"]),
            reference_of_version_2=(keys[1], case["reference_of_version_2"]),
            claims=(reading.claims == bodies.comparable(claims[1]) and claims[0] == case["kind"], True),
        )


# --- trees ----------------------------------------------------------------------------------------------


def _leaves(size: int) -> list[bytes]:
    return [digest("log leaf", bytes([number])) for number in range(size)]


def _inclusion(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["roots"]:
        yield _same(f"root of {case['size']}", root=(merkle.log_root(_leaves(case["size"])), case["root"]))
    for case in content["proofs"]:
        proof = decode(_hex(case["proof"]), merkle.InclusionProof.read)
        yield _same(case["name"], valid=(proof.leads(_hex(case["leaf"]), _hex(case["root"])), case["valid"]))


def _consistency(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["proofs"]:
        proof = decode(_hex(case["proof"]), merkle.ConsistencyProof.read)
        valid = proof.connects(_hex(case["old_root"]), _hex(case["new_root"]))
        yield _same(case["name"], valid=(valid, case["valid"]))


def _state(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["roots"]:
        leaves = {_hex(key): _hex(value) for key, value in case["leaves"]}
        yield _same(case["name"], root=(merkle.state_root(leaves), case["root"]))
    for case in content["proofs"]:
        proof = decode(_hex(case["proof"]), merkle.StateProof.read)
        root, key, value = _hex(case["root"]), _hex(case["key"]), case["value"]
        shown = proof.shows_absence(root, key) if value is None else proof.shows(root, key, _hex(value))
        yield _same(f"{case['name']}, {case['key'][:8]}", valid=(shown, case["valid"]))
    for case in content["refused"]:
        accepted = _accepts(decode, _hex(case["proof"]), merkle.StateProof.read)
        yield _same(case["name"], accepted=(accepted, False))


# --- blocks and bundles ---------------------------------------------------------------------------------


def _header(content: dict[str, Any], folder: Path) -> Iterator[Finding]:
    genesis = Genesis.from_bytes((folder / "genesis.json").read_bytes())
    (network,) = content["network"]
    yield _same(
        "genesis.json",
        chain=(genesis.chain, network["chain"]),
        parameters=(genesis.parameters, network["parameters"]),
        parameters_hash=(genesis.parameters_hash(), network["parameters_hash"]),
        roster=(genesis.roster.borsh(), network["roster"]),
        roster_hash=(genesis.roster.hash(), network["roster_hash"]),
    )
    powers = {validator.member: validator.power for validator in genesis.roster.validators}
    for member, case in zip(genesis.members, content["members"], strict=True):
        signed = entry_digest(member, powers.get(member.id))
        yield _same(
            case["member"],
            borsh=(member.raw, case["borsh"]),
            value=(member.value(), case["value"]),
            signed=(signed, case["signed"]),
        )
    for case in content["headers"]:
        header = values.Header.from_borsh(_hex(case["borsh"]))
        yield _same(
            f"header {case['height']}",
            leaves=([leaf.hex() for leaf in header.leaves()], case["leaves"]),
            hash=(header.hash(), case["hash"]),
            height=(header.height, case["height"]),
            time_ms=(header.time_ms, case["time_ms"]),
            log_size=(header.log_size, case["log_size"]),
            log_root=(header.log_root, case["log_root"]),
            state_root=(header.state_root, case["state_root"]),
        )
    for case in content["payloads"]:
        encoded = u32(len(case["envelopes"])) + b"".join(map(_hex, case["envelopes"]))
        yield _same(f"payload of {len(case['envelopes'])}", hash=(digest("payload", encoded), case["payload_hash"]))
    yield _same("no evidence", digest=(digest("evidence", b""), content["no_evidence"][0]))


def _votes(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for number, case in enumerate(content["votes"]):
        vote = decode(_hex(case["borsh"]), Vote.read)
        valid = ed25519.verifies(public_key(case["key"]), vote.signed(), _hex(case["signature"]))
        yield _same(
            f"vote {number}",
            borsh=(vote.borsh(), case["borsh"]),
            signed=(vote.signed(), case["signed"]),
            key=(vote.validator, case["key"].removeprefix("ed25519:")),
            valid=(valid, True),
        )


def _certificates(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["certificates"]:
        roster = decode(_hex(case["roster"]), Roster.read)
        certificate = decode(_hex(case["certificate"]), Certificate.read)
        valid = certificate.fault(_hex(case["chain"]), roster) is None
        yield _same(case["name"], valid=(valid, case["valid"]))


def _anchors(content: dict[str, Any], _: Path) -> Iterator[Finding]:
    for case in content["cases"]:
        data = case["anchor"].encode()
        if case["outcome"] == "REFUSED":
            yield _same(case["name"], accepted=(_accepts(Pin.from_json, data), False))
            continue
        policy = Policy(case["now_ms"], None, case["strict"])
        ladder = climb(Bundle.from_json(case["bundle"].encode()), Pin.from_json(data), policy)
        ours = [[rung.name, rung.verdict] for rung in ladder.rungs if rung.name not in NOT_CLIMBED]
        theirs = [rung for rung in case["rungs"] if rung[0] not in NOT_CLIMBED]
        yield _same(case["name"], rungs=(ours, theirs), outcome=(ladder.outcome(), case["outcome"]))


def _evidence(content: dict[str, Any], folder: Path) -> Iterator[Finding]:
    anchor = Genesis.from_bytes((folder / "genesis.json").read_bytes())
    for case in content["cases"]:
        file = evidence.Evidence.from_json(case["evidence"].encode())
        verdict = evidence.verify(file, anchor)
        yield _same(
            case["name"],
            id=(file.id(), case["id"]),
            rungs=(verdict.rungs, case["rungs"]),
            valid=(verdict.valid, case["valid"]),
            members=(verdict.members, case["members"]),
        )


def _bundles(content: dict[str, Any], folder: Path) -> Iterator[Finding]:
    anchor = Genesis.from_bytes((folder / "genesis.json").read_bytes())
    named = set()
    for case in content["cases"]:
        named.add(case["name"] + ".json")
        data = (folder / "bundles" / f"{case['name']}.json").read_bytes()
        if case["outcome"] == "REFUSED":
            accepted = _accepts(Bundle.from_json, data)
            yield _same(case["name"], accepted=(accepted, False))
            continue
        witnesses = tuple(map(Witness.read, case["witnesses"]))
        policy = Policy(case["now_ms"], case["max_age_ms"], case["strict"], witnesses)
        ladder = climb(Bundle.from_json(data), anchor, policy)
        ours = [[rung.name, rung.verdict] for rung in ladder.rungs if rung.name not in NOT_CLIMBED]
        theirs = [rung for rung in case["rungs"] if rung[0] not in NOT_CLIMBED]
        if case["needs"] is not None:
            yield case["name"], f"{SKIPPED}only the rung `{case['needs']}` finds it, which is not climbed here"
            # The document's rules are part of Rust's rung `body`; nothing else may differ.
            lenient = {"law": None, "document": "body"}[case["needs"]]
            ours, theirs = ([rung for rung in rungs if rung[0] != lenient] for rungs in (ours, theirs))
            yield _same(f"{case['name']}, other rungs", rungs=(ours, theirs))
            continue
        yield _same(case["name"], rungs=(ours, theirs), outcome=(ladder.outcome(), case["outcome"]))
    there = {path.name for path in (folder / "bundles").iterdir()}
    yield _same("files of bundles", names=(sorted(named), sorted(there)))


def _small(content: dict[str, Any], folder: Path) -> Iterator[Finding]:
    anchor = Genesis.from_bytes((folder / "genesis.json").read_bytes())
    for case in content["receipts"]:
        name = case["handovers"]
        steps = Bundle.from_json((folder / "bundles" / f"{name}.json").read_bytes()).trust_path if name else []
        receipt, policy = SmallReceipt.from_text(case["text"]), Policy(case["now_ms"], case["max_age_ms"])
        ladder = climb_small(receipt, anchor, steps, policy)
        rungs = [[rung.name, rung.verdict] for rung in ladder.rungs]
        yield _same(case["name"], rungs=(rungs, case["rungs"]), outcome=(ladder.outcome(), case["outcome"]))
    for case in content["records"]:
        yield _same(case["name"], record=(SmallReceipt.from_bytes(_hex(case["bytes"])).record.raw, case["record"]))
    for case in content["refused"]:
        yield _same(case["name"], accepted=(_accepts(SmallReceipt.from_text, case["text"]), False))


_CHECKS: dict[str, Callable[[dict[str, Any], Path], Iterator[Finding]]] = {
    "hashes.json": _hashes,
    "ed25519.json": _ed25519,
    "json.json": _json,
    "binary.json": _binary,
    "statements.json": _statements,
    "bodies.json": _bodies,
    "inclusion.json": _inclusion,
    "consistency.json": _consistency,
    "state.json": _state,
    "header.json": _header,
    "votes.json": _votes,
    "certificates.json": _certificates,
    "evidence.json": _evidence,
    "bundles.json": _bundles,
    "anchors.json": _anchors,
    "small_receipts.json": _small,
}
