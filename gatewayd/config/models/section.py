"""What every section of the configuration is: a frozen value whose unknown keys are refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, SecretStr
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

FILE_SUFFIX = "_file"
MOST = 10**9  # of anything that is counted


class Section(BaseModel):
    """A group of keys. A field of type `pydantic.SecretStr` called K may be given as `K_file`, a path, instead.

    So may a tuple of them: then the file has one on each line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the section, with the `_file` form of its secrets."""
        schema = handler(core_schema)
        own = handler.resolve_ref_schema(schema)
        for name in secret_names(cls):
            what = f"A file that holds `{name}`" + (", one a line." if is_secret_list(cls.model_fields[name]) else ".")
            own["properties"][name + FILE_SUFFIX] = {"type": "string", "description": what}
            own["required"] = [key for key in own.get("required", ()) if key != name]
        return schema


@cache
def secret_names(section: type[BaseModel]) -> tuple[str, ...]:
    """The keys of `section` that may be given as files."""
    fields = section.model_fields.items()
    return tuple(name for name, field in fields if is_secret(field) or is_secret_list(field))


@cache
def inner_sections(section: type[BaseModel]) -> dict[str, type[Section]]:
    """The keys of `section` that hold sections, and which."""
    found = {name: section_in(field.annotation) for name, field in section.model_fields.items()}
    return {name: inner for name, inner in found.items() if inner is not None}


@cache
def has_secrets(section: type[BaseModel]) -> bool:
    """Whether a secret may stand anywhere in `section`."""
    return bool(secret_names(section)) or any(map(has_secrets, inner_sections(section).values()))


@cache
def hidden_names(section: type[BaseModel]) -> tuple[str, ...]:
    """The keys of `section` whose values messages never show: its secrets, and what stays out of its `repr`."""
    quiet = tuple(name for name, field in section.model_fields.items() if not field.repr)
    return (*secret_names(section), *quiet)


@cache
def hides(section: type[BaseModel]) -> bool:
    """Whether what messages never show may stand anywhere in `section`."""
    return bool(hidden_names(section)) or any(map(hides, inner_sections(section).values()))


def is_secret(field: FieldInfo) -> bool:
    """Whether a field holds a secret."""
    return field.annotation in (SecretStr, SecretStr | None)


def is_secret_list(field: FieldInfo) -> bool:
    """Whether a field holds several secrets."""
    return field.annotation == tuple[SecretStr, ...]


def section_in(annotation: object) -> type[Section] | None:
    """The section that a field of this type holds: itself, or in a list, a mapping or an option."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((found for inner in get_args(annotation) if (found := section_in(inner)) is not None), None)


def holds_by_name(annotation: object) -> bool:
    """Whether a field of this type holds sections by names of the user's choice."""
    return get_origin(annotation) is Mapping


def holds_list(annotation: object) -> bool:
    """Whether a field of this type holds a list of sections."""
    if get_origin(annotation) is tuple:
        return section_in(annotation) is not None
    return any(map(holds_list, get_args(annotation)))


def count(default: int, description: str, *, least: int = 1, most: int = MOST) -> Any:
    """A field that counts something."""
    return Field(default=default, ge=least, le=most, description=description)
