"""What must be there, what cannot be yet and why, and what each fault sets off."""

from __future__ import annotations

from typing import Final

# Rows of the registry that nothing of what is built moves, or that this gateway is not asked for.
STILL: Final[dict[str, str]] = {}

# Queries of panels that come to nothing, by panel and query.
EMPTY: Final[dict[str, str]] = {}
