"""Proofs: what the gateway signs is what services verify, and nothing else passes."""

from __future__ import annotations

import ast
import hashlib
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd import verify_proof
from gatewayd.core.proof import EMPTY_BODY, UNSIGNED, IdentityFields, IdentityNames, Signer, identity_fields

NOW = 1_700_000_000.5
SECRET = b"s3cr3t-of-the-ticket-service-000"
SIGNER = Signer(SECRET)
NONCE = b"0123456789abcdef"
SOMEBODY = identity_fields("acme", "u-7", ["venue-owner", "customer"], ["tickets:read", "events:*"])
NOBODY = identity_fields(None, None)
TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=", "), min_size=1, max_size=8)


class Nonces:
    """What a service remembers."""

    def __init__(self) -> None:
        self.until: dict[str, float] = {}

    def __call__(self, nonce: str, until: float) -> bool:
        """Whether `nonce` was there before."""
        known = nonce in self.until
        self.until[nonce] = until
        return known


class Request(NamedTuple):
    """A request as a service receives it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def verify(self, now: float = NOW, secret: bytes = SECRET, nonces: Nonces | None = None) -> dict[str, str]:
        """What the service makes of it."""
        seen = Nonces() if nonces is None else nonces
        return verify_proof.verify(self.method, self.target, self.headers, self.body, secret, now, seen)


def signed(
    identity: IdentityFields = SOMEBODY,
    method: str = "POST",
    target: str = "/tickets?seat=1&seat=2",
    body: bytes = b'{"a": 1}',
    digest: bytes | None = None,
    signer: Signer = SIGNER,
) -> Request:
    """A request as the gateway sends it."""
    digest = hashlib.sha256(body).hexdigest().encode() if digest is None else digest
    line = signer.sign(method.encode(), target.encode(), digest, NOW, NONCE, identity)
    lines = (identity.lines + line).decode().removesuffix("\r\n").split("\r\n")
    return Request(method, target, {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}, body)


def test_what_is_sent() -> None:
    """Lists are in order, the lines are whole field lines, and the signature is the one openssl makes."""
    assert SOMEBODY.lines == (
        b"X-Tenant-Id: acme\r\nX-User-Id: u-7\r\nX-User-Roles: customer,venue-owner\r\n"
        b"X-User-Scopes: events:* tickets:read\r\n"
    )
    assert NOBODY.lines == b""
    line = SIGNER.sign(b"GET", b"/", EMPTY_BODY, NOW, NONCE, NOBODY)
    assert line == (
        b"X-Gateway-Proof: t=1700000000,n=0123456789abcdef,"
        b"b=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,"
        b"s=76a405f2b277c5bc7d5643b2700f2ccb805df81ab0e0f9a8077964b850862131\r\n"
    )


def test_proven() -> None:
    """A service learns who is calling."""
    assert signed().verify() == {
        "x-tenant-id": "acme",
        "x-user-id": "u-7",
        "x-user-roles": "customer,venue-owner",
        "x-user-scopes": "events:* tickets:read",
    }
    assert set(signed(NOBODY).verify().values()) == {""}


@given(
    st.none() | TEXT,
    st.none() | TEXT,
    st.frozensets(TEXT, max_size=3),
    st.frozensets(TEXT, max_size=3),
    st.sampled_from(["GET", "POST", "X-ODD"]),
    TEXT.map("/".__add__),
    st.binary(max_size=30),
    st.booleans(),
)
def test_both_sides_agree(
    tenant: str | None,
    user: str | None,
    roles: frozenset[str],
    scopes: frozenset[str],
    method: str,
    target: str,
    body: bytes,
    streamed: bool,
) -> None:
    """Whatever the gateway signs, the verifier reads as the same identity."""
    request = signed(identity_fields(tenant, user, roles, scopes), method, target, body, UNSIGNED if streamed else None)
    told = request.verify()
    assert (told["x-tenant-id"] or None, told["x-user-id"] or None) == (tenant, user)
    assert {one for one in told["x-user-roles"].split(",") if one} == roles
    assert {one for one in told["x-user-scopes"].split(" ") if one} == scopes


def refused(request: Request, why: str, now: float = NOW, secret: bytes = SECRET) -> None:
    """See that a service refuses `request`, and remembers no nonce of it."""
    nonces = Nonces()
    with pytest.raises(ValueError, match=why):
        request.verify(now, secret, nonces)
    assert not nonces.until


@pytest.mark.parametrize("name", [*verify_proof.FIELDS, "x-gateway-proof"])
def test_fields_changed(name: str) -> None:
    """An identity field that is changed, taken away or added breaks the proof."""
    request = signed()
    without = {key: value for key, value in request.headers.items() if key != name}
    why = "no proof" if name == "x-gateway-proof" else "not about this request"
    refused(request._replace(headers=without), why)
    refused(request._replace(headers={**request.headers, name: request.headers[name] + "x"}), "proof")
    refused(request._replace(headers={**request.headers, name: "\ud800"}), "proof|surrogates")
    if name != "x-gateway-proof":
        nobody = signed(NOBODY)
        refused(nobody._replace(headers={**nobody.headers, name: "admin"}), why)


def test_request_changed() -> None:
    """So does another method, path, query or body."""
    request = signed()
    refused(request._replace(method="PUT"), "not about this request")
    refused(request._replace(method="post"), "not about this request")
    refused(request._replace(target="/tickets"), "not about this request")
    refused(request._replace(target="/tickets?seat=2&seat=1"), "not about this request")
    refused(request._replace(target="/tickets?seat=1&seat=2&"), "not about this request")
    refused(request._replace(body=b'{"a": 2}'), "not about this body")
    refused(request._replace(body=b""), "not about this body")
    refused(request, "not about this request", secret=b"x" * 32)


@given(st.integers(0, 200), st.integers(0x20, 0x7E))
def test_proof_changed(at: int, code: int) -> None:
    """A proof with any character changed is refused."""
    request = signed()
    proof = request.headers["x-gateway-proof"]
    changed = proof[:at] + chr(code) + proof[at + 1 :]
    if changed != proof:
        with pytest.raises(ValueError, match="proof"):
            request._replace(headers={**request.headers, "x-gateway-proof": changed}).verify()


def test_a_service_may_insist_on_the_body() -> None:
    """With `require_body` a body that is not covered is refused, and its nonce is not used up; a covered one passes."""
    streamed, whole, nonces = signed(digest=UNSIGNED), signed(), Nonces()

    def insist(request: Request) -> dict[str, str]:
        method, target, headers, body = request
        return verify_proof.verify(method, target, headers, body, SECRET, NOW, nonces, require_body=True)

    with pytest.raises(ValueError, match="nothing about the body"):
        insist(streamed)
    assert insist(whole) == signed().verify()


def test_an_unsigned_body_cannot_be_claimed() -> None:
    """A body sent on while it arrives is not covered; a proof of another body cannot be turned into such a one."""
    streamed = signed(digest=UNSIGNED)
    assert streamed._replace(body=b"anything").verify() == streamed.verify()
    request = signed()
    proof = request.headers["x-gateway-proof"]
    digest = hashlib.sha256(request.body).hexdigest()
    refused(
        request._replace(headers={**request.headers, "x-gateway-proof": proof.replace(digest, "UNSIGNED")}),
        "not about this request",
    )


@pytest.mark.parametrize(("offset", "proven"), [(-60.6, False), (-60.5, True), (59.5, True), (59.6, False)])
def test_skew(offset: float, proven: bool) -> None:
    """A proof counts for a minute on both sides of its second (0.5 s before `NOW`)."""
    if proven:
        assert signed().verify(NOW + offset)
    else:
        refused(signed(), "another time", NOW + offset)


def test_replay() -> None:
    """The same request does not pass twice, and its nonce is to be kept for as long as the proof counts."""
    nonces = Nonces()
    request = signed()
    request.verify(nonces=nonces)
    assert nonces.until == {NONCE.decode(): int(NOW) + verify_proof.TOLERANCE}
    with pytest.raises(ValueError, match="used before"):
        request.verify(nonces=nonces)


def test_no_two_requests_are_signed_alike() -> None:
    """Moving bytes from one part to the next changes the signature."""
    proofs = {
        signed(identity, method, target).headers["x-gateway-proof"]
        for identity, method, target in [
            (identity_fields("ab", "c"), "GET", "/x"),
            (identity_fields("a", "bc"), "GET", "/x"),
            (identity_fields("abc", None), "GET", "/x"),
            (identity_fields(None, "abc"), "GET", "/x"),
            (identity_fields("ab", "c"), "GE", "T/x"),
            (identity_fields("ab", None, ["c"]), "GET", "/x"),
            (identity_fields("ab", None, (), ["c"]), "GET", "/x"),
            (identity_fields("ab", "c", ["d"]), "GET", "/x"),
            (identity_fields("ab", "c", (), ["d"]), "GET", "/x"),
        ]
    }
    assert len(proofs) == 9


@pytest.mark.parametrize(
    ("tenant", "user", "roles", "scopes"),
    [
        ("a\r\nX-User-Id: b", None, (), ()),
        ("a\n", None, (), ()),
        (" a", None, (), ()),
        ("a", "b\0", (), ()),
        ("a", "é", (), ()),
        ("a", "b", ["c,d"], ()),
        ("a", "b", [""], ()),
        ("a", "b", ["c "], ()),
        ("a", "b", ["c\r\n"], ()),
        ("a", "b", (), ["c d"]),
        ("a", "b", (), ["c\td"]),
        ("a", "b", (), ["\ud800"]),
    ],
)
def test_what_cannot_be_told(tenant: str, user: str | None, roles: list[str], scopes: list[str]) -> None:
    """An identity that would not stay one value in its field is refused."""
    with pytest.raises(ValueError, match=r"field|role"):
        identity_fields(tenant, user, roles, scopes)


def test_other_names() -> None:
    """Fields can be named otherwise, or left out; what is left out is not signed either."""
    fields = identity_fields("acme", "u", ["r"], ["s"], IdentityNames("X-Team", None, None, None))
    assert fields == IdentityFields(b"X-Team: acme\r\n", identity_fields("acme", None).canonical)


def test_secrets() -> None:
    """A short secret is refused, and none is shown."""
    with pytest.raises(ValueError, match="32 bytes") as caught:
        Signer(SECRET[:31])
    assert "s3cr3t" not in str(caught.value) + repr(SIGNER) + str(SIGNER)


def test_the_verifier_stands_alone() -> None:
    """It imports the standard library only, and not a line of gatewayd."""
    tree = ast.parse(Path(verify_proof.__file__).read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)
