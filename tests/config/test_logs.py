"""The sections about logs: what they say where they say nothing, and what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatewayd.config import Config, ConfigErrors
from gatewayd.config.confidential import secrets_in
from tests.config.sample import loaded


def test_defaults() -> None:
    """Everything is recorded, nothing more than necessary; what repeats is bounded."""
    config = Config()
    access, log = config.access_log, config.log
    assert (access.format, access.sample, access.slow, access.query) == ("auto", 1.0, 1.0, False)
    assert access.headers.request == access.headers.response == ()
    assert (log.level, dict(log.levels), log.redact, log.repeats.most, log.repeats.interval) == ("info", {}, (), 20, 60)
    assert config.audit.path == "log"


def test_values(tmp_path: Path) -> None:
    """As files have them."""
    config = loaded(
        tmp_path,
        """
access_log: {sample: 5%, slow: off, headers: {request: [User-Agent]}, format: text}
log: {level: warn, levels: {gatewayd.stores: debug}, redact: [pin], repeats: {most: off, interval: 5s}}
audit: {path: /var/log/audit.log}
tenants: {table: {acme: {access_log: {sample: 100%}}}}
routes: [{path: /a, respond: {}, access_log: {sample: 0%}}]
""",
    )
    assert (config.access_log.sample, config.access_log.slow) == (0.05, None)
    assert config.access_log.headers.request == ("User-Agent",)
    assert (config.log.levels["gatewayd.stores"], config.log.repeats.most) == ("debug", None)
    assert config.routes[0].access_log is not None
    assert config.routes[0].access_log.sample == 0.0
    assert config.tenants.table["acme"].access_log is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("access_log: {sample: 0.1}", "'0.1' has no '%'"),
        ("access_log: {format: xml}", "'format' cannot be 'xml'"),
        ("access_log: {headers: {request: ['a b']}}", "'a b' is not a header name"),
        ("log: {level: warning}", "'level' cannot be 'warning'"),
        ("log: {levels: {'gatewayd stores': debug}}", "'gatewayd stores' is no namespace"),
        ("audit: {path: audit.log}", "'audit.log' does not start with '/'"),
        ("audit: {path: '-'}", "'-' does not start with '/'"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, message: str) -> None:
    """Each says what is wrong, and what to write instead."""
    with pytest.raises(ConfigErrors) as caught:
        loaded(tmp_path, text)
    (problem,) = caught.value.problems
    assert message in str(problem)
    assert "hint:" in str(problem)


def test_every_secret_is_found(tmp_path: Path) -> None:
    """Wherever in the configuration one may stand: in a section, in lists, by names; and what is kept out of `repr`."""
    config = loaded(
        tmp_path,
        """
redis: {address: "127.0.0.1:1", password: secret-1}
services: {a: {targets: ["http://127.0.0.1:1"]}}
routes:
  - {path: /a, service: a, webhook: {form: plain, header: X-Sig, secrets: [secret-2-0123456789, secret-3-0123456789]}}
  - {path: /b, service: a, request_headers: {set: {X-Key: secret-4}}}
""",
    )
    assert {one for one in secrets_in(config) if one.startswith("secret-")} == {
        "secret-1",
        "secret-2-0123456789",
        "secret-3-0123456789",
        "secret-4",
    }
