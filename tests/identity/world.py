"""The gateway that is attacked: every way to say who is calling, every kind of route, and small tables."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from gatewayd.core.apikeys import hash_key
from tests.harness import Client, GatewayProcess, RecordingUpstream
from tests.harness.client import PATIENCE
from tests.harness.reader import ByteReader

from .minting import EC_KEY, ED_KEY, RSA_KEY, SECRET, api_key, pem

PROXY: Final = "127.0.0.9"  # a believed proxy's address
BALANCER: Final = "127.0.0.2"  # whose connections begin with a PROXY header
BANNED: Final = "127.0.0.3"  # whom one listener does not let in
PROOF_SECRET: Final = "gateway-and-services-share-this-1"
STRIPE: Final = (b"whsec-old-0123456789", b"whsec-new-0123456789")
GITHUB: Final = b"ghsec-0123456789abcdef"
PEPPER: Final = "pepper-0123456789"
KEY: Final = api_key(b"aaaaaaaaaaaaa", b"b" * 32)
EXPIRED_KEY: Final = api_key(b"ccccccccccccc", b"d" * 32)

# The series whose every movement a case accounts for.
WATCHED: Final = (
    "auth_attempts_total",
    "jwt_validation_errors_total",
    "security_violations_total",
    "dangerous_headers_filtered_total",
    "cross_tenant_attempts_total",
    "tenant_requests_total",
    "tenant_auth_failures_total",
    "connections_rejected_total",
)


def world(upstream: RecordingUpstream, folder: Path) -> dict[str, Any]:
    """The configuration; its files, and its access log `access.log`, are in `folder`."""
    for name, key in (("rsa.pem", RSA_KEY), ("ec.pem", EC_KEY), ("ed.pem", ED_KEY)):
        (folder / name).write_bytes(pem(key))
    return {
        "gateway": {"drain_timeout": "5s", "trusted_proxies": [PROXY]},
        "listeners": [
            {"name": "http", "address": "127.0.0.1:0"},
            {"name": "walled", "address": "127.0.0.1:0", "network": {"deny": [BANNED]}},
            {
                "name": "balanced",
                "address": "127.0.0.1:0",
                "network": {"deny": ["203.0.113.66"]},
                "proxy_protocol": "any",
                "proxy_protocol_from": [BALANCER],
            },
        ],
        "access_log": {"path": str(folder / "access.log"), "flush_interval": "100ms"},
        "log": {"repeats": {"most": "off"}},  # every case of the table is looked up
        "authentication": _authentication(folder),
        "authorization": _authorization(),
        "tenants": _tenants(),
        "identity_headers": {
            "roles": "X-User-Roles",
            "scopes": "X-User-Scopes",
            "user": "X-Auth-Person",  # guarded because it is named here
            "proof": {"secret": PROOF_SECRET},
        },
        "guarded_headers": {"add": ["X-Corp-*"]},
        "security_headers": {},
        "services": {
            "main": {"targets": [upstream.url], "breaker": {"mode": "off"}, "retries": {"attempts": 0}},
        },
        "routes": [route if "respond" in route else {"service": "main", **route} for route in _routes()],
    }


def _authentication(folder: Path) -> dict[str, Any]:
    """Issuers with one kind of key each, one with two, one with rules of its own; a cookie; API keys."""
    rsa_key = {"algorithm": "RS256", "id": "rsa-1", "file": str(folder / "rsa.pem")}
    secret = {"algorithm": "HS256", "secret": SECRET.decode()}
    pepper = PEPPER.encode()
    return {
        "realm": "shop",
        "cookie": "session",
        "issuers": {
            "platform": {
                "issuer": "https://id.test",
                "audiences": ["api"],
                "algorithms": ["HS256"],
                "keys": [secret],
            },
            "signed": {
                "issuer": "https://rs.test",
                "audiences": ["api"],
                "algorithms": ["RS256"],
                "keys": [rsa_key],
            },
            "both": {
                "issuer": "https://both.test",
                "audiences": ["api"],
                "algorithms": ["HS256", "RS256"],
                "keys": [rsa_key, {**secret, "id": "hs-1"}],
            },
            "curves": {
                "issuer": "https://es.test",
                "audiences": ["api"],
                "algorithms": ["ES256", "EdDSA"],
                "keys": [
                    {"algorithm": "ES256", "id": "ec-1", "file": str(folder / "ec.pem")},
                    {"algorithm": "EdDSA", "id": "ed-1", "file": str(folder / "ed.pem")},
                ],
            },
            "strict": {
                "issuer": "https://strict.test",
                "audiences": ["api"],
                "algorithms": ["HS256"],
                "keys": [secret],
                "longest_life": "2d",
                "types": ["at+jwt"],
                "required": {"type": "access", "ctx.level": [2, 3], "jti": "*"},
            },
        },
        "api_keys": {
            "pepper": PEPPER,
            "keys": [
                {"id": "a" * 13, "hash": hash_key(KEY, pepper), "tenant": "acme", "user": "robot"},
                {
                    "id": "c" * 13,
                    "hash": hash_key(EXPIRED_KEY, pepper),
                    "tenant": "acme",
                    "expires": "2020-01-01T00:00:00Z",
                },
            ],
        },
    }


def _authorization() -> dict[str, Any]:
    """Roles as a ticket platform has them, and the policies."""
    names = ("agrees", "refuses", "explains", "fails", "mumbles", "hangs", "blocks", "sees_no_claims")
    return {
        "roles": {
            "venue-owner": ["venue:*", "tickets:*"],
            "door-staff": ["tickets:scan"],
            "customer": ["tickets:buy"],
            "admin": ["tenants:administer"],
        },
        "policies": {name.replace("_", "-"): f"tests.identity.policies:{name}" for name in names},
        "policy_timeout": "500ms",
    }


def _tenants() -> dict[str, Any]:
    """Tenants in every state."""
    return {
        "table": {
            "acme": {"hosts": ["shop.acme.test"]},
            "other": {"hosts": ["shop.other.test", "*.other-shops.test"]},
            "frozen": {"status": "suspended"},
            "walled": {"allow": ["10.0.0.0/8"]},
            "narrow": {"routes": ["scan"]},
        },
        "admin_permission": "tenants:administer",
    }


def _routes() -> list[dict[str, Any]]:
    """Routes of every kind."""
    policies = ("agrees", "refuses", "explains", "fails", "mumbles", "hangs", "blocks", "sees-no-claims")
    return [
        {"name": "login", "path": "/login/**", "auth": "public"},
        {"name": "static", "path": "/static/**", "auth": "public"},
        {"name": "maybe", "path": "/maybe/**", "auth": "optional"},
        {"name": "all", "path": "/**"},
        {"name": "open-host", "path": "/**", "hosts": ["open.test"], "auth": "public"},
        {"name": "tenant-path", "path": "/t/{tenant}/**", "tenant": {"path": "tenant"}},
        {"name": "tenant-admin", "path": "/ops/{tenant}/**", "tenant": {"path": "tenant", "admin_bypass": True}},
        {"name": "tenant-query", "path": "/q/**", "tenant": {"query": "tenant_id", "foreign": 403}},
        {"name": "tenant-header", "path": "/h/**", "tenant": {"header": "X-Venue"}},
        {"name": "tenant-host", "path": "/**", "hosts": ["*.tenants.test"], "tenant": {"host": "*.tenants.test"}},
        {"name": "scan", "path": "/scan/**", "authorize": {"permissions": ["tickets:scan"]}},
        {"name": "owners", "path": "/owners/**", "authorize": {"roles": ["venue-owner"]}},
        {"name": "export", "path": "/export/**", "authorize": {"scopes": ["reports:read"]}},
        {"name": "mfa", "path": "/mfa/**", "authorize": {"claims": [{"path": "amr", "contains": "mfa"}]}},
        {"name": "signed-only", "path": "/signed/**", "auth": {"methods": ["jwt"], "issuers": ["signed"]}},
        {"name": "machines", "path": "/machines/**", "auth": {"methods": ["api_key"]}},
        *({"name": f"policy-{name}", "path": f"/policy/{name}/**", "authorize": {"policy": name}} for name in policies),
        {"name": "form", "path": "/form/**", "csrf": {"trusted": ["https://partner.test"]}},
        {
            "name": "cors",
            "path": "/cors/**",
            "cors": {
                "origins": ["https://app.test", "https://*.apps.test"],
                "methods": ["GET", "PUT"],
                "headers": ["X-Own", "Authorization"],
                "credentials": True,
            },
        },
        {"name": "lan", "path": "/lan/**", "auth": "public", "network": {"allow": ["10.0.0.0/8"]}},
        {
            "name": "stripe",
            "path": "/hooks/stripe/**",
            "auth": "public",
            "webhook": {"secrets": [secret.decode() for secret in STRIPE], "tolerance": "1d"},
        },
        {
            "name": "github",
            "path": "/hooks/github/**",
            "auth": "public",
            "body_size": "1KiB",
            "webhook": {"form": "plain", "secrets": [GITHUB.decode()]},
        },
        {"name": "inside", "path": "/inside/**", "respond": {"body": "inside"}},
    ]


class Ledger:
    """The series in `WATCHED`, and what moved from one look at them to the next."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway = gateway
        self._before = self._look()

    def _look(self) -> Counter[str]:
        """Every series and its value."""
        wanted = tuple(name.removesuffix("_total") for name in WATCHED)
        lines = [line for line in self._gateway.scrape().splitlines(keepends=True) if line.startswith(wanted)]
        return Counter(
            {
                sample.name + "".join(f"{{{name}={value}}}" for name, value in sorted(sample.labels.items())): int(
                    sample.value
                )
                for family in text_string_to_metric_families("".join(lines))
                for sample in family.samples
                if sample.name in WATCHED
            }
        )

    def moved(self) -> Counter[str]:
        """By how much each series moved since the last call, those that did: `name{label=value}`."""
        before, self._before = self._before, self._look()
        return self._before - before


class ClientFrom(Client):
    """A client that connects from another of the loopback's addresses."""

    def __init__(self, source: str, address: str, *, timeout: float = PATIENCE) -> None:
        host, _, port = address.rpartition(":")
        self.sock = socket.create_connection((host, int(port)), timeout, (source, 0))
        self.reader = ByteReader(lambda: self.sock.recv(65536))
