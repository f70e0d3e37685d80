"""Parquet files whose columns are a table's."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import duckdb

from tiercel.errors import InputError
from tiercel.telemetry.readers.rows import typed, which_table
from tiercel.telemetry.storage import insertion

if TYPE_CHECKING:
    from tiercel.telemetry.inputs import Document

__all__ = ["read_parquet"]


def read_parquet(document: Document, connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    """The table the file was read into, and its rows. Raises InputError for a file that is no table's."""
    if document.local:
        return _read(str(document.local), document.name, connection)
    with tempfile.NamedTemporaryFile(suffix=".parquet") as copy:
        while content := document.stream.read(1 << 20):
            copy.write(content)
        copy.flush()
        return _read(copy.name, document.name, connection)


def _read(path: str, name: str, connection: duckdb.DuckDBPyConnection) -> tuple[str, int]:
    literal = "'" + path.replace("'", "''") + "'"
    source = f"(SELECT *, file_row_number AS place FROM read_parquet({literal}, file_row_number = true)) e"
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({literal})").fetchall()
        columns = [str(row[0]) for row in described]
        actions = (
            connection.execute(f'SELECT DISTINCT "ActionType" FROM read_parquet({literal}) LIMIT 50').fetchall()
            if "ActionType" in columns
            else []
        )
        table = which_table(columns, (str(action) for (action,) in actions))
        if table is None:
            raise InputError("its columns are no table's: a Parquet file holds one of Defender's tables", path=name)
        values = {
            column: typed(table.by_name[column].type, f'CAST(e."{column}" AS VARCHAR)')
            for column in columns
            if column in table.by_name and column != "_Source"
        }
        place = "'" + name.replace("'", "''") + "#' || (e.place + 1)"
        values["_Source"] = f"coalesce(nullif(e.\"_Source\", ''), {place})" if "_Source" in columns else place
        connection.execute(insertion(table, values, f"FROM {source}"))
        rows = connection.execute(f"SELECT count(*) FROM read_parquet({literal})").fetchall()[0][0]
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException) as error:
        raise InputError(f"not a readable Parquet file: {str(error).splitlines()[0]}", path=name) from error
    return table.name, int(rows)
