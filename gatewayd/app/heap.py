"""How often Python looks for reference cycles.

A request in flight holds about ten objects that the collector counts, so with its default threshold of 700 every batch
of some sixty requests would set it off, each time to find nothing: requests leave no cycles (tests/pipeline shows it).
That costs a third of the CPU of a request (docs/performance.md).
"""

from __future__ import annotations

import gc

THRESHOLD = 50_000  # new objects between two looks at the youngest; thousands of requests in flight stay below it


def settle() -> None:
    """Set aside what the start built, since none of it will go, and look for cycles among the rest now and then."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD, 20, 100)
