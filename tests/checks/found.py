"""What is found in the files of `cases/`.

`python -m tests.checks.found` writes what is found now: read the difference.
"""

from __future__ import annotations

from pathlib import Path

from tiercel.checks import check_paths

CASES = Path(__file__).parent / "cases"


def found_in(path: Path) -> str:
    """The issues of a file, one a line, as its `.found` file holds them."""
    (checked,) = check_paths([path])
    lines = []
    for issue in checked.issues:
        span = issue.span
        assert span is not None
        hint = f" ({issue.hint})" if issue.hint else ""
        place = (
            f"{span.line}:{span.column}+{span.length} `{span.text[span.column - 1 : span.column - 1 + span.length]}`"
        )
        lines.append(f"{place}\n    {issue.severity}[{issue.code}]: {issue.message}{hint}\n")
    return "".join(lines)


def cases() -> list[Path]:
    """The files that are checked."""
    return sorted(path for path in CASES.iterdir() if path.suffix != ".found")


if __name__ == "__main__":
    for case in cases():
        case.with_name(f"{case.name}.found").write_text(found_in(case), encoding="utf-8")
