"""The small receipt: a record's state as a QR code's text (SPEC section 9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .certificate import Certificate
from .encoding import MEMBER_ID_CHARS, Reader, Refused, string
from .genesis import Genesis, Roster
from .hashing import digest, record_key
from .ladder import INVALID, SKIPPED, VALID, WARN, Ladder, Policy, handed_over
from .merkle import StateProof, tree_root
from .values import VERSION, Record

T = TypeVar("T")

PREFIX = "SAMPAN1:"
QR_CHARS = 4296
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45(text: str) -> bytes:
    """RFC 9285."""
    try:
        digits = [_ALPHABET.index(character) for character in text]
    except ValueError as error:
        raise Refused("not base45") from error
    data = bytearray()
    for place in range(0, len(digits), 3):
        group = digits[place : place + 3]
        size, value = len(group) - 1, sum(digit * 45**power for power, digit in enumerate(group))
        if size == 0 or value >> 8 * size:
            raise Refused("not base45")
        data += value.to_bytes(size, "big")
    return bytes(data)


class Unpacker(Reader):
    """Reads what is packed, and writes the same values in borsh."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.borsh = bytearray()
        self._flags: tuple[int, int] = (0, 8)
        self._members: list[str] = []

    def number(self, bits: int = 64) -> int:
        """Seven bits to a byte; no byte that could be left out."""
        value = shift = 0
        while True:
            byte = super().take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
        if value >> bits or (byte == 0 and shift > 0):
            raise Refused("a number that does not fit, or in another spelling")
        return value

    def bit(self) -> bool:
        """One bit of a byte that stands where the first of its bits was needed."""
        byte, used = self._flags
        if used == 8:
            byte, used = super().take(1)[0], 0
        self._flags = (byte, used + 1)
        return bool(byte >> used & 1)

    def _write(self, value: int, size: int) -> int:
        self.borsh += value.to_bytes(size, "little")
        return value

    def take(self, size: int) -> bytes:
        """Bytes that stand as they are."""
        data = super().take(size)
        self.borsh += data
        return data

    def u16(self) -> int:
        """A number."""
        return self._write(self.number(16), 2)

    def u32(self) -> int:
        """A number."""
        return self._write(self.number(32), 4)

    def u64(self) -> int:
        """A number."""
        return self._write(self.number(64), 8)

    def u128(self) -> int:
        """An amount: its digits and how many zeros follow."""
        digits, zeros = self.number(128), self.number(32)
        again = digits and digits % 10 == 0
        if zeros > 24 or again or (digits == 0 and zeros) or digits * 10**zeros >= 10**24:
            raise Refused("an amount in another spelling, or of too many digits")
        return self._write(digits * 10**zeros, 16)

    def boolean(self) -> bool:
        """A bit."""
        return bool(self._write(self.bit(), 1))

    def option(self, item: Callable[[], T]) -> T | None:
        """A bit, and the item when it is set."""
        return item() if self.boolean() else None

    def string(self) -> str:
        """Length and UTF-8."""
        return self._text(self.number())

    def _text(self, length: int) -> str:
        try:
            text = super().take(length).decode("utf-8", errors="strict")
        except UnicodeError as error:
            raise Refused("text that is not UTF-8") from error
        self.borsh += string(text)
        return text

    def member(self) -> str:
        """A length and the id, or the place among the ids so far."""
        number = self.number()
        if number > MEMBER_ID_CHARS:
            place = number - MEMBER_ID_CHARS - 1
            if place >= len(self._members):
                raise Refused("a member that was not named before")
            self.borsh += string(self._members[place])
            return self._members[place]
        name = self._text(number)
        if name in self._members:
            raise Refused("a member that is spelled out again")
        self._members.append(name)
        return name

    def vec(self, item: Callable[[], T], most: int | None = None) -> list[T]:
        """A number and that many items."""
        return [item() for _ in range(self.u32())]

    def end(self) -> None:
        """Nothing is left over, nor a bit."""
        super().end()
        byte, used = self._flags
        if byte >> used:
            raise Refused("bits are left over")


