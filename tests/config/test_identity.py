"""What is said about callers: every key as the value the code works with, and what is worked out from them."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatewayd.config import (
    Address,
    Authentication,
    Config,
    CorsPolicy,
    Introspection,
    Jwks,
    ProofSettings,
    Redis,
    Respond,
    RevocationList,
    Route,
    RouteAuth,
    TokenMemory,
)
from gatewayd.config.models.ratelimits import Limit
from gatewayd.core.permissions import ClaimTest
from gatewayd.core.proof import IdentityNames
from gatewayd.core.tenants import Isolation, Placement
from gatewayd.core.tokens.refresh import Pace
from tests.config.identified import HASH, OPEN, SECRET, SERVICE, identified, write_keys
from tests.config.sample import loaded, said


@pytest.fixture(scope="module", name="config")
def _config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A configuration with every key in it."""
    folder = tmp_path_factory.mktemp("identified")
    write_keys(folder)
    return loaded(folder, identified(folder))


def authentication(config: Config) -> Authentication:
    """The section about authentication, which is there."""
    assert config.authentication is not None
    return config.authentication


def test_issuers(config: Config) -> None:
    """Rules, algorithms and paths are those that tokens are judged by."""
    section = authentication(config)
    assert (section.realm, section.cookie, section.strip_credentials) == ("shop", "session", True)
    assert section.cache == TokenMemory(tokens=10, refused=5, refused_for=3.0)
    assert section.methods == ("jwt", "api_key", "introspection")
    issuer = section.issuers["platform"].named("platform")
    assert (issuer.name, issuer.algorithms) == ("platform", {"RS256", "ES256"})
    rules = issuer.rules
    assert (rules.issuer, rules.audiences) == ("https://id.example.org", {"api", "web"})
    assert (rules.leeway, rules.longest_life, rules.types) == (5.0, 3600.0, {"at+jwt"})
    assert rules.required == {"type": {"access"}, "level": {1, 2}, "jti": None}
    assert issuer.paths.tenant == ("org", "id")
    own = section.issuers["own"].rules
    assert (own.issuer, own.audiences, own.types) == (None, None, None)


def test_keys(config: Config) -> None:
    """Keys are loaded for their one algorithm, from a file or a secret."""
    public, secret = (key.key() for key in authentication(config).issuers["own"].keys)
    assert (public.kid, public.alg) == ("k1", "EdDSA")
    assert (secret.kid, secret.alg) == (None, "HS256")
    jwks = authentication(config).issuers["platform"].jwks
    assert jwks is not None
    assert (jwks.url, jwks.ca_file, jwks.timeout) == ("https://id.example.org/keys", "/etc/ssl/id.pem", 1.0)
    assert jwks.rsa_algorithms == ("RS256", "PS256")
    assert jwks.pace == Pace(usual_life=600.0, least_life=30.0, most_life=600.0, cooldown=5.0)
    assert Jwks().pace == Pace(usual_life=3600.0, least_life=60.0, most_life=86_400.0, cooldown=10.0)


def test_api_keys(config: Config) -> None:
    """An entry is what keys are judged by; its expiry has a zone."""
    section = authentication(config).api_keys
    assert section is not None
    assert (section.header, section.file, section.redis) == ("X-Key", "/etc/gatewayd/keys.yaml", True)
    assert section.pepper.get_secret_value() == SECRET
    key = section.keys[0].key
    assert (key.id, key.hash, key.tenant, key.user) == ("abcdefghijklm", HASH, "acme", "robot 1")
    assert (key.roles, key.scopes, dict(key.limits)) == ({"staff"}, {"door:open"}, {"mine": Limit(5, 60.0)})
    assert key.expires == datetime(2027, 1, 31, 11, tzinfo=UTC).timestamp()


def test_introspection_and_revocations(config: Config) -> None:
    """Answers say by claim paths what they say."""
    asked = authentication(config).introspection
    assert isinstance(asked, Introspection)
    assert (asked.url, asked.client_id, asked.cache) == ("http://127.0.0.1:8081/introspect", "gw", 5.0)
    assert (asked.refused_for, asked.at_once, asked.timeout) == (1.0, 3, 0.5)
    assert asked.claims.paths.subject == ("username",)
    assert asked.client_secret.get_secret_value() == "hush"
    assert authentication(config).revocations == RevocationList(most=10, redis=True, every=1.0)


