"""No secret that is planted anywhere, in a request or in the configuration, is ever in a log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import globalLogPublisher

from gatewayd.app.logs import settings_of
from gatewayd.telemetry.access_log import record_as_json, record_as_text
from gatewayd.telemetry.forms import Form, as_journal, as_json, as_prefixed, as_syslog, as_text
from tests.pipeline.callers import KEY, KEY_HASH, KEY_ID, Gate, configured, token
from tests.pipeline.world import ok
from tests.telemetry.events import Kept

FORMS: tuple[Form, ...] = (as_json, as_text(True), as_journal, as_prefixed, as_syslog("gw", lambda: 1))
CREDENTIALS = ("Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization", "X-Auth-Token", "X-Pin")
PARAMETERS = ("access_token", "password", "pin", "SIG", "client_secret")
# Places of a request that hold nothing but secrets, and the formats that secrets have elsewhere.
PLACES = (
    *(f"header:{name}" for name in CREDENTIALS),
    *(f"parameter:{name}" for name in PARAMETERS),
    "cookie", "basic", "bearer", "api key", "jwt in path", "path parameter", "jwt in header", "jwt in parameter",
    "body", "other header", "set-cookie", "userinfo in header", "policy",
)  # fmt: skip
SECRETS = {
    "pepper": "hush-pepper-0123456789",
    "proof": "hush-proof-0123456789-0123456789-01234567",
    "redis": "hush-redis",
    "injected": "hush-injected-token-0123",
}


async def quoting(request: Any) -> bool:
    """A policy that fails, and tells the whole world what it was asked about."""
    raise ValueError(f"{request!r} {request.headers} {request.query} {SECRETS}")


def gateway(folder: Path) -> Gate:
    """A gateway that records all it can, and that has secrets everywhere."""
    text = configured(
        "path: '/reset/{pin}', service: main, auth: public\n"
        "path: '/policy/**', service: main, authorize: {policy: quoting}\n"
        "path: '/in/**', service: main, request_headers: {set: {X-Key: " + SECRETS["injected"] + "}}\n"
        "path: '/**', service: main, auth: {mode: optional}",
        f"api_keys: {{pepper: {SECRETS['pepper']}, keys: [{{id: {KEY_ID}, hash: {KEY_HASH}, tenant: acme}}]}}",
        f"""
log: {{redact: [x-pin, pin], repeats: {{most: off}}}}
authorization: {{policies: {{quoting: "tests.logs.test_no_secret:quoting"}}}}
redis: {{address: "127.0.0.1:1", password: {SECRETS["redis"]}}}
identity_headers: {{proof: {{secret: "{SECRETS["proof"]}"}}}}
access_log:
  query: true
  headers:
    request: [Authorization, Cookie, X-Api-Key, Proxy-Authorization, X-Auth-Token, X-Pin, X-Note, Referer]
    response: [Set-Cookie, Location]
""",
    )
    return Gate(folder, text)


@contextmanager
def listening(made: Gate) -> Iterator[Kept]:
    """The operational log of a gateway, at its lowest level."""
    kept = Kept(settings_of(made.config))
    kept.log.levels.set("debug")
    globalLogPublisher.addObserver(kept.log)
    try:
        yield kept
    finally:
        globalLogPublisher.removeObserver(kept.log)


def planted(place: str, secret: str, start: str) -> tuple[bytes, bytes, str]:
    """A request with a secret at a place, what a service answers, and what nobody may read."""
    kind, _, name = place.partition(":")
    jwt = token(secret * 4, sub=f"x{secret}").decode()
    path, query, lines, body, answer = start, "", ["Host: a.test"], "", ok()
    if kind == "header":
        lines.append(f"{name}: {secret}")
    elif kind == "parameter":
        query = f"?a=1&{name}={secret}&b=2"
    elif kind == "cookie":
        lines.append(f"Cookie: a=b; session={secret}")
    elif kind in ("basic", "bearer"):
        lines.append(f"Authorization: {kind.title()} {secret}")
    elif kind == "api key":
        secret = KEY.decode()[17:]
        lines.append(f"X-Api-Key: {KEY.decode()}")
    elif kind == "jwt in path":
        path = f"{start}{jwt}/x"
    elif kind == "path parameter":
        path = f"/reset/{secret}"
    elif kind == "jwt in header":
        lines.append(f"X-Note: {jwt}")
    elif kind == "jwt in parameter":
        query = f"?next={jwt}"
    elif kind == "body":
        body = secret
    elif kind == "other header":
        lines.append(f"X-Other: {secret}")
    elif kind == "set-cookie":
        answer = f"HTTP/1.1 200 OK\r\nSet-Cookie: s={secret}\r\nContent-Length: 0\r\n\r\n".encode()
    elif kind == "userinfo in header":
        lines.append(f"Referer: https://ada:{secret}@x.test/")
    elif kind == "policy":
        path = "/policy/x"
        lines += [f"Authorization: Bearer {token().decode()}", f"Cookie: a={secret}", f"X-Pin: {secret}"]
        query = f"?pin={secret}"
    lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"GET {path}{query} HTTP/1.1", *lines])
    return f"{head}\r\n\r\n{body}".encode(), answer, jwt.split(".")[1] if "jwt" in kind else secret


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """One gateway for all."""
    return gateway(tmp_path_factory.mktemp("secret"))


@settings(max_examples=300)
@given(
    st.sampled_from(PLACES),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=10, max_size=24).map(lambda text: "zq" + text),
    st.sampled_from(["/", "/in/", "/policy/", "/none/"]),
)
def test_nothing_of_it_is_written(made: Gate, place: str, secret: str, start: str) -> None:
    """Wherever it stands, and whatever becomes of the request, in every form of every log."""
    made.records.clear()
    with listening(made) as kept:
        request, answer, hidden = planted(place, secret, start)
        made.client().send(request)
        for dial in made.dials:
            if dial.wire.take():
                dial.wire.send(answer)
    assert made.records
    written = [form(line) for line in kept.shelf.lines for form in FORMS]
    written += [form(record) for record in made.records for form in (record_as_json, record_as_text(True))]
    wanted = [hidden, *SECRETS.values()]
    assert [one for text in written for one in wanted if one.encode() in text] == []


def test_the_policy_was_asked(tmp_path: Path) -> None:
    """The scene above is what it says: the exception is in the log, with its traceback, and without what it quotes."""
    made = gateway(tmp_path)
    with listening(made) as kept:
        request, _, _ = planted("policy", "zq-very-secret", "/")
        made.client().send(request)
    (line,) = [line for line in kept.shelf.lines if line["event"].startswith("policy.")]
    assert line["request_id"] == made.record["request_id"]
    assert "zq-very-secret" not in str(line)
