"""A lake in DuckDB: views over the live parts, whatever their folder is called and whenever they were written."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tiercel.engines.duckdb import DuckDBEngine
from tiercel.errors import InputError
from tiercel.tables import TABLES
from tiercel.tables.lake import Dataset, compact, create_lake, transaction
from tiercel.tables.lake.schema import arrow_schema
from tiercel.telemetry.lake import LakeRows, attach
from tiercel.telemetry.storage import create_tables

from .conftest import NOON, commit, rows


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        yield connection


def numbers(connection, condition="true"):
    return [
        row[0]
        for row in connection.execute(f"SELECT ReportId FROM DeviceEvents WHERE {condition} ORDER BY 1").fetchall()
    ]


def test_every_table_has_the_columns_and_types_of_an_import_also_when_it_is_empty(lake, connection):
    create_lake(lake)
    report = attach(Dataset.open(lake), connection)
    assert dict(report.tables) == dict.fromkeys(TABLES, 0)
    assert (report.oldest, report.newest, report.files) == (None, None, ())
    with duckdb.connect() as other:
        create_tables(other)
        for name in TABLES:
            told = f'SELECT column_name, column_type FROM (DESCRIBE "{name}")'
            assert connection.execute(told).fetchall() == other.execute(told).fetchall()


@pytest.mark.parametrize("name", TABLES)
def test_a_filled_table_has_them_too(name, lake, connection):
    schema = arrow_schema(TABLES[name])
    commit(lake, pa.RecordBatch.from_arrays([pa.nulls(1, field.type) for field in schema], schema=schema), table=name)
    attach(Dataset.open(lake), connection)
    told = f'SELECT column_name, column_type FROM (DESCRIBE "{name}")'
    with duckdb.connect() as other:
        create_tables(other)
        assert connection.execute(told).fetchall() == other.execute(told).fetchall()
    assert connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() == (1,)


def test_views_show_what_lived_when_the_dataset_was_opened(lake, connection):
    commit(lake, rows(1), name=1)
    commit(lake, rows(2), name=2)
    report = attach(Dataset.open(lake), connection)
    assert report.tables["DeviceEvents"] == 2
    assert report.newest == NOON
    commit(lake, rows(3), name=3)
    compact(lake)
    assert numbers(connection) == [1, 2]
    attach(Dataset.open(lake), connection)
    assert numbers(connection) == [1, 2, 3]


def test_ingestion_time_is_what_was_stored_or_what_is_asked_for(lake, connection):
    stamped = rows(1).append_column("_IngestionTime", pa.array([NOON + timedelta(days=9)], pa.timestamp("us")))
    commit(lake, stamped)
    attach(Dataset.open(lake), connection)
    assert connection.execute("SELECT _IngestionTime FROM DeviceEvents").fetchone() == (NOON + timedelta(days=9),)
    attach(Dataset.open(lake), connection, ingestion_time=NOON)
    assert connection.execute("SELECT _IngestionTime FROM DeviceEvents").fetchone() == (NOON,)


PLACES = ["plain", "it's", "[a-z]", "star*", "what?", "a b", "day=2020-01-01", "x\\y", "ü", "100%"]


@pytest.mark.parametrize("place", PLACES)
def test_a_lake_may_lie_in_a_folder_of_any_name(place, tmp_path, connection):
    commit(tmp_path / "plain" / "a", rows(8))
    commit(tmp_path / place / "b", rows(1))
    attach(Dataset.open(tmp_path / place / "b"), connection)
    assert numbers(connection) == [1]
    assert "day" not in [row[0] for row in connection.execute("DESCRIBE DeviceEvents").fetchall()]


def test_parts_of_older_columns_are_read_and_the_later_columns_are_empty(lake, connection, monkeypatch):
    """A lake outlives versions of the catalogue: parts written before a column came hold no such column."""
    new = TABLES["DeviceEvents"]
    without = {"LogonId", "FileName"}
    old = type(new)(new.name, tuple(column for column in new.columns if column.name not in without), new.hidden)
    with monkeypatch.context() as patch:
        patch.setattr(transaction, "table_named", lambda _: old)
        commit(lake, rows(1), name="old")
    commit(lake, rows(2).append_column("FileName", pa.array(["cmd.exe"])), name="new")
    attach(Dataset.open(lake), connection)
    found = connection.execute("SELECT ReportId, FileName, LogonId FROM DeviceEvents ORDER BY 1").fetchall()
    assert found == [(1, "", None), (2, "cmd.exe", None)]
    compact(lake)
    attach(Dataset.open(lake), connection)
    assert connection.execute("SELECT ReportId, FileName, LogonId FROM DeviceEvents ORDER BY 1").fetchall() == found


ASKED = {
    "nothing in particular": ({}, [1, 2, 3, 4]),
    "from a day on": ({"since": NOON + timedelta(days=1)}, [2, 3, 4]),
    "up to a day": ({"until": NOON}, [1, 4]),
    "one instant": ({"since": NOON + timedelta(days=1), "until": NOON + timedelta(days=1)}, [2, 4]),
    "one device": ({"devices": ["a"]}, [1, 3]),
    "a device between": ({"devices": ["b"]}, []),
    "the device without a name": ({"devices": [""]}, [4]),
    "before all": ({"until": NOON - timedelta(days=9)}, [4]),
}


@pytest.mark.parametrize("case", ASKED)
def test_parts_that_hold_nothing_of_what_is_asked_for_are_left_out(case, lake, connection):
    commit(lake, rows(1, device="a"), name=1)
    commit(lake, rows(2, device="c", begin=NOON + timedelta(days=1)), name=2)
    commit(lake, rows(3, device="a", begin=NOON + timedelta(days=2)), name=3)
    commit(lake, pa.record_batch({"ReportId": pa.array([4], pa.int64())}), name="no time")
    arguments, expected = ASKED[case]
    attach(Dataset.open(lake), connection, **arguments)
    assert numbers(connection) == expected
    assert Dataset.open(lake).span == (NOON, NOON + timedelta(days=2))


def test_undated_rows_do_not_move_the_newest_time(lake, connection):
    commit(lake, rows(1), rows(2, begin=NOON.replace(year=2400)))
    report = attach(Dataset.open(lake), connection)
    assert (report.oldest, report.newest) == (NOON, NOON)
    assert numbers(connection, "Timestamp > TIMESTAMP '2300-01-01'") == [2]


def test_a_part_that_is_missing_or_cut_is_named(lake, connection):
    commit(lake, rows(1), name=1)
    commit(lake, rows(2), name=2)
    dataset = Dataset.open(lake)
    cut, gone = (dataset.storage.path(part.path) for part in dataset.parts("DeviceEvents"))
    cut.write_bytes(cut.read_bytes()[:-100])
    gone.unlink()
    with pytest.raises(InputError) as caught:
        attach(dataset, connection)
    assert f"{cut}: " in caught.value.message
    assert "bytes long, but" in caught.value.message
    assert f"{gone}: No such file" in caught.value.message
    assert caught.value.path == str(cut)


def test_spark_and_hive_see_the_days_as_partitions(lake, connection):
    commit(
        lake, rows(1), rows(2, begin=NOON + timedelta(days=1)), pa.record_batch({"ReportId": pa.array([3], pa.int64())})
    )
    found = connection.execute(
        "SELECT day, ReportId FROM read_parquet($1, hive_partitioning = true) ORDER BY 2",
        [Dataset.open(lake).files(Dataset.open(lake).parts("DeviceEvents"))],
    ).fetchall()
    assert found == [(date(2026, 3, 14), 1), (date(2026, 3, 15), 2), (None, 3)]


@pytest.mark.parametrize("is_told", [True, False], ids=["by its parts", "by its views"])
def test_a_finding_s_events_are_found_in_many_parts(lake, is_told):
    for number in range(3):
        commit(lake, rows(number, 10 + number, device=f"d{number}"), rows(100 + number, device="it's"))
    keys = {"d0": 0, "d2": 12, "it's": 101}
    with duckdb.connect() as connection:
        dataset = Dataset.open(lake)
        attach(dataset, connection, ingestion_time=NOON)
        engine = DuckDBEngine(connection, LakeRows(dataset, NOON) if is_told else None)
        every = connection.sql("SELECT DeviceId, Timestamp, ReportId FROM DeviceEvents").to_arrow_table()
        for wanted in (keys, {"d0": 0}, {"d0": 0, "d2": 12}, {"it's": 101}, {}):
            chosen = every.filter(pc.is_in(every.column("ReportId"), pa.array(list(wanted.values()), pa.int64())))
            columns = ["DeviceId", "ReportId", "_IngestionTime"]
            found = engine.matching("DeviceEvents", chosen.select(["DeviceId", "Timestamp"]), columns).to_pylist()
            assert set(wanted.values()) <= {one["ReportId"] for one in found}
            assert {one["DeviceId"] for one in found} == set(wanted)
            assert {one["_IngestionTime"] for one in found} <= {NOON}


def test_a_finding_s_events_are_looked_for_in_the_parts_that_may_hold_them(lake):
    days = [NOON + timedelta(days=day) for day in range(3)]
    for number, day in enumerate(days):
        commit(lake, *(rows(number, begin=day, device=device) for device in ("a", "b")))
    near = LakeRows(Dataset.open(lake)).near
    first = {("a", days[0])}
    assert [held for _, held in near("DeviceEvents", first)] == [[("a", days[0])]]
    assert [held for _, held in near("DeviceEvents", {("a", days[2]), ("b", days[0])})] == [
        [("b", days[0])],
        [("a", days[2])],
    ]
    assert not list(near("DeviceEvents", {("c", days[0]), ("a", days[0] - timedelta(days=1))}))
    for place in (first, {("a", days[0] + timedelta(microseconds=at)) for at in range(500)}):
        sql = next(sql for sql, _ in near("DeviceEvents", place))
        assert sql.count(".parquet") == 1


def test_many_places_are_asked_for_as_a_span(lake):
    commit(lake, *(rows(number, device=f"d{number:03}") for number in range(300)))
    with duckdb.connect() as connection:
        dataset = Dataset.open(lake)
        attach(dataset, connection)
        keys = connection.sql("SELECT DeviceId, Timestamp FROM DeviceEvents WHERE ReportId != 7").to_arrow_table()
        found = DuckDBEngine(connection, LakeRows(dataset)).matching("DeviceEvents", keys, ["ReportId"])
    assert sorted(found.column("ReportId").to_pylist()) == [number for number in range(300) if number != 7]
