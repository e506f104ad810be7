"""Header names that only the gateway may write towards a service, and how clients spell them.

A service trusts these fields because the gateway removed them from what the client sent. Programs behind it that
follow CGI read `X_Tenant_Id` and `x-tenant-id` as the same field (RFC 3875 section 4.1.18), some of them every
character besides letters and digits, so names are compared as they would read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Who the client is and what it may do: a client that sends one of these forges an identity.
IDENTITY_NAMES = (
    "client-cert",
    "client-cert-chain",
    "ssl-client-*",
    "x-gateway-*",
    "x-gateway-internal",
    "x-internal-*",
    "x-admin-token",
    "x-client-cert",
    "x-client-cert-*",
    "x-client-verify",
    "x-privileged",
    "x-remote-user",
    "x-ssl-*",
    "x-tenant-id",
    "x-user-email",
    "x-user-id",
    "x-user-roles",
    "x-user-scopes",
    "x-venue-id",
)
# Where it comes from, and what it asked for: proxies and old clients send these in good faith.
CLAIM_NAMES = (
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded-*",
    "x-gateway-forwarded",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
)

_NAME = re.compile(r"[!#$%&'+.^_`|~0-9A-Za-z-]{1,127}\*?")
_FOLDED = bytes(
    code if chr(code) in "abcdefghijklmnopqrstuvwxyz0123456789" else ord("-") for code in bytes(range(256)).lower()
)


class GuardedNames:
    """A set of header names, written as `x-name` or, for all that begin so, `x-prefix-*`.

    `labels` are the names as configured, in lower case: what `dangerous_headers_filtered_total` counts by.
    """

    __slots__ = ("_exact", "_labels", "_prefixes", "identity", "labels")

    def __init__(self, names: Iterable[str] = CLAIM_NAMES, identity: Iterable[str] = IDENTITY_NAMES) -> None:
        """`identity` are the guarded names that say who the client is. Raises `ValueError` for what is no name."""
        self.identity = frozenset(_label(name) for name in identity)
        self.labels = tuple(sorted({*map(_label, names), *self.identity}))
        self._exact: dict[bytes, str] = {}
        patterns: dict[bytes, str] = {}
        for label in self.labels:
            table = patterns if label.endswith("*") else self._exact
            table[folded(label.removesuffix("*").encode())] = label
        # The longest first: the label is that of the pattern that says most.
        self._prefixes = tuple(sorted(patterns, key=len, reverse=True))
        self._labels = patterns

    def match(self, name: bytes) -> str | None:
        """The label under which `name`, in whatever spelling, is guarded; None where it is not."""
        written = name.translate(_FOLDED)
        label = self._exact.get(written)
        if label is None and written.startswith(self._prefixes):
            label = self._labels[next(filter(written.startswith, self._prefixes))]
        return label

    def forges(self, label: str) -> bool:
        """Whether a client that sends a field of this label claims an identity: that is a security violation."""
        return label in self.identity


def folded(name: bytes) -> bytes:
    """A header name as the most forgiving of programs would tell it from others."""
    return name.translate(_FOLDED)


def _label(name: str) -> str:
    """A configured name in lower case."""
    if _NAME.fullmatch(name) is None:
        raise ValueError(f'"{name}" is not a header name, nor the beginning of one and "*"')
    return name.lower()
