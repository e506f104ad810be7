"""Tenants: whose host it is, where a request names one, and what becomes of those that name another."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.messages import RequestHead
from gatewayd.core.pattern import PatternError
from gatewayd.core.tenants import Isolation, Placement, Places, Ruling, Standing, Tenant, TenantTable, decide
from gatewayd.http.heads import parse_request_head

TABLE = TenantTable(
    [
        Tenant("acme", "gold", hosts=("tickets.acme.example", "*.acme.example")),
        Tenant("opera", routes=frozenset({"events"}), hosts=("box.opera.acme.example",)),
        Tenant("closed", status="suspended", hosts=("closed.example",)),
    ]
)


def request(target: bytes = b"/", *lines: bytes, host: bytes = b"api.example") -> RequestHead:
    """A request for `target` at `host` with these field lines."""
    return parse_request_head(b"\r\n".join([b"GET " + target + b" HTTP/1.1", b"Host: " + host, *lines]))


@pytest.mark.parametrize(
    ("host", "tenant"),
    [
        (b"tickets.acme.example", "acme"),
        (b"other.acme.example", "acme"),
        (b"a.b.acme.example", "acme"),
        (b"box.opera.acme.example", "opera"),
        (b"acme.example", None),
        (b"tickets.acme.example.evil.test", None),
        (b"eviltickets-acme.example", None),
        (b"", None),
    ],
)
def test_hosts(host: bytes, tenant: str | None) -> None:
    """A white-label host is its tenant's, the most specific pattern first, and look-alikes are nobody's."""
    found = TABLE.by_host(host)
    assert (found and found.id) == tenant


def test_table() -> None:
    """Tenants are found by their exact id; an empty table knows nobody."""
    acme = TABLE.by_id("acme")
    assert acme is not None
    assert acme.plan == "gold"
    assert acme.may_use("anything")
    assert TABLE.by_id("ACME") is None
    assert TenantTable().by_host(b"tickets.acme.example") is None
    opera = TABLE.by_id("opera")
    assert opera is not None
    assert opera.may_use("events")
    assert not opera.may_use("reports")


def test_faults_of_tables() -> None:
    """Two tenants of one id or one host, a tenant without id, and what is no host are refused."""
    with pytest.raises(ValueError, match='two tenants "a"'):
        TenantTable([Tenant("a"), Tenant("a")])
    with pytest.raises(ValueError, match='belongs to both "a" and "b"'):
        TenantTable([Tenant("a", hosts=("x.example",)), Tenant("b", hosts=("X.example.",))])
    with pytest.raises(ValueError, match="no id"):
        TenantTable([Tenant("")])
    with pytest.raises(PatternError):
        TenantTable([Tenant("a", hosts=("x.example:80",))])


STRICT = Isolation()
OPEN = Isolation(foreign=403, unknown="allow", admin_bypass=True)
OWN, BYPASS, FOREIGN = Standing.OWN, Standing.BYPASS, Standing.FOREIGN
UNKNOWN, SUSPENDED = Standing.UNKNOWN, Standing.SUSPENDED


@pytest.mark.parametrize(
    ("own", "named", "admin", "strict", "opened"),
    [
        ("acme", [], False, Ruling(OWN), Ruling(OWN)),
        ("acme", ["acme", "acme"], False, Ruling(OWN), Ruling(OWN)),
        ("acme", ["opera"], False, Ruling(FOREIGN, 404, "opera"), Ruling(FOREIGN, 403, "opera")),
        ("acme", ["acme", "opera"], False, Ruling(FOREIGN, 404, "opera"), Ruling(FOREIGN, 403, "opera")),
        ("acme", ["opera", "acme"], False, Ruling(FOREIGN, 404, "opera"), Ruling(FOREIGN, 403, "opera")),
        ("acme", ["nobody"], False, Ruling(FOREIGN, 404, "nobody"), Ruling(FOREIGN, 403, "nobody")),
        ("acme", ["ACME"], False, Ruling(FOREIGN, 404, "ACME"), Ruling(FOREIGN, 403, "ACME")),
        ("acme", [""], False, Ruling(FOREIGN, 404, ""), Ruling(FOREIGN, 403, "")),
        ("acme", ["acme"], True, Ruling(OWN), Ruling(OWN)),
        ("acme", ["opera"], True, Ruling(FOREIGN, 404, "opera"), Ruling(BYPASS, None, "opera")),
        ("acme", ["closed"], True, Ruling(FOREIGN, 404, "closed"), Ruling(BYPASS, None, "closed")),
        ("closed", ["closed"], False, Ruling(SUSPENDED, 403), Ruling(SUSPENDED, 403)),
        ("closed", [], True, Ruling(SUSPENDED, 403), Ruling(SUSPENDED, 403)),
        ("nobody", ["nobody"], False, Ruling(UNKNOWN, 403), Ruling(OWN)),
        ("nobody", ["acme"], False, Ruling(UNKNOWN, 403), Ruling(FOREIGN, 403, "acme")),
        ("nobody", ["acme"], True, Ruling(UNKNOWN, 403), Ruling(BYPASS, None, "acme")),
        (None, [], False, Ruling(UNKNOWN, 403), Ruling(OWN)),
        (None, ["acme"], False, Ruling(UNKNOWN, 403), Ruling(FOREIGN, 403, "acme")),
        (None, ["acme"], True, Ruling(UNKNOWN, 403), Ruling(BYPASS, None, "acme")),
        (None, [], True, Ruling(UNKNOWN, 403), Ruling(OWN)),
        ("", [""], False, Ruling(UNKNOWN, 403), Ruling(FOREIGN, 403, "")),
    ],
)
def test_decide(own: str | None, named: list[str], admin: bool, strict: Ruling, opened: Ruling) -> None:
    """Every kind of request under the strictest and the most open policy."""
    assert decide(own, named, TABLE, STRICT, admin) == strict
    assert decide(own, named, TABLE, OPEN, admin) == opened


def test_administrators_without_a_tenant() -> None:
    """They may work on tenants where the bypass is open, also where unknown tenants are refused; others may not."""
    policy = Isolation(admin_bypass=True)
    assert decide(None, ["acme"], TABLE, policy, True) == Ruling(BYPASS, None, "acme")
    assert decide(None, ["acme"], TABLE, policy, False) == Ruling(UNKNOWN, 403)
    assert decide("nobody", ["acme"], TABLE, policy, True) == Ruling(UNKNOWN, 403)


@given(
    st.sampled_from(["acme", "opera", "closed", "nobody", None]),
    st.lists(st.sampled_from(["acme", "opera", "nobody", ""]), max_size=4),
    st.builds(
        Isolation,
        foreign=st.sampled_from([403, 404]),
        unknown=st.sampled_from(["allow", "refuse"]),
        admin_bypass=st.booleans(),
    ),
    st.booleans(),
)
def test_no_way_into_another_tenant(own: str | None, named: list[str], policy: Isolation, admin: bool) -> None:
    """Whoever names another tenant is refused, or is an administrator where the policy says so, and is audited."""
    ruling = decide(own, named, TABLE, policy, admin)
    if ruling.status is None and any(name != own for name in named):
        assert admin
        assert policy.admin_bypass
        assert ruling.audited
        assert ruling.target != own
    assert not (ruling.audited and ruling.status)


QUERY = Places([Placement("query", "tenant_id")])


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (b"tenant_id=acme", ["acme"]),
        (b"a=1&tenant_id=acme&b=2", ["acme"]),
        (b"tenant_id=acme&tenant_id=opera", ["acme", "opera"]),
        (b"tenant_id=acme;tenant_id=opera", ["acme", "opera"]),
        (b"a=1;tenant_id=opera", ["opera"]),
        (b"%74enant_id=acme", ["acme"]),
        (b"tenant%5fid=acme&tenant%5Fid=opera", ["acme", "opera"]),
        (b"%54%45%4e%41%4E%54%5F%49%44=acme", ["acme"]),
        (b"TENANT_ID=acme", ["acme"]),
        (b"tenant_id=%61cm%65", ["acme"]),
        (b"tenant_id=a+c%20me", ["a c me"]),
        (b"tenant_id=%ff", ["\ufffd"]),
        (b"tenant_id=%c0%e1cme", ["\ufffd\ufffdcme"]),
        (b"tenant_id", [""]),
        (b"tenant_id=", [""]),
        (b"tenant_id=a=b", ["a=b"]),
        (b"tenant_id[]=acme&tenant_id[0]=opera", ["acme", "opera"]),
        (b"tenant_id%5B%5D=opera", ["opera"]),
        (b"tenant.id=opera", ["opera"]),
        (b"+tenant_id=opera&%20tenant+id=acme", ["opera", "acme"]),
        (b"&&tenant_id=acme&&", ["acme"]),
        (b"my_tenant_id=opera", []),
        (b"tenant_ids=opera", []),
        (b"a=tenant_id=opera", []),
        (b"tenantid=opera&tenant__id=opera", []),
        (b"", []),
    ],
)
def test_queries(query: bytes, named: list[str]) -> None:
    """Every occurrence of the key is found in every form that a service may read as this key, and no other key."""
    assert QUERY.named(request(b"/x?" + query), {}, TABLE) == named


@given(st.data(), st.text(max_size=6), st.lists(st.sampled_from([b"a=1", b"b", b"", b"c=tenant_id"]), max_size=4))
def test_escaped_queries(data: st.DataObject, value: str, others: list[bytes]) -> None:
    """Whichever characters of key and value are escaped, the value is found once."""
    key = "".join(data.draw(st.sampled_from([c, c.upper(), f"%{ord(c):02x}", f"%{ord(c):02X}"])) for c in "tenant_id")
    written = data.draw(st.sampled_from([quote(value, safe=""), quote_plus(value)]))
    place = data.draw(st.integers(0, len(others)))
    query = b"&".join([*others[:place], f"{key}={written}".encode(), *others[place:]])
    assert QUERY.named(request(b"/?" + query), {}, TABLE) == [value]


def test_keys_beyond_ascii() -> None:
    """A key may have letters that a query can only hold escaped, in either case."""
    places = Places([Placement("query", "société")])
    assert places.named(request(b"/?soci%C3%A9t%c3%a9=a&SOCI%C3%89T%C3%89=b&soci%C3%A8te=c"), {}, TABLE) == ["a", "b"]


def test_long_queries() -> None:
    """A query made to be read again and again is gone through once."""
    blanks = b"&".join([b"+" * 20] * 200)
    assert QUERY.named(request(b"/?" + blanks + b"&tenant_id=acme"), {}, TABLE) == ["acme"]
    assert QUERY.named(request(b"/?" + b"tenant_id[" * 400), {}, TABLE) == [""]


def test_paths() -> None:
    """A path's parameter counts with its escapes decoded; parameters that name no tenant do not."""
    places = Places([Placement("path", "tenant"), Placement("path", "venue")])
    assert places.named(request(), {"tenant": b"a%20b", "id": b"7"}, TABLE) == ["a b"]
    assert places.named(request(), {"tenant": b"acme;x=1", "venue": b"%C3%A9"}, TABLE) == ["acme;x=1", "é"]


