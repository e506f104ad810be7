"""Where a token stands: in one place, written in one way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewayd.core.tokens.bearer import challenge, credential, error_of, without_cookie
from gatewayd.core.tokens.errors import BadCredential, BadToken

T = b"abc.DEF-1_2~3+4/5=="


@pytest.mark.parametrize(
    ("authorization", "token"),
    [
        ([], None),
        ([b"Bearer " + T], T),
        ([b"bearer " + T], T),
        ([b"BEARER " + T], T),
        ([b"bEaReR   " + T], T),
        ([b"Bearer a"], b"a"),
        ([b""], None),
        ([b"Basic YTpi"], None),
        ([b"Bearer2 a"], None),
        ([b"Bearer-Token a"], None),
        ([b"XBearer a"], None),
        ([b'Digest username="Bearer a"'], None),
    ],
)
def test_fields(authorization: list[bytes], token: bytes | None) -> None:
    """The scheme in any case, then spaces and the token; other schemes are somebody else's."""
    assert credential(authorization) == (None if token is None else (token, False))


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer",
        b"Bearer ",
        b"Bearer  ",
        b"Bearer\ta",
        b"Bearer\x0ba",
        b"Bearer=a",
        b"Bearer,a",
        b"Bearer a b",
        b"Bearer a,b",
        b"Bearer a, Bearer b",
        b"Bearer a;b",
        b"Bearer =",
        b"Bearer a=b",
        b"Bearer a\x00",
        b"Bearer a\n",
        b"Bearer a\r\nX: y",
        b"Bearer \xe4",
        b'Bearer "a"',
        b'Bearer token="a"',
    ],
)
def test_no_tokens(value: bytes) -> None:
    """What begins as a bearer token and is none is refused rather than overlooked."""
    with pytest.raises(BadCredential) as caught:
        credential([value])
    assert caught.value.error_type == "malformed"


@pytest.mark.parametrize(
    "authorization",
    [[b"Bearer a", b"Bearer a"], [b"Bearer a", b"Bearer b"], [b"Basic YTpi", b"Bearer a"], [b"", b""]],
)
def test_two_fields(authorization: list[bytes]) -> None:
    """Of two fields each end of a connection may believe another."""
    with pytest.raises(BadCredential, match="more than one"):
        credential(authorization)


@pytest.mark.parametrize(
    ("cookies", "token"),
    [
        ([], None),
        ([b""], None),
        ([b"token=" + T], T),
        ([b"a=b; token=" + T + b"; c=d"], T),
        ([b"a=b;token=" + T + b" ;c=d"], T),
        ([b"a=b", b"token=" + T], T),
        ([b"a=token"], None),
        ([b"token"], None),
        ([b"Token=a"], None),
        ([b"xtoken=a; token2=a; __Host-token=a"], None),
    ],
)
def test_cookies(cookies: list[bytes], token: bytes | None) -> None:
    """The cookie of exactly that name, if there is one to be looked for."""
    assert credential([], cookies, b"token") == (None if token is None else (token, True))
    assert credential([], cookies) is None


@pytest.mark.parametrize(
    "cookies",
    [
        [b"token="],
        [b'token="a"'],
        [b"token=a b"],
        [b"token=a,b"],
        [b"token=\xe4"],
        [b"token=a; token=a"],
        [b"token=a; token=b"],
        [b"token=a", b"token=b"],
        [b"token=; token=a"],
        [b" token =a;token=b"],
    ],
)
def test_bad_cookies(cookies: list[bytes]) -> None:
    """Two of the name, or one that carries no token."""
    with pytest.raises(BadCredential):
        credential([], cookies, b"token")


@pytest.mark.parametrize("value", [b"Bearer a", b"Basic YTpi", b""])
def test_field_and_cookie(value: bytes) -> None:
    """Two credentials are one too many, even if only one of them is a token."""
    with pytest.raises(BadCredential, match="more than one"):
        credential([value], [b"token=a"], b"token")
    assert credential([b"Bearer a"], [b"other=b"], b"token") == (b"a", False)


@given(value=st.binary(max_size=12) | st.binary(max_size=8).map(lambda tail: b"Bearer " + tail))
def test_any_value(value: bytes) -> None:
    """A token that is found is made of a token's characters."""
    try:
        found = credential([value])
    except BadCredential:
        return
    if found is not None:
        assert found[0]
        assert not found[0].translate(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=")
        assert value.lower().startswith(b"bearer ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("Bearer", "api"), b'Bearer realm="api"'),
        (("Bearer", 'a "b" \\'), b'Bearer realm="a \\"b\\" \\\\"'),
        (("Bearer", "api", "invalid_token"), b'Bearer realm="api", error="invalid_token"'),
        (
            ("Bearer", "api", "invalid_token", "the token has expired"),
            b'Bearer realm="api", error="invalid_token", error_description="the token has expired"',
        ),
    ],
)
def test_challenges(arguments: tuple[str, ...], line: bytes) -> None:
    """As RFC 6750 writes them."""
    assert challenge(*arguments) == b"WWW-Authenticate: " + line + b"\r\n"


@pytest.mark.parametrize("text", ["a\r\nb", "a\n", "\x00", "\x7f", "\u00e4", "\t"])
def test_challenges_carry_no_lines(text: str) -> None:
    """Nothing that could end the field gets into it."""
    with pytest.raises(ValueError, match="printable"):
        challenge("Bearer", text)
    with pytest.raises(ValueError, match="printable"):
        challenge("Bearer", "api", "invalid_token", text)


def test_errors() -> None:
    """A request that carries its token wrongly is a wrong request; a wrong token is a wrong token."""
    assert error_of(BadCredential("malformed", "why")) == "invalid_request"
    assert error_of(BadToken("malformed", "why")) == "invalid_token"


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (b"session=x", b""),
        (b"session=x; a=1", b"a=1"),
        (b"a=1; session=x; b=2", b"a=1; b=2"),
        (b"a=1;session =x;;\tsession=y ;b=2;", b"a=1; b=2"),
        (b"a=session; Session=x; sessions=y; session", b"a=session; Session=x; sessions=y; session"),
        (b"a=1;b=2", b"a=1;b=2"),
        (b"", b""),
    ],
)
def test_without_a_cookie(line: bytes, left: bytes) -> None:
    """Every cookie of the name goes, and no other; a line that has none stays as it is."""
    assert without_cookie(line, b"session") == left


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([b"s", b"s=", b"=", b";", b" ", b"\t", b"a", b"s=x;", b"; s=y", b"\xff"]), max_size=12))
def test_no_token_is_left(pieces: list[bytes]) -> None:
    """What is left carries no token, however the line was written: both read cookies alike."""
    line = without_cookie(b"".join(pieces), b"s")
    assert credential((), [line], b"s") is None
    assert without_cookie(line, b"s") == line
