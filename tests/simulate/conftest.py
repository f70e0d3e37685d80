"""One fleet with every scenario in it, written once for all tests that look into it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tiercel.simulate import SCENARIOS, Format, simulate

if TYPE_CHECKING:
    from pathlib import Path


class Simulated(NamedTuple):
    folder: Path
    attacks: dict[str, dict[str, Any]]
    events: list[dict[str, Any]]


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    folder = tmp_path_factory.mktemp("simulated")
    written = simulate(folder, hosts=84, seed=3, attacks=list(SCENARIOS), written_as=Format.BOTH)
    lines = (folder / "winlogbeat" / "winlogbeat-000.ndjson").read_bytes().splitlines()
    attacks = {attack["scenario"]: attack for attack in written.attacks}
    return Simulated(folder, attacks, [json.loads(line) for line in lines])
