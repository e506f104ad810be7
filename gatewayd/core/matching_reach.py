"""Routes that no request can reach, because others always take what they would match."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

from gatewayd.core.matching_automaton import C, Node
from gatewayd.core.matching_candidate import Candidate
from gatewayd.core.pattern import Kind, Part

_Demand: TypeAlias = tuple[str, bytes, bytes | None]
_OTHER_METHOD = b""  # stands for a method that no route names


@dataclass(frozen=True)
class Unreachable(Generic[C]):
    """`candidate` never matches: `shadowed_by` match before it, by rising order.

    `duplicate` tells that for each of its hosts there is one before it that is the same but for what it leads to.
    """

    candidate: C
    shadowed_by: tuple[C, ...]
    duplicate: bool


def find_unreachable(candidates: Sequence[C], roots: Mapping[bytes, Node[C]]) -> tuple[Unreachable[C], ...]:
    """The unreachable of `candidates` (by rising order) in the trees of their hosts, in that order.

    The answer is exact for requests whose paths are normalised (no empty segment but the last). Trees of other hosts
    need no look: for every host pattern there are hosts for which its own tree is asked first.
    """
    first: dict[tuple[object, ...], C] = {}
    asked = [_demands(candidate) for candidate in candidates]
    found = []
    for candidate in candidates:
        originals = {host: first.setdefault((host, *candidate.identity), candidate) for host in candidate.hosts}
        shadows: set[C] = set()
        for host, original in originals.items():
            behind = {original} if original is not candidate else _shadows(candidate, roots[host], asked)
            if behind is None:
                break
            shadows |= behind
        else:
            shadowed_by = tuple(sorted(shadows, key=lambda shadow: shadow.order))
            found.append(Unreachable(candidate, shadowed_by, candidate not in originals.values()))
    return tuple(found)


def _shadows(candidate: C, root: Node[C], asked: Sequence[frozenset[_Demand]]) -> set[C] | None:
    """Who comes before `candidate` at the nodes where it could match; None if at one of them it does.

    All conditions ask for something to be there, so the request hardest to take away is the one that has just what
    the candidate asks for: if no single other takes that one, the candidate does. `asked` has each one's demands.
    """
    shadows: set[C] = set()
    held = asked[candidate.order] | {(kind, name, None) for kind, name, _ in asked[candidate.order]}
    for node in _ends(candidate, root):
        for method in candidate.methods or (_OTHER_METHOD,):
            for other in node.candidates:
                if other is candidate:
                    return None
                if (other.methods is None or method in other.methods) and asked[other.order] <= held:
                    shadows.add(other)
                    break
    return shadows


def _demands(candidate: Candidate[Any]) -> frozenset[_Demand]:
    """The header and query conditions one by one."""
    return frozenset(
        [("header", *condition) for condition in candidate.headers]
        + [("query", *condition) for condition in candidate.query]
    )


def _ends(candidate: Candidate[Any], root: Node[C]) -> Iterator[Node[C]]:
    """Every node at which a path that the candidate's pattern matches can end; those of rarer segments come first."""
    parts = candidate.pattern.parts
    # How many segments were passed, as far as it matters: a path has at least one, so `/**` does not end at the root.
    enough = max(len(parts), 1)
    seen = {(root, 0)}
    ways = [iter(seen.copy())]
    while ways:
        step = next(ways[-1], None)
        if step is None:
            ways.pop()
            continue
        node, passed = step
        if passed == enough:
            yield node
        if passed < len(parts) or candidate.pattern.rest:
            if passed >= len(parts):
                yield node.literals.get(b"", node.wild)  # an empty segment is the last, so the way ends there
            part = parts[passed] if passed < len(parts) else None
            ways.append(_unseen(_following(node, part), min(passed + 1, enough), seen))


def _following(node: Node[C], part: Part | None) -> Iterator[Node[C]]:
    """The nodes one segment further that `part` leads to, or any non-empty segment if it is None."""
    if part is not None and part.kind is Kind.LITERAL:
        yield node.literals.get(part.literal, node.wild)
    else:
        yield node.wild
        for name, child in node.literals.items():
            if name:
                yield child


def _unseen(nodes: Iterator[Node[C]], passed: int, seen: set[tuple[Node[C], int]]) -> Iterator[tuple[Node[C], int]]:
    """The steps to `nodes` that were not made yet."""
    for node in nodes:
        step = (node, passed)
        if step not in seen:
            seen.add(step)
            yield step
