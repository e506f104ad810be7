"""What the gateway tells its operators: metrics, the access log, the operational log, process figures."""

from gatewayd.telemetry.access_log import AccessLog
from gatewayd.telemetry.callers import AuthMetrics, CallerMetrics
from gatewayd.telemetry.log import bridge_standard_library
from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.process import LoopLag
from gatewayd.telemetry.sinks import sink_for
from gatewayd.telemetry.tenants import TenantMetrics
from gatewayd.telemetry.traffic import UNMATCHED, MethodMetrics, RouteMetrics, ServiceMetrics

__all__ = [
    "UNMATCHED",
    "AccessLog",
    "AuthMetrics",
    "CallerMetrics",
    "LoopLag",
    "MethodMetrics",
    "Metrics",
    "RouteMetrics",
    "ServiceMetrics",
    "TenantMetrics",
    "bridge_standard_library",
    "sink_for",
]
