"""The section `services`: what stands behind the gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import Address, Target
from gatewayd.config.models.balance import Balance
from gatewayd.config.models.breaker import Breaker
from gatewayd.config.models.concurrency import Concurrency
from gatewayd.config.models.discovery import Discovery
from gatewayd.config.models.ejection import Ejection
from gatewayd.config.models.health import Health
from gatewayd.config.models.names import TargetUrl, origin
from gatewayd.config.models.retries import Retries
from gatewayd.config.models.section import Section, count
from gatewayd.config.models.timeouts import ServiceTimeouts
from gatewayd.config.models.tls import ServiceTls
from gatewayd.config.models.values import Duration, Kind

PLACES = ("targets", "discovery")


def _host(text: str) -> str:
    """`preserve`, `target`, or the literal value of Host."""
    if text in ("preserve", "target"):
        return text
    try:
        return origin(text)
    except Complaint:
        hint = "write preserve, target, or a host such as api.internal:8080"
        raise Complaint("{value} is not a host", hint) from None


def _distinct(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """`targets`, if no two are the same."""
    seen: dict[Address, Target] = {}
    for index, target in enumerate(targets):
        if seen.setdefault(target.address, target) is not target:
            raise Complaint("{value} is listed twice", "list each target once", at=(index, "url"))
    return targets


class Pool(Section):
    """The gateway's connections to one target of a service, in each process."""

    connections: int = count(256, "Connections open at once.", most=65_535)
    waiters: int = count(1024, "Requests that may wait for a free connection; beyond it 503.", least=0)
    wait: Duration = Field(default=5.0, description="The longest time a request waits for a connection; beyond it 503.")
    idle: Duration = Field(default=60.0, description="An unused connection is closed after this time.")
    requests: int = count(100_000, "Requests sent on one connection before it is closed.")


class Service(Section):
    """What stands behind the gateway: one service for each name, with exactly one of `targets`, `discovery`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [place]} for place in PLACES]})

    targets: Annotated[tuple[TargetUrl, ...], AfterValidator(_distinct), Kind("list of targets")] = Field(
        default=(),
        description="Where it answers: `http://host:port`, `https://host:port` or `unix:/path`; at least one. Also "
        "`{url, weight, priority}`: the share among its like, 1 to 1000 (1), and the group, 0 to 9 (0), of which the "
        "lowest that can answer is asked.",
    )
    discovery: Discovery | None = Field(default=None, description="Where targets are found while the gateway runs.")
    host: Annotated[str, AfterValidator(_host), Kind("`preserve`, `target` or host")] = Field(
        default="preserve",
        description="The `Host` it is called by: the client's, the target's own, or a literal `host[:port]`.",
    )
    timeouts: ServiceTimeouts = Field(default=ServiceTimeouts(), description="How long the gateway waits for it.")
    breaker: Breaker = Field(default=Breaker(), description="When the service is left alone.")
    ejection: Ejection = Field(default=Ejection(), description="When a single target is left alone.")
    balance: Balance = Field(default=Balance(), description="Which of its targets answers.")
    health: Health | None = Field(default=None, description="Asks its targets how they are.")
    retries: Retries = Field(default=Retries(), description="When a request is tried again.")
    concurrency: Concurrency = Field(default=Concurrency(), description="How many requests it gets at a time.")
    tls: ServiceTls | None = Field(
        default=None,
        description="How `https://` targets are met. Where it is there, those that DNS finds are met by TLS, too.",
    )
    pool: Pool = Field(default=Pool(), description="Connections to each of its targets.")
