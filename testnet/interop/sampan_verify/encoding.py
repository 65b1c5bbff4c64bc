"""How bytes become values: strict JSON, text forms and borsh (SPEC section 1)."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar

T = TypeVar("T")

#: Longest member id.
MEMBER_ID_CHARS = 40

#: Largest integer in statements, genesis files and bundles.
MAX_INTEGER = 2**53

#: No field name begins with this (SPEC section 1).
_RESERVED = "$serde_json::private::"
_HEX = re.compile(r"[0-9a-f]*\Z")
_MEMBER_ID = re.compile(r"(?=.{3,40}\Z)[a-z0-9]+(-[a-z0-9]+)*\Z")


class Refused(Exception):
    """Bytes that are not what the format allows; nothing is verified about them."""


# --- JSON -----------------------------------------------------------------------------------------------


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Refused("a JSON object names a field twice")
    return result


def _no_reserved(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if any(name.startswith(_RESERVED) for name, _ in pairs):
        raise Refused("a reserved field name")
    return _no_duplicates(pairs)


def _no_constant(text: str) -> Any:
    raise Refused(f"{text} is not JSON")


def _no_fraction(text: str) -> Any:
    raise Refused(f"{text} is not an integer")


def _integer(text: str) -> int:
    if text == "-0":
        raise Refused("-0 is not an integer")
    number = int(text)
    if abs(number) > MAX_INTEGER:
        raise Refused(f"{text} is beyond 2^53")
    return number


def _depth(text: str) -> int:
    """Deepest nesting of arrays and objects; the text need not be JSON."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def read_json(data: bytes, max_depth: int, fractions: bool = False) -> Any:
    """Reads one strict JSON value. Documents may hold `fractions`; nothing else may (SPEC section 1).

    Fractions become `Decimal`, which keeps every digit.
    """
    try:
        text = data.decode("utf-8", errors="strict")
        if _depth(text) > max_depth:
            raise Refused("JSON is nested too deep")
        value = json.loads(
            text,
            object_pairs_hook=_no_reserved,
            parse_constant=_no_constant,
            parse_float=_fraction if fractions else _no_fraction,
            parse_int=_count if fractions else _integer,
        )
    except (UnicodeError, ValueError, RecursionError) as error:
        raise Refused(f"not strict JSON: {error}") from error
    _check_text(value)
    return value


def _check_text(value: Any) -> None:
    """An escaped half of a surrogate pair is a string in Python, and no text."""
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise Refused("half of a surrogate pair")
    elif isinstance(value, list):
        for item in value:
            _check_text(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name)
            _check_text(item)


def _fraction(text: str) -> Decimal:
    if not math.isfinite(float(text)):
        raise Refused(f"no double holds {text}")
    return Decimal(text)


def _count(text: str) -> int | Decimal:
    # A negative zero is no integer to most readers.
    if not math.isfinite(float(text)):
        raise Refused("no double holds this number")
    return Decimal(text) if text == "-0" else int(Decimal(text))


# --- text forms -----------------------------------------------------------------------------------------


def text_of(value: Any) -> str:
    """A JSON string."""
    if not isinstance(value, str):
        raise Refused("expected text")
    return value


def hexadecimal(value: Any, size: int = 32) -> bytes:
    """A digest or pepper: lowercase hexadecimal digits of exactly `size` bytes."""
    text = text_of(value)
    if len(text) != 2 * size or not _HEX.match(text):
        raise Refused(f"expected {2 * size} lowercase hexadecimal digits")
    return bytes.fromhex(text)


def public_key(value: Any) -> bytes:
    """`ed25519:` and 64 digits."""
    text = text_of(value)
    if not text.startswith("ed25519:"):
        raise Refused("expected a public key `ed25519:…`")
    return hexadecimal(text.removeprefix("ed25519:"))


