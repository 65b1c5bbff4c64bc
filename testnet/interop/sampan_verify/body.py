"""The rung `body`: a disclosed document against what its issuer signed (SPEC sections 3 and 6).

What is checked: commitment, size, RFC 8785 digest, number, pepper, reference key, and the claims derived from the
document again. What is not: the schemas and rules of the trade that a document keeps, which SPEC leaves to the
DCSA standard and to `proto/schemas/`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any

from . import rules
from .canonical import jcs_sha256
from .encoding import Reader, Refused, read_json, text_of
from .hashing import digest, reference_key
from .statement import Statement
from .values import Member

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
BILL, CERTIFICATE = 1, 2


@dataclass(frozen=True)
class Body:
    """A document with what opens its commitments."""

    salt: bytes
    pepper: bytes
    document: bytes

    @staticmethod
    def read(reader: Reader) -> Body:
        """From borsh."""
        return Body(reader.take(32), reader.take(32), reader.blob())

    def commitment(self) -> bytes:
        """What a statement says of it."""
        return digest("body", self.salt + self.document)


@dataclass(frozen=True)
class Reading:
    """What a document says: kind, number, and the claims that its issuer must sign."""

    kind: int
    number: str
    claims: dict[str, Any]


def fault(statement: Statement, signer: Member | None, body: Body) -> str | None:
    """Why the document is not the one that the statement is about; None when it is."""
    if signer is None:
        return "its issuer is not proven to be a member"
    committed = statement.body()
    if committed is None:
        return "the statement commits to no document"
    if body.commitment() != committed["commitment"] or len(body.document) != committed["size"]:
        return "the bytes and salt are not those committed to"
    if len(body.document) > MAX_BYTES:
        return "a document of more than 256 KiB"
    try:
        document = read_json(body.document, max_depth=MAX_DEPTH, fractions=True)
        reading = read_document(statement.content["claims"][0], document)
    except Refused as refusal:
        return f"not a document of the kind claimed: {refusal}"
    if jcs_sha256(document) != committed["jcs_sha256"]:
        return "not the SHA-256 of the document's RFC 8785 form"
    wrong = _number_fault(statement, signer, body, reading)
    if wrong is not None:
        return wrong
    if reading.claims != comparable(statement.content["claims"][1]):
        return "the document says something other than its issuer claims"
    return None


def _number_fault(statement: Statement, signer: Member, body: Body, reading: Reading) -> str | None:
    """An application has no number yet; an issue has that of the document, in the version it names."""
    if statement.action == "apply":
        return None if body.pepper == bytes(32) else "the pepper of an application is all zeros"
    if signer.pepper != digest("pepper", body.pepper):
        return "not the pepper in the issuer's registry entry"
    version = statement.content["version"]
    key = reference_key(body.pepper, signer.id, reading.kind, reading.number, version)
    return None if key == statement.content["reference"] else "not the reference key of the document's number"


def comparable(claims: dict[str, Any]) -> dict[str, Any]:
    """Claims of a statement with their decimals as numbers."""
    if "quantity" in claims:
        quantity = claims["quantity"]
        return {**claims, "quantity": {**quantity, "gross": _numbers(quantity["gross"])}}
    return {**claims, "items": {number: _numbers(amounts) for number, amounts in claims["items"].items()}}


def _numbers(amounts: dict[str, str]) -> dict[str, Decimal]:
    return {unit: Decimal(text) for unit, text in amounts.items()}


# --- what a document says (SPEC section 3, "Claims of a document") --------------------------------------


def read_document(kind: str, document: Any) -> Reading:
    """Number and claims of a document of a kind."""
    return _bill(document) if kind == "bill-of-lading" else _certificate(document)


def _get(value: Any, *path: str) -> Any:
    for step in path:
        if not isinstance(value, dict) or step not in value:
            raise Refused(f"the document has no {step!r} where one is expected")
        value = value[step]
    return value


def _list(value: Any, *path: str) -> list[Any]:
    found = _get(value, *path)
    if not isinstance(found, list):
        raise Refused(f"{path[-1]!r} is no list")
    return found


def _spelled(*parts: Any) -> str:
    """A number in the one spelling that equality goes by."""
    return ":".join(_one_spelling(text_of(part)) for part in parts)


def _one_spelling(text: str) -> str:
    capitals = unicodedata.normalize("NFKC", text).upper()
    shown = "".join(sign for sign in capitals if not sign.isspace() and not rules.is_invisible(sign))
    return unicodedata.normalize("NFKC", shown)


def _amount(value: Any) -> Decimal:
    """At most 15 digits before the point and 9 after it, judged exactly."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Refused("expected a number")
    amount = Decimal(value)
    if amount.is_signed() or amount >= 10**15:
        raise Refused("not an amount")
    with localcontext() as context:
        context.prec = 60
        if amount != amount.quantize(Decimal("1e-9")):
            raise Refused("an amount of more than 9 digits after the point")
    return amount


