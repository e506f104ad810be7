"""Durations and sizes as types of fields, and what all types of fields share.

In a file a duration or size is text with a unit. In Python plain numbers are accepted: seconds and bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, PlainSerializer, PlainValidator, SecretStr, ValidationInfo, WithJsonSchema

from gatewayd.config.complaint import Complaint
from gatewayd.config.models.quantities import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)

FROM_FILE: Final = {"from_file": True}  # the validation context of values that come from a file
REFERENCE_PATTERN: Final = r"\$\{"  # any value may be, or contain, a reference to the environment

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kind:
    """What the reference page calls a type, one of them and several."""

    name: str
    several: str = ""

    @property
    def plural(self) -> str:
        """The name of several of them."""
        return self.several or f"{self.name}s"


class Off(Enum):
    """A timeout switched off, where None already means "not set here"."""

    OFF = "off"


class Unlimited(Enum):
    """A size without limit, where None already means "not set here"."""

    UNLIMITED = "unlimited"


def text_schema(pattern: str, *words: str) -> WithJsonSchema:
    """The schema of text that matches `pattern`, is one of `words`, or refers to the environment."""
    alternatives = [f"^({pattern})$", *(f"^{word}$" for word in words), REFERENCE_PATTERN]
    return WithJsonSchema({"type": "string", "pattern": "|".join(alternatives)})


def _duration(value: object, info: ValidationInfo) -> float:
    """Seconds in `value`, whatever its sign."""
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Complaint("must be a duration", "write a number and a unit (ms, s, m, h, d), such as 10s")
    if info.context:
        raise Complaint("{value} has no unit", f"write {value}s for seconds (units: ms, s, m, h, d)")
    return float(value)


def _size(value: object, info: ValidationInfo) -> int:
    """Bytes in `value`, whatever its sign."""
    if isinstance(value, str):
        return parse_size(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Complaint("must be a size", "write a number and a unit, such as 16KiB or 10MB")
    if info.context:
        raise Complaint("{value} has no unit", f"write {value}B for bytes (units: B, kB, MB, GB, KiB, MiB, GiB)")
    return value


_NONE_AT_ALL = ("no", "none", "never", "disabled", "off", "unlimited", "infinite", "infinity", "inf", "-1")


def quantity(
    read: Callable[[object, ValidationInfo], Any],
    words: Mapping[str, object] | None = None,
    *,
    zero: bool = False,
    unset: bool = False,
) -> PlainValidator:
    """The validator of a quantity above zero, or at `zero` too.

    `words` are texts with a meaning of their own; a meaning may also be given directly in Python, and so may None
    where a value can be `unset`.
    """
    words = words or {}
    meanings = (*words.values(), *((None,) if unset else ()))
    instead = "".join(f", or '{word}'" for word in words)

    def validate(value: object, info: ValidationInfo) -> Any:
        if isinstance(value, str) and value in words:
            return words[value]
        if not info.context and any(value is meaning for meaning in meanings):
            return value
        if words and (value is False or str(value).lower() in _NONE_AT_ALL):
            raise Complaint("{value} is not what switches this off", f"write {next(iter(words))}")
        amount = read(value, info)
        if amount < 0 or (amount == 0 and not zero):
            raise Complaint("{value} is too little", f"write one above zero{instead}")
        return amount

    return PlainValidator(validate)


def _write_duration(seconds: float | Off | None) -> str | None:
    """The text of a duration a file would have; None stays None."""
    return seconds.value if isinstance(seconds, Off) else None if seconds is None else format_duration(seconds)


def _write_size(count: int | Unlimited | None) -> str | None:
    """The text of a size a file would have; None stays None."""
    return count.value if isinstance(count, Unlimited) else None if count is None else format_size(count)


_DURATION = Kind("duration")
_DURATION_OR_OFF = Kind("duration or `off`")
_SIZE_OR_UNLIMITED = Kind("size or `unlimited`")
_AS_DURATION = PlainSerializer(_write_duration)
_AS_DURATION_OR_OFF = PlainSerializer(lambda seconds: _write_duration(seconds) or Off.OFF.value)
_AS_SIZE = PlainSerializer(_write_size)
_AS_SIZE_OR_UNLIMITED = PlainSerializer(lambda count: _write_size(count) or Unlimited.UNLIMITED.value)

# Named Own... where a route or another narrower place may leave it out and take what stands further out.
Duration = Annotated[float, quantity(_duration), text_schema(DURATION_PATTERN), _AS_DURATION, _DURATION]
DurationOrZero = Annotated[
    float, quantity(_duration, zero=True), text_schema(DURATION_PATTERN), _AS_DURATION, _DURATION
]
DurationOrOff = Annotated[
    float | None,
    quantity(_duration, {"off": None}),
    text_schema(DURATION_PATTERN, "off"),
    _AS_DURATION_OR_OFF,
    _DURATION_OR_OFF,
]
OwnDuration = Annotated[
    float | None, quantity(_duration, unset=True), text_schema(DURATION_PATTERN), _AS_DURATION, _DURATION
]
OwnDurationOrOff = Annotated[
    float | Off | None,
    quantity(_duration, {"off": Off.OFF}, unset=True),
    text_schema(DURATION_PATTERN, "off"),
    _AS_DURATION,
    _DURATION_OR_OFF,
]
Size = Annotated[int, quantity(_size), text_schema(SIZE_PATTERN), _AS_SIZE, Kind("size")]
SizeOrZero = Annotated[int, quantity(_size, zero=True), text_schema(SIZE_PATTERN), _AS_SIZE, Kind("size")]
SizeOrUnlimited = Annotated[
    int | None,
    quantity(_size, {"unlimited": None}, zero=True),
    text_schema(SIZE_PATTERN, "unlimited"),
    _AS_SIZE_OR_UNLIMITED,
    _SIZE_OR_UNLIMITED,
]
OwnSizeOrUnlimited = Annotated[
    int | Unlimited | None,
    quantity(_size, {"unlimited": Unlimited.UNLIMITED}, zero=True, unset=True),
    text_schema(SIZE_PATTERN, "unlimited"),
    _AS_SIZE,
    _SIZE_OR_UNLIMITED,
]


class FrozenDict(dict[K, V]):
    """A dict that nobody can change, so it has a hash. Unlike a `MappingProxyType` it can be pickled and serialised."""

    __slots__ = ()

    def _refuse(self, *_args: object, **_named: object) -> Any:
        """Every way to change a dict leads here."""
        raise TypeError("a configuration cannot be changed")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        """Of the values; with it, pydantic shares a default instead of copying it for each model."""
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        """What pickle and copy rebuild it from."""
        return FrozenDict, (dict(self),)


Frozen = AfterValidator(FrozenDict)


def proves(what: str, hint: str) -> AfterValidator:
    """A validator of a secret, called `what`, that is not empty: a variable that is set to nothing is a mistake."""

    def validate(secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value():
            raise Complaint(f"{what} is empty", hint, on_key=True)
        return secret

    return AfterValidator(validate)
