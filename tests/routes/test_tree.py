"""The route tree, asked directly and walked by stock `twisted.web`."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource, getChildForRequest
from twisted.web.server import Site
from twisted.web.test.requesthelper import DummyRequest
from zope.interface.verify import verifyObject

from gatewayd.core.matching import Entry
from gatewayd.core.reasons import METHOD_NOT_ALLOWED, NO_ROUTE, Refused
from gatewayd.routes.resource import AbreastNodes, RefusedResource, RouteResource
from gatewayd.routes.tree import RouteTree
from tests.routes.heads import head
from tests.routes.tables import Asked, Routes, requests, tables

GET = frozenset({b"GET"})


def dummy(asked: Asked) -> DummyRequest:
    """The request as `twisted.web` would hand it to a site's root."""
    request = DummyRequest(asked.path[1:].encode().split(b"/"))
    request.method = asked.method.encode()
    request.uri = asked.path.encode() + (b"" if asked.query is None else b"?q=" + asked.query.encode())
    request.requestHeaders.addRawHeader(b"Host", asked.host.upper().encode() + b":8080")
    if asked.header is not None:
        request.requestHeaders.addRawHeader(b"X-A", asked.header.encode())
    return request


@given(tables, requests())
def test_both_ways_agree(routes: Routes, asked: Asked) -> None:
    """The walk of `twisted.web` ends at the very resource that `locate` names, or at the same refusal."""
    tree = RouteTree(routes)
    walked: object = getChildForRequest(tree, dummy(asked))
    if isinstance(walked, RefusedResource):
        walked = (walked.refused.reason, walked.refused.headers)
    located: object
    try:
        located = tree.locate(asked.head())
    except Refused as refused:
        located = (refused.reason, refused.headers)
    assert walked == located


def test_parameters_and_rest() -> None:
    """A route names the segments its parameters took and lists those that `**` matched, as they stand in the path."""
    tree = RouteTree([Entry("/v1/{kind}/{id}/**", 1)])
    segments = [b"v1", b"tickets", b"caf%C3%A9", b"a", b""]
    route = tree.locate(head("/v1/tickets/caf%C3%A9/a/"))
    assert route.params(segments) == {"kind": b"tickets", "id": b"caf%C3%A9"}
    assert route.rest(segments) == [b"a", b""]
    assert route.rest(segments[:3]) == []
    assert route.payload == 1


def test_exact_routes_have_no_rest() -> None:
    """Without `**` nothing is left over, and without parameters nothing is named."""
    route = RouteTree([Entry("/a/*", 1)]).locate(head("/a/b"))
    assert route.rest([b"a", b"b"]) == []
    assert route.params([b"a", b"b"]) == {}


def test_interfaces() -> None:
    """Every resource of the tree provides `IResource`."""
    tree = RouteTree([Entry("/a", 1)])
    node = tree.children()[b""]
    for resource in (
        tree,
        node,
        node.children()[b"a"],
        tree.candidates[0],
        AbreastNodes(()),
        RefusedResource(Refused(NO_ROUTE)),
    ):
        verifyObject(IResource, resource)


def test_nothing_is_added_later() -> None:
    """Children come from the configuration only."""
    tree = RouteTree([Entry("/a", 1)])
    for resource in (tree, tree.children()[b""], tree.candidates[0]):
        with pytest.raises(TypeError, match="built from configuration"):
            resource.putChild(b"b", Resource())


def test_children() -> None:
    """A node lists its literals and, as "*", where every other segment leads."""
    root = RouteTree([Entry("/a/b", 1), Entry("/c", 2), Entry("/{x}/b", 3)]).children()[b""]
    assert sorted(root.children()) == [b"", b"*", b"a", b"c"]
    assert [route.payload for route in root.children()[b"a"].children()[b"b"].candidates] == [1]
    assert [route.payload for route in root.children()[b"*"].children()[b"b"].candidates] == [3]


