"""Strict Ed25519 (SPEC section 1).

The `cryptography` package (OpenSSL) refuses `S >= L` and compares `S·B - k·A` with the bytes of `R`, without a
cofactor: that is the equation of the specification. It accepts keys and `R` of small order; those are refused
here, by decoding the points in plain integers.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
#: Order of the prime-order group.
ORDER = 2**252 + 27742317777372353535851937790883648493

_Point = tuple[int, int]
_NEUTRAL: _Point = (0, 1)


def _decode(encoding: bytes) -> _Point | None:
    """The point of an encoding; `y` beyond the field is reduced, as the equation allows."""
    number = int.from_bytes(encoding, "little")
    sign, y = number >> 255, (number & (2**255 - 1)) % _P
    u, v = (y * y - 1) % _P, (_D * y * y + 1) % _P
    x = u * pow(v, 3, _P) * pow(u * pow(v, 7, _P), (_P - 5) // 8, _P) % _P
    if (v * x * x + u) % _P == 0:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if (v * x * x - u) % _P != 0:
        return None
    return (_P - x if x % 2 != sign else x) % _P, y


def _add(left: _Point, right: _Point) -> _Point:
    """Sum of two points of the curve."""
    (x1, y1), (x2, y2) = left, right
    product = _D * x1 * x2 * y1 * y2 % _P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, _P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, _P)
    return x % _P, y % _P


def _times(factor: int, point: _Point) -> _Point:
    result = _NEUTRAL
    while factor:
        if factor & 1:
            result = _add(result, point)
        point, factor = _add(point, point), factor >> 1
    return result


@lru_cache(maxsize=4096)
def _is_sound(encoding: bytes) -> bool:
    """Whether the bytes decode to a point that is not of small order."""
    point = _decode(encoding)
    return point is not None and _times(8, point) != _NEUTRAL


@lru_cache(maxsize=4096)
def is_registrable(key: bytes) -> bool:
    """Whether a key may enter the registry: canonical, and in the prime-order group."""
    point = _decode(key)
    if point is None or point == _NEUTRAL:
        return False
    x, y = point
    canonical = (y | (x & 1) << 255).to_bytes(32, "little")
    return key == canonical and _times(ORDER, point) == _NEUTRAL


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` of `message` under `key` is valid."""
    if not (_is_sound(key) and _is_sound(signature[:32])):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
