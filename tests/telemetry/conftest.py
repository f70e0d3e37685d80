"""An import of anything, into a connection of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tiercel.telemetry.importer import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tiercel.telemetry.report import ImportReport


@dataclass
class Imported:
    """A finished import: its report, and its tables to ask."""

    report: ImportReport
    connection: duckdb.DuckDBPyConnection

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """The query's rows by column name."""
        cursor = self.connection.execute(query, list(values))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def codes(self) -> set[str]:
        """The codes of the report's issues."""
        return {issue.code for issue in self.report.issues}


@pytest.fixture
def imported() -> Iterator[Callable[..., Imported]]:
    """Imports paths; every report is held to the law that what was read was either kept or skipped."""
    connections = []

    def run(*paths: Path, **options: Any) -> Imported:
        connection = duckdb.connect()
        connections.append(connection)
        report = read(list(paths), connection, **options)
        for file in report.files:
            assert file.read == file.kept + sum(file.skipped.values()), file
            assert all(count > 0 for count in file.skipped.values()), file
        return Imported(report, connection)

    yield run
    for connection in connections:
        connection.close()