def test_escapes_of_stock_requests() -> None:
    """`twisted.web` decodes segments before a resource sees them; they are matched in canonical form again."""
    tree = RouteTree([Entry("/café/a b:c", 1)])
    found = getChildForRequest(tree, DummyRequest(["café".encode(), b"a b:c"]))
    assert found is tree.candidates[0]


def test_leaves_lead_to_themselves() -> None:
    """A route and a refusal take whatever is left of a path."""
    for leaf in (RouteTree([Entry("/a", 1)]).candidates[0], RefusedResource(Refused(NO_ROUTE))):
        assert leaf.isLeaf
        assert leaf.getChildWithDefault(b"x", cast(IRequest, DummyRequest([]))) is leaf


def test_below_another_resource() -> None:
    """The tree can stand below another resource, and matches what is left of the path there."""
    root = Resource()
    tree = RouteTree([Entry("/a/{id}", 1)])
    root.putChild(b"mounted", tree)
    assert getChildForRequest(root, DummyRequest([b"mounted", b"a", b"7"])) is tree.candidates[0]


@pytest.mark.parametrize("hosts", [(), ("a.org",)])
def test_path_that_ends_early(hosts: tuple[str, ...]) -> None:
    """A path without any segment meets no route, at the root or at a node rendered itself."""
    tree = RouteTree([Entry("/a/b", 1, hosts=hosts), Entry("/c", 2)])
    for resource in (tree, *tree.children().values(), AbreastNodes(tuple(tree.children().values()))):
        request = DummyRequest([])
        assert resource.render(request) == b"No route matches this request.\n"
        assert request.responseCode == 404


def test_invalid_host_meets_any_host() -> None:
    """A Host that is none matches routes for any host only."""
    tree = RouteTree([Entry("/", 1, hosts=("a.org",)), Entry("/", 2)])
    request = DummyRequest([b""])
    request.requestHeaders.addRawHeader(b"Host", b"a.org/x")
    assert getChildForRequest(tree, request) is tree.candidates[1]


class StockSiteTests(SynchronousTestCase):
    """The tree as the root of a `twisted.web` site, asked over the wire."""

    def ask(self, tree: RouteTree[int], request: bytes) -> tuple[bytes, bytes]:
        """The status line with fields, and the body, of the answer to `request`."""
        reactor = MemoryReactorClock()
        site = Site(tree, reactor=reactor)
        channel = site.buildProtocol(None)
        transport = StringTransport()
        channel.makeConnection(transport)
        channel.dataReceived(request + b" HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n")
        channel.connectionLost(None)
        fields, _, body = transport.value().partition(b"\r\n\r\n")
        return fields.lower(), body

    def test_default_renderer(self) -> None:
        """A route says that another server answers it."""
        fields, body = self.ask(RouteTree([Entry("/a/**", 1, name="first")]), b"GET /a/b?c=d")
        assert fields.startswith(b"http/1.1 501 ")
        assert b"The route first is served by gatewayd's data plane" in body

    def test_own_renderer(self) -> None:
        """A renderer given to the tree answers for all routes."""

        def render(route: RouteResource[int], request: IRequest) -> bytes:
            return b"payload %d for %s" % (route.payload, request.prepath[-1])

        _, body = self.ask(RouteTree([Entry("/a/{id}", 7)], render), b"GET /a/x")
        assert b"payload 7 for x" in body

    def test_not_found(self) -> None:
        """A path of no route is a 404."""
        fields, body = self.ask(RouteTree([Entry("/a", 1)]), b"GET /b/c")
        assert fields.startswith(b"http/1.1 404 ")
        assert NO_ROUTE.title.encode() in body

    def test_method_not_allowed(self) -> None:
        """A method of no route is a 405 with Allow."""
        fields, body = self.ask(RouteTree([Entry("/a", 1, methods=GET)]), b"DELETE /a")
        assert fields.startswith(b"http/1.1 405 ")
        assert b"\r\nallow: get, head" in fields
        assert METHOD_NOT_ALLOWED.title.encode() in body
