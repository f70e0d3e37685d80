"""`tiercel export` as a user runs it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet
from tests.report.samples import full

from tiercel.cli import main
from tiercel.saved import dump

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(dump(full()), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["ocsf", "ecs", "timesketch", "navigator", "jsonl"])
def test_lines_are_json(saved: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["export", str(saved), "--format", name]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_parquet_goes_to_a_file(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "findings.parquet"
    assert main(["export", str(saved), "--format", "parquet", "--out", str(out)]) == 0
    assert parquet.read_table(out).num_rows == len(full().findings)
    assert "written to" in capsys.readouterr().err
    assert main(["export", str(saved), "--format", "parquet"]) == 2


def test_the_catalogue_has_a_layer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--format", "navigator"]) == 0
    assert json.loads(capsys.readouterr().out)["domain"] == "enterprise-attack"


def test_wrong_use_says_what_is_missing(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--format", "ocsf"]) == 2
    assert "RESULT" in capsys.readouterr().err
    assert main(["export", str(saved)]) == 2
    assert "--format" in capsys.readouterr().err


def test_what_is_no_result_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "case.json"
    path.write_text("a log line", encoding="utf-8")
    assert main(["export", str(path), "--format", "ocsf"]) == 3
    assert "case.json" in capsys.readouterr().err
