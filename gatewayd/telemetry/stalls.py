"""Who held the event loop up: a thread looks where the loop is, and asks for a sign of life where it does not wait.

A loop that waits for something to happen is left alone, so an idle one is not woken. When a sign of life takes long,
one line of the log says how long that was, and where the loop was; a stall that goes on and on is told of after
`PATIENCE`, and again when it ends. A stack is places in files: values, and secrets with them, are not in it.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from gatewayd.log import Log, events

STALL = 0.1  # seconds: none that takes longer is missed
LOOK = 0.04  # seconds between two looks, and so much less may take what is told all the same
PATIENCE = 5.0  # seconds
_DEEPEST = 30  # places of a stack that are told, the innermost ones

# The loops themselves: what they call begins above them, and where they are innermost, they wait.
_LOOPS = frozenset(
    {
        ("asyncioreactor.py", "run"),
        ("base.py", "mainLoop"),
        ("base.py", "runUntilCurrent"),
        ("base_events.py", "_run_once"),
    }
)
_WAITING = frozenset(
    {
        ("asyncioreactor.py", "run"),
        ("epollreactor.py", "doPoll"),
        ("pollreactor.py", "doPoll"),
        ("selectreactor.py", "doSelect"),
        ("selectors.py", "select"),
    }
)

_log = Log("gatewayd")


class Stalls:
    """Watches the loop, from `start` to `stop`.

    `ask` has something called by the loop, from any thread. `now` measures.
    """

    def __init__(self, ask: Callable[[Callable[[], None]], object], now: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._now = now
        self._loop = 0  # the thread that it runs in
        self._thread: threading.Thread | None = None
        self._running = threading.Lock()  # held from start to stop: to wait for it wakes the thread more cheaply
        self._looked = 0.0
        self._asked: float | None = None  # when the loop was asked for a sign of life that has not come
        self._cpu = 0.0  # of the loop's thread, then
        self._missed = 0.0  # seconds since then in which this thread did not run either
        self._places: tuple[str, ...] = ()
        self._told = False

    def start(self) -> None:
        """Begin; to be called by the loop."""
        self._loop = threading.get_ident()
        self._asked = None
        self._running.acquire()
        self._thread = threading.Thread(target=self._watch, name="stalls", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Stopping twice, or before the start, is fine."""
        if self._thread is not None:
            self._running.release()
            self._thread.join()
            self._thread = None

    # In the thread.

    def _watch(self) -> None:
        """Look, again and again."""
        self._looked = self._now()
        while not self._running.acquire(timeout=LOOK):
            self._look()
        self._running.release()

    def _look(self) -> None:
        """Note where the loop is, unless it waits."""
        now = self._now()
        late, self._looked = max(0.0, now - self._looked - LOOK), now
        frame = sys._current_frames().get(self._loop)
        asked = self._asked
        if asked is None:
            if frame is not None and _place(frame) not in _WAITING:
                self._cpu, self._missed, self._told = _cpu_of(self._loop), 0.0, False
                self._places = tuple(stack_of(frame))
                self._asked = now
                self._ask(self._answer)
            return
        self._missed += late
        self._places = tuple(stack_of(frame)) or self._places
        if now - asked >= PATIENCE and not self._told:
            self._told = True
            self._tell(now - asked)

    # In the loop.

    def _answer(self) -> None:
        """The loop is alive; if that took long, say so.

        Not if the machine ran nobody here meanwhile: then neither did the thread look, nor the loop compute.
        """
        asked = self._asked
        if asked is None:
            return
        silent = self._now() - asked
        if self._told:
            _log(events.LOOP_RUNS_AGAIN, seconds=silent)
        elif silent >= STALL - LOOK and max(silent - self._missed, self._used()) >= STALL - LOOK and self._places:
            self._tell(silent)
        self._asked = None

    def _tell(self, seconds: float) -> None:
        """One line: a stall that took as much CPU as time was computing, another one waited for something."""
        stack = " < ".join(self._places)
        _log(events.LOOP_STALLED, seconds=seconds, cpu=self._used(), code=self._places[0], stack=stack)

    def _used(self) -> float:
        """The CPU time that the loop's thread used since it was asked, in seconds."""
        return _cpu_of(self._loop) - self._cpu


def stack_of(frame: FrameType | None) -> Iterator[str]:
    """The places on a stack, the innermost first, down to the loop that called them; none where the loop waits."""
    for told in range(_DEEPEST):
        if frame is None:
            return
        place = _place(frame)
        if place in _LOOPS or (not told and place in _WAITING):
            return
        yield f"{_short(frame.f_code.co_filename)}:{frame.f_lineno} {place[1]}"
        frame = frame.f_back


def _place(frame: FrameType) -> tuple[str, str]:
    """The name of a frame's file, and its function."""
    return frame.f_code.co_filename.rpartition("/")[2], frame.f_code.co_name


def _short(path: str) -> str:
    """A file's path, without the way to where packages are."""
    return "/".join(path.rpartition("-packages/")[2].split("/")[-4:])


def _cpu_of(thread: int) -> float:
    """The CPU time of a thread, in seconds."""
    return time.clock_gettime(time.pthread_getcpuclockid(thread))
