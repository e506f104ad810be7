"""What a discovery found last: it stays until something else is found, and the log tells each change once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

from gatewayd.core.membership import Found, Plan, plan
from gatewayd.log import Log, events

_NAMED = 5  # targets of a change that the log names; of more it gives the number

_log = Log(__name__)

OnFound = Callable[[tuple[Found, ...]], object]
OnFailure = Callable[[str], object]


class Findings:
    """The targets found by `source`, which is how the log calls it, and what is wrong with the last try.

    `on_found` gets all targets, in an order that depends on nothing else, whenever they are not what they were;
    `on_failure` why a try failed, at each that does. After a failure `targets` are those of the last success.
    """

    __slots__ = ("_on_failure", "_on_found", "_source", "_topic", "failure", "targets")

    def __init__(self, source: str, on_found: OnFound, on_failure: OnFailure) -> None:
        self._source = source
        self._on_found = on_found
        self._on_failure = on_failure
        self._topic: object = None
        self.targets: tuple[Found, ...] = ()
        self.failure = ""

    def found(self, targets: Iterable[Found]) -> None:
        """A try found `targets`, at least one."""
        if self.failure:
            _log(events.DISCOVERY_RECOVERED, source=self._source)
            self.failure = ""
        before = {target.url: target for target in self.targets}
        self.targets = tuple(sorted(targets, key=attrgetter("priority", "url")))
        change = plan(before, self.targets)
        if not change.nothing:
            _log(events.TARGETS_CHANGED, source=self._source, change=_told(change))
            self._on_found(self.targets)

    def failed(self, why: str, topic: object = None) -> None:
        """A try found nothing that can be used; logged unless the one before failed alike, and of the same `topic`."""
        if (why, topic) != (self.failure, self._topic):
            kept = len(self.targets)
            last = "its last target stays" if kept == 1 else f"its last {kept} targets stay"
            stays = last if kept else "there is none to go on with"
            _log(events.DISCOVERY_FAILED, source=self._source, why=why, stays=stays)
        self.failure, self._topic = why, topic
        self._on_failure(why)


def _told(change: Plan[Found]) -> str:
    """A change in words."""
    parts = (
        ("added", [new.url for new in change.added]),
        ("removed", [old.url for old in change.removed]),
        ("weighed or ranked anew", [new.url for _, new in change.changed]),
    )
    return "; ".join(f"{what} {_listed(urls)}" for what, urls in parts if urls)


def _listed(urls: list[str]) -> str:
    """`urls` in a line of bounded length."""
    return ", ".join(urls) if len(urls) <= _NAMED else f"{', '.join(urls[:_NAMED])} and {len(urls) - _NAMED} more"
