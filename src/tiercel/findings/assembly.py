"""Findings from a rule's result: rows that tell of one attack become one finding."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson
import pyarrow as pa

from tiercel.errors import Issue, Severity, Span
from tiercel.findings.evidence import PLACES_IN_TEXT, Witness, conventional_steps, declared_steps, known
from tiercel.findings.finding import Finding, Process, Step
from tiercel.findings.fingerprint import fingerprint
from tiercel.findings.lookup import Lookup, Place, fetch, place_of
from tiercel.findings.shapes import iso, plain
from tiercel.findings.surrogate import hosted, named
from tiercel.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tiercel.rules import Rule

__all__ = ["assemble", "assemble_rows", "unite"]

_MOST_STEPS: Final = 50
"""A finding shows at most this many steps: the first ones, and the last."""

_TECHNIQUE: Final = re.compile(r"\bT\d{4}(?:\.\d{3})?\b")
_SERVICE_ACCOUNTS: Final = frozenset({"system", "local service", "network service", "localsystem"})
_CALLER_ROLES: Final = ("logon", "service", "pipe", "connection")
_INSTANT: Final = pa.timestamp("us")
_LEVELS: Final = ("informational", "low", "medium", "high", "critical")


def assemble(
    rule: Rule, result: pa.Table, tables: Sequence[str], lookup: Lookup
) -> tuple[tuple[Finding, ...], tuple[Issue, ...]]:
    """The findings of a result, by time, and what is wrong with the rule's evidence table.

    `tables` are the stored tables that the rule reads. A result column named as one of AlertInfo's (`Title`,
    `Severity`, `AttackTechniques`), or `Confidence`, speaks for its row instead of the document; `Family`, `Strength`
    and `Links` (comma separated) say what kind of movement it is, how far it went, what ties it to the caller.
    """
    pieces, issues = assemble_rows(rule, result, tables, lookup)
    return unite(pieces), issues


def assemble_rows(
    rule: Rule, result: pa.Table, tables: Sequence[str], lookup: Lookup
) -> tuple[tuple[Finding, ...], tuple[Issue, ...]]:
    """One finding for each row of a result, as `assemble` would see it if it were alone, in the rows' order."""
    issues = tuple(_unknown_columns(rule, result.column_names))
    if not result.num_rows:
        return (), issues
    times = [field.name for field in result.schema if pa.types.is_timestamp(field.type) and field.name[:1] != "_"]
    rows = _rows(result, times)
    stored = [table for table in tables if table in TABLES]
    events = fetch(lookup, _places(rule, rows, times, stored))
    pieces = []
    for row in rows:
        device = known(row.get("DeviceName")) or known(row.get("DeviceId"))
        witnesses = (
            declared_steps(rule.evidence, row, events, device)
            if rule.evidence
            else conventional_steps(times, stored, row, events, device)
        )
        draft = _draft(row, device, witnesses)
        pieces.append(_finding(rule, _identity(rule, draft), draft))
    return tuple(pieces), issues


