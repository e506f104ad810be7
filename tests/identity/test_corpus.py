"""The attack table itself: large enough, and each case told apart from every other."""

from __future__ import annotations

from collections import Counter

from gatewayd.log import audit
from tests.wire.checks import SLUGS
from tests.wire.corpus.cases import MARK

from .corpus.cases import Attack, Passage
from .test_attacks import ATTACKS, PASSAGES

AUDITED = {event.name for event in audit.EVENTS}
CASES: tuple[Attack | Passage, ...] = (*ATTACKS, *PASSAGES)


def test_sizes() -> None:
    """Far more than 120 attacks, and enough that passes to know that they fail for their own reasons."""
    assert len(ATTACKS) >= 450
    assert len(PASSAGES) >= 150


def test_ids_are_unique() -> None:
    """No two cases share an id, so that a failure names one."""
    count = Counter(case.id for case in CASES)
    assert [id_ for id_, times in count.items() if times > 1] == []


def test_every_case_is_marked_and_explained() -> None:
    """Each payload carries the mark that is looked for and says why; the reasons and events it names are there."""
    for case in CASES:
        assert case.why
        assert MARK in case.payload, case.id
        assert not case.event or case.event in AUDITED, case.id
    for attack in ATTACKS:
        assert SLUGS[attack.reason] == attack.status, attack.id
        assert attack.truth in ("", "-") or attack.truth in SLUGS, attack.id
