"""The documents say what is there: commands, packages, files."""

from __future__ import annotations

import re
import tomllib

import pytest
from tests.conftest import ROOT

from tiercel.cli.program import COMMANDS

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PACKAGE = re.compile(r"^[A-Za-z0-9._-]+")


def test_the_readme_shows_every_command_and_no_other() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^    tiercel ([a-z]+)", text, re.MULTILINE)) | set(re.findall(r"`tiercel ([a-z]+)", text))
    names = set(COMMANDS)
    assert shown <= names
    assert {"hunt", "query", "rules", "explain", "check", "import", "simulate"} <= shown


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(document) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), target


def test_every_package_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    packages = {match[0].lower() for each in named if (match := PACKAGE.match(each))}
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    table = set(re.findall(r"^\| ([a-z0-9._-]+) \|", text, re.MULTILINE)) - {"package"}
    optional = set(re.findall(r"^Optional: `([a-z0-9._-]+)`", text, re.MULTILINE))
    assert table | optional == packages


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
