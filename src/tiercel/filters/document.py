"""Environment filters from YAML files, with everything that is wrong in them as issues."""

from __future__ import annotations

import difflib
import ipaddress
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity, Span, UsageError
from tiercel.filters.filter import EVERY_RULE, Allowance, EnvironmentFilter, Filters, Predicate
from tiercel.kql import Source, parse
from tiercel.kql.syntax import ExpressionStatement, Pipeline
from tiercel.kql.tokens import STRING, tokenize
from tiercel.rules.yaml_document import read_yaml

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Sequence

    from tiercel.rules.yaml_document import Entry, YamlDocument

__all__ = ["read_filter_document", "read_filters"]

_LARGEST: Final = 4 * 1024 * 1024
"""A filter file of more bytes is refused: it is no filter file."""

_TOP: Final = ("filters", "groups", "environment")
_FILTER: Final = ("id", "rule", "predicate", "allow", "reason", "owner", "expires")
_REQUIRED: Final = {
    "id": "a short name that stays, such as `deployment-from-mgmt01`",
    "rule": 'a rule\'s id, a list of them, or "*" for every rule',
    "reason": "why this is known and wanted",
    "owner": "who answers for it",
    "expires": "the last day on which it holds, such as 2027-03-31",
}
_ALLOW: Final = ("source", "device", "device-group", "image")
_PLAIN: Final = re.compile(r"^[^\x00-\x1f\x7f]{1,200}$")


def read_filters(paths: Iterable[str | os.PathLike[str]]) -> Filters:
    """The filters of these files. One that is wrong is left out and told; a path that does not exist is wrong use."""
    filters: dict[str, EnvironmentFilter] = {}
    issues: list[Issue] = []
    for given in paths:
        path = Path(given)
        if not path.is_file():
            raise UsageError(f"there is no filter file at {path}")
        text = _text(path)
        read = Filters(issues=(text,)) if isinstance(text, Issue) else read_filter_document(text, str(path))
        issues += read.issues
        for each in read.filters:
            earlier = filters.setdefault(each.id, each)
            if earlier is not each:
                message = f"the filter `{each.id}` stands a second time; the first is at {earlier.span}"
                issues.append(Issue("filter-id-twice", message, each.span, "give one of them another id"))
    return Filters(tuple(filters.values()), tuple(issues))


def read_filter_document(text: str, path: str) -> Filters:
    """The filters of a document's text."""
    document = read_yaml(text, path)
    if isinstance(document, Issue):
        return Filters(issues=(document,))
    return _Reader(document).filters()


def _text(path: Path) -> str | Issue:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        return Issue("filter-unreadable", f"the file cannot be read: {error.strerror}", Span(str(path), 1, 1))
    if len(content) > _LARGEST:
        return Issue("filter-too-large", f"the file has more than {_LARGEST:,} bytes", Span(str(path), 1, 1))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Issue("filter-not-utf8", "the file is not UTF-8 text", Span(str(path), line, 1), "save it as UTF-8")


