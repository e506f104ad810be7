"""What one route's keys must agree on, judged before and apart from its model so that no fault hides another."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.fallback import STAND_INS
from gatewayd.config.models.route import ANSWERS, SERVICE_OPTIONS
from gatewayd.config.models.templates import REDIRECT_PLACES, REST, places
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, ScalarNode, complain, text_at
from gatewayd.core.matching import Pattern, PatternError, parse_pattern

_INSTEAD = {
    ("respond", "response_headers"): "use 'headers' of 'respond'",
    ("redirect", "rewrite"): "write the new path into 'to' of 'redirect'",
    ("redirect", "strip_prefix"): "write the new path into 'to' of 'redirect'",
}
_NO_BODY = (204, 205, 304)  # RFC 9110 section 6.4.1


def check_route(node: MapNode, services: Collection[str] | None) -> Iterator[Problem]:
    """Everything wrong with how the keys of a route go together; `services` names all there are, if known."""
    yield from _check_answer(node)
    if services is not None:
        for path in _service_names(node):
            yield from _check_service(node, path, services)
    yield from _check_split(node)
    yield from _check_fallback(node)
    if "rewrite" in node.keys and "strip_prefix" in node.keys:
        message = "'strip_prefix' and 'rewrite' exclude each other"
        yield node.keys["strip_prefix"].problem(message, "keep 'rewrite' alone: it is the whole new path")
    pattern = _pattern(node)
    if pattern is not None:
        yield from _check_places(node, ("rewrite",), pattern, ())
        yield from _check_places(node, ("redirect", "to"), pattern, REDIRECT_PLACES)
        yield from _check_strip(node, pattern)
    yield from _check_loop(node)
    yield from _check_body(node)
    for edits in ("request_headers", "response_headers"):
        yield from _check_edits(node.entries.get(edits))


def _service_names(node: MapNode) -> Iterator[tuple[str | int, ...]]:
    """Where in a route the names of services stand."""
    yield ("service",)
    split = node.entries.get("split")
    for index in range(len(split.items) if isinstance(split, ListNode) else 0):
        yield "split", index, "service"
    yield "fallback", "service"
    yield "mirror", "service"


def _check_service(node: MapNode, path: tuple[str | int, ...], services: Collection[str]) -> Iterator[Problem]:
    """What `path` names must be one of `services`."""
    name = text_at(node, path)
    if name is not None and name not in services:
        yield complain(node, Complaint("there is no service {value}", suggestion(name, services, "services")), path)


def _check_split(node: MapNode) -> Iterator[Problem]:
    """What tells requests apart is of use where they are divided."""
    if "split_by" in node.keys and "split" not in node.keys:
        hint = "remove it, or answer with several services"
        yield node.keys["split_by"].problem("'split_by' works with 'split' only", hint)


def _check_fallback(node: MapNode) -> Iterator[Problem]:
    """Exactly one answer that stands in, and by another service than those that cannot."""
    fallback = node.entries.get("fallback")
    if not isinstance(fallback, MapNode):
        return
    given = [key for key in fallback.keys if key in STAND_INS]
    if not given and not any(get_close_matches(key, STAND_INS, cutoff=0.6) for key in fallback.keys):
        yield node.keys["fallback"].problem("the fallback has no answer", "add 'respond' or 'service'")
    if len(given) > 1:
        message = f"{given[0]!r} and {given[1]!r} exclude each other"
        yield fallback.keys[given[1]].problem(message, "keep one of them")
    other = text_at(fallback, ("service",))
    own = [path for path in _service_names(node) if path[0] in ("service", "split")]
    if other is not None and other in [text_at(node, path) for path in own]:
        complaint = Complaint("{value} is what the fallback stands in for", "name another service, or use 'respond'")
        yield complain(fallback, complaint, ("service",))
    yield from _check_body(fallback)


def _check_answer(node: MapNode) -> Iterator[Problem]:
    """Exactly one of the answers, and only the options that go with it."""
    given = [key for key in node.keys if key in ANSWERS]
    # A misspelt answer is a problem of its own already.
    if not given and not any(get_close_matches(key, ANSWERS, cutoff=0.6) for key in node.keys):
        yield node.mark.problem("the route has no answer", "add one of 'service', 'split', 'redirect' and 'respond'")
    for other in given[1:]:
        message = f"{given[0]!r} and {other!r} exclude each other"
        yield node.keys[other].problem(message, "keep one of them, or make it two routes")
    if given and not {"service", "split"}.intersection(given):
        for key in node.keys:
            if key in SERVICE_OPTIONS:
                hint = _INSTEAD.get((given[0], key), "remove it, or answer with a service")
                yield node.keys[key].problem(f"{key!r} works with 'service', not with {given[0]!r}", hint)


def _pattern(node: MapNode) -> Pattern | None:
    """The route's pattern, if it has one that parses."""
    path = node.text("path")
    try:
        return None if path is None else parse_pattern(path)
    except PatternError:
        return None


