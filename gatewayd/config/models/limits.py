"""The section `limits`: what clients may use up."""

from __future__ import annotations

from pydantic import Field

from gatewayd.config.models.section import Section, count
from gatewayd.config.models.values import Size, SizeOrUnlimited


class Limits(Section):
    """What clients may use up. The defaults are those of common servers or stricter."""

    head_size: Size = Field(default=16 * 1024, description="Request line and header fields together; beyond it 431.")
    head_fields: int = count(100, "Header fields of a request; beyond it 431.", most=10_000)
    target_size: Size = Field(default=8 * 1024, description="Path and query of a request; beyond it 414.")
    body_size: SizeOrUnlimited = Field(
        default=10 * 1024 * 1024, description="Body of a request, unless its route says otherwise; beyond it 413."
    )
    connections: int = count(20_000, "Client connections open at once.")
    connections_per_client: int = count(2_000, "Client connections open at once from one address.")
    requests_per_connection: int = count(100_000, "Requests on one connection; the last answer closes it.")
