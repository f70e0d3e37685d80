"""Tables and watchlists that the user gives as files: what `_GetWatchlist`, `FileProfile` and rules of Sentinel read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

from tiercel.errors import InputError, UsageError
from tiercel.tables import INGESTION_TIME, PUBLISHED, SOURCE, TABLES, Column, KustoType, Table, watchlist_table
from tiercel.telemetry.storage import STORED_TYPES

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

__all__ = ["read_given", "shapes_given"]

_READERS: Final = {
    ".csv": "read_csv({path}, header = true, all_varchar = {texts}, null_padding = true)",
    ".tsv": "read_csv({path}, header = true, all_varchar = {texts}, delim = '\t', null_padding = true)",
    ".json": "read_json_auto({path}, maximum_object_size = 16777216)",
    ".jsonl": "read_json_auto({path}, format = 'newline_delimited', maximum_object_size = 16777216)",
    ".ndjson": "read_json_auto({path}, format = 'newline_delimited', maximum_object_size = 16777216)",
    ".parquet": "read_parquet({path})",
    ".txt": "read_csv({path}, header = false, columns = {{'Line': 'VARCHAR'}}, delim = '\x01', quote = '', escape = '')",
}

FILE_PROFILE: Final = Table(
    "FileProfile",
    (
        Column("SHA1", KustoType.STRING),
        Column("SHA256", KustoType.STRING),
        Column("MD5", KustoType.STRING),
        Column("FileSize", KustoType.INT),
        Column("GlobalPrevalence", KustoType.INT),
        Column("GlobalFirstSeen", KustoType.DATETIME),
        Column("GlobalLastSeen", KustoType.DATETIME),
        Column("Signer", KustoType.STRING),
        Column("Issuer", KustoType.STRING),
        Column("SignerHash", KustoType.STRING),
        Column("IsCertificateValid", KustoType.BOOL),
        Column("IsRootSignerMicrosoft", KustoType.BOOL),
        Column("SignatureState", KustoType.STRING),
        Column("IsExecutable", KustoType.BOOL),
        Column("ThreatName", KustoType.STRING),
        Column("Publisher", KustoType.STRING),
        Column("SoftwareName", KustoType.STRING),
    ),
)
"""What is known of a file, as Defender's FileProfile() gives it (Microsoft Learn, "FileProfile()")."""

_KINDS: Final = {
    "BOOLEAN": KustoType.BOOL,
    "TINYINT": KustoType.LONG,
    "SMALLINT": KustoType.LONG,
    "INTEGER": KustoType.LONG,
    "BIGINT": KustoType.LONG,
    "FLOAT": KustoType.REAL,
    "DOUBLE": KustoType.REAL,
    "DATE": KustoType.DATETIME,
    "TIMESTAMP": KustoType.DATETIME,
    "TIMESTAMP_NS": KustoType.DATETIME,
    "TIMESTAMP WITH TIME ZONE": KustoType.DATETIME,
    "UUID": KustoType.STRING,
    "VARCHAR": KustoType.STRING,
}
"""The Kusto type of a column of which only the file tells; what is not here is dynamic."""


def read_given(
    connection: duckdb.DuckDBPyConnection,
    *,
    tables: Mapping[str, str | os.PathLike[str]],
    watchlists: Mapping[str, str | os.PathLike[str]],
    now: datetime,
) -> dict[str, tuple[Table, int]]:
    """Each given table by the name it is held under, with its rows; they stand in the connection.

    A watchlist's columns are texts; `SearchKey` is its first column where the file has none of that name. A table that
    is published has its published columns, and those of the file besides; any other has what the file holds.

    Raises:
        UsageError: for a table that the importer fills.
        InputError: for a file that cannot be read as a table.

    """
    found: dict[str, tuple[Table, int]] = {}
    for name, path in watchlists.items():
        found[watchlist_table(name)] = _read(connection, watchlist_table(name), Path(path), now, is_watchlist=True)
    for name, path in tables.items():
        if name in TABLES:
            raise UsageError(f"{name} is filled from telemetry; name its file among the inputs")
        found[name] = _read(connection, name, Path(path), now)
    return found


def shapes_given(
    tables: Mapping[str, str | os.PathLike[str]], watchlists: Mapping[str, str | os.PathLike[str]]
) -> dict[str, Table]:
    """The shapes of the given tables and watchlists alone, by the names they are held under; raises as `read_given`."""
    with duckdb.connect() as connection:
        found = read_given(connection, tables=tables, watchlists=watchlists, now=datetime(2026, 1, 1))  # noqa: DTZ001  of no row
        return {name: table for name, (table, _) in found.items()}


