"""Words that stand for a whole section: `off`, or `public` for `{mode: public}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from gatewayd.config.complaint import Complaint, suggestion
from gatewayd.config.models.values import FrozenDict


@dataclass(frozen=True, slots=True)
class OrWord:
    """The type of a field that holds a section, or one of some words (`true` and `false` among them) instead.

    `words` says what mapping each stands for; None is the same as leaving the key out.
    """

    words: FrozenDict[str, Mapping[str, Any] | None]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Puts the mapping in place of the word before the section is built."""
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The section's schema, or one of the words."""
        written = [{"true": True, "false": False}.get(word, word) for word in self.words]
        section = handler(schema)
        return {"anyOf": [*section.get("anyOf", [section]), {"enum": written}]}

    def _read(self, value: object) -> object:
        """What `value` stands for."""
        if not isinstance(value, (str, bool)):
            return value
        word = str(value).lower() if isinstance(value, bool) else value
        if word not in self.words:
            near = suggestion(word, self.words)
            raise Complaint("{value} cannot stand here", near if near.startswith("did") else f"write {self._either}")
        return self.words[word]

    @property
    def _either(self) -> str:
        """What may stand there, for a hint."""
        return f"{', '.join(self.words)}, or a mapping"


def words_of(field: FieldInfo) -> Mapping[str, Mapping[str, Any] | None]:
    """The words that may stand in `field` instead of a section; usually none."""
    return next((item.words for item in field.metadata if isinstance(item, OrWord)), FrozenDict())


def or_word(**words: Mapping[str, Any] | None) -> OrWord:
    """A section, or one of `words`."""
    return OrWord(FrozenDict(words))
