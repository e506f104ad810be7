"""Which certificate stands for a name that a client asks for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.tls.names import ServerNames

TABLE = ServerNames(
    [
        (("example.org", "*.example.org"), "first"),
        (("api.example.org", "*.example.org", "*.api.example.org"), "second"),
        (("10.0.0.1",), "third"),
        ((), "fourth"),
    ]
)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("example.org", "first"),
        ("EXAMPLE.org", "first"),
        ("example.org.", "first"),
        ("api.example.org", "second"),
        ("www.example.org", "first"),
        ("v1.api.example.org", "second"),
        ("a.www.example.org", None),
        (".example.org", None),
        ("*.example.org", "first"),
        ("10.0.0.1", "third"),
        ("org", None),
        ("", None),
        (".", None),
        ("example.com", None),
    ],
)
def test_find(name: str, what: str | None) -> None:
    """Exact names before wildcards, wildcards for one label, and of several the first."""
    assert TABLE.find(name) == what


@given(st.text(max_size=30))
def test_any_name(name: str) -> None:
    """Whatever a client asks for, there is an answer."""
    assert TABLE.find(name) in ("first", "second", "third", None)
