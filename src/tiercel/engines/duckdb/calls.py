"""Which routines a statement calls."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["called_routines"]

_CALL: Final = re.compile(r"\bKUSTO_([A-Z0-9_]+)\(")


def called_routines(sql: str) -> frozenset[str]:
    """The names of the routines that the text calls, in lower case; a text in quotes may add one that it does not.

    >>> called_routines("SELECT KUSTO_PARSE_PATH(x)")
    frozenset({'parse_path'})
    """
    return frozenset(match[1].lower() for match in _CALL.finditer(sql))
