"""What routes say about their callers, and what must be configured for it. Where it fails, nothing is let in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gatewayd.config.checks.choices import at_least_one, exactly_one, useless
from gatewayd.config.checks.identity import check_cors, identity_header_names, methods_in
from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.authorization import CLAIM_TESTS
from gatewayd.config.models.route import name_from_path
from gatewayd.config.models.tenants import PLACES
from gatewayd.config.problems import Problem
from gatewayd.config.source.nodes import ListNode, MapNode, Node, ScalarNode, complain, find, text_at
from gatewayd.core.matching import PatternError, parse_pattern

_DEMANDS = ("permissions", "any_permission", "roles", "scopes", "claims")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the other sections have, by name."""

    methods: Collection[str]
    issuers: Collection[str]
    policies: Collection[str]
    roles: Collection[str]
    identity_headers: Collection[str]
    hosts: bool  # whether a tenant may have hosts of its own
    administrators: bool  # whether somebody may work on other tenants


def check_access(sections: Mapping[str, MapNode | ListNode]) -> Iterator[Problem]:
    """Everything routes and tenants ask for that is not there, or that contradicts itself; all files must be read."""
    known = _known(sections)
    routes = sections.get("routes")
    nodes = [node for node in routes.items if isinstance(node, MapNode)] if isinstance(routes, ListNode) else []
    for node in nodes:
        yield from _check_auth(node, known)
        yield from _check_authorize(node, known)
        yield from _check_tenant(node, known)
        yield from _check_webhook(node)
        yield from _check_edits(node, known)
        told = node.entries.get("security_headers")
        if isinstance(told, MapNode) and "strip" in told.keys:
            hint = "move it to the common 'security_headers'"
            yield told.keys["strip"].problem("what is stripped is the same on all routes", hint)
        if "cors" in node.keys:
            yield from check_cors(node.entries["cors"], node.keys["cors"])
    table = _at(sections, "tenants", "table")
    if isinstance(table, MapNode):
        names = {text_at(node, ("name",)) or name_from_path(text_at(node, ("path",)) or "/") for node in nodes}
        for tenant in table.entries.values():
            yield from _check_tenant_routes(tenant, names)


def _known(sections: Mapping[str, MapNode | ListNode]) -> _Known:
    """What there is."""
    methods = methods_in(sections)
    table = _at(sections, "tenants", "table")
    tenants = table.entries.values() if isinstance(table, MapNode) else ()
    return _Known(
        methods,
        _names(_at(sections, "authentication", "issuers")),
        _names(_at(sections, "authorization", "policies")),
        _names(_at(sections, "authorization", "roles")),
        tuple(identity_header_names(sections.get("identity_headers"))) if methods else (),
        _at(sections, "tenants", "file") is not None or any(find(node, ("hosts", 0)) for node in tenants),
        _at(sections, "tenants", "admin_permission") is not None,
    )


def _at(sections: Mapping[str, MapNode | ListNode], name: str, key: str) -> Node | None:
    """What stands under a key of a section."""
    section = sections.get(name)
    return None if section is None else find(section, (key,))


def _names(node: Node | None) -> tuple[str, ...]:
    """The keys of a mapping."""
    return tuple(node.entries) if isinstance(node, MapNode) else ()


def _mode(node: MapNode) -> str | None:
    """Whether a route's callers must say who they are; None where it does not say, or says it wrong."""
    auth = node.entries.get("auth")
    if isinstance(auth, MapNode):
        return text_at(auth, ("mode",)) or "required"
    return text_at(node, ("auth",))


def _check_auth(node: MapNode, known: _Known) -> Iterator[Problem]:
    """What callers are asked for must be possible to prove."""
    mode = _mode(node)
    if not known.methods:
        for key in ("auth", "authorize", "tenant"):
            if key in node.keys and not (key == "auth" and mode == "public"):
                hint = "add the section 'authentication'"
                yield node.keys[key].problem(f"nobody can prove who is calling, so {key!r} lets nobody in", hint)
        return
    if mode == "public":
        for key in ("authorize", "tenant"):
            if key in node.keys:
                hint = "remove it, or write 'auth: required'"
                yield node.keys[key].problem(f"a public route does not know its callers, so {key!r} is in vain", hint)
    elif mode == "optional" and "authorize" in node.keys:
        message = "with 'auth: optional' callers who say nothing would pass"
        yield node.keys["authorize"].problem(message, "write 'auth: required'")
    auth = node.entries.get("auth")
    if isinstance(auth, MapNode):
        if mode == "public":
            yield from useless(auth, ("methods", "issuers"), "on a public route {key} does nothing", "remove it")
        yield from _check_listed(auth, "methods", known.methods, "the section 'authentication' has no {value}", "")
        yield from _check_listed(auth, "issuers", known.issuers, "there is no issuer {value}", "issuers")
        methods = _scalars(auth, "methods")
        if methods and "jwt" not in [item.value for item in methods]:
            hint = "remove it, or add jwt to 'methods'"
            yield from useless(auth, ("issuers",), "without jwt {key} does nothing", hint)


