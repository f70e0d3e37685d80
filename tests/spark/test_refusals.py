"""What is said to whoever asks Spark for what it is not for; no Spark is needed to say it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from tiercel.cli import main
from tiercel.engines.spark import Cluster
from tiercel.errors import UsageError
from tiercel.evidence import open_telemetry
from tiercel.filters import Sieve, read_filters
from tiercel.kql import Source
from tiercel.plan import compile_text
from tiercel.plan.lacks import Lacks
from tiercel.rules import read_catalog

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 7, 14, 12)


def test_raw_logs_are_imported_first(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"Spark reads a lake, and .* is none: `tiercel import .* --lake DIR` makes one"
    ):
        open_telemetry(tmp_path, spark=Cluster("local[1]"))


def test_a_master_and_an_address_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="--master or --remote"):
        Cluster("local[1]", "sc://localhost").open()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--master", "yarn"], "add `--engine spark`"),
        (["--engine", "spark", "--conf", "nonsense"], "write NAME=VALUE"),
        (["--engine", "spark", "--master", "yarn", "--remote", "sc://a"], "not both"),
        (["--engine", "spark"], "Spark reads a lake"),
    ],
)
def test_options(options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hunt", str(tmp_path), *options]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_what_an_engine_lacks_is_an_issue_at_its_place() -> None:
    lacks = Lacks("Spark", {"strlen": "it counts no letters"})
    found = compile_text(Source("print a = 1,\n  b = strlen('x')", "q.kql"), now=NOW, lacks=lacks)
    assert found.plan is None
    (issue,) = found.issues
    assert issue.code == "kql-unsupported"
    assert issue.message == "`strlen` is not supported on Spark: it counts no letters"
    assert issue.span is not None
    assert (issue.span.line, issue.span.column) == (2, 7)


def test_a_filter_that_needs_what_the_engine_lacks_is_refused_at_its_place(tmp_path: Path) -> None:
    """Not when the rule fails over there: then the rule would find nothing for the filter's sake."""
    path = tmp_path / "ours.yaml"
    condition = "row_window_session(ServiceTime, 1h, 1m) > ago(1d)"
    about = "reason: known\n    owner: us\n    expires: 2999-12-31"
    path.write_text(f"filters:\n  - id: ours\n    rule: rpc-chain-scm\n    predicate: {condition}\n    {about}\n")
    rule = next(rule for rule in read_catalog().rules if rule.id == "rpc-chain-scm")
    lacks = Lacks("Spark", {"row_window_session": "it has no outer join there"})
    sieve = Sieve(read_filters([path]), [rule.id], NOW.date())
    injection = sieve.inject(rule, NOW, lacks=lacks)
    assert injection.plan is not None
    assert not injection.filters
    (issue,) = [each for each in sieve.issues if "Spark" in each.message]
    assert issue.message.startswith("`row_window_session` is not supported on Spark: it has no outer join there (")
    assert issue.span is not None
    assert (issue.span.path, issue.span.line, issue.span.column) == (str(path), 4, 16)
