"""Ends of file names that other files have too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity
from tiercel.kql.syntax import Binary, Literal, Name
from tiercel.kql.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.subject import Subject

__all__ = ["check_file_name_suffix"]

_FILE_NAME: Final = re.compile(r"[\w.-]+\.(?:exe|dll|sys|com|scr|bat|cmd|ps1|vbs)", re.IGNORECASE)
_ENDS: Final = frozenset({"endswith", "endswith_cs", "!endswith", "!endswith_cs"})


def check_file_name_suffix(subject: Subject) -> Iterator[Issue]:
    r"""`endswith "services.exe"` is true for Microsoft.ActiveDirectory.WebServices.exe as well.

    Compare a file's name whole (`FileName =~ "services.exe"`), or a path from its last backslash on
    (`endswith @"\services.exe"`).
    """
    if subject.parsed is None or subject.parsed.query is None or subject.source is None:
        return
    for node in walk(subject.parsed.query):
        if not isinstance(node, Binary) or node.operator not in _ENDS or not isinstance(node.right, Literal):
            continue
        text = node.right.value
        if isinstance(text, str) and _FILE_NAME.fullmatch(text) and isinstance(node.left, Name):
            of_name = node.left.text.endswith("FileName")
            issue = Issue(
                "check-file-name-suffix",
                f"names that only end so fit too: `other{text}`",
                subject.source.span(node.right.region),
                f'write `=~ "{text}"`' if of_name else f'write `@"\\{text}"`',
                Severity.WARNING,
            )
            yield from subject.in_file((issue,))
