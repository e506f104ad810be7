"""The section `rate_limits`, and where its limits are named: how often who may ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.names import ServiceName
from gatewayd.config.models.numbers import Share
from gatewayd.config.models.quantities import DURATION_PATTERN, format_duration, parse_duration
from gatewayd.config.models.section import MOST, Section
from gatewayd.config.models.values import DurationOrOff, Frozen, FrozenDict, Kind, text_schema
from gatewayd.core.gcra import Rate
from gatewayd.core.limitkeys import Part, parse_part
from gatewayd.core.quota import Quota
from gatewayd.core.ratelimits import Policy
from gatewayd.core.tokens.claimpath import ClaimPath, compile_path

FASTEST = 1_000_000  # permits a second: beyond it the times that Redis keeps have too few digits
_LIMIT = re.compile(r"([0-9]{1,10})/([0-9].*)")
_PATTERN = r"[0-9]{1,10}/" + DURATION_PATTERN
_EXAMPLE = "write how many in which time, such as 100/1m"
_CLAIM = "claim:"


@dataclass(frozen=True, slots=True)
class Limit:
    """`count` requests in each `seconds`."""

    count: int
    seconds: float

    def __str__(self) -> str:
        """The text a file would have."""
        return f"{self.count}/{format_duration(self.seconds)}"

    def rate(self, burst: int | None) -> Rate:
        """The same as requests are judged by; without a `burst` all may come at once."""
        return Rate(self.count, self.seconds, self.count if burst is None else burst)


def parse_limit(text: str) -> Limit:
    """The limit that `text` is, such as `100/1m`. Raises `Complaint`."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise Complaint("{value} is not a limit", _EXAMPLE)
    number, seconds = int(match[1]), parse_duration(match[2])
    if not number or not seconds:
        raise Complaint("{value} would let nobody in", _EXAMPLE)
    if number > MOST or number / seconds > FASTEST:
        raise Complaint("{value} is too much", f"write {FASTEST}/1s or less")
    return Limit(number, seconds)


def _limit(value: object) -> Limit:
    """The limit that `value` is."""
    if isinstance(value, Limit):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        raise Complaint("{value} says not in which time", f"write {value}/1m if that is in a minute")
    if not isinstance(value, str):
        raise Complaint("must be a limit", _EXAMPLE)
    return parse_limit(value)


def _own_limit(value: object) -> Limit | None:
    """As `_limit`; None where nothing is set."""
    return None if value is None else _limit(value)


def _part(text: str) -> str:
    """A part of a key."""
    try:
        parse_part(text)
    except ValueError:
        hint = "write client, tenant, user, api_key, route, header:NAME or claim:PATH"
        raise Complaint("{value} tells no requests apart", hint) from None
    return text


def _from(text: str) -> str:
    """Where a limit comes from."""
    if text == "plan":
        return text
    try:
        if not text.startswith(_CLAIM):
            raise ValueError
        compile_path(text.removeprefix(_CLAIM))
    except ValueError:
        raise Complaint("{value} has no limits", "write plan, or claim: and the path to a claim") from None
    return text


def _share(share: float) -> float:
    """A part of the burst, and not nothing."""
    if not share:
        raise Complaint("{value} is too little", "write one above zero, such as 10%")
    return share


LimitText = Annotated[
    Limit, PlainValidator(_limit), text_schema(_PATTERN), PlainSerializer(str), Kind("limit, as `100/1m`", "limits")
]
OwnLimit = Annotated[
    Limit | None,
    PlainValidator(_own_limit),
    text_schema(_PATTERN),
    PlainSerializer(lambda limit: None if limit is None else str(limit)),
    Kind("limit, as `100/1m`"),
]
Limits = Annotated[Mapping[ServiceName, LimitText], Frozen, Kind("mapping of names to limits, as `100/1m`")]
LimitNames = Annotated[tuple[ServiceName, ...], Kind("list of names in `rate_limits`")]
KeyPart = Annotated[
    str,
    AfterValidator(_part),
    text_schema("client|tenant|user|api_key|route|header:.+|claim:.+"),
    Kind("`client`, `tenant`, `user`, `api_key`, `route`, `header:NAME`, `claim:PATH`", ""),
]
PlanOrClaim = Annotated[str, AfterValidator(_from), text_schema("plan|claim:.+"), Kind("`plan` or `claim:PATH`")]


class QuotaLimit(Section):
    """How much may be used in a day or month of the calendar, in UTC."""

    limit: int = Field(ge=1, le=MOST, description="Requests, or what they cost.")
    window: Literal["day", "month"] = Field(description="When it begins anew.")

    @property
    def quota(self) -> Quota:
        """The same as requests are judged by."""
        return Quota(self.limit, self.window)


