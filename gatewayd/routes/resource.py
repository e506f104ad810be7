"""The resources of the route tree: the nodes a path leads through, the routes it leads to, and refusals.

They are `IResource` providers, so the tree can be walked by `twisted.web` as any other. Requests of the data plane take
the same nodes by `gatewayd.core.matching.Table.locate`, which needs no request object.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from twisted.web.iweb import IRequest
from twisted.web.resource import IResource
from zope.interface import implementer

from gatewayd.core.matching import Candidate, Entry, Node, refusal
from gatewayd.core.matching_candidate import T
from gatewayd.core.reasons import Refused
from gatewayd.routes.stock import canonical_segment, head_of

Renderer: TypeAlias = "Callable[[RouteResource[Any], IRequest], bytes | int]"
"""Answers a request that stock `twisted.web` brought to a route: body bytes, or NOT_DONE_YET."""


def decline(route: RouteResource[Any], request: IRequest) -> bytes:
    """Say that routes are served elsewhere: stock `twisted.web` finds them, but does not proxy."""
    request.setResponseCode(501)
    request.setHeader(b"content-type", b"text/plain; charset=utf-8")
    return f"The route {route.name} is served by gatewayd's data plane, not by this server.\n".encode()


class Fixed:
    """What all resources here have in common: their children come from configuration, and none is added later."""

    __slots__ = ()

    def putChild(self, path: bytes, child: IResource) -> None:
        """Refuse a child: it would escape the order of specificity."""
        raise TypeError("routes are built from configuration: build a new tree instead")


@implementer(IResource)
class RouteResource(Fixed, Candidate[T]):
    """A route as the leaf of the tree. `payload` is what its entry carried."""

    __slots__ = ("_length", "_parameters", "_render")

    isLeaf = True

    def __init__(self, entry: Entry[T], index: int, render: Renderer = decline) -> None:
        super().__init__(entry, index)
        self._length = len(self.pattern.parts)
        self._parameters = self.pattern.parameters
        self._render = render

    def params(self, segments: Sequence[bytes]) -> dict[str, bytes]:
        """The path parameters of a request that this route took, as they stand in the path (escapes not decoded)."""
        return {name: segments[index] for name, index in self._parameters}

    def rest(self, segments: Sequence[bytes]) -> list[bytes]:
        """The segments that `**` matched: none for `/a`, one empty for `/a/`, two for `/a/b/c` under `/a/**`."""
        return list(segments[self._length :])

    def getChildWithDefault(self, name: bytes, request: IRequest) -> IResource:
        """The route itself: it takes whatever is left of the path."""
        return self

    def render(self, request: IRequest) -> bytes | int:
        """Answer by the renderer the tree was built with."""
        return self._render(self, request)


@implementer(IResource)
class RouteNode(Fixed, Node[RouteResource[T]]):
    """A place between segments, in the tree of one host pattern."""

    __slots__ = ()

    isLeaf = False

    def children(self) -> dict[bytes, RouteNode[T]]:
        """The nodes one segment further: by literal, and under b"*" the one for all other segments."""
        children = {**self.literals, b"*": self.wild}
        return cast("dict[bytes, RouteNode[T]]", children)

    def getChildWithDefault(self, name: bytes, request: IRequest) -> IResource:
        """The next node, or, for the last segment, the route that takes the request (or its refusal)."""
        return proceed((self,), name, request)

    def render(self, request: IRequest) -> bytes | int:
        """Refuse: a path that stops before its first segment meets no route."""
        return RefusedResource(refusal((self,), head_of(request))).render(request)


@implementer(IResource)
class AbreastNodes(Fixed):
    """The places one path leads to in the trees of several host patterns, the most specific host first."""

    __slots__ = ("_nodes",)

    isLeaf = False

    def __init__(self, nodes: Sequence[Node[RouteResource[Any]]]) -> None:
        self._nodes = nodes

    def getChildWithDefault(self, name: bytes, request: IRequest) -> IResource:
        """The places one segment further, or, for the last segment, the route that takes the request."""
        return proceed(self._nodes, name, request)

    def render(self, request: IRequest) -> bytes | int:
        """Refuse: a path that stops before its first segment meets no route."""
        return RefusedResource(refusal(self._nodes, head_of(request))).render(request)


@implementer(IResource)
class RefusedResource(Fixed):
    """The answer where no route takes the request; `refused` says why."""

    __slots__ = ("refused",)

    isLeaf = True

    def __init__(self, refused: Refused) -> None:
        self.refused = refused

    def getChildWithDefault(self, name: bytes, request: IRequest) -> IResource:
        """The refusal itself: nothing is below it."""
        return self

    def render(self, request: IRequest) -> bytes:
        """The reason's status and title as text, with Allow where the method was wrong."""
        reason = self.refused.reason
        request.setResponseCode(reason.status)
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        for line in self.refused.headers.splitlines():
            name, _, value = line.partition(b": ")
            request.setHeader(name.lower(), value)
        return f"{reason.title}.\n".encode()


def proceed(nodes: Sequence[Node[RouteResource[Any]]], name: bytes, request: IRequest) -> IResource:
    """One step of `twisted.web`'s walk through one or more trees at once."""
    segment = canonical_segment(name)
    following = [node.literals.get(segment, node.wild) for node in nodes]
    if request.postpath:
        return AbreastNodes(following) if len(following) != 1 else cast("RouteNode[Any]", following[0])
    head = head_of(request)
    for node in following:
        for route in node.candidates:
            if route.admits(head):
                return route
    return RefusedResource(refusal(following, head))
