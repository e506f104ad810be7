"""Which route takes a request: routes sorted by specificity into one deterministic tree per host pattern.

All routes whose host and path match stand in one order: the more specific host first (exact, then the longest
`*.suffix`, then any), then the more specific path (`gatewayd.core.pattern.Pattern.rank`), then the one with more
conditions (its methods count as one), then the one that stands first in the configuration. The first whose conditions
hold takes the request. The order of the configuration thus matters only between routes that are equal otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic

from gatewayd.core.hostpattern import ANY_HOST, applicable, parse_host
from gatewayd.core.matching_automaton import C, Node, TableTooLarge, build_trees
from gatewayd.core.matching_candidate import Candidate, Conditions, Entry, T
from gatewayd.core.matching_explain import Explanation, Outcome, Verdict, explain_candidates
from gatewayd.core.matching_reach import Unreachable, find_unreachable
from gatewayd.core.messages import RequestHead
from gatewayd.core.pattern import Pattern, PatternError, parse_pattern
from gatewayd.core.reasons import METHOD_NOT_ALLOWED, NO_ROUTE, Refused

__all__ = [
    "Candidate",
    "Conditions",
    "Entry",
    "Explanation",
    "Node",
    "Outcome",
    "Pattern",
    "PatternError",
    "Table",
    "TableTooLarge",
    "Unreachable",
    "Verdict",
    "build_table",
    "parse_host",
    "parse_pattern",
    "refusal",
]


class Table(Generic[C]):
    """The trees of all host patterns, by key. `candidates` are all routes, the most specific first."""

    __slots__ = ("_any", "_default", "_exact", "_suffixes", "candidates", "trees")

    def __init__(self, candidates: Sequence[C], make_node: Callable[[], Node[C]]) -> None:
        """Sort `candidates` and build their trees. Raises `TableTooLarge`."""
        self.candidates: tuple[C, ...] = tuple(sorted(candidates, key=lambda candidate: candidate.specificity))
        by_host: dict[bytes, list[C]] = {}
        for order, candidate in enumerate(self.candidates):
            candidate.order = order
            for host in candidate.hosts:
                by_host.setdefault(host, []).append(candidate)
        self.trees = build_trees(by_host, make_node)
        chains = {host: tuple(self.trees[key] for key in applicable(host, self.trees)) for host in self.trees}
        self._any = chains.get(ANY_HOST, ())
        self._exact = {host: chain for host, chain in chains.items() if host and not host.startswith(b".")}
        self._suffixes = {host: chain for host, chain in chains.items() if host.startswith(b".")}
        # What an unknown host gets at once; None sends it through the suffixes first.
        self._default = None if self._suffixes else self._any

    def locate(self, head: RequestHead) -> C:
        """The route that takes this request. Raises `Refused` with NO_ROUTE, or METHOD_NOT_ALLOWED and Allow."""
        roots = self._exact.get(head.host, self._default)
        if roots is None:
            roots = self.roots(head.host)
        segments = head.segments
        for node in roots:
            for segment in segments:
                node = node.literals.get(segment, node.wild)
            first = node.first
            if first is not None:
                return first
            for candidate in node.candidates:
                if candidate.admits(head):
                    return candidate
        raise refusal([root.walk(segments) for root in roots], head)

    def roots(self, host: bytes) -> tuple[Node[C], ...]:
        """The trees to ask for `host` (lower case, no port), in order."""
        chain = self._exact.get(host)
        if chain is not None:
            return chain
        at = host.find(b".", 1)
        while at >= 0:
            chain = self._suffixes.get(host[at:])
            if chain is not None:
                return chain
            at = host.find(b".", at + 1)
        return self._any

    def explain(self, head: RequestHead) -> Explanation[C]:
        """Every route whose host and path match this request, in the order they are tried, and what became of each."""
        candidates = [
            (host, candidate)
            for host in applicable(head.host, self.trees)
            for candidate in self.candidates
            if host in candidate.hosts and candidate.pattern.matches(head.segments)
        ]
        return explain_candidates(candidates, head)

    def unreachable(self) -> tuple[Unreachable[C], ...]:
        """The routes no request can reach, by order, each with those that come before it."""
        return find_unreachable(self.candidates, self.trees)

    def listing(self) -> tuple[tuple[bytes, tuple[C, ...]], ...]:
        """Each host pattern's key (see `gatewayd.core.hostpattern`) with its routes, the most specific first."""
        return tuple(
            (host, tuple(candidate for candidate in self.candidates if host in candidate.hosts))
            for host in sorted(self.trees, key=_host_order)
        )


def refusal(ends: Iterable[Node[C]], head: RequestHead) -> Refused:
    """What a request gets that no route takes at the nodes where its path ends.

    METHOD_NOT_ALLOWED with the Allow field (RFC 9110 section 15.5.6) if other methods would do, else NO_ROUTE.
    """
    methods: set[bytes] = set()
    for node in ends:
        for candidate in node.candidates:
            if candidate.methods is not None and next(candidate.failing(head), None) is None:
                methods |= candidate.methods
    if not methods:
        return Refused(NO_ROUTE)
    allow = b", ".join(sorted(methods))
    return Refused(METHOD_NOT_ALLOWED, f"Allowed here: {allow.decode()}.", b"Allow: " + allow + b"\r\n")


def build_table(entries: Iterable[Entry[T]]) -> Table[Candidate[T]]:
    """A table of plain candidates, for checking a configuration. Raises `PatternError` and `TableTooLarge`."""
    return Table([Candidate(entry, index) for index, entry in enumerate(entries)], Node)


def _host_order(host: bytes) -> tuple[bool, bool, int, bytes]:
    """Exact hosts by name, then suffixes from the longest, then any host."""
    suffix = host.startswith(b".")
    return (host == ANY_HOST, suffix, -len(host) if suffix else 0, host)
