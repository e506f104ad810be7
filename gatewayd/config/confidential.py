"""Every secret that a configuration holds, for those who see to it that no log shows one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import SecretStr

from gatewayd.config.models.section import Section, hidden_names


def secrets_in(section: Section) -> Iterator[str]:
    """The texts of all secrets in a section and those within it, and of what stays out of its `repr`."""
    quiet = hidden_names(type(section))
    for name in type(section).model_fields:
        yield from _secrets(getattr(section, name), name in quiet)


def _secrets(value: object, quiet: bool) -> Iterator[str]:
    """Those in a value of a field."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, Section):
        yield from secrets_in(value)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _secrets(inner, quiet)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _secrets(inner, quiet)
    elif quiet and isinstance(value, str):
        yield value
