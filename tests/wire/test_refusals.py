"""Every byte sequence that must be refused is: with a reason, an end, and nothing at the upstream.

Each case is followed by a second request; a gateway that repairs, resynchronises or forwards is found out by either.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import PATIENCE, Client, GatewayProcess, RecordingUpstream, raw

from .checks import check_refused, fresh
from .corpus import chunks, framing, lines, sizes, starts, targets
from .corpus.cases import MARK, Refusal
from .world import get

REFUSALS: tuple[Refusal, ...] = (
    *framing.REFUSALS,
    *lines.REFUSALS,
    *starts.REFUSALS,
    *targets.REFUSALS,
    *chunks.REFUSALS,
    *sizes.REFUSALS,
)
BYTEWISE_LIMIT = 1500  # bytes; longer payloads are sent whole only


@pytest.fixture(scope="module", autouse=True)
def nothing_smuggled(gateway: GatewayProcess, upstream: RecordingUpstream) -> Iterator[None]:
    """After all cases nothing that was refused had reached the upstream, and the gateway still works."""
    yield
    with Client(gateway.address) as client:
        assert client.ask(get(b"/still-here")).status == 200
    for connection in upstream.connections:
        for word in (b"smuggled-", b"evil"):
            at = connection.received.find(word)
            assert at < 0, f"refused bytes at the upstream: {bytes(connection.received[max(0, at - 200) : at + 60])!r}"


def runs() -> Iterator[Any]:
    """Each case whole, and byte by byte where it is short."""
    for case in REFUSALS:
        yield pytest.param(case, False, id=f"{case.id}-whole")
        if len(case.payload) <= BYTEWISE_LIMIT:
            yield pytest.param(case, True, id=f"{case.id}-bytewise")


@pytest.mark.parametrize(("case", "bytewise"), list(runs()))
def test_is_refused(case: Refusal, bytewise: bool, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The case is refused with its status and a problem document, the connection ends, the upstream sees none of it."""
    mark = fresh()
    payload = (case.payload + case.tail).replace(MARK, mark)
    pieces = (payload[at : at + 1] for at in range(len(payload))) if bytewise else payload
    conversation = raw(gateway.address, pieces)
    assert conversation.received, f"no answer, the connection is {conversation.end} after {PATIENCE} s"
    check_refused(conversation.responses, conversation.end, case.statuses)
    if not case.in_body:
        seen = [bytes(c.received[-300:]) for c in upstream.carrying(mark)]
        assert seen == [], f"refused bytes at the upstream: {seen}"
        return
    for connection in upstream.carrying(mark):
        upstream.wait_for(lambda c=connection: c.ended is not None, why="the abort of a refused body")  # type: ignore[misc]
        assert b"smuggled-" + mark not in connection.received
        assert b"evil-" + mark not in connection.received
        assert not any(r.complete for r in connection.requests if mark in r.target), "a refused body was completed"