def test_authorization(config: Config) -> None:
    """Roles become permissions, and what a route demands can be checked."""
    assert config.authorization.table.grants(frozenset({"staff"}), frozenset()) == {"door:*", "list:read"}
    assert (config.authorization.policies["hours"], config.authorization.policy_timeout) == (
        "json:loads",
        0.02,
    )
    authorize = config.routes[0].authorize
    assert authorize is not None
    assert authorize.policy == "hours"
    assert [condition.test for condition in authorize.claims] == [
        ClaimTest(("mfa",), "equals", (True,)),
        ClaimTest(("level",), "in", (1, 2)),
        ClaimTest(("groups",), "contains", ("vip",)),
        ClaimTest(("device", "id"), "exists"),
    ]
    assert "needs the scope openid" in repr(authorize.requirement(config.authorization.table)._scopes)


def test_tenants(config: Config) -> None:
    """A tenant is what requests are judged by, its places those of the route."""
    acme = config.tenants.table["acme"]
    tenant = acme.tenant("acme")
    assert (tenant.plan, tenant.status, tenant.hosts) == ("gold", "suspended", ("acme.example.org", "*.acme.example"))
    assert (tenant.routes, dict(tenant.limits), dict(tenant.overrides)) == ({"a"}, {"mine": Limit(9, 1.0)}, {"y": True})
    assert [acme.access.allows(address) for address in ("192.0.2.1", "192.0.2.7", "198.51.100.1")] == [
        True,
        False,
        False,
    ]
    assert config.tenants.table["rival"].tenant("rival").routes is None
    assert (config.tenants.file, config.tenants.admin_permission) == ("/etc/gatewayd/tenants.yaml", "tenants:any")
    first, _, third, _ = config.routes
    assert first.tenant is not None
    assert first.tenant.placements == (
        Placement("path", "org"),
        Placement("query", "org"),
        Placement("header", "X-Which"),
        Placement("host"),
    )
    assert config.isolation_of(first) == Isolation(404, "allow", True)
    assert third.tenant is not None
    assert third.tenant.placements == (Placement("host", "*.example.org"),)
    assert config.isolation_of(third) == Isolation(403, "allow", False)


def test_headers_about_callers(config: Config) -> None:
    """What tells services who is calling is guarded without being listed."""
    assert config.identity_headers.names == IdentityNames("X-Org", None, "X-Roles", "X-Scopes")
    proof = config.identity_headers.proof
    assert isinstance(proof, ProofSettings)
    assert (proof.kind, proof.algorithm, proof.life, proof.audience) == ("jwt", "HS256", 10.0, "shop")
    names = config.guarded_names()
    assert [names.match(name) for name in (b"X-Org", b"x_roles", b"X-Gateway-Proof", b"X-Corp-Id", b"X-Seat")] == [
        "x-org",
        "x-roles",
        "x-gateway-proof",
        "x-corp-*",
        "x-seat",
    ]
    assert names.forges("x-org")
    assert not names.forges("x-seat")
    assert names.match(b"X-Venue-Id") is None
    assert names.match(b"X-Tenant-Id") == "x-tenant-id"


def test_browsers(config: Config) -> None:
    """A route's own policy comes before the common one; `off` is a policy too."""
    first, hook, timed, rest = config.routes
    common = config.cors_of(rest)
    assert common is not None
    assert b"Credentials: true" in (common.judge(b"https://x.example.org") or b"")
    own = config.cors_of(first)
    assert own is not None
    assert own.judge(b"https://anybody") == b"Access-Control-Allow-Origin: *\r\n"
    assert config.cors_of(hook) is None
    secure = config.security_headers_of(rest).lines.lines(True)
    assert b"max-age=31536000; includeSubDomains; preload" in secure
    assert b"X-Frame-Options: DENY" in secure
    assert config.security_headers_of(rest).stripped.labels == ("server",)
    assert config.security_headers_of(first).lines.lines(True) == b""
    assert config.security_headers_of(first).stripped.match(b"X-Powered-By") == "x-powered-by"
    assert config.security_headers_of(hook).lines.lines(True) == b""
    assert config.security_headers_of(hook).stripped.labels == ()
    assert first.csrf is not None
    assert first.csrf.check.check(b"POST", b"https://a", b"https://app.example.org", None, None) is None
    assert timed.csrf is not None
    assert timed.csrf.trusted == ()
    assert (rest.csrf, hook.csrf) == (None, None)


def test_listeners_networks_and_webhooks(config: Config) -> None:
    """Addresses, the PROXY protocol, and secrets of which a file has one a line."""
    listener = config.listeners[0]
    assert (listener.proxy_protocol, listener.proxy_protocol_from) == ("v2", ("10.9.0.1/32", "unix"))
    assert [listener.network.access.allows(address) for address in ("10.2.0.1", "10.1.0.1", "192.0.2.1")] == [
        True,
        False,
        False,
    ]
    first, hook, timed, rest = config.routes
    assert not first.network.access.allows("203.0.113.9")
    assert rest.network.access.allows("203.0.113.9")
    assert hook.webhook is not None
    assert timed.webhook is not None
    assert [secret.get_secret_value() for secret in hook.webhook.secrets] == [
        f"whsec-{which}-0123456789" for which in ("one", "two")
    ]
    assert [secret.get_secret_value() for secret in timed.webhook.secrets] == [
        "hush-hush-hush-hush",
        "hush,too-hush,too",
    ]
    assert (hook.webhook.header, timed.webhook.header, timed.webhook.tolerance) == (
        "X-Hub-Signature-256",
        "X-Signed",
        60.0,
    )
    assert hook.webhook.senders is not None


