"""Findings as a notebook shows them: one HTML table, every text of an event escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.shown import moment, plural, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiercel.findings.finding import Finding, Process

__all__ = ["findings_html"]

_MOST: Final = 100
_LONGEST: Final = 160
_HEADERS: Final = ("time (UTC)", "severity", "what", "from", "to", "account", "server", "started", "attack", "id")


def findings_html(findings: Sequence[Finding], note: str = "") -> str:
    """A table of the findings, at most 100 of them, with the note above it; no script, no link, no style of a page."""
    head = "".join(f'<th style="text-align:left">{each}</th>' for each in _HEADERS)
    rows = "".join(f"<tr>{_row(finding)}</tr>" for finding in findings[:_MOST])
    left = f"<p>{plural(len(findings) - _MOST, 'finding')} more are not shown</p>" if len(findings) > _MOST else ""
    from html import escape  # noqa: PLC0415  its list of entities is loaded where a notebook shows findings

    told = escape(shown(note)) or plural(len(findings), "finding")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if findings else ""
    return f"<div><p>{told}</p>{table}{left}</div>"


def _row(finding: Finding) -> str:
    caller = finding.attribution.caller.device if finding.attribution else None
    cells = (
        moment(finding.first_time),
        finding.severity,
        finding.title,
        " ".join(each for each in (caller or finding.peer_name, finding.peer_ip) if each),
        finding.device,
        finding.account,
        _process(finding.server),
        _process(finding.child),
        " ".join(finding.techniques),
        finding.id,
    )
    return "".join(f'<td style="text-align:left">{_cell(each)}</td>' for each in cells)


def _process(process: Process | None) -> str | None:
    return (process.command_line or process.name) if process else None


def _cell(value: str | None) -> str:
    text = value or ""
    more = f"... (+{len(text) - _LONGEST:,} characters)" if len(text) > _LONGEST else ""
    from html import escape  # noqa: PLC0415  as above

    return escape(shown(text[:_LONGEST])) + more
