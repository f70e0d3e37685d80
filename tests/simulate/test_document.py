"""docs/simulator.md names every format and every option of the command."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT

from tiercel.cli.simulate import simulate_command
from tiercel.simulate import Format

TEXT = (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("written_as", list(Format))
def test_every_format_is_named(written_as: Format) -> None:
    assert f"| `{written_as}` |" in TEXT


@pytest.mark.parametrize("option", [parameter.opts[0] for parameter in simulate_command.params])
def test_every_option_is_named(option: str) -> None:
    assert option in TEXT
