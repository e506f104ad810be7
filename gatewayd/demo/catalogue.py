"""The nineteen services: what they are called, where they are mounted, what they serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gatewayd.demo import records
from gatewayd.demo.draw import Draw
from gatewayd.demo.records import Record


@dataclass(frozen=True)
class Offer:
    """One service: its name, its paths below /api/v1, and the kind of record it serves there.

    `required` names what a POST must give; every other field is made up. `actions` are paths below a collection or an
    item that take a POST and only say that they did.
    """

    name: str
    paths: tuple[str, ...]
    describe: Callable[[Draw], Record]
    required: tuple[str, ...]
    actions: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """What a record is called."""
        return self.describe.__name__

    @property
    def port_variable(self) -> str:
        """The variable by which a configuration finds the port, as GATEWAYD_PAYMENT_PORT."""
        return f"GATEWAYD_{self.name.upper()}_PORT"

    def record(self, number: int) -> Record:
        """The record with the id `number`, the same at every call."""
        return {"id": number, **self.describe(Draw(self.kind, number))}


CATALOGUE: tuple[Offer, ...] = (
    Offer("auth", ("auth",), records.session, ("user_id",), ("login", "refresh", "logout")),
    Offer("venue", ("venues", "venue"), records.venue, ("name", "city")),
    Offer("event", ("events", "event"), records.event, ("name", "venue_id"), ("publish",)),
    Offer("ticket", ("tickets", "ticket"), records.ticket, ("event_id",), ("purchase", "reserve")),
    Offer("payment", ("payments",), records.payment, ("order_id", "amount"), ("refund",)),
    Offer("marketplace", ("marketplace",), records.listing, ("ticket_id", "asking"), ("buy",)),
    Offer("analytics", ("analytics",), records.report, ("event_id", "metric")),
    Offer("notification", ("notifications",), records.notification, ("user_id", "subject")),
    Offer("integration", ("integrations",), records.integration, ("provider",), ("sync",)),
    Offer("compliance", ("compliance",), records.compliance_check, ("order_id", "rule")),
    Offer("queue", ("queue",), records.queue_place, ("event_id",), ("join", "leave")),
    Offer("search", ("search",), records.search_hit, ("title",)),
    Offer("file", ("files",), records.stored_file, ("name",)),
    Offer("monitoring", ("monitoring",), records.probe, ("service", "status")),
    Offer("blockchain", ("blockchain",), records.transaction, ("hash",)),
    Offer("order", ("orders",), records.order, ("user_id", "ticket_ids"), ("cancel",)),
    Offer("scanning", ("scanning",), records.scan, ("ticket_id", "gate")),
    Offer("minting", ("minting",), records.mint, ("ticket_id",)),
    Offer("transfer", ("transfers",), records.transfer, ("ticket_id", "recipient"), ("accept", "decline")),
)
