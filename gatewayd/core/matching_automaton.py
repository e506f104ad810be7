"""From patterns to a deterministic tree: the subset construction, done once when routes are loaded.

Patterns overlap (`/a/*`, `/{x}/b`, `/a/**`), so a tree of them as written would need backtracking. Here each node
stands for the set of pattern positions a request can be in after some segments, and what `{name}`, `*` and `**` would
match is already contained in the children of the literals beside them. A request takes one dictionary look-up per
segment and ends at a node that holds its candidates, the most specific first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from gatewayd.core.matching_candidate import Candidate
from gatewayd.core.pattern import Kind

C = TypeVar("C", bound=Candidate[Any])

FREE_BYTES = 64 * 2**20
"""What the trees of any table may take in memory, roughly."""
GROWTH = 8
"""How many times larger than its patterns written one by one a larger table may become."""
_NODE, _CHILD, _LISTED = 400, 100, 8  # bytes, as measured on CPython 3.11


# One for all nodes without children, and one object per literal: with many routes, memory that is not in the
# processor's cache is most of what a look-up costs.
_NO_LITERALS: dict[bytes, Any] = {}


class TableTooLarge(ValueError):
    """Patterns whose wildcards combine into too many cases; `candidates` are the ones that take part in most."""

    def __init__(self, candidates: Sequence[Candidate[Any]]) -> None:
        names = ", ".join(candidate.label for candidate in candidates)
        super().__init__(
            "the routes overlap in too many combinations to keep them all ready: "
            f"begin some of these with a literal segment, or give them hosts of their own: {names}"
        )
        self.candidates = tuple(candidates)


class Node(Generic[C]):
    """Where a request stands after some of its segments.

    The next segment leads to `literals.get(segment, wild)`, always: nodes past the last decision lead to themselves.
    `candidates` are the routes whose path matches if the path ends here, most specific first, up to the first that
    takes every request; `first` is the foremost of them if it is that one.
    """

    __slots__ = ("candidates", "first", "literals", "wild")

    def __init__(self) -> None:
        self.candidates: tuple[C, ...] = ()
        self.first: C | None = None
        self.literals: dict[bytes, Node[C]] = _NO_LITERALS
        self.wild: Node[C] = self

    def walk(self, segments: Iterable[bytes]) -> Node[C]:
        """The node at which a path of these segments ends, from here."""
        node = self
        for segment in segments:
            node = node.literals.get(segment, node.wild)
        return node


class _Position(Generic[C]):
    """A place in the patterns: what may follow, what ends here, what takes all the rest from here.

    `foremost` is the most specific of the candidates that end here or further down.
    """

    __slots__ = ("ending", "foremost", "literals", "resting", "single")

    def __init__(self, foremost: C) -> None:
        self.foremost = foremost
        self.literals: dict[bytes, _Position[C]] = {}
        self.single: _Position[C] | None = None
        self.ending: list[C] = []
        self.resting: list[C] = []


def build_trees(by_host: Mapping[bytes, Sequence[C]], make_node: Callable[[], Node[C]]) -> dict[bytes, Node[C]]:
    """The root of the tree for the candidates of each host: at least one, by rising `order`.

    Raises `TableTooLarge`, counting all trees together.
    """
    roots = {host: _Position(candidates[0]) for host, candidates in by_host.items()}
    written: dict[bytes, bytes] = {}
    size = sum(_arrange(candidates, roots[host], written) for host, candidates in by_host.items())
    construction = _Construction(make_node, max(FREE_BYTES, GROWTH * _NODE * size))
    return {host: construction.run(root) for host, root in roots.items()}


def _arrange(candidates: Sequence[C], root: _Position[C], written: dict[bytes, bytes]) -> int:
    """Put the patterns as one tree of positions under `root`, with equal literals as one object from `written`.

    Answers how many positions were made.
    """
    size = 1
    for candidate in candidates:
        place = root
        for part in candidate.pattern.parts:
            following = place.literals.get(part.literal) if part.kind is Kind.LITERAL else place.single
            if following is None:
                size += 1
                following = _Position(candidate)
                if part.kind is Kind.LITERAL:
                    place.literals[written.setdefault(part.literal, part.literal)] = following
                else:
                    place.single = following
            place = following
        (place.resting if candidate.pattern.rest else place.ending).append(candidate)
    return size


class _Construction(Generic[C]):
    """The subset construction; states met twice become one node."""

    def __init__(self, make_node: Callable[[], Node[C]], room: int) -> None:
        self._make_node = make_node
        self._room = room
        self._nodes: dict[tuple[object, ...], Node[C]] = {}
        self._pending: list[tuple[Node[C], tuple[_Position[C], ...], tuple[C, ...]]] = []
        self._lists: dict[tuple[C, ...], tuple[C, ...]] = {}

    def run(self, root: _Position[C]) -> Node[C]:
        """Build every node that can be reached from `root`, and answer the one for `root` itself."""
        first = self._enter([root], ())
        while self._pending:
            self._fill(*self._pending.pop())
        return first

    def _enter(self, positions: list[_Position[C]], taking: tuple[C, ...]) -> Node[C]:
        """The node for these positions, with `taking` the candidates whose `**` already took the segments so far."""
        taking = self._merge(taking, [candidate for place in positions for candidate in place.resting])
        if taking and taking[-1].unconditional:
            # It takes every request from here on, so positions that only lead to later candidates are of no use.
            limit = taking[-1].order
            positions = [place for place in positions if place.foremost.order < limit]
        # Lists are kept once each, so their address tells them apart without hashing what is in them.
        key = (id(taking), *positions)
        node = self._nodes.get(key)
        if node is None:
            self._spend(_NODE)
            node = self._nodes[key] = self._make_node()
            self._pending.append((node, tuple(positions), taking))
        return node

    def _fill(self, node: Node[C], positions: tuple[_Position[C], ...], taking: tuple[C, ...]) -> None:
        """Give a new node its candidates and its children."""
        node.candidates = self._merge(taking, [candidate for place in positions for candidate in place.ending])
        if node.candidates and node.candidates[0].unconditional:
            node.first = node.candidates[0]
        singles = [place.single for place in positions if place.single is not None]
        node.wild = self._enter(singles, taking)
        names = dict.fromkeys(name for place in positions for name in place.literals)
        if singles:
            names[b""] = None  # `{name}` and `*` do not match an empty segment
        self._spend(_CHILD * len(names))
        literals = {}
        for name in names:
            following = [place.literals[name] for place in positions if name in place.literals]
            child = self._enter(following + singles if name else following, taking)
            if child is not node.wild:
                literals[name] = child
        if literals:
            node.literals = literals

    def _merge(self, before: tuple[C, ...], more: list[C]) -> tuple[C, ...]:
        """Both by rising order, cut behind the first that takes every request; equal lists are one object."""
        if not more:
            return before
        merged: list[C] = []
        for candidate in sorted((*before, *more), key=_order):
            merged.append(candidate)
            if candidate.unconditional:
                break
        key = tuple(merged)
        known = self._lists.setdefault(key, key)
        if known is key:
            self._spend(_LISTED * len(key))
        return known

    def _spend(self, amount: int) -> None:
        """Count the bytes of what was made, and stop before they become too many."""
        self._room -= amount
        if self._room < 0:
            raise TableTooLarge(self._crowd())

    def _crowd(self) -> list[C]:
        """The candidates met most often where more than one is possible."""
        counts: Counter[C] = Counter()
        for state in self._nodes:
            if len(state) > 2:
                counts.update(place.foremost for place in state if isinstance(place, _Position))
        for candidates in self._lists:
            counts.update(candidates)
        return [candidate for candidate, _ in counts.most_common(6)]


def _order(candidate: Candidate[Any]) -> int:
    return candidate.order
