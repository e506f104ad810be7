"""Secrets stay where they belong: after a whole run none of them is in a log, a metric, an answer or a `repr`."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatewayd.config import ConfigErrors, load
from gatewayd.core.apikeys import hash_key
from tests.harness import Client, GatewayProcess, RecordingUpstream, reply
from tests.harness.gateway import ROOT, with_defaults
from tests.pipeline.world import World
from tests.wire.world import get

from .minting import NOW, api_key, b64, bearer, claims, hs, token
from .policies import GATE
from .world import world

# Everything in a configuration that nobody may read in a log. Each is told from any other text by its word.
SECRETS = {
    name: f"hush-{name}-0123456789-0123456789-01234567"
    for name in ("issuer", "pepper", "proof", "stripe", "github", "client", "environment", "header", "redis")
}
CARRIED = {name: f"hush-{name}-in-a-request" for name in ("basic", "cookie", "query", "body", "webhook", "trailer")}
_WORD = b"hush-"


@dataclass(frozen=True)
class Credentials:
    """What clients carry: a good token, others that are not, and an API key."""

    good: bytes
    others: tuple[bytes, ...]
    key: bytes

    @property
    def texts(self) -> Iterator[bytes]:
        """Every part of them by which somebody could be recognised, or take their place."""
        for credential in (self.good, *self.others):
            yield credential
            yield from (part for part in credential.split(b".")[1:] if len(part) > 10)
        yield self.key
        yield self.key[17:]


def _credentials() -> Credentials:
    """Made with the secrets of this configuration."""
    secret = hs(SECRETS["issuer"].encode())
    others = (
        token(claims(sub="secret-subject"), hs(b"hush-somebody-elses")),
        token(claims(exp=NOW - 86_400, sub="late-subject"), secret),
        token(claims(sub="a\r\nb: hush-claim"), secret),
        token(claims(aud="hush-audience"), secret),
        token(b'{"sub":"hush-claim","sub":"hush-claim"}', secret),
        token(None, lambda _: b"", alg="none"),
        token(claims(), secret, kid="hush-kid"),
        b"hush-no-token.hush.hush",
    )
    return Credentials(token(claims(email="hush-claim@id.test"), secret), others, api_key(b"k" * 13, b"s" * 32))


def _config(upstream: RecordingUpstream, folder: Path, credentials: Credentials) -> dict[str, Any]:
    """The configuration of the attack table with secrets of its own, a client secret, and one from the environment."""
    config = world(upstream, folder)
    authentication = config["authentication"]
    issuer = authentication["issuers"]["platform"]
    authentication["issuers"] = {
        "platform": {**issuer, "keys": [{"algorithm": "HS256", "secret": SECRETS["issuer"]}]},
        "signed": authentication["issuers"]["signed"],
    }
    keys = authentication["api_keys"]
    keys["pepper"] = SECRETS["pepper"][:64]
    digest = hash_key(credentials.key, keys["pepper"].encode())
    keys["keys"] = [{"id": "k" * 13, "hash": digest, "tenant": "acme", "user": "robot"}]
    authentication["introspection"] = {
        "url": f"{upstream.url}/introspect",
        "client_id": "gateway",
        "client_secret": SECRETS["client"],
    }
    config["identity_headers"]["proof"] = {"secret": SECRETS["proof"]}
    config["redis"] = {"address": "127.0.0.1:1", "password": SECRETS["redis"], "connect_timeout": "1s"}
    for route in config["routes"]:
        if route["name"] == "stripe":
            route["webhook"]["secrets"] = [SECRETS["stripe"]]
        elif route["name"] == "github":
            route["webhook"]["secrets"] = [SECRETS["github"]]
        elif route["name"] == "login":
            headers = {"Authorization": "Bearer ${HUSH}", "X-Key": SECRETS["header"]}
            route["request_headers"] = {"set": headers}
    return config


def _requests(credentials: Credentials) -> Iterable[bytes]:
    """Secrets in every place of a request, where they are right, wrong, and out of place."""
    cookie = b"Cookie: a=%b; session=" % CARRIED["cookie"].encode()
    basic = b"Authorization: Basic " + CARRIED["basic"].encode()
    query = b"?access_token=%b&x=%b" % (credentials.good, CARRIED["query"].encode())
    body = CARRIED["body"].encode()
    paths = (b"/users/x", b"/maybe/x", b"/login/x", b"/scan/x", b"/owners/x", b"/t/other/x", b"/form/x", b"/cors/x",
             b"/signed/x", b"/machines/x", b"/inside/x", b"/policy/fails/x", b"/policy/refuses/x", b"/lan/x",
             b"/login/%2e%2e/x", b"/q/x", b"/hooks/github/x")  # fmt: skip
    for path in paths:
        for credential in (credentials.good, *credentials.others):
            yield get(path + query, bearer(credential), method=b"POST", body=body)
            yield get(path, cookie + credential)
        yield get(path, bearer(credentials.good), bearer(credentials.others[0]))
        yield get(path, b"X-API-Key: " + credentials.key)
        yield get(path, b"X-API-Key: " + credentials.key[:-1] + b"0")
        yield get(path, b"X-API-Key: " + credentials.good)
        yield get(path + query, basic, b"Proxy-" + basic, b"X-Admin-Token: hush-forged", b"X-Tenant-Id: hush-forged")
    signature = hmac.digest(SECRETS["github"].encode(), body, "sha256").hex().encode()
    yield get(b"/hooks/github/y", b"X-Hub-Signature-256: sha256=" + signature, method=b"POST", body=body)
    stripe = b"Stripe-Signature: t=%d,v1=%b" % (NOW, b64(CARRIED["webhook"].encode()))
    yield get(b"/hooks/stripe/y", stripe, method=b"POST", body=body)
    yield get(b"/login/{" + _WORD + b"}", method=b"POST", body=body)  # no path
    yield get(b"/login/x", b"Hush-" + _WORD + b": x\x01", method=b"POST", body=body)  # no field
    yield get(b"/login/x", b"Content-Length: " + _WORD)
    yield b"POST /login/x HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n" + _WORD + b"\r\n"
    yield b"POST /users/x HTTP/1.1\r\nHost: gw.test\r\n%b\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: %b\r\n\r\n" % (
        bearer(credentials.good),
        CARRIED["trailer"].encode(),
    )
    yield b"GET /login/x HTTP/1.1\r\nHost: " + _WORD + b"@x\r\n\r\n"
    yield _WORD + b"\r\n\r\n"


def _found(text: bytes, credentials: Credentials) -> list[bytes]:
    """The secrets that are in `text`."""
    secrets = [*(one.encode() for one in (*SECRETS.values(), *CARRIED.values())), *credentials.texts]
    found = [one for one in secrets if one in text]
    at = text.find(_WORD)
    return found if at < 0 else [*found, text[max(0, at - 200) : at + 60]]


@pytest.fixture(scope="module")
def credentials() -> Credentials:
    """What the clients carry."""
    return _credentials()


def test_a_whole_run_tells_no_secret(
    upstream: RecordingUpstream, gate: int, credentials: Credentials, tmp_path: Path
) -> None:
    """Not to its logs, on standard output or in files, not to metrics, nor to those who guess."""
    answers = bytearray()
    upstream.on(b"/introspect", reply(b'{"active":false}', b"Content-Type: application/json"))
    config = _config(upstream, tmp_path, credentials)
    environment = {GATE: str(gate), "PYTHONPATH": str(ROOT), "HUSH": SECRETS["environment"]}
    with GatewayProcess(config, environment=environment, expect_trouble=True) as gateway:
        for request in _requests(credentials):
            with Client(gateway.address) as client:
                answer = client.ask(request)
                if answer.get(b"x-gateway-reason"):
                    answers += answer.head.raw + answer.body
        metrics = gateway.scrape().encode()
        gateway.terminate()
        logs = gateway.log.encode() + (tmp_path / "access.log").read_bytes()
    assert answers
    assert logs.count(b"audit.") > 20
    assert _found(logs, credentials) == []
    assert _found(metrics, credentials) == []
    assert _found(bytes(answers), credentials) == []


def _ours(thing: object) -> bool:
    """Whether the class of `thing` is one of the gateway's."""
    return type(thing).__module__.startswith("gatewayd.")


