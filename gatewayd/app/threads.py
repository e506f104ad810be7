"""Threads for the policies that operators write: nobody can end one that hangs, so nothing else must wait for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Thread
from typing import Any

from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

_MOST = 20  # policies at a time
_MOST_WAITING = 1000  # of them, each with what it is asked about, while all threads are busy


class Busy(Exception):
    """Too much waits for a thread already."""


class _Disposable(Thread):
    """A thread that does not keep the process alive."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, daemon=True, **named)


class PolicyThreads(ThreadPool):
    """A pool apart from the reactor's, whose threads read files and look names up, and are waited for at the end."""

    threadFactory = _Disposable

    def __init__(self) -> None:
        super().__init__(0, _MOST, "policies")
        self._waiting: deque[None] = deque()

    def callInThreadWithCallback(
        self, onResult: Callable[[bool, Any], object] | None, func: Callable[..., Any], *args: Any, **kw: Any
    ) -> None:
        """Call `func` as soon as there is a thread; fails with `Busy` at once where many wait for one."""
        if len(self._waiting) >= _MOST_WAITING:
            if onResult is not None:
                onResult(False, Failure(Busy("every thread for policies is busy")))
            return
        self._waiting.append(None)

        def begun() -> Any:
            self._waiting.popleft()
            return func(*args, **kw)

        super().callInThreadWithCallback(onResult, begun)

    def stop(self) -> None:
        """Begin nothing more. What runs is left behind."""
        self.threads.clear()  # those in it would be joined
        super().stop()
