"""The services and their made-up records."""

from __future__ import annotations

import json

import pytest

from gatewayd.demo.catalogue import CATALOGUE, Offer
from gatewayd.demo.draw import KNOWN_IDS

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


def test_every_service_is_where_the_shipped_configuration_expects_it() -> None:
    """The names and paths are those of etc/gatewayd/gateway.yaml."""
    assert {offer.name: offer.paths for offer in CATALOGUE} == PLACES


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
