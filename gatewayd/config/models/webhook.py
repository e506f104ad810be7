"""The section `routes[].webhook`: requests that another system signs."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, SecretStr, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import HeaderName
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration
from gatewayd.core.webhooks import SHORTEST_SECRET, Senders

_HEADERS = {"timed": "Stripe-Signature", "plain": "X-Hub-Signature-256"}


def _header(data: dict[str, Any]) -> str:
    """The header of those who made the form known."""
    return _HEADERS[data["form"]]


class Webhook(Section):
    """Lets only requests through that are signed with one of `secrets`; the service gets the same bytes."""

    form: Literal["timed", "plain"] = Field(
        default="timed",
        description="`timed` is `t=TIME,v1=HEX`, which signs the time as well (Stripe); `plain` is `sha256=HEX` "
        "(GitHub).",
    )
    header: HeaderName = Field(
        default_factory=_header,
        description="The header with the signature: `Stripe-Signature` or `X-Hub-Signature-256` if left out.",
    )
    secrets: tuple[SecretStr, ...] = Field(
        min_length=1,
        description=f"What it may be signed with, each of at least {SHORTEST_SECRET} bytes; more than one while they "
        "are changed.",
    )
    tolerance: Duration = Field(default=300.0, description="How old the signed time may be, or how far ahead.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """No secret that could be guessed, nor one of blanks."""
        for index, secret in enumerate(self.secrets):
            if len(secret.get_secret_value().strip().encode()) < SHORTEST_SECRET:
                message = f"a secret of a webhook has at least {SHORTEST_SECRET} bytes, blanks around them aside"
                hint = "take the one that the sender shows, or make one for both with: openssl rand -hex 32"
                raise Complaint(message, hint, at=("secrets", index), on_key=True)
        return self

    @property
    def senders(self) -> Senders:
        """The same, ready to judge."""
        return Senders([secret.get_secret_value().encode() for secret in self.secrets], self.form, self.tolerance)
