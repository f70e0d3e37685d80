"""Alerts for people and for spreadsheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tiercel.cli.details import show_findings
from tiercel.cli.terminal import Line, Words, moment, plural, shown, wrapped
from tiercel.cli.written import csv_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tiercel.alerts import Alert, Change

__all__ = ["alert_csv", "export_csv", "show_alert", "show_list"]

_CSV: Final = (
    "id", "state", "verdict", "severity", "rule_id", "title", "device", "peer_ip", "account", "summary", "first_time",
    "last_time", "server", "child", "child_command_line", "techniques", "raised_at", "seen", "seen_at", "seen_closed",
    "closed_at", "merged_into", "fingerprint",
)  # fmt: skip
_HISTORY: Final = ("last_change_at", "last_change_by", "comments")
_STYLES: Final = {"critical": "bold red", "high": "bold red", "medium": "bold yellow"}
_WIDEST: Final = 70


def alert_csv(alerts: Iterable[Alert]) -> Iterator[str]:
    """The alerts as CSV, one a line."""
    return csv_text(_CSV, (_flat(alert) for alert in alerts))


def export_csv(alerts: Iterable[tuple[Alert, Sequence[Change]]]) -> Iterator[str]:
    """The alerts as CSV with what people said of them."""
    return csv_text((*_CSV, *_HISTORY), ([*_flat(alert), *_said(changes)] for alert, changes in alerts))


def _flat(alert: Alert) -> list[Any]:
    finding = alert.finding
    values: dict[str, Any] = {name: getattr(alert, name, getattr(finding, name, None)) for name in _CSV}
    values["state"], values["verdict"] = str(alert.state), str(alert.verdict or "")
    values["techniques"] = " ".join(finding.techniques)
    values["server"] = finding.server.name if finding.server else None
    values["child"] = finding.child.name if finding.child else None
    values["child_command_line"] = finding.child.command_line if finding.child else None
    return [values[name] for name in _CSV]


def _said(changes: Sequence[Change]) -> list[Any]:
    people = [each for each in changes if each.action in {"state", "comment"}]
    last = people[-1] if people else None
    comments = " | ".join(f"{each.who}: {each.text}" for each in people if each.text)
    return [last.at if last else None, last.who if last else None, comments]


def show_list(words: Words, alerts: Sequence[Alert]) -> None:
    """Print the alerts, one a line under a heading."""
    if not alerts:
        return
    heads = ("id", "state", "severity", "last evidence", "seen", "device", "from", "what")
    rows = [_cells(alert) for alert in alerts]
    widths = [max(len(row[at]) for row in (heads, *rows)) for at in range(len(heads) - 1)]
    words.print(_columns(heads, widths), style="bold")
    for alert, row in zip(alerts, rows, strict=True):
        text, begin = _columns(row, widths), widths[0] + widths[1] + 4
        line = Line(text[:begin])
        line.append(row[2], _STYLES.get(alert.finding.severity, ""))
        words.print(line.append(text[begin + len(row[2]) :]), is_cut=True)


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)), cells[-1]])


def _cells(alert: Alert) -> tuple[str, ...]:
    finding = alert.finding
    state = f"{alert.state}: {alert.verdict}" if alert.verdict else str(alert.state)
    server, child = (each.name if each and each.name else "" for each in (finding.server, finding.child))
    what = " > ".join(shown(name) for name in (server, child) if name) or shown(finding.title)
    cells = (
        str(alert.id), state, finding.severity, moment(finding.last_time)[:19], str(alert.seen),
        shown(finding.device or ""), shown(finding.peer_ip or finding.peer_name or ""),
        f"{what}  {finding.strength or ''}".rstrip(),
    )  # fmt: skip
    return tuple(cell if len(cell) <= _WIDEST else f"{cell[: _WIDEST - 3]}..." for cell in cells)


def show_alert(words: Words, alert: Alert, changes: Sequence[Change]) -> None:
    """Print an alert whole: where the work on it stands, its finding, its history."""
    verdict = f" ({alert.verdict})" if alert.verdict else ""
    words.print(f"Alert {alert.id}: {alert.state}{verdict}", style="bold")
    if alert.merged_into is not None:
        words.print(f"   It is part of alert {alert.merged_into}, which goes on in its place.")
    again = f", {plural(alert.seen_closed, 'time')} since it was closed" if alert.seen_closed else ""
    words.print(
        f"   raised {moment(alert.raised_at)}, seen in {plural(alert.seen, 'run')}, last {moment(alert.seen_at)}{again}"
    )
    words.print(f"   fingerprint {alert.fingerprint}", style="dim")
    show_findings(words, [alert.finding])
    words.print()
    words.print("History", style="bold")
    for each in changes:
        step = f" {each.before} -> {each.after}" if each.before and each.after else ""
        first = f"   {moment(each.at)}  {shown(each.who)}  {each.action}{step}"
        words.print(wrapped(shown(each.text or ""), f"{first}: " if each.text else first, " " * 28, words))