@dataclass(frozen=True)
class SmallReceipt:
    """A record's state at a height."""

    height: int
    time_ms: int
    roster_since: int
    round: int
    next_roster: bytes | None
    rules: bytes | None
    beside: bytes
    log_root: bytes
    record: Record
    path: StateProof
    signers: bytes
    signatures: list[bytes]

    @staticmethod
    def from_text(text: str) -> SmallReceipt:
        """From the text of a QR code."""
        rest = text.removeprefix(PREFIX)
        if rest == text or len(rest) > QR_CHARS:
            raise Refused(f"a small receipt begins with {PREFIX}")
        return SmallReceipt.from_bytes(base45(rest))

    @staticmethod
    def from_bytes(data: bytes) -> SmallReceipt:
        """From the binary form."""
        reader = Unpacker(data)
        head = (reader.u64(), reader.u64(), reader.u64(), reader.u32())
        beside = (reader.option(reader.digest), reader.option(reader.digest), reader.digest(), reader.digest())
        record, path = _record(reader), _path(reader)
        signers = reader.take(reader.number())
        signatures = [reader.take(64) for _ in range(_ones(signers))]
        reader.end()
        return SmallReceipt(*head, *beside, record, path, signers, signatures)

    def block(self, anchor: Genesis, roster: Roster) -> bytes | None:
        """The header hash that everything leads to; None when something stands in a second spelling."""
        key, siblings = record_key(self.record.id), self.path.path()
        if siblings is None:
            return None
        found = self.path.climb(key, digest("state leaf", key + self.record.value()), siblings)
        known = [VERSION.to_bytes(4, "little"), anchor.chain]
        known += [number.to_bytes(8, "little") for number in (self.height, self.time_ms)]
        usual_next = _leaf(11, roster.hash())
        usual_rules = _tree([_leaf(12, anchor.parameters_hash()), _leaf(13, digest("evidence", b""))])
        if self.next_roster == usual_next or self.rules == usual_rules:
            return None
        left = _tree([_leaf(place, data) for place, data in enumerate(known)])
        roots = [self.log_root, _leaf(9, found), _leaf(10, roster.hash()), self.next_roster or usual_next]
        return _tree([_tree([left, self.beside]), _tree([_tree(roots), self.rules or usual_rules])])


def _leaf(place: int, data: bytes) -> bytes:
    return digest("header field", bytes([place]) + data)


def _tree(leaves: list[bytes]) -> bytes:
    return tree_root(leaves, "header node")


def _ones(bits: bytes) -> int:
    return sum(byte.bit_count() for byte in bits)


def _record(reader: Unpacker) -> Record:
    reader.borsh.clear()
    Record.walk(reader)
    record = Record.from_borsh(bytes(reader.borsh))
    reader.borsh.clear()
    return record


def _path(reader: Unpacker) -> StateProof:
    depth = reader.number(16)
    if depth > 256:
        raise Refused("no path is as deep")
    bitmap = reader.take((depth + 7) // 8)
    return StateProof(depth, StateProof.VALUE, None, bitmap, [reader.digest() for _ in range(_ones(bitmap))])


def climb_small(receipt: SmallReceipt, anchor: Genesis, steps: list[Any], policy: Policy) -> Ladder:
    """Checks everything that a small receipt claims; `steps` are the handovers at hand, oldest first."""
    ladder = Ladder()
    if not _decided(receipt, anchor, steps, ladder):
        ladder.push("status", SKIPPED, "nothing stands on a block that is not proven")
        return ladder
    ladder.push("status", VALID, f"status {receipt.record.status}, seq {receipt.record.seq}")
    now, limit = policy.now_ms, policy.max_age_ms
    if now is None:
        ladder.push("age", SKIPPED, "no clock given")
        ladder.push("anchor age", SKIPPED, "no clock given")
        ladder.push("expiry", SKIPPED, "no clock given")
        return ladder
    age = max(now - receipt.time_ms, 0)
    if limit is None:
        ladder.push("age", SKIPPED, "no maximum age asked for")
    else:
        ladder.push("age", VALID if age <= limit else INVALID, f"{age} ms old, at most {limit} ms")
    if max(now - anchor.time_ms, 0) <= anchor.trusting_period_ms:
        ladder.push("anchor age", VALID, "within the trusting period")
    else:
        ladder.push("anchor age", INVALID if policy.strict else WARN, "the anchor is older than the trusting period")
    good = now <= receipt.time_ms + anchor.trusting_period_ms
    ladder.push("expiry", VALID if good else INVALID, "good for the trusting period from its time")
    return ladder


def _decided(receipt: SmallReceipt, anchor: Genesis, steps: list[Any], ladder: Ladder) -> bool:
    try:
        if receipt.height <= receipt.roster_since:
            raise Refused("older than its own roster")
        roster, height = handed_over(steps, anchor, receipt.height)
        if height != receipt.roster_since:
            raise Refused("decided by a roster that the handovers at hand do not lead to")
    except Refused as refusal:
        ladder.push("roster", INVALID, str(refusal))
        return False
    ladder.push("roster", VALID, f"the roster in force since height {height}")
    block, fault = receipt.block(anchor, roster), "something stands in a second spelling"
    if block is not None:
        certificate = Certificate(receipt.height, receipt.round, block, receipt.signers, receipt.signatures)
        fault = certificate.fault(anchor.chain, roster)
    return ladder.check("certificate", fault, f"{len(receipt.signatures)} validators signed")
