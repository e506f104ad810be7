"""Threads for policies: what they answer comes, and one that hangs keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from threading import Event, current_thread

import pytest
from twisted.python.failure import Failure

from gatewayd.app.threads import Busy, PolicyThreads

_PATIENCE = 10.0  # seconds


@pytest.fixture
def threads() -> Iterator[PolicyThreads]:
    """Started, and stopped at the end; a stop that waited for a policy that hangs would never come back."""
    pool = PolicyThreads()
    pool.start()
    yield pool
    if pool.started:
        pool.stop()


def test_answers_and_failures(threads: PolicyThreads) -> None:
    """Both come back, from threads that do not keep the process alive."""
    told: SimpleQueue[tuple[bool, object]] = SimpleQueue()

    def fails() -> None:
        raise ValueError

    threads.callInThreadWithCallback(lambda *answer: told.put(answer), lambda: current_thread().daemon)
    assert told.get(timeout=_PATIENCE) == (True, True)
    threads.callInThreadWithCallback(lambda *answer: told.put(answer), fails)
    good, failure = told.get(timeout=_PATIENCE)
    assert isinstance(failure, Failure)
    assert (good, failure.type) == (False, ValueError)


def test_what_hangs_is_left_behind(threads: PolicyThreads) -> None:
    """When every thread hangs, calls wait up to a number, others fail at once, and a stop waits for nobody."""
    gate, told = Event(), SimpleQueue[tuple[bool, object]]()
    begun: SimpleQueue[None] = SimpleQueue()

    def hangs() -> None:
        begun.put(None)
        gate.wait()

    try:
        for _ in range(threads.max):
            threads.callInThreadWithCallback(None, hangs)
        for _ in range(threads.max):
            begun.get(timeout=_PATIENCE)
        for _ in range(1000):
            threads.callInThreadWithCallback(None, hangs)
        threads.callInThreadWithCallback(lambda *answer: told.put(answer), hangs)
        good, failure = told.get(timeout=_PATIENCE)
        assert isinstance(failure, Failure)
        assert (good, failure.type) == (False, Busy)
        threads.callInThreadWithCallback(None, hangs)
        threads.stop()
    finally:
        gate.set()
