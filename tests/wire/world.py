"""The gateway the black-box tests run: one service behind one route, with small limits."""

from __future__ import annotations

from typing import Any

from tests.harness import RecordingUpstream

from .corpus.sizes import BODY_LIMIT, FIELDS_LIMIT, HEAD_LIMIT, TARGET_LIMIT


def world(upstream: RecordingUpstream, **sections: Any) -> dict[str, Any]:
    """A configuration that sends everything to `upstream`; `sections` replace whole sections."""
    return {
        "gateway": {"drain_timeout": "5s"},
        "limits": {
            "head_size": f"{HEAD_LIMIT // 1024}KiB",
            "head_fields": FIELDS_LIMIT,
            "target_size": f"{TARGET_LIMIT // 1024}KiB",
            "body_size": f"{BODY_LIMIT // 1024}KiB",
        },
        "services": {"main": service(upstream)},
        "routes": [route("all", "/**", "main")],
        **sections,
    }


def service(
    upstream: RecordingUpstream | str, *, pool: dict[str, Any] | None = None, **timeouts: str
) -> dict[str, Any]:
    """A service with one target and these timeouts; asked once for each request, however often it failed before."""
    section: dict[str, Any] = {
        "targets": [upstream if isinstance(upstream, str) else upstream.url],
        "breaker": {"mode": "off"},
        "retries": {"attempts": 0},
    }
    if pool:
        section["pool"] = pool
    if timeouts:
        section["timeouts"] = timeouts
    return section


def route(name: str, path: str, to: str, **options: Any) -> dict[str, Any]:
    """A route to the service `to`."""
    return {"name": name, "path": path, "service": to, **options}


def get(path: bytes, *lines: bytes, method: bytes = b"GET", body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    """A clean request; a body brings its Content-Length."""
    fields = [b"Host: gw.test", *lines]
    if body:
        fields.append(b"Content-Length: %d" % len(body))
    return method + b" " + path + b" " + version + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body
