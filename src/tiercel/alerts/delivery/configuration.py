"""The targets that a YAML file names. Secrets stand in the environment, never in the file."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml

from tiercel.alerts.alert import LEVELS
from tiercel.alerts.delivery.folder import Folder
from tiercel.alerts.delivery.syslog import FACILITIES, Syslog
from tiercel.alerts.delivery.target import Retry, Target
from tiercel.alerts.outbox import KINDS
from tiercel.errors import InputError, Issue, RuleError, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tiercel.alerts.delivery.target import Sender

__all__ = ["read_targets"]

_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_TARGET: Final = ("name", "webhook", "syslog", "folder", "events", "least_severity", "retry")
_SENDERS: Final = ("webhook", "syslog", "folder")
_EVENTS: Final = tuple(kind.removeprefix("alert.") for kind in KINDS)


def read_targets(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Target, ...]:
    """The targets that the file names.

    Raises:
        InputError: where the file cannot be read.
        RuleError: where something in it is wrong; its issues say what and where.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", path=str(path)) from error
    reader = _Reader(str(path), text.splitlines(), environment)
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        span = Span(str(path), line, column)
        raise RuleError(f"{path} is no YAML", issues=(Issue("delivery-yaml", str(error.problem), span),)) from error
    found = reader.targets(root)
    if reader.issues:
        raise RuleError(f"{path}: the targets are not as they should be", issues=tuple(reader.issues))
    return found


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and is_plain


