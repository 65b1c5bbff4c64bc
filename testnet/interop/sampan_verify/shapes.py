"""JSON shapes: objects with exactly these fields, and one-of. No field that is not named is let through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .encoding import MAX_INTEGER, Refused

Shape = Callable[[Any], Any]


def fields(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object with all `required` and any of the `optional` fields, which are never null."""
    shapes = {**required, **(optional or {})}

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Refused("expected an object")
        for name in value:
            if name not in shapes:
                raise Refused(f"unknown field {name!r}")
        for name in required:
            if name not in value:
                raise Refused(f"field {name!r} is missing")
        return {name: shapes[name](value[name]) for name in value}

    return check


def one_of(cases: Mapping[str, Shape]) -> Shape:
    """An object of one field, whose name tells the case; becomes the pair (case, value)."""

    def check(value: Any) -> tuple[str, Any]:
        if not isinstance(value, dict) or len(value) != 1:
            raise Refused("expected an object of exactly one field")
        ((case, inner),) = value.items()
        if case not in cases:
            raise Refused(f"unknown case {case!r}")
        return case, cases[case](inner)

    return check


def word(*allowed: str) -> Shape:
    """One of a few words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Refused(f"expected one of {', '.join(allowed)}")
        return value

    return check


def integer(bits: int) -> Shape:
    """An unsigned integer of so many bits, at most 2^53."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**bits or value > MAX_INTEGER:
            raise Refused("expected an unsigned integer")
        return value

    return check


def boolean(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Refused("expected true or false")
    return value


def array(item: Shape) -> Shape:
    """A list of items."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Refused("expected an array")
        return [item(element) for element in value]

    return check


def table(key: Callable[[str], Any], item: Shape) -> Shape:
    """An object whose names are data."""

    def check(value: Any) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise Refused("expected an object")
        return {key(name): item(element) for name, element in value.items()}

    return check


def nullable(item: Shape) -> Shape:
    """null or an item."""
    return lambda value: None if value is None else item(value)