def _check_places(node: MapNode, keys: tuple[str, ...], pattern: Pattern, also: tuple[str, ...]) -> Iterator[Problem]:
    """Every `{name}` in the template at `keys` must be a parameter of the path, or one of `also`."""
    inner: object = node
    for key in keys[:-1]:
        inner = inner.entries.get(key) if isinstance(inner, MapNode) else None
    template = inner.text(keys[-1]) if isinstance(inner, MapNode) else None
    known = [name for name, _ in pattern.parameters]
    for name, offset in places(template or ""):
        if name == REST:
            if not pattern.rest:
                complaint = Complaint("{**} has nothing to stand for", "end 'path' with /**", offset=offset)
                yield complain(node, complaint, keys)
        elif name not in known and name not in also:
            hint = suggestion(name, [*known, *also], "names") if known or also else "the path has no {name} parameters"
            yield complain(node, Complaint(f"{{{name}}} is no parameter of the path", hint, offset=offset), keys)


def _check_strip(node: MapNode, pattern: Pattern) -> Iterator[Problem]:
    """`strip_prefix` must be what the path starts with."""
    prefix = node.text("strip_prefix")
    if prefix is None or not prefix.startswith("/") or prefix.endswith("/"):
        return
    try:
        parts = parse_pattern(prefix).parts
    except PatternError:
        return
    if pattern.parts[: len(parts)] != parts:
        literal = [part for part in pattern.text[1:].split("/") if part]
        until = next((at for at, part in enumerate(literal) if part.startswith(("{", "*"))), len(literal))
        hint = f"the path starts with /{'/'.join(literal[:until])}" if until else "use 'rewrite'"
        yield complain(node, Complaint("the path does not start with {value}", hint), ("strip_prefix",))


def _check_loop(node: MapNode) -> Iterator[Problem]:
    """A redirect must not lead back to where it came from."""
    redirect = node.entries.get("redirect")
    to = redirect.text("to") if isinstance(redirect, MapNode) else None
    if to is not None and to.removesuffix("{query}") in ("{path}", node.text("path")):
        yield complain(
            node, Complaint("{value} leads back to this route", "name another path or host"), ("redirect", "to")
        )


def _check_body(node: MapNode) -> Iterator[Problem]:
    """Some statuses have no body."""
    respond = node.entries.get("respond")
    status = respond.entries.get("status") if isinstance(respond, MapNode) else None
    if not isinstance(respond, MapNode) or not isinstance(status, ScalarNode):
        return
    if status.value in _NO_BODY and respond.text("body"):
        message = f"an answer with status {status.value} has no body"
        yield respond.keys["body"].problem(message, "remove it, or use status 200")


def _check_edits(edits: object) -> Iterator[Problem]:
    """A header that is removed and set is a slip."""
    removed = edits.entries.get("remove") if isinstance(edits, MapNode) else None
    given = edits.entries.get("set") if isinstance(edits, MapNode) else None
    if not isinstance(removed, ListNode) or not isinstance(given, MapNode):
        return
    names = {key.lower() for key in given.keys}
    for item in removed.items:
        if isinstance(item, ScalarNode) and isinstance(item.value, str) and item.value.lower() in names:
            yield item.mark.problem(
                f"{item.text!r} is both removed and set", "keep 'set' alone: it replaces what was there"
            )
