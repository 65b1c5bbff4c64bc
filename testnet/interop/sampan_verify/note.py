"""Checkpoints and those who sign them: C2SP signed notes (SPEC section 7)."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass

from . import ed25519
from .encoding import Refused, base64_bytes, hexadecimal

MAX_BYTES = 64 * 1024
MAX_SIGNATURES = 64
#: Digits of the largest size.
MAX_DIGITS = 20
DASH = "\u2014 "
COSIGNATURE = b"\x04"


def _key_id(name: str, typed: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]


def _is_name(name: str) -> bool:
    return bool(name) and not any(sign == "+" or sign.isspace() or unicodedata.category(sign) == "Cc" for sign in name)


@dataclass(frozen=True)
class Line:
    """A line of signature."""

    name: str
    key_id: bytes
    data: bytes

    @staticmethod
    def read(text: str) -> Line:
        """From `\u2014 name base64`."""
        name, blank, rest = text.removeprefix(DASH).partition(" ")
        if not text.startswith(DASH) or not blank or not _is_name(name):
            raise Refused("not a line of signature")
        data = base64_bytes(rest)
        if len(data) < 5:
            raise Refused("a line without a signature")
        return Line(name, data[:4], data[4:])


@dataclass(frozen=True)
class Note:
    """A signed checkpoint."""

    text: str
    chain: bytes
    size: int
    root: bytes
    lines: list[Line]

    @staticmethod
    def parse(note: str) -> Note:
        """Three lines, an empty one, lines of signature."""
        if len(note.encode()) > MAX_BYTES:
            raise Refused("a checkpoint of more than 64 KiB")
        body, gap, rest = note.partition("\n\n")
        parts = body.split("\n")
        if not gap or len(parts) != 3 or not parts[0].startswith("sampan/") or not rest.endswith("\n"):
            raise Refused("not the text of a checkpoint")
        chain, root = hexadecimal(parts[0].removeprefix("sampan/")), base64_bytes(parts[2])
        is_number = parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= MAX_DIGITS
        size = int(parts[1]) if is_number else -1
        if str(size) != parts[1] or size >= 1 << 64 or len(root) != 32:
            raise Refused("a size or root that is none")
        lines = [Line.read(line) for line in rest[:-1].split("\n")]
        if len(lines) > MAX_SIGNATURES:
            raise Refused("more than 64 signatures")
        return Note(body + "\n", chain, size, root, lines)


@dataclass(frozen=True)
class Witness:
    """Somebody who signs checkpoints, by name and key."""

    name: str
    key: bytes

    @staticmethod
    def read(text: str) -> Witness:
        """From `name+key id+base64(type, key)`."""
        name, _, rest = text.partition("+")
        digits, _, typed = rest.partition("+")
        data = base64_bytes(typed)
        known = _is_name(name) and len(data) == 33 and data[:1] == COSIGNATURE
        if not known or hexadecimal(digits, 4) != _key_id(name, data):
            raise Refused("not the key of a witness")
        return Witness(name, data[1:])

    def saw(self, note: Note) -> bool:
        """Whether one of the lines is this witness's and holds."""
        return any(self._signed(note, line) for line in note.lines)

    def _signed(self, note: Note, line: Line) -> bool:
        if (line.name, line.key_id) != (self.name, _key_id(self.name, COSIGNATURE + self.key)):
            return False
        time, signature = int.from_bytes(line.data[:8], "big"), line.data[8:]
        message = f"cosignature/v1\ntime {time}\n{note.text}".encode()
        return len(signature) == 64 and ed25519.verifies(self.key, message, signature)
