"""What a service can check that a request came through the gateway: with what we ship, on what it really receives."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from gatewayd.verify_proof import verify
from tests.pipeline.callers import Gate, bearer, configured, token
from tests.pipeline.test_request_heads import fields
from tests.pipeline.world import START, get, ok

PROVEN = b"what services know, in 32 bytes or more"
HMAC = f"identity_headers: {{roles: X-User-Roles, scopes: X-User-Scopes, proof: {{secret: '{PROVEN.decode()}'}}}}"
ROUTES = """path: "/api/v1/**", service: main, strip_prefix: /api/v1
path: "/old/{id}", service: main, rewrite: "/new/{id}"
path: "/open/**", service: main, auth: optional
path: "/**", service: main"""
CONFIG = configured(ROUTES, more=HMAC)
SMALL, LARGE = b"x" * 64 * 1024, b"x" * (64 * 1024 + 1)


class Service:
    """A service as one is written: it parses what it gets, and verifies it."""

    def __init__(self) -> None:
        self.nonces: set[str] = set()

    def seen(self, nonce: str, until: float) -> bool:
        """Remember a nonce."""
        known = nonce in self.nonces
        self.nonces.add(nonce)
        return known

    def verify(self, sent: bytes, now: float = START) -> dict[str, str]:
        """Who is calling, as far as that is proven."""
        head, _, body = sent.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body = _dechunked(body)
        return verify(method, target, headers, body, PROVEN, now, self.seen)


def _dechunked(data: bytes) -> bytes:
    """A body without its framing."""
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if not int(size, 16):
            return body
        body += data[: int(size, 16)]
        data = data[int(size, 16) + 2 :]


ADA = {"x-tenant-id": "acme", "x-user-id": "ada", "x-user-roles": "admin,staff", "x-user-scopes": "a:b openid"}
NOBODY = dict.fromkeys(ADA, "")
LINE = bearer(token(roles=["staff", "admin"], scope="openid a:b"))


@pytest.mark.parametrize("method", [b"GET", b"POST", b"DELETE"])
@pytest.mark.parametrize("path", [b"/x", b"/x?a=b&c=%2f", b"/x?", b"/api/v1/x?a", b"/api/v1", b"/old/7?q", b"/a%20b/"])
def test_targets(tmp_path: Path, method: bytes, path: bytes) -> None:
    """Method, path and query are those that the service receives, whatever the route made of them."""
    gate, service = Gate(tmp_path, CONFIG), Service()
    assert gate.call(LINE, path=path, method=method) == "served"
    assert service.verify(gate.sent) == ADA


@pytest.mark.parametrize(
    ("body", "chunked", "signed"),
    [(b"", False, True), (b"x", False, True), (SMALL, False, True), (LARGE, False, False), (b"x", True, False)],
)
def test_bodies(tmp_path: Path, body: bytes, *, chunked: bool, signed: bool) -> None:
    """Small ones are part of what is signed; larger ones and those of unknown length stream, and say so."""
    gate, service = Gate(tmp_path, CONFIG), Service()
    framing = b"Transfer-Encoding: chunked\r\n" if chunked else b"Content-Length: %d\r\n" % len(body)
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    client = gate.client()
    client.send(get(b"/x", LINE, framing, method=b"POST"), *[sent[at : at + 9000] for at in range(0, len(sent), 9000)])
    assert gate.outcome(client) == "served"
    assert service.verify(gate.sent) == ADA
    assert (b",b=UNSIGNED," in fields(gate.sent, b"X-Gateway-Proof")[0]) is not signed
    tampered = gate.sent[:-1] + b"y" if body and not chunked else gate.sent
    if signed and body:
        with pytest.raises(ValueError, match="not about this body"):
            Service().verify(tampered)
    gate.settled()


@pytest.mark.parametrize(
    "before", [b"", b"GET /x", b"X-Tenant-Id: acme", b"X-User-Roles: admin,staff", b"X-User-Id: ada"]
)
def test_what_is_changed_on_the_way(tmp_path: Path, before: bytes) -> None:
    """Is seen."""
    gate = Gate(tmp_path, CONFIG)
    assert gate.call(LINE, path=b"/x") == "served"
    tampered = gate.sent.replace(before, before + b"y") if before else gate.sent.replace(b"X-Gateway-Proof: ", b"X: ")
    assert tampered != gate.sent
    with pytest.raises(ValueError, match="request"):
        Service().verify(tampered)


def test_time_and_nonces(tmp_path: Path) -> None:
    """A proof is good for a minute, and once."""
    gate, service = Gate(tmp_path, CONFIG), Service()
    assert gate.call(LINE) == "served"
    assert service.verify(gate.sent, START + 60) == ADA
    for one, now in ((service, START), (Service(), START + 61), (Service(), START - 61)):
        with pytest.raises(ValueError, match="another time"):
            one.verify(gate.sent, now)


def test_nobody(tmp_path: Path) -> None:
    """An anonymous request is proven to be one: nobody can add an identity behind the gateway."""
    gate = Gate(tmp_path, CONFIG)
    assert gate.call(path=b"/open/x") == "served"
    assert Service().verify(gate.sent) == NOBODY
    with pytest.raises(ValueError, match="not about this request"):
        Service().verify(gate.sent.replace(b"\r\n\r\n", b"\r\nX-User-Id: ada\r\n\r\n"))


@pytest.mark.parametrize(
    "line",
    [b"X-Gateway-Proof: t=1,n=x,b=UNSIGNED,s=0\r\n", b"x_gateway_proof: 1\r\n", b"Connection: X-Gateway-Proof\r\n"],
)
def test_a_client_writes_no_proof(tmp_path: Path, line: bytes) -> None:
    """And cannot have ours taken away."""
    gate = Gate(tmp_path, CONFIG)
    assert gate.call(LINE, line) == "served"
    assert len(fields(gate.sent, b"X-Gateway-Proof")) == 1
    assert fields(gate.sent, b"x_gateway_proof") == []
    assert Service().verify(gate.sent) == ADA


def test_each_attempt_has_its_own(tmp_path: Path) -> None:
    """A service that saw the first attempt does not take the second for a replay."""
    gate = Gate(tmp_path, CONFIG.replace("retries: {attempts: 0}", "retries: {attempts: 1}"))
    service = Service()
    client = gate.begin(LINE)
    first = gate.service.take()
    gate.service.hang_up()
    gate.pass_time(1)
    second = gate.service.take()
    gate.service.send(ok())
    assert client.take().startswith(b"HTTP/1.1 200 ")
    assert service.verify(first) == service.verify(second) == ADA


@pytest.mark.parametrize("how", ["hang_up", "reset"])
def test_a_client_leaves_while_its_body_is_gathered(tmp_path: Path, how: str) -> None:
    """No service has heard of it."""
    gate = Gate(tmp_path, CONFIG)
    client = gate.begin(LINE, b"Content-Length: 9\r\n", method=b"POST", body=b"half")
    getattr(client, how)()
    assert (gate.record["reason"], gate.dials) == ("client-closed", [])
    gate.settled()


# A token about the caller.

JWT = f"identity_headers: {{proof: {{kind: jwt, secret: '{PROVEN.decode()}'}}}}"


def claims(sent: bytes, audience: str = "main") -> dict[str, object]:
    """What the gateway says in it."""
    (line,) = fields(sent, b"X-Gateway-Identity")
    options = {"verify_exp": False, "verify_iat": False}
    assert jwt.get_unverified_header(line.decode())["typ"] == "gatewayd-identity+jwt"
    said: dict[str, object] = jwt.decode(line, PROVEN, ["HS256"], audience=audience, options=options)  # type: ignore[arg-type]
    return said


def test_a_signed_identity(tmp_path: Path) -> None:
    """Short-lived, for the service that gets it, and about the caller; the same for half of its life."""
    gate = Gate(tmp_path, configured(ROUTES, more=JWT))
    assert gate.call(LINE) == "served"
    first = fields(gate.sent, b"X-Gateway-Identity")
    now = int(START)
    assert claims(gate.sent) == {
        "iss": "gatewayd",
        "aud": "main",
        "iat": now,
        "exp": now + 30,
        "sub": "ada",
        "tenant_id": "acme",
        "roles": ["admin", "staff"],
        "scope": "a:b openid",
    }
    gate.pass_time(14.75)
    assert gate.call(LINE) == "served"
    assert fields(gate.sent, b"X-Gateway-Identity") == first
    gate.pass_time(0.25)
    assert gate.call(LINE) == "served"
    assert claims(gate.sent)["exp"] == now + 45
    assert gate.call(bearer(token(sub="bob"))) == "served"
    assert claims(gate.sent)["sub"] == "bob"


def test_a_signed_nobody(tmp_path: Path) -> None:
    """A token that says of nobody; the client's own is gone."""
    gate = Gate(tmp_path, configured(ROUTES, more=JWT))
    forged = jwt.encode({"sub": "root"}, "another secret of 32 bytes or more!", "HS256").encode()
    assert gate.call(b"X-Gateway-Identity: %b\r\n" % forged, path=b"/open/x") == "served"
    assert set(claims(gate.sent)) == {"iss", "aud", "iat", "exp"}


