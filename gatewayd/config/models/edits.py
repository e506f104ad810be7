"""What a route changes in the headers of requests and responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from gatewayd.config.models.headers import (
    NOBODY_SETS_IN_FIXED_RESPONSES,
    NOBODY_SETS_IN_REQUESTS,
    NOBODY_SETS_IN_RESPONSES,
    header_name,
    refuse_unsettable,
)
from gatewayd.config.models.names import HeaderValue, one_each
from gatewayd.config.models.section import Section
from gatewayd.config.models.values import Frozen, FrozenDict, Kind

_NAMES = Kind("list of header names")
_VALUES = Kind("mapping of header names to values")


def _settable(table: dict[str, str]) -> AfterValidator:
    """A validator of header names that are not in `table`."""

    def validate(name: str) -> str:
        refuse_unsettable(header_name(name), table)
        return name

    return AfterValidator(validate)


_RequestName = Annotated[str, _settable(NOBODY_SETS_IN_REQUESTS)]
_ResponseName = Annotated[str, _settable(NOBODY_SETS_IN_RESPONSES)]
_FixedName = Annotated[str, _settable(NOBODY_SETS_IN_FIXED_RESPONSES)]
_RequestValues = Annotated[Mapping[_RequestName, HeaderValue], AfterValidator(one_each), Frozen, _VALUES]
_ResponseValues = Annotated[Mapping[_ResponseName, HeaderValue], AfterValidator(one_each), Frozen, _VALUES]
FixedHeaders = Annotated[Mapping[_FixedName, HeaderValue], AfterValidator(one_each), Frozen, _VALUES]

# Values stay out of repr: an Authorization header towards a service is a credential.
_SET: Any = Field(
    default=FrozenDict(), repr=False, description="Headers that get this value, whatever they had before."
)
_ADD: Any = Field(default=FrozenDict(), repr=False, description="Header lines added to those there are.")
_REMOVE: Any = Field(default=(), description="Headers taken away.")


class HeaderEdits(Section):
    """Changes of a head, applied as remove, set, add. Names keep the case they are written in."""

    set: Mapping[str, str] = _SET
    add: Mapping[str, str] = _ADD
    remove: tuple[str, ...] = _REMOVE


class RequestHeaderEdits(HeaderEdits):
    """Changes of the request before the service sees it; headers that only the gateway writes are refused."""

    set: _RequestValues = _SET
    add: _RequestValues = _ADD
    remove: Annotated[tuple[_RequestName, ...], _NAMES] = _REMOVE


class ResponseHeaderEdits(HeaderEdits):
    """Changes of the service's answer before the client sees it; headers that only the gateway writes are refused."""

    set: _ResponseValues = _SET
    add: _ResponseValues = _ADD
    remove: Annotated[tuple[_ResponseName, ...], _NAMES] = _REMOVE
