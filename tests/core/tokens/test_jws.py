"""Tokens taken apart: one reading, or a refusal that says why without quoting anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tokens.errors import BadToken, ErrorType
from gatewayd.core.tokens.jws import ALGORITHMS, MOST_BYTES, parse
from tests.core.tokens.forge import CLAIMS, b64, forge, good

GOOD = good()
HEADER, PAYLOAD, SIGNATURE = GOOD.split(b".")


def with_header(**members: Any) -> bytes:
    """A signed token whose header says more."""
    return forge(CLAIMS, {"alg": "HS256", "typ": "JWT", **members})


def test_parts() -> None:
    """A token is its header, its claims, its signature and what that is a signature of."""
    jws = parse(GOOD)
    assert (jws.alg, jws.kid, jws.typ) == ("HS256", "HS256", "JWT")
    assert jws.header == {"alg": "HS256", "typ": "JWT", "kid": "HS256"}
    assert jws.claims == CLAIMS
    assert jws.signing_input == HEADER + b"." + PAYLOAD
    assert b64(jws.signature) == SIGNATURE


def test_headers_without_kid_and_typ() -> None:
    """Only alg is needed."""
    jws = parse(forge(CLAIMS, {"alg": "HS256"}))
    assert (jws.kid, jws.typ) == (None, None)


def test_a_shared_header_cannot_be_written() -> None:
    """Tokens with the same header share one, so nobody may change it."""
    assert parse(GOOD).header is not parse(GOOD)
    with pytest.raises(TypeError):
        parse(GOOD).header["alg"] = "none"  # type: ignore[index]


def test_repr_hides_the_token() -> None:
    """What is printed is no credential."""
    assert repr(parse(GOOD)) == "<Jws HS256>"


@pytest.mark.parametrize(
    "members", [{"jku": "http://evil"}, {"x5u": "http://evil"}, {"jwk": {"kty": "oct"}}, {"x5c": []}]
)
def test_members_that_bring_keys_mean_nothing(members: dict[str, Any]) -> None:
    """They are read like any unknown member, which is not at all."""
    assert parse(with_header(**members)).alg == "HS256"


@pytest.mark.parametrize(
    ("token", "error_type"),
    [
        (b"", "malformed"),
        (b".", "malformed"),
        (b"..", "malformed"),
        (b"a", "malformed"),
        (HEADER, "malformed"),
        (HEADER + b"." + PAYLOAD, "malformed"),
        (GOOD + b".", "malformed"),
        (GOOD + b"." + SIGNATURE + b"." + SIGNATURE, "malformed"),  # as many parts as a JWE
        (b"." + PAYLOAD + b"." + SIGNATURE, "malformed"),
        (HEADER + b".." + SIGNATURE, "malformed"),
        (HEADER + b"." + PAYLOAD + b".", "malformed"),
        (GOOD + b"=", "malformed"),
        (GOOD + b"\n", "malformed"),
        (b" " + GOOD, "malformed"),
        (GOOD.replace(b".", b". "), "malformed"),
        (GOOD[:-4] + b"\r\n" + GOOD[-4:], "malformed"),
        (GOOD + b"\x00", "malformed"),
        (GOOD[:-1] + b"+", "malformed"),
        (GOOD[:-1] + b"/", "malformed"),
        (GOOD[:-1] + b"\xff", "malformed"),
        (GOOD[:-1] + bytes([GOOD[-1] + 1]), "malformed"),  # 43 characters have two bits that belong to no byte
        (GOOD[:-2], "malformed"),  # 41 characters are no number of bytes
        (HEADER + b"." + PAYLOAD[:-1] + b"." + SIGNATURE, "malformed"),
        (GOOD + b"A" * MOST_BYTES, "malformed"),
        (forge(CLAIMS, {"alg": "none"}), "algorithm"),
        (forge(CLAIMS, {"alg": "none"}).rpartition(b".")[0] + b".", "algorithm"),
        (forge(CLAIMS, {"alg": "None"}), "algorithm"),
        (forge(CLAIMS, {"alg": "nOnE"}), "algorithm"),
        (forge(CLAIMS, {"alg": ""}), "algorithm"),
        (forge(CLAIMS, {"alg": "hs256"}), "algorithm"),
        (forge(CLAIMS, {"alg": "HS256 "}), "algorithm"),
        (forge(CLAIMS, {"alg": "ES256K"}), "algorithm"),
        (forge(CLAIMS, {"alg": "RSA-OAEP", "enc": "A128GCM"}), "algorithm"),
        (forge(CLAIMS, {"typ": "JWT"}), "malformed"),
        (forge(CLAIMS, {"alg": None}), "malformed"),
        (forge(CLAIMS, {"alg": 1}), "malformed"),
        (forge(CLAIMS, {"alg": ["HS256"]}), "malformed"),
        (forge(CLAIMS, {"alg": {"HS256": 1}}), "malformed"),
        (forge(CLAIMS, b'{"alg":"HS256","alg":"none"}'), "malformed"),
        (forge(CLAIMS, b'{"alg":"none","alg":"HS256"}'), "malformed"),
        (forge(CLAIMS, b'{"alg":"HS256"'), "malformed"),
        (forge(CLAIMS, b'["alg","HS256"]'), "malformed"),
        (forge(CLAIMS, b'"HS256"'), "malformed"),
        (forge(CLAIMS, b'{"alg":"HS256"}\xff'), "malformed"),
        (with_header(crit=["exp"]), "malformed"),
        (with_header(crit=[]), "malformed"),
        (with_header(crit=None), "malformed"),
        (with_header(b64=False, crit=["b64"]), "malformed"),
        (with_header(b64=False), "malformed"),
        (with_header(b64=True), "malformed"),
        (with_header(zip="DEF"), "malformed"),
        (with_header(kid=1), "malformed"),
        (with_header(kid=None), "malformed"),
        (with_header(kid=["HS256"]), "malformed"),
        (with_header(kid="k" * 257), "malformed"),
        (with_header(typ=1), "malformed"),
        (with_header(typ=None), "malformed"),
        (with_header(typ="J" * 65), "malformed"),
        (forge(b""), "malformed"),
        (forge(b"[]"), "malformed"),
        (forge(b"null"), "malformed"),
        (forge(b'"a"'), "malformed"),
        (forge(GOOD), "malformed"),  # a token in a token
        (forge(b'{"exp":1'), "malformed"),
        (forge(b'{"exp":1,"exp":2}'), "malformed"),
        (forge(b'{"exp":NaN}'), "malformed"),
        (forge(b'{"exp":1e999}'), "malformed"),
        (forge(b'{"exp":' + b"9" * 5000 + b"}"), "malformed"),
        (forge(b'{"a":' + b"[" * 5000), "malformed"),
        (forge(b'{"a":' + b"[" * 20 + b"]" * 20 + b"}"), "malformed"),
        (forge(b'{"a":' * 1000 + b"1" + b"}" * 1000), "malformed"),
        (forge(b'{"sub":"\xc0\xaf"}'), "malformed"),
        (forge(b'{"sub":"\\ud800"}'), "malformed"),
    ],
)
def test_refused(token: bytes, error_type: ErrorType) -> None:
    """Each with its kind of error, and with no part of the token in the words."""
    with pytest.raises(BadToken) as caught:
        parse(token)
    assert caught.value.error_type == error_type
    assert caught.value.issuer is None
    for part in token.split(b"."):
        assert len(part) < 8 or part.decode("latin-1") not in str(caught.value)


def test_size() -> None:
    """A token of just the bound is read, one byte more is not."""
    assert parse(GOOD, len(GOOD)).alg == "HS256"
    with pytest.raises(BadToken, match="longer"):
        parse(GOOD, len(GOOD) - 1)


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_every_algorithm_is_read(alg: str) -> None:
    """Whether a key takes it is another question."""
    assert parse(good(alg)).alg == alg


@given(data=st.binary(min_size=1, max_size=12))
def test_one_spelling(data: bytes) -> None:
    """Of all the ways to end the base64 of a signature exactly one is taken."""
    head, last = GOOD.rpartition(b".")[0] + b".", b64(data)
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    taken = []
    for letter in letters:
        spelled = last[:-1] + bytes([letter])
        try:
            signature = parse(head + spelled).signature
        except BadToken:
            continue
        if signature == data:
            taken.append(spelled)
    assert taken == [last]


@given(token=st.binary(max_size=60) | st.text("eyJhbGciOiJIUzI1NiJ9.-_=", max_size=60).map(str.encode))
def test_any_bytes(token: bytes) -> None:
    """Whatever is sent is taken apart or refused."""
    try:
        jws = parse(token)
    except BadToken:
        return
    assert jws.alg in ALGORITHMS
    assert b".".join([jws.signing_input, b64(jws.signature)]) == token
