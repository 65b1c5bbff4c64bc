"""Changed bundle files, made from good ones: every class of byte position, seeded."""

from __future__ import annotations

import base64
import binascii
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

#: A changed file and what was done to it.
Mutant = tuple[str, bytes]


def mutants(name: str, good: bytes, others: list[bytes], count: int, seed: int) -> Iterator[Mutant]:
    """About `count` changed files of each class, from a good one; `others` lend their parts."""
    chance = random.Random(f"{seed} {name}")
    value = json.loads(good)
    compact = _write(value)
    for what, data in (
        *_bytes(compact, count, chance),
        *_binaries(value, count, chance),
        *_structures(value, count, chance),
        *_spellings(compact, value, count, chance),
        *_grafts(value, [json.loads(other) for other in others], count, chance),
    ):
        yield f"{name}: {what}", data


def _write(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="surrogatepass")


# --- the file's bytes -----------------------------------------------------------------------------------


def _bytes(good: bytes, count: int, chance: random.Random) -> Iterator[Mutant]:
    """A bit turned over, a byte left out, doubled or put in, the end cut off; in blocks over the whole file."""
    for number in range(count):
        place = (len(good) * number // count + chance.randrange(max(1, len(good) // count))) % len(good)
        bit = chance.randrange(8)
        yield f"byte {place}, bit {bit}", good[:place] + bytes([good[place] ^ 1 << bit]) + good[place + 1 :]
    for _ in range(count // 4):
        place, byte = chance.randrange(len(good)), chance.randrange(256)
        yield f"without byte {place}", good[:place] + good[place + 1 :]
        yield f"byte {place} twice", good[: place + 1] + good[place:]
        yield f"byte {byte} before {place}", good[:place] + bytes([byte]) + good[place:]
    for _ in range(count // 16):
        place = chance.randrange(len(good))
        yield f"cut at {place}", good[:place]
    for tail in (b"\n", b" \t\r\n", b"{}", b"\0", b"\xef\xbb\xbf", b","):
        yield f"{tail!r} behind", good + tail
        yield f"{tail!r} before", tail + good


# --- places in the value --------------------------------------------------------------------------------

Path = tuple[str | int, ...]


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value in a value, with its path."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield from _places(inner, (*path, step))


def _changed(value: Any, path: Path, change: Callable[[Any, str | int], None]) -> Any:
    """A copy with a change to the container that the path leads to, at its last step."""
    copy = json.loads(json.dumps(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    change(place, path[-1])
    return copy


def _replaced(value: Any, path: Path, new: Any) -> Any:
    def put(container: Any, step: str | int) -> None:
        container[step] = new

    return _changed(value, path, put) if path else new


def _without(value: Any, path: Path) -> Any:
    def remove(container: Any, step: str | int) -> None:
        del container[step]

    return _changed(value, path, remove)


# --- inside the binary parts ----------------------------------------------------------------------------


def _binaries(value: Any, count: int, chance: random.Random) -> Iterator[Mutant]:
    """The decoded bytes of each base64 text changed, and written in base64 again."""
    parts = [(path, data) for path, text in _places(value) if (data := _decoded(text)) is not None]
    for number in range(2 * count):
        path, data = parts[number % len(parts)]
        what, changed = _changed_bytes(data, chance)
        text = base64.b64encode(changed).decode("ascii")
        yield f"{_name(path)}: {what}", _write(_replaced(value, path, text))


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str) or len(text) < 65:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _changed_bytes(data: bytes, chance: random.Random) -> Mutant:
    # Lengths and tags stand in front: half of the changes are there.
    place = chance.randrange(len(data) if chance.random() < 0.5 else min(len(data), 80))
    kind = chance.randrange(6)
    if kind == 0:
        return f"without byte {place}", data[:place] + data[place + 1 :]
    if kind == 1:
        return f"byte {place} twice", data[: place + 1] + data[place:]
    if kind == 2:
        return "a byte behind", data + bytes([chance.randrange(256)])
    if kind == 3:
        return f"cut at {place}", data[:place]
    new = chance.choice((0, 1, 2, 255, data[place] ^ 1 << chance.randrange(8)))
    return f"byte {place} is {new}", data[:place] + bytes([new]) + data[place + 1 :]


def _name(path: Path) -> str:
    return "/".join(map(str, path))


# --- the structure of the JSON --------------------------------------------------------------------------

_REPLACEMENTS: tuple[Any, ...] = (None, True, 0, -1, 1.0, 2**53, 2**53 + 1, "", "x", [], {}, [[]], {"x": 0})


def _structures(value: Any, count: int, chance: random.Random) -> Iterator[Mutant]:
    """Fields left out, of another type, unknown; objects as arrays; lists shortened, doubled, reordered."""
    places = list(_places(value))
    for path, inner in places:
        if path:
            yield f"without {_name(path)}", _write(_without(value, path))
            yield f"{_name(path)} null", _write(_replaced(value, path, None))
        if isinstance(inner, dict):
            yield f"{_name(path)} as array", _write(_replaced(value, path, list(inner.values())))
            yield f"unknown in {_name(path)}", _write(_replaced(value, path, {**inner, "unheardOf": 0}))
        if isinstance(inner, list) and inner:
            yield f"{_name(path)} reversed", _write(_replaced(value, path, inner[::-1]))
            yield f"{_name(path)} with one twice", _write(_replaced(value, path, [inner[0], *inner]))
            yield f"{_name(path)} empty", _write(_replaced(value, path, []))
            as_object = {str(place): item for place, item in enumerate(inner)}
            yield f"{_name(path)} as object", _write(_replaced(value, path, as_object))
    for _ in range(count):
        path, inner = chance.choice(places)
        new = chance.choice(_REPLACEMENTS)
        yield f"{_name(path)} is {new!r}", _write(_replaced(value, path, new))
        if isinstance(inner, int):
            new = inner + chance.choice((-1, 1, 2**32, 2**64))
            yield f"{_name(path)} is {new}", _write(_replaced(value, path, new))
    for part in ("witness", "entry", "receipt", "status", "reference", "goods", "members", "history", "body"):
        nothings: tuple[Any, ...] = (None, [], {})
        for absent in nothings:
            if part not in value:
                yield f"{part} is {absent!r}", _write({**value, part: absent})


# --- spellings of the JSON ------------------------------------------------------------------------------


def _spellings(compact: bytes, value: Any, count: int, chance: random.Random) -> Iterator[Mutant]:
    """The same value written otherwise, and texts that only look like it."""
    text = compact.decode("utf-8")
    yield "with blanks", json.dumps(value, indent=1).encode()
    yield "names in another order", json.dumps(value, sort_keys=True).encode()
    yield "in UTF-16", text.encode("utf-16")
    yield "in UTF-16 without mark", text.encode("utf-16-le")
    colons = [place for place, sign in enumerate(text) if sign == ":" and text[place - 1] == '"']
    for _ in range(count // 4):
        place = chance.choice(colons)
        name = text[text.rindex('"', 0, place - 1) : place]
        yield f"{name} twice", (text[: place - len(name)] + f"{name}:null," + text[place - len(name) :]).encode()
        start = chance.randrange(len(text) - 1)
        if text[start].isalnum() and _in_string(text, start):
            spelled = text[:start] + f"\\u{ord(text[start]):04x}" + text[start + 1 :]
            yield f"character {start} escaped", spelled.encode()
        place = chance.randrange(len(text))
        yield f"half a pair before {place}", (text[:place] + "\\ud800" + text[place:]).encode()
        blank = chance.choice((" ", "\n", "\t", "\r", "\f", "\u00a0", "\ufeff", "//", "/**/"))
        yield f"{blank!r} before {place}", (text[:place] + blank + text[place:]).encode()
    for place in [place for place, sign in enumerate(text) if sign.isdigit() and not _in_string(text, place)]:
        end = place + 1
        for spelled in ("0" + text[place:end], text[place:end] + ".0", text[place:end] + "e0", "-0", "NaN", "1_0", "١"):
            yield f"number at {place} as {spelled}", (text[:place] + spelled + text[end:]).encode()


def _in_string(text: str, place: int) -> bool:
    """Whether a place is inside a string; our files have no escapes."""
    return text.count('"', 0, place) % 2 == 1


# --- parts of other bundles -----------------------------------------------------------------------------


def _grafts(value: Any, others: list[Any], count: int, chance: random.Random) -> Iterator[Mutant]:
    """Parts that are good elsewhere in this file or in another one."""
    own = list(_places(value))[1:]
    strangers = [place for other in others for place in list(_places(other))[1:]]
    for other in others:
        for part in other:
            yield f"{part} of another", _write({**value, part: other[part]})
    for _ in range(count):
        path, inner = chance.choice(own)
        last = path[-1]
        alike = [new for at, new in own + strangers if type(new) is type(inner) and at[-1] == last and new != inner]
        if alike:
            yield f"{_name(path)} of another place", _write(_replaced(value, path, chance.choice(alike)))
