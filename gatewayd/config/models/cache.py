"""The sections `cache` and `routes[].cache`: answers of services that are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gatewayd.config.models.headers import header_name
from gatewayd.config.models.numbers import ShareOrOff
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Duration, DurationOrOff, DurationOrZero, Kind, Size
from gatewayd.core.caching import Policy, Scope


class Cache(Section):
    """Where the answers of services are kept, for the routes that have a `cache`."""

    memory: Size = Field(default=256 << 20, description="Memory for kept answers; an eighth of it for one of them.")
    redis: bool = Field(
        default=False, description="Whether they are kept in Redis as well, and so shared by all gateways there."
    )
    redis_most: Size = Field(default=256 << 10, description="Answers with a larger body are not kept in Redis.")


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of header fields, in lower case, each once."""
    return tuple(dict.fromkeys(header_name(name).lower() for name in names))


class RouteCache(Section):
    """Answers to GET are kept, and given to whoever asks for the same, as RFC 9111 has it."""

    scope: Literal["public", "tenant", "user"] = Field(
        description="Who may be given the same answer: everybody, callers of one tenant, or the same caller only."
    )
    ttl: Duration | None = Field(
        default=None,
        description="For how long an answer is kept of which the service does not say so; not at all if left out.",
    )
    most: Size = Field(default=1 << 20, description="Answers with a larger body are not kept.")
    stale_while_revalidate: DurationOrZero | None = Field(
        default=None,
        description="For how long an answer may be used while a new one is fetched, where the service does not say so.",
    )
    stale_if_error: DurationOrZero | None = Field(
        default=None,
        description="For how long an answer may be used while the service fails, where the service does not say so.",
    )
    negative: DurationOrOff = Field(
        default=None, description="For how long 404, 405, 410, 414 and 501 are kept, where the service does not say so."
    )
    heuristic: ShareOrOff = Field(
        default=None,
        description="For which part of the time since it was last modified an answer is kept that says nothing else,"
        " up to a day; goes before `ttl`.",
    )
    vary: Annotated[tuple[str, ...], AfterValidator(_names), Kind("list of header names")] = Field(
        default=(), description="Request headers that tell answers apart, beside those that the service names in Vary."
    )
    ignore_client: bool = Field(
        default=True,
        description="Whether what requests ask of caches is ignored; else any client can have everything fetched anew.",
    )
    cookies: bool = Field(
        default=False,
        description="Whether answers that set cookies are kept, and set them for everybody in the scope.",
    )
    send_tags: bool = Field(
        default=False,
        description="Whether clients are sent `Surrogate-Key`, `Cache-Tag` and `Surrogate-Control`: for another cache"
        " in front of this one.",
    )
    redis: bool = Field(default=True, description="Whether its answers are kept in Redis too, where `cache.redis` is.")

    @property
    def policy(self) -> Policy:
        """What the cache goes by."""
        return Policy(
            scope=Scope(self.scope),
            ttl=self.ttl,
            negative=self.negative or 0.0,
            while_revalidate=self.stale_while_revalidate,
            if_error=self.stale_if_error,
            vary=tuple(name.encode("ascii") for name in self.vary),
            ignore_client=self.ignore_client,
            heuristic=self.heuristic or 0.0,
            cookies=self.cookies,
            send_tags=self.send_tags,
        )
