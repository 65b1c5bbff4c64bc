"""The log tree (RFC 6962 and RFC 9162) and the state tree, with their proofs (SPEC section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .encoding import Reader, Refused
from .hashing import digest


def _split(size: int) -> int:
    """Largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def tree_root(leaves: Sequence[bytes], node_domain: str) -> bytes:
    """Root over one or more leaf hashes, in the shape of RFC 6962."""
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return digest(node_domain, tree_root(leaves[:split], node_domain) + tree_root(leaves[split:], node_domain))


def log_root(leaves: Sequence[bytes]) -> bytes:
    """Root of the log."""
    return tree_root(leaves, "log node") if leaves else digest("log empty", b"")


def _join(left: bytes, right: bytes) -> bytes:
    return digest("log node", left + right)


@dataclass(frozen=True)
class InclusionProof:
    """That a leaf is in the log of `size` leaves at `index`."""

    size: int
    index: int
    path: list[bytes]

    @staticmethod
    def read(reader: Reader) -> InclusionProof:
        """From borsh."""
        return InclusionProof(reader.u64(), reader.u64(), reader.vec(reader.digest, most=64))

    def leads(self, leaf: bytes, root: bytes) -> bool:
        """RFC 9162 section 2.1.3.2."""
        if self.index >= self.size:
            return False
        place, last, found = self.index, self.size - 1, leaf
        for sibling in self.path:
            if last == 0:
                return False
            if place & 1 or place == last:
                found = _join(sibling, found)
                while not place & 1 and place:
                    place, last = place >> 1, last >> 1
            else:
                found = _join(found, sibling)
            place, last = place >> 1, last >> 1
        return last == 0 and found == root


@dataclass(frozen=True)
class ConsistencyProof:
    """That the log of `old` leaves is the beginning of the log of `new` leaves."""

    old: int
    new: int
    path: list[bytes]

    @staticmethod
    def read(reader: Reader) -> ConsistencyProof:
        """From borsh."""
        return ConsistencyProof(reader.u64(), reader.u64(), reader.vec(reader.digest, most=65))

    def connects(self, old_root: bytes, new_root: bytes) -> bool:
        """RFC 9162 section 2.1.4.2, with the empty log before every other."""
        if self.old > self.new:
            return False
        if self.old == self.new:
            return not self.path and old_root == new_root and (self.new > 0 or new_root == log_root([]))
        if self.old == 0:
            return not self.path and old_root == log_root([])
        path = list(self.path)
        if self.old & (self.old - 1) == 0:
            path.insert(0, old_root)
        if not path:
            return False
        place, last = self.old - 1, self.new - 1
        while place & 1:
            place, last = place >> 1, last >> 1
        old_found = new_found = path[0]
        for sibling in path[1:]:
            if last == 0:
                return False
            if place & 1 or place == last:
                old_found, new_found = _join(sibling, old_found), _join(sibling, new_found)
                while not place & 1 and place:
                    place, last = place >> 1, last >> 1
            else:
                new_found = _join(new_found, sibling)
            place, last = place >> 1, last >> 1
        return last == 0 and old_found == old_root and new_found == new_root


# --- state ----------------------------------------------------------------------------------------------


def state_empty() -> bytes:
    """A subtree without leaves."""
    return digest("state empty", b"")


def state_leaf(key: bytes, value: bytes) -> bytes:
    """A subtree with one leaf, wherever it stands."""
    return digest("state leaf", key + value)


def _bit(key: bytes, place: int) -> int:
    """Bit `place` of a key, most significant first."""
    return key[place // 8] >> (7 - place % 8) & 1


def state_root(leaves: Mapping[bytes, bytes], depth: int = 0) -> bytes:
    """Root of the state with these keys and values."""
    if not leaves:
        return state_empty()
    if len(leaves) == 1:
        return state_leaf(*next(iter(leaves.items())))
    sides = [{key: value for key, value in leaves.items() if _bit(key, depth) == side} for side in (0, 1)]
    return digest("state node", state_root(sides[0], depth + 1) + state_root(sides[1], depth + 1))


@dataclass(frozen=True)
class StateProof:
    """What the state tree holds at a key: its leaf, another leaf, or nothing."""

    depth: int
    kind: int
    other: tuple[bytes, bytes] | None
    bitmap: bytes
    siblings: list[bytes]

    VALUE, OTHER, EMPTY = 0, 1, 2

    @staticmethod
    def read(reader: Reader) -> StateProof:
        """From borsh."""
        depth, kind = reader.u16(), reader.tag(3)
        other = (reader.digest(), reader.digest()) if kind == StateProof.OTHER else None
        proof = StateProof(depth, kind, other, reader.blob(), reader.vec(reader.digest))
        if proof.path() is None:
            raise Refused("a state proof in another than its canonical form")
        return proof

    def shows(self, root: bytes, key: bytes, value: bytes) -> bool:
        """Whether it proves that `key` holds `value` under `root`."""
        return self.kind == StateProof.VALUE and self._leads(root, key, state_leaf(key, value))

    def shows_absence(self, root: bytes, key: bytes) -> bool:
        """Whether it proves that `key` holds nothing under `root`."""
        if self.kind == StateProof.EMPTY:
            return self._leads(root, key, state_empty())
        if self.kind != StateProof.OTHER or self.other is None:
            return False
        other, value = self.other
        shares = other != key and all(_bit(other, place) == _bit(key, place) for place in range(min(self.depth, 256)))
        return shares and self._leads(root, key, state_leaf(other, value))

    def path(self) -> list[bytes] | None:
        """The sibling at every level, deepest first; None when the proof is not in its one spelling."""
        deepest = 256 if self.kind == StateProof.VALUE else 255
        if self.depth > deepest or len(self.bitmap) != (self.depth + 7) // 8:
            return None
        there = [self.bitmap[place // 8] >> (place % 8) & 1 for place in range(8 * len(self.bitmap))]
        if any(there[self.depth :]) or sum(there) != len(self.siblings) or state_empty() in self.siblings:
            return None
        if self.depth > 0 and not there[0]:
            return None
        rest = iter(self.siblings)
        return [next(rest) if present else state_empty() for present in there[: self.depth]]

    def _leads(self, root: bytes, key: bytes, found: bytes) -> bool:
        siblings = self.path()
        return siblings is not None and self.climb(key, found, siblings) == root

    def climb(self, key: bytes, found: bytes, siblings: list[bytes]) -> bytes:
        """The root in which the path of `key` ends."""
        for level, sibling in enumerate(siblings):
            on_right = _bit(key, self.depth - 1 - level)
            found = digest("state node", sibling + found if on_right else found + sibling)
        return found
