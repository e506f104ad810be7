"""API keys or tenants in a file that something else writes: read again as it changes, kept while it is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from hashlib import blake2b
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gatewayd.config.problems import ConfigErrors, Problem
from gatewayd.log import Log, events
from gatewayd.upstream.filewatch import LARGEST, FileWatch, InThread, read_bytes

_MOST_DOUBTS = 10  # about one content that the log tells

_log = Log(__name__)

L = TypeVar("L", bound=Sized)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[L]):
    """What a file held: the list, or None and why it cannot be used. The `digest` is that of its content.

    `doubts` are about what is allowed and probably not meant.
    """

    listed: L | None
    why: str
    digest: bytes
    doubts: tuple[Problem, ...] = ()


class ListFile(Generic[L]):
    """What the file at `path` lists, from `start` to `stop`; see `FileWatch`.

    `parse` makes the list of the file's name and content, in the same thread that reads it, notes what is doubtful in
    the list it is given, and raises `ConfigErrors`.
    `on_listed` gets the list whenever the content is another one and can be used; otherwise `listed` stays what it was,
    None if there never was one. `noun` is what the log calls the entries.
    """

    __slots__ = ("_digest", "_noun", "_on_listed", "_parse", "_path", "_topic", "_watch", "failure", "listed")

    def __init__(
        self,
        path: str,
        noun: str,
        interval: float,
        clock: IReactorTime,
        parse: Callable[[str, bytes, list[Problem]], L],
        on_listed: Callable[[L], object],
        in_thread: InThread[Loaded[L]],
    ) -> None:
        self._path = path
        self._noun = noun
        self._parse = parse
        self._on_listed = on_listed
        self._digest = b""  # of the content that `listed` was read from
        self._topic: object = None
        self._watch = FileWatch(path, interval, clock, self._load, self._judge, self._failed, in_thread)
        self.listed: L | None = None
        self.failure = ""

    def start(self) -> Deferred[None]:
        """Look at once. The Deferred fires when the file was read, or could not be; it does not fail."""
        return self._watch.start()

    def stop(self) -> None:
        """Look no more; what is being read has no effect."""
        self._watch.stop()

    def _load(self, path: str) -> Loaded[L]:
        """Read the file. Runs in a thread: a million bytes of YAML take a second."""
        content = read_bytes(path)
        digest = blake2b(content).digest()
        if digest == self._digest:
            return Loaded(self.listed, "", digest)
        if len(content) > LARGEST:
            return Loaded(None, f"it is larger than {LARGEST >> 20} MiB", digest)
        doubts: list[Problem] = []
        try:
            return Loaded(self._parse(path, content, doubts), "", digest, tuple(doubts))
        except ConfigErrors as errors:
            return Loaded(None, _phrase(errors), digest)

    def _judge(self, loaded: Loaded[L]) -> None:
        """The file was read."""
        listed = loaded.listed
        if listed is None:
            self._failed(loaded.why, loaded.digest)
            return
        if self.failure:
            self.failure, self._topic = "", None
            _log(events.FILE_RECOVERED, noun=self._noun, path=self._path)
        if loaded.digest != self._digest:
            self._digest = loaded.digest
            self.listed = listed
            _log(events.FILE_TAKEN, number=len(listed), noun=self._noun, path=self._path)
            self._doubt(loaded.doubts)
            self._on_listed(listed)

    def _doubt(self, doubts: Sequence[Problem]) -> None:
        """Tell what is taken and does nothing."""
        told = [_told(doubt) for doubt in doubts[:_MOST_DOUBTS]]
        more = len(doubts) - len(told)
        for doubt in [*told, f"and {more} more of this kind"] if more else told:
            _log(events.FILE_DOUBTED, noun=self._noun, path=self._path, doubt=doubt)

    def _failed(self, why: str, topic: object = None) -> None:
        """There is nothing to be used; logged unless the last try failed alike, and on the same content."""
        if (why, topic) != (self.failure, self._topic):
            stays = "there are none to go on with" if self.listed is None else _stay(len(self.listed))
            _log(
                events.FILE_REFUSED,
                noun=self._noun,
                path=self._path,
                why=why,
                stays=stays,
            )
        self.failure, self._topic = why, topic


def _stay(number: int) -> str:
    """That what there was before goes on to count."""
    return "the last one stays" if number == 1 else f"the last {number} stay" if number else "there were none before"


def _phrase(errors: ConfigErrors) -> str:
    """The first problem, and how many more there are."""
    first, *others = errors.problems
    return _told(first) + (f", and {len(others)} more" if others else "")


def _told(problem: Problem) -> str:
    """A problem with its place and hint; never the line it is in, which may hold a secret."""
    place = f"line {problem.line}: " if problem.line else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{place}{problem.message}{hint}"
