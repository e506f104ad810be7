"""The section `authentication.api_keys`: keys that are given out to programs."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.callers import FilePath, Moment, RoleName, TenantId, UserId
from gatewayd.config.models.names import HeaderName
from gatewayd.config.models.ratelimits import Limits
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import FrozenDict, Kind
from gatewayd.core.apikeys import LONGEST_PEPPER, SHORTEST_PEPPER, ApiKey

_ID = re.compile(r"[a-z2-7]{13}")


def _key_id(text: str) -> str:
    """The id in an API key."""
    if _ID.fullmatch(text) is None:
        raise Complaint("this is not the id of an API key", "write the 13 characters between gw_ and the next _")
    return text


def _hash(text: str) -> str:
    """The hash of an API key. What was pasted in its place may be the key itself, so it is never repeated."""
    try:
        ApiKey("", text)
    except ValueError:
        hint = "write the 64 hexadecimal digits that the key was made with"
        raise Complaint("this is not the hash of an API key", hint, on_key=True) from None
    return text


class ApiKeyEntry(Section):
    """What is kept of one key: its hash, and who its bearer is."""

    id: Annotated[str, AfterValidator(_key_id), Kind("id of a key")] = Field(
        description="The 13 characters that the key has between `gw_` and the next `_`."
    )
    hash: Annotated[str, AfterValidator(_hash), Kind("hash of a key")] = Field(
        repr=False, description="The keyed hash of the key, 64 hexadecimal digits."
    )
    tenant: TenantId | None = Field(default=None, description="The bearer's tenant.")
    user: UserId | None = Field(default=None, description="Who the bearer is.")
    roles: tuple[RoleName, ...] = Field(default=(), description="The bearer's roles.")
    scopes: tuple[RoleName, ...] = Field(default=(), description="The key's scopes.")
    expires: Moment | None = Field(default=None, description="When the key ends; never if left out.")
    limits: Limits = Field(
        default=FrozenDict(), description="Limits of requests with this key, by their name in `rate_limits`."
    )

    @property
    def key(self) -> ApiKey:
        """The same as keys are judged by."""
        return ApiKey(
            self.id,
            self.hash,
            self.tenant,
            self.user,
            frozenset(self.roles),
            frozenset(self.scopes),
            self.limits,
            self.expires,
        )


class ApiKeys(Section):
    """Keys that programs send in a header, with at least one of `keys`, `file`, `redis`."""

    header: HeaderName = Field(default="X-API-Key", description="The header that carries a key.")
    pepper: SecretStr = Field(
        description=f"What keys are hashed with, {SHORTEST_PEPPER} to {LONGEST_PEPPER} bytes; keep it apart from them."
    )
    keys: tuple[ApiKeyEntry, ...] = Field(default=(), description="Keys.")
    file: FilePath | None = Field(
        default=None, description="A YAML or JSON file with such a list, read again when it changes."
    )
    redis: bool = Field(default=False, description="Whether keys are looked up in Redis as well.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if not SHORTEST_PEPPER <= len(self.pepper.get_secret_value().encode()) <= LONGEST_PEPPER:
            message = f"a pepper has {SHORTEST_PEPPER} to {LONGEST_PEPPER} bytes"
            raise Complaint(message, "make one with: openssl rand -hex 32", at=("pepper",), on_key=True)
        seen: set[str] = set()
        for index, entry in enumerate(self.keys):
            if entry.id in seen:
                raise Complaint("{value} is listed twice", "list each key once", at=("keys", index, "id"))
            seen.add(entry.id)
        return self
