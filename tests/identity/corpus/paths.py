"""Ways from a public prefix into a protected one, and methods that pretend to be others."""

from __future__ import annotations

from ..minting import good
from .cases import ADMITTED, ANONYMOUS, CROSSED, TRAVERSAL, Attack, Passage, ask, pair, refused, removed

_ONE = "one reading of a path: what routes see is what services get, and what has no one reading is refused"
_METHOD = "a method that a header names is no method"
_AMBIGUOUS = (TRAVERSAL,)
_MISSING = (*refused("missing"),)


def _ambiguous(id_: str, path: bytes, reason: str = "ambiguous-path", *lines: bytes) -> Attack:
    """A path that could be read in two ways: refused before any route is found, with a credential or without."""
    moved = _AMBIGUOUS if reason == "ambiguous-path" else ()
    return Attack(f"path-{id_}", _ONE, ask(path, *lines), 400, reason, moved, truth="-")


def _normalised(id_: str, path: bytes) -> Attack:
    """A path whose one reading is protected."""
    return Attack(f"path-{id_}", _ONE, ask(path), 401, "unauthenticated", _MISSING)


ATTACKS = (
    _normalised("dots", b"/login/../users/"),
    _normalised("dots-twice", b"/login/x/../../users/"),
    _normalised("dot-dots", b"/login/./../users/"),
    _normalised("slashes-dots", b"/login//../users/"),
    _normalised("dots-slashes", b"/login/..//users/"),
    _normalised("slashes", b"//users/"),
    _normalised("three-slashes", b"///users/"),
    _normalised("dot-first", b"/./users/"),
    _normalised("escaped-letter", b"/%75sers/"),
    _normalised("escaped-letters", b"/%75%73%65%72%73/"),
    _normalised("login-x", b"/loginx/"),
    _normalised("login-parameter", b"/login;x/"),
    _normalised("login-case", b"/LOGIN/"),
    _normalised("login-escaped-blank", b"/login%20/"),
    _normalised("fullwidth", b"/%EF%BD%8Cogin/"),
    _normalised("users-query", b"/users/{}?/login/"),
    _ambiguous("escaped-dots", b"/login/%2e%2e/users/"),
    _ambiguous("escaped-dots-upper", b"/login/%2E%2E/users/"),
    _ambiguous("half-escaped-dots", b"/login/.%2e/users/"),
    _ambiguous("escaped-dot-half", b"/login/%2e./users/"),
    _ambiguous("escaped-slash", b"/login/..%2fusers/"),
    _ambiguous("escaped-slash-upper", b"/login/..%2Fusers/"),
    _ambiguous("escaped-all", b"/login/%2e%2e%2fusers/"),
    _ambiguous("escaped-slash-only", b"/login%2fusers/"),
    _ambiguous("dots-parameter", b"/login/..;/users/"),
    _ambiguous("dots-parameter-x", b"/login/..;x=y/users/"),
    _ambiguous("dots-escaped-parameter", b"/login/..%3b/users/"),
    _ambiguous("escaped-dots-parameter", b"/login/%2e%2e;x/users/"),
    _ambiguous("dot-parameter", b"/login/.;x/users/"),
    _ambiguous("escaped-backslash", b"/login/..%5cusers/"),
    _ambiguous("escaped-nul", b"/login/%00/../users/"),
    _ambiguous("escaped-nul-end", b"/users/{}%00/login"),
    _ambiguous("escaped-lines", b"/login/%0d%0aX-Tenant-Id:%20other/"),
    _ambiguous("above-root", b"/login/../../users/"),
    _ambiguous("above-root-first", b"/../users/"),
    _ambiguous("good-token", b"/login/%2e%2e/users/", "ambiguous-path", good()),
    _ambiguous("backslash", b"/login/..\\users/", "malformed-target"),
    _ambiguous("backslash-first", b"\\users/", "malformed-target"),
    _ambiguous("fragment", b"/login/{}#/../users", "malformed-target"),
    _ambiguous("percent", b"/login/%/../users/", "malformed-target"),
    _ambiguous("percent-u", b"/login/%u002e%u002e/users/", "malformed-target"),
    _ambiguous("raw-bytes", b"/login/\xc0\xae\xc0\xae/users/", "malformed-request-line"),
    Attack(
        "path-of-tenant",
        _ONE,
        ask(b"/t/acme/../other/", good()),
        404,
        "no-route",
        (*ADMITTED, CROSSED, pair("acme", "other")),
        truth="hidden-tenant",
        event="audit.cross_tenant",
    ),
)


def _literal(id_: str, path: bytes, target: bytes = b"") -> Passage:
    """A path that is odd, and one and the same for everybody."""
    return Passage(f"path-{id_}", _ONE, ask(path), (), target=target or path, absent=ANONYMOUS)


def _overridden(name: bytes, label: str = "") -> Passage:
    """A method in a header."""
    moved = removed(label or name.decode().lower())
    lines = (good(), name + b": DELETE")
    return Passage(
        f"method-{name.decode()}",
        _METHOD,
        ask(b"/users/", *lines),
        (*ADMITTED, *moved),
        absent=(name.lower(),),
        answered=(b"X-Method: GET",),
    )


PASSAGES = (
    _literal("escaped-twice", b"/login/%252e%252e/users/"),
    _literal("escaped-slash-twice", b"/login/..%252fusers/"),
    _literal("overlong", b"/login/%c0%ae%c0%ae/users/", b"/login/%C0%AE%C0%AE/users/"),
    _literal("overlong-slash", b"/login/..%c0%afusers/", b"/login/..%C0%AFusers/"),
    _literal("overlong-three", b"/login/%e0%80%ae%e0%80%ae/users/", b"/login/%E0%80%AE%E0%80%AE/users/"),
    _literal("three-dots", b"/login/.../users/"),
    _literal("parameter", b"/login/x;y/users/"),
    _literal("fullwidth-dots", b"/login/%ef%bc%8e%ef%bc%8e/users/", b"/login/%EF%BC%8E%EF%BC%8E/users/"),
    _literal("normalised", b"/login/a//b/./c/../", b"/login/a/b/"),
    Passage("path-into-public", _ONE, ask(b"/users/../login/"), (), target=b"/login/", absent=ANONYMOUS),
    _overridden(b"X-HTTP-Method-Override"),
    _overridden(b"X-HTTP-Method"),
    _overridden(b"X-Method-Override"),
    _overridden(b"X_HTTP_METHOD_OVERRIDE", "x-http-method-override"),
    _overridden(b"X-Original-URL"),
    _overridden(b"X-Rewrite-URL"),
    _overridden(b"x.original.url", "x-original-url"),
)