def _reprs(thing: object, seen: dict[int, object]) -> Iterator[str]:
    """How every object of ours presents itself, from `thing` on; what mappings hold is their owners' to show."""
    if id(thing) in seen:
        return
    seen[id(thing)] = thing
    if isinstance(thing, Mapping):
        held: list[object] = [*thing.keys(), *thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset, deque)):
        held = list(thing)
    elif _ours(thing):
        names = {name for one in type(thing).__mro__ for name in getattr(one, "__slots__", ())}
        held = [getattr(thing, name, None) for name in {*names, *getattr(thing, "__dict__", ())}]
    else:
        return
    if _ours(thing) and not isinstance(thing, Mapping):
        yield f"{thing!r} {thing}"
    for one in held:
        yield from _reprs(one, seen)


def test_no_repr_tells_a_secret(upstream: RecordingUpstream, credentials: Credentials, tmp_path: Path) -> None:
    """Of a configuration, of what is built from it, and of what was learned of a caller: tracebacks may show them."""
    text = yaml.safe_dump(with_defaults(_config(upstream, tmp_path, credentials)))
    built = World(tmp_path, text, HUSH=SECRETS["environment"])
    shared = built.keeper.access.authentication
    assert shared is not None
    verified = shared.issuers.verify(credentials.good, NOW)
    caller = shared.callers(verified.identity())
    tree = getattr(built.application.locate, "__self__", None)
    things = (built.config, built.keeper, built.application, built.services, tree, verified, caller)
    shown = "\n".join(_reprs(things, {}))
    for name in ("Issuer(", "ApiKey(", "SecretStr(", "Senders", "SignedRequest", "KeyRing", "AskPolicy", "Edits"):
        assert name in shown, name
    assert _found(shown.encode(), credentials) == []


def test_no_complaint_tells_a_secret(upstream: RecordingUpstream, credentials: Credentials, tmp_path: Path) -> None:
    """A configuration that is wrong in every secret is complained about without showing any of them."""
    config = _config(upstream, tmp_path, credentials)
    authentication = config["authentication"]
    authentication["issuers"]["platform"]["keys"][0]["secret"] = "hush-short"
    authentication["api_keys"]["pepper"] = SECRETS["pepper"] * 2
    authentication["api_keys"]["keys"][0]["hash"] = credentials.key.decode()
    authentication["introspection"]["client_secret"] = ["hush-list"]
    config["identity_headers"]["proof"]["secret"] = "hush-short"
    config["redis"]["password"] = {"hush-mapping": "hush-mapping"}
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump(with_defaults(config)))
    with pytest.raises(ConfigErrors) as caught:
        load(path, {})
    assert len(caught.value.problems) >= 6
    told = "\n".join([str(caught.value), *(str(problem) for problem in caught.value.problems)])
    assert _found(told.encode(), credentials) == []
