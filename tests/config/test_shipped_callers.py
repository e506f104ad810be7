"""The shipped configuration with callers switched on, as its comment and docs/demo.md say how."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest

from gatewayd.config import Config, load_with_warnings
from gatewayd.core.tokens.identity import Identity
from gatewayd.core.tokens.issuers import Issuers
from gatewayd.core.tokens.keys import KeySet
from tests.config.test_shipped import SHIPPED, by_path, manual

SECRET = "only-for-trying-it-out-on-this-machine"  # docs/demo.md has the same


@pytest.fixture(scope="module", name="shipped")
def _shipped() -> Config:
    """The file as it is."""
    return load_with_warnings(SHIPPED, {})[0]


@pytest.fixture(scope="module", name="guarded")
def _guarded(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The file without the marks of what is off; that raises no doubts."""
    file = tmp_path_factory.mktemp("guarded") / "gateway.yaml"
    file.write_text(re.sub(r"^#: ", "", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8")
    config, warnings = load_with_warnings(file, {"GATEWAYD_TOKEN_SECRET": SECRET})
    assert warnings == ()
    return config


def test_everybody_may_call_until_callers_are_switched_on(shipped: Config, guarded: Config) -> None:
    """Then only those who have no token yet, or can have none: who logs in, and payment providers."""
    assert {shipped.auth_of(route).mode for route in shipped.routes} == {"public"}
    public = {route.path for route in guarded.routes if guarded.auth_of(route).mode == "public"}
    assert public == {"/api/v1/auth/**", "/api/v1/webhooks/**"}
    assert {guarded.auth_of(route).mode for route in guarded.routes} == {"public", "required"}


def test_routes_for_callers_are_the_same_but_for_their_demands(shipped: Config, guarded: Config) -> None:
    """What is switched on adds routes, each to the service that had its path before, with what that route had."""
    added = guarded.routes[len(shipped.routes) :]
    assert all(route.authorize is not None and route.methods is not None for route in added)
    of_all = by_path(shipped)
    for route in added:
        before = of_all.get(route.path) or of_all[f"/api/v1/{route.path.split('/')[3]}/**"]
        assert (route.service, route.priority) == (before.service, before.priority)
        assert guarded.timeouts_of(route) == shipped.timeouts_of(before)


@pytest.mark.parametrize(
    ("role", "path", "may"),
    [
        ("venue-owner", "/api/v1/venues/**", True),
        ("venue-manager", "/api/v1/venues/**", False),
        ("venue-manager", "/api/v1/events/**", True),
        ("venue-manager", "/api/v1/analytics/**", True),
        ("venue-manager", "/api/v1/payments/{id}/refund", False),
        ("box-office", "/api/v1/payments/{id}/refund", True),
        ("box-office", "/api/v1/scanning/**", True),
        ("box-office", "/api/v1/analytics/**", False),
        ("door-staff", "/api/v1/scanning/**", True),
        ("door-staff", "/api/v1/events/**", False),
        ("customer", "/api/v1/scanning/**", False),
        ("customer", "/api/v1/payments/{id}/refund", False),
        ("admin", "/api/v1/venues/**", True),
        ("nobody", "/api/v1/scanning/**", False),
    ],
)
def test_roles(guarded: Config, role: str, path: str, may: bool) -> None:
    """The six roles of the platform, and no other, may do what their work is."""
    authorize = next(route.authorize for route in guarded.routes if route.path == path and route.authorize is not None)
    requirement = authorize.requirement(guarded.authorization.table)
    assert (requirement.check(Identity("ada", "opera", frozenset({role}))) is None) is may
    assert len(guarded.authorization.roles) == 6


def test_only_admins_look_into_other_venues(guarded: Config) -> None:
    """Where a route lets them; everybody else sees the venue of the own token."""
    permission = guarded.tenants.admin_permission
    assert permission is not None
    resource = permission.split(":")[0]
    roles = guarded.authorization.roles
    assert [role for role in roles if {"*", permission, f"{resource}:*"}.intersection(roles[role])] == ["admin"]
    named = [route for route in guarded.routes if route.tenant is not None]
    assert [(route.service, guarded.isolation_of(route).admin_bypass) for route in named] == [("analytics", True)]
    assert (guarded.tenants.unknown, guarded.tenants.foreign) == ("refuse", 404)


def test_tokens_of_the_demo_are_good(guarded: Config) -> None:
    """What docs/demo.md makes tokens with makes those that the shipped configuration takes."""
    code = re.search(r"\.venv/bin/python -c '(.*?)' \"\$@\"", manual("demo.md"), re.DOTALL)
    assert code is not None
    made = subprocess.run([sys.executable, "-c", code[1], "box-office", "opera"], capture_output=True, check=True)
    issuer = guarded.authentication.issuers["platform"] if guarded.authentication is not None else None
    assert issuer is not None
    issuers = Issuers([issuer.named("platform")])
    issuers.install("platform", KeySet(key.key() for key in issuer.keys))
    identity = issuers.verify(made.stdout.strip(), time.time()).identity()
    assert (identity.tenant, identity.roles) == ("opera", {"box-office"})
    assert identity.tenant in guarded.tenants.table
    assert f"GATEWAYD_TOKEN_SECRET={SECRET} make run" in manual("demo.md")
