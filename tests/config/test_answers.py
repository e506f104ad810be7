"""Faults in path patterns and in the answers the gateway gives itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.sample import SERVICES, Said, said


@pytest.mark.parametrize(
    ("answer", "column", "message", "hint"),
    [
        ("redirect: {to: b}", 20, "the redirect leads nowhere", "start it with https://, http:// or /"),
        ("redirect: {to: 'https://'}", 20, "the redirect leads nowhere", "start it with https://, http:// or /"),
        (
            "redirect: {to: //b}",
            20,
            "'//' leads to another host",
            "write a path with one '/', or a URL with its scheme",
        ),
        (
            "redirect: {to: '/{path}'}",
            20,
            "'//' leads to another host",
            "write a path with one '/', or a URL with its scheme",
        ),
        ("redirect: {to: '/b\u00e4'}", 23, "'\u00e4' cannot stand here", "percent-encode it, as in %20"),
        ('redirect: {to: "/b\\r\\nX: y"}', 20, "'\\r' cannot stand here", "percent-encode it, as in %20"),
        ("redirect: {to: /b, status: 300}", 32, "'status' cannot be '300'", "write one of 301, 302, 303, 307 or 308"),
        ("redirect: {status: 301}", 5, "'to' is missing", None),
        ("respond: {status: 101}", 23, "'101' is not the status of a final answer", "use one from 200 to 599"),
        ("respond: {status: 600}", 23, "'600' is not the status of a final answer", "use one from 200 to 599"),
        (
            'respond: {content_type: "a\\nb"}',
            29,
            "the header's value contains a line break or control character",
            "write the value on one line",
        ),
        (
            "respond: {headers: {Content-Type: a}}",
            25,
            "'Content-Type' cannot be changed here",
            "use the key 'content_type' beside it",
        ),
        (
            "respond: {status: 204, body: a}",
            28,
            "an answer with status 204 has no body",
            "remove it, or use status 200",
        ),
    ],
)
def test_answers(tmp_path: Path, answer: str, column: int, message: str, hint: str | None) -> None:
    """The same for redirects and fixed responses."""
    found = said(tmp_path, f"routes:\n  - path: /a\n    {answer}\n")
    assert [(p.line, p.column, p.message) for p in found] == [(3, column, message)]
    assert hint is None or found[0].hint == hint


@pytest.mark.parametrize(
    ("path", "offset", "message", "hint"),
    [
        ("a/b", 0, 'a path starts with "/"', "write /a/b"),
        ("/a//b", 3, '"//" matches nothing: requests arrive with single slashes', None),
        ("/a/**/b", 3, '"**" matches all that follows, so it stands last', None),
        ("/a/b*", 4, '"*" stands for a whole segment, not for a part of one', None),
        ("/a/{x}/{x}", 8, 'the parameter "x" occurs twice', None),
    ],
)
def test_paths(tmp_path: Path, path: str, offset: int, message: str, hint: str | None) -> None:
    """What is wrong with a path pattern is shown within the path, whatever quotes surround it."""
    hint = hint or "write /exact, /prefix/**, and {name} or * for one whole segment"
    for quote in ("", "'"):
        start = 11 + (bool(quote) and bool(offset))
        text = SERVICES + f"routes:\n  - path: {quote}{path}{quote}\n    service: pay\n"
        assert said(tmp_path, text) == [Said(3, start + offset, message, hint)]
