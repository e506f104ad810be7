"""What a record of each kind holds; `gatewayd.demo.catalogue` says which service serves it."""

from __future__ import annotations

from gatewayd.demo.draw import Draw

Record = dict[str, object]


def session(draw: Draw) -> Record:
    """A login of a user."""
    day = draw.number(0, 300)
    return {
        "user_id": draw.id(),
        "name": draw.person(),
        "role": draw.of("customer", "organizer", "admin"),
        "issued_at": draw.time(day, day + 1),
        "expires_at": draw.time(day + 1, day + 2),
    }


def venue(draw: Draw) -> Record:
    """A place with seats."""
    return {
        "name": draw.of("Arena", "Hall", "Park", "Theatre")
        + " "
        + draw.of("North", "Central", "Riverside", "Old Town"),
        "city": draw.of("Berlin", "Lisbon", "Oslo", "Turin", "Warsaw"),
        "capacity": draw.number(2, 400) * 100,
    }


def event(draw: Draw) -> Record:
    """Something people buy tickets for."""
    return {
        "name": draw.of("Spring", "Midnight", "Harbour", "Open Air")
        + " "
        + draw.of("Festival", "Concert", "Derby", "Show"),
        "venue_id": draw.id(),
        "starts_at": draw.time(),
        "status": draw.of("on_sale", "on_sale", "sold_out", "announced"),
        "price_from": draw.price(15, 60),
    }


def ticket(draw: Draw) -> Record:
    """The right to one seat at one event."""
    return {
        "event_id": draw.id(),
        "section": draw.of("A", "B", "C", "D"),
        "row": draw.number(1, 40),
        "seat": draw.number(1, 60),
        "price": draw.price(),
        "status": draw.of("available", "reserved", "sold", "scanned"),
        "holder": draw.person(),
        "issued_at": draw.time(),
    }


def payment(draw: Draw) -> Record:
    """Money that changed hands, or did not."""
    return {
        "order_id": draw.id(),
        "amount": draw.price(15, 400),
        "method": draw.of("card", "bank_transfer", "wallet"),
        "status": draw.of("succeeded", "succeeded", "pending", "refunded", "failed"),
        "paid_at": draw.time(),
    }


def listing(draw: Draw) -> Record:
    """A ticket somebody sells on."""
    return {
        "ticket_id": draw.id(),
        "seller": draw.person(),
        "face_value": draw.price(),
        "asking": draw.price(20, 260),
        "status": draw.of("open", "sold", "withdrawn"),
        "listed_at": draw.time(),
    }


def report(draw: Draw) -> Record:
    """One figure about one event."""
    return {
        "event_id": draw.id(),
        "metric": draw.of("tickets_sold", "page_views", "refunds", "scan_rate"),
        "value": draw.number(0, 50_000),
        "period_start": draw.time(0, 180),
    }


def notification(draw: Draw) -> Record:
    """A message to a user."""
    return {
        "user_id": draw.id(),
        "channel": draw.of("email", "push", "sms"),
        "subject": draw.of("Your ticket is ready", "Doors open in one hour", "Payment received", "Seat changed"),
        "sent_at": draw.time(),
        "read": draw.of("yes", "no") == "yes",
    }


def integration(draw: Draw) -> Record:
    """A connection to another company's system."""
    return {
        "provider": draw.of("stripe", "mailchimp", "quickbooks", "square"),
        "status": draw.of("connected", "connected", "expired"),
        "records_synced": draw.number(0, 90_000),
        "last_sync_at": draw.time(),
    }


def compliance_check(draw: Draw) -> Record:
    """A rule that was applied to an order."""
    return {
        "order_id": draw.id(),
        "rule": draw.of("sanctions_list", "age_limit", "resale_cap", "tax_form"),
        "result": draw.of("passed", "passed", "passed", "review"),
        "checked_at": draw.time(),
    }


def queue_place(draw: Draw) -> Record:
    """Somebody's place in the waiting room of a sale."""
    ahead = draw.number(0, 20_000)
    return {"event_id": draw.id(), "ahead": ahead, "estimated_wait_seconds": ahead // 12, "joined_at": draw.time()}


def search_hit(draw: Draw) -> Record:
    """Something a search found."""
    kind = draw.of("event", "venue")
    return {
        "type": kind,
        "title": draw.of("Harbour Concert", "Arena North", "Open Air Show", "Midnight Derby"),
        "score": draw.number(100, 999),
        "link": f"/api/v1/{kind}s/{draw.id()}",
    }


def stored_file(draw: Draw) -> Record:
    """What is known about a file; its content is at `download`."""
    size = draw.number(1, 4096) * 256
    return {
        "name": draw.of("seating-plan", "poster", "invoice", "export") + draw.of(".pdf", ".png", ".csv"),
        "size": size,
        "download": f"/api/v1/files/{size}.bin",
        "uploaded_at": draw.time(),
    }


def probe(draw: Draw) -> Record:
    """The last look at a service."""
    return {
        "service": draw.of("payment", "ticket", "event", "order", "scanning"),
        "status": draw.of("up", "up", "up", "degraded"),
        "latency_ms": draw.number(1, 240),
        "checked_at": draw.time(),
    }


def transaction(draw: Draw) -> Record:
    """A transaction on a block chain."""
    return {
        "hash": draw.hex(32),
        "block": draw.number(18_000_000, 19_000_000),
        "status": draw.of("confirmed", "confirmed", "pending"),
        "confirmed_at": draw.time(),
    }


def order(draw: Draw) -> Record:
    """What somebody bought."""
    return {
        "user_id": draw.id(),
        "ticket_ids": sorted(draw.id() for _ in range(draw.number(1, 4))),
        "total": draw.price(15, 600),
        "status": draw.of("paid", "paid", "open", "cancelled"),
        "placed_at": draw.time(),
    }


def scan(draw: Draw) -> Record:
    """A ticket held in front of a reader."""
    return {
        "ticket_id": draw.id(),
        "gate": draw.of("North 1", "North 2", "South 1", "VIP"),
        "result": draw.of("admitted", "admitted", "already_used", "wrong_event"),
        "scanned_at": draw.time(),
    }


def mint(draw: Draw) -> Record:
    """A ticket being written to a block chain."""
    return {
        "ticket_id": draw.id(),
        "contract": draw.hex(20),
        "token_id": draw.number(1, 999_999),
        "status": draw.of("minted", "queued", "failed"),
        "minted_at": draw.time(),
    }


def transfer(draw: Draw) -> Record:
    """A ticket going from one person to another."""
    return {
        "ticket_id": draw.id(),
        "sender": draw.person(),
        "recipient": draw.person(),
        "status": draw.of("accepted", "pending", "declined"),
        "requested_at": draw.time(),
    }
