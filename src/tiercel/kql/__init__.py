"""The KQL front end: text in, tree out.

Holds tokens, the frozen syntax tree and the parser, with the exact place of everything that was read. Takes a `Source`.
Gives `parse`, `Parsed`, `Source` and the nodes of `kql.syntax`. May import tiercel.tables and tiercel.errors only.
"""

from __future__ import annotations

from tiercel.kql.parser import Parsed, parse
from tiercel.kql.source import Source

__all__ = ["Parsed", "Source", "parse"]
