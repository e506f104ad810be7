"""Whether a browser sent a request because a page of another site told it to (cross-site request forgery).

Browsers add cookies to such requests, so a cookie alone proves nothing about who asked. They also say where a request
comes from: by Origin (Fetch standard) with every unsafe method, by Sec-Fetch-Site (Fetch Metadata), and older ones by
Referer. Scripts cannot set any of them. Credentials that a script has to add itself, such as a bearer token, need no
check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gatewayd.core.cors import Origins, origin_of

SAFE_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})  # RFC 9110 section 9.2.1

_REFERER = re.compile(
    rb"(https?)://([A-Za-z0-9._\-]{1,255}(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?)(?:[/?].*)?"
)


class SameOrigin:
    """Lets unsafe requests through that come from the gateway's own origin, or from one of `trusted`.

    `trusted` are origins or patterns as in `gatewayd.core.cors`. `null` is nobody's origin and cannot be trusted.
    """

    __slots__ = ("_trusted",)

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        """Raises `ValueError` for what is no origin."""
        listed = list(trusted)
        if "null" in listed:
            raise ValueError('"null" cannot be trusted: every sandboxed page has this origin')
        self._trusted = Origins(listed)

    def check(
        self, method: bytes, own: bytes, origin: bytes | None, site: bytes | None, referer: bytes | None
    ) -> str | None:
        """None if the request may use the cookie's identity, else what is wrong with it.

        `own` is the origin the request was sent to (see `origin_of`); `origin`, `site` and `referer` are the values of
        Origin, Sec-Fetch-Site and Referer, several lines of one joined by commas, None where there is none.
        """
        if method in SAFE_METHODS:
            return None
        if origin is not None:
            if origin in self._trusted:
                return None
            if origin != own:
                return "comes from another origin"
            # A browser that names this origin calls the request same-origin: any other word is a contradiction.
            return None if site is None or site == b"same-origin" else "contradicts itself about its origin"
        if site is not None:
            return None if site in (b"same-origin", b"none") else "comes from another site"
        if referer is not None:
            match = _REFERER.fullmatch(referer)
            source = origin_of(match[1], match[2]) if match else b""
            return None if source == own or source in self._trusted else "was referred by another origin"
        return "does not say where it comes from"
