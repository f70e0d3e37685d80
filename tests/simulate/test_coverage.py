"""docs/coverage.md names every scenario, and a few of its cells are hunted again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.coverage import DOCUMENT, outcomes

from tiercel.simulate import SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

HUNTED = ("dcom-mmc20", "scm-smb", "like-winrm", "like-local-psexec")


def test_the_document_names_every_scenario_and_every_variant_of_its_own() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for scenario in SCENARIOS.values():
        assert f"| {scenario.name} |" in text
        for variant in scenario.variants:
            assert variant.description in text or scenario.look_alike


def test_plain_variants_are_found_or_silent(tmp_path: Path) -> None:
    told = outcomes(tmp_path / "matrix", [SCENARIOS[name] for name in HUNTED], variants=("plain",))
    assert {outcome.scenario.name: outcome.problem for outcome in told} == dict.fromkeys(HUNTED, "")
