"""The ladder: from an anchor and a bundle to named verdicts (SPEC section 6).

Three things are not done, and the ladder says so in rungs that are SKIPPED: `law`, which carries the acts out again
by the rules of the trade, `document`, the schemas and rules that a disclosed document keeps, and `findings`, what a
bill of lading and a certificate of origin say of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import body as body_rung
from .anchor import Anchor
from .bundle import MEDIA_TYPE, Bundle, Counterpart, EntryPart, Handover, Receipt, Step, WitnessPart
from .encoding import Refused
from .genesis import Genesis, Roster
from .hashing import digest, member_key, record_key, reference_state_key
from .note import Note, Witness
from .statement import Statement, open_envelope
from .values import VERSION, ActEntry, EntryRef, Header, Member, Record

VALID, WARN, INVALID, SKIPPED = "VALID", "WARN", "INVALID", "SKIPPED"
MAX_HANDOVERS = 1024
#: Rungs that this implementation never climbs, or that the Rust one does not have.
NOT_CLIMBED = ("law", "document", "findings")


@dataclass(frozen=True)
class Policy:
    """What the verifier brings besides the anchor."""

    now_ms: int | None = None
    max_age_ms: int | None = None
    strict: bool = False
    witnesses: tuple[Witness, ...] = ()


@dataclass(frozen=True)
class Rung:
    """One check."""

    name: str
    verdict: str
    detail: str


@dataclass
class Ladder:
    """All checks of one verification, in the order they ran."""

    rungs: list[Rung] = field(default_factory=list)

    def push(self, name: str, verdict: str, detail: str) -> None:
        """Adds a rung."""
        self.rungs.append(Rung(name, verdict, detail))

    def check(self, name: str, fault: str | None, detail: str) -> bool:
        """Adds a rung that holds unless there is a `fault`."""
        self.push(name, VALID if fault is None else INVALID, detail if fault is None else fault)
        return fault is None

    def outcome(self) -> str:
        """Valid when no rung is INVALID and at least one is VALID."""
        verdicts = {rung.verdict for rung in self.rungs}
        return VALID if INVALID not in verdicts and VALID in verdicts else INVALID


def climb(bundle: Bundle, anchor: Anchor, policy: Policy) -> Ladder:
    """Checks everything that a bundle claims, from the anchor alone."""
    return _Climb(bundle, anchor, policy).run()


def trusted_roster(bundle: Bundle, anchor: Anchor) -> Roster | None:
    """The roster that decides the head: from the anchor's by every handover, none left out. None for the very header
    that is pinned, which needs no roster."""
    header = bundle.header
    if anchor.header is not None and header.height <= anchor.height:
        if header.hash() == anchor.header:
            return None
        raise Refused("not after the pinned header")
    height, roster = reigns(bundle.trust_path, anchor)[-1]
    if header.roster_hash != roster.hash():
        raise Refused("decided by a roster that the anchor does not lead to")
    if header.height <= height:
        raise Refused("the head is not after the last handover")
    return roster


def reigns(steps: list[Handover], anchor: Anchor) -> list[tuple[int, Roster]]:
    """Rosters, each with the height after which it decides, from the anchor's on. What was decided before a pinned
    header is not looked at."""
    if len(steps) > MAX_HANDOVERS:
        raise Refused(f"more than {MAX_HANDOVERS} handovers")
    known = [(anchor.height, anchor.roster)]
    for number, step in enumerate(steps, 1):
        if anchor.header is None or step.header.height > anchor.height:
            known.append(hand_over(step, number, known[-1], anchor.chain))
    return known


def handed_over(steps: list[Handover], anchor: Genesis, block: int) -> tuple[Roster, int]:
    """The roster that the handovers before a block lead to, and since which height it is in force."""
    roster, height = anchor.roster, 0
    for number, step in enumerate(steps[:MAX_HANDOVERS], 1):
        if step.header.height >= block:
            break
        height, roster = hand_over(step, number, (height, roster), anchor.chain)
    return roster, height


def hand_over(step: Handover, number: int, trusted: tuple[int, Roster], chain: bytes) -> tuple[int, Roster]:
    """One roster names the next: the height that made it, and the roster."""
    height, roster = trusted
    header, certificate = step.header, step.certificate
    if header.chain != chain or header.version != VERSION:
        raise Refused(f"handover {number}: of another network or protocol version")
    if header.height <= height or header.roster_hash != roster.hash():
        raise Refused(f"handover {number}: does not follow the one before")
    if header.next_roster_hash == header.roster_hash:
        raise Refused(f"handover {number}: its header names the roster that decided it")
    if not certificate.names(header):
        raise Refused(f"handover {number}: the certificate is for another header")
    fault = certificate.fault(chain, roster)
    if fault is not None:
        raise Refused(f"handover {number}: {fault}")
    if header.next_roster_hash != step.roster.hash():
        raise Refused(f"handover {number}: its header names another roster")
    return header.height, step.roster


def _unless(holds: bool, fault: str) -> str | None:
    return None if holds else fault


@dataclass
class _Climb:
    bundle: Bundle
    anchor: Anchor
    policy: Policy
    ladder: Ladder = field(default_factory=Ladder)
    #: Registry entries that are proven; what others signed stands on nothing.
    members: dict[str, Member] = field(default_factory=dict)

    @property
    def header(self) -> Header:
        """What everything below the head stands on."""
        return self.bundle.header

    def run(self) -> Ladder:
        if not self.head():
            self.ladder.push("contents", SKIPPED, "nothing stands on a head that is not proven")
            return self.ladder
        self.age()
        self.witness()
        self.prove_members()
        self.entry()
        issued = self.receipt()
        begun = self.history(self.status())
        self.reference()
        self.goods()
        own = self.body(begun or issued)
        self.counterpart(own)
        return self.ladder

    def head(self) -> bool:
        """Rungs `format` to `certificate`; the first that fails is the last."""
        bundle, header, certificate = self.bundle, self.header, self.bundle.certificate
        known = bundle.media_type == MEDIA_TYPE and header.version == VERSION
        same_chain = bundle.chain == self.anchor.chain == header.chain
        check = self.ladder.check
        if not (
            check("format", _unless(known, "media type or protocol version is not known here"), MEDIA_TYPE)
            and check("network", _unless(same_chain, "of another network"), f"network `{self.anchor.network}`")
        ):
            return False
        try:
            roster = trusted_roster(self.bundle, self.anchor)
        except Refused as refusal:
            return check("roster", str(refusal), "")
        check("roster", None, f"{len(self.bundle.trust_path)} handovers from the anchor's roster")
        named = certificate.names(header)
        if not check("header", _unless(named, "the certificate is for another header"), f"height {header.height}"):
            return False
        fault = None if roster is None else certificate.fault(self.anchor.chain, roster)
        return check("certificate", fault, "the anchor vouches for it" if roster is None else "a quorum signed")

    def age(self) -> None:
        """Rungs `age` and `anchor age`; a head from the future is 0 ms old."""
        now, limit = self.policy.now_ms, self.policy.max_age_ms
        if now is None:
            self.ladder.push("age", SKIPPED, "no clock given")
            self.ladder.push("anchor age", SKIPPED, "no clock given")
            return
        age = max(now - self.header.time_ms, 0)
        if limit is None:
            self.ladder.push("age", SKIPPED, "no maximum age asked for")
        else:
            self.ladder.check("age", _unless(age <= limit, f"{age} ms old, at most {limit} ms"), f"{age} ms old")
        if max(now - self.anchor.time_ms, 0) <= self.anchor.trusting_period_ms:
            self.ladder.push("anchor age", VALID, "within the trusting period")
        elif self.witness_fault() == "" and self.bundle.witness is not None and self.bundle.witness.names is not None:
            self.ladder.push("anchor age", VALID, "a witness saw a log that names the head")
        else:
            verdict = INVALID if self.policy.strict else WARN
            self.ladder.push("anchor age", verdict, "the anchor is older than the trusting period")

    def witness(self) -> None:
        """Rung `witness`: asked for when the verifier knows a witness."""
        fault = self.witness_fault()
        if fault is not None:
            self.ladder.check("witness", fault or None, "seen from outside")
        elif self.bundle.witness is not None:
            self.ladder.push("witness", SKIPPED, "no witness key is given")

    def witness_fault(self) -> str | None:
        """Why no witness that the verifier knows has seen the log; empty if one has, None if it knows no witness."""
        part, known = self.bundle.witness, self.policy.witnesses
        if not known:
            return None
        if part is None:
            return "no witness has signed"
        try:
            return self._unseen(Note.parse(part.note), part, known)
        except Refused as refusal:
            return str(refusal)

    def _unseen(self, note: Note, part: WitnessPart, known: tuple[Witness, ...]) -> str:
        if note.chain != self.header.chain:
            return "the checkpoint is of another network"
        logs = sorted([(note.size, note.root), (self.header.log_size, self.header.log_root)], key=lambda log: log[0])
        (old, old_root), (new, new_root) = logs
        proof = part.consistency
        if (proof.old, proof.new) != (old, new) or not proof.connects(old_root, new_root):
            return "the log that was seen is not the one under the head"
        if part.names is not None and (fault := part.names.fault(self.header, note.size, note.root)):
            return fault
        return "" if any(witness.saw(note) for witness in known) else "by none of the witnesses given"

    def prove_members(self) -> None:
        """Rung `members`; an entry whose proof fails counts for nothing below."""
        parts = self.bundle.members
        if not parts:
            self.ladder.push("members", SKIPPED, "the bundle proves no registry entry")
            return
        root = self.header.state_root
        proven = [p.member for p in parts if p.proof.shows(root, member_key(p.member.id), p.member.value())]
        self.members = {member.id: member for member in proven}
        fault = _unless(len(proven) == len(parts), f"{len(parts) - len(proven)} of {len(parts)} fail")
        self.ladder.check("members", fault, f"{len(parts)} registry entries")

    def entry(self) -> None:
        """Rung `entry`: it is in the log, whatever it records."""
        part = self.bundle.entry
        if part is None:
            return
        act = part.entry.act
        fault = _unless(self.leads(part), "the entry's path does not lead to the head's log root")
        if act is not None and act.record != self.bundle.subject():
            fault = "the entry is of another record than the rest"
        self.ladder.check("entry", fault, f"entry {part.path.index} of {part.path.size}")

    def leads(self, part: EntryPart | Receipt) -> bool:
        """Whether an entry is in the log under the head."""
        path, header = part.path, self.header
        return path.size == header.log_size and path.leads(part.entry.leaf(), header.log_root)

    def receipt(self) -> Statement | None:
        """Rungs `inclusion` and `statement`, or `receipt` when the entry is that of a block; gives the statement if the
        entry is on its own record, whose document a body would be."""
        part = self.bundle.receipt
        if part is None or not self.included(part):
            return None
        act = part.entry.act
        if act is None:
            self.ladder.push("receipt", INVALID, "the entry records no statement")
            return None
        try:
            if act.record != self.bundle.subject():
                raise Refused("the receipt is of another record than the status")
            statement = self.recorded(act, part.statement)
        except Refused as refusal:
            self.ladder.push("statement", INVALID, str(refusal))
            return None
        self.ladder.push("statement", VALID, f"{act.action} at height {act.height}")
        return statement if act.record == statement.record() else None

    def included(self, part: Receipt) -> bool:
        """Rung `inclusion`."""
        fault = _unless(self.leads(part), "the entry's path does not lead to the head's log root")
        return self.ladder.check("inclusion", fault, f"entry {part.path.index} of {part.path.size}")

    def recorded(self, act: ActEntry, envelope: dict[str, Any]) -> Statement:
        """The statement is the one that the entry records, and its member's keys signed it."""
        statement = open_envelope(envelope, self.anchor.chain)
        touched = statement.touches(act.record)
        if touched is None:
            raise Refused("the statement does not touch the record that the entry names")
        action, seq = touched
        body = statement.body() if act.record == statement.record() else None
        same = (
            act.statement == statement.id
            and act.action == action
            and act.actor == member_key(statement.member)
            and (seq is None or act.seq == seq + 1)
            and act.body == (None if body is None else body["commitment"])
        )
        if not same:
            raise Refused("the entry records another statement")
        member = self.members.get(statement.member)
        if member is None:
            raise Refused(f"no proof that `{statement.member}` is a member")
        if not all(member.has_key(key, statement.key_purpose(), act.height) for key in statement.signers):
            raise Refused(f"signed by a key that was not `{member.id}`'s at height {act.height}")
        return statement

    def status(self) -> Record | None:
        """Rung `status`."""
        part = self.bundle.status
        if part is None:
            return None
        root, key, record = self.header.state_root, record_key(part.id), part.record
        if record is None:
            absent = part.proof.shows_absence(root, key)
            self.ladder.check("status", _unless(absent, "the absence proof fails"), "no such record exists")
            return None
        present = record.id == part.id and part.proof.shows(root, key, record.value())
        fault = _unless(present, "the record's path does not lead to the head's state root")
        return record if self.ladder.check("status", fault, f"status {record.status}, seq {record.seq}") else None

    def history(self, record: Record | None) -> Statement | None:
        """Rung `history`; gives the statement that it begins with."""
        steps = self.bundle.history
        if not steps:
            return None
        try:
            if record is None:
                raise Refused("a history without a proven record that it belongs to")
            acts = _walk(steps, record)
            statements = [self.recorded(act, step.statement) for act, step in zip(acts, steps, strict=True)]
        except Refused as refusal:
            self.ladder.push("history", INVALID, str(refusal))
            return None
        self.ladder.push("history", VALID, f"{len(steps)} acts, complete back to the issue")
        self.ladder.push("law", SKIPPED, "this implementation does not carry acts out again")
        return statements[0]

    def reference(self) -> None:
        """Rung `reference`."""
        part = self.bundle.reference
        if part is None:
            return
        root, key, subject = self.header.state_root, reference_state_key(part.issuer, part.key), self.bundle.subject()
        if part.record is None:
            holds, detail = part.proof.shows_absence(root, key), f"`{part.issuer}` never issued this number"
        else:
            holds = part.proof.shows(root, key, digest("state value reference", part.record))
            detail = f"this number of `{part.issuer}` is record {part.record.hex()[:8]}"
        fault = _unless(holds, "the path does not lead to the head's state root")
        if part.record is not None and subject is not None and part.record != subject:
            fault = "this is the number of another record"
        self.ladder.check("reference", fault, detail)

    def goods(self) -> None:
        """Rung `goods`."""
        part = self.bundle.goods
        if part is None:
            return
        root, key = self.header.state_root, digest("state key goods", part.goods)
        if part.record is None:
            holds = part.proof.shows_absence(root, key)
        else:
            holds = part.proof.shows(root, key, digest("state value goods", part.record))
        self.ladder.check("goods", _unless(holds, "the path does not lead to the head's state root"), "as told")

    def body(self, statement: Statement | None) -> bool:
        """Rung `body`; whether the document is the one that was issued."""
        disclosed = self.bundle.body
        if disclosed is None:
            self.ladder.push("body", SKIPPED, "the document is not disclosed in this bundle")
            return False
        if statement is None:
            self.ladder.push("body", INVALID, "no issue is proven that commits to the document")
            return False
        fault = body_rung.fault(statement, self.members.get(statement.member), disclosed)
        if self.ladder.check("body", fault, f"{len(disclosed.document)} bytes, as committed and as claimed"):
            self.ladder.push("document", SKIPPED, "this implementation does not judge the document's schema and rules")
        return fault is None

    def counterpart(self, own: bool) -> None:
        """Rung `counterpart`; the rung `findings` needs the documents' rules."""
        part = self.bundle.counterpart
        if part is None:
            return
        try:
            detail = self.issued(part)
        except Refused as refusal:
            self.ladder.push("counterpart", INVALID, str(refusal))
            return
        self.ladder.push("counterpart", VALID, detail)
        both = own and part.body is not None
        reason = "this implementation does not compare documents" if both else "only who holds both can compare them"
        self.ladder.push("findings", SKIPPED, reason)

    def issued(self, part: Counterpart) -> str:
        """The statement that brought the counterpart onto the ledger, and its document, where it is disclosed."""
        path, header, act = part.issue.path, self.header, part.issue.entry.act
        if path.size != header.log_size or not path.leads(part.issue.entry.leaf(), header.log_root):
            raise Refused("the entry's path does not lead to the head's log root")
        if act is None:
            raise Refused("the entry records no statement")
        statement = self.recorded(act, part.issue.statement)
        if statement.action not in ("issue", "apply") or act.record != statement.record():
            raise Refused("the statement issues no document")
        if self.bundle.subject() in (None, act.record):
            raise Refused("it is no other record than the bundle's own")
        if part.body is not None:
            fault = body_rung.fault(statement, self.members.get(statement.member), part.body)
            if fault is not None:
                raise Refused(fault)
        return f"record {act.record.hex()[:8]}, issued by `{statement.member}` at height {act.height}"


def _walk(steps: list[Step], record: Record) -> list[ActEntry]:
    """From the record's newest entry back: each names the one before it, so nothing is left out."""
    acts: list[ActEntry] = []
    expected: EntryRef | None = record.last
    for step in reversed(steps):
        act = step.entry.act
        if act is None:
            raise Refused("an entry records no act")
        here = EntryRef(step.index, step.entry.leaf())
        if here != expected or act.record != record.id or act.seq != record.seq - len(acts):
            raise Refused(f"entry {step.index} is not the one that the next act names")
        expected = act.previous
        acts.append(act)
    if expected is not None or acts[-1].action not in ("issue", "apply"):
        raise Refused("the history does not go back to the issue")
    return acts[::-1]
