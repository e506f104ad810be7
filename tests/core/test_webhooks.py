"""Webhook signatures: both forms, rotation, tolerance on both sides, and everything that is refused."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.webhooks import CAUSES, MOST_SIGNATURES, BadSignature, Form, Senders

NOW = 1_700_000_000.0
OLD, NEW = b"whsec_old_0123456789", b"whsec_new_0123456789"
BODY = b'{"id": "evt_1", "amount": 1200}'
TIMED = Senders([OLD, NEW])
PLAIN = Senders([OLD, NEW], "plain")


def signature(secret: bytes, payload: bytes) -> bytes:
    """HMAC-SHA256 in hex."""
    return hmac.new(secret, payload, hashlib.sha256).hexdigest().encode()


def timed(secret: bytes = NEW, body: bytes = BODY, at: int = int(NOW)) -> bytes:
    """A field in the timed form."""
    return b"t=%d,v1=%b" % (at, signature(secret, b"%d.%b" % (at, body)))


def cause(senders: Senders, fields: list[bytes], body: bytes = BODY, now: float = NOW) -> str | None:
    """Why a request is refused, or None."""
    try:
        senders.verify(fields, body, now)
    except BadSignature as error:
        return CAUSES[CAUSES.index(error.why)]
    return None


def test_a_known_value() -> None:
    """The example of the sha256 form in GitHub's documentation on validating webhook deliveries."""
    field = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert cause(Senders([b"It's a Secret to Everybody"], "plain"), [field], b"Hello, World!") is None


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_every_secret_counts(secret: bytes) -> None:
    """While a secret is rotated, either signs."""
    assert cause(TIMED, [timed(secret)]) is None
    assert cause(PLAIN, [b"sha256=" + signature(secret, BODY)]) is None


def test_several_signatures() -> None:
    """One right signature among several suffices; other schemes and blanks are skipped."""
    wrong = b"0" * 64
    right = timed().partition(b"v1=")[2]
    assert cause(TIMED, [b"t=%d, v1=%b, v1=%b, v0=%b,x=" % (NOW, wrong, right, wrong)]) is None
    assert cause(TIMED, [b"v1=%b,t=%d" % (right, NOW)]) is None
    assert cause(TIMED, [b"t=%d,v1=%b,v1=%b" % (NOW, wrong, wrong)]) == "wrong"
    assert cause(TIMED, [b"t=%d,v0=%b" % (NOW, right)]) == "malformed"
    assert (
        cause(TIMED, [b"t=%d," % NOW + b",".join([b"v1=" + wrong] * (MOST_SIGNATURES - 1) + [b"v1=" + right])]) is None
    )
    assert (
        cause(TIMED, [b"t=%d," % NOW + b",".join([b"v1=" + wrong] * MOST_SIGNATURES + [b"v1=" + right])]) == "malformed"
    )


@pytest.mark.parametrize(
    ("at", "why"), [(-301, "stale"), (-300, None), (0, None), (300, None), (301, "early"), (-(10**9), "stale")]
)
def test_tolerance(at: int, why: str | None) -> None:
    """A signed time counts up to the tolerance on both sides, and not a second further."""
    assert cause(TIMED, [timed(at=int(NOW) + at)]) == why


def test_tolerance_to_the_fraction() -> None:
    """The bound is where it is said to be."""
    assert cause(TIMED, [timed()], now=NOW + 300.0) is None
    assert cause(TIMED, [timed()], now=NOW + 300.001) == "stale"
    assert cause(TIMED, [timed()], now=NOW - 300.0) is None
    assert cause(TIMED, [timed()], now=NOW - 300.001) == "early"
    assert cause(Senders([NEW], tolerance=10), [timed()], now=NOW + 11) == "stale"


def test_the_time_is_signed() -> None:
    """A new time with an old signature is refused, and so is the same time in other digits."""
    old = timed(at=int(NOW) - 1000)
    assert cause(TIMED, [old.replace(b"t=%d" % (NOW - 1000), b"t=%d" % NOW)]) == "wrong"
    assert cause(TIMED, [timed().replace(b"t=", b"t=0")]) == "wrong"


