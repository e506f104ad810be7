"""Which of many requests are recorded where only a share of them is: the same ones everywhere."""

from __future__ import annotations

from zlib import crc32

_SPREAD = 0x9E3779B1  # 2**32 divided by the golden ratio: ids that are counted up land far from each other (Knuth)
_ALL = 2.0**32
_MASK = 2**32 - 1


def chosen(identity: bytes, share: float) -> bool:
    """Whether what has this id is one of a `share` (0 to 1) of all.

    It depends on nothing else, so that what belongs together, in several lines or gateways, is chosen together; and
    what is chosen at one share is chosen at every larger one.
    """
    return crc32(identity) * _SPREAD & _MASK < share * _ALL
