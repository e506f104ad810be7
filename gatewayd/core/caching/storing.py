"""Whether an answer is kept, and for how long (RFC 9111 sections 3, 4.2 and 4.3.4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gatewayd.core.caching.asked import Asked
from gatewayd.core.caching.dates import parse_date
from gatewayd.core.caching.directives import LONGEST, Told, response_directives
from gatewayd.core.caching.entry import NEVER, Entry, first_value, section_of
from gatewayd.core.caching.keys import Scope
from gatewayd.core.caching.parts import date_field, is_entity_tag
from gatewayd.core.caching.policy import Policy
from gatewayd.core.caching.tags import FOR_CACHES, NAMES, tags_of
from gatewayd.core.caching.vary import selecting, vary_names
from gatewayd.core.messages import Field, ResponseHead, Role

# Statuses whose meaning for caches this one knows: the final ones of RFC 9110 that say nothing of a connection.
UNDERSTOOD = frozenset(
    {200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 409, 410, 414, 415, 421, 422, 451}
    | {500, 501, 502, 503, 504}
)
_SILENT = frozenset({200, 203, 204, 300, 301, 308})  # kept for the route's time if they do not say how long
NEGATIVE = frozenset({404, 405, 410, 414, 501})
_LONGEST_HEURISTIC = 86400.0

# Of one hop, or made anew for each answer: not kept.
DROPPED = frozenset(
    b"age connection content-length keep-alive proxy-authenticate proxy-authentication-info proxy-authorization"
    b" proxy-connection te trailer transfer-encoding upgrade via".split()
)
_FORWARDED = frozenset({Role.END_TO_END, Role.NOTED, Role.DATE})
# What a 304 cannot change, since it is about bytes that were received and counted (RFC 9111 section 3.2).
_OF_BODY = frozenset({b"content-encoding", b"content-length", b"content-range"})
_AGE = re.compile(rb"[\t ]*([0-9]{1,32})[\t ]*")


@dataclass(frozen=True, slots=True)
class Store:
    """Keep `entry` once it is complete: its body is still to come."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Update:
    """The answer kept is still good: `entry`, complete, is what it is from now on; kept only if `keep`."""

    entry: Entry
    keep: bool


@dataclass(frozen=True, slots=True)
class Pass:
    """Not kept; `reason` is one word. `outdated` says that what was to be validated is not to be kept any longer."""

    reason: str
    outdated: bool = False


Outcome: TypeAlias = Store | Update | Pass


def on_response(
    asked: Asked,
    answer: ResponseHead,
    requested: float,
    now: float,
    policy: Policy,
    validated: Entry | None = None,
) -> Outcome:
    """What to do with an answer of which the head has come. Times are in seconds since 1970.

    `requested` is when it was asked for, `validated` the kept answer whose validators were sent with the request.
    """
    status, section = answer.status, answer.section
    gone = DROPPED | section.nominated
    fields = [field for field in section.fields if field.role in _FORWARDED and field.name not in gone]
    age = first_value(section.fields, b"age")
    if validated is not None and status == 304:
        return _freshened(asked, validated, fields, age, requested, now, policy)
    made = _entry(asked, answer.status, answer.line, fields, age, requested, now, policy)
    if isinstance(made, str):
        return Pass(made, outdated=validated is not None and status < 500)
    return Store(made)


def _freshened(
    asked: Asked, entry: Entry, fields: list[Field], age: bytes, requested: float, now: float, policy: Policy
) -> Update:
    """The kept answer with the fields of a 304 instead of its own."""
    head = entry.head
    changed = [field for field in fields if field.name not in _OF_BODY]
    names = {field.name for field in changed}
    if b"date" not in names:  # the stored one would make it as old as before
        changed.append(date_field(now))
        names.add(b"date")
    merged = [field for field in head.section.fields if field.name not in names] + changed
    tags = None if names & NAMES else entry.tags
    made = _entry(asked, head.status, head.line, merged, age, requested, now, policy, again=True, tags=tags)
    if not isinstance(made, str):
        made.complete(entry.body)
        return Update(made, keep=True)
    # It answers this request, which it was validated for, and no other.
    head = ResponseHead(head.version, head.status, head.line, section_of(merged))
    last = Entry(
        head,
        born=now,
        fresh_until=now,
        usable_until=now,
        error_until=now,
        proven=True,
        strict=True,
        names=entry.names,
        values=entry.values,
        tags=entry.tags,
        etag=entry.etag,
        last_modified=entry.last_modified,
        modified=entry.modified,
    )
    last.complete(entry.body)
    return Update(last, keep=False)


