"""What the gateway tells its operators: metrics, the access log, the operational log, process figures."""

from gatewayd.telemetry.metrics import Metrics
from gatewayd.telemetry.traffic import UNMATCHED, MethodMetrics, RouteMetrics, ServiceMetrics

__all__ = ["UNMATCHED", "MethodMetrics", "Metrics", "RouteMetrics", "ServiceMetrics"]
