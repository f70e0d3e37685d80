"""What does not fit into memory: it goes to disk, does not stay there, and the message tells when there is no room."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import tempfile
from datetime import datetime

import duckdb
import pytest

from tiercel.engines.duckdb import DuckDBEngine, Spill, trouble
from tiercel.errors import EngineError
from tiercel.evidence import open_telemetry
from tiercel.hunt import query
from tiercel.kql import Source
from tiercel.plan import compile_text
from tiercel.tables import Column, KustoType, Table

_TABLE = Table("T", (Column("A", KustoType.LONG), Column("B", KustoType.STRING)))
_SORTED = "T | sort by B asc | project A, B"


def _engine(connection: duckdb.DuckDBPyConnection, rows: int) -> DuckDBEngine:
    connection.execute(f"CREATE VIEW T AS SELECT i AS A, sha256('' || i) AS B FROM range({rows}) numbers(i)")
    return DuckDBEngine(connection)


def _plan(text: str):
    plan = compile_text(Source(text), now=datetime(2026, 1, 1), tables={"T": _TABLE}).plan
    assert plan is not None
    return plan


def _folders(place) -> list[str]:
    return [entry.name for entry in place.iterdir() if entry.name.startswith("tiercel-spill-")]


def test_what_does_not_fit_goes_to_disk_and_leaves_nothing(tmp_path):
    spill = Spill.begin(tmp_path)
    with spill.connect(96_000_000) as connection:
        engine = _engine(connection, 1_000_000)
        rows = spilled = 0
        last = ""
        for table in engine.stream(_plan(_SORTED)):
            values = table.column("B").to_pylist()
            assert values == sorted(values)
            assert not values or last <= values[0]
            last = values[-1] if values else last
            rows += len(values)
            spilled = max(spilled, sum(file.stat().st_size for file in spill.folder.rglob("*.tmp")))
        assert rows == 1_000_000
        assert spilled > 0
    spill.end()
    assert _folders(tmp_path) == []


def test_a_full_disk_is_told(tmp_path):
    spill = Spill.begin(tmp_path)
    with spill.connect(64_000_000) as connection:
        engine = _engine(connection, 1_000_000)
        connection.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(EngineError, match=r"the disk is full: .* went to .*tiercel-spill-"):
            engine.run(_plan(_SORTED))
    spill.end()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (duckdb.IOException("Could not write file: No space left on device"), "the disk is full"),
        (duckdb.OutOfMemoryException("could not allocate block"), "the memory limit is too small"),
        (duckdb.BinderException("no such column"), ""),
    ],
)
def test_trouble_is_named(error, told):
    assert trouble(error, "/spill").startswith(told)
    assert bool(trouble(error, "/spill")) is bool(told)


def test_the_next_run_takes_away_what_a_killed_one_left(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from tiercel.engines.duckdb import Spill\n"
        "spill = Spill.begin(Path(sys.argv[1])); (spill.folder / 'pages').mkdir(); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        living = _folders(tmp_path)
        assert len(living) == 1
        Spill.begin(tmp_path).end()
        assert _folders(tmp_path) == living, "a living run's folder is left alone"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert _folders(tmp_path) == living
    Spill.begin(tmp_path).end()
    assert _folders(tmp_path) == []


def test_what_only_looks_like_a_folder_of_ours_is_left_alone(tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "precious").touch()
    (tmp_path / "tiercel-spill-link").symlink_to(other)
    (tmp_path / "tiercel-spill-file").touch()
    (tmp_path / "tiercel-spill-new").mkdir()
    Spill.begin(tmp_path).end()
    assert (other / "precious").exists()
    assert sorted(_folders(tmp_path)) == ["tiercel-spill-file", "tiercel-spill-link", "tiercel-spill-new"]


def test_telemetry_takes_its_folder_with_it(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "empty").mkdir()
    telemetry = open_telemetry(tmp_path / "empty", memory_bytes=400_000_000)
    assert len(_folders(tmp_path)) == 1
    limit = telemetry.engine._connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]
    assert limit == "286.1 MiB"
    del telemetry
    gc.collect()
    assert _folders(tmp_path) == []
    assert query("print a = 1", tmp_path / "empty").to_pylist() == [{"a": 1}]
    gc.collect()
    assert _folders(tmp_path) == []
