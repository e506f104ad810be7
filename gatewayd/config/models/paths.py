"""Paths as types of fields: a route's pattern, the segments to strip, the templates of rewrites and redirects."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.templates import REST, Place, parse_template
from gatewayd.config.models.values import Kind
from gatewayd.core.matching import PatternError, parse_pattern

_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/%-]|%(?![0-9A-Fa-f]{2})")  # RFC 3986 section 3.3
_NOT_IN_URL = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?#\[\]%-]|%(?![0-9A-Fa-f]{2})")  # RFC 3986 section 2
_URL = re.compile(r"https?://(?=[^/?#])")


def _pattern(text: str) -> str:
    """A path that `gatewayd.core.matching` can match."""
    try:
        parse_pattern(text)
    except PatternError as error:
        hint = "write /exact, /prefix/**, and {name} or * for one whole segment"
        raise Complaint(str(error), hint if text.startswith("/") else f"write /{text}", offset=error.offset) from None
    return text


def _check_literals(parts: tuple[str | Place, ...], forbidden: re.Pattern[str]) -> None:
    """Raise `Complaint` for the first `forbidden` character outside the places."""
    offset = 0
    for part in parts:
        if isinstance(part, Place):
            offset = part.offset + len(part.name) + 1
            continue
        found = forbidden.search(part)
        if found:
            hint = "percent-encode it, as in %20" if found[0] != "%" else "write %25 for the character itself"
            raise Complaint(f"{found[0]!r} cannot stand here", hint, offset=offset + found.start())
        offset += len(part)


def _absolute(text: str) -> None:
    """Raise `Complaint` unless `text` is a path from the root that keeps to itself."""
    if not text.startswith("/"):
        raise Complaint("the path does not start with '/'", f"write /{text}" if not text.startswith("http") else "")
    if any(segment in (".", "..") for segment in text.split("/")):
        raise Complaint("the path has a dot segment", "write the path it leads to")
    if "//" in text:
        raise Complaint("the path has an empty segment", "write single slashes", offset=text.index("//"))


def _leading_segments(text: str) -> str:
    """Segments to strip: a path without parameters that does not end with a slash."""
    _absolute(text)
    if text == "/":
        raise Complaint("there is nothing to strip", "leave 'strip_prefix' out")
    if text.endswith("/"):
        raise Complaint("the prefix ends with a slash", f"write {text.rstrip('/')}", offset=len(text) - 1)
    _check_literals((text,), _NOT_IN_PATH)
    return text


def _rewrite(text: str) -> str:
    """A template of a path."""
    parts = parse_template(text)
    _absolute(text)
    if "?" in text:
        hint = "leave the query out: it is forwarded as it came"
        raise Complaint("a rewrite is a path alone", hint, offset=text.index("?"))
    _check_literals(parts, _NOT_IN_PATH)
    for part in parts:
        if isinstance(part, Place) and part.name == REST:
            before, after = text[part.offset - 2], text[part.offset + len(REST) + 1 :]
            if before != "/" or after:
                raise Complaint("{**} is not a last segment", "end the path with /{**}", offset=part.offset - 1)
    return text


def _redirect(text: str) -> str:
    """A template of a URL with its scheme, or of a path from the root."""
    parts = parse_template(text)
    if text.startswith("/"):
        # A browser takes "//example.net" for another host, and {path} starts with a slash of its own.
        if text.startswith("//") or text.startswith("/{path}"):
            raise Complaint("'//' leads to another host", "write a path with one '/', or a URL with its scheme")
    elif _URL.match(text) is None and not text.startswith("{path}"):
        raise Complaint("the redirect leads nowhere", "start it with https://, http:// or /")
    _check_literals(parts, _NOT_IN_URL)
    return text


PathPattern = Annotated[str, AfterValidator(_pattern), Kind("path pattern")]
LeadingSegments = Annotated[str, AfterValidator(_leading_segments), Kind("path")]
RewriteTemplate = Annotated[str, AfterValidator(_rewrite), Kind("path template")]
RedirectTemplate = Annotated[str, AfterValidator(_redirect), Kind("URL template")]
