"""Nothing that a client sends makes the gateway open a connection it was not configured to open."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness import Client, GatewayProcess, RecordingUpstream, reply
from tests.resilience.world import ask, verdict
from tests.wire.world import get

from .minting import ED_KEY, OTHER_RSA_KEY, OTHER_SECRET, b64, bearer, claims, hs, pem, rs, token
from .world import world

_KEYS = b"/keys.json"
_PUBLISHED = {"iss": "https://published.test"}


@pytest.fixture(scope="module")
def trap() -> Iterator[RecordingUpstream]:
    """A server that tokens point to, and nobody is to connect to."""
    with RecordingUpstream() as server:
        yield server
        assert server.connections == []


@pytest.fixture(scope="module")
def issuer() -> Iterator[RecordingUpstream]:
    """Publishes one key, and counts who asks for it."""
    public = ED_KEY.public_key().public_bytes_raw()
    key = {"kty": "OKP", "crv": "Ed25519", "x": b64(public).decode(), "kid": "one", "alg": "EdDSA", "use": "sig"}
    with RecordingUpstream() as server:
        body = json.dumps({"keys": [key]}).encode()
        server.on(_KEYS, reply(body, b"Content-Type: application/json", b"Cache-Control: max-age=3600"))
        yield server


@pytest.fixture(scope="module")
def fetching(
    upstream: RecordingUpstream, issuer: RecordingUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """The gateway of the attack table, with an issuer whose keys it fetches."""
    config = world(upstream, tmp_path_factory.mktemp("fetching"))
    config["authentication"]["issuers"]["published"] = {
        "issuer": _PUBLISHED["iss"],
        "audiences": ["api"],
        "algorithms": ["EdDSA"],
        "jwks": {"url": issuer.url + _KEYS.decode(), "cooldown": "1h"},
    }
    with GatewayProcess(config) as process:
        yield process


def _pointing(member: str, address: str) -> dict[str, Any]:
    """A member of a token's header that brings its own key, or says where it is."""
    numbers = OTHER_RSA_KEY.public_key().public_numbers()
    jwk = {
        "kty": "RSA",
        "kid": "rsa-1",
        "n": b64(numbers.n.to_bytes(256, "big")).decode(),
        "e": b64(numbers.e.to_bytes(3, "big")).decode(),
    }
    url = f"http://{address}/keys.json"
    values: dict[str, Any] = {
        "jku": url,
        "x5u": url,
        "jwk": jwk,
        "x5c": ["".join(pem(OTHER_RSA_KEY).decode().splitlines()[1:-1])],
        "x5t": "AAAA",
        "kid": url,
        "iss": url,
        "epk": jwk,
    }
    return {member: values[member]}


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "x5t", "kid", "iss", "epk"])
@pytest.mark.parametrize("named", [True, False])
def test_a_token_does_not_bring_its_key(
    member: str, named: bool, fetching: GatewayProcess, upstream: RecordingUpstream, trap: RecordingUpstream
) -> None:
    """RFC 8725 3.10: a key that a token brings or points to proves nothing, and is not fetched."""
    header = {**({"kid": "rsa-1"} if named else {}), **_pointing(member, trap.address)}
    path = b"/users/" + member.encode()
    for sign, alg in ((rs(OTHER_RSA_KEY), "RS256"), (hs(OTHER_SECRET), "HS256")):
        for issuer in ("https://rs.test", "https://both.test", f"http://{trap.address}"):
            credential = token(claims(iss=issuer), sign, alg=alg, **header)
            answer = ask(fetching, path, bearer(credential))
            assert verdict(answer) == (401, b"invalid-token")
    assert upstream.requests(path) == []


def test_unknown_kids_are_worth_one_fetch(fetching: GatewayProcess, issuer: RecordingUpstream) -> None:
    """However many keys are made up, the issuer is asked for its list once at the start and once more at most."""
    good = token(claims(**_PUBLISHED), ED_KEY.sign, alg="EdDSA", kid="one")
    assert ask(fetching, b"/users/published", bearer(good)).status == 200
    with Client(fetching.address) as client:
        for number in range(200):
            kid = ("../../keys", f"http://{issuer.address}/evil", "one'--", "")[number % 4] + str(number)
            credential = token(claims(**_PUBLISHED), ED_KEY.sign, alg="EdDSA", kid=kid)
            assert verdict(client.ask(get(b"/users/made-up", bearer(credential)))) == (401, b"invalid-token")
    assert {request.target for request in issuer.requests()} == {_KEYS}
    assert len(issuer.requests()) <= 2
    assert ask(fetching, b"/users/published", bearer(good)).status == 200


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET http://{} HTTP/1.1",
        b"GET http://{}/users/ HTTP/1.1",
        b"GET https://{}/ HTTP/1.1",
        b"CONNECT {} HTTP/1.1",
        b"GET //{}/ HTTP/1.1",
        b"GET /http://{}/ HTTP/1.1",
        b"GET /login/?url=http://{}/ HTTP/1.1",
        b"GET {} HTTP/1.1",
        b"GET @{}/ HTTP/1.1",
        b"GET http://open.test@{}/ HTTP/1.1",
    ],
)
@pytest.mark.parametrize("field", [b"Host", b"X-Forwarded-Host", b"X-Original-URL", b"Proxy-Connection"])
def test_the_gateway_is_no_open_proxy(
    request_line: bytes, field: bytes, fetching: GatewayProcess, trap: RecordingUpstream
) -> None:
    """Whatever target and host a request names, only configured services are connected to."""
    address = trap.address.encode()
    host = address if field == b"Host" else b"open.test"
    more = b"" if field == b"Host" else field + b": " + address + b"\r\n"
    with Client(fetching.address) as client:
        method = request_line.partition(b" ")[0]
        data = request_line.replace(b"{}", address) + b"\r\nHost: " + host + b"\r\n" + more + b"\r\n"
        answer = client.ask(data, method)
    assert answer.status in (200, 400, 401, 501)
    assert trap.connections == []


def test_what_services_answer_is_not_followed(
    fetching: GatewayProcess, upstream: RecordingUpstream, trap: RecordingUpstream
) -> None:
    """A redirect is the client's to follow."""
    location = f"http://{trap.address}/".encode()
    upstream.on(b"/login/away", reply(b"", b"Location: " + location, status=b"302 Found"))
    answer = ask(fetching, b"/login/away")
    assert (answer.status, answer.get(b"location")) == (302, location)
