"""The section `services`: what stands behind the gateway."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address, Target
from gatewayd.config.models.names import TargetUrl
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.timeouts import ServiceTimeouts
from gatewayd.config.models.values import Duration, Kind


def _host(text: str) -> str:
    """`preserve`, `target`, or the literal value of Host."""
    if text in ("preserve", "target"):
        return text
    try:
        Address.parse(text, default_port=80)
    except Complaint:
        text = "/"
    if re.search(r"[/%]|:0?\Z", text):
        raise Complaint("{value} is not a host", "write preserve, target, or a host such as api.internal:8080")
    return text


def _distinct(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """`targets`, if there are any and no two are the same."""
    if not targets:
        raise Complaint("the service has no target", 'list at least one, such as ["http://127.0.0.1:9000"]')
    seen: dict[Address, Target] = {}
    for index, target in enumerate(targets):
        if seen.setdefault(target.address, target) is not target:
            raise Complaint("{value} is listed twice", "list each target once", at=(index,))
    return targets


class Pool(Section):
    """The gateway's connections to one target of a service, in each process."""

    connections: int = count(256, "Connections open at once.", most=65_535)
    waiters: int = count(1024, "Requests that may wait for a free connection; beyond it 503.", least=0)
    wait: Duration = Field(default=5.0, description="The longest time a request waits for a connection; beyond it 503.")
    idle: Duration = Field(default=60.0, description="An unused connection is closed after this time.")
    requests: int = count(100_000, "Requests sent on one connection before it is closed.")


class Service(Section):
    """What stands behind the gateway: one service for each name."""

    targets: Annotated[tuple[TargetUrl, ...], AfterValidator(_distinct), Kind("list of targets")] = Field(
        description="Where it answers: `http://host:port` (port 80 if left out) or `unix:/path`; at least one."
    )
    host: Annotated[str, AfterValidator(_host), Kind("`preserve`, `target` or host")] = Field(
        default="preserve",
        description="The `Host` it is called by: the client's, the target's own, or a literal `host[:port]`.",
    )
    timeouts: ServiceTimeouts = Field(default=ServiceTimeouts(), description="How long the gateway waits for it.")
    pool: Pool = Field(default=Pool(), description="Connections to each of its targets.")
