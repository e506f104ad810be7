"""Cross-site request forgery: whose pages may use a cookie's identity."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.csrf import SAFE_METHODS, SameOrigin

OWN = b"https://shop.example"
CHECK = SameOrigin(["https://app.example", "https://*.partner.example"])
NO = None


@pytest.mark.parametrize(
    ("origin", "site", "referer"),
    [
        (OWN, NO, NO),
        (OWN, b"same-origin", NO),
        (OWN, b"same-origin", b"https://evil.test/"),
        (b"https://app.example", NO, NO),
        (b"https://app.example", b"cross-site", NO),
        (b"https://a.partner.example", b"cross-site", NO),
        (NO, b"same-origin", NO),
        (NO, b"none", NO),
        (NO, NO, OWN),
        (NO, NO, b"https://shop.example/a?b=https://evil.test"),
        (NO, NO, b"https://SHOP.example:443/"),
        (NO, NO, b"https://app.example/x"),
        (NO, NO, b"https://a.partner.example?x"),
    ],
)
def test_let_through(origin: bytes | None, site: bytes | None, referer: bytes | None) -> None:
    """Requests of the own origin and of trusted ones, however the browser says so."""
    assert CHECK.check(b"POST", OWN, origin, site, referer) is None


@pytest.mark.parametrize(
    ("origin", "site", "referer", "why"),
    [
        (NO, NO, NO, "does not say where it comes from"),
        (b"", NO, NO, "comes from another origin"),
        (b"null", NO, NO, "comes from another origin"),
        (b"null", b"same-origin", OWN, "comes from another origin"),
        (b"https://evil.test", NO, NO, "comes from another origin"),
        (b"https://evil.test", b"same-origin", OWN, "comes from another origin"),
        (b"http://shop.example", NO, NO, "comes from another origin"),
        (b"https://shop.example:8443", NO, NO, "comes from another origin"),
        (b"https://shop.example.evil.test", NO, NO, "comes from another origin"),
        (b"https://evil-shop.example", NO, NO, "comes from another origin"),
        (b"https://evil.test, https://shop.example", NO, NO, "comes from another origin"),
        (b"https://partner.example", NO, NO, "comes from another origin"),
        (OWN, b"cross-site", NO, "contradicts itself about its origin"),
        (OWN, b"same-site", NO, "contradicts itself about its origin"),
        (NO, b"cross-site", OWN, "comes from another site"),
        (NO, b"same-site", OWN, "comes from another site"),
        (NO, b"", NO, "comes from another site"),
        (NO, b"same-origin, cross-site", NO, "comes from another site"),
        (NO, NO, b"", "was referred by another origin"),
        (NO, NO, b"https://evil.test/https://shop.example", "was referred by another origin"),
        (NO, NO, b"https://shop.example@evil.test/", "was referred by another origin"),
        (NO, NO, b"https://shop.example.evil.test/", "was referred by another origin"),
        (NO, NO, b"https://shop.example\\.evil.test/", "was referred by another origin"),
        (NO, NO, b"http://shop.example/", "was referred by another origin"),
        (NO, NO, b"about:blank", "was referred by another origin"),
    ],
)
def test_refused(origin: bytes | None, site: bytes | None, referer: bytes | None, why: str) -> None:
    """Everything else, and the refusal says what is wrong without repeating a value."""
    assert CHECK.check(b"POST", OWN, origin, site, referer) == why


@pytest.mark.parametrize("method", sorted(SAFE_METHODS))
def test_safe_methods(method: bytes) -> None:
    """Safe methods change nothing, so anyone may make a browser send them."""
    assert CHECK.check(method, OWN, b"https://evil.test", b"cross-site", None) is None


@pytest.mark.parametrize("method", [b"PUT", b"PATCH", b"DELETE", b"get", b"PROPFIND", b""])
def test_other_methods(method: bytes) -> None:
    """Every method that is not known to be safe is checked."""
    assert CHECK.check(method, OWN, b"https://evil.test", None, None) is not None


@given(st.binary(max_size=40), st.none() | st.sampled_from([b"same-origin", b"cross-site"]), st.none() | st.just(OWN))
def test_a_foreign_origin_is_never_let_through(origin: bytes, site: bytes | None, referer: bytes | None) -> None:
    """Whatever else a request says, an Origin that is neither the own nor trusted decides."""
    assert CHECK.check(b"POST", OWN, origin, site, referer) is not None


def test_null_cannot_be_trusted() -> None:
    """Every sandboxed page has this origin."""
    with pytest.raises(ValueError, match="null"):
        SameOrigin(["null"])
    with pytest.raises(ValueError, match="not an origin"):
        SameOrigin(["*"])
