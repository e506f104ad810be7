"""The route tree: host, then path segments, then the route."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from twisted.web.iweb import IRequest
from twisted.web.resource import IResource
from zope.interface import implementer

from gatewayd.core.matching import Entry, Table, refusal
from gatewayd.core.matching_candidate import T
from gatewayd.routes.resource import (
    Fixed,
    RefusedResource,
    Renderer,
    RouteNode,
    RouteResource,
    decline,
    proceed,
)
from gatewayd.routes.stock import head_of, host_of


@implementer(IResource)
class RouteTree(Fixed, Table[RouteResource[T]]):
    """All routes of a configuration, as the root resource of a site.

    The data plane asks `locate` (see `Table`); stock `twisted.web` walks the same nodes. `render` answers requests that
    come the second way. Raises `PatternError` for an entry that does not parse and `TableTooLarge`.
    """

    __slots__ = ("server",)  # what `twisted.web.resource.Resource.putChild` sets on its children

    isLeaf = False

    def __init__(self, entries: Iterable[Entry[T]], render: Renderer = decline) -> None:
        super().__init__([RouteResource(entry, index, render) for index, entry in enumerate(entries)], RouteNode)

    def children(self) -> dict[bytes, RouteNode[T]]:
        """The root of each host pattern's tree, by the pattern's key (see `gatewayd.core.hostpattern`)."""
        return cast("dict[bytes, RouteNode[T]]", dict(self.trees))

    def getChildWithDefault(self, name: bytes, request: IRequest) -> IResource:
        """The first step of a path in the trees of the request's host."""
        return proceed(self.roots(host_of(request)), name, request)

    def render(self, request: IRequest) -> bytes | int:
        """Refuse: a path that stops before its first segment meets no route."""
        return RefusedResource(refusal((), head_of(request))).render(request)
