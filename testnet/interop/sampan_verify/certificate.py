"""Votes and certificates (SPEC section 5)."""

from __future__ import annotations

from dataclasses import dataclass

from . import ed25519
from .encoding import Reader, option, u32, u64
from .genesis import Roster
from .hashing import digest
from .values import Header

PREVOTE, PRECOMMIT = 0, 1


@dataclass(frozen=True)
class Vote:
    """A validator's word in one round; `block` is None for nil."""

    chain: bytes
    kind: int
    height: int
    round: int
    block: bytes | None
    validator: bytes

    @staticmethod
    def read(reader: Reader) -> Vote:
        """From borsh."""
        return Vote(
            chain=reader.digest(),
            kind=reader.tag(2),
            height=reader.u64(),
            round=reader.u32(),
            block=reader.option(reader.digest),
            validator=reader.key(),
        )

    def borsh(self) -> bytes:
        """Its encoding."""
        head = self.chain + bytes([self.kind]) + u64(self.height) + u32(self.round)
        return head + option(self.block) + b"\0" + self.validator

    def signed(self) -> bytes:
        """The 32 bytes that are signed."""
        return digest("vote", self.borsh())


@dataclass(frozen=True)
class Certificate:
    """The precommits that decided a block."""

    height: int
    round: int
    block: bytes
    signers: bytes
    signatures: list[bytes]

    @staticmethod
    def read(reader: Reader) -> Certificate:
        """From borsh."""
        return Certificate(
            height=reader.u64(),
            round=reader.u32(),
            block=reader.digest(),
            signers=reader.blob(),
            signatures=reader.vec(reader.signature),
        )

    def names(self, header: Header) -> bool:
        """Whether it is for this header."""
        return self.block == header.hash() and self.height == header.height

    def fault(self, chain: bytes, roster: Roster) -> str | None:
        """Why it proves nothing; None when it proves its block decided."""
        count = len(roster.validators)
        places = [place for place in range(8 * len(self.signers)) if self.signers[place // 8] >> (place % 8) & 1]
        fits = len(self.signers) == (count + 7) // 8 and all(place < count for place in places)
        if not fits or len(places) != len(self.signatures):
            return "the signer bitmap does not fit the roster or the signatures"
        voters = [roster.validators[place] for place in places]
        if not roster.is_quorum(sum(voter.power for voter in voters)):
            return "no quorum signed"
        for voter, signature in zip(voters, self.signatures, strict=True):
            vote = Vote(chain, PRECOMMIT, self.height, self.round, self.block, voter.key)
            if not ed25519.verifies(voter.key, vote.signed(), signature):
                return f"the signature of {voter.member} does not verify"
        return None