def test_audiences(tmp_path: Path) -> None:
    """Each service gets tokens for itself, so that it cannot use them elsewhere; or all get the one configured."""
    split = "path: '/**', split: [{service: main, weight: 1}, {service: other, weight: 1}]"
    services = (
        "  other: {targets: ['http://127.0.0.1:9006'], breaker: {mode: off}, retries: {attempts: 0}}\nauthentication:"
    )
    text = configured(split, more=JWT).replace("authentication:", services, 1)
    for audience, expected in ((None, {"main", "other"}), ("shop", {"shop"})):
        own = text if audience is None else text.replace("kind: jwt,", "kind: jwt, audience: shop,")
        gate = Gate(tmp_path, own)
        draws = iter([0.1, 0.9] * 10)
        gate.random = lambda draws=draws: next(draws)  # type: ignore[misc]
        seen = set()
        for _ in range(2):
            assert gate.call(LINE) == "served"
            (line,) = fields(gate.sent, b"X-Gateway-Identity")
            seen.add(jwt.decode(line, options={"verify_signature": False})["aud"])
        assert seen == expected


@pytest.mark.parametrize("name", ["X-Gateway-Proof", "X-Gateway-Identity"])
def test_proofs_stay_guarded(tmp_path: Path, name: str) -> None:
    """Also where an operator lets clients send other fields of the gateway's."""
    allowed = "guarded_headers: {allow: ['x-gateway-*']}"
    gate = Gate(tmp_path, configured(ROUTES, more=f"{allowed}\n{JWT if name.endswith('y') else HMAC}"))
    assert gate.call(LINE, b"%b: forged\r\n" % name.encode(), b"X-Gateway-Other: 1\r\n") == "served"
    assert len(fields(gate.sent, name.encode())) == 1
    assert b"forged" not in gate.sent
    assert fields(gate.sent, b"X-Gateway-Other") == [b"1"]
