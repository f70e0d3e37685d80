"""What is shown and what is kept for review: each file in sifting/ holds findings, some taken by a filter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.findings.test_merge import _finding

from tiercel.findings import Suppressed, sift

CASES = sorted((Path(__file__).parent / "sifting").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_what_is_shown(case):
    told = json.loads(case.read_text())
    several = [(each, _finding(number, each)) for number, each in enumerate(told["findings"])]
    sifted = sift(
        (finding for each, finding in several if "taken" not in each),
        (
            Suppressed(each["taken"].rstrip("*"), finding, each["taken"].endswith("*"))
            for each, finding in several
            if "taken" in each
        ),
    )
    assert [list(finding.rules) for finding in sifted.shown] == told["shown"]
    assert [[each.filter, list(each.finding.rules)] for each in sifted.suppressed] == told["review"]
