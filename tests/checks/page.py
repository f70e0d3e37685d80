"""`docs/checks.md`, made from the checks themselves: `python -m tests.checks.page` writes it."""

from __future__ import annotations

import inspect
import re
import sys

from tests.conftest import ROOT

from tiercel.checks import CHECKS

PAGE = ROOT / "docs" / "checks.md"

_HEAD = """# What `tiercel check` looks for

Made from the checks' own docstrings (`python -m tests.checks.page`). They run in this order over rule documents (.md),
files of KQL (.kql, .csl), Sentinel rules and environment filters (.yaml). An error stops the rule or the filter; a
warning does not. Places are lines and columns of your own file, also where the query stands inside Markdown or a YAML
block.
"""


def page() -> str:
    """The page as it must be."""
    parts = [_HEAD]
    for check in CHECKS:
        module = sys.modules[check.__module__]
        title = (module.__doc__ or "").partition("\n")[0].rstrip(".")
        codes = sorted(set(re.findall(r'"((?:check|analytics|filter)-[a-z-]+)"', inspect.getsource(module))))
        parts.append(f"\n## {title}\n")
        parts.append(f"\n{inspect.getdoc(check)}\n")
        if codes:
            parts.append(f"\nReported as {', '.join(f'`{code}`' for code in codes)}.\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