def unite(pieces: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, by time, with those of one rule and one identity made one, whatever order they come in.

    The earliest piece speaks for all; the steps of all are its evidence.
    """
    same: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for piece in pieces:
        same[piece.rule_id, piece.id].append(piece)
    return tuple(sorted((_united(group) for group in same.values()), key=_by_time))


def _united(pieces: Sequence[Finding]) -> Finding:
    if len(pieces) == 1:
        return pieces[0]
    first = min(pieces, key=lambda each: (*_by_time(each), json.dumps(dict(each.columns), sort_keys=True)))
    steps = sorted(
        dict.fromkeys(step for piece in pieces for step in piece.evidence), key=lambda step: (step.time, step.step)
    )
    return replace(
        first,
        account=_caller_account(steps),
        first_time=steps[0].time if steps else None,
        last_time=steps[-1].time if steps else None,
        evidence=_shortened(steps),
        rows=sum(piece.rows for piece in pieces),
    )


def _by_time(finding: Finding) -> tuple[datetime, str]:
    return finding.first_time or datetime.max.replace(tzinfo=UTC), finding.id


def _shortened(steps: Sequence[Step]) -> tuple[Step, ...]:
    return tuple(steps if len(steps) <= _MOST_STEPS else [*steps[: _MOST_STEPS - 1], steps[-1]])


@dataclass(frozen=True, slots=True)
class _Draft:
    """What one row tells."""

    row: Mapping[str, Any]
    device: str | None
    peer: str | None
    peer_name: str | None
    server: Process | None
    child: Process | None
    steps: tuple[Step, ...]


def _rows(result: pa.Table, times: Sequence[str]) -> list[dict[str, Any]]:
    """The result's rows as Python values, times being UTC without a zone at microseconds."""
    for name in times:
        index = result.column_names.index(name)
        if result.schema.field(index).type == _INSTANT:
            continue
        result = result.set_column(index, name, result.column(name).cast(_INSTANT, safe=False))
    rows: list[dict[str, Any]] = result.to_pylist()
    return rows


def _places(
    rule: Rule, rows: Iterable[Mapping[str, Any]], times: Sequence[str], tables: Sequence[str]
) -> Iterable[tuple[str, Place]]:
    """Where raw events may stand: the evidence table says it, or it is each time in each table that the rule reads."""
    for row in rows:
        if rule.evidence:
            asked = [
                (each.table, row.get(each.time), known(row.get(each.device)) if each.device else None)
                for each in rule.evidence
                if each.table
            ]
        else:
            asked = [(table, row.get(time), None) for table in tables for time in times]
        for table, time, device in asked:
            if isinstance(time, datetime) and (place := place_of(row, time, device)):
                yield table, place


def _draft(row: Mapping[str, Any], device: str | None, witnesses: Sequence[Witness]) -> _Draft:
    by_role: dict[str, Witness] = {}
    for witness in witnesses:
        by_role.setdefault(witness.step.role, witness)
    child = by_role["child"].process if "child" in by_role else None
    parent = by_role["child"].parent if "child" in by_role else Process()
    server = next((by_role[role].process for role in ("server", "connection") if role in by_role), parent)
    if server.pid is not None and server.pid == parent.pid:
        server = replace(
            server,
            name=server.name or parent.name,
            command_line=server.command_line or parent.command_line,
            start=server.start or parent.start,
        )
    told = [witness for witness in witnesses if witness.step.peer]
    told_names = [
        name
        for witness in told
        for column in ("RemoteDeviceName", "RemoteUrl")
        if witness.event and (name := known(witness.event.get(column)))
    ]
    peer = next((witness.step.peer for witness in told), None) or known(row.get("RemoteIP"))
    return _Draft(
        row=row,
        device=device or next((witness.step.device for witness in witnesses if witness.step.device), None),
        peer=peer if isinstance(peer, str) else None,
        peer_name=known(row.get("RemoteDeviceName")) or next(iter(told_names), None),
        server=server if server != Process() else None,
        child=child if child != Process() else None,
        steps=tuple(_with_application(witness.step) for witness in witnesses),
    )


def _with_application(step: Step) -> Step:
    """The step, a surrogate's with the application that it hosts."""
    application = hosted(step.process, step.command_line)
    return replace(step, text=f"{step.text}, which hosts {application}") if application else step


def _identity(rule: Rule, draft: _Draft) -> str:
    """The fingerprint of rule, device, caller, server process and child.

    A row without either process is told from others by all it holds, but for what an importer numbered and dated:
    the same event has another ReportId in another import.
    """
    parts: list[str | None] = [rule.id, known(draft.row.get("DeviceId")) or draft.device, draft.peer]
    for process in (draft.server, draft.child):
        pid = process.pid if process else None
        parts += [process.name if process else None, None if pid is None else str(pid)]
    started = (draft.child or draft.server or Process()).start
    parts.append(iso(started) if started else None)
    if draft.server is None and draft.child is None:
        told = {name: value for name, value in draft.row.items() if name != "ReportId" and name[:1] != "_"}
        parts.append(orjson.dumps(plain(told), option=orjson.OPT_SORT_KEYS).decode())
    return fingerprint(parts)


def _finding(rule: Rule, identity: str, draft: _Draft) -> Finding:
    row = draft.row
    steps = sorted(dict.fromkeys(draft.steps), key=lambda step: (step.time, step.step))
    server, child = _aware(draft.server), _aware(draft.child)
    evidence = tuple(replace(step, time=step.time.replace(tzinfo=UTC)) for step in _shortened(steps))
    techniques = tuple(dict.fromkeys(_TECHNIQUE.findall(str(row.get("AttackTechniques") or ""))))
    title = row.get("Title")
    return Finding(
        id=identity,
        rule_id=rule.id,
        title=title if isinstance(title, str) and title else rule.title,
        techniques=techniques or rule.techniques,
        tactics=rule.tactics,
        severity=_level(row.get("Severity"), rule.severity),
        confidence=_level(row.get("Confidence"), rule.confidence),
        summary=_summary(rule, draft),
        device=draft.device,
        device_id=known(row.get("DeviceId")),
        peer_ip=draft.peer,
        peer_name=draft.peer_name,
        account=_caller_account(steps),
        first_time=evidence[0].time if evidence else None,
        last_time=evidence[-1].time if evidence else None,
        server=server,
        child=child,
        evidence=evidence,
        family=known(row.get("Family")),
        strength=known(row.get("Strength")),
        links=tuple(link for link in str(row.get("Links") or "").split(",") if link),
        rules=(rule.id,),
        columns=plain(dict(row)),
    )


def _aware(process: Process | None) -> Process | None:
    return replace(process, start=process.start.replace(tzinfo=UTC)) if process and process.start else process


def _level(told: Any, otherwise: str) -> str:
    return told.lower() if isinstance(told, str) and told.lower() in _LEVELS else otherwise


def _caller_account(steps: Sequence[Step]) -> str | None:
    """The account that the caller used, else the one that server or child runs as, unless that is Windows' own."""
    for role in (*_CALLER_ROLES, "server", "child"):
        for step in steps:
            if step.role == role and step.account:
                name = step.account.rpartition("\\")[2].lower()
                if role in _CALLER_ROLES or not (name in _SERVICE_ACCOUNTS or name.endswith("$")):
                    return step.account
    return None


def _summary(rule: Rule, draft: _Draft) -> str:
    """One sentence that says what happened, as far as the row tells."""
    caller = draft.peer or draft.peer_name or "another host"
    where = f" on {draft.device}" if draft.device else ""
    server, child = named(draft.server), named(draft.child)
    if child is None and server is None:
        return f"{rule.title}{where}"
    if child is None:
        return f"{caller} reached {server}{where}"
    if draft.peer is None and draft.peer_name is None:
        return f"{server or 'a process'}{where} started {child}"
    if server is None:
        return f"{caller} had {child} started{where}"
    return f"{caller} reached {server}{where}, which started {child}{_distance(draft.steps)}"


def _distance(steps: Sequence[Step]) -> str:
    """How long after the connection the child started, where both are known."""
    at = {step.role: step.time for step in reversed(steps)}
    if not {"connection", "child"} <= at.keys() or at["child"] < at["connection"]:
        return ""
    return f" {(at['child'] - at['connection']).total_seconds():.3f} s later"


def _unknown_columns(rule: Rule, columns: Sequence[str]) -> Iterable[Issue]:
    """The names in the rule's evidence table that its result does not have."""
    for step in rule.evidence:
        named = {
            step.time, step.process, step.process_id, step.command_line, step.start, step.account, step.peer,
            step.device, *PLACES_IN_TEXT.findall(step.text),
        }  # fmt: skip
        for name in sorted(named - {"", *columns}):
            import difflib  # noqa: PLC0415  few rules name what is not there

            close = difflib.get_close_matches(name, columns, 1)
            yield Issue(
                "evidence-unknown-column",
                f"the step `{step.step}` names the column `{name}`, which the query's result does not have",
                Span(rule.path, step.line, 1),
                f"did you mean `{close[0]}`?" if close else "",
                Severity.WARNING,
            )
