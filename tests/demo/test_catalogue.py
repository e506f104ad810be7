"""The services and their made-up records."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from gatewayd.demo.catalogue import CATALOGUE, Offer
from gatewayd.demo.draw import KNOWN_IDS
from tests.architecture.rules import ROOT

PLACES = {
    "auth": ("auth",),
    "venue": ("venues", "venue"),
    "event": ("events", "event"),
    "ticket": ("tickets", "ticket"),
    "payment": ("payments",),
    "marketplace": ("marketplace",),
    "analytics": ("analytics",),
    "notification": ("notifications",),
    "integration": ("integrations",),
    "compliance": ("compliance",),
    "queue": ("queue",),
    "search": ("search",),
    "file": ("files",),
    "monitoring": ("monitoring",),
    "blockchain": ("blockchain",),
    "order": ("orders",),
    "scanning": ("scanning",),
    "minting": ("minting",),
    "transfer": ("transfers",),
}


def test_every_service_is_where_it_was_promised() -> None:
    """The names and paths of the platform."""
    assert {offer.name: offer.paths for offer in CATALOGUE} == PLACES


def test_the_shipped_configuration_knows_every_service() -> None:
    """It takes each port from the variable the demo sets, and routes each path to the service."""
    shipped = yaml.safe_load((ROOT / "etc/gatewayd/gateway.yaml").read_text())
    targets = {name: service["targets"][0] for name, service in shipped["services"].items()}
    routes = {route["path"]: route["service"] for route in shipped["routes"]}
    assert set(targets) == set(PLACES)
    for offer in CATALOGUE:
        assert f"${{{offer.port_variable}:-" in targets[offer.name]
        assert {routes[f"/api/v1/{path}/**"] for path in offer.paths} == {offer.name}


def test_the_manual_names_every_service() -> None:
    """With its paths and actions."""
    rows = [line.split("|") for line in (ROOT / "docs/demo.md").read_text().splitlines() if line.startswith("| ")]
    manual = {row[1].strip(): set(re.findall("`([^`]+)`", row[2] + row[4])) for row in rows if len(row) == 6}
    for offer in CATALOGUE:
        assert {*(f"/{path}" for path in offer.paths), *offer.actions} <= manual[offer.name]


@pytest.mark.parametrize("offer", CATALOGUE, ids=lambda offer: offer.name)
def test_a_record_depends_on_its_id_only(offer: Offer) -> None:
    """The same id gives the same JSON, another id another, and the id comes first."""
    texts = [json.dumps(offer.record(number)) for number in (7, 8, 7)]
    assert texts[0] == texts[2] != texts[1]
    assert texts[0].startswith('{"id": 7, ')


@pytest.mark.parametrize("offer", CATALOGUE, ids=lambda offer: offer.name)
def test_what_a_post_must_give_is_a_field_of_the_record(offer: Offer) -> None:
    """Required fields exist, and every field has one type in all records, which is what a POST is held to."""
    first = offer.record(1)
    assert set(offer.required) <= set(first) - {"id"}
    for number in range(2, KNOWN_IDS, 97):
        record = offer.record(number)
        assert {name: type(value) for name, value in record.items()} == {name: type(v) for name, v in first.items()}


def test_ports_have_names_a_configuration_can_use() -> None:
    """Each is GATEWAYD_<SERVICE>_PORT."""
    assert [offer.port_variable for offer in CATALOGUE][4] == "GATEWAYD_PAYMENT_PORT"
