"""Reading structured text: URLs, paths, command lines, CSV, XML, versions."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from typing import Final
from xml.parsers import expat

from tiercel.plan.routines.routine import Routine
from tiercel.tables import KustoType

__all__ = ["ROUTINES"]

_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*)://(?:(?P<user>[^:@/?#]*):(?P<password>[^@/?#]*)@)?"
    r"(?P<host>\[[^\]]*\]|[^:/?#]*)(?::(?P<port>[0-9]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)


def _query_parameters(query: str) -> dict[str, object]:
    """The parameters by name, sorted; of one that comes several times an array; one without a value is left out."""
    values: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name and value:
            values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in sorted(values.items())}


def _parse_url(url: str | None) -> dict[str, object]:
    """The parts of an absolute URL: Scheme, Host, Port, Path, Username, Password, Query Parameters, Fragment.

    They are as written, nothing is decoded; a text that is no such URL gives them all empty.

    Example: `parse_url("https://h.io:8443/a?k=v").Host` is `h.io`.
    """
    url = url or ""
    match = _URL.fullmatch(url)
    part = (
        {name: value or "" for name, value in match.groupdict().items()}
        if match
        else dict.fromkeys(_URL.groupindex, "")
    )
    path = "" if part["path"] == "/" and url.endswith("/") and "?" not in url and "#" not in url else part["path"]
    return {
        "Scheme": part["scheme"],
        "Host": part["host"],
        "Port": part["port"],
        "Path": path,
        "Username": part["user"],
        "Password": part["password"],
        "Query Parameters": _query_parameters(part["query"]),
        "Fragment": part["fragment"],
    }


def _parse_urlquery(query: str | None) -> dict[str, object]:
    """The parameters of a URL's query, in a bag "Query Parameters".

    Example: `parse_urlquery("k1=v1&k2=v2")["Query Parameters"].k1` is `v1`.
    """
    return {"Query Parameters": _query_parameters((query or "").removeprefix("?"))}


_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_DRIVE: Final = re.compile(r"[A-Za-z]:[\\/]")


def _parse_path(path: str | None) -> dict[str, str]:
    r"""A file's path in parts: Scheme, RootPath, DirectoryPath, DirectoryName, Filename, Extension, and its stream.

    Example: `parse_path(@"C:\temp\file.txt").Filename` is `file.txt`.
    """
    rest = path or ""
    scheme = _SCHEME.match(rest)
    if scheme:
        rest = rest[scheme.end() :]
    drive = _DRIVE.match(rest)
    at = max(rest.rfind("\\"), rest.rfind("/"))
    directory, name = (rest[:at], rest[at + 1 :]) if at >= 0 else ("", rest)
    name, _, stream = name.partition(":")
    parent = re.split(r"[\\/]", directory)[-1]
    if drive and at == drive.end() - 1:
        parent = ""
    return {
        "Scheme": scheme[1] if scheme else "",
        "RootPath": drive[0] if drive else "",
        "DirectoryPath": directory,
        "DirectoryName": parent,
        "Filename": name,
        "Extension": name.rpartition(".")[2] if "." in name else "",
        "AlternateDataStreamName": stream,
    }


def _parse_command_line(text: str | None, kind: str | None) -> list[str] | None:
    r"""The arguments of a command line, cut as Windows cuts them: quotes join, `\"` is a quote; the kind is "windows".

    Example: `parse_command_line("echo \"hello world!\"", "windows")` is ["echo", "hello world!"].
    """
    if not text or (kind or "").lower() != "windows":
        return None
    arguments: list[str] = []
    current: list[str] | None = None
    quoted, at = False, 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            run = len(text) - at - len(text[at:].lstrip("\\"))
            at += run
            current = current if current is not None else []
            if text[at : at + 1] == '"':
                current.append("\\" * (run // 2))
                if run % 2:
                    current.append('"')
                    at += 1
            else:
                current.append("\\" * run)
            continue
        if character == '"':
            current = current if current is not None else []
            if quoted and text[at + 1 : at + 2] == '"':
                current.append('"')
                at += 1
            quoted = not quoted
        elif character in " \t" and not quoted:
            if current is not None:
                arguments.append("".join(current))
                current = None
        else:
            current = current if current is not None else []
            current.append(character)
        at += 1
    if current is not None:
        arguments.append("".join(current))
    return arguments


def _parse_csv(text: str | None) -> list[str]:
    """The fields of the first record of comma-separated text.

    Example: `parse_csv('aa,"b,b",c')` is ["aa", "b,b", "c"].
    """
    csv.field_size_limit(2**31 - 1)
    try:
        return next(csv.reader(io.StringIO(text or "", newline="")), [""])
    except csv.Error:
        return [""]


_VERSION: Final = re.compile(r"[0-9]{1,8}(?:\.[0-9]{1,8}){0,3}")


def _parse_version(text: str | None) -> str | None:
    """The comparable number of a version of up to four parts of up to eight digits; null for any other text."""
    text = (text or "").strip()
    if not _VERSION.fullmatch(text):
        return None
    parts = [*map(int, text.split(".")), 0, 0, 0][:4]
    number = Decimal(0)
    for part in parts:
        number = number * 100_000_000 + part
    return str(number)


_DEEPEST_XML: Final = 200
_LONGEST_XML: Final = 1 << 20
"""Characters (Microsoft Learn, "parse_xml()")."""


class _XmlReader:
    """Builds the dynamic value of an XML text; documents with a DOCTYPE are refused, so nothing is expanded."""

    def __init__(self) -> None:
        self._stack: list[tuple[dict[str, object], list[str]]] = [({}, [])]
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> dict[str, object] | None:
        try:
            self.parser.Parse(text, True)
        except (expat.ExpatError, ValueError, UnicodeError):
            return None
        return self._stack[0][0]

    def _start(self, _name: str, attributes: dict[str, str]) -> None:
        if len(self._stack) > _DEEPEST_XML:
            message = "too deep"
            raise ValueError(message)
        self._stack.append(({f"@{name}": value for name, value in attributes.items()}, []))

    def _end(self, name: str) -> None:
        members, texts = self._stack.pop()
        text = "".join(texts).strip()
        value: object = members
        if not members:
            value = text or None
        elif text:
            members["#text"] = text
        parent = self._stack[-1][0]
        if name not in parent:
            parent[name] = value
            return
        existing = parent[name]
        if isinstance(existing, list):
            existing.append(value)
        else:
            parent[name] = [existing, value]

    def _text(self, text: str) -> None:
        self._stack[-1][1].append(text)

    def _doctype(self, *_declaration: object) -> None:
        message = "a document type could expand without bounds"
        raise ValueError(message)


def _parse_xml(text: str | None) -> dict[str, object] | None:
    """The dynamic value of an XML text: elements as properties, attributes with `@`, text beside them as `#text`.

    Elements of one name are an array; what is no XML, or longer than 1 MB, is null.

    Example: `parse_xml("<a x='1'>b</a>").a["#text"]` is `b`.
    Where we differ: a document with a DOCTYPE is null, so that none can grow without bounds.
    """
    return _XmlReader().read(text) if text and len(text) <= _LONGEST_XML else None


_STRING, _DYNAMIC = KustoType.STRING, KustoType.DYNAMIC

ROUTINES: Final = (
    Routine("parse_url", _parse_url, (_STRING,), _DYNAMIC),
    Routine("parse_urlquery", _parse_urlquery, (_STRING,), _DYNAMIC),
    Routine("parse_path", _parse_path, (_STRING,), _DYNAMIC),
    Routine("parse_command_line", _parse_command_line, (_STRING, _STRING), _DYNAMIC),
    Routine("parse_csv", _parse_csv, (_STRING,), _DYNAMIC),
    Routine("parse_version", _parse_version, (_STRING,), _STRING),
    Routine("parse_xml", _parse_xml, (_STRING,), _DYNAMIC),
)
