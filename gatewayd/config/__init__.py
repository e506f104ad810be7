"""The configuration: YAML files to one frozen, checked value.

`load` is the way in. Everything wrong with the files is told at once, as `ConfigErrors`.
"""

from gatewayd.config.load import default, load, load_with_warnings
from gatewayd.config.models.access_log import AccessLog
from gatewayd.config.models.address import Address, Target
from gatewayd.config.models.edits import HeaderEdits, RequestHeaderEdits, ResponseHeaderEdits
from gatewayd.config.models.gateway import Gateway
from gatewayd.config.models.limits import Limits
from gatewayd.config.models.listener import Listener
from gatewayd.config.models.metrics import Metrics
from gatewayd.config.models.root import Config
from gatewayd.config.models.route import Redirect, Respond, Route
from gatewayd.config.models.service import Pool, Service
from gatewayd.config.models.timeouts import ClientTimeouts, RouteTimeouts, ServiceTimeouts
from gatewayd.config.models.values import Off, Unlimited
from gatewayd.config.problems import ConfigErrors, Problem, report

__all__ = [
    "AccessLog",
    "Address",
    "ClientTimeouts",
    "Config",
    "ConfigErrors",
    "Gateway",
    "HeaderEdits",
    "Limits",
    "Listener",
    "Metrics",
    "Off",
    "Pool",
    "Problem",
    "Redirect",
    "RequestHeaderEdits",
    "Respond",
    "ResponseHeaderEdits",
    "Route",
    "RouteTimeouts",
    "Service",
    "ServiceTimeouts",
    "Target",
    "Unlimited",
    "default",
    "load",
    "load_with_warnings",
    "report",
]
