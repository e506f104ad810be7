"""A route's changes to a head, compiled when the configuration loads."""

from __future__ import annotations

from gatewayd.config.models.edits import HeaderEdits


class Edits:
    """`gone` are the names (lower case) that are taken away, `lines` the field lines that come instead."""

    __slots__ = ("gone", "lines")

    def __init__(self, edits: HeaderEdits) -> None:
        names = (*edits.remove, *edits.set)
        self.gone = frozenset(name.lower().encode("ascii") for name in names)
        pairs = (*edits.set.items(), *edits.add.items())
        self.lines = b"".join(f"{name}: {value}\r\n".encode() for name, value in pairs)


def compile_edits(edits: HeaderEdits) -> Edits | None:
    """The compiled form, or None where nothing is changed: then heads take their fast way."""
    return Edits(edits) if edits.remove or edits.set or edits.add else None
