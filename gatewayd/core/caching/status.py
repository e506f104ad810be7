"""What the cache did, told in Cache-Status (RFC 9211)."""

from __future__ import annotations

from gatewayd.core.caching.entry import Entry


def hit_line(name: bytes, ttl: float, *, shared: bool = False) -> bytes:
    """The line of an answer out of the cache called `name`, a token; `ttl` is for how long it is fresh, in seconds.

    That is negative for an answer that was used stale. `shared` says that it was another gateway that had it.
    """
    detail = b"; detail=shared" if shared else b""
    return b"Cache-Status: %b; hit; ttl=%d%b\r\n" % (name, int(ttl // 1), detail)


def told_of(entry: Entry, name: bytes, now: float) -> bytes:
    """The lines of a whole and fresh answer that tell its age and that it was kept; made once a second or so."""
    if not entry.told_from <= now < entry.told_until:
        age, ttl = entry.age(now), (entry.fresh_until - now) // 1
        entry.told = b"Age: %d\r\n%b" % (age, hit_line(name, ttl))
        entry.told_from, entry.told_until = now, min(entry.born + age + 1, entry.fresh_until - ttl)
    return entry.told


def forwarded_line(
    name: bytes,
    why: str,
    *,
    status: int | None = None,
    stored: bool = False,
    collapsed: bool = False,
    detail: str = "",
) -> bytes:
    """The line of an answer that a service was asked for.

    `why` is why it was asked, `status` what it answered where the client gets something else. `stored` says that the
    answer is kept, `collapsed` that it was somebody else who asked. `detail` is one word, why it is not kept.
    """
    line = b"Cache-Status: %b; fwd=%b" % (name, why.encode())
    if status is not None:
        line += b"; fwd-status=%d" % status
    if stored:
        line += b"; stored"
    if collapsed:
        line += b"; collapsed"
    if detail:
        line += b"; detail=%b" % detail.encode()
    return line + b"\r\n"
