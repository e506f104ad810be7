"""Which targets a service has while discovery goes on finding others, and when to look again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

_EARLY = 0.1  # how much of a TTL may be cut off, so that lookups of many names do not fall together


@dataclass(frozen=True, slots=True)
class Found:
    """A target that was found: a TCP address (`host` without brackets, `port`), or the `path` of a unix socket.

    `weight` is its share among its like; of all `priority` groups the lowest that can answer is asked. It is met by
    TLS if it is `secure`.
    """

    host: str = ""
    port: int = 0
    path: str = ""
    weight: int = 1
    priority: int = 0
    secure: bool = False

    @property
    def url(self) -> str:
        """Its address in the one form that identifies it: `http://host:port`, `https://host:port`, `unix:/path`."""
        if self.path:
            return f"unix:{self.path}"
        scheme = "https" if self.secure else "http"
        return f"{scheme}://[{self.host}]:{self.port}" if ":" in self.host else f"{scheme}://{self.host}:{self.port}"


class Member(Protocol):
    """What a change is seen by."""

    @property
    def weight(self) -> int:
        """See `Found`."""

    @property
    def priority(self) -> int:
        """See `Found`."""


M = TypeVar("M", bound=Member)


@dataclass(frozen=True, slots=True)
class Plan(Generic[M]):
    """What turns the members there are into those that were found.

    A member that `changed` keeps its place, and with it its connections; only its weight or priority is another.
    """

    added: tuple[Found, ...]
    removed: tuple[M, ...]
    changed: tuple[tuple[M, Found], ...]
    kept: tuple[M, ...]

    @property
    def nothing(self) -> bool:
        """Whether all stays as it is."""
        return not (self.added or self.removed or self.changed)


def plan(current: Mapping[str, M], found: Iterable[Found]) -> Plan[M]:
    """The way from `current`, by URL, to `found`; of several with one address the first counts."""
    wanted: dict[str, Found] = {}
    for one in found:
        wanted.setdefault(one.url, one)
    changed: list[tuple[M, Found]] = []
    kept: list[M] = []
    for url, member in current.items():
        new = wanted.get(url)
        if new is None:
            continue
        if (member.weight, member.priority) == (new.weight, new.priority):
            kept.append(member)
        else:
            changed.append((member, new))
    return Plan(
        added=tuple(new for url, new in wanted.items() if url not in current),
        removed=tuple(member for url, member in current.items() if url not in wanted),
        changed=tuple(changed),
        kept=tuple(kept),
    )


def ranks(priorities: Iterable[int]) -> dict[int, int]:
    """The priority group of each SRV priority: the lowest is group 0, whatever its number (RFC 2782)."""
    return {priority: rank for rank, priority in enumerate(sorted(set(priorities)))}


def share(weight: int) -> int:
    """The weight of a target by its SRV weight. 0 is "next to nothing" there (RFC 2782), and the least that is here."""
    return max(1, weight)


def next_lookup(ttls: Iterable[int], least: float, most: float, random: float) -> float:
    """Seconds until a name is looked up again: its records' lowest TTL, but from `least` to `most`.

    `random`, from 0 to 1, makes it up to a tenth earlier.
    """
    lowest = min(ttls, default=0)
    return max(least, min(lowest, most) * (1.0 - _EARLY * random))
