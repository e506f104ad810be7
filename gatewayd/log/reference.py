"""The vocabulary as tables for the manual."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatewayd.log import audit, events
from gatewayd.log.event import Event
from gatewayd.log.fields import FIELDS


def tables() -> str:
    """Events of the operational log, those of the audit stream, and what their fields mean."""
    common = set(audit.REQUEST_FIELDS)
    parts = [
        "### Operational events\n",
        *_table(events.EVENTS, set()),
        "\n### Audit events\n",
        f"Those about a request have {', '.join(f'`{name}`' for name in audit.REQUEST_FIELDS)} besides.\n",
        *_table(audit.EVENTS, common),
        "\n### Fields\n",
        "| field | what it is |\n|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in sorted(FIELDS.items())),
    ]
    return "\n".join(parts) + "\n"


def _table(rows: Iterable[Event], common: set[str]) -> Iterator[str]:
    """One line an event: name, level, what it means, fields."""
    yield "| event | level | when | fields |\n|---|---|---|---|"
    for event in rows:
        about_request = common and common <= set(event.all_fields)
        own = [name for name in event.all_fields if not (about_request and name in common)]
        fields = ", ".join(f"`{name}`" for name in own)
        trace = ("; with the exception" if own else "the exception") if event.failure else ""
        yield f"| `{event.name}` | {event.level} | {event.meaning} | {fields}{trace} |"
