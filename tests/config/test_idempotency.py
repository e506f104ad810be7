"""Requests that are carried out once: the sections `idempotency` and `routes[].idempotency`."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gatewayd.config import load_with_warnings
from gatewayd.config.models.idempotency import Idempotency, RouteIdempotency
from tests.config.sample import loaded

SERVICE = 'services: {main: {targets: ["http://127.0.0.1:9005"]}}\n'
KNOWN = "authentication: {api_keys: {pepper: pepper-0123456789, redis: true}}\nredis: {}\n"


def test_defaults() -> None:
    """Nothing has to be said."""
    section = RouteIdempotency()
    assert (section.ttl, section.lease) == (86400.0, 60.0)
    assert section.methods == ("POST", "PATCH")
    assert section.header == "Idempotency-Key"
    assert (section.required, section.anonymous, section.retry_safe) == (False, False, False)
    assert (section.max_body, section.max_answer) == (1 << 20, 256 << 10)
    assert section.on_store_failure == "local"
    assert Idempotency().memory == 64 << 20


def test_keys(tmp_path: Path) -> None:
    """Every key can be set."""
    text = f"""{SERVICE}{KNOWN}
idempotency: {{memory: 8MiB}}
routes:
  - path: /pay
    service: main
    idempotency: {{ttl: 2h, methods: [PUT, POST, PUT], header: X-Once, required: true, anonymous: true, max_body: 2KiB,
                  max_answer: 3KiB, lease: 5s, on_store_failure: deny, retry_safe: true}}
"""
    config = loaded(tmp_path, text)
    assert config.idempotency.memory == 8 << 20
    assert config.routes[0].idempotency == RouteIdempotency(
        ttl=7200.0,
        methods=("PUT", "POST"),
        header="X-Once",
        required=True,
        anonymous=True,
        max_body=2048,
        max_answer=3072,
        lease=5.0,
        on_store_failure="deny",
        retry_safe=True,
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"methods": ("GET",)}, "may be repeated as it is"),
        ({"methods": ("POST", "HEAD")}, "may be repeated as it is"),
        ({"methods": ()}, "no method is listed"),
        ({"header": "no name"}, "not a header name"),
        ({"lease": "999ms"}, "too little"),
        ({"lease": 60}, "no unit"),
        ({"ttl": "0s"}, "too little"),
        ({"max_body": "0B"}, "too little"),
        ({"max_answer": "0B"}, "too little"),
        ({"on_store_failure": "hope"}, "local"),
        ({"key": "X"}, "not permitted"),
    ],
)
def test_slips(wrong: dict[str, object], why: str) -> None:
    """What is no such thing is refused."""
    with pytest.raises(ValidationError, match=why):
        RouteIdempotency.model_validate(wrong, context={"from_file": True})


@pytest.mark.parametrize(
    ("authentication", "route", "warned"),
    [
        ("", "", "nobody knows who is calling here, so 'idempotency' does nothing"),
        ("", "anonymous: true", None),
        (KNOWN, "", None),
        (KNOWN, "methods: [PUT]", "serves none of the methods"),
    ],
)
def test_doubts(tmp_path: Path, authentication: str, route: str, warned: str | None) -> None:
    """A route on which no key is ever looked at is warned of."""
    path = tmp_path / "gateway.yaml"
    own = f"{{path: /pay, methods: [POST], service: main, idempotency: {{{route}}}}}"
    path.write_text(f"{SERVICE}{authentication}routes:\n  - {own}\n")
    _, warnings = load_with_warnings(path, {})
    assert len(warnings) == (warned is not None)
    if warned is not None:
        assert warned in str(warnings[0])
        assert "idempotency" in str(warnings[0])


def test_works_with_services_only(tmp_path: Path) -> None:
    """What the gateway answers itself needs no key."""
    with pytest.raises(Exception, match="'idempotency' works with 'service'"):
        loaded(tmp_path, f"{SERVICE}routes:\n  - {{path: /, respond: {{body: x}}, idempotency: {{}}}}\n")
