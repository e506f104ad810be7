"""What the rules and panels have to be, written down a second time: name, wait, severity; number, kind, unit."""

from __future__ import annotations

from typing import Final

# group: alert, for, severity, further labels, keep_firing_for
ALERTS: Final = """
critical     APIGatewayDown                  1m   critical
critical     APIGatewayAbsent                5m   critical
critical     APIGatewayHighErrorRate         5m   critical
critical     APIGatewayHighLatency           10m  critical
warning      CircuitBreakerOpen              2m   warning
warning      CircuitBreakerHighFailureRate   5m   warning
warning      CircuitBreakerFlapping          0m   warning
warning      HighAuthenticationFailureRate   5m   warning
warning      JWTValidationErrors             5m   warning
warning      JWKSRefreshFailing              5m   warning
security     SecurityViolationDetected       0m   critical security 15m
security     CrossTenantAccessAttempt        0m   critical security 15m
security     DangerousHeadersFiltered        5m   warning  security
security     HighRateLimitViolations         5m   warning  security
security     RateLimiterDegraded             2m   warning  security
security     TLSCertificateExpiringSoon      1h   warning
security     TLSCertificateExpiryCritical    15m  critical
performance  HighMemoryUsage                 10m  warning
performance  HighEventLoopLag                5m   warning
performance  TooManyActiveConnections        5m   warning
performance  FileDescriptorsNearLimit        10m  warning
performance  ReactorSaturated                15m  warning
performance  TracingSpansDropped             15m  warning
performance  MetricsCardinalityCapped        0m   info
downstream   DownstreamServiceDown           2m   critical
downstream   DownstreamServiceHighLatency    10m  warning
downstream   DownstreamServiceHighErrorRate  5m   warning
downstream   DownstreamNoHealthyTargets      1m   critical
downstream   DownstreamRetryStorm            5m   warning
cache        LowCacheHitRate                 15m  warning
cache        HighCacheErrorRate              5m   warning
cache        RedisUnavailable                1m   warning
operations   ConfigReloadFailed              5m   warning
operations   ConfigDrift                     15m  warning
operations   WorkerCrashLooping              0m   critical
operations   Watchdog                        0m   none
slo          AvailabilitySLOViolation        2m   critical availability
slo          AvailabilitySLOSlowBurn         15m  warning  availability
slo          LatencySLOViolation             2m   warning  latency
slo          LatencySLOSlowBurn              15m  info     latency
"""

# The 21 that a gateway of this kind had before, whose names people know.
EARLIER: Final = """
APIGatewayDown APIGatewayHighErrorRate APIGatewayHighLatency CircuitBreakerOpen CircuitBreakerHighFailureRate
HighAuthenticationFailureRate JWTValidationErrors SecurityViolationDetected CrossTenantAccessAttempt
DangerousHeadersFiltered HighRateLimitViolations HighMemoryUsage HighEventLoopLag TooManyActiveConnections
DownstreamServiceDown DownstreamServiceHighLatency DownstreamServiceHighErrorRate LowCacheHitRate HighCacheErrorRate
AvailabilitySLOViolation LatencySLOViolation
"""

# number | title | kind | unit | upper thresholds | row; the first 17 are those that people know
PANELS: Final = """
 1 | Request rate                | timeseries     | reqps       |          | Overview
 2 | Response time p50/p95/p99   | timeseries     | s           | 1 2      | Overview
 3 | Error ratio 4xx/5xx         | timeseries     | percentunit | 0.01 0.05| Overview
 4 | Circuit breaker state       | state-timeline | none        | 1 2      | Upstreams
 5 | Authentication success      | gauge          | percentunit | 0.9 0.95 | Security
 6 | Active connections          | stat           | short       | 80 90    | Saturation
 7 | Memory                      | timeseries     | bytes       |          | Saturation
 8 | Breaker failures by service | timeseries     | ops         | 10       | Upstreams
 9 | Downstream p95 latency      | timeseries     | s           | 1 5      | Upstreams
10 | Security violations         | stat           | short       | 1 10     | Security
11 | Cross-tenant attempts       | stat           | short       | 1        | Security
12 | Rate limit exceeded         | timeseries     | reqps       | 100      | Security
13 | Cache hit ratio             | gauge          | percentunit | 0.5 0.8  | Traffic
14 | JWT validation errors       | timeseries     | ops         | 5        | Security
15 | Event loop lag p95          | timeseries     | s           | 0.05 0.1 | Saturation
16 | Health checks               | state-timeline | none        | 1        | Upstreams
17 | Top 10 endpoints            | table          | reqps       |          | Traffic
18 | SLO: budget left (30d)      | gauge          | percentunit | 0 0.25   | Overview
19 | SLO: burn rate 1h/6h        | timeseries     | none        | 6 14.4   | Overview
20 | Latency heatmap             | heatmap        | s           |          | Traffic
21 | Gateway overhead p99        | timeseries     | s           | 0.005 0.02| Traffic
22 | Top tenants                 | table          | reqps       |          | Traffic
23 | Rate limiter decisions      | timeseries     | reqps       |          | Security
24 | Downstream pool             | timeseries     | short       |          | Upstreams
25 | CPU per worker              | timeseries     | percentunit | 0.7 0.9  | Saturation
26 | File descriptors            | timeseries     | percentunit | 0.8      | Saturation
27 | Versions and reloads        | table          | none        |          | Operations
28 | Trace export                | timeseries     | ops         |          | Operations
"""
