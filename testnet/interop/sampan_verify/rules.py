"""Small rules that names and texts keep (SPEC sections 1 to 3)."""

from __future__ import annotations

import datetime
import re
import unicodedata

from .encoding import Refused, text_of

_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_UNIT = re.compile(r"[A-Z0-9]{1,3}\Z")
_ITEM = re.compile(r"(0|[1-9][0-9]{0,4})\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{0,8}[1-9])?\Z")
_ALPHABETS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "COPTIC", "CHEROKEE", "LISU", "GEORGIAN")
_PUNCTUATION = re.compile(r"[\s!-/:-@\[-`{-~]+")
#: Characters that show nothing, turn the direction of writing, or end a line (SPEC section 1).
_INVISIBLE = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F)),
    *((0x2028, 0x202E), (0x2060, 0x206F), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
)
#: Where letters are dressed up as symbols (SPEC section 2).
_SYMBOLS = ((0x2100, 0x214F), (0x2460, 0x24FF), (0x1D400, 0x1D7FF), (0x1F100, 0x1F1FF))


def _within(character: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= ord(character) <= high for low, high in ranges)


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing; controls included."""
    return unicodedata.category(character) == "Cc" or _within(character, _INVISIBLE)


def _plain(value: object, most: int) -> str:
    text = text_of(value)
    if not 1 <= len(text) <= most or text.strip() != text or any(is_invisible(character) for character in text):
        raise Refused(f"expected 1 to {most} characters that show, no blank at either end")
    if unicodedata.normalize("NFC", text) != text:
        raise Refused("text that is not in NFC")
    return text


def note(value: object) -> str:
    """A line of 1 to 255 characters in NFC."""
    return _plain(value, 255)


def member_name(value: object) -> str:
    """A member's name in the registry: nothing in it looks like something else (SPEC section 2)."""
    text = _plain(value, 140)
    for character in text:
        plain = unicodedata.normalize("NFKC", character)
        if _within(character, _SYMBOLS) and len(plain) == 1 and plain.isascii() and plain.isalnum():
            raise Refused("a name with a letter dressed up as a symbol")
    for word in _PUNCTUATION.split(text):
        if len({alphabet for alphabet in map(_alphabet, word) if alphabet in _ALPHABETS}) > 1:
            raise Refused(f"the word {word!r} mixes alphabets")
    return text


def _alphabet(character: str) -> str:
    """The script of a letter, from its name: the standard library has no script property."""
    return unicodedata.name(character, "").removeprefix("FULLWIDTH ").split(" ")[0]


def country(value: object) -> str:
    """Two capital letters."""
    return _matching(_COUNTRY, value, "country")


def currency(value: object) -> str:
    """Three capital letters."""
    return _matching(_CURRENCY, value, "currency")


def unit(value: object) -> str:
    """One to three capitals or digits."""
    return _matching(_UNIT, value, "unit")


def decimal(value: object) -> str:
    """A decimal text in its one spelling."""
    return _matching(_DECIMAL, value, "decimal text")


def item_number(value: object) -> int:
    """0 to 65535 in decimal, no zero that could be left out."""
    number = int(_matching(_ITEM, value, "item number"))
    if number > 0xFFFF:
        raise Refused(f"{number} is no item number")
    return number


def date(value: object) -> str:
    """A day of the calendar as `YYYY-MM-DD`."""
    text = _matching(_DATE, value, "date")
    try:
        # The year 0000 is a leap year of the calendar, and no year of the library.
        datetime.date.fromisoformat("2000" + text[4:] if text.startswith("0000") else text)
    except ValueError as error:
        raise Refused(f"{text!r} is no date") from error
    return text


def _matching(pattern: re.Pattern[str], value: object, what: str) -> str:
    text = text_of(value)
    if not pattern.match(text):
        raise Refused(f"{text!r} is no {what}")
    return text
