"""The text of a scrape, in steps small enough for the reactor's thread.

Rendering 3,000 series takes tens of milliseconds. A thread would not help: it holds the interpreter's lock, up to 5 ms
at each turn. So a scrape is an iterator of short steps, between which the caller serves traffic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Format:
    """A text format: its media type, the library's encoder for it, and what that writes after the last family."""

    content_type: str
    encode: Callable[[Collector], bytes]
    end: bytes


# Every name here is valid in either escaping scheme, so the texts are equal; asked for UTF-8 names, the library skips
# looking at each character of each name, which is half of its time.
TEXT = Format(
    "text/plain; version=0.0.4; charset=utf-8",
    choose_encoder("text/plain; version=1.0.0; escaping=allow-utf-8")[0],
    b"",
)
OPENMETRICS = Format(
    "application/openmetrics-text; version=1.0.0; charset=utf-8",
    choose_encoder("application/openmetrics-text; version=1.0.0; escaping=allow-utf-8")[0],
    b"# EOF\n",
)


class _Shown(Collector):
    """Shows the library's encoder the one family it is to write next."""

    def __init__(self) -> None:
        self.family = Metric("none", "", "unknown")

    def collect(self) -> Iterable[Metric]:
        return [self.family]


def exposition(pieces: Iterable[Metric], format: Format) -> Iterator[bytes]:
    """Each of `pieces` as text, then the end: joined, what the library writes for the whole registry.

    Consecutive pieces of one name are one family, whose header is written once.
    """
    shown = _Shown()
    last = ""
    for shown.family in pieces:
        text = format.encode(shown).removesuffix(format.end)
        if shown.family.name == last:
            shown.family.samples.clear()
            text = text.removeprefix(format.encode(shown).removesuffix(format.end))
        last = shown.family.name
        yield text
    yield format.end
