"""Rules from files, folders and the shipped catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity, Span, UsageError
from tiercel.rules.reader import Reading, read_rule

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from tiercel.rules.rule import Rule

__all__ = ["Collection", "FailedDocument", "read_catalog", "read_collection"]

_LARGEST: Final = 4 * 1024 * 1024
"""A rule document of more bytes is refused: it is no rule document."""


@dataclass(frozen=True, slots=True)
class FailedDocument:
    """A document that gave no rule, and why."""

    path: str
    issues: tuple[Issue, ...]


@dataclass(frozen=True)
class Collection:
    """The rules that were read, in order, the documents that gave none, and what is odd about the others."""

    rules: tuple[Rule, ...]
    failed: tuple[FailedDocument, ...] = ()
    warnings: tuple[Issue, ...] = field(default=())


def read_catalog() -> Collection:
    """The rules that Tiercel ships, by name."""
    entries = sorted(Path(__file__).with_name("catalog").glob("*.md"))
    return _collect((entry.name, entry.read_bytes()) for entry in entries)


def read_collection(paths: Iterable[str | os.PathLike[str]]) -> Collection:
    """The rules in these files and, recursively, folders.

    In a folder every `.md` file that has a detection section is a rule; a README is passed over. A file that is named
    itself must be a rule. A path that does not exist is a UsageError.
    """
    return _collect(_documents(paths))


def _documents(paths: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[str, bytes | Issue]]:
    for given in paths:
        path = Path(given)
        if path.is_dir():
            for found in sorted(each for each in path.rglob("*.md") if each.is_file()):
                content = _content(found)
                if isinstance(content, Issue) or _looks_like_a_rule(content):
                    yield str(found), content
        elif path.exists():
            yield str(path), _content(path)
        else:
            raise UsageError(f"there is no rule document or folder at {path}")


def _looks_like_a_rule(content: bytes) -> bool:
    return any(line.strip().lower() in {b"## detection", b"## hunt details"} for line in content.splitlines())


def _content(path: Path) -> bytes | Issue:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        return Issue("rule-unreadable", f"the document cannot be read: {error.strerror}", Span(str(path), 1, 1))
    if len(content) > _LARGEST:
        return Issue("rule-too-large", f"the document has more than {_LARGEST:,} bytes", Span(str(path), 1, 1))
    return content


def _collect(documents: Iterable[tuple[str, bytes | Issue]]) -> Collection:
    rules: dict[str, Rule] = {}
    failed: list[FailedDocument] = []
    warnings: list[Issue] = []
    for path, content in documents:
        reading = _read(path, content)
        rule = reading.rule
        if rule is None:
            failed.append(FailedDocument(path, reading.issues))
            continue
        earlier = rules.get(rule.id)
        if earlier is None:
            rules[rule.id] = rule
            warnings.extend(reading.issues)
            continue
        same = earlier.query.text == rule.query.text
        issue = Issue(
            "rule-id-twice",
            f"the id `{rule.id}` is {earlier.path}'s already"
            + (", with the same query; this document is left out" if same else ""),
            Span(path, 1, 1),
            "" if same else "give one of them another id",
            Severity.WARNING if same else Severity.ERROR,
        )
        if same:
            warnings.append(issue)
        else:
            failed.append(FailedDocument(path, (issue,)))
    return Collection(tuple(rules.values()), tuple(failed), tuple(warnings))


def _read(path: str, content: bytes | Issue) -> Reading:
    if isinstance(content, Issue):
        return Reading(None, (content,))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "save it as UTF-8"
        return Reading(None, (Issue("rule-not-utf8", "the document is not UTF-8 text", Span(path, line, 1), hint),))
    return read_rule(text, path)
