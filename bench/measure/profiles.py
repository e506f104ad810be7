"""What `bench/serve` can run: the configuration of each profile."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable


def proxy(port: int, backend_port: int, routes: int) -> str:
    """The configuration of a plain reverse proxy: no log, metrics on, no limit that a load test would meet."""
    head = f"""\
listeners:
  - {{name: bench, address: "127.0.0.1:{port}"}}
metrics: {{enabled: true, address: "127.0.0.1:0"}}
access_log: {{path: "off"}}
limits:
  body_size: unlimited
  connections: 1000000
  connections_per_client: 1000000
  requests_per_connection: 1000000000
timeouts: {{keepalive: 1h}}
services:
  backend:
    targets: ["http://127.0.0.1:{backend_port}"]
    pool: {{connections: 512, waiters: 4096, idle: 1h, requests: 1000000000}}
routes:
"""
    return head + "".join(_routes(routes))


def cached(port: int, backend_port: int, routes: int) -> str:
    """The same, with answers kept by the route for everything."""
    plain = "path: /**, service: backend"
    return proxy(port, backend_port, routes).replace(plain, f"{plain}, cache: {{scope: public, ttl: 1h}}")


def tls(port: int, backend_port: int, routes: int) -> str:
    """As `proxy`, by TLS with a certificate of its own (ECDSA P-256), which is left in a temporary folder."""
    folder = tempfile.mkdtemp(prefix="gatewayd-bench-tls-")
    certificate, key = f"{folder}/certificate.pem", f"{folder}/key.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days"]
    argv += ["30", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(argv, check=True, capture_output=True)
    pair = f'tls: {{certificates: [{{cert_file: "{certificate}", key_file: "{key}"}}]}}'
    return proxy(port, backend_port, routes).replace(f'"127.0.0.1:{port}"}}', f'"127.0.0.1:{port}", {pair}}}')


def _routes(count: int) -> list[str]:
    """One route for everything; if more are asked for, so many others before it, every second with a parameter."""
    everything = "  - {name: everything, path: /**, service: backend}\n"
    if count == 1:
        return [everything]
    ends = ("orders/{id}", "**")
    areas = [(f"area-{number:05d}", ends[number % 2]) for number in range(count)]
    return [f'  - {{name: {area}, path: "/api/v1/{area}/{end}", service: backend}}\n' for area, end in areas] + [
        everything
    ]


def gateway(port: int, backend_port: int, routes: int) -> str:
    """The configuration of an API gateway, as peer rigs ask for one in the environment.

    `PEER_ALG` is HS256 or RS256, `PEER_HS_SECRET` and `PEER_RS_PUB` are the files of the keys, `PEER_FLAKY_PORT` is
    where the second service answers, `PEER_METRICS_PORT` where metrics are read, `PEER_ACCESS_LOG` a file for the log.
    Raises KeyError for one that is not set.
    """
    variables = {name: os.environ[f"PEER_{name}"] for name in ("ALG", "FLAKY_PORT", "METRICS_PORT", "ACCESS_LOG")}
    if variables["ALG"] == "HS256":
        key = f'secret_file: "{os.environ["PEER_HS_SECRET"]}"'
    else:
        key = f'file: "{os.environ["PEER_RS_PUB"]}"'
    return f"""\
listeners:
  - {{name: bench, address: "127.0.0.1:{port}"}}
metrics: {{address: "127.0.0.1:{variables["METRICS_PORT"]}"}}
access_log: {{path: "{variables["ACCESS_LOG"]}"}}
limits:
  body_size: unlimited
  connections: 1000000
  connections_per_client: 1000000
  requests_per_connection: 1000000000
timeouts: {{keepalive: 1h}}
authentication:
  issuers:
    bench:
      issuer: bench
      audiences: [gateway]
      algorithms: [{variables["ALG"]}]
      leeway: 0s
      keys: [{{algorithm: {variables["ALG"]}, {key}}}]
      required: {{tenant: "*"}}
      claims: {{tenant: tenant}}
services:
  main:
    targets: ["http://127.0.0.1:{backend_port}"]
    pool: {{connections: 512, waiters: 4096, idle: 1h, requests: 1000000000}}
  flaky:
    targets: ["http://127.0.0.1:{variables["FLAKY_PORT"]}"]
routes:
  - {{name: flaky, path: /flaky/**, service: flaky}}
  - {{name: main, path: /**, service: main}}
"""


def limited(port: int, backend_port: int, routes: int) -> str:
    """A plain reverse proxy with limits: `BENCH_LIMITS` has them as JSON, `BENCH_REDIS` the address of their Redis.

    Raises KeyError for one that is not set; there is no Redis if it is empty.
    """
    limits, redis = json.loads(os.environ["BENCH_LIMITS"]), os.environ["BENCH_REDIS"]
    text = proxy(port, backend_port, routes)
    if limits:
        text = text.replace("service: backend}", f"service: backend, rate_limits: [{', '.join(limits)}]}}")
        text += f"rate_limits: {json.dumps(limits)}\n"
    return f'{text}redis: {{address: "{redis}"}}\n' if redis else text


PROFILES: dict[str, Callable[[int, int, int], str]] = {
    "proxy": proxy,
    "cached": cached,
    "tls": tls,
    "gateway": gateway,
    "limited": limited,
}