def _check_authorize(node: MapNode, known: _Known) -> Iterator[Problem]:
    """What is demanded exists, and an empty demand is none: it would let everybody in who was to be kept out."""
    authorize = node.entries.get("authorize")
    if not isinstance(authorize, MapNode):
        return
    for key in _DEMANDS:
        demanded = authorize.entries.get(key)
        if isinstance(demanded, ListNode) and not demanded.items:
            yield authorize.keys[key].problem(f"{key!r} is empty", "name at least one, or remove it")
    if known.roles:
        yield from _check_listed(authorize, "roles", known.roles, "'authorization.roles' has no {value}", "roles")
    policy = text_at(authorize, ("policy",))
    if policy is not None and policy not in known.policies:
        hint = suggestion(policy, known.policies, "policies")
        yield complain(authorize, Complaint("there is no policy {value}", hint), ("policy",))
    claims = authorize.entries.get("claims")
    for claim in claims.items if isinstance(claims, ListNode) else ():
        if isinstance(claim, MapNode):
            hint = "add 'equals', 'one_of', 'contains' or 'exists: true'"
            yield from exactly_one(claim, CLAIM_TESTS, claim.mark, "nothing says what the claim must be", hint)


def _check_tenant(node: MapNode, known: _Known) -> Iterator[Problem]:
    """A place where a tenant is named, that there is."""
    tenant = node.entries.get("tenant")
    if not isinstance(tenant, MapNode):
        return
    hint = "add 'path', 'query', 'header' or 'host'"
    yield from at_least_one(tenant, PLACES, node.keys["tenant"], "nothing says where requests name a tenant", hint)
    parameter, path = text_at(tenant, ("path",)), text_at(node, ("path",))
    if parameter is not None and path is not None:
        try:
            names = [name for name, _ in parse_pattern(path).parameters]
        except PatternError:
            names = [parameter]
        if parameter not in names:
            hint = suggestion(parameter, names, "parameters") if names else f"write {{{parameter}}} in the path"
            yield complain(tenant, Complaint("the path has no parameter {value}", hint), ("path",))
    host = find(tenant, ("host",))
    if isinstance(host, ScalarNode) and host.value is True and not known.hosts:
        hint = "give tenants 'hosts' in 'tenants.table', or write a pattern such as *.example.org"
        yield tenant.keys["host"].problem("no tenant has a host of its own", hint)
    bypass = find(tenant, ("admin_bypass",))
    if isinstance(bypass, ScalarNode) and bypass.value is True and not known.administrators:
        hint = "add 'admin_permission' to 'tenants', or remove it"
        yield tenant.keys["admin_bypass"].problem("nothing says who is an administrator", hint)


def _check_tenant_routes(tenant: Node, names: Collection[str]) -> Iterator[Problem]:
    """The routes of a tenant are among those there are; routes without a name may have got a number."""
    listed = find(tenant, ("routes",))
    for index, item in enumerate(listed.items if isinstance(listed, ListNode) else ()):
        name = item.value if isinstance(item, ScalarNode) and not item.broken else None
        if isinstance(name, str) and name not in names and re.sub(r"-[0-9]+\Z", "", name) not in names:
            complaint = Complaint("there is no route {value}", suggestion(name, names, "routes"))
            yield complain(tenant, complaint, ("routes", index))


def _check_webhook(node: MapNode) -> Iterator[Problem]:
    """A time limit needs a time that is signed."""
    webhook = node.entries.get("webhook")
    if isinstance(webhook, MapNode) and text_at(webhook, ("form",)) == "plain":
        hint = "remove it, or use 'form: timed' if the sender can"
        yield from useless(webhook, ("tolerance",), "the plain form has no time, so {key} does nothing", hint)


def _check_edits(node: MapNode, known: _Known) -> Iterator[Problem]:
    """Who is calling is told by the gateway alone."""
    for kind in ("set", "add"):
        edits = find(node, ("request_headers", kind))
        for name, mark in edits.keys.items() if isinstance(edits, MapNode) else ():
            if name.lower() in known.identity_headers:
                hint = "remove it, or choose another header in 'identity_headers'"
                yield mark.problem(f"{name!r} tells services who is calling, as verified", hint)


def _scalars(node: MapNode, key: str) -> list[ScalarNode]:
    """The single values in the list under `key`."""
    listed = node.entries.get(key)
    return [item for item in listed.items if isinstance(item, ScalarNode)] if isinstance(listed, ListNode) else []


def _check_listed(node: MapNode, key: str, known: Collection[str], message: str, noun: str) -> Iterator[Problem]:
    """Each name in the list under `key` is one of those `known`."""
    for item in _scalars(node, key):
        if isinstance(item.value, str) and not item.broken and item.value not in known:
            yield complain(item, Complaint(message, suggestion(item.value, known, noun)))
