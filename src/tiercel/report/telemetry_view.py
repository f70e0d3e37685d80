"""What was imported and which rules ran, as the page shows it: nothing that was not looked at stays unsaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tiercel.report.context import Clock, Fact, Failure, File, IssueView, RuleView, Suppressed, Telemetry
from tiercel.report.words import duration, paragraphs, text
from tiercel.shown import moment, plural

if TYPE_CHECKING:
    from tiercel import errors
    from tiercel.hunt import Result, RuleFailure, RuleRun
    from tiercel.saved import Saved
    from tiercel.telemetry import report

__all__ = ["caution_of", "view_failure", "view_issue", "view_rule", "view_suppressed", "view_telemetry"]

_MOST_FILES: Final = 200
_MOST_CLOCKS: Final = 100
_MOST_EXAMPLES: Final = 10


def view_telemetry(saved: Saved) -> Telemetry:
    """What the import says of itself."""
    imported = saved.result.report
    reasons = imported.skipped
    tables = [(name, count) for name, count in imported.tables.items() if count]
    return Telemetry(
        is_known=saved.is_whole,
        summary=tuple(_summary(imported)),
        files=tuple(_file(each) for each in imported.files[:_MOST_FILES]),
        files_left_out=max(0, len(imported.files) - _MOST_FILES),
        tables=tuple(Fact(text(name), f"{count:,}") for name, count in tables),
        skipped=tuple(Fact(text(reason), f"{count:,}") for reason, count in reasons.items()),
        clocks=tuple(_clock(each) for each in imported.clocks[:_MOST_CLOCKS]),
        clocks_left_out=max(0, len(imported.clocks) - _MOST_CLOCKS),
        issues=tuple(view_issue(each) for each in imported.issues),
    )


def _summary(imported: report.ImportReport) -> list[str]:
    if imported.files:
        skipped = imported.read - imported.kept
        told = f"{plural(imported.read, 'record')} of {plural(len(imported.files), 'file')} read"
        lines = [f"{told}: {imported.kept:,} kept, {skipped:,} skipped."]
    else:
        lines = [f"A lake of {plural(sum(imported.tables.values()), 'row')}."]
    if imported.oldest and imported.newest:
        lines.append(f"Events from {moment(imported.oldest)[:-4]} to {moment(imported.newest)[:-4]} UTC.")
    again = sum(imported.duplicates.values())
    if again:
        lines.append(f"{plural(again, 'event')} told again of what another had told; each is counted once.")
    guessed = sum(count for how, count in imported.orientation.items() if how.startswith("guessed"))
    if guessed:
        lines.append(f"Of {plural(guessed, 'connection')} it was guessed which side is the device's own.")
    lines += [
        text(f"{name.device} is also written {', '.join(name.written)}.", 400)
        for name in imported.names[:_MOST_EXAMPLES]
    ]
    return lines


def _file(file: report.FileReport) -> File:
    damaged = f"{plural(file.damaged, 'damaged place')}" if file.damaged else ""
    return File(
        name=text(file.name, 400),
        format=text(file.format),
        read=f"{file.read:,}",
        kept=f"{file.kept:,}",
        skipped=f"{file.read - file.kept:,}",
        note=text("; ".join(part for part in (file.reason, damaged) if part), 400),
    )


def _clock(clock: report.Clock) -> Clock:
    return Clock(
        device=text(clock.device, 160),
        clock=text(clock.clock, 160),
        offset=f"{clock.offset:+,.2f} s",
        known_from=text(clock.known_from, 160),
        rows=f"{clock.rows:,}",
    )


def view_issue(issue: errors.Issue) -> IssueView:
    """An issue with its place in the user's file."""
    return IssueView(
        severity=issue.severity.value,
        code=text(issue.code, 80),
        message=text(issue.message),
        place=text(issue.span, 400),
        line=text(issue.span.text.strip(), 400) if issue.span else "",
        hint=text(issue.hint, 400),
    )


def view_rule(run: RuleRun, *, is_known: bool) -> RuleView:
    """A rule that ran. What its run cost is known from a whole result alone."""
    cost = f"{plural(run.rows, 'row')} in {duration(run.seconds)}" if is_known else ""
    return RuleView(
        id=text(run.rule.id, 160),
        title=text(run.rule.title, 300),
        findings=run.findings,
        cost=cost,
        response=paragraphs(run.rule.response),
        blind_spots=paragraphs(run.rule.blind_spots),
        false_positives=paragraphs(run.rule.false_positives),
    )


def view_failure(failure: RuleFailure) -> Failure:
    """A rule that did not run, and why."""
    return Failure(
        rule=text(failure.rule_id or failure.path, 300),
        path=text(failure.path, 400),
        issues=tuple(view_issue(each) for each in failure.issues),
    )


def view_suppressed(result: Result) -> tuple[Suppressed, ...]:
    """What each environment filter took."""
    return tuple(
        Suppressed(
            filter=text(run.id, 160),
            state=text(run.state, 80),
            reason=text(run.reason, 400),
            owner=text(run.owner, 160),
            expires=text(run.expires, 80),
            rows=f"{run.rows:,}",
            findings=f"{run.findings:,}",
            examples=tuple(text(each.finding.summary, 400) for each in result.suppressed if each.filter == run.id)[
                :_MOST_EXAMPLES
            ],
        )
        for run in result.filters
    )


def caution_of(saved: Saved) -> tuple[str, ...]:
    """What a reader of the findings must know: where nothing was looked at."""
    result = saved.result
    told = []
    if not saved.is_whole:
        told.append("Only findings were saved: what was imported, and which rules did not run, is not known here.")
    failed = [issue for issue in result.report.issues if issue.severity.value == "error"]
    if failed:
        told.append(f"{plural(len(failed), 'input')} could not be read, or not to the end.")
    if result.rules_failed:
        told.append(f"{plural(len(result.rules_failed), 'rule')} did not run.")
    empty = [issue for issue in result.warnings if issue.code == "table-empty"]
    if empty:
        told.append(f"{plural(len(empty), 'table')} that rules read held no rows.")
    return tuple(told)
