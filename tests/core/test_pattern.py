"""Path patterns: what parses, how literals are written, what matches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.pattern import Kind, Part, PatternError, parse_pattern
from gatewayd.core.reasons import Refused
from gatewayd.core.target import parse_origin


def test_parts() -> None:
    """Literals, parameters and wildcards become parts, `**` becomes the rest."""
    pattern = parse_pattern("/a/{id}/*/**")
    assert pattern.parts == (Part(Kind.LITERAL, b"a"), Part(Kind.PARAMETER, b"", "id"), Part(Kind.WILDCARD))
    assert pattern.rest
    assert pattern.parameters == (("id", 1),)


@pytest.mark.parametrize(
    ("text", "path", "matches"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/a", "/a", True),
        ("/a", "/a/", False),
        ("/a", "/A", False),
        ("/a/", "/a/", True),
        ("/a/", "/a", False),
        ("/**", "/", True),
        ("/**", "/a/b/c/", True),
        ("/a/**", "/a", True),
        ("/a/**", "/a/", True),
        ("/a/**", "/a/b/c", True),
        ("/a/**", "/ab", False),
        ("/a/**", "/", False),
        ("/{x}", "/a", True),
        ("/{x}", "/", False),
        ("/*/b", "/a/b", True),
        ("/*/b", "//b", False),
        ("/*/", "/a/", True),
        ("/a/*/**", "/a/", False),
        ("/a/*/**", "/a/b", True),
    ],
)
def test_matches(text: str, path: str, matches: bool) -> None:
    """A pattern matches whole paths, a trailing slash is an empty last segment, and one segment is never empty."""
    assert parse_pattern(text).matches(path[1:].encode().split(b"/")) is matches


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("/café", b"caf%C3%A9"),
        ("/caf%c3%a9", b"caf%C3%A9"),
        ("/a b", b"a%20b"),
        ("/%61%2db", b"a-b"),
        ("/100%25", b"100%25"),
        ("/users:batch", b"users:batch"),
        ("/a%3ab", b"a%3Ab"),
        ("/@me;v=1,2", b"@me;v=1,2"),
        ("/%7Bx%7D", b"%7Bx%7D"),
        ("/...", b"..."),
    ],
)
def test_canonical_literals(text: str, literal: bytes) -> None:
    """A literal is written as requests carry it: escapes in upper case, unreserved characters without one."""
    assert parse_pattern(text).parts[0].literal == literal


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, 'starts with "/"'),
        ("a/b", 0, 'starts with "/"'),
        ("//", 1, '"//"'),
        ("/a//b", 3, '"//"'),
        ("/a/.", 3, "dot segments"),
        ("/../a", 1, "dot segments"),
        ("/%2e%2E/a", 1, "dot segments"),
        ("/..;v/a", 1, "dot segments"),
        ("/a?b=1", 2, "`query`"),
        ("/a#b", 2, 'before "#"'),
        ("/a/{b", 3, "a parameter is a whole segment"),
        ("/a/b}", 4, "a parameter is a whole segment"),
        ("/{a}{b}", 1, "a parameter is a whole segment"),
        ("/v{a}", 2, "a parameter is a whole segment"),
        ("/{{a}}", 1, "a parameter is a whole segment"),
        ("/{a}/{a}", 6, "occurs twice"),
        ("/{}", 2, "not a parameter name"),
        ("/{A}", 2, "not a parameter name"),
        ("/{1a}", 2, "not a parameter name"),
        ("/{**}", 2, "whole segment"),
        ("/a*", 2, "whole segment"),
        ("/***", 1, "whole segment"),
        ("/**/a", 1, "stands last"),
        ("/**/", 1, "stands last"),
        ("/a\x00", 2, "control character"),
        ("/a\x85", 2, "control character"),
        ("/a\\b", 2, "backslash"),
        ("/a%2fb", 2, "refused"),
        ("/a%5C", 2, "refused"),
        ("/%00", 1, "refused"),
        ("/a%", 2, "two hexadecimal digits"),
        ("/a%2", 2, "two hexadecimal digits"),
        ("/a%+1", 2, "two hexadecimal digits"),
        ("/a\ud800", 2, "surrogate"),
    ],
)
def test_faults(text: str, offset: int, message: str) -> None:
    """What is no pattern is refused with the place of the fault."""
    with pytest.raises(PatternError) as caught:
        parse_pattern(text)
    assert message in caught.value.message
    assert caught.value.offset == offset


def test_specificity_of_one_path() -> None:
    """Place by place a literal comes before a parameter, that before a wildcard, the end and the rest."""
    ordered = [
        "/a/b/c",
        "/a/b/{x}",
        "/a/b/*",
        "/a/b",
        "/a/b/**",
        "/a/{x}/c",
        "/a/*/c",
        "/a/**",
        "/{x}/b/c",
        "/*/b/c",
        "/**",
    ]
    assert sorted(ordered, key=lambda text: parse_pattern(text).rank) == ordered


def test_shape_ignores_names() -> None:
    """Patterns that differ in parameter names only have one shape; a wildcard differs from a parameter."""
    assert parse_pattern("/a/{x}").shape == parse_pattern("/a/{y}").shape
    assert parse_pattern("/a/{x}").shape != parse_pattern("/a/*").shape
    assert parse_pattern("/a").shape != parse_pattern("/a/**").shape


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12))
def test_literals_meet_requests(tail: str) -> None:
    """A path that a request can carry as it is, written as a pattern, matches that very request."""
    written = "/" + tail
    try:
        target = parse_origin(written.encode())
    except Refused:
        return
    try:
        pattern = parse_pattern(written)
    except PatternError:
        return
    if target.query is None and target.path.count(b"/") == written.count("/"):
        assert pattern.matches(target.segments)
