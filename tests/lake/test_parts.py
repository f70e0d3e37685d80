"""How rows become parts: a day a folder, sorted, complete columns, bounded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.errors import InputError
from tiercel.tables import TABLES
from tiercel.tables.lake import Dataset, Transaction, parts
from tiercel.tables.lake.schema import arrow_schema

from .conftest import NOON, commit, rows, stored

MIDNIGHT = datetime(2026, 3, 15)
EDGES = {
    "last microsecond": (MIDNIGHT - timedelta(microseconds=1), "2026-03-14"),
    "midnight": (MIDNIGHT, "2026-03-15"),
    "leap day": (datetime(2024, 2, 29, 23, 59, 59), "2024-02-29"),
    "first credible day": (datetime(1990, 1, 1), "1990-01-01"),
    "day before it": (datetime(1989, 12, 31, 23, 59, 59, 999999), None),
    "FILETIME's zero": (datetime(1601, 1, 1), None),
    "before 1970 by a microsecond": (datetime(1969, 12, 31, 23, 59, 59, 999999), None),
    "last credible day": (datetime(2099, 12, 31, 23, 59, 59), "2099-12-31"),
    "year 9999": (datetime(9999, 12, 31, 23, 59, 59, 999999), None),
    "no time": (None, None),
}


@pytest.mark.parametrize("edge", EDGES)
def test_a_row_lies_in_the_folder_of_its_day(edge, lake):
    moment, day = EDGES[edge]
    times = pa.array([moment], pa.timestamp("us"))
    commit(lake, pa.record_batch({"Timestamp": times, "ReportId": pa.array([1], pa.int64())}))
    (part,) = Dataset.open(lake).parts("DeviceEvents")
    assert part.day == (None if day is None else date.fromisoformat(day))
    assert part.path.startswith(f"DeviceEvents/day={day or '__HIVE_DEFAULT_PARTITION__'}/part-")
    assert (part.first, part.last, part.rows) == (moment, moment, 1)
    assert stored(lake, columns=("Timestamp",)) == [moment]


def test_a_time_beyond_what_python_can_tell_is_kept_as_it_is(lake):
    far = pa.array([2**62, 0], pa.timestamp("us"))
    commit(lake, pa.record_batch({"Timestamp": far, "DeviceId": ["a", "b"]}))
    (part,) = Dataset.open(lake).parts("DeviceEvents", since=datetime(2200, 1, 1))
    assert part.last is None
    column = pq.read_table(Dataset.open(lake).files([part])[0], columns=["Timestamp"], partitioning=None)["Timestamp"]
    assert sorted(column.cast(pa.int64()).to_pylist()) == [0, 2**62]


def test_columns_are_the_tables_with_kustos_types_and_nothing_is_invented(lake):
    commit(lake, rows(1))
    table = pq.read_table(Dataset.open(lake).files(Dataset.open(lake).parts("DeviceEvents"))[0], partitioning=None)
    declared = TABLES["DeviceEvents"]
    assert table.schema.names == [column.name for column in (*declared.columns, *declared.hidden)]
    assert table.schema.field("Timestamp").metadata[b"kusto"] == b"datetime"
    assert {table.schema.field(name).metadata[b"kusto"].decode() for name in table.schema.names} == {
        str(column.type) for column in declared.by_name.values()
    }
    (row,) = table.to_pylist()
    for column in declared.by_name.values():
        if column.name not in {"Timestamp", "DeviceId", "ReportId"}:
            assert row[column.name] == ("" if column.type == "string" else None), column.name


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_written_and_read(name, lake):
    schema = arrow_schema(TABLES[name])
    nulls = pa.RecordBatch.from_arrays([pa.nulls(3, field.type) for field in schema], schema=schema)
    commit(lake, nulls, table=name)
    dataset = Dataset.open(lake)
    assert {table: dataset.rows(table) for table in TABLES if dataset.rows(table)} == {name: 3}


def test_an_empty_table_makes_no_part(lake):
    done = commit(lake, rows(), name="nothing in it")
    assert done.adds == ()
    assert Dataset.open(lake).parts("DeviceEvents") == ()
    assert len(Dataset.open(lake).inputs) == 1


WRONG = {
    "unknown column": (pa.record_batch({"Nonsense": ["x"]}), "DeviceEvents has no column Nonsense"),
    "text for a number": (pa.record_batch({"ReportId": ["x"]}), "DeviceEvents.ReportId is no long"),
    "number beyond its type": (pa.record_batch({"LocalPort": [2**40]}), "DeviceEvents.LocalPort is no int"),
}


@pytest.mark.parametrize("case", WRONG)
def test_rows_that_are_not_the_tables_are_refused(case, lake):
    batch, message = WRONG[case]
    with pytest.raises(InputError, match=message), Transaction.begin(lake) as transaction:
        transaction.write("DeviceEvents", [rows(1), batch])
    with pytest.raises(InputError, match="there is no table Nonsense"), Transaction.begin(lake) as transaction:
        transaction.write("Nonsense", [])
    assert Dataset.open(lake).version == 0
    assert list(Dataset.open(lake).storage.parts()) == []


def test_other_forms_of_the_same_values_are_taken(lake):
    moment = pa.array([datetime(2026, 3, 14, 12, tzinfo=UTC)], pa.timestamp("ns", "UTC"))
    batch = pa.record_batch(
        {
            "Timestamp": moment,
            "DeviceId": pa.array(["a"]).dictionary_encode(),
            "FileName": pa.array(["b"], pa.large_string()),
            "LocalPort": pa.array([445], pa.int64()),
            "AdditionalFields": pa.array([None], pa.string()),
        }
    )
    commit(lake, batch)
    columns = ("Timestamp", "DeviceId", "FileName", "LocalPort", "AdditionalFields")
    assert stored(lake, columns=columns) == [(NOON, "a", "b", 445, "")]


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["", "a", "b", "ä", "\U0001f600", "\uffff"]),
                st.one_of(st.none(), st.integers(-2, 3).map(lambda half: NOON + half * timedelta(hours=12))),
            ),
            max_size=12,
        ),
        max_size=6,
    ),
    st.sampled_from([1, 400, 4000, 1 << 20]),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_in_is_in_sorted_parts_once(tmp_path_factory, batches, buffer):
    """In every part rows are in the order of device and time; bounds are those of the rows; no row is lost."""
    lake = tmp_path_factory.mktemp("lake")
    number = 0
    given_rows = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "BUFFER_BYTES", buffer)
        patch.setattr(parts, "ROW_GROUP", 3)
        with Transaction.begin(lake) as transaction:
            made = []
            for batch in batches:
                numbers = range(number, number + len(batch))
                number += len(batch)
                devices, times = [row[0] for row in batch], [row[1] for row in batch]
                given_rows += zip(numbers, devices, times, strict=True)
                made.append(
                    pa.record_batch(
                        {
                            "ReportId": pa.array(numbers, pa.int64()),
                            "DeviceId": pa.array(devices, pa.string()),
                            "Timestamp": pa.array(times, pa.timestamp("us")),
                        }
                    )
                )
            assert transaction.write("DeviceEvents", made) == number
            transaction.commit()
    dataset = Dataset.open(lake)
    found = []
    for part in dataset.parts("DeviceEvents"):
        table = pq.read_table(
            dataset.files([part])[0], columns=["ReportId", "DeviceId", "Timestamp"], partitioning=None
        )
        values = list(zip(*table.to_pydict().values(), strict=True))
        found += values
        keys = [(device, time is None, time or NOON) for _, device, time in values]
        assert keys == sorted(keys)
        assert {time and time.date() for _, _, time in values} == {part.day}
        times = [time for _, _, time in values if time is not None]
        assert (part.first, part.last) == ((min(times), max(times)) if times else (None, None))
        assert (part.least, part.greatest) == (keys[0][0], keys[-1][0])
    assert sorted(found, key=lambda row: row[0]) == given_rows


def test_rows_that_come_sorted_make_one_part_a_day_however_small_the_buffer(lake, monkeypatch):
    monkeypatch.setattr(parts, "BUFFER_BYTES", 1)
    days = [NOON + timedelta(days=day) for day in range(3)]
    commit(lake, *(rows(1, device=device, begin=day) for day in days for device in "abc"))
    assert [(part.rows, part.day) for part in Dataset.open(lake).parts("DeviceEvents")] == [
        (3, day.date()) for day in days
    ]


def test_a_part_is_closed_when_it_is_full(lake, monkeypatch):
    monkeypatch.setattr(parts, "BUFFER_BYTES", 1)
    monkeypatch.setattr(parts, "_FULL_PART", 1)
    commit(lake, rows(1, device="a"), rows(2, device="b"))
    assert [(part.least, part.greatest) for part in Dataset.open(lake).parts("DeviceEvents")] == [
        ("a", "a"),
        ("b", "b"),
    ]


def test_parts_say_how_they_are_sorted_and_hold_checksums_and_bounds(lake):
    commit(lake, rows(3, device="b"), rows(4, device="a"))
    dataset = Dataset.open(lake)
    group = pq.ParquetFile(dataset.files(dataset.parts("DeviceEvents"))[0]).metadata.row_group(0)
    names = [group.column(column.column_index).path_in_schema for column in group.sorting_columns]
    assert names == ["DeviceId", "Timestamp"]
    bounds = {group.column(index).path_in_schema: group.column(index).statistics for index in range(group.num_columns)}
    assert (bounds["DeviceId"].min, bounds["DeviceId"].max) == ("a", "b")
    assert bounds["Timestamp"].has_min_max