class _Reader:
    """Reads one document and collects what is wrong with it."""

    def __init__(self, document: YamlDocument) -> None:
        self._document = document
        self._issues: list[Issue] = []
        self._groups: dict[str, tuple[str, ...]] = {}

    def filters(self) -> Filters:
        fields = self._document.root.fields
        self._known(self._document.root, _TOP, "a file of environment filters")
        if "groups" in fields:
            self._read_groups(fields["groups"])
        listed = fields.get("filters")
        if listed is None or not listed.is_list:
            place = self._document.place(listed)
            self._issues.append(
                Issue("filter-field", "`filters` must be a list of filters", place, "see docs/filters.md")
            )
            return Filters(issues=tuple(self._issues))
        read = [found for entry in listed.items if (found := self._filter(entry)) is not None]
        by_id: dict[str, EnvironmentFilter] = {}
        for each in read:
            earlier = by_id.setdefault(each.id, each)
            if earlier is not each:
                message = f"the filter `{each.id}` stands a second time; the first is in line {earlier.span.line}"
                self._issues.append(Issue("filter-id-twice", message, each.span, "give one of them another id"))
        return Filters(tuple(by_id.values()), tuple(self._issues))

    def _error(self, entry: Entry | None, message: str, hint: str = "", code: str = "filter-field") -> None:
        self._issues.append(Issue(code, message, self._document.place(entry), hint))

    def _known(self, entry: Entry, allowed: Sequence[str], of: str) -> None:
        for key, _ in entry.pairs():
            name = key.text or ""
            if name not in allowed:
                close = difflib.get_close_matches(name, allowed, 1)
                hint = f"did you mean `{close[0]}`?" if close else "one of " + ", ".join(allowed)
                self._error(key, f"`{name}` is no field of {of}", hint)

    def _read_groups(self, entry: Entry) -> None:
        if not entry.is_mapping:
            self._error(entry, "`groups` must map a group's name to a list of device names")
            return
        for key, value in entry.pairs():
            names = self._texts(value, "a device name")
            if key.text and names:
                self._groups[key.text.lower()] = names

    def _filter(self, entry: Entry) -> EnvironmentFilter | None:
        before = len(self._issues)
        if not entry.is_mapping:
            self._error(entry, "a filter is a mapping of fields to values", "see docs/filters.md")
            return None
        fields = entry.fields
        self._known(entry, _FILTER, "a filter")
        for name, hint in _REQUIRED.items():
            if name not in fields:
                self._error(entry, f"the filter has no `{name}`", hint)
        if not {"predicate", "allow"} & fields.keys():
            self._error(entry, "the filter says not which rows it takes", "give it a `predicate` in KQL, or `allow`")
        rules = fields.get("rule")
        named = tuple(rules.items if rules.is_list else (rules,)) if rules is not None else ()
        predicate = self._predicate(fields["predicate"]) if "predicate" in fields else None
        allowance = self._allowance(fields["allow"]) if "allow" in fields else None
        read = EnvironmentFilter(
            id=self._line(fields.get("id"), "id"),
            rules=tuple(self._line(each, "rule") for each in named),
            reason=self._line(fields.get("reason"), "reason"),
            owner=self._line(fields.get("owner"), "owner"),
            expires=self._date(fields.get("expires")),
            span=self._document.place(fields.get("id") or entry),
            rule_spans=tuple(self._document.place(each) for each in named),
            predicate=predicate,
            allowance=allowance,
            groups=self._groups,
        )
        if EVERY_RULE in read.rules and len(read.rules) > 1:
            self._error(rules, '"*" stands for every rule; no other can stand beside it')
        if rules is not None and not named:
            self._error(rules, "`rule` names no rule", _REQUIRED["rule"])
        return read if len(self._issues) == before else None

    def _line(self, entry: Entry | None, name: str) -> str:
        """The text of a required field, one line."""
        if entry is None:
            return ""
        text = (entry.text or "").strip()
        if not _PLAIN.match(text):
            self._error(entry, f"`{name}` must be one line of text", _REQUIRED.get(name, ""))
        return text

    def _date(self, entry: Entry | None) -> date:
        if entry is None:
            return date.min
        try:
            return date.fromisoformat((entry.text or "").strip())
        except ValueError:
            self._error(entry, f"`{entry.text or ''}` is no date", "write it as 2027-03-31")
            return date.min

    def _texts(self, entry: Entry, what: str) -> tuple[str, ...]:
        """The texts of a list, or of a text alone."""
        several = entry.items if entry.is_list else (entry,)
        for each in several:
            if not _PLAIN.match((each.text or "").strip()):
                self._error(each, f"{what} was expected here", "one line of text, or a list of them")
        if not several:
            self._error(entry, f"{what} was expected here", "an empty list would fit nothing")
        return tuple((each.text or "").strip() for each in several)

    def _allowance(self, entry: Entry) -> Allowance:
        place = self._document.place(entry)
        if not entry.is_mapping or not entry.fields:
            self._error(entry, "`allow` must say what is allowed", "one or more of " + ", ".join(_ALLOW))
            return Allowance(place)
        self._known(entry, _ALLOW, "`allow`")
        fields = entry.fields
        given = {name: self._texts(fields[name], _WHAT[name]) for name in _ALLOW if name in fields}
        if "source" in given:
            given["source"] = self._networks(fields["source"])
        for each in (fields["image"].items or (fields["image"],)) if "image" in fields else ():
            if set(each.text or "") & set("\\/"):
                hint = 'match a path with `predicate`, such as FolderPath startswith @"C:\\Program Files\\"'
                self._error(each, "an image is a file name, without its folder", hint)
        return Allowance(
            place,
            given.get("source", ()),
            given.get("device", ()),
            given.get("device-group", ()),
            given.get("image", ()),
        )

    def _networks(self, entry: Entry) -> tuple[str, ...]:
        """Addresses and ranges, each written as a range."""
        found = []
        for each in entry.items if entry.is_list else (entry,):
            text = (each.text or "").strip()
            try:
                found.append(str(ipaddress.ip_network(text)))
            except ValueError as error:
                told = str(error) if "host bits" in str(error) else f"`{text}` is no address and no range"
                hint = "such as 10.1.2.3, 10.1.2.0/24 or 2001:db8::/64"
                if "host bits" in str(error):
                    hint = f"did you mean `{ipaddress.ip_network(text, strict=False)}`?"
                self._error(each, told, hint)
        return tuple(found)

    def _predicate(self, entry: Entry) -> Predicate | None:
        block = self._document.block(entry)
        if block is None or not block.text.strip():
            self._error(entry, "`predicate` must be an expression in KQL", 'such as RemoteIP == "10.1.2.3"')
            return None
        source = Source(block.text, self._document.path, block.first_line, block.indent)
        place = self._document.place(entry)
        parsed = parse(source)
        for issue in parsed.issues:
            span = issue.span
            if span is None or not block.is_exact:
                self._issues.append(replace(issue, span=place))
            else:
                self._issues.append(replace(issue, span=replace(span, text=self._document.line(span.line))))
        if parsed.query is None:
            return None
        statements = parsed.query.statements
        if (
            len(statements) != 1
            or not isinstance(statements[0], ExpressionStatement)
            or isinstance(statements[0].expression, Pipeline)
        ):
            hint = 'such as RemoteIP == "10.1.2.3" and FileName =~ "agent.exe"; a `|` belongs to queries'
            self._error(entry, "`predicate` must be one expression in KQL that is true or false", hint)
            return None
        flat = _flat(block.text)
        if flat is None:
            self._error(entry, "a string of several lines cannot stand in a predicate")
            return None
        return Predicate(source, flat, place, self._document.lines, block.is_exact)


