"""The page of what is understood says what the tables say."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.plan.page import CODES, PAGE, WORDS, page

from tiercel.kql import syntax
from tiercel.plan.operators.table import OPERATORS, SOURCES, Unsupported


def test_the_page_is_the_one_that_the_tables_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m tests.plan.page`"


def test_every_code_is_explained_and_no_other() -> None:
    sources = [*(ROOT / "src/tiercel/kql").rglob("*.py"), *(ROOT / "src/tiercel/plan").rglob("*.py")]
    used = {code for path in sources for code in re.findall(r'"(kql-[a-z-]+)"', path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


def test_every_operator_has_its_word() -> None:
    built = {kind for kind, one in {**SOURCES, **OPERATORS}.items() if not isinstance(one, Unsupported)}
    assert built - set(WORDS) == {syntax.Project}