@dataclass(slots=True)
class _Reader:
    """The file as it is read, and what was found wrong so far."""

    path: str
    lines: list[str]
    environment: Mapping[str, str]
    issues: list[Issue] = field(default_factory=list)

    def targets(self, root: yaml.Node | None) -> tuple[Target, ...]:
        fields = self._fields(root, ("targets",), "the file")
        listed = fields.get("targets")
        if not isinstance(listed, yaml.SequenceNode) or not listed.value:
            self._wrong(listed or root, "delivery-targets", "`targets` has to list at least one target")
            return ()
        found = [self._target(node) for node in listed.value]
        names: set[str] = set()
        for target, node in zip(found, listed.value, strict=True):
            if target is not None and target.name in names:
                self._wrong(node, "delivery-name", f"two targets are named `{target.name}`")
            names |= {target.name} if target else set()
        return tuple(target for target in found if target is not None)

    def _target(self, node: yaml.Node) -> Target | None:
        fields = self._fields(node, _TARGET, "a target")
        name = self._text(fields.get("name")) or ""
        if not _NAME.fullmatch(name):
            self._wrong(
                fields.get("name") or node, "delivery-name", "a target has a `name` of letters, digits, - and _"
            )
        kinds = [kind for kind in _SENDERS if kind in fields]
        if len(kinds) != 1:
            self._wrong(node, "delivery-kind", f"a target is one of {', '.join(_SENDERS)}")
            return None
        makers: dict[str, Callable[[yaml.Node], Sender | None]] = {
            "webhook": self._webhook,
            "syslog": self._syslog,
            "folder": self._folder,
        }
        sender = makers[kinds[0]](fields[kinds[0]])
        events = self._events(fields.get("events"))
        least = self._choice(fields.get("least_severity"), LEVELS, "a severity", "informational")
        retry = self._fields(fields["retry"], ("first", "most"), "`retry`") if "retry" in fields else {}
        first, most = self._seconds(retry.get("first"), 1.0), self._seconds(retry.get("most"), 300.0)
        if sender is None:
            return None
        return Target(name, sender, events, LEVELS.index(least), Retry(first, most))

    def _webhook(self, node: yaml.Node) -> Sender | None:
        from tiercel.alerts.delivery.webhook import Webhook  # noqa: PLC0415  httpx is slow to import

        fields = self._fields(node, ("url", "secret", "headers", "timeout", "ca_file"), "a webhook")
        url = self._text(fields.get("url")) or ""
        if not _is_web_address(url):
            self._wrong(fields.get("url") or node, "delivery-url", "a webhook has a `url` with http:// or https://")
            return None
        secret = self._secret(fields["secret"]) if "secret" in fields else None
        headers = self._headers(fields["headers"]) if "headers" in fields else {}
        timeout = self._seconds(fields.get("timeout"), 10.0)
        ca_file = self._text(fields.get("ca_file"))
        if ca_file and not Path(ca_file).is_file():
            self._wrong(fields["ca_file"], "delivery-ca-file", f"there is no file at {ca_file}")
        return Webhook(url, secret, headers, timeout, ca_file)

    def _syslog(self, node: yaml.Node) -> Sender | None:
        known = ("host", "port", "transport", "facility", "timeout", "confirm", "hostname")
        fields = self._fields(node, known, "syslog")
        host = self._text(fields.get("host"))
        port = self._text(fields.get("port")) or "514"
        if not host:
            self._wrong(node, "delivery-host", "syslog has a `host`")
        if not port.isdecimal() or not 0 < int(port) < 65536:
            self._wrong(fields["port"], "delivery-port", f"`{port}` is no port")
            return None
        transport = self._choice(fields.get("transport"), ("udp", "tcp"), "a transport", "udp")
        facility = self._choice(fields.get("facility"), tuple(FACILITIES), "a facility", "local4")
        confirm = self._choice(fields.get("confirm"), ("true", "false"), "true or false", "true")
        return Syslog(
            host=host or "",
            port=int(port),
            is_tcp=transport == "tcp",
            facility=FACILITIES[facility],
            timeout=self._seconds(fields.get("timeout"), 10.0),
            is_confirmed=confirm == "true",
            hostname=self._text(fields.get("hostname")) or "",
        )

    def _folder(self, node: yaml.Node) -> Sender | None:
        fields = self._fields(node, ("path",), "a folder")
        path = self._text(fields.get("path"))
        if not path:
            self._wrong(node, "delivery-path", "a folder has a `path`")
            return None
        return Folder(Path(path).expanduser())

    def _events(self, node: yaml.Node | None) -> tuple[str, ...]:
        if node is None:
            return ("alert.new", "alert.reopened")
        listed = node.value if isinstance(node, yaml.SequenceNode) else [node]
        return tuple(f"alert.{self._choice(each, _EVENTS, 'an event', 'new')}" for each in listed)

    def _headers(self, node: yaml.Node) -> dict[str, str]:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, "delivery-headers", "`headers` are names with their values")
            return {}
        return {str(key.value): self._text(value) or "" for key, value in node.value}

    def _secret(self, node: yaml.Node) -> bytes:
        if not isinstance(node, yaml.ScalarNode) or not _VARIABLE.fullmatch(node.value):
            hint = "write ${NAME} and set the variable NAME where the program runs"
            self._wrong(node, "delivery-secret", "a secret does not stand in the file", hint)
            return b""
        text = self._text(node) or ""
        if not text and node.value[2:-1] in self.environment:
            self._wrong(node, "delivery-secret", "the secret is empty: anybody could sign with it")
        return text.encode()

    def _text(self, node: yaml.Node | None) -> str | None:
        """The scalar's text, with `${NAME}` replaced by the environment's variable."""
        if node is None:
            return None
        if not isinstance(node, yaml.ScalarNode):
            self._wrong(node, "delivery-text", "a text is expected here")
            return None

        def value(match: re.Match[str]) -> str:
            if match[1] not in self.environment:
                self._wrong(node, "delivery-variable", f"the environment has no variable {match[1]}")
            return self.environment.get(match[1], "")

        return _VARIABLE.sub(value, str(node.value))

    def _choice(self, node: yaml.Node | None, known: tuple[str, ...], what: str, otherwise: str) -> str:
        if node is None:
            return otherwise
        text = (self._text(node) or "").lower()
        if text not in known:
            close = difflib.get_close_matches(text, known, 1)
            hint = f"did you mean `{close[0]}`?" if close else f"one of {', '.join(known)}"
            self._wrong(node, "delivery-choice", f"`{text}` is not {what}", hint)
            return otherwise
        return text

    def _seconds(self, node: yaml.Node | None, otherwise: float) -> float:
        if node is None:
            return otherwise
        text = self._text(node) or ""
        match = _DURATION.fullmatch(text)
        if match is None or not float(match[1]):
            self._wrong(node, "delivery-duration", f"`{text}` is no duration; write 10s, 5m or 1h")
            return otherwise
        return float(match[1]) * _SECONDS[match[2]]

    def _fields(self, node: yaml.Node | None, known: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, "delivery-fields", f"{what} has the fields {', '.join(known)}")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean `{close[0]}`?" if close else f"one of {', '.join(known)}"
                self._wrong(key, "delivery-field", f"{what} has no field `{name}`", hint)
            found[name] = value
        return found

    def _wrong(self, node: Any, code: str, message: str, hint: str = "") -> None:
        if node is None:
            self.issues.append(Issue(code, message, Span(self.path, 1, 1), hint))
            return
        mark = node.start_mark
        text = self.lines[mark.line] if mark.line < len(self.lines) else ""
        length = max(1, node.end_mark.column - mark.column) if node.end_mark.line == mark.line else 1
        issue = Issue(code, message, Span(self.path, mark.line + 1, mark.column + 1, length, text), hint)
        if issue not in self.issues:
            self.issues.append(issue)