def _decimal_text(value: Any) -> Decimal:
    """A decimal as a document prints it: zeros that could be left out are no fault."""
    whole, point, fraction = text_of(value).partition(".")
    parts = (whole, fraction) if point else (whole,)
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise Refused("not a decimal")
    return _amount(Decimal(text_of(value)))


def _bill(document: Any) -> Reading:
    parties = _get(document, "documentParties")
    to_order = _get(document, "isToOrder")
    form = "straight" if to_order is not True else "named" if "endorsee" in parties else "blank"
    packages = 0
    gross: dict[str, Decimal] = {}
    for item in _list(document, "consignmentItems"):
        for cargo in _list(item, "cargoItems"):
            packages += int(_amount(_get(cargo, "outerPackaging", "numberOfPackages")))
            unit = rules.unit(_get(cargo, "cargoGrossWeight", "unit"))
            gross[unit] = gross.get(unit, Decimal(0)) + _amount(_get(cargo, "cargoGrossWeight", "value"))
    names = ("carrierCodeListProvider", "carrierCode", "transportDocumentReference")
    claims = {
        "document_type": _get(document, "transportDocumentTypeCode"),
        "form": form,
        "quantity": {"packages": packages, "gross": gross},
    }
    return Reading(BILL, _spelled(*(_get(document, name) for name in names)), claims)


@dataclass(frozen=True)
class _Form:
    """Where a form of certificate has what the claims need."""

    scheme: str
    importing_country: tuple[str, ...]
    certification: str
    item_number: str
    quantities: tuple[str, str]
    originals: str | None


_DECLARED = ("box11ExporterDeclaration", "importingCountry")
_BOX_9 = ("box9GrossWeight", "box9Quantity")
_RCEP_DECLARED = ("box15ExporterDeclaration", "importingCountry")
_RCEP_BOX_12 = ("box12GrossWeight", "box12Quantity")
_FORMS = {
    "E": _Form("ACFTA", _DECLARED, "box12Certification", "box5ItemNumber", _BOX_9, "box13Original"),
    "D": _Form("ATIGA", _DECLARED, "box12Certification", "box5ItemNumber", _BOX_9, "box7Originals"),
    "RCEP": _Form("RCEP", _RCEP_DECLARED, "box16Certification", "box6ItemNumber", _RCEP_BOX_12, "box14Original"),
    "NP": _Form("NONPREF", ("box4Destination",), "box12Certification", "itemNumber", _BOX_9, None),
}


def _certificate(document: Any) -> Reading:
    letter = _get(document, "form")
    if not isinstance(letter, str) or letter not in _FORMS:
        raise Refused("no form of certificate")
    form = _FORMS[letter]
    issuing = rules.country(_get(document, "issuingCountry"))
    items: dict[int, dict[str, Decimal]] = {}
    for item in _list(document, "items"):
        number = _get(item, form.item_number)
        if not isinstance(number, int) or isinstance(number, bool) or number in items:
            raise Refused("items are numbered, each with its own number")
        items[number] = _item_amounts(item, form)
    claims = {
        "scheme": form.scheme,
        "issuing_country": issuing,
        "importing_country": rules.country(_get(document, *form.importing_country)),
        "expires": _expires(document, form),
        "items": items,
    }
    return Reading(CERTIFICATE, _spelled(form.scheme, issuing, _get(document, "referenceNumber")), claims)


def _item_amounts(item: Any, form: _Form) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for name in form.quantities:
        if name in item:
            unit = rules.unit(_get(item, name, "unit"))
            if unit in amounts:
                raise Refused("an item has two quantities in one unit")
            amounts[unit] = _decimal_text(_get(item, name, "value"))
    return amounts


def _expires(document: Any, form: _Form) -> str:
    """Twelve months after issue, and no later than for the originals that it stands on."""
    originals = document.get(form.originals, []) if form.originals else []
    originals = originals if isinstance(originals, list) else [originals]
    dates = [_get(original, "date") for original in originals] + [_get(document, form.certification, "date")]
    return min((_next_year(rules.date(day)) for day in dates), key=lambda day: (len(day), day))


def _next_year(day: str) -> str:
    """The same day a year later; 29 February becomes 28 February."""
    year, month, of_month = (int(part) for part in day.split("-"))
    of_month = 28 if (month, of_month) == (2, 29) else of_month
    return f"{year + 1:04d}-{month:02d}-{of_month:02d}"
