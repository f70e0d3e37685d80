"""docs/how-it-works.md is run: what it shows is what comes out."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_walk_through_all_rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, attempted = doctest.testfile(
        str(ROOT / "docs" / "how-it-works.md"), module_relative=False, optionflags=doctest.REPORT_NDIFF
    )
    assert attempted > 20
    assert failed == 0
