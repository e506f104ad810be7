"""The configuration: YAML files to one frozen, checked value.

`load` is the way in. Everything wrong with the files is told at once, as `ConfigErrors`.
"""

from gatewayd.config.load import default, load, load_with_warnings
from gatewayd.config.models.access_log import AccessLog, LoggedHeaders, Sampled
from gatewayd.config.models.address import Address, Target
from gatewayd.config.models.answers import Redirect, Respond
from gatewayd.config.models.apikeys import ApiKeyEntry, ApiKeys
from gatewayd.config.models.authentication import Authentication, Introspection, RevocationList, TokenMemory
from gatewayd.config.models.authorization import Authorization, Authorize, ClaimCondition
from gatewayd.config.models.balance import Balance, Sticky
from gatewayd.config.models.breaker import Breaker
from gatewayd.config.models.browser import BrowserHeaders, CorsPolicy, CsrfCheck
from gatewayd.config.models.concurrency import Adaptive, Concurrency
from gatewayd.config.models.discovery import Discovery, DnsDiscovery, FileDiscovery
from gatewayd.config.models.dns import Dns
from gatewayd.config.models.edits import HeaderEdits, RequestHeaderEdits, ResponseHeaderEdits
from gatewayd.config.models.ejection import Ejection
from gatewayd.config.models.fallback import Fallback
from gatewayd.config.models.gateway import Gateway
from gatewayd.config.models.health import Health
from gatewayd.config.models.identity_headers import GuardedHeaders, IdentityHeaders, ProofSettings
from gatewayd.config.models.issuers import ClaimNames, Jwks, StaticKey, TokenIssuer
from gatewayd.config.models.limits import Limits
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.log import Audit, Log, Repeats
from gatewayd.config.models.metrics import Metrics
from gatewayd.config.models.mirror import Mirror
from gatewayd.config.models.network import Network
from gatewayd.config.models.numbers import Window
from gatewayd.config.models.redis import Redis, RedisSentinel, RedisTls
from gatewayd.config.models.retries import Hedge, Retries, RouteRetries
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Route
from gatewayd.config.models.route_auth import RouteAuth
from gatewayd.config.models.service import Pool, Service
from gatewayd.config.models.shedding import Shedding
from gatewayd.config.models.split import SplitPart
from gatewayd.config.models.tenants import RouteTenant, TenantEntry, Tenants
from gatewayd.config.models.timeouts import ClientTimeouts, RouteTimeouts, ServiceTimeouts
from gatewayd.config.models.values import Off, Unlimited
from gatewayd.config.models.webhook import Webhook
from gatewayd.config.problems import ConfigErrors, Problem, report

__all__ = [
    "AccessLog",
    "Adaptive",
    "Address",
    "ApiKeyEntry",
    "ApiKeys",
    "Audit",
    "Authentication",
    "Authorization",
    "Authorize",
    "Balance",
    "Breaker",
    "BrowserHeaders",
    "ClaimCondition",
    "ClaimNames",
    "ClientTimeouts",
    "Concurrency",
    "Config",
    "ConfigErrors",
    "CorsPolicy",
    "CsrfCheck",
    "Discovery",
    "Dns",
    "DnsDiscovery",
    "Ejection",
    "Fallback",
    "FileDiscovery",
    "Gateway",
    "GuardedHeaders",
    "HeaderEdits",
    "Health",
    "Hedge",
    "IdentityHeaders",
    "Introspection",
    "Jwks",
    "Limits",
    "Listener",
    "Log",
    "LoggedHeaders",
    "Metrics",
    "Mirror",
    "Network",
    "Off",
    "Pool",
    "Problem",
    "ProofSettings",
    "Redirect",
    "Redis",
    "RedisSentinel",
    "RedisTls",
    "Repeats",
    "RequestHeaderEdits",
    "Respond",
    "ResponseHeaderEdits",
    "Retries",
    "RevocationList",
    "Route",
    "RouteAuth",
    "RouteRetries",
    "RouteTenant",
    "RouteTimeouts",
    "Sampled",
    "Service",
    "ServiceTimeouts",
    "Shedding",
    "SplitPart",
    "StaticKey",
    "Sticky",
    "Target",
    "TenantEntry",
    "Tenants",
    "TokenIssuer",
    "TokenMemory",
    "Unlimited",
    "Webhook",
    "Window",
    "default",
    "load",
    "load_with_warnings",
    "report",
]
