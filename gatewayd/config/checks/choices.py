"""Keys of which there must be one, and keys that do nothing without another."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gatewayd.config.models.section import FILE_SUFFIX
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import MapNode, Mark


def exactly_one(node: MapNode, keys: tuple[str, ...], mark: Mark, message: str, hint: str) -> Iterator[Problem]:
    """One of `keys`, and no second one; `message` and `hint` tell at `mark` that there is none."""
    given = [key for key in node.keys if key in keys or _secret_of(key) in keys]
    # A misspelt key is a problem of its own already.
    if not given and not any(get_close_matches(key, keys, cutoff=0.6) for key in node.keys):
        yield mark.problem(message, hint)
    for other in given[1:]:
        if _secret_of(other) == _secret_of(given[0]):
            continue  # a secret and its file exclude each other wherever they stand
        yield node.keys[other].problem(f"{given[0]!r} and {other!r} exclude each other", "keep one of them")


def at_least_one(node: MapNode, keys: tuple[str, ...], mark: Mark, message: str, hint: str) -> Iterator[Problem]:
    """One or more of `keys`; `message` and `hint` tell at `mark` that there is none."""
    given = [key for key in node.keys if key in keys]
    if not given and not any(get_close_matches(key, keys, cutoff=0.6) for key in node.keys):
        yield mark.problem(message, hint)


def useless(node: MapNode, keys: tuple[str, ...], message: str, hint: str) -> Iterator[Problem]:
    """None of `keys`, which do nothing here; `message` has `{key}` for the one that is there."""
    for key in keys:
        if key in node.keys:
            yield node.keys[key].problem(message.replace("{key}", repr(key)), hint)


def _secret_of(key: str) -> str:
    """The secret that `key` gives by a file, or `key` itself."""
    return key.removesuffix(FILE_SUFFIX)
