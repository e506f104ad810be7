"""The attack table over real sockets: what is refused, why, what moved, and that no service heard of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatewayd.verify_proof import FIELDS
from tests.harness import Client, GatewayProcess, RecordingUpstream, Response
from tests.wire.checks import check_clean, check_problem, fresh
from tests.wire.corpus.cases import MARK

from .corpus import browsers, claiming, credentials, headers, paths, permitted, signatures, tenants
from .corpus.cases import EVIL, Attack, Passage
from .records import records, told
from .world import Ledger

ATTACKS: tuple[Attack, ...] = (
    *signatures.ATTACKS,
    *claiming.ATTACKS,
    *credentials.ATTACKS,
    *paths.ATTACKS,
    *tenants.ATTACKS,
    *browsers.ATTACKS,
    *permitted.ATTACKS,
)
PASSAGES: tuple[Passage, ...] = (
    *signatures.PASSAGES,
    *claiming.PASSAGES,
    *credentials.PASSAGES,
    *paths.PASSAGES,
    *headers.PASSAGES,
    *tenants.PASSAGES,
    *browsers.PASSAGES,
    *permitted.PASSAGES,
)
_TOKEN_REFUSED = ("invalid-token", "expired-token", "invalid-credential")
Played = dict[bytes, tuple[Attack | Passage, Response]]


@pytest.fixture(scope="module")
def ledger(gateway: GatewayProcess) -> Ledger:
    """What the cases move."""
    return Ledger(gateway)


@pytest.fixture(scope="module")
def played(gateway: GatewayProcess, folder: Path) -> Iterator[Played]:
    """Every case that was played, by its mark; afterwards the logs must tell the truth about each of them."""
    cases: Played = {}
    yield cases
    wanted = {mark: case for mark, (case, _) in cases.items() if not (isinstance(case, Attack) and case.truth == "-")}
    logged = records(folder / "access.log", wanted)
    for mark, case in wanted.items():
        truth = (case.truth or case.reason) if isinstance(case, Attack) else None
        assert (logged[mark]["reason"], logged[mark]["status"]) == (truth, case.status), case.id
    # What is told must be true.
    by_id = {(response.get(b"x-request-id") or b"").decode(): case for case, response in cases.values()}
    events = told(gateway)
    for event in events:
        case = by_id[event["request_id"]]
        assert event["event"] in _told_of(case), case.id
    assert {event["event"] for event in events} >= {case.event for case, _ in cases.values() if case.event}


def _told_of(case: Attack | Passage) -> set[str]:
    """The audit events that a case may have: its own, and what is told of every token that is not taken."""
    told_of = {case.event}
    if isinstance(case, Attack) and (case.truth or case.reason) in _TOKEN_REFUSED:
        told_of.add("audit.token_refused")
    if any(one.startswith("dangerous_headers_filtered_total") for one in case.moved):
        told_of.add("audit.guarded_headers_removed")
    return told_of


def play(case: Attack | Passage, mark: bytes, gateway: GatewayProcess, ledger: Ledger, played: Played) -> Response:
    """The answer to a case, after which the connection is over where it says so; only what the case says moved."""
    with Client(gateway.address) as client:
        try:
            response = client.ask(case.payload.replace(MARK, mark), case.method)
        finally:
            moved = ledger.moved()
        if response.get(b"connection") == b"close":
            assert client.ending() in ("closed", "reset")
    played[mark] = case, response
    said = b"%b %b" % (response.head.raw, response.body[:300])
    assert response.status == case.status, said
    for piece in case.answered:
        assert piece in response.head.raw, said
    assert moved == Counter(case.moved), said
    return response


@pytest.mark.parametrize("case", ATTACKS, ids=lambda case: case.id)
def test_is_refused(
    case: Attack, gateway: GatewayProcess, upstream: RecordingUpstream, ledger: Ledger, played: Played
) -> None:
    """The attack is refused with its status and reason, moves its counters, and reaches no service."""
    mark = fresh()
    response = play(case, mark, gateway, ledger, played)
    assert check_problem(response, (case.status,)) == case.reason
    for secret in case.unsaid:
        assert secret not in response.head.raw + response.body
    assert [bytes(c.received[-300:]) for c in upstream.carrying(mark)] == []


@pytest.mark.parametrize("case", PASSAGES, ids=lambda case: case.id)
def test_passes(
    case: Passage, gateway: GatewayProcess, upstream: RecordingUpstream, ledger: Ledger, played: Played
) -> None:
    """The request passes as what it is, and nothing that was smuggled into it."""
    mark = fresh()
    response = play(case, mark, gateway, ledger, played)
    for piece in case.unanswered:
        assert piece not in response.head.raw
    if case.own:
        assert upstream.carrying(mark) == []
        return
    (request,) = [one for one in upstream.requests() if mark in one.target]
    assert request.complete
    target = case.payload.split(b" ")[1].replace(MARK, mark)
    if case.target:
        target = case.target + mark
    assert request.target == target
    lines = [name + b": " + value for name, value in request.head.fields]
    for line in case.present:
        assert lines.count(line) == 1, f"{line!r} is not in {request.head.raw!r}"
    for name in case.absent:
        assert request.get_all(name) == [], request.head.raw
    for name in map(str.encode, FIELDS):  # at most one of each, and none by another spelling
        spelled = [one for one, _ in request.head.fields if re.sub(rb"[^a-z0-9]", b"-", one) == name]
        assert spelled in ([], [name]), request.head.raw
    assert EVIL not in request.head.raw + b"".join(value for _, value in request.trailers)
    assert request.get(b"x-gateway-proof")
    check_clean(request)


def test_every_problem_is_json_without_what_was_sent(gateway: GatewayProcess, played: Played) -> None:
    """No problem document has more than what it should: nothing of the request but its id."""
    allowed = {"type", "title", "status", "reason", "retryable", "request_id", "detail"}
    for case, response in played.values():
        if isinstance(case, Attack):
            assert set(json.loads(response.body)) <= allowed, case.id
