"""RFC 8785: the canonical form of a JSON document, of which `jcs_sha256` is the digest."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any

from .encoding import MAX_INTEGER


def jcs_sha256(value: Any) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(_write(value).encode("utf-8")).digest()


def _write(value: Any) -> str:
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_string(name)}:{_write(item)}" for name, item in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(item) for item in value) + "]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return number(value)
    return {None: "null", True: "true", False: "false"}[value]


def _string(text: str) -> str:
    """RFC 8785 section 3.2.2.2: the escapes of `json`, which leaves DEL as it is, as the RFC does."""
    return json.dumps(text, ensure_ascii=False)


def number(value: int | Decimal) -> str:
    """RFC 8785 section 3.2.2.3: the shortest digits of the double, as ECMAScript prints them."""
    if isinstance(value, int) and abs(value) <= MAX_INTEGER:
        return str(value)
    double = float(value)
    if double == 0:
        return "0"
    sign = "-" if double < 0 else ""
    # The shortest digits that read back as the same double are those of `repr`.
    _, digits, exponent = Decimal(repr(abs(double))).as_tuple()
    text = "".join(map(str, digits)).rstrip("0")
    point = int(exponent) + len(digits)
    return sign + _place(text, point)


def _place(digits: str, point: int) -> str:
    """ECMAScript Number::toString for `0.digits * 10^point`."""
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    mantissa = digits if count == 1 else digits[0] + "." + digits[1:]
    return f"{mantissa}e{point - 1:+d}"
