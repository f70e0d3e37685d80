"""Defender's streaming records, `{"category": "AdvancedHunting-<Table>", "properties": {...}}`: rows of a table.

The stream delivers at least once: the same properties of the same device, time and report are one row (Microsoft Learn,
streaming API).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tiercel.tables import TABLES
from tiercel.telemetry.readers.rows import typed
from tiercel.telemetry.storage import insertion

if TYPE_CHECKING:
    import duckdb

__all__ = ["UNKNOWN_TABLE", "insert_records"]

UNKNOWN_TABLE: Final = "Defender table not read"
_AGAIN: Final = "the same record again"


def insert_records(connection: duckdb.DuckDBPyConnection, staged: str) -> dict[int, Counter[str]]:
    """Moves the staged records into their tables; the records that gave no row, by file and reason."""
    skipped: dict[int, Counter[str]] = {}
    category = "regexp_extract(json_extract_string(line, '$.category'), 'AdvancedHunting-(\\w+)', 1)"
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE delivered AS
        SELECT file, record, line, {category} AS category,
            row_number() OVER (
                PARTITION BY {category}, hash(json_extract(line, '$.properties')) ORDER BY file, record) AS nth
        FROM {staged}"""
    )
    present = connection.execute(
        "SELECT category, file, count(*), count(*) FILTER (nth > 1) FROM delivered GROUP BY ALL"
    )
    categories = set()
    for name, file, count, again in present.fetchall():
        reasons = skipped.setdefault(file, Counter())
        if name not in TABLES:
            reasons[UNKNOWN_TABLE] += count
            continue
        categories.add(name)
        if again:
            reasons[_AGAIN] += again
    for name in sorted(categories):
        table = TABLES[name]
        members = ", ".join(f'"{column.name}": "VARCHAR"' for column in table.columns)
        values = {column.name: typed(column.type, f'e."{column.name}"') for column in table.columns}
        connection.execute(
            insertion(
                table,
                {**values, "_Source": "e.source"},
                f"""FROM (SELECT unnest(from_json(json_extract(line, '$.properties'), '{{{members}}}')),
                        f.name || '#' || (d.record + f.before) AS source
                    FROM delivered d JOIN import_file f USING (file)
                    WHERE d.category = '{name}' AND d.nth = 1) e""",
            )
        )
    connection.execute("DROP TABLE delivered")
    return skipped
