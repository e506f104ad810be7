"""From a configuration to how fields are judged, policies are found, and services are told who is calling."""

from __future__ import annotations

import importlib
import secrets
from dataclasses import dataclass

from gatewayd.config import Config
from gatewayd.config.models.listener import Listener as ListenerConfig
from gatewayd.core.caching import FOR_CACHES, READ
from gatewayd.core.guarded import GuardedNames
from gatewayd.core.networks import Networks
from gatewayd.core.proof import Signer
from gatewayd.filters.hygiene import Hygiene
from gatewayd.filters.policies import Policy
from gatewayd.http.fieldtable import REQUEST_ROLES, RESPONSE_ROLES, FieldTable
from gatewayd.http.listener import Proxied
from gatewayd.pipeline.finish import NOTED_IN_ANSWERS
from gatewayd.pipeline.proving import Proof, SignedIdentity, SignedRequest
from gatewayd.telemetry.audit import Audit
from gatewayd.telemetry.metrics import Metrics

# Fields of requests that something on the way reads; the header of API keys comes to them.
_NOTED = frozenset(
    b"""access-control-request-headers access-control-request-method authorization cookie origin referer
    sec-fetch-site""".split()
)


@dataclass(frozen=True, slots=True)
class Fields:
    """How the field lines of requests and of answers are judged, and which names are guarded."""

    requests: FieldTable
    answers: FieldTable
    guarded: GuardedNames


def build_fields(config: Config) -> Fields:
    """The tables of a configuration."""
    guarded = config.guarded_names()
    noted = set(_NOTED)
    if config.authentication is not None and config.authentication.api_keys is not None:
        noted.add(config.authentication.api_keys.header.lower().encode("ascii"))
    logged = config.access_log.headers
    noted.update(name.lower().encode("ascii") for name in logged.request)
    everywhere = [config.security_headers, *(config.security_headers_of(route) for route in config.routes)]
    caching = any(route.cache is not None for route in config.routes)
    if caching:
        noted |= READ
    told = NOTED_IN_ANSWERS.union(FOR_CACHES if caching else (), *(headers.lines.names for headers in everywhere))
    told |= {name.lower().encode("ascii") for name in logged.response}
    stripped = config.security_headers.stripped
    return Fields(
        FieldTable(REQUEST_ROLES, frozenset(noted), guarded.match),
        FieldTable(RESPONSE_ROLES, told, stripped.match),
        guarded,
    )


def proxied(listener: ListenerConfig) -> Proxied | None:
    """What connections of a listener begin with, if that is a PROXY header."""
    if listener.proxy_protocol == "off":
        return None
    return Proxied(listener.proxy_protocol, Networks(listener.proxy_protocol_from))


def build_hygiene(fields: Fields, metrics: Metrics, events: Audit) -> Hygiene:
    """What counts the fields that clients have no business to send."""
    return Hygiene(fields.guarded, getattr(metrics, "dangerous_header", lambda name: None), metrics.violation, events)


def build_policies(config: Config) -> dict[str, Policy]:
    """The functions that the configuration names. Raises `ImportError` or `AttributeError` for what is not there."""
    policies: dict[str, Policy] = {}
    for name, function in config.authorization.policies.items():
        module, _, attribute = function.partition(":")
        policies[name] = getattr(importlib.import_module(module), attribute)
    return policies


def build_proof(config: Config) -> Proof | None:
    """How services are told that a request came through the gateway."""
    proof = config.identity_headers.proof
    if proof is None:
        return None
    secret = proof.secret.get_secret_value().encode()
    if proof.kind == "hmac":
        return SignedRequest(Signer(secret), lambda: secrets.token_hex(16).encode())
    return SignedIdentity(secret, proof.algorithm, config.gateway.name, proof.audience, proof.life)
