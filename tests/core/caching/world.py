"""Requests, answers and entries for the tests of the cache's decisions, written as short as they can be."""

from __future__ import annotations

from dataclasses import dataclass

from gatewayd.core.caching import Asked, Entry, Policy, Scope, Store, on_response
from gatewayd.core.messages import RequestHead, ResponseHead
from gatewayd.http.heads import parse_response_head, take_request_head

NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
DATE = "Date: Tue, 14 Nov 2023 22:13:20 GMT"
EARLIER = "Tue, 14 Nov 2023 21:13:20 GMT"  # an hour
LATER = "Tue, 14 Nov 2023 23:13:20 GMT"
PUBLIC = Policy(scope=Scope.PUBLIC, ignore_client=False)


@dataclass
class _Limits:
    head_size: int = 65536
    head_fields: int = 512
    target_size: int = 8192


def head(*lines: str, method: str = "GET", target: str = "/") -> RequestHead:
    """The head of a request with these field lines."""
    written = "".join(f"{line}\r\n" for line in (f"{method} {target} HTTP/1.1", "Host: example.net", *lines, ""))
    taken = take_request_head(written.encode("latin-1"), 0, _Limits(), None)
    assert taken is not None
    return taken


def asked(*lines: str, method: str = "GET", policy: Policy = PUBLIC, known: bool = False) -> Asked:
    """A request with these field lines, read."""
    return Asked(head(*lines, method=method), policy, known=known)


def answer(*lines: str, status: int = 200, dated: bool = True) -> ResponseHead:
    """The head of an answer with these field lines, and the Date of `NOW`."""
    every = (f"HTTP/1.1 {status} Said", *((DATE, *lines) if dated else lines))
    return parse_response_head("\r\n".join(every).encode("latin-1"))


def entry(*lines: str, status: int = 200, body: bytes = b"0123456789", policy: Policy = PUBLIC) -> Entry:
    """The complete entry of such an answer, asked for and come at `NOW`."""
    outcome = on_response(asked(policy=policy), answer(*lines, status=status), NOW, NOW, policy)
    assert isinstance(outcome, Store), outcome
    outcome.entry.complete(body)
    return outcome.entry
