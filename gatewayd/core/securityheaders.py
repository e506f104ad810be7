"""What answers tell browsers about security, and what they are not to tell anybody.

A field that a service sets itself is left as it is: the service knows its pages better than a policy for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

# Fields of services that say how the platform is built; `GuardedNames` finds them in any spelling.
STRIPPED_NAMES = ("server", "x-aspnet-version", "x-aspnetmvc-version", "x-internal-*", "x-powered-by", "x-runtime")

_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_REFERRER_POLICIES = frozenset(
    {
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    }
)


@dataclass(frozen=True, slots=True)
class BrowserPolicy:
    """The fields to write; None or false leaves one out.

    `hsts_max_age` is in seconds (RFC 6797; 0 tells browsers to forget the host), `content_security_policy` a policy as
    CSP has it, `referrer_policy` one or more of its tokens, separated by commas.
    """

    hsts_max_age: int | None = None
    hsts_subdomains: bool = False
    hsts_preload: bool = False
    nosniff: bool = True
    frame_options: Literal["DENY", "SAMEORIGIN"] | None = None
    content_security_policy: str | None = None
    referrer_policy: str | None = None

    def __post_init__(self) -> None:
        """Refuse what browsers would ignore, and so leave unprotected."""
        if self.hsts_max_age is not None and self.hsts_max_age < 0:
            raise ValueError("HSTS needs an age of 0 seconds or more")
        if self.hsts_max_age is None and (self.hsts_subdomains or self.hsts_preload):
            raise ValueError("HSTS needs an age to cover subdomains or to be preloaded")
        if self.hsts_preload and not (self.hsts_subdomains and (self.hsts_max_age or 0) >= 31_536_000):
            raise ValueError("browsers preload HSTS only with subdomains and for a year (31536000 s) or more")
        policy = self.content_security_policy
        if policy is not None and _VALUE.fullmatch(policy) is None:
            raise ValueError("a content security policy is one line of ASCII")
        tokens = [] if self.referrer_policy is None else self.referrer_policy.split(",")
        if not all(token.strip(" ") in _REFERRER_POLICIES for token in tokens):
            raise ValueError("a referrer policy is made of the tokens of the standard, such as same-origin")


class SecurityHeaders:
    """A `BrowserPolicy` as field lines, made when it is loaded."""

    __slots__ = ("_all", "_lines", "names")

    def __init__(self, policy: BrowserPolicy) -> None:
        lines: list[tuple[bytes, bytes]] = []
        if policy.nosniff:
            lines.append((b"x-content-type-options", b"X-Content-Type-Options: nosniff\r\n"))
        if policy.frame_options is not None:
            lines.append((b"x-frame-options", f"X-Frame-Options: {policy.frame_options}\r\n".encode()))
        if policy.content_security_policy is not None:
            line = f"Content-Security-Policy: {policy.content_security_policy}\r\n"
            lines.append((b"content-security-policy", line.encode()))
        if policy.referrer_policy is not None:
            lines.append((b"referrer-policy", f"Referrer-Policy: {policy.referrer_policy}\r\n".encode()))
        hsts = []
        if policy.hsts_max_age is not None:
            value = f"max-age={policy.hsts_max_age}"
            value += "; includeSubDomains" if policy.hsts_subdomains else ""
            value += "; preload" if policy.hsts_preload else ""
            hsts.append((b"strict-transport-security", f"Strict-Transport-Security: {value}\r\n".encode()))
        # By whether the client came by TLS: HSTS must not be sent without (RFC 6797 section 7.2).
        self._lines = (tuple(lines), (*lines, *hsts))
        self._all = tuple(b"".join(line for _, line in either) for either in self._lines)
        self.names = frozenset(name for name, _ in self._lines[1])
        """The names of all fields that may be written, in lower case."""

    def lines(self, secure: bool, present: Collection[bytes] = ()) -> bytes:
        """The lines for an answer that has the fields `present` (lower case) already; `secure` if it goes by TLS."""
        if not present:
            return self._all[secure]
        return b"".join([line for name, line in self._lines[secure] if name not in present])
