"""URLs the gateway may fetch from: TLS, or this machine, and only one way to read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewayd.core.fetchurl import LONGEST, check_url, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.org",
        "https://id.example.org/",
        "https://id.example.org:8443/a/b?c=d&e[]=%2f",
        "https://[2001:db8::1]/keys",
        "https://10.0.0.1/keys",
        "http://localhost:8080/keys",
        "http://127.0.0.1/",
        "http://127.9.9.9:1/",
        "http://[::1]:65535/",
        "https://e.example/" + "x" * (LONGEST - 18),
    ],
)
def test_may_be_fetched(url: str) -> None:
    """Over TLS from anywhere, in the clear from this machine."""
    check_url(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        *((url, "it is no plain http:// or https:// URL of a host, a port and a path") for url in (
            "", "keys", "//id.example/", "ftp://id.example/", "file:///etc/passwd", "HTTPS://id.example/",
            "https://", "https:///keys", "https://user@id.example/", "https://user:pass@id.example/",
            "http://127.0.0.1\\@id.example/", "http://127.0.0.1#@id.example/", "http://127.0.0.1?@id.example/",
            "https://id.example/#x", "https://id.example/a b", "https://id.example/\n", "https://id.example/\r\nX: y",
            "https://idé.example/", "https://id.example:/", "https://id.example:x/", "https://id.example:123456/",
            "https://%31.example/", "https://[::1/", "https://e.example/" + "x" * (LONGEST - 17),
        )),
        *((url, "its host is no IPv6 address") for url in ("https://[:::]/", "https://[1.2]/", "https://[::1::]/")),
        *((url, "its port is none") for url in ("https://id.example:0/", "https://id.example:65536/")),
        *((url, "http:// is for this machine only; write https://") for url in (
            "http://id.example/", "http://10.0.0.1/", "http://169.254.169.254/latest/", "http://0.0.0.0/",
            "http://[::]/", "http://[fe80::1]/", "http://localhost.example/", "http://2130706433/", "http://127.1/",
            "http://0x7f.0.0.1/", "http://[::ffff:10.0.0.1]/",
        )),
    ],
)  # fmt: skip
def test_may_not(url: str, why: str) -> None:
    """Other machines in the clear, other schemes, and whatever two readers could read in two ways."""
    with pytest.raises(ValueError, match=re.escape(why) + r"\Z"):
        check_url(url)


@given(st.text(max_size=30))
def test_never_anything_else(text: str) -> None:
    """No text makes a URL in the clear to another machine."""
    for url in (text, f"http://{text}", f"http://127.0.0.1{text}/"):
        try:
            check_url(url)
        except ValueError:
            continue
        host = url.partition("://")[2].split("/")[0]
        assert url.startswith("https://") or is_loopback(host.rsplit(":", 1)[0] if host[-1] != "]" else host[1:-1])
