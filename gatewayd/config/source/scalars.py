"""What a scalar without quotes is: the core schema of YAML 1.2.2 (section 10.3.2).

PyYAML's own rules are those of YAML 1.1, where `no` is False, `010` is 8 and `22:22` is 1342.
"""

from __future__ import annotations

import re

from gatewayd.config.source.nodes import Value

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_FLOAT_WORDS = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# Lengths are bounded: what is longer is no number anyone means, and int() would refuse beyond 4300 digits.
_INT = re.compile(r"[-+]?[0-9]{1,30}")
_OCTAL = re.compile(r"0o[0-7]{1,30}")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]{1,30}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,30}|[0-9]{1,30}(\.[0-9]{0,30})?)([eE][-+]?[0-9]{1,3})?")


def resolve(text: str) -> Value:
    """The value of a plain scalar."""
    if text in _NULL:
        return None
    return resolve_filled(text)


def resolve_filled(text: str) -> Value:
    """The value of a plain scalar once references to the environment were filled in: it may be empty, not null."""
    if text in _BOOL:
        return _BOOL[text]
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _FLOAT_WORDS.fullmatch(text):
        return float(text.replace(".", ""))
    return text