@pytest.mark.parametrize(
    ("host", "named"),
    [
        (b"tickets.acme.example", ["acme"]),
        (b"opera.tickets.test", ["opera"]),
        (b"OPERA.Tickets.TEST.", ["opera"]),
        (b"a.opera.tickets.test", ["a.opera"]),
        (b"tickets.test", []),
        (b"xtickets.test", []),
        (b"api.example", []),
    ],
)
def test_names_in_hosts(host: bytes, named: list[str]) -> None:
    """A host names the tenant whose own it is, or the one written before a suffix."""
    places = Places([Placement("host"), Placement("host", "*.tickets.test")])
    assert places.named(request(host=host), {}, TABLE) == named


def test_fields() -> None:
    """Every line of a field counts, spelled as any service may read it; no list is taken apart: no id has commas."""
    places = Places([Placement("header", "X-Tenant")])
    lines = [b"X-Tenant: acme", b"x_tenant: opera", b"X-TENANT: acme, opera", b"X-Tenants: other", b"X-Tenant: \xff"]
    assert places.named(request(b"/", *lines), {}, TABLE) == ["acme", "opera", "acme, opera", "\ufffd"]
    assert places.named(request(b"/", b"X.Tenant: opera", b"x~tenant: acme"), {}, TABLE) == ["opera", "acme"]


def test_all_places_together() -> None:
    """One request may name tenants in every place; nothing is named where no place is configured."""
    places = Places(
        [Placement("path", "t"), Placement("query", "t"), Placement("query", "u"), Placement("header", "T")]
    )
    head = request(b"/?u=3&t=2", b"T: 4")
    assert places.named(head, {"t": b"1"}, TABLE) == ["1", "3", "2", "4"]
    assert Places([]).named(head, {"t": b"1"}, TABLE) == []


@pytest.mark.parametrize("placement", [Placement("path"), Placement("query"), Placement("header")])
def test_nameless_placements(placement: Placement) -> None:
    """Everything but the host needs to say where."""
    with pytest.raises(ValueError, match="needs a name"):
        Places([placement])


def test_placements_in_exact_hosts() -> None:
    """An exact host has no part that could name a tenant."""
    with pytest.raises(ValueError, match=r"\*\."):
        Places([Placement("host", "api.example")])
