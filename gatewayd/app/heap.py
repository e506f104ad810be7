"""How often Python looks for reference cycles.

A request in flight holds about ten objects that the collector counts, so with its default threshold of 700 every batch
of some sixty requests would set it off, each time to find nothing: requests leave no cycles (tests/pipeline shows it).
That costs a third of the CPU of a request (docs/performance.md).
"""

from __future__ import annotations

import gc

THRESHOLD = 50_000  # new objects between two looks at the youngest; thousands of requests in flight stay below it


def fill() -> None:
    """Look for cycles now and then only: a start makes many objects, and nearly all of them stay.

    Looking through them again and again would take half of the time that a thousand services take to load.
    """
    gc.set_threshold(THRESHOLD, 20, 100)


def settle() -> None:
    """Set aside what the start built, since none of it will go."""
    gc.collect()
    gc.freeze()