_WHAT: Final = {
    "source": "an address or a range",
    "device": "a device's name",
    "device-group": "a device group's name",
    "image": "a file name",
}


def _flat(text: str) -> str | None:
    """The KQL on one line, every token where it was, comments blank; None where a string goes over lines."""
    tokens = tokenize(text)
    flat = [" "] * len(text)
    for kind, start, end in zip(tokens.kinds, tokens.starts, tokens.ends, strict=True):
        if kind == STRING and "\n" in text[start:end]:
            return None
        flat[start:end] = text[start:end]
    return "".join(flat).rstrip()


def unknown_rules(filters: Filters, known: Iterable[str]) -> tuple[Issue, ...]:
    """An error for each rule that a filter names and nobody knows."""
    ids = sorted(set(known))
    issues = []
    for each in filters.filters:
        for rule, span in zip(each.rules, each.rule_spans, strict=True):
            if rule != EVERY_RULE and rule not in ids:
                close = difflib.get_close_matches(rule, ids, 1)
                hint = f"did you mean `{close[0]}`?" if close else "`tiercel rules` lists the shipped ones"
                message = f"the filter `{each.id}` names the rule `{rule}`, which there is not"
                issues.append(Issue("filter-unknown-rule", message, span, hint, Severity.ERROR))
    return tuple(issues)
