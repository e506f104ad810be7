"""What a route lets the cache do."""

from __future__ import annotations

from dataclasses import dataclass

from gatewayd.core.caching.keys import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How the answers of a route are kept. Times are in seconds, None where only the service's word counts.

    `ttl` is how long an answer is fresh of which the service says nothing, `negative` the same for answers that say
    that there is nothing (404, 405, 410, 414, 501), 0 for not at all. `heuristic` is the part of the time since it was
    last modified that such an answer is fresh for instead (RFC 9111 section 4.2.2), up to a day; 0 for not at all.
    `while_revalidate` and `if_error` are how long an answer may be used once it is stale, where the service does not
    say: while a new one is on its way, and while there are errors instead of one. `vary` are names of request fields,
    in lower case, that tell answers apart in addition to those that the service names. `ignore_client` has what clients
    ask of caches ignored, so that nobody can have every request sent to the service. `cookies` keeps answers that set
    cookies, which then are set for everybody in the scope. `send_tags` lets clients see the fields that are meant for
    caches such as this one.
    """

    scope: Scope
    ttl: float | None = None
    negative: float = 0.0
    heuristic: float = 0.0
    while_revalidate: float | None = None
    if_error: float | None = None
    vary: tuple[bytes, ...] = ()
    ignore_client: bool = True
    cookies: bool = False
    send_tags: bool = False