def _entry(
    asked: Asked,
    status: int,
    line: bytes,
    fields: list[Field],
    age: bytes,
    requested: float,
    now: float,
    policy: Policy,
    *,
    again: bool = False,
    tags: tuple[bytes, ...] | None = None,
) -> Entry | str:
    """The entry of an answer with these fields, or why it has none; `again` for one that was kept already.

    `tags` are what it had then, if it has no others now.
    """
    told = response_directives(tuple([field.value for field in fields if field.name == b"cache-control"]))
    if told.hidden:
        fields = [field for field in fields if field.name not in told.hidden]
    refusal = _refusal(asked, status, told, fields, policy, again=again)
    if refusal is not None:
        return refusal
    names = vary_names([field.value for field in fields if field.name == b"vary"], policy.vary)
    if names is None:
        return "vary"
    if tags is None:
        tags = tags_of(fields)
    if tags is None:
        return "tags"
    if not policy.send_tags:
        fields = [field for field in fields if field.name not in FOR_CACHES]
    dated = first_value(fields, b"date")
    date = parse_date(dated) if dated else None
    if not dated:
        fields = [*fields, date_field(now)]
    etag, last_modified = first_value(fields, b"etag"), first_value(fields, b"last-modified")
    if not is_entity_tag(etag):
        etag = b""
    modified = parse_date(last_modified) if last_modified else None
    sent = now if date is None else date
    lifetime = _explicit(told, fields, sent)
    if lifetime is None:
        lifetime = _implicit(status, told, sent, modified, policy)
    if lifetime is None:
        if not told.no_cache:
            return "silent"
        lifetime = 0.0
    initial = max(0.0, now - sent, _age(age) + now - requested)  # RFC 9111 section 4.2.3
    born = now - initial
    fresh_until = born + lifetime
    strict = told.revalidate or told.no_cache
    usable = 0.0 if strict else _seconds(told.while_revalidate, policy.while_revalidate)
    errors = 0.0 if strict else _seconds(told.if_error, policy.if_error)
    validators = bool(etag or modified is not None)
    if not validators and (told.no_cache or max(fresh_until + usable, fresh_until + errors) <= now):
        return "useless"
    return Entry(
        ResponseHead(1, status, line, section_of(fields)),
        born=born,
        fresh_until=NEVER if told.no_cache else fresh_until,
        usable_until=fresh_until + usable,
        error_until=fresh_until + errors,
        proven=told.no_cache,
        strict=strict,
        names=names,
        values=selecting(asked.fields, names),
        tags=tags,
        etag=etag,
        last_modified=b"" if modified is None else last_modified,
        modified=sent if modified is None else modified,
    )


def _refusal(
    asked: Asked, status: int, told: Told, fields: Sequence[Field], policy: Policy, *, again: bool
) -> str | None:
    """Why an answer is not kept at all (RFC 9111 section 3); None if nothing is against it."""
    if asked.method != b"GET" and not (again and asked.method == b"HEAD"):
        return "method"
    if status < 200 or status in (206, 304):
        return "partial"
    if asked.wanted.no_store:
        return "client"
    if told.must_understand and status not in UNDERSTOOD:
        return "status"
    if told.no_store and not told.must_understand:
        return "no-store"
    if told.private and policy.scope is not Scope.USER:
        return "private"
    if policy.scope is Scope.PUBLIC and asked.credentialed and not _shared(told):
        return "authorization"
    if not policy.cookies and any(field.name == b"set-cookie" for field in fields):
        return "set-cookie"
    return None


def _shared(told: Told) -> bool:
    """Whether a service lets others have an answer to a request with credentials (RFC 9111 section 3.5)."""
    return told.public or told.must_revalidate or told.s_maxage is not None


def _explicit(told: Told, fields: Sequence[Field], sent: float) -> float | None:
    """For how many seconds an answer is fresh, None where it does not say."""
    if told.s_maxage is not None:
        return float(told.s_maxage)
    if told.max_age is not None:
        return float(told.max_age)
    expires = [field.value for field in fields if field.name == b"expires"]
    if not expires:
        return None
    when = parse_date(expires[0]) if len(expires) == 1 else None
    return 0.0 if when is None else min(max(0.0, when - sent), float(LONGEST))


def _implicit(status: int, told: Told, sent: float, modified: float | None, policy: Policy) -> float | None:
    """The same where the service leaves it to others; None where that is nobody's to say."""
    if policy.heuristic and modified is not None and (status in _SILENT or status in NEGATIVE or told.public):
        return min(max(0.0, sent - modified) * policy.heuristic, _LONGEST_HEURISTIC)
    if status in NEGATIVE:
        return policy.negative or None
    return policy.ttl if status in _SILENT else None


def _age(value: bytes) -> float:
    """The seconds that an Age gives, by the first of several; 0 where it cannot be read."""
    match = _AGE.fullmatch(value.partition(b",")[0])
    return 0.0 if match is None else float(min(int(match[1]), LONGEST))


def _seconds(told: int | None, otherwise: float | None) -> float:
    """What the service says, or else the route."""
    return float(told) if told is not None else otherwise or 0.0