class RateLimit(Section):
    """How often requests with the same key may come: with at least one of `limit`, `quota`, `concurrent`."""

    limit: OwnLimit = Field(
        default=None, description="How many in which time, evenly spread; `burst` of them may come at once."
    )
    burst: int | None = Field(
        default=None, ge=1, le=MOST, description="How many may come at once after a pause; as many as `limit` has."
    )
    key: Annotated[
        tuple[KeyPart, ...],
        Kind("list of `client`, `tenant`, `user`, `api_key`, `route`, `header:NAME`, `claim:PATH`"),
    ] = Field(
        default=("client",),
        min_length=1,
        description="What requests must have in common to be counted together. A part that a request does not have is "
        "replaced by the client's address. Addresses of IPv6 count by their /64 network.",
    )
    block: DurationOrOff = Field(
        default=None, description="For how long a key is refused altogether once it exceeded `limit`."
    )
    quota: QuotaLimit | None = Field(default=None, description="How much may be used in a day or month.")
    concurrent: int | None = Field(
        default=None, ge=1, le=MOST, description="How many may be answered at a time; counts for each gateway process."
    )
    limit_from: PlanOrClaim | None = Field(
        default=None,
        description="Whose word replaces `limit`: the plan of the caller's tenant, looked up in `plans`, or a claim: a "
        "name in `plans`, a number in the time that `limit` has, or a limit such as `100/1m`.",
    )
    plans: Annotated[Mapping[str, LimitText], Frozen, Kind("mapping of names to limits, as `100/1m`")] = Field(
        default=FrozenDict(), description="Limits by the name that `limit_from` comes to; `limit` for all others."
    )
    mode: Literal["exact", "leased"] = Field(
        default="exact",
        description="`exact` asks Redis, if there is one, about each request; `leased` takes a part of the burst at a "
        "time and exceeds the limit by that much for each gateway process at most.",
    )
    lease: Annotated[Share, AfterValidator(_share)] = Field(
        default=0.1, description="How much of the burst a gateway takes at a time with `mode: leased`."
    )
    enforce: bool = Field(default=True, description="`false` refuses nothing, and only counts what would have been.")
    on_store_failure: Literal["local", "allow", "deny"] = Field(
        default="local",
        description="While Redis is away: each gateway counts for itself, lets everything through, or answers 503.",
    )
    headers: Literal["standard", "legacy", "both", "none"] = Field(
        default="standard",
        description="What answers tell clients: `RateLimit` and `RateLimit-Policy`, the older `X-RateLimit-*`, both.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        """What its values must agree on."""
        if self.limit is None:
            for key in ("burst", "block", "limit_from"):
                if key in self.model_fields_set and getattr(self, key) is not None:
                    raise Complaint(f"without 'limit' {key!r} does nothing", "add 'limit'", at=(key,), on_key=True)
        if self.plans and self.limit_from is None:
            hint = "add 'limit_from: plan', or remove it"
            raise Complaint("without 'limit_from' 'plans' does nothing", hint, at=("plans",), on_key=True)
        if self.limit_from == "plan" and not self.plans:
            hint = "add 'plans', such as {gold: 1000/1m}"
            raise Complaint("no plan has a limit of its own", hint, at=("limit_from",), on_key=True)
        return self

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the key."""
        return tuple(map(parse_part, self.key))

    @property
    def claim(self) -> ClaimPath | None:
        """The claim that the limit comes from, if it comes from one."""
        return (
            None
            if self.limit_from is None or not self.limit_from.startswith(_CLAIM)
            else compile_path(self.limit_from.removeprefix(_CLAIM))
        )

    @property
    def needs_caller(self) -> bool:
        """Whether it can be judged only once somebody has found out who is calling."""
        return self.limit_from is not None or any(part.source.needs_caller for part in self.parts)

    def policy(self, name: str) -> Policy:
        """How it is kept, under its name."""
        return Policy(name, self.enforce, self.on_store_failure, self.mode, self.lease, self.headers)


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit of a route by its `name`, of which each request takes `cost` permits."""

    name: str
    cost: int = 1


def _use(value: object) -> LimitUse:
    """A name, or a mapping of it and a cost."""
    if isinstance(value, LimitUse):
        return value
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        raise Complaint("must be the name of a limit", "write a name of 'rate_limits', or {name: NAME, cost: 2}")
    for key in value:
        if key not in ("name", "cost"):
            raise Complaint(f"unknown key {key!r}", "known keys: cost, name", at=(key,), on_key=True)
    name, cost = value.get("name"), value.get("cost", 1)
    if not isinstance(name, str):
        raise Complaint("nothing says which limit", "add 'name'", on_key=True)
    if isinstance(cost, bool) or not isinstance(cost, int) or not 1 <= cost <= MOST:
        raise Complaint("{value} is no cost", "write a whole number above zero", at=("cost",))
    return LimitUse(name, cost)


def _write_use(use: LimitUse) -> object:
    """What a file has for it: the name alone, if it costs 1."""
    return use.name if use.cost == 1 else {"name": use.name, "cost": use.cost}


Use = Annotated[
    LimitUse,
    PlainValidator(_use),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"name": {"type": "string"}, "cost": {"type": "integer", "minimum": 1, "default": 1}},
                    "required": ["name"],
                },
            ]
        }
    ),
    PlainSerializer(_write_use),
    Kind("name, or `{name: NAME, cost: 2}`", "names, or `{name: NAME, cost: 2}`"),
]