def test_redis(config: Config) -> None:
    """Ports that are left out are the usual ones."""
    redis = config.redis
    assert redis is not None
    assert (redis.username, redis.database, redis.prefix, redis.connections) == ("gw", 3, "edge:", 2)
    assert (redis.timeout, redis.waiters, redis.connect_timeout) == (0.02, 10, 1.0)
    assert redis.password is not None
    assert redis.password.get_secret_value() == SECRET
    assert redis.tls is not None
    assert (redis.tls.ca_file, redis.tls.server_name) == ("/etc/ssl/redis.pem", "redis.internal")
    assert redis.sentinel is not None
    assert list(map(str, redis.sentinel.addresses)) == ["10.0.0.1:26379", "10.0.0.2:7000"]
    assert Redis().address == Address("tcp", "127.0.0.1", 6379)


def test_authentication_of_a_route(config: Config) -> None:
    """What a route leaves open is every way there is; what it does not mention is required."""
    section = authentication(config)
    everything = {"methods": ("jwt", "api_key", "introspection"), "issuers": ("platform", "own")}
    first, hook, timed, rest = config.routes
    assert config.auth_of(first) == RouteAuth(mode="required", methods=("jwt",), issuers=("platform",))
    assert config.auth_of(hook).mode == "public"
    assert config.auth_of(hook).methods == ()
    assert config.auth_of(timed).model_dump() == {"mode": "optional", **everything}
    assert config.auth_of(rest).model_dump() == {"mode": "required", **everything}
    bare = Config(routes=(Route(path="/", respond=Respond()),))
    assert bare.auth_of(bare.routes[0]).mode == "public"
    assert section.issuers["own"].keys[1].secret is not None


def test_defaults(tmp_path: Path) -> None:
    """Without a word about callers everybody is let in, and headers about them are guarded all the same."""
    config = loaded(tmp_path, SERVICE + OPEN)
    assert (config.authentication, config.redis, config.cors) == (None, None, None)
    assert config.tenants.unknown == "allow"
    assert config.identity_headers.names == IdentityNames(roles=None, scopes=None)
    assert {"x-tenant-id", "x-user-id", "x-gateway-proof", "x-real-ip"} <= set(config.guarded_names().labels)
    assert config.cors_of(config.routes[0]) is None


def test_listed_tenants_are_those_there_are(tmp_path: Path) -> None:
    """With a table or a file unknown tenants are refused unless it says otherwise."""
    for text in ("tenants: {table: {a: {}}}\n", "tenants: {file: /t.yaml}\n"):
        assert loaded(tmp_path, text + SERVICE + OPEN).tenants.unknown == "refuse"


def test_security_headers_off_for_all(tmp_path: Path) -> None:
    """A word may stand for the whole section, also in another file."""
    config = loaded(tmp_path, SERVICE + OPEN, more="security_headers: off\n")
    assert config.security_headers.stripped.labels == ()
    assert not config.security_headers.nosniff


def test_values_travel_and_keep_their_secrets(tmp_path: Path) -> None:
    """All of it can be written out, read back and pickled; no text of it has a secret in it."""
    write_keys(tmp_path)
    config = loaded(tmp_path, identified(tmp_path))
    assert Config.model_validate(config.model_dump()) == config
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes
    assert isinstance(hash(config), int)
    for text in (repr(config), str(config), config.model_dump_json()):
        assert not any(secret in text for secret in (SECRET, "hush", "whsec"))
    assert HASH not in repr(config)


def test_policies_that_are_off() -> None:
    """No origin at all is how `off` is written out."""
    assert CorsPolicy().policy is None


def test_secrets_from_the_environment(tmp_path: Path) -> None:
    """They may come from there as well; one that is missing is told without any other complaint."""
    text = SERVICE + OPEN + "redis: {password: '${REDIS_PASSWORD}'}\n"
    redis = loaded(tmp_path, text, {"REDIS_PASSWORD": "hush"}).redis
    assert redis is not None
    assert redis.password is not None
    assert redis.password.get_secret_value() == "hush"
    assert [problem.message for problem in said(tmp_path, text)] == ["the environment has no REDIS_PASSWORD"]
