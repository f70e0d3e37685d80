"""docs/alerts.md says what is there."""

from __future__ import annotations

import re

import pytest
from tests.conftest import ROOT
from tests.streaming import write_attack

from tiercel.alerts import State, Verdict
from tiercel.alerts.delivery import read_targets
from tiercel.alerts.metrics import Metrics
from tiercel.alerts.outbox import KINDS
from tiercel.cli import main

TEXT = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")


def test_the_targets_that_it_shows_can_be_read(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "targets.yaml").write_text(example)
    targets = read_targets(tmp_path / "targets.yaml", {"SOC_SECRET": "s", "SOC_TOKEN": "t"})
    assert [target.name for target in targets] == ["soc", "siem", "share"]


def test_it_names_every_metric_and_no_other():
    named = {name.removesuffix("_total") for name in re.findall(r"`(tiercel_\w+)\{", TEXT)}
    assert named == {family.name for family in Metrics().registry.collect()}


@pytest.mark.parametrize("word", [*State, *Verdict, *(kind.removeprefix("alert.") for kind in KINDS)])
def test_it_names_every_state_verdict_and_event(word):
    assert re.search(rf"\b{word}\b", TEXT)


@pytest.mark.parametrize("line", re.findall(r"^    tiercel (alerts|filters) (\w+)", TEXT, re.MULTILINE))
def test_the_commands_that_it_shows_are_there(line, capsys):
    assert main([*line, "--help"]) == 0
    capsys.readouterr()


def test_the_python_that_it_shows_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "evidence").mkdir()
    write_attack(tmp_path / "evidence" / "a.jsonl")
    monkeypatch.chdir(tmp_path)
    example = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[-1]
    exec(compile(example, "alerts.md", "exec"), {})  # noqa: S102  the document's own code
    assert "services.exe" in capsys.readouterr().out
