"""Everything legal passes, however odd, and reaches the upstream as one clean request with its body intact."""

from __future__ import annotations

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, Response

from .checks import check_clean, check_forwarded, check_problem, check_refused, fresh
from .corpus import legal, legal_bodies
from .corpus.cases import MARK, Acceptance
from .world import get

ACCEPTANCES: tuple[Acceptance, ...] = (*legal.ACCEPTANCES, *legal_bodies.ACCEPTANCES)
BYTEWISE_LIMIT = 1500


def play(case: Acceptance, mark: bytes, gateway: GatewayProcess, *, bytewise: bool) -> Response:
    """Sends the case, then asks again on the same connection, where it is to stay open."""
    payload = case.payload.replace(MARK, mark)
    with Client(gateway.address) as client:
        (client.send_each if bytewise else client.send)(payload)
        response = client.response(case.method)
        if response.status != 200:
            if case.or_refused and response.get(b"connection") == b"close":
                check_refused([response], client.ending(), (response.status,))
            return response
        if case.closes:
            assert client.ending() in ("closed", "reset")
        else:
            again = client.ask(get(b"/again-" + mark))
            assert (again.status, again.body) == (200, b"ok"), "the connection did not stay usable"
    return response


@pytest.mark.parametrize("case", ACCEPTANCES, ids=lambda case: case.id)
def test_is_forwarded(case: Acceptance, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The case passes, whole and byte by byte alike; where the RFC lets it be refused, a refusal is as good."""
    outcomes = []
    for bytewise in (False, True):
        if bytewise and len(case.payload) > BYTEWISE_LIMIT:
            continue
        mark = fresh()
        response = play(case, mark, gateway, bytewise=bytewise)
        outcomes.append(response.status)
        if response.status == 200:
            check_forwarded(case, mark, upstream)
            assert response.body == (b"" if case.method == b"HEAD" else case.body or b"ok")
        else:
            assert case.or_refused, f"{response.status}: {response.head.raw!r} {response.body!r}"
            check_problem(response, (400, 405, 501))
            assert not any(r.complete for r in upstream.requests() if mark in r.target)
    assert len(set(outcomes)) == 1, f"whole {outcomes[0]}, byte by byte {outcomes[1]}"


def test_http_1_0_without_host(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """HTTP/1.0 needs no Host: it is refused, or forwarded with one, never forwarded without."""
    with Client(gateway.address) as client:
        response = client.ask(b"GET /no-host HTTP/1.0\r\n\r\n")
    if response.status == 200:
        request = upstream.wait_request(b"/no-host")
        assert request.get(b"host")
        check_clean(request)
    else:
        check_problem(response, (400,))


def test_asterisk_is_not_forwarded(gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """`OPTIONS *` asks the gateway itself: it answers or refuses, no service is asked."""
    with Client(gateway.address) as client:
        response = client.ask(b"OPTIONS * HTTP/1.1\r\nHost: gw.test\r\nX-Mark: asterisk-mark\r\n\r\n")
    assert 200 <= response.status < 300 or 400 <= response.status < 500
    assert upstream.carrying(b"asterisk-mark") == []


@pytest.mark.parametrize("value", [b"100-continue, x", b"200-ok", b"x", b"100-continue;q=1", b"100", b"continue"])
@pytest.mark.parametrize("body", [b"", b"abc"])
def test_other_expectations_fail(
    value: bytes, body: bytes, gateway: GatewayProcess, upstream: RecordingUpstream
) -> None:
    """Anything but 100-continue is answered 417 before any body is asked for, and never forwarded."""
    mark = fresh()
    with Client(gateway.address) as client:
        response = client.ask(get(b"/" + mark, b"Expect: " + value, method=b"POST", body=body))
        check_problem(response, (417,))
        assert response.interim == ()
    assert upstream.carrying(mark) == []
