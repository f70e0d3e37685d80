"""The command line: one file a command, and what they share to talk to people.

Takes arguments; gives words, tables and exit codes, and no findings of its own: `tiercel.hunt` makes those.
May import every room; nothing imports it.
"""

from __future__ import annotations

from tiercel.cli.program import main

__all__ = ["main"]
