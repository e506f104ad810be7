"""What the sections about callers must agree on, judged before and apart from their models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import get_args

from gatewayd.config.checks.choices import at_least_one, exactly_one, useless
from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import Algorithm, secure_url
from gatewayd.config.models.identity_headers import IdentityHeaders
from gatewayd.config.models.issuers import KEY_FORMS, SOURCES, key_in
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Mark, Node, ScalarNode, complain, find, text_at

_WAYS = ("issuers", "api_keys", "introspection", "certificates")
_ALGORITHMS = frozenset(get_args(get_args(Algorithm)[0]))
_KEY_SOURCES = ("keys", "file", "redis")


def check_identity(sections: Mapping[str, MapNode | ListNode], complete: bool) -> Iterator[Problem]:
    """Everything wrong with how the sections go together; unless `complete`, what is missing may be in another file."""
    section = sections.get("authentication")
    if isinstance(section, MapNode):
        yield from _check_authentication(section, complete)
        if complete and "certificates" in section.keys and not _asks_for_certificates(sections.get("listeners")):
            hint = "add 'client_auth: optional' or 'required' to the 'tls' of a listener"
            yield section.keys["certificates"].problem("no listener asks clients for certificates", hint)
    redis = sections.get("redis")
    if complete and redis is None:
        yield from _check_redis_there(sections)
    if isinstance(redis, MapNode) and "sentinel" in redis.keys and "address" in redis.keys:
        yield redis.keys["address"].problem("'sentinel' and 'address' exclude each other", "keep 'sentinel' alone")
    tenants = sections.get("tenants")
    table = find(tenants, ("table",)) if tenants is not None else None
    if isinstance(tenants, MapNode) and isinstance(table, MapNode) and not table.entries:
        yield tenants.keys["table"].problem("no tenant is listed", "list at least one, or remove it")
    yield from _check_headers(sections)
    cors = sections.get("cors")
    if isinstance(cors, MapNode):
        yield from check_cors(cors, cors.mark)


def _asks_for_certificates(listeners: Node | None) -> bool:
    """Whether clients may show certificates to any of the listeners."""
    nodes = listeners.items if isinstance(listeners, ListNode) else ()
    return any(text_at(node, ("tls", "client_auth")) in ("optional", "required") for node in nodes)


def methods_in(sections: Mapping[str, MapNode | ListNode]) -> tuple[str, ...]:
    """The ways to prove who is calling that are configured, as `auth.methods` calls them."""
    section = sections.get("authentication")
    names = ("jwt", "api_key", "introspection", "certificate")
    found = [isinstance(section, MapNode) and way in section.keys for way in _WAYS]
    return tuple(name for name, there in zip(names, found, strict=True) if there)


def check_cors(node: Node | None, mark: Mark) -> Iterator[Problem]:
    """Somebody must be let in: `off` is another word for nobody."""
    if isinstance(node, MapNode):
        origins = node.entries.get("origins")
        if origins is None or (isinstance(origins, ListNode) and not origins.items):
            yield mark.problem("no origin is named", "add 'origins', such as [https://app.example.org]")


def _check_authentication(section: MapNode, complete: bool) -> Iterator[Problem]:
    """At least one way to prove who is calling, and each of them sound."""
    if complete:
        hint = "add 'issuers', 'api_keys', 'introspection' or 'certificates', or remove the section"
        yield from at_least_one(section, _WAYS, section.mark, "nobody could prove who is calling", hint)
        if not {"issuers", "introspection"}.intersection(section.keys):
            hint = "remove it, or add 'issuers' or 'introspection'"
            yield from useless(section, ("cookie",), "without tokens {key} does nothing", hint)
    issuers = section.entries.get("issuers")
    if isinstance(issuers, MapNode):
        if not issuers.entries:
            yield section.keys["issuers"].problem("there is no issuer", "add one, or remove the key")
        yield from _check_distinct(issuers)
        for name, node in issuers.entries.items():
            if isinstance(node, MapNode):
                yield from _check_issuer(node, issuers.keys[name])
    keys = section.entries.get("api_keys")
    if isinstance(keys, MapNode):
        hint = "add 'keys', 'file' or 'redis'"
        yield from at_least_one(keys, _KEY_SOURCES, section.keys["api_keys"], "there are no API keys", hint)
        listed = keys.entries.get("keys")
        if isinstance(listed, ListNode) and not listed.items:
            yield keys.keys["keys"].problem("there are no API keys", "list at least one, or remove it")


def _check_distinct(issuers: MapNode) -> Iterator[Problem]:
    """A token must mean one issuer."""
    first: dict[str | None, str] = {}
    for name, node in issuers.entries.items():
        if not isinstance(node, MapNode):
            continue
        claim = text_at(node, ("issuer",))
        if claim is None and "issuer" in node.keys:
            continue
        other = first.setdefault(claim, name)
        if other == name:
            continue
        mark = node.keys["issuer"] if claim is not None else issuers.keys[name]
        message = "has the same 'issuer'" if claim is not None else "has no 'issuer' either"
        yield mark.problem(f"{other!r} {message}", "a token's iss must say whose it is")


def _check_issuer(node: MapNode, mark: Mark) -> Iterator[Problem]:
    """One source of keys, and keys that are for its algorithms."""
    hint = "add 'keys', or 'jwks: {}' to find them by discovery"
    yield from exactly_one(node, SOURCES, mark, "nothing says where its keys are", hint)
    keys = node.entries.get("keys")
    if isinstance(keys, ListNode):
        if not keys.items:
            yield node.keys["keys"].problem("there is no key", "list at least one")
        for key in keys.items:
            if isinstance(key, MapNode):
                yield from _check_key(key, node)
    jwks = node.entries.get("jwks")
    if isinstance(jwks, MapNode):
        yield from _check_jwks(jwks, node)


def _check_key(key: MapNode, issuer: MapNode) -> Iterator[Problem]:
    """A file or a secret, for an algorithm of the issuer."""
    yield from exactly_one(key, KEY_FORMS, key.mark, "the key is missing", "add 'file' or 'secret_file'")
    algorithm = text_at(key, ("algorithm",))
    listed = _texts(issuer.entries.get("algorithms"))
    if algorithm is not None and listed and algorithm not in listed and _ALGORITHMS.issuperset(listed):
        hint = f"use one of {', '.join(listed)}, or add it to 'algorithms'"
        yield complain(key, Complaint("the issuer's 'algorithms' are without {value}", hint), ("algorithm",))
    path = text_at(key, ("file",))
    if path is not None and algorithm is not None and path.startswith("/") and "\0" not in path:
        try:
            key_in(path, algorithm)
        except Complaint as complaint:
            yield complain(key, complaint, ("file",), on_key=True)


def _check_jwks(jwks: MapNode, issuer: MapNode) -> Iterator[Problem]:
    """Discovery needs a place to begin, and what is published is no secret."""
    if "url" not in jwks.keys:
        claim = text_at(issuer, ("issuer",))
        if "issuer" not in issuer.keys:
            yield issuer.keys["jwks"].problem("nothing says where its keys are", "add 'url', or 'issuer' for discovery")
        elif claim is not None:
            try:
                secure_url(claim)
            except Complaint:
                hint = "add 'url' to 'jwks', or write the issuer's https:// URL"
                yield complain(issuer, Complaint("{value} is no place to find keys from", hint), ("issuer",))
    algorithms = issuer.entries.get("algorithms")
    for item in algorithms.items if isinstance(algorithms, ListNode) else ():
        if isinstance(item, ScalarNode) and str(item.value).startswith("HS"):
            message = f"{item.value} needs a secret, and published keys are none"
            yield item.mark.problem(message, "remove it, or use 'keys' instead of 'jwks'")


def _texts(node: Node | None) -> list[str]:
    """The texts in a list."""
    items = node.items if isinstance(node, ListNode) else ()
    return [item.value for item in items if isinstance(item, ScalarNode) and isinstance(item.value, str)]


def _check_redis_there(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """What is shared by Redis needs one."""
    for name, *keys in (("authentication", "api_keys"), ("authentication", "revocations"), ("cache",)):
        section = sections.get(name)
        node = None if section is None else find(section, (*keys, "redis"))
        if isinstance(node, ScalarNode) and node.value is True:
            yield node.mark.problem("there is no Redis", "add the section 'redis'")


def _check_headers(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """Options of the proof go with its kind, and what says who is calling stays guarded."""
    own = sections.get("identity_headers")
    proof = own.entries.get("proof") if isinstance(own, MapNode) else None
    if isinstance(proof, MapNode) and text_at(proof, ("kind",)) in (None, "hmac"):
        hint = "remove it, or write 'kind: jwt'"
        yield from useless(proof, ("algorithm", "life", "audience"), "{key} works with the kind 'jwt' only", hint)
    guarded = sections.get("guarded_headers")
    allowed = guarded.entries.get("allow") if isinstance(guarded, MapNode) else None
    names = set(identity_header_names(own))
    for item in allowed.items if isinstance(allowed, ListNode) else ():
        if isinstance(item, ScalarNode) and str(item.value).lower() in names:
            message = f"{item.text!r} tells services who is calling"
            yield item.mark.problem(message, "keep it guarded, or choose another in 'identity_headers'")


def identity_header_names(section: Node | None) -> Iterator[str]:
    """The headers, in lower case, that the section `identity_headers` has the gateway write."""
    for key in ("tenant", "user", "roles", "scopes"):
        written = text_at(section, (key,)) if section is not None else None
        name = written if written is not None else IdentityHeaders.model_fields[key].default
        if name is not None and name != "off":
            yield name.lower()
