"""The files that are shipped: the configuration of the demo platform, the reference page, the schema."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from gatewayd.config import Config, Route, load_with_warnings
from gatewayd.config.__main__ import PAGE, PROJECT, SCHEMA
from gatewayd.config.docs.kinds import sections_in
from gatewayd.config.docs.reference import EXAMPLE, reference_text
from gatewayd.config.docs.schema import schema_text
from gatewayd.config.models.log import Log
from gatewayd.config.models.route import ANSWERS
from gatewayd.config.models.section import FILE_SUFFIX, secret_names
from gatewayd.core.reasons import REASONS, UNAUTHENTICATED, WEBHOOK_SIGNATURE
from gatewayd.log import audit
from tests.config.sample import loaded

SHIPPED = PROJECT / "etc" / "gatewayd" / "gateway.yaml"
PREFIXES = {
    "auth": ["auth"],
    "venue": ["venues", "venue"],
    "event": ["events", "event"],
    "ticket": ["tickets", "ticket"],
    "payment": ["payments", "webhooks"],
    "marketplace": ["marketplace"],
    "analytics": ["analytics"],
    "notification": ["notifications"],
    "integration": ["integrations"],
    "compliance": ["compliance"],
    "queue": ["queue"],
    "search": ["search"],
    "file": ["files"],
    "monitoring": ["monitoring"],
    "blockchain": ["blockchain"],
    "order": ["orders"],
    "scanning": ["scanning"],
    "minting": ["minting"],
    "transfer": ["transfers"],
}
SECRETS = {f"{name}_SECRET": name.lower() * 8 for name in ("MACHINES", "MACHINES_OLD", "PROOF", "CARDS", "CARDS_OLD")}


def manual(page: str) -> str:
    """A page of the manual."""
    return (PROJECT / "docs" / page).read_text(encoding="utf-8")


@pytest.fixture(scope="module", name="shipped")
def _shipped() -> Config:
    """The shipped configuration in an empty environment, which raises no doubts."""
    config, warnings = load_with_warnings(SHIPPED, {})
    assert warnings == ()
    return config


def by_path(config: Config) -> dict[str, Route]:
    """The routes by their path."""
    return {route.path: route for route in config.routes}


def test_services_and_prefixes(shipped: Config) -> None:
    """Each of the 19 services has its prefixes below /api/v1, and nothing else is routed but ticket purchases."""
    routes = by_path(shipped)
    assert list(shipped.services) == list(PREFIXES)
    for service, prefixes in PREFIXES.items():
        for prefix in prefixes:
            assert routes.pop(f"/api/v1/{prefix}/**").service == service
    assert {(route.service, route.methods) for route in routes.values()} == {("ticket", ("POST",))}
    assert by_path(shipped)["/api/v1/webhooks/**"].methods == ("POST",)


def test_timeouts(shipped: Config) -> None:
    """Services answer within 10 s, payment and ticket purchases within 30 s, minting within 120 s."""
    slow = {"payment": 30.0, "minting": 120.0}
    for route in shipped.routes:
        assert route.service is not None
        wanted = 30.0 if route.path.endswith("/purchase") else slow.get(route.service, 10.0)
        assert shipped.timeouts_of(route).response == wanted


def test_priorities(shipped: Config) -> None:
    """Webhooks of payment providers are refused last of all, and reports, partners and probes first."""
    routes = shipped.routes
    assert [route.path for route in routes if route.priority == "critical"] == ["/api/v1/webhooks/**"]
    low = {route.service for route in routes if route.priority == "low"}
    assert low == {"analytics", "integration", "monitoring"}
    assert {route.priority for route in routes if route.path.endswith("/purchase")} == {"high"}


def test_every_service_is_guarded(shipped: Config) -> None:
    """Each has a breaker, and its retries are tried for methods that change nothing only."""
    for service in shipped.services.values():
        assert service.breaker.mode == "auto"
        assert service.retries.methods == ("GET", "HEAD", "OPTIONS", "TRACE")


def test_streams_are_not_bounded(shipped: Config) -> None:
    """Event streams would keep the places of a bulkhead for hours."""
    notification = shipped.services["notification"]
    assert (notification.concurrency.most, notification.concurrency.adaptive) == (None, None)
    assert notification.timeouts.total is None


def test_uploads_stream(shipped: Config) -> None:
    """Files have no size limit; other bodies have the default one."""
    routes = by_path(shipped)
    assert shipped.body_size_of(routes["/api/v1/files/**"]) is None
    assert shipped.body_size_of(routes["/api/v1/orders/**"]) == 10 * 2**20


def test_browsers_are_told_what_is_safe(shipped: Config) -> None:
    """In every answer, whether callers are known or not."""
    assert shipped.security_headers.lines.lines(False) == (
        b"X-Content-Type-Options: nosniff\r\n"
        b"X-Frame-Options: DENY\r\n"
        b"Referrer-Policy: strict-origin-when-cross-origin\r\n"
    )


def test_every_address_can_be_replaced() -> None:
    """The demo runs from the same file, with ports of its own."""
    environ = {f"GATEWAYD_{name.upper()}_PORT": str(20_000 + index) for index, name in enumerate(PREFIXES)}
    environ |= {"GATEWAYD_LISTEN": "127.0.0.1:0", "GATEWAYD_METRICS": "[::1]:0"}
    config, _ = load_with_warnings(SHIPPED, environ)
    ports = [target.address.port for service in config.services.values() for target in service.targets]
    assert ports == list(range(20_000, 20_019))
    assert (str(config.listeners[0].address), str(config.metrics.address)) == ("127.0.0.1:0", "[::1]:0")


def test_demo_uses_the_shipped_file() -> None:
    """There is one such file: the demo's is a link to it."""
    link = PROJECT / "gatewayd" / "demo" / "gateway.yaml"
    assert link.readlink() == Path("../../etc/gatewayd/gateway.yaml")
    assert link.resolve() == SHIPPED


