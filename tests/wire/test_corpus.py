"""The corpus itself: large enough, and each case told apart from every other."""

from __future__ import annotations

from .corpus.answer_bodies import BODIES
from .corpus.answers import MALFORMED
from .corpus.cases import MARK
from .test_acceptances import ACCEPTANCES
from .test_refusals import REFUSALS


def test_sizes() -> None:
    """At least 200 refusals, 60 oddities that must pass, and 80 hostile answers."""
    assert len(REFUSALS) >= 200
    assert len([case for case in ACCEPTANCES if not case.or_refused]) >= 60
    assert len([*MALFORMED, *BODIES]) >= 80


def test_ids_are_unique() -> None:
    """No two cases of a kind share an id, so that a failure names one."""
    for cases in (REFUSALS, ACCEPTANCES, (*MALFORMED, *BODIES)):
        ids = [case.id for case in cases]
        assert len(ids) == len(set(ids)), sorted({i for i in ids if ids.count(i) > 1})


def test_every_payload_is_marked_and_explained() -> None:
    """Each payload, or what follows it, carries the mark that is looked for, and says why it is there."""
    for refusal in REFUSALS:
        assert refusal.why
        assert MARK in refusal.payload + refusal.tail or not refusal.tail, refusal.id
    for acceptance in ACCEPTANCES:
        assert acceptance.why
        assert MARK in acceptance.payload, acceptance.id
