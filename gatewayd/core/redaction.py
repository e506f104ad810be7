"""Taking out of texts what must not be read: secrets that are known, what looks like a credential, named values.

Nothing that is to stay secret is meant to be in a text in the first place. This is for what comes from elsewhere:
headers and queries that somebody wants to see, and exceptions, which quote whatever they were about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

MASK = "[redacted]"
_LONG = 12  # characters of a secret that no harmless word has within it
SHORTEST = 4  # characters of a secret that is looked for: shorter ones would be found in any text

# Header fields whose values are credentials, whatever is configured.
CREDENTIAL_HEADERS = frozenset((
    "authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "api-key", "x-auth-token",
    "x-csrf-token", "x-xsrf-token", "x-amz-security-token", "x-vault-token", "x-gitlab-token",
    "x-goog-iap-jwt-assertion",
))  # fmt: skip
# Parameters of queries and fields of lines whose values are, under any spelling of case.
CREDENTIAL_NAMES = frozenset((
    "access_token", "api_key", "apikey", "assertion", "auth", "auth_token", "authorization", "bearer",
    "client_assertion", "client_secret", "code", "code_verifier", "credential", "credentials", "id_token", "jwt",
    "key", "passphrase", "passwd", "password", "pwd", "refresh_token", "secret", "session", "session_id", "sig",
    "signature", "token", "x-amz-credential", "x-amz-security-token", "x-amz-signature",
))  # fmt: skip
_SCHEME = (
    r"\b(?P<scheme>bearer|basic|digest|negotiate|apikey) +(?!(?:tokens?|authentication|auth|scheme)\b)[\w.~+/=-]{6,}"
)
_JWT = r"\beyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*){0,3}"
_API_KEY = r"\b(?P<gw>gw_[a-z2-7]{13}_)[a-z2-7]{32}[0-9a-f]{8}"
_USERINFO = r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"


class Redactor:
    """Masks in texts the `secrets` themselves, what looks like a credential, and the values of what has a secret name.

    `names` come to those that are secret anyway: of header fields, of query parameters, of fields of log lines. `own`
    has them in lower case.
    """

    __slots__ = ("_pattern", "headers", "names", "own")

    def __init__(self, names: Iterable[str] = (), secrets: Iterable[str] = ()) -> None:
        self.own = own = frozenset(name.lower() for name in names)
        self.headers = CREDENTIAL_HEADERS | own
        self.names = CREDENTIAL_NAMES | CREDENTIAL_HEADERS | own
        literal = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
        known = [_literal(secret) for secret in literal]
        headers = "|".join(map(re.escape, sorted(self.headers, key=len, reverse=True)))
        parameters = "|".join(map(re.escape, sorted(self.names, key=len, reverse=True)))
        parts = [
            *known,
            _SCHEME,
            _JWT,
            _API_KEY,
            _USERINFO,
            rf"(?P<header>(?<![\w-])(?:{headers})[\"']?: *(?:b?[\"'])?)[^\r\n\"'\\]+",
            rf"(?P<parameter>[?&;](?:{parameters})=)[^&;#\s\"'\\]+",
        ]
        self._pattern = re.compile("|".join(parts), re.IGNORECASE)

    def text(self, text: str, more: Iterable[str] = ()) -> str:
        """`text` with all of that masked, and with `more` secrets that this very text may quote."""
        for secret in sorted((secret for secret in more if len(secret) >= SHORTEST), key=len, reverse=True):
            text = text.replace(secret, MASK)
        return self._pattern.sub(_masked, text)

    def hides(self, name: str) -> bool:
        """Whether the value of what is called `name` is never shown."""
        return name.lower() in self.names

    def query(self, query: str) -> str:
        """A query with the values of parameters masked whose names are secret, however the names are encoded."""
        parts = query.split("&")
        for index, part in enumerate(parts):
            name, equals, value = part.partition("=")
            if equals and value and self.hides(unquote_plus(name)):
                parts[index] = f"{name}={MASK}"
        return self.text("&".join(parts))


def _literal(secret: str) -> str:
    """What finds a secret. One that is short may be a part of harmless words; it is looked for as a word of its own."""
    pattern = re.escape(secret)
    return pattern if len(secret) >= _LONG else rf"(?<!\w){pattern}(?!\w)"


def _masked(match: re.Match[str]) -> str:
    """What stands instead of a match: what tells what it was, and the mask."""
    for kept in ("scheme", "gw", "header", "parameter"):
        if text := match[kept]:
            return f"{text} {MASK}" if kept == "scheme" else text + MASK
    return MASK