def test_example_in_conf_d(tmp_path: Path) -> None:
    """The example beside the shipped file loads together with it once it is renamed."""
    shutil.copy(SHIPPED, tmp_path)
    (tmp_path / "conf.d").mkdir()
    shutil.copy(SHIPPED.parent / "conf.d" / "example.yaml.disabled", tmp_path / "conf.d" / "example.yaml")
    config, warnings = load_with_warnings(tmp_path / "gateway.yaml", {})
    assert warnings == ()
    assert "billing" in config.services


def test_reference_page_is_current() -> None:
    """docs/configuration.md is what `python -m gatewayd.config` writes."""
    assert PAGE.read_text(encoding="utf-8") == reference_text()


def test_schema_is_current() -> None:
    """gateway.schema.json is what `python -m gatewayd.config` writes."""
    assert SCHEMA.read_text(encoding="utf-8") == schema_text()


def test_every_key_is_described() -> None:
    """No key goes without a description, on the page and in the schema."""
    page = reference_text()
    schema = json.loads(schema_text())
    for section in sections_in(Config):
        properties = schema["$defs"].get(section.__name__, schema)["properties"]
        files = {name + FILE_SUFFIX for name in secret_names(section)}
        assert set(properties) == {*section.model_fields, *files}
        for name, field in section.model_fields.items():
            assert field.description
            assert field.description.endswith(".")
            assert properties[name]["description"]
            assert section is Config or f"| `{name}` |" in page


def test_schema_knows_defaults_and_answers() -> None:
    """Editors are told defaults as files write them, and that a route has exactly one answer."""
    definitions = json.loads(schema_text())["$defs"]
    assert definitions["ServiceTimeouts"]["properties"]["tunnel"]["default"] == "1h"
    assert definitions["Limits"]["properties"]["body_size"]["default"] == "10MiB"
    assert definitions["Route"]["oneOf"] == [{"required": [name]} for name in ANSWERS]
    assert definitions["Service"]["oneOf"] == [{"required": ["targets"]}, {"required": ["discovery"]}]
    assert definitions["Breaker"]["properties"]["failure_rate"]["default"] == "50%"
    assert definitions["Breaker"]["properties"]["window"]["default"] == 100


_BLOCKS = [
    block
    for page in ("resilience.md", "security.md", "limits.md", "caching.md", "idempotency.md", "logs.md")
    for block in re.findall(r"^```yaml\n(.*?)^```", manual(page), re.DOTALL | re.MULTILINE)
]


@pytest.mark.parametrize("text", _BLOCKS)
def test_examples_of_the_manual_load(tmp_path: Path, text: str) -> None:
    """What the pages of the manual show works."""
    config = loaded(tmp_path, text, {"API_KEY_PEPPER": "pepper" * 8, **SECRETS})
    assert config.services or config.identity_headers.proof is not None or config.log != Log()


def test_the_manual_names_every_refusal_and_event() -> None:
    """docs/security.md tells operators of each reason about callers, and of each audit event about them."""
    page = manual("security.md")
    about = REASONS[REASONS.index(UNAUTHENTICATED) : REASONS.index(WEBHOOK_SIGNATURE) + 1]
    assert [reason.slug for reason in about if f"`{reason.slug}`" not in page] == []
    events = [event.name for event in audit.EVENTS if set(audit.REQUEST_FIELDS) <= set(event.fields)]
    assert [event for event in events if f"`{event}`" not in page] == []


def test_example_of_the_page_loads(tmp_path: Path) -> None:
    """What the reference page shows works."""
    config = loaded(tmp_path, EXAMPLE)
    assert len(config.routes) == 5