@pytest.mark.parametrize(
    "fields",
    [
        [b""],
        [b"t"],
        [b"t="],
        [b"t=%d" % NOW],
        [b"v1=" + b"0" * 64],
        [b"t=,v1=" + b"0" * 64],
        [b"t=-1,v1=" + b"0" * 64],
        [b"t=1.7e9,v1=" + b"0" * 64],
        [b"t=170000000000,v1=" + b"0" * 64],
        [b"t=%d,t=%d,v1=%b" % (NOW, NOW, b"0" * 64)],
        [b"t=%d,v1=" % NOW],
        [b"t=%d,v1=%b" % (NOW, b"0" * 63)],
        [b"t=%d,v1=%b" % (NOW, b"0" * 65)],
        [b"t=%d,v1=%b" % (NOW, b"g" * 64)],
        [b"t=%d,v1=%b," % (NOW, b"0" * 64)],
        [b"t=%d;v1=%b" % (NOW, b"0" * 64)],
        [b"t=%d,v1=%b,\xff=1" % (NOW, b"0" * 64)],
        [b"t=%d,v1=%b,%b" % (NOW, b"0" * 64, b"x=" + b"y" * 1024)],
        [timed(), timed()],
        [timed(), b""],
    ],
)
def test_malformed(fields: list[bytes]) -> None:
    """What is not one field in the grammar is refused before the body is read."""
    with pytest.raises(BadSignature, match="malformed"):
        TIMED.begin(fields, NOW)


@pytest.mark.parametrize(
    "field",
    [b"", b"sha256=", b"sha1=" + b"0" * 40, b"SHA256=" + b"0" * 64, b"0" * 64, b"sha256=" + b"0" * 64 + b"\n", timed()],
)
def test_malformed_plain(field: bytes) -> None:
    """The plain form is one name and 64 hexadecimal digits."""
    assert cause(PLAIN, [field]) == "malformed"


def test_missing() -> None:
    """A request without the field is told apart from one with a bad one."""
    assert cause(TIMED, []) == "missing"
    assert cause(PLAIN, []) == "missing"


@given(st.lists(st.binary(max_size=20), max_size=6), st.sampled_from(["timed", "plain"]))
def test_streaming(pieces: list[bytes], form: Form) -> None:
    """However a body is cut, it is proven; one byte more and it is not."""
    body = b"".join(pieces)
    field = timed(body=body) if form == "timed" else b"sha256=" + signature(NEW, body)
    senders = Senders([OLD, NEW], form)
    check = senders.begin([field], NOW)
    for piece in pieces:
        check.update(piece)
    check.finish()
    check.update(b"x")
    with pytest.raises(BadSignature, match="wrong"):
        check.finish()


@given(st.integers(0, 8 * len(BODY) - 1), st.sampled_from([timed(), b"sha256=" + signature(NEW, BODY)]))
def test_flipped_bits(bit: int, field: bytes) -> None:
    """A body with any bit flipped is refused."""
    body = bytearray(BODY)
    body[bit // 8] ^= 1 << bit % 8
    assert cause(TIMED if field.startswith(b"t") else PLAIN, [field], bytes(body)) == "wrong"


@given(st.integers(0, len(timed()) - 1), st.integers(0, 255))
def test_changed_fields(at: int, octet: int) -> None:
    """A field with any byte changed is refused, but for the case of its digits."""
    changed = timed()[:at] + bytes((octet,)) + timed()[at + 1 :]
    assert (cause(TIMED, [changed]) is None) == (
        changed.lower() == timed() and b"V" not in changed and b"T" not in changed
    )


def test_other_secrets() -> None:
    """A signature by anybody else is wrong, also one by a secret that differs at its end."""
    assert cause(TIMED, [timed(NEW + b"a")]) == "wrong"
    assert cause(TIMED, [timed(b"")]) == "wrong"


@pytest.mark.parametrize("secrets", [[], [b""], [OLD, b""], [b" " * 20], [b"0123456789abcde"]])
def test_secrets_needed(secrets: list[bytes]) -> None:
    """No secret, or one that could be guessed, is refused when the policy is made."""
    with pytest.raises(ValueError, match="needs a secret"):
        Senders(secrets)


def test_secrets_stay_inside() -> None:
    """Neither what is printed nor what is raised shows a secret or a signature."""
    field = timed(b"other")
    with pytest.raises(BadSignature) as caught:
        TIMED.verify([field], BODY, NOW)
    for shown in (repr(TIMED), str(TIMED), repr(TIMED.begin([field], NOW)), repr(caught.value), str(caught.value)):
        assert "whsec" not in shown
        assert field[-64:].decode() not in shown
