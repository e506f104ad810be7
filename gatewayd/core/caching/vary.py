"""Which of the answers at one URL is meant for a request (RFC 9111 section 4.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatewayd.core.caching.entry import Entry
    from gatewayd.core.messages import Field, HeaderSection

# Names of codings, languages and charsets are not case-sensitive, and neither is anything else in these.
_CASELESS = frozenset({b"accept-encoding", b"accept-language", b"accept-charset"})
_UNORDERED = frozenset({b"accept-encoding"})  # weights count, not places
_MOST_CHOSEN = 16  # lists of names that a section keeps its values for


def vary_names(values: Iterable[bytes], wanted: tuple[bytes, ...] = ()) -> tuple[bytes, ...] | None:
    """The request fields an answer depends on, sorted, in lower case: those of its Vary `values`, and `wanted`.

    None where it depends on more than can be named ("*").
    """
    names = {name.strip(b" \t").lower() for value in values for name in value.split(b",")}
    names.discard(b"")
    if b"*" in names:
        return None
    names.update(wanted)
    return tuple(sorted(names))


def selecting(fields: Iterable[Field], names: tuple[bytes, ...]) -> tuple[bytes | None, ...]:
    """What a request with these fields says in each of `names`, in one way of writing it; None where it does not.

    Several fields of one name are one list, and blanks around commas mean nothing.
    """
    if not names:
        return ()
    found: dict[bytes, bytes] = {}
    for field in fields:
        name = field.name
        if name in names:
            found[name] = found[name] + b"," + field.value if name in found else field.value
    return tuple([_plain(name, found[name]) if name in found else None for name in names])


def _plain(name: bytes, value: bytes) -> bytes:
    """A value without what makes no difference."""
    if name in _CASELESS:
        value = value.lower()
    if b"," not in value:
        return value
    items = [item.strip(b" \t") for item in value.split(b",")]
    if name in _UNORDERED:
        items.sort()
    return b",".join(items)


def choose(entries: Sequence[Entry], section: HeaderSection) -> Entry | None:
    """The first of `entries` that a request with this section may be given; None if there is none.

    What it says is kept in the section: the next request of a connection mostly has the same.
    """
    chosen = section.chosen
    if chosen is None:
        chosen = section.chosen = {(): ()}
    for entry in entries:
        names = entry.names
        values = chosen.get(names)
        if values is None:
            if len(chosen) >= _MOST_CHOSEN:
                return select(entries, section.fields)
            chosen[names] = values = selecting(section.fields, names)
        if entry.values == values:
            return entry
    return None


def select(entries: Sequence[Entry], fields: Sequence[Field]) -> Entry | None:
    """The first of `entries` that a request with these fields may be given; None if there is none."""
    names: tuple[bytes, ...] = ()
    values: tuple[bytes | None, ...] = ()
    for entry in entries:
        if entry.names != names:
            names = entry.names
            values = selecting(fields, names)
        if entry.values == values:
            return entry
    return None
