"""Which certificate a client gets, by the name it asks for (SNI, RFC 6066 section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class ServerNames(Generic[T]):
    """Finds what stands for a name: exact names before wildcards, and of several the first.

    A wildcard is the whole of the leftmost label and stands for one label (RFC 9525 section 6.3): `*.example.org` is
    for `a.example.org`, neither for `example.org` nor for `a.b.example.org`.
    """

    __slots__ = ("_exact", "_wild")

    def __init__(self, entries: Iterable[tuple[Iterable[str], T]]) -> None:
        """`entries` are names, in lower case, and what stands for them."""
        self._exact: dict[str, T] = {}
        self._wild: dict[str, T] = {}
        for names, what in entries:
            for name in names:
                if name.startswith("*."):
                    self._wild.setdefault(name[2:], what)
                else:
                    self._exact.setdefault(name, what)

    def find(self, name: str) -> T | None:
        """What stands for `name`, in any case and with or without a dot at its end; None for nothing."""
        name = name.lower().removesuffix(".")
        found = self._exact.get(name)
        if found is None:
            first, _, rest = name.partition(".")
            if first:
                found = self._wild.get(rest)
        return found
