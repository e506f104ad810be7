"""What a validator says about one value, before anyone knows in which file and line the value stands."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class Complaint(ValueError):
    """One value is wrong. `{value}` in `message` is replaced by the text as it stands in the file.

    The value itself never enters the message: it may have come from the environment or from a secret's file.
    `hint` is one next step. `offset` counts characters from the start of the value to what is wrong.
    `at` leads from the value being judged to the part to blame; `on_key` blames the key and not what it holds.
    """

    def __init__(
        self, message: str, hint: str = "", *, offset: int = 0, at: tuple[str | int, ...] = (), on_key: bool = False
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.offset = offset
        self.at = at
        self.on_key = on_key


def suggestion(wrong: str, known: Iterable[str], noun: str = "") -> str:
    """A did-you-mean for `wrong`, or the list of what is `known`; `noun` names such a thing in the plural."""
    names = sorted(known)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(wrong.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"did you mean {lowered[close[0]]!r}?"
    if not names:
        return f"there are no {noun} here" if noun else ""
    return f"known {noun or 'values'}: {', '.join(names)}"
