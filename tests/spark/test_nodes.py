"""Every node of the plan's own has a rendering in Spark's dialect; no Spark is needed to see that."""

from __future__ import annotations

import pytest
from tests.engines.test_duckdb_nodes import NODES

from tiercel.engines.spark.nodes import RENDERED
from tiercel.engines.spark.patterns import java_pattern


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.__name__)
def test_spark_renders(node: type) -> None:
    assert node in RENDERED, f"{node.__name__} needs a line in tiercel.engines.spark.nodes"


@pytest.mark.parametrize(
    ("pattern", "java"),
    [
        (r"a.b$", r"a[^\n]b\z"),
        (r"(?s)a.b", r"a[\s\S]b"),
        (r"(?m)^a$", r"(?:\A|(?<=\n))a(?=\n|\z)"),
        (r"(?i)a(?-i:b)", r"(?iu)a(?-iu:b)"),
        (r"(?U)a+b+?", r"a+?b+"),
        (r"(?P<name_x>a)", "(a)"),
        (r"[[:alpha:]\s]", r"[\p{Alpha}\t\n\f\r ]"),
        (r"[a&&b[]", r"[a\&\&b\[]"),
        (r"\Qa.b\E+", r"a\.b+"),
        (r"\pL\p{Greek}\p{^Greek}\PN", r"\p{L}\p{IsGreek}\P{IsGreek}\P{N}"),
        (r"\101\x{1F600}\x41", r"\x{41}\x{1f600}\x{41}"),
        (r"a{2,3}?b{,3}", r"a{2,3}?b\{,3\}"),
        (r"\v\s\S", r"\x0B[\t\n\f\r ][^\t\n\f\r ]"),
    ],
)
def test_patterns_are_rewritten_for_java(pattern: str, java: str) -> None:
    assert java_pattern(pattern) == java
