"""The anchor: a genesis file, or a pinned header (SPEC section 6)."""

from __future__ import annotations

from dataclasses import dataclass

from .bundle import binary, head_shape
from .encoding import Refused, base64_bytes, decode, hexadecimal, read_json, text_of
from .genesis import Genesis, Roster, parameters_hash, read_parameters
from .shapes import fields
from .values import VERSION

MEDIA_TYPE = "application/vnd.sampan.anchor+json;version=1"
MAX_BYTES = 128 * 1024
MAX_DEPTH = 4
#: How long a pin is good for whose network's parameters are not known: 30 days.
TRUSTING_PERIOD_MS = 30 * 24 * 3_600_000

_shape = fields(
    {
        "mediaType": text_of,
        "chain": hexadecimal,
        "network": text_of,
        "head": head_shape,
        "roster": binary(Roster.read),
    },
    {"parameters": base64_bytes},
)


@dataclass(frozen=True)
class Pin:
    """A header that its owner has verified, and who decides from there on."""

    chain: bytes
    network: str
    height: int
    header: bytes
    roster: Roster
    time_ms: int
    trusting_period_ms: int

    @staticmethod
    def from_json(data: bytes) -> Pin:
        """Reads an anchor file, as strictly as a bundle; its parts belong together."""
        if len(data) > MAX_BYTES:
            raise Refused("an anchor of more than 128 KiB")
        content = _shape(read_json(data, max_depth=MAX_DEPTH))
        header, certificate, roster = content["head"]["header"], content["head"]["certificate"], content["roster"]
        if content["mediaType"] != MEDIA_TYPE or header.version != VERSION:
            raise Refused("a media type or protocol version that is not known here")
        if header.chain != content["chain"]:
            raise Refused("the header is of another network")
        if not certificate.names(header):
            raise Refused("the certificate is for another header")
        if header.next_roster_hash != roster.hash():
            raise Refused("the header names another roster")
        trusting = TRUSTING_PERIOD_MS
        if "parameters" in content:
            parameters = decode(content["parameters"], read_parameters)
            if parameters_hash(content["parameters"]) != header.parameters_hash:
                raise Refused("the header commits to other parameters")
            trusting = parameters["trusting_period_ms"]
        return Pin(
            chain=content["chain"],
            network=content["network"],
            height=header.height,
            header=header.hash(),
            roster=roster,
            time_ms=header.time_ms,
            trusting_period_ms=trusting,
        )


#: What a verifier starts from.
Anchor = Genesis | Pin


def read_anchor(data: bytes) -> Anchor:
    """A file is told by the media type that one of the two has in it."""
    return Pin.from_json(data) if MEDIA_TYPE.encode("ascii") in data else Genesis.from_bytes(data)
