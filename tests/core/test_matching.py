"""Matching, rule by rule."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gatewayd.core import matching_automaton
from gatewayd.core.matching import Candidate, Entry, Outcome, Table, TableTooLarge, build_table
from gatewayd.core.messages import RequestHead
from gatewayd.core.reasons import METHOD_NOT_ALLOWED, NO_ROUTE, Refused
from tests.routes.heads import field, head

GET = frozenset({b"GET"})
POST = frozenset({b"POST"})


def table(*entries: Entry[str]) -> Table[Candidate[str]]:
    """A table of these entries."""
    return build_table(entries)


def of_paths(*paths: str) -> Table[Candidate[str]]:
    """A table of routes for any request to these paths, each with its path as payload."""
    return build_table(Entry(path, path) for path in paths)


def refused(table: Table[Candidate[str]], asked: RequestHead) -> Refused:
    """The refusal of a request that no route takes."""
    with pytest.raises(Refused) as caught:
        table.locate(asked)
    return caught.value


@pytest.mark.parametrize(
    ("target", "payload"),
    [
        ("/", "/**"),
        ("/a", "/a"),
        ("/a/", "/a/**"),
        ("/a/b", "/a/b"),
        ("/a/x", "/a/{id}"),
        ("/a/x/c", "/a/*/c"),
        ("/a/x/d", "/a/**"),
        ("/a/b/c", "/a/*/c"),
        ("/z/b", "/{top}/b"),
        ("/z/c", "/**"),
        ("/a/b/e/f", "/a/**"),
    ],
)
@pytest.mark.parametrize("arrange", [sorted, lambda paths: sorted(paths, reverse=True)])
def test_most_specific_path(target: str, payload: str, arrange: Callable[[list[str]], list[str]]) -> None:
    """The most specific path takes the request in whatever order the routes are written."""
    paths = ["/a", "/a/b", "/a/{id}", "/a/*/c", "/a/**", "/{top}/b", "/**"]
    assert of_paths(*arrange(paths)).locate(head(target)).payload == payload


def test_no_backtracking_needed() -> None:
    """A literal that leads nowhere does not hide the wildcard beside it."""
    routes = of_paths("/a/b/c", "/*/b/d", "/a/{y}/e", "/a/{x}/**")
    assert routes.locate(head("/a/b/d")).payload == "/a/{x}/**"
    assert routes.locate(head("/a/b/e")).payload == "/a/{y}/e"
    assert routes.locate(head("/b/b/d")).payload == "/*/b/d"
    assert refused(routes, head("/b/b/c")).reason is NO_ROUTE


def test_more_conditions_first() -> None:
    """Of routes with the same path the one with more conditions is tried first, and methods count as one."""
    routes = table(
        Entry("/a", "any"),
        Entry("/a", "get", methods=GET),
        Entry("/a", "beta", methods=GET, headers=((b"x-beta", b"1"),)),
    )
    assert routes.locate(head("/a", x_beta="1")).payload == "beta"
    assert routes.locate(head("/a", x_beta="2")).payload == "get"
    assert routes.locate(head("/a", "POST", x_beta="1")).payload == "any"


def test_file_order_last() -> None:
    """Routes that are equally specific are tried in the order they are written."""
    routes = table(Entry("/a", "x", headers=((b"x", None),)), Entry("/a", "y", headers=((b"y", None),)))
    assert routes.locate(head("/a", x="", y="")).payload == "x"
    assert routes.locate(head("/a", y="")).payload == "y"
    assert refused(routes, head("/a")).reason is NO_ROUTE


def test_header_conditions() -> None:
    """A header condition holds if any line has exactly that value, or any at all where none is given."""
    routes = table(Entry("/", "one", headers=((b"x-a", b"1"),)), Entry("/", "present", headers=((b"x-b", None),)))
    twice = head("/", x_a="0")
    twice.fields.append(field("x_a", "1"))
    assert routes.locate(twice).payload == "one"
    assert routes.locate(head("/", x_b="")).payload == "present"
    assert refused(routes, head("/", x_a="1,1")).reason is NO_ROUTE


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("?v=2", True),
        ("?a&v=2&b=", True),
        ("?v=1&v=2", True),
        ("?%76=%32", True),
        ("?v=2%20", False),
        ("?V=2", False),
        ("?v", False),
        ("?", False),
        ("", False),
    ],
)
def test_query_conditions(query: str, matches: bool) -> None:
    """A query condition holds if any parameter, decoded as a form, has exactly that value."""
    routes = table(Entry("/", "yes", query=((b"v", b"2"),)), Entry("/", "no"))
    assert routes.locate(head("/" + query)).payload == ("yes" if matches else "no")


def test_query_presence() -> None:
    """A query condition without a value asks for the parameter only; "+" is a space."""
    routes = table(Entry("/", "yes", query=((b"a b", None),)))
    assert routes.locate(head("/?a+b")).payload == "yes"
    assert refused(routes, head("/?a=b")).reason is NO_ROUTE


def test_head_where_get_is() -> None:
    """HEAD is allowed wherever GET is; OPTIONS only where it is named."""
    routes = table(Entry("/a", "get", methods=GET))
    assert routes.locate(head("/a", "HEAD")).payload == "get"
    assert refused(routes, head("/a", "OPTIONS")).headers == b"Allow: GET, HEAD\r\n"


def test_method_not_allowed() -> None:
    """405 names the methods of every route whose path and other conditions match, and 404 is for none of them."""
    routes = table(
        Entry("/a/b", "1", methods=GET),
        Entry("/a/**", "2", methods=POST),
        Entry("/a/b", "3", methods=frozenset({b"DELETE"}), headers=((b"x-admin", None),)),
    )
    assert routes.locate(head("/a/b", "POST")).payload == "2"
    wrong = refused(routes, head("/a/b", "PUT"))
    assert (wrong.reason, wrong.headers) == (METHOD_NOT_ALLOWED, b"Allow: GET, HEAD, POST\r\n")
    assert refused(routes, head("/a/b", "PUT", x_admin="1")).headers == b"Allow: DELETE, GET, HEAD, POST\r\n"
    unknown = refused(routes, head("/b", "PUT"))
    assert (unknown.reason, unknown.headers) == (NO_ROUTE, b"")


def test_hosts() -> None:
    """The exact host comes before the longest suffix, and that before routes for any host."""
    routes = table(
        Entry("/**", "any"),
        Entry("/**", "org", hosts=("*.org",)),
        Entry("/**", "example", hosts=("*.example.org",)),
        Entry("/**", "api", hosts=("api.example.org", "API.example.net")),
    )
    chosen = {
        name: routes.locate(head("/", host=name)).payload
        for name in ("api.example.org", "x.y.example.org", "example.org", "api.example.net", "org", "", "[::1]")
    }
    assert list(chosen.values()) == ["api", "example", "org", "api", "any", "any", "any"]


def test_fall_back_to_other_hosts() -> None:
    """What no route of the more specific host takes goes to the less specific, by path, condition or method."""
    routes = table(
        Entry("/a", "own", hosts=("a.example.org",), methods=GET),
        Entry("/b", "suffix", hosts=("*.example.org",), headers=((b"x", None),)),
        Entry("/**", "any", methods=POST),
    )
    assert routes.locate(head("/a", host="a.example.org")).payload == "own"
    assert routes.locate(head("/b", host="a.example.org", x="")).payload == "suffix"
    assert routes.locate(head("/a", "POST", host="a.example.org")).payload == "any"
    assert refused(routes, head("/a", "PUT", host="a.example.org")).headers == b"Allow: GET, HEAD, POST\r\n"
    assert refused(routes, head("/b", host="a.example.org")).headers == b"Allow: POST\r\n"


def test_no_routes() -> None:
    """An empty table refuses everything."""
    assert refused(table(), head("/")).reason is NO_ROUTE
    assert refused(table(Entry("/", "x", hosts=("a.org",))), head("/")).reason is NO_ROUTE


def test_empty_methods_are_a_mistake() -> None:
    """A route that allows no method is refused at once."""
    with pytest.raises(ValueError, match="without methods"):
        table(Entry("/", "x", methods=frozenset()))


def test_explain() -> None:
    """The explanation has every route whose host and path match, in order, with the reason why it lost."""
    routes = table(
        Entry("/a/**", "rest", name="rest"),
        Entry("/a/b", "post", methods=POST, name="post"),
        Entry("/a/b", "beta", headers=((b"x-beta", b"1"),), name="beta"),
        Entry("/a/b", "paged", query=((b"page", None),), hosts=("h.org",), name="paged"),
        Entry("/a/{id}", "id", name="id"),
        Entry("/b", "b", name="b"),
    )
    explained = routes.explain(head("/a/b", host="h.org"))
    assert explained.winner is not None
    assert explained.winner.payload == "id"
    assert [(v.candidate.name, v.host, v.outcome, v.detail) for v in explained.verdicts] == [
        ("paged", b"h.org", Outcome.CONDITION, "query page is not present"),
        ("post", b"", Outcome.METHOD, "allowed: POST"),
        ("beta", b"", Outcome.CONDITION, 'header x-beta is not "1"'),
        ("id", b"", Outcome.TAKEN, ""),
        ("rest", b"", Outcome.OUTRANKED, "id comes first"),
    ]


def test_explain_refusal() -> None:
    """Without a winner the explanation still has every verdict."""
    explained = table(Entry("/a", "x", methods=POST)).explain(head("/a"))
    assert explained.winner is None
    assert [verdict.outcome for verdict in explained.verdicts] == [Outcome.METHOD]


def test_listing() -> None:
    """The listing goes from exact hosts over suffixes to any host, each with its routes by specificity."""
    routes = table(Entry("/**", "1"), Entry("/a", "2", hosts=("b.org", "*.b.org", "*.org")), Entry("/a", "3"))
    assert [(host, [route.payload for route in found]) for host, found in routes.listing()] == [
        (b"b.org", ["2"]),
        (b".b.org", ["2"]),
        (b".org", ["2"]),
        (b"", ["3", "1"]),
    ]


def test_names_in_messages() -> None:
    """A route is shown by its name and path, or by its path alone."""
    first, second = table(Entry("/a", "", name="one"), Entry("/b", "")).candidates
    assert repr(first) == "<Candidate one (/a)>"
    assert repr(second) == "<Candidate /b>"


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wildcards that multiply are refused with the names of routes that take part, not built."""
    monkeypatch.setattr(matching_automaton, "FREE_BYTES", 0)
    paths = ["/" + "/".join("a" if at == place else "*" for at in range(20)) for place in range(20)]
    with pytest.raises(TableTooLarge, match=r"overlap in too many combinations.*r\d+ \(/") as caught:
        build_table(Entry(path, "", name=f"r{at}") for at, path in enumerate(paths))
    assert 1 < len(caught.value.candidates) < 10


def test_long_lists_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conditional catch-all routes multiply with the others, and are named when that becomes too much."""
    monkeypatch.setattr(matching_automaton, "FREE_BYTES", 0)
    catching = [Entry("/**", "", headers=((b"x", b"%d" % at),), name=f"catch{at}") for at in range(1000)]
    with pytest.raises(TableTooLarge, match="catch"):
        build_table(catching + [Entry(f"/p{at}/**", "", methods=GET) for at in range(500)])
