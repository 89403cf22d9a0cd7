"""Values from hashes of (seed, what is drawn, index): no generator with a state, any part can be drawn alone.

The arithmetic is that of 64-bit unsigned integers only (FNV-1a for the words, splitmix64 for the index), so
the same arguments give the same values in every version of Python and numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Integers: TypeAlias = npt.NDArray[np.int64]
    Flags: TypeAlias = npt.NDArray[np.bool_]

MASK = 0xFFFFFFFFFFFFFFFF
MILLION = 1_000_000


class Draws:
    """The draws of one seed. Every method takes an array of indexes and gives an array as long."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def bits(self, what: str, index: Integers) -> npt.NDArray[np.uint64]:
        """64 bits for each index."""
        import numpy as np

        word = 0xCBF29CE484222325
        for byte in f"{self.seed}/{what}".encode():
            word = ((word ^ byte) * 0x100000001B3) & MASK
        mixed = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(word)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))

    def pick(self, what: str, index: Integers, among: int) -> Integers:
        """A number from 0 to below `among` (at most 2**31) for each index."""
        import numpy as np

        high = self.bits(what, index) >> np.uint64(32)
        return ((high * np.uint64(among)) >> np.uint64(32)).astype(np.int64)

    def chance(self, what: str, index: Integers, per_million: int) -> Flags:
        """True for about `per_million` of a million indexes."""
        return self.pick(what, index, MILLION) < per_million

    def times(self, what: str, index: Integers, per_million: int, night: int) -> Integers:
        """How often it has happened up to this night; nothing has in the first one."""
        import numpy as np

        count = np.zeros(len(index), dtype=np.int64)
        for past in range(2, night + 1):
            count += self.chance(f"{what}, night {past}", index, per_million)
        return count

    def some(self, what: str, count: int, among: int) -> list[int]:
        """`count` numbers below `among`, in the order drawn; one may come twice."""
        import numpy as np

        picked: list[int] = self.pick(what, np.arange(count, dtype=np.int64), among).tolist()
        return picked
