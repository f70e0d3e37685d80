"""CSV that the Defender portal exports: a query's result, its times in the portal's own locale.

Day-first and month-first dates look alike. Where one value of the file can only be the one or the other the whole file
is read so; where none can, the file is refused rather than guessed (Microsoft Learn, advanced hunting query results).
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Final

import pyarrow as pa
from pyarrow import csv as arrow_csv

from tiercel.errors import InputError, Issue, Severity
from tiercel.tables import KustoType, Table
from tiercel.telemetry.readers.rows import typed, which_table
from tiercel.telemetry.storage import insertion

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from tiercel.telemetry.inputs import Document

__all__ = ["read_portal_csv"]

_NOTED: Final = re.compile(r"\s*[\[(]\s*(UTC|Local time)\s*[\])]\s*$|\s+(Local time)\s*$", re.IGNORECASE)
_LIMITS: Final = (10_000, 30_000, 100_000)
"""Rows at which the portal cut a result, then and now."""
_SLASHED: Final = r"^(\d{1,2})/(\d{1,2})/(\d{4}),? "
_ORDERS: Final = {"day": "%d/%m/%Y", "month": "%m/%d/%Y"}
_CLOCKS: Final = ("%I:%M:%S.%f %p", "%I:%M:%S %p", "%H:%M:%S.%f", "%H:%M:%S", "%I:%M %p", "%H:%M")
_NAMED_MONTH: Final = ("%b %d, %Y %I:%M:%S %p", "%b %d, %Y %H:%M:%S", "%d %b %Y %H:%M:%S")


def read_portal_csv(
    document: Document, connection: duckdb.DuckDBPyConnection, report: Callable[[Issue], None]
) -> tuple[str, int]:
    """The table the file was read into, and its rows. Raises InputError for a file that is no table's."""
    header = next(csv.reader(io.StringIO(document.head.decode("utf-8", "replace"))))
    if "Event Time" in header and "Timestamp" not in header:
        raise InputError(
            "this is a device timeline, not a table: run a query in advanced hunting and export that",
            path=document.name,
        )
    names = [_NOTED.sub("", name.strip()) for name in header]
    content = _read(document, header)
    connection.register("exported", content.rename_columns([f"c{index}" for index in range(len(names))]))
    try:
        return _insert(document.name, header, names, connection, report)
    finally:
        connection.unregister("exported")


def _read(document: Document, header: list[str]) -> pa.Table:
    """Every field as text."""
    try:
        return arrow_csv.read_csv(
            pa.PythonFile(document.stream, mode="r"),
            read_options=arrow_csv.ReadOptions(column_names=[f"c{index}" for index in range(len(header))], skip_rows=1),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"c{index}": pa.string() for index in range(len(header))}, strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(f"not readable as CSV: {error}", path=document.name) from error


def _insert(
    name: str,
    header: list[str],
    names: list[str],
    connection: duckdb.DuckDBPyConnection,
    report: Callable[[Issue], None],
) -> tuple[str, int]:
    rows = int(connection.execute("SELECT count(*) FROM exported").fetchall()[0][0])
    places = {column: f"e.c{index}" for index, column in enumerate(names)}
    actions = []
    if "ActionType" in places:
        actions = connection.execute(f"SELECT DISTINCT {places['ActionType'][2:]} FROM exported LIMIT 50").fetchall()
    table = which_table(names, (str(action) for (action,) in actions))
    if table is None:
        raise InputError("its columns are no one table's: export all columns of one table", path=name)
    values = {}
    for column, place in places.items():
        known = table.by_name.get(column)
        if known is None:
            continue
        if known.type is KustoType.DATETIME:
            values[column] = _time(name, column, place, connection)
        else:
            values[column] = typed(known.type, place if known.type is KustoType.STRING else f"nullif({place}, '')")
    values["_Source"] = "'" + name.replace("'", "''") + "#' || e.place"
    connection.execute(insertion(table, values, "FROM (SELECT *, row_number() OVER () AS place FROM exported) e"))
    _warn(name, header, table, rows, report)
    return table.name, rows


def _time(name: str, column: str, place: str, connection: duckdb.DuckDBPyConnection) -> str:
    """SQL for a time column. Raises InputError where its dates can be read in two ways."""
    bare = place[2:]
    first, second, slashed = connection.execute(
        f"""SELECT max(CAST(regexp_extract({bare}, '{_SLASHED}', 1) AS INTEGER)),
            max(CAST(regexp_extract({bare}, '{_SLASHED}', 2) AS INTEGER)), count(*)
        FROM exported WHERE regexp_matches({bare}, '{_SLASHED}')"""
    ).fetchall()[0]
    formats = list(_NAMED_MONTH)
    if slashed:
        if (first > 12) == (second > 12):
            message = f"{column}: whether its dates are day-first or month-first cannot be told"
            raise InputError(
                f"{message}; set the portal's time zone to UTC and its format to ISO, then export again", path=name
            )
        order = _ORDERS["day" if first > 12 else "month"]
        formats += [f"{order}{comma} {clock}" for comma in (",", "") for clock in _CLOCKS]
    listed = ", ".join(f"'{form}'" for form in formats)
    return f"coalesce(try_strptime(upper({place}), [{listed}]), read_time({place}))"


def _warn(name: str, header: list[str], table: Table, rows: int, report: Callable[[Issue], None]) -> None:
    if rows in _LIMITS:
        message = f"{name}: exactly {rows:,} rows of {table.name}: the portal has probably cut the result"
        report(Issue("import-cut-export", message, severity=Severity.WARNING, hint="export shorter spans of time"))
    if any("local time" in column.lower() for column in header):
        message = f"{name}: its times are local to whoever exported it and are read as UTC"
        report(Issue("import-local-time", message, severity=Severity.WARNING, hint="set the portal's time zone to UTC"))