def _read(
    connection: duckdb.DuckDBPyConnection, name: str, path: Path, now: datetime, *, is_watchlist: bool = False
) -> tuple[Table, int]:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: a table is read from {', '.join(_READERS)}", path=str(path))
    shape = FILE_PROFILE if name == FILE_PROFILE.name else PUBLISHED.get(name)
    texts = str(is_watchlist or shape is not None).lower()
    source = reader.format(path=_literal(str(path)), texts=texts)
    held = _quoted(name)
    try:
        described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
        written = [(str(row[0]), str(row[1])) for row in described]
        values = _watchlist(written, now) if is_watchlist else _table(written, shape)
        columns = tuple(Column(column, kind) for column, kind, _ in values)
        table = Table(name, columns, tuple(one for one in (INGESTION_TIME, SOURCE) if one not in columns))
        hidden = {
            INGESTION_TIME.name: f"TIMESTAMP '{now.isoformat(' ')}'",
            SOURCE.name: f"{_literal(str(path))} || '#' || row_number() OVER ()",
        }
        selected = [f"{sql} AS {_quoted(column)}" for column, _, sql in values]
        selected += [f"{hidden[one.name]} AS {_quoted(one.name)}" for one in table.hidden]
        connection.execute(f"CREATE OR REPLACE TABLE {held} AS SELECT {', '.join(selected)} FROM {source} f")
        rows = connection.execute(f"SELECT count(*) FROM {held}").fetchall()[0][0]
    except (duckdb.Error, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: not readable as a table: {reason}", path=str(path)) from error
    return table, int(rows)


def _watchlist(written: list[tuple[str, str]], now: datetime) -> list[tuple[str, KustoType, str]]:
    """The file's columns as texts, behind those that Sentinel gives every watchlist."""
    names = [name for name, _ in written]
    key = next((name for name in names if name.lower() == "searchkey"), names[0])
    own: list[tuple[str, KustoType, str]] = [
        ("_DTItemId", KustoType.STRING, "(row_number() OVER ())::VARCHAR"),
        ("LastUpdatedTimeUTC", KustoType.DATETIME, f"TIMESTAMP '{now.isoformat(' ')}'"),
        ("SearchKey", KustoType.STRING, _typed(KustoType.STRING, key)),
    ]
    taken = {name for name, _, _ in own} | {key if key.lower() == "searchkey" else ""}
    return own + [(name, KustoType.STRING, _typed(KustoType.STRING, name)) for name in names if name not in taken]


def _table(written: list[tuple[str, str]], shape: Table | None) -> list[tuple[str, KustoType, str]]:
    """The published columns, empty where the file lacks them, then those that only the file has."""
    in_file = dict(written)
    values = [
        (
            column.name,
            column.type,
            _typed(column.type, column.name, in_file[column.name]) if column.name in in_file else _empty(column.type),
        )
        for column in (shape.columns if shape else ())
    ]
    known = {name for name, _, _ in values}
    for name, kind in written:
        if name not in known:
            kusto = _KINDS.get(kind, KustoType.DYNAMIC)
            values.append((name, kusto, _typed(kusto, name, kind)))
    return values


def _typed(kind: KustoType, name: str, written: str = "VARCHAR") -> str:
    """SQL that reads the file's column, `written` in DuckDB's type; what does not fit is null, a text is never null."""
    column = f"f.{_quoted(name)}"
    if written == "JSON":  # a column that holds numbers here and texts there
        text = f"json_extract_string({column}, '$')"
    else:
        text = f"CAST({column if written in _KINDS else f'to_json({column})'} AS VARCHAR)"
    match kind:
        case KustoType.STRING:
            return f"coalesce({text}, '')"
        case KustoType.DATETIME:
            return f"CAST(try_cast({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
        case KustoType.DYNAMIC:
            return f"CASE WHEN json_valid({text}) THEN CAST({text} AS JSON) ELSE to_json({text}) END"
        case _:
            return f"try_cast({text} AS {STORED_TYPES[kind]})"


def _empty(kind: KustoType) -> str:
    return "''" if kind is KustoType.STRING else f"CAST(NULL AS {STORED_TYPES[kind]})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
