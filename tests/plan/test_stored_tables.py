"""Queries over the catalogue's tables: hidden columns, file profiles, what a plan says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tiercel.plan.values import SQL_TYPES
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from tests.plan.conftest import Desk


@pytest.fixture
def stored(desk: Desk) -> Desk:
    """The catalogue's tables, with a few rows."""
    for table in TABLES.values():
        declared = ", ".join(f'"{c.name}" {SQL_TYPES[c.type]}' for c in (*table.columns, *table.hidden))
        desk.connection.execute(f'CREATE TABLE "{table.name}" ({declared})')
        desk.tables[table.name] = table
    rows: list[dict[str, Any]] = [
        {"DeviceId": "d1", "SHA1": "aa", "FileName": "one.exe", "Timestamp": "2026-07-14 10:00"},
        {"DeviceId": "d2", "SHA1": "aa", "FileName": "one.exe", "Timestamp": "2026-07-14 11:00"},
        {"DeviceId": "d2", "SHA1": "bb", "FileName": "two.exe", "Timestamp": "2026-07-14 11:00"},
        {"DeviceId": "d2", "SHA1": "", "FileName": "three.exe", "Timestamp": "2026-07-14 11:30"},
    ]
    for at, row in enumerate(rows):
        names = ", ".join(f'"{name}"' for name in (*row, "_IngestionTime", "_Source"))
        values = [*row.values(), "2026-07-14 11:50", f"log#{at}"]
        places = ", ".join("?" for _ in values)
        desk.connection.execute(f'INSERT INTO "DeviceProcessEvents" ({names}) VALUES ({places})', values)
    desk.connection.execute(
        'INSERT INTO "DeviceFileCertificateInfo" ("SHA1", "IsSigned", "IsTrusted", "Signer", "Timestamp") '
        "VALUES ('aa', TRUE, TRUE, 'Somebody', '2026-07-01')"
    )
    return desk


def test_a_profile_counts_the_own_devices_and_says_so(stored: Desk) -> None:
    answer = stored.ask(
        "DeviceProcessEvents | invoke FileProfile(SHA1, 100) | distinct SHA1, GlobalPrevalence, Signer,"
        " SignatureState, ProfileAvailability | sort by SHA1 asc"
    )
    assert [issue.code for issue in answer.issues] == ["kql-local-prevalence"]
    assert answer.rows == [
        ["", None, "", "", ""],
        ["aa", 2, "Somebody", "SignedValid", "Available"],
        ["bb", 1, "", "Unknown", "Available"],
    ]


def test_a_profile_asks_for_so_many_hashes_only(stored: Desk) -> None:
    answer = stored.ask(
        "DeviceProcessEvents | invoke FileProfile(SHA1, 1) | distinct SHA1, ProfileAvailability | sort by SHA1 asc"
    )
    assert answer.rows == [["", ""], ["aa", "Available"], ["bb", ""]]


def test_hidden_columns_can_be_named_and_are_in_no_star(stored: Desk) -> None:
    answer = stored.ask("DeviceProcessEvents | where _Source == 'log#2' | project FileName, _Source")
    assert answer.rows == [["two.exe", "log#2"]]
    assert "_Source" not in dict(stored.ask("DeviceProcessEvents | take 1").columns)


def test_ingestion_time_is_the_row_s_and_gone_after_a_summary(stored: Desk) -> None:
    kept = stored.ask("DeviceProcessEvents | extend x = 1 | project x | where ingestion_time() > ago(1h) | count")
    assert kept.rows == [[4]]
    gone = stored.ask("DeviceProcessEvents | summarize count() by SHA1 | where isnull(ingestion_time()) | count")
    assert gone.rows == [[3]]


def test_a_union_of_stored_tables_keeps_their_ingestion_time(stored: Desk) -> None:
    answer = stored.ask("union Device*Events | where ingestion_time() > ago(1h) | count")
    assert answer.rows == [[4]]


def test_a_table_read_twice_is_computed_once(stored: Desk) -> None:
    text = "let T = DeviceProcessEvents | where SHA1 == 'aa'; T | join kind=inner (T) on DeviceId | count"
    answer = stored.ask(text)
    assert answer.rows == [[2]]
    assert answer.sql.count("MATERIALIZED") == 1
    assert answer.sql.count('FROM "DeviceProcessEvents"') == 1


def test_a_let_that_nobody_uses_is_not_run(stored: Desk) -> None:
    answer = stored.ask("let T = DeviceNetworkEvents | where RemotePort == 5; DeviceProcessEvents | count")
    assert "DeviceNetworkEvents" not in answer.sql
