"""No bit of a token may be another one, and nothing that PyJWT refuses when it is strict is taken here."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.tokens.claims import Rules
from gatewayd.core.tokens.errors import BadToken, ErrorType
from gatewayd.core.tokens.jws import ALGORITHMS
from tests.core.tokens.forge import CLAIMS, ISS, NOW, SECRET, forge, good, issuers, signing_key, written

ISSUERS = issuers()
TOKENS = {alg: good(alg) for alg in sorted(ALGORITHMS)}


def refusal(token: bytes) -> ErrorType | None:
    """Why a token is refused; None if it is taken."""
    try:
        ISSUERS.verify(token, NOW)
    except BadToken as error:
        return error.error_type
    return None


def refused(token: bytes) -> bool:
    """Whether a token is refused."""
    return refusal(token) is not None


@pytest.mark.parametrize("alg", ["HS256", "RS256"])
def test_every_bit_counts(alg: str) -> None:
    """A token with any one bit flipped is refused: every bit of every part."""
    token = TOKENS[alg]
    assert not refused(token)
    for place in range(len(token)):
        for bit in range(8):
            flipped = bytearray(token)
            flipped[place] ^= 1 << bit
            assert refused(bytes(flipped)), (place, bit)


@settings(max_examples=150)
@given(alg=st.sampled_from(sorted(TOKENS)), places=st.sets(st.integers(0, 10**6), min_size=1, max_size=4))
def test_any_bits_count(alg: str, places: set[int]) -> None:
    """So is one with several bits flipped, whatever the algorithm."""
    flipped = bytearray(TOKENS[alg])
    for place in {place % (8 * len(flipped)) for place in places}:
        flipped[place // 8] ^= 1 << place % 8
    assert refused(bytes(flipped)) or flipped == TOKENS[alg]


@settings(max_examples=150)
@given(alg=st.sampled_from(sorted(TOKENS)), data=st.data())
def test_any_letter_counts(alg: str, data: st.DataObject) -> None:
    """Letters of the right alphabet in place of others, parts of other tokens, and pieces left out or put in."""
    token = TOKENS[alg]
    start = data.draw(st.integers(0, len(token) - 1))
    length = data.draw(st.integers(0, 6))
    new = data.draw(st.text("ABgw_-eyJ019.", max_size=6)).encode()
    changed = token[:start] + new + token[start + length :]
    other = TOKENS[data.draw(st.sampled_from(sorted(TOKENS)))]
    pairs = zip(changed.split(b"."), other.split(b"."), strict=False)
    mixed = b".".join(data.draw(st.sampled_from(pair)) for pair in pairs)
    for made in (changed, mixed):
        assert made in TOKENS.values() or refused(made)


def moments(now: int) -> st.SearchStrategy[Any]:
    """Times around now on either side of the leeway (but not so near that a slow machine matters), and no times."""
    offsets = st.sampled_from([-100_000, -70, -50, 0, 50, 70, 100_000])
    return offsets.map(lambda offset: now + offset) | st.sampled_from(
        [None, True, "", str(now + 500), 0, -1, 1.5, now + 500.5, [], {}, 10**12]
    )


texts = st.sampled_from(["api", "other", "", ISS, ISS + "/", "ada"])
audiences: st.SearchStrategy[Any] = (
    texts | st.lists(texts | st.integers(0, 1), max_size=2) | st.sampled_from([None, 1, {}])
)


@settings(max_examples=400)
@given(data=st.data())
def test_pyjwt_agrees(data: st.DataObject) -> None:
    """Whatever PyJWT refuses, told to be strict, is refused; and what only we refuse has a reason PyJWT has not."""
    now = int(time.time())
    claims = {**CLAIMS, "exp": now + 500, "iat": now}
    strategies = {
        "exp": moments(now),
        "nbf": moments(now),
        "iat": moments(now),
        "aud": audiences,
        "iss": texts | st.sampled_from([None, 1, [ISS]]),
        "sub": texts | st.sampled_from([None, 1]),
        "jti": texts | st.sampled_from([None, 1]),
    }
    for name in data.draw(st.sets(st.sampled_from(sorted(strategies)), max_size=2)):
        claims[name] = data.draw(strategies[name])
    for name in data.draw(st.sets(st.sampled_from(sorted(claims)), max_size=1)):
        del claims[name]
    alg = data.draw(st.sampled_from(["HS256", "HS256", "HS512", "ES256"]))
    token = forge(claims, {"alg": alg, "kid": data.draw(st.sampled_from(["HS256", alg]))}, alg)
    taken = issuers(Rules(issuer=ISS, audiences=frozenset({"api"})), frozenset({"HS256"}))
    try:
        taken.verify(token, now)
        ours = ""
    except BadToken as error:
        ours = str(error)
    try:
        jwt.decode(
            token, SECRET, ["HS256"], options={"require": ["exp", "iss", "aud"]}, audience="api", issuer=ISS, leeway=60
        )
        theirs = ""
    except (jwt.PyJWTError, TypeError) as refusal:  # TypeError: a claim of a type it did not expect
        theirs = repr(refusal)
    assert ours or not theirs, theirs
    if ours and not theirs:
        assert "is no time" in ours or "neither a string nor a list" in ours


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_pyjwt_signs_what_we_verify(alg: str) -> None:
    """And verifies it itself with the same key, so that both mean the same by the algorithm."""
    signer = signing_key(alg)
    verifier = signer if alg.startswith("HS") else signer.public_key()
    claims = {**CLAIMS, "exp": 2**33, "iat": 1, "name": "Zo\u00eb"}
    token = jwt.encode(claims, signer, alg, {"kid": alg})
    assert ISSUERS.verify(token.encode(), NOW).claims == claims
    assert jwt.decode(token, verifier, [alg], audience="api", issuer=ISS) == claims


pieces = st.sampled_from(
    [
        "{",
        "}",
        "[",
        "]",
        '"a":',
        '"b"',
        ",",
        "1",
        "-1e9",
        "9" * 400,
        '"\\ud800"',
        "\\",
        "null",
        " ",
        '"' + "x" * 300 + '"',
    ]
)


@settings(max_examples=150)
@given(parts=st.lists(pieces, max_size=12), times=st.sampled_from([1, 7, 400]), tail=st.text("{}[]", max_size=3))
def test_hostile_json(parts: list[str], times: int, tail: str) -> None:
    """Rightly signed but hostile: whatever is in it, it is refused, or has all claims that it must have."""
    hostile = "".join(parts) * times + tail
    for payload in (hostile, '{"a":' + hostile + "}", written(CLAIMS).decode()[:-1] + ',"a":' + hostile + "}"):
        assert refusal(forge(payload.encode())) in ("malformed", "issuer", None if ISS in payload else "issuer")
