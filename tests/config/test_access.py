"""What routes demand of their callers must be there to be met; where it is not, nothing is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.identified import AUTHENTICATED, SERVICE
from tests.config.sample import loaded, problems, said

_NO_SECTION = "add the section 'authentication'"


def route(keys: str) -> str:
    """A configuration with authentication and a route with these keys."""
    return AUTHENTICATED + SERVICE + f"routes: [{{path: '/a/{{org}}', service: pay, {keys}}}]\n"


@pytest.mark.parametrize("key", ["auth: required", "auth: optional", "authorize: {roles: [x]}", "tenant: {query: t}"])
def test_nobody_can_prove_who_is_calling(tmp_path: Path, key: str) -> None:
    """Without authentication nothing may be asked of callers."""
    (found,) = said(tmp_path, SERVICE + f"routes: [{{path: /a, service: pay, {key}}}]\n")
    name = key.partition(":")[0]
    assert found == (2, 35, f"nobody can prove who is calling, so {name!r} lets nobody in", _NO_SECTION)


def test_public_needs_nothing(tmp_path: Path) -> None:
    """A route may be called public, whatever else there is."""
    for before in ("", AUTHENTICATED):
        config = loaded(tmp_path, before + SERVICE + "routes: [{path: /a, service: pay, auth: public}]\n")
        assert config.auth_of(config.routes[0]).mode == "public"


@pytest.mark.parametrize(
    ("keys", "at", "message", "hint"),
    [
        ("auth: never", "never", "'never' cannot stand here", "write public, optional, required, or a mapping"),
        ("auth: require", "require", "'require' cannot stand here", "did you mean 'required'?"),
        ("auth: true", "true", "'true' cannot stand here", "write public, optional, required, or a mapping"),
        ("auth: {methods: []}", "[]", "'methods' is empty", "write at least one"),
        (
            "auth: {mode: public, methods: [jwt]}",
            "methods",
            "on a public route 'methods' does nothing",
            "remove it",
        ),
        (
            "auth: {methods: [api_key]}",
            "api_key",
            "the section 'authentication' has no 'api_key'",
            "known values: jwt",
        ),
        ("auth: {issuers: [owm]}", "owm", "there is no issuer 'owm'", "did you mean 'own'?"),
        (
            "auth: public, authorize: {roles: [x]}",
            "authorize",
            "a public route does not know its callers, so 'authorize' is in vain",
            "remove it, or write 'auth: required'",
        ),
        (
            "auth: public, tenant: {query: t}",
            "tenant",
            "a public route does not know its callers, so 'tenant' is in vain",
            "remove it, or write 'auth: required'",
        ),
        (
            "auth: {mode: optional}, authorize: {roles: [x]}",
            "authorize",
            "with 'auth: optional' callers who say nothing would pass",
            "write 'auth: required'",
        ),
        (
            "authorize: {}",
            "{}",
            "this asks for nothing",
            "name what a caller needs, or write 'auth: required' instead",
        ),
        ("authorize: {scopes: [a], roles: []}", "roles", "'roles' is empty", "name at least one, or remove it"),
        (
            "authorize: {permissions: [read]}",
            "read",
            "'read' is not a permission",
            "write resource:action, resource:* or *",
        ),
        ("authorize: {policy: hours}", "hours", "there is no policy 'hours'", "there are no policies here"),
        (
            "authorize: {claims: [{path: a}]}",
            "{path: a}",
            "nothing says what the claim must be",
            "add 'equals', 'one_of', 'contains' or 'exists: true'",
        ),
        (
            "authorize: {claims: [{path: a, equals: 1, exists: true}]}",
            "exists",
            "'equals' and 'exists' exclude each other",
            "keep one of them",
        ),
        (
            "authorize: {claims: [{path: a, exists: false}]}",
            "false",
            "'exists' cannot be 'false'",
            "write true, or remove it",
        ),
        (
            "authorize: {claims: [{path: a, one_of: []}]}",
            "[]",
            "must be a value, or a list of some",
            "write text, a number, true or false",
        ),
        (
            "authorize: {claims: [{path: a, equals: [1]}]}",
            "[1]",
            "must be one value",
            "write text, a number, true or false",
        ),
        (
            "tenant: {foreign: 404}",
            "tenant",
            "nothing says where requests name a tenant",
            "add 'path', 'query', 'header' or 'host'",
        ),
        ("tenant: {path: orc}", "orc", "the path has no parameter 'orc'", "did you mean 'org'?"),
        (
            "tenant: {host: true}",
            "host",
            "no tenant has a host of its own",
            "give tenants 'hosts' in 'tenants.table', or write a pattern such as *.example.org",
        ),
        (
            "tenant: {host: example.org}",
            "example.org",
            "'example.org' says of no host whose it is",
            "write true for hosts that tenants call their own, or a pattern such as *.example.org",
        ),
        (
            "tenant: {query: t, admin_bypass: true}",
            "admin_bypass",
            "nothing says who is an administrator",
            "add 'admin_permission' to 'tenants', or remove it",
        ),
        (
            "webhook: {}",
            "webhook",
            "'secrets' is missing",
            "secrets: What it may be signed with, each of at least 16 bytes; more than one while they are changed.",
        ),
        ("webhook: {secrets: []}", "[]", "'secrets' is empty", "write at least one"),
        ("webhook: {secrets: hush}", "hush", "'secrets' must be a list", "write it in brackets"),
        ("webhook: {secrets: [5, hush]}", "5,", "an entry of 'secrets' must be text", "put quotes around it"),
        (
            "webhook: {form: plain, secrets: [hush-hush-hush-hush], tolerance: 1m}",
            "tolerance",
            "the plain form has no time, so 'tolerance' does nothing",
            "remove it, or use 'form: timed' if the sender can",
        ),
        ("cors: {}", "cors", "no origin is named", "add 'origins', such as [https://app.example.org]"),
        (
            "csrf: {trusted: ['null']}",
            "'null'",
            "'null' is not an origin that can be named here",
            "every sandboxed page has this origin",
        ),
        ("csrf: maybe", "maybe", "'maybe' cannot stand here", "write true, false, or a mapping"),
        (
            "request_headers: {set: {x-tenant-id: a}}",
            "x-tenant-id",
            "'x-tenant-id' tells services who is calling, as verified",
            "remove it, or choose another header in 'identity_headers'",
        ),
    ],
)
def test_routes(tmp_path: Path, keys: str, at: str, message: str, hint: str) -> None:
    """Each fault is told once, at its place, and no secret with it."""
    text = route(keys)
    (problem,) = problems(tmp_path, text)
    assert (problem.message, problem.hint) == (message, hint)
    assert text.splitlines()[2].startswith(at, problem.column - 1)
    assert "hush" not in str(problem)


def test_issuers_without_their_method(tmp_path: Path) -> None:
    """Issuers are of no use to a route that does not take their tokens."""
    text = route("auth: {methods: [introspection], issuers: [own]}").replace(
        "{issuers", "{introspection: {url: 'https://a/', client_id: a, client_secret: b}, issuers"
    )
    (found,) = said(tmp_path, text)
    assert found.message == "without jwt 'issuers' does nothing"


def test_roles_are_those_of_the_table(tmp_path: Path) -> None:
    """Where roles are listed, another one is a slip; where none are, tokens may have any."""
    text = route("authorize: {roles: [stuff]}")
    loaded(tmp_path, text)
    (found,) = said(tmp_path, text + "authorization: {roles: {staff: ['a:b']}}\n")
    assert found[2:] == ("'authorization.roles' has no 'stuff'", "did you mean 'staff'?")


def test_hosts_and_administrators_may_be_elsewhere(tmp_path: Path) -> None:
    """Tenants' hosts may come from a file, and a permission makes an administrator."""
    text = route("tenant: {host: true, admin_bypass: true}")
    loaded(tmp_path, text + "tenants: {file: /t.yaml, admin_permission: '*'}\n")
    loaded(tmp_path, text + "tenants: {table: {a: {hosts: [a.org]}}, admin_permission: '*'}\n")


def test_routes_of_tenants(tmp_path: Path) -> None:
    """They go by name, also by one that was made from a path or got a number."""
    services = (
        SERVICE + "routes: [{path: /a, service: pay}, {path: /A/*, service: pay}, {path: /b, name: x, service: pay}]\n"
    )
    loaded(tmp_path, services + "tenants: {table: {t: {routes: [a, a-2, x]}}}\n")
    (found,) = said(tmp_path, services + "tenants: {table: {t: {routes: [b]}}}\n")
    assert found.message == "there is no route 'b'"


def test_headers_about_callers_are_free_without_any(tmp_path: Path) -> None:
    """Where nobody is known, a route may write what it likes; and it may always take such headers away."""
    edits = "request_headers: {set: {X-Tenant-Id: fixed}}"
    loaded(tmp_path, SERVICE + f"routes: [{{path: /a, service: pay, {edits}}}]\n")
    loaded(tmp_path, route("request_headers: {remove: [X-Tenant-Id]}"))
