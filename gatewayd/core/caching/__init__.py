"""A shared cache of answers (RFC 9111): what is kept, for whom, for how long, and what a request gets of it.

A request is read once (`Asked`). What is found under its `Key` is a sequence of entries, of which it selects one
(`select`); `decide` says what it gets. What the service answers goes to `on_response`.
"""

from gatewayd.core.caching.asked import PLAIN, READ, WISHING, Asked, plainness
from gatewayd.core.caching.deciding import (
    TABLE,
    UNCONDITIONAL,
    Action,
    Fetch,
    Held,
    Refuse,
    Revalidate,
    Serve,
    Verdict,
    decide,
    stands_in,
)
from gatewayd.core.caching.entry import Entry
from gatewayd.core.caching.invalidation import invalidated
from gatewayd.core.caching.keys import Key, Partition, Scope, partition_of, url_of
from gatewayd.core.caching.parts import NOT_MODIFIED, UNSATISFIABLE, WHOLE, Part, answer_of, part_of
from gatewayd.core.caching.policy import Policy
from gatewayd.core.caching.status import forwarded_line, hit_line, told_of
from gatewayd.core.caching.storing import Outcome, Pass, Store, Update, on_response
from gatewayd.core.caching.tags import FOR_CACHES
from gatewayd.core.caching.vary import choose, select

__all__ = [
    "FOR_CACHES",
    "NOT_MODIFIED",
    "PLAIN",
    "READ",
    "TABLE",
    "UNCONDITIONAL",
    "UNSATISFIABLE",
    "WHOLE",
    "WISHING",
    "Action",
    "Asked",
    "Entry",
    "Fetch",
    "Held",
    "Key",
    "Outcome",
    "Part",
    "Partition",
    "Pass",
    "Policy",
    "Refuse",
    "Revalidate",
    "Scope",
    "Serve",
    "Store",
    "Update",
    "Verdict",
    "answer_of",
    "choose",
    "decide",
    "forwarded_line",
    "hit_line",
    "invalidated",
    "on_response",
    "part_of",
    "partition_of",
    "plainness",
    "select",
    "stands_in",
    "told_of",
    "url_of",
]
