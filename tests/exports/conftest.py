"""A result that has everything, one that is hostile everywhere, one that is empty."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.report.samples import full, hostile

from tiercel.hunt import Findings, Result

RESULTS = {"full": full, "hostile": hostile, "empty": lambda: replace(full(), findings=Findings(()))}


@pytest.fixture(scope="session", params=RESULTS)
def result(request: pytest.FixtureRequest) -> Result:
    return RESULTS[request.param]()
