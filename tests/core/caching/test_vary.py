"""Which answer is for which request."""

from __future__ import annotations

import pytest

from gatewayd.core.caching import Entry, Store, choose, on_response, select
from gatewayd.core.caching.vary import selecting, vary_names
from tests.core.caching.world import NOW, PUBLIC, answer, asked, head


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ([], ()),
        ([b""], ()),
        ([b"Foo"], (b"foo",)),
        ([b"foo, BAR ,,foo", b"baz"], (b"bar", b"baz", b"foo")),
        ([b"*"], None),
        ([b"*, *"], None),
        ([b", *"], None),
        ([b"", b"*"], None),
        ([b"foo, *"], None),
    ],
)
def test_names(values: list[bytes], names: tuple[bytes, ...] | None) -> None:
    """Names are told once, in order; "*" among them is more than can be told."""
    assert vary_names(values) == names


def test_wanted_names() -> None:
    """What the route says comes to what the service says."""
    assert vary_names([b"b"], (b"a", b"b")) == (b"a", b"b")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Foo: 1, 2"], ["Foo: 1", "Foo: 2"]),
        (["Foo: 1,2"], ["Foo:  1 ,  2"]),
        (["Accept-Language: en, DE"], ["Accept-Language: EN,de"]),
        (["Accept-Encoding: gzip, br"], ["Accept-Encoding: BR, gzip"]),
        ([], ["Unnamed: 1"]),
    ],
)
def test_alike(one: list[str], other: list[str]) -> None:
    """What makes no difference makes none."""
    names = (b"accept-encoding", b"accept-language", b"foo")
    assert selecting(asked(*one).fields, names) == selecting(asked(*other).fields, names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["Foo: 1"], ["Foo: 2"]),
        (["Foo: 1"], []),
        (["Foo:"], []),
        (["Foo: a"], ["Foo: A"]),
        (["Foo: 1, 2"], ["Foo: 2, 1"]),
        (["Accept-Language: en, de"], ["Accept-Language: de, en"]),
    ],
)
def test_unlike(one: list[str], other: list[str]) -> None:
    """What may make a difference makes one, a field that is not there too."""
    names = (b"accept-language", b"foo")
    assert selecting(asked(*one).fields, names) != selecting(asked(*other).fields, names)


def kept(*lines: str, vary: str) -> Entry:
    """The entry of a request with these lines, of which the answer varies."""
    outcome = on_response(asked(*lines), answer("Cache-Control: max-age=60", f"Vary: {vary}"), NOW, NOW, PUBLIC)
    assert isinstance(outcome, Store)
    return outcome.entry


def test_select() -> None:
    """The newest that matches is selected, by what it varies by itself."""
    entries = [kept("A: 1", vary="A"), kept("A: 2", vary="A"), kept("B: 1", "A: 3", vary="A, B"), kept(vary="B")]
    assert select(entries, asked("A: 2").fields) is entries[1]
    assert select(entries, asked("A: 3", "B: 1").fields) is entries[2]
    assert select(entries, asked("A: 1", "B: 1").fields) is entries[0]
    assert select(entries, asked("A: 3").fields) is entries[3]
    assert select(entries, asked("A: 3", "B: 2").fields) is None
    assert select([], asked().fields) is None


def test_choose() -> None:
    """A section that comes again selects the same, however much it was asked for before."""
    entries = [kept("A: 1", f"X-{number}: y", vary=f"A, X-{number}") for number in range(40)]
    section = head("A: 1", "X-7: y", "X-30: y").section
    for _ in range(2):
        assert choose(entries, section) is entries[7] is select(entries, section.fields)
        assert choose(entries[8:], section) is entries[30]
        assert choose(entries[31:], section) is None
    assert choose([kept(vary="")], section) is not None
