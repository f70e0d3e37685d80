"""A query's rows for people: columns side by side where they fit, else one value a line."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from tiercel.cli.terminal import Words, plural, shown
from tiercel.cli.written import csv_text, json_line
from tiercel.findings.shapes import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
__all__ = ["row_lines", "show_rows"]


def row_lines(tables: Iterable[pa.Table], written_as: str) -> Iterator[str]:
    """The rows of tables with the same columns, at least one, as JSON lines or CSV, while they come."""
    waiting = iter(tables)
    first = next(waiting)
    every = chain([first], waiting)
    if written_as == "csv":
        yield from csv_text(first.column_names, (list(row.values()) for table in every for row in table.to_pylist()))
        return
    for table in every:
        for row in table.to_pylist():
            yield json_line(row) + "\n"


def show_rows(words: Words, table: pa.Table) -> None:
    """Print the rows, and how many there are."""
    names = [shown(name) for name in table.column_names]
    cells = [[_text(value) for value in row.values()] for row in table.to_pylist()]
    widths = [max(cell_len(row[at]) for row in (names, *cells)) for at in range(len(names))]
    if not words.is_terminal or sum(widths) + 2 * len(widths) <= words.width:
        for row in (names, ["-" * width for width in widths], *cells):
            words.print(_line(row, widths))
    else:
        longest = max(map(cell_len, names))
        for number, row in enumerate(cells, 1):
            words.print(f"row {number}", style="bold")
            for name, value in zip(names, row, strict=True):
                if value:
                    words.print(f"  {name:<{longest}}  {value}")
    words.print(plural(len(cells), "row"), style="dim")


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(value + " " * (width - cell_len(value)) for value, width in zip(row, widths, strict=True)).rstrip()


def _text(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    return shown(value) if isinstance(value, str) else shown(json_line(value))