def base64_bytes(value: Any) -> bytes:
    """Standard base64 with padding, in its one canonical spelling."""
    text = text_of(value)
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error) as error:
        raise Refused("expected standard base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise Refused("base64 in another than its canonical spelling")
    return data


def signature_bytes(value: Any) -> bytes:
    """A signature: base64 of 64 bytes."""
    data = base64_bytes(value)
    if len(data) != 64:
        raise Refused("expected a signature of 64 bytes")
    return data


def member_id(value: Any) -> str:
    """3 to 40 of `a-z`, `0-9` and single inner `-`."""
    text = text_of(value)
    if not _MEMBER_ID.match(text):
        raise Refused(f"{text!r} is no member id")
    return text


# --- borsh ----------------------------------------------------------------------------------------------


class Reader:
    """Reads borsh from front to back; refuses whatever has two spellings."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self._place + size
        if end > len(self._data):
            raise Refused("the encoding ends too early")
        taken = self._data[self._place : end]
        self._place = end
        return taken

    def u8(self) -> int:
        """An integer of one byte."""
        return self.take(1)[0]

    def _integer(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def u16(self) -> int:
        """An integer of two bytes."""
        return self._integer(2)

    def u32(self) -> int:
        """An integer of four bytes."""
        return self._integer(4)

    def u64(self) -> int:
        """An integer of eight bytes."""
        return self._integer(8)

    def u128(self) -> int:
        """An integer of sixteen bytes."""
        return self._integer(16)

    def digest(self) -> bytes:
        """32 bytes."""
        return self.take(32)

    def boolean(self) -> bool:
        """A byte 0 or 1."""
        return self.tag(2) == 1

    def tag(self, variants: int) -> int:
        """A variant's number, below `variants`."""
        number = self.u8()
        if number >= variants:
            raise Refused(f"variant {number} of {variants}")
        return number

    def string(self) -> str:
        """Length and UTF-8."""
        try:
            return self.take(self.u32()).decode("utf-8", errors="strict")
        except UnicodeError as error:
            raise Refused("text that is not UTF-8") from error

    def member(self) -> str:
        """A member id."""
        return member_id(self.string())

    def key(self) -> bytes:
        """The suite's byte 0 and 32 bytes."""
        self.tag(1)
        return self.take(32)

    def signature(self) -> bytes:
        """The suite's byte 0 and 64 bytes."""
        self.tag(1)
        return self.take(64)

    def blob(self) -> bytes:
        """`Vec<u8>`."""
        return self.take(self.u32())

    def option(self, item: Callable[[], T]) -> T | None:
        """A byte 0, or 1 and the item."""
        return item() if self.boolean() else None

    def vec(self, item: Callable[[], T], most: int | None = None) -> list[T]:
        """A length and that many items, `most` of them at most."""
        count = self.u32()
        # Every item takes at least a byte.
        if count > (len(self._data) if most is None else most):
            raise Refused("too many items")
        return [item() for _ in range(count)]

    def ascending(self, item: Callable[[], Any]) -> list[Any]:
        """A set: strictly ascending."""
        items = self.vec(item)
        if any(not before < after for before, after in pairwise(items)):
            raise Refused("a set is out of order")
        return items

    def mapping(self, key: Callable[[], Any], value: Callable[[], T]) -> dict[Any, T]:
        """A map: keys strictly ascending."""
        pairs = self.vec(lambda: (key(), value()))
        if any(not before[0] < after[0] for before, after in pairwise(pairs)):
            raise Refused("a map is out of order")
        return dict(pairs)

    def end(self) -> None:
        """Nothing may be left over."""
        if self._place != len(self._data):
            raise Refused("bytes are left over")


def decode(data: bytes, item: Callable[[Reader], T]) -> T:
    """The one value that `data` encodes."""
    reader = Reader(data)
    value = item(reader)
    reader.end()
    return value


def u32(number: int) -> bytes:
    """Borsh of a `u32`."""
    return number.to_bytes(4, "little")


def u64(number: int) -> bytes:
    """Borsh of a `u64`."""
    return number.to_bytes(8, "little")


def blob(data: bytes) -> bytes:
    """Borsh of a `Vec<u8>`."""
    return u32(len(data)) + data


def string(text: str) -> bytes:
    """Borsh of a `String`."""
    return blob(text.encode("utf-8"))


def option(data: bytes | None) -> bytes:
    """Borsh of an `Option`."""
    return b"\0" if data is None else b"\1" + data
