"""A malformed answer becomes a 502 and nothing of it reaches any client."""

from __future__ import annotations

import pytest

from tests.harness import GatewayProcess, RecordingUpstream

from .corpus.answers import MALFORMED, Answer
from .hostile import outcome, play, splits


@pytest.mark.parametrize("answer", MALFORMED, ids=lambda answer: answer.id)
def test_malformed_answer(answer: Answer, gateway: GatewayProcess, upstream: RecordingUpstream) -> None:
    """The client gets a problem document, whole and byte by byte alike; the connection to the service ends."""
    outcomes = []
    for split in splits(answer):
        response = play(answer, gateway, upstream, split=split)
        outcomes.append(outcome(answer, response))
        if response is not None and outcomes[-1] == "502":
            assert b"x-leak" not in response.head.raw.lower()
            assert response.framing.kind == "length"
    assert len(set(outcomes)) == 1, f"whole {outcomes[0]}, byte by byte {outcomes[1]}"
