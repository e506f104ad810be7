"""Request targets: one normal form, which is what is matched and what is forwarded."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.reasons import AMBIGUOUS_PATH, MALFORMED_TARGET, Reason, Refused
from gatewayd.core.target import Target, parse_origin

UNRESERVED = (string.ascii_letters + string.digits + "-._~").encode()
AS_THEY_ARE = UNRESERVED + b"!$&'()*+,;=:@[]|^"  # what a path may hold besides "/" and escapes


@pytest.mark.parametrize(
    ("written", "forwarded"),
    [
        (b"/", b"/"),
        (b"/a", b"/a"),
        (b"/a/", b"/a/"),
        (b"/a/b;v=1,2", b"/a/b;v=1,2"),
        (b"/:@!$&'()*+,;=~", b"/:@!$&'()*+,;=~"),
        (b"/[a]|^", b"/[a]|^"),
        (b"//", b"/"),
        (b"//a///b//", b"/a/b/"),
        (b"/.", b"/"),
        (b"/./", b"/"),
        (b"/./a", b"/a"),
        (b"/a/.", b"/a/"),
        (b"/a/..", b"/"),
        (b"/a/../", b"/"),
        (b"/a/b/../c", b"/a/c"),
        (b"/a/b/../../c", b"/c"),
        (b"/a//../b", b"/b"),
        (b"/...", b"/..."),
        (b"/.a/..b/c..", b"/.a/..b/c.."),
        (b"/a;..", b"/a;.."),
        (b"/%61%2D%5f%7E%2e1", b"/a-_~.1"),
        (b"/a%2eb", b"/a.b"),
        (b"/%c3%a4%3A", b"/%C3%A4%3A"),
        (b"/%25%32%46", b"/%252F"),
        (b"/%252e%252E/", b"/%252e%252E/"),
        (b"/a%20b%3Bc", b"/a%20b%3Bc"),
        (b"/%80%ff", b"/%80%FF"),
    ],
)
def test_normal_form(written: bytes, forwarded: bytes) -> None:
    """Unreserved characters are decoded, escapes upper-cased, slashes merged and dot segments removed."""
    target = parse_origin(written)
    assert target == (forwarded, forwarded, None, forwarded[1:].split(b"/"))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        *((b"/a%" + code + b"b", AMBIGUOUS_PATH) for code in (b"2f", b"2F", b"5c", b"5C", b"00", b"0a", b"1F", b"7f")),
        *(
            (b"/a/" + dots, AMBIGUOUS_PATH)
            for dots in (b"%2e", b"%2E%2e/b", b".%2e", b"%2e.", b".;", b"..;a=b/c", b"..%3B", b"..%3bx/", b"%2e%2e;x")
        ),
        (b"/..", AMBIGUOUS_PATH),
        (b"/../a", AMBIGUOUS_PATH),
        (b"/a/../..", AMBIGUOUS_PATH),
        (b"//..", AMBIGUOUS_PATH),
        (b"/./..", AMBIGUOUS_PATH),
        *((b"/a" + bytes((char,)), MALFORMED_TARGET) for char in b'\\"<>`{}# \t\x00\x7f\x80\xff'),
        (b"/%", MALFORMED_TARGET),
        (b"/%4", MALFORMED_TARGET),
        (b"/%g1", MALFORMED_TARGET),
        (b"/%1g", MALFORMED_TARGET),
        (b"/%%41", MALFORMED_TARGET),
        (b"/%u0041", MALFORMED_TARGET),
        (b"/%+1", MALFORMED_TARGET),
    ],
)
def test_refused_paths(path: bytes, reason: Reason) -> None:
    """What two programs could read in two ways, and what no URI holds, is refused, with a query and without."""
    for origin in (path, path + b"?a=b"):
        with pytest.raises(Refused) as caught:
            parse_origin(origin)
        assert caught.value.reason is reason
        assert path.decode("latin-1") not in caught.value.detail


@pytest.mark.parametrize("query", [b"", b"a=b", b"a=b&a=c", b"/../%2f?%00%", b'"<>\\^`{|}', b"a%zz"])
def test_queries_stay(query: bytes) -> None:
    """A query is forwarded byte for byte, and told apart from none at all."""
    target = parse_origin(b"/a/../b?" + query)
    assert target == (b"/b?" + query, b"/b", query, [b"b"])


@pytest.mark.parametrize("char", [b"#", b" ", b"\t", b"\x00", b"\x7f", b"\x80", b"\xff", b"\r", b"\n"])
def test_refused_queries(char: bytes) -> None:
    """Spaces, fragments, controls and bytes beyond ASCII are in no query, nor at the end of a path."""
    for origin in (b"/a?b" + char, b"/a?" + char + b"b", b"/%61?" + char, b"/a" + char):
        with pytest.raises(Refused) as caught:
            parse_origin(origin)
        assert caught.value.reason is MALFORMED_TARGET


pieces = st.lists(
    st.sampled_from([b"/", b".", b"..", b"%2e", b"%2F", b"%41", b"%c3", b";", b"a", b"%", b"%3B", b"?", b"[", b"//"])
    | st.integers(0, 255).map(lambda code: bytes((code,))),
    max_size=12,
)


def accepted(origin: bytes) -> Target | None:
    """The target, if it is one."""
    try:
        return parse_origin(origin)
    except Refused:
        return None


@given(pieces=pieces)
def test_normalised_once_is_normalised_for_good(pieces: list[bytes]) -> None:
    """What is forwarded is its own normal form, so that a second gateway behind us sees the same segments."""
    target = accepted(b"/" + b"".join(pieces))
    if target is not None:
        assert parse_origin(target.origin) == target


@given(pieces=pieces)
def test_matched_is_forwarded(pieces: list[bytes]) -> None:
    """The segments a route is matched on are those of the path that is forwarded, and nothing hides in them."""
    target = accepted(b"/" + b"".join(pieces))
    if target is not None:
        assert b"/" + b"/".join(target.segments) == target.path
        assert target.origin == target.path + (b"" if target.query is None else b"?" + target.query)
        assert b"" not in target.segments[:-1]
        for segment in target.segments:
            assert segment.partition(b";")[0] not in (b".", b"..")
            assert not set(segment) & set(b'/\\"<>`{}# ')
            for index, char in enumerate(segment):
                if char == 0x25:
                    code = int(segment[index + 1 : index + 3], 16)
                    assert code not in UNRESERVED
                    assert code not in b"/\\\x7f"
                    assert code >= 0x20


@given(name=st.binary(min_size=1, max_size=8))
def test_every_byte_can_be_named(name: bytes) -> None:
    """A segment of any bytes but slashes, backslashes and controls has an escaped form that is accepted."""
    escaped = b"".join(b"%%%02x" % byte for byte in name)
    target = accepted(b"/" + escaped)
    harmless = not any(byte < 0x20 or byte in b"/\\\x7f" for byte in name)
    dots = name.partition(b";")[0] in (b".", b"..")
    assert (target is not None) == (harmless and not dots)


@given(path=st.lists(st.sampled_from(AS_THEY_ARE), max_size=20).map(bytes))
def test_plain_paths_are_left_alone(path: bytes) -> None:
    """A segment without escapes and dots at its start is forwarded as it is."""
    if not path.startswith(b"."):
        assert parse_origin(b"/" + path).origin == b"/" + path
