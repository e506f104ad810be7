"""A route's changes to a head, compiled when the configuration loads."""

from __future__ import annotations

from dataclasses import dataclass

from gatewayd.config.models.authentication import Authentication
from gatewayd.config.models.edits import HeaderEdits
from gatewayd.core.messages import HeaderSection, Role
from gatewayd.core.tokens.bearer import without_cookie

_COOKIE = b"cookie"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Credentials that services do not see: the fields called `names` (lower case), and the cookie called `cookie`."""

    names: frozenset[bytes]
    cookie: bytes | None


def withheld_by(config: Authentication | None) -> Withheld | None:
    """What is withheld where callers are asked for credentials; None for nothing."""
    if config is None or not config.strip_credentials:
        return None
    names = {b"authorization"}
    if config.api_keys is not None:
        names.add(config.api_keys.header.lower().encode("ascii"))
    return Withheld(frozenset(names), None if config.cookie is None else config.cookie.encode("ascii"))


class Edits:
    """`gone` are the names (lower case) that are taken away, `lines` the field lines that come instead."""

    __slots__ = ("_cookie", "gone", "lines")

    def __init__(self, edits: HeaderEdits, withheld: Withheld | None = None) -> None:
        names = (*edits.remove, *edits.set)
        gone = {name.lower().encode("ascii") for name in names}
        self._cookie: bytes | None = None  # whose line is written anew without it
        if withheld is not None:
            self._cookie = None if _COOKIE in gone else withheld.cookie
            gone |= withheld.names if self._cookie is None else {*withheld.names, _COOKIE}
        self.gone = frozenset(gone)
        pairs = (*edits.set.items(), *edits.add.items())
        self.lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in pairs)

    def instead(self, section: HeaderSection) -> bytes:
        """The lines that come instead of what is gone from `section`: other cookies stay."""
        cookie = self._cookie
        if cookie is None or _COOKIE in section.nominated:
            return self.lines
        kept = [
            without_cookie(field.value, cookie)
            for field in section.special
            if field.role is Role.NOTED and field.name == _COOKIE
        ]
        return b"".join([b"Cookie: %b\r\n" % value for value in kept if value]) + self.lines


def compile_edits(edits: HeaderEdits, withheld: Withheld | None = None) -> Edits | None:
    """The compiled form, or None where nothing is changed: then heads take their fast way."""
    changed = edits.remove or edits.set or edits.add or withheld is not None
    return Edits(edits, withheld) if changed else None
