"""Tenants from the client's bytes to the service's, the counters and the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import log as log
from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, PEPPER, Gate, bearer, configured, token
from tests.pipeline.test_request_heads import fields

TENANTS = """authorization: {roles: {admin: ["*"], staff: ["door:open"]}}
tenants:
  admin_permission: tenants:any
  table:
    acme: {hosts: [acme.example]}
    rival: {hosts: [rival.example]}
    late: {status: suspended}
    bound: {routes: [named]}
    near: {allow: [198.51.100.0/24]}"""
ROUTES = """\
name: named, path: '/t/{org}/**', service: main, tenant: {path: org, query: org, header: X-Org, foreign: 403}
name: admin, path: "/a/{org}/**", service: main, tenant: {path: org, admin_bypass: true}
name: open, path: "/o/**", service: main, auth: optional
name: rest, path: "/**", service: main"""
CONFIG = configured(ROUTES, more=TENANTS)
ADMIN = bearer(token(roles=["admin"]))


def crossings(gate: Gate) -> dict[tuple[str, str], float]:
    """Who named whom, and how often."""
    families = gate.metrics.registry.collect()
    return {
        (sample.labels["source_tenant"], sample.labels["target_tenant"]): sample.value
        for family in families
        for sample in family.samples
        if sample.name == "cross_tenant_attempts_total"
    }


@pytest.mark.parametrize(
    ("tenant", "path", "said"),
    [
        ("acme", b"/t/acme/1", "served"),
        ("acme", b"/t/rival/1", "foreign-tenant"),
        ("acme", b"/t/acme/1?org=rival", "foreign-tenant"),
        ("acme", b"/a/rival/1", "no-route"),
        ("acme", b"/x/rival", "served"),
        ("late", b"/x", "tenant-suspended"),
        ("bound", b"/t/bound/1", "served"),
        ("bound", b"/x", "tenant-route"),
        ("near", b"/x", "address-denied"),
        ("lost", b"/x", "tenant-unknown"),
        (None, b"/x", "tenant-unknown"),
    ],
)
def test_tenants(tmp_path: Path, tenant: str | None, path: bytes, said: str) -> None:
    """Refused before any service hears of it, and told so; or served as its own tenant."""
    gate = Gate(tmp_path, CONFIG)
    assert gate.call(bearer(token(tenant_id=tenant)), path=path) == said
    assert bool(gate.dials) == (said == "served")
    if said == "served":
        assert tenant is not None
        assert fields(gate.sent, b"X-Tenant-Id") == [tenant.encode()]
    named = said in ("foreign-tenant", "no-route")
    assert crossings(gate) == ({("acme", "rival"): 1.0} if named else {})
    assert gate.metric("security_violations_total", violation_type="tenant_bypass") == named
    gate.settled()


def test_hidden_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    """The answer is that of a path without a route, byte for byte; the books have the truth."""
    gate = Gate(tmp_path, CONFIG.replace('path: "/**"', 'path: "/x"'))
    client = gate.begin(bearer(), path=b"/a/rival/1")
    hidden = client.take()
    lost = gate.begin(bearer(), path=b"/nothing").take()
    ids = [record["request_id"].encode() for record in gate.records]
    assert hidden.replace(ids[0], b"") == lost.replace(ids[1], b"")
    assert [record["reason"] for record in gate.records] == ["hidden-tenant", "no-route"]


def test_both_tenants_are_logged(tmp_path: Path, log: list[str]) -> None:
    """An attempt and an administrator's visit alike."""
    gate = Gate(tmp_path, CONFIG)
    assert gate.call(bearer(), path=b"/t/rival/1") == "foreign-tenant"
    assert gate.call(ADMIN, path=b"/a/rival/1") == "served"
    assert fields(gate.sent, b"X-Tenant-Id") == [b"acme"]
    assert [line.split(" (")[0] for line in log] == [
        "warn: another tenant named",
        "warn: administrator in another tenant",
    ]


def test_a_white_label_host(tmp_path: Path) -> None:
    """It is its tenant's, on every route, and nobody else's."""
    gate = Gate(tmp_path, CONFIG)
    for host, said in ((b"acme.example", "served"), (b"rival.example", "no-route"), (b"else.example", "served")):
        client = gate.client()
        client.send(b"GET /x HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (host, bearer()))
        assert gate.outcome(client) == said


def test_anonymous_callers(tmp_path: Path) -> None:
    """Have no tenant to be kept to, where a route lets them in."""
    gate = Gate(tmp_path, CONFIG)
    assert gate.call(path=b"/o/rival") == "served"
    assert fields(gate.sent, b"X-Tenant-Id") == []


def test_a_keys_tenant(tmp_path: Path) -> None:
    """Is judged like a token's."""
    keys = f"api_keys: {{pepper: '{PEPPER}', keys: [{{id: {KEY_ID}, hash: {KEY_HASH}, tenant: acme}}]}}"
    gate = Gate(tmp_path, configured(ROUTES, keys, TENANTS))
    line = b"X-Api-Key: %b\r\n" % KEY
    assert gate.call(line, path=b"/t/acme/1") == "served"
    assert gate.call(line, path=b"/t/rival/1") == "foreign-tenant"


def test_a_remembered_token(tmp_path: Path) -> None:
    """What it may reach is asked each time: the second request is no more allowed than the first."""
    gate = Gate(tmp_path, CONFIG)
    paths = [b"/t/acme/1", b"/t/rival/1"] * 2
    assert [gate.call(bearer(), path=path) for path in paths] == ["served", "foreign-tenant"] * 2
    assert gate.tells("cache_hits_total", cache_type="token") == 3
