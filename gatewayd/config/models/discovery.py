"""The section `services.NAME.discovery`: where the targets of a service are found."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.address import HOST_NAME
from gatewayd.config.models.callers import FilePath
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, Kind


def _name(text: str) -> str:
    """A name that DNS can be asked for, in lower case and without its last dot."""
    name = text.lower().removesuffix(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if HOST_NAME.fullmatch(name) is None or re.fullmatch(r"[0-9.]+", name):
            raise Complaint("{value} is not a name", "write one such as payment.internal") from None
        return name
    raise Complaint("{value} is an address, not a name", "list it under 'targets'")


class DnsDiscovery(Section):
    """Targets from DNS, asked for again when an answer has run out. While DNS fails, the last answer stands."""

    name: Annotated[str, AfterValidator(_name), Kind("name")] = Field(
        description="The name to look up, such as `payment.internal` or `_http._tcp.payment.internal`."
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="The targets' port; with `srv` DNS tells it.")
    record: Literal["a", "srv"] = Field(
        default="a", description="`a` for addresses (A and AAAA), `srv` for hosts, ports, priorities and weights."
    )
    least_ttl: Duration = Field(default=1.0, description="DNS is asked no more often than this.")
    most_ttl: Duration = Field(default=300.0, description="DNS is asked at least this often.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.least_ttl > self.most_ttl:
            raise Complaint(
                "'least_ttl' is longer than 'most_ttl'", "make it shorter, or set 'most_ttl'", at=("least_ttl",)
            )
        return self


class FileDiscovery(Section):
    """Targets from a file of their own, read again when it changes. While it is broken, its last content stands."""

    path: FilePath = Field(
        description="A YAML or JSON file: a list as `targets` has it, or a mapping with the key `targets`."
    )
    interval: Duration = Field(default=2.0, description="How often it is looked at.")


class Discovery(Section):
    """Where targets are found while the gateway runs: exactly one of `dns`, `file`."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [way]} for way in ("dns", "file")]})

    dns: DnsDiscovery | None = Field(default=None, description="Asks DNS.")
    file: FileDiscovery | None = Field(default=None, description="Watches a file.")
