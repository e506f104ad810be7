"""What must hold of every refusal and of every forwarded request, whatever the case."""

from __future__ import annotations

import itertools
import json

from gatewayd.core.reasons import REASONS
from tests.harness import RecordingUpstream, Request, Response

from .corpus.cases import MARK, Acceptance, token

SLUGS = {reason.slug: reason.status for reason in REASONS}
HOP_BY_HOP = (b"keep-alive", b"proxy-connection", b"proxy-authorization", b"http2-settings", b"upgrade")
_serials = itertools.count()


def fresh() -> bytes:
    """A token no other run of any case has."""
    return token(next(_serials))


def check_problem(response: Response, statuses: tuple[int, ...]) -> str:
    """The response is a refusal with one of `statuses`, and says why in all the places it should; returns the slug."""
    assert response.status in statuses, (
        f"{response.status} instead of {statuses}: {response.head.raw!r} {response.body!r}"
    )
    assert response.complete
    slug = (response.get(b"x-gateway-reason") or b"").decode()
    assert slug in SLUGS, f"X-Gateway-Reason is {slug!r}"
    assert SLUGS[slug] == response.status
    problem = response.problem
    assert problem["status"] == response.status
    assert problem.get("title")
    assert slug in json.dumps(problem), f"the slug {slug!r} is not in {problem}"
    return slug


def check_refused(responses: list[Response], end: str, statuses: tuple[int, ...]) -> str:
    """Exactly one refusal came, announced the close, and the connection is over."""
    assert len(responses) == 1, f"{len(responses)} responses: {[r.head.raw for r in responses]}"
    slug = check_problem(responses[0], statuses)
    assert end in ("closed", "reset"), f"{responses[0].status} {slug}, but the connection is still {end}"
    assert (responses[0].get(b"connection") or b"").lower() == b"close"
    return slug


def check_clean(request: Request) -> None:
    """The request is as every request the gateway sends: no hop-by-hop fields, our own forwarding fields once."""
    for name in HOP_BY_HOP:
        assert request.get_all(name) == [], f"{name!r} was forwarded: {request.head.raw!r}"
    assert (request.get(b"connection") or b"keep-alive").lower() in (b"close", b"keep-alive")
    assert (request.get(b"te") or b"trailers").lower() == b"trailers"
    assert request.get(b"x-forwarded-for") == b"127.0.0.1"
    assert request.get(b"x-forwarded-proto") == b"http"
    assert request.get(b"x-request-id") not in (None, b"", b"evil")
    assert (request.get(b"via") or b"").startswith(b"1."), request.head.raw
    if request.method in (b"GET", b"HEAD") and not request.body:
        assert request.get(b"transfer-encoding") is None


def check_forwarded(case: Acceptance, mark: bytes, upstream: RecordingUpstream) -> None:
    """The upstream received the request of `case`, once, complete, and as it should look."""
    found = [r for r in upstream.requests() if mark in r.target and not r.target.startswith(b"/again-")]
    assert len(found) == 1, f"{len(found)} requests at the upstream: {[r.head.raw for r in found]}"
    (request,) = found
    assert request.complete
    targets = [target.replace(MARK, mark) for target in case.target]
    assert request.target in targets, f"{request.target!r} instead of {targets}"
    assert request.method == case.method
    assert bytes(request.body) == case.body
    assert (request.get(b"host") or b"").lower() == case.host.lower()
    lines = [name + b": " + value for name, value in request.head.fields]
    for line in case.present:
        assert line in lines, f"{line!r} is not in {request.head.raw!r}"
    for name in case.absent:
        assert name not in dict(request.head.fields), f"{name!r} is in {request.head.raw!r}"
    trailers = tuple(name + b": " + value for name, value in request.trailers)
    assert trailers in ((), case.trailers), f"trailers {trailers}"
    check_clean(request)
