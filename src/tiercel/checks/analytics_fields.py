"""Whether a Sentinel rule's fields are there and hold what Sentinel takes."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from tiercel.errors import Issue, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.checks.analytics import Analytics
    from tiercel.checks.subject import Subject

__all__ = ["check_analytics_fields"]

_REQUIRED: Final = ("id", "name", "description", "severity", "requiredDataConnectors", "tactics", "query")
_SCHEDULE: Final = ("queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold")
_CHOICES: Final = {
    "kind": ("Scheduled", "NRT"),
    "severity": ("Informational", "Low", "Medium", "High"),
    "triggerOperator": ("gt", "lt", "eq", "ne", "GreaterThan", "LessThan", "Equal", "NotEqual"),
}
_LONGEST: Final = {"name": 256, "description": 5_000, "query": 10_000}
_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ISO_SPAN: Final = re.compile(r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?")
_SPAN: Final = re.compile(r"([0-9]+)([dhm])")
_DAY: Final = 24 * 60


def check_analytics_fields(subject: Subject) -> Iterator[Issue]:
    """The template's fields, as Microsoft's repository of rules checks them.

    A scheduled rule has a frequency and a period (5 minutes to 14 days, the period not below the frequency; a period of
    2 days or more wants an hour or more between runs), a trigger and a threshold up to 10,000; an NRT rule has none of
    these. Hunting queries, which have no `kind`, are not held to them.
    """
    document = subject.analytics
    if document is None or document.text("kind") is None:
        return
    fields = document.fields
    deployed = "properties" in document.root.fields
    for name in _REQUIRED:
        if name not in fields and not (deployed and name in {"id", "name", "requiredDataConnectors"}):
            yield _issue(document, "", f"the field `{name}` is missing", severity=Severity.ERROR)
    yield from _values(document, deployed=deployed)
    yield from _schedule(document)


def _issue(
    document: Analytics, field: str, message: str, hint: str = "", severity: Severity = Severity.WARNING
) -> Issue:
    return Issue("analytics-field", message, document.place(document.fields.get(field)), hint, severity)


def _values(document: Analytics, *, deployed: bool) -> Iterator[Issue]:
    for name, choices in _CHOICES.items():
        value = document.text(name)
        if value is not None and value not in choices:
            near = get_close_matches(value, choices, n=1, cutoff=0.5)
            hint = f"did you mean `{near[0]}`?" if near else f"one of {', '.join(choices)}"
            yield _issue(
                document, name, f"`{name}` is `{value[:40]}`, which Sentinel does not know", hint, Severity.ERROR
            )
    for name, longest in _LONGEST.items():
        value = document.text(name)
        if value is not None and len(value) > longest:
            yield _issue(document, name, f"`{name}` has {len(value):,} characters, Sentinel takes {longest:,}")
    identifier = document.text("id")
    if identifier is not None and not deployed and not _GUID.fullmatch(identifier):
        yield _issue(document, "id", "`id` is no guid")
    threshold = document.text("triggerThreshold")
    if threshold is not None and not (threshold.isascii() and threshold.isdigit() and int(threshold[:6]) <= 10_000):
        yield _issue(
            document, "triggerThreshold", "`triggerThreshold` is a number from 0 to 10,000", "", Severity.ERROR
        )


def _schedule(document: Analytics) -> Iterator[Issue]:
    present = [name for name in _SCHEDULE if name in document.fields]
    if document.text("kind") == "NRT":
        for name in present:
            yield _issue(document, name, f"an NRT rule has no `{name}`")
        return
    for name in _SCHEDULE:
        if name not in present:
            yield _issue(document, "", f"the field `{name}` is missing", severity=Severity.ERROR)
    minutes: dict[str, int] = {}
    for name in ("queryFrequency", "queryPeriod"):
        value = document.text(name)
        if value is None:
            continue
        span = _minutes(value)
        if span is None:
            yield _issue(
                document, name, f"`{value[:40]}` is no span of time", "write `1h`, `1d` or `PT1H`", Severity.ERROR
            )
        elif not 5 <= span <= 14 * _DAY:
            yield _issue(document, name, f"`{name}` lies between 5 minutes and 14 days", "", Severity.ERROR)
        else:
            minutes[name] = span
    if len(minutes) == 2:
        frequency, period = minutes["queryFrequency"], minutes["queryPeriod"]
        if period < frequency:
            yield _issue(
                document, "queryPeriod", "the period is shorter than the frequency: events between are not seen"
            )
        if period >= 2 * _DAY and frequency < 60:
            yield _issue(
                document, "queryFrequency", "a period of 2 days or more wants an hour or more between two runs"
            )


def _minutes(text: str) -> int | None:
    """The minutes of `5m`, `1h`, `P1DT2H`; None where the text is no span, or has parts of a minute."""
    match = _SPAN.fullmatch(text.strip())
    if match is not None:
        return int(match[1][:6]) * {"d": _DAY, "h": 60, "m": 1}[match[2]]
    match = _ISO_SPAN.fullmatch(text.strip())
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = (int((part or "0")[:6]) for part in match.groups())
    return None if seconds % 60 else days * _DAY + hours * 60 + minutes + seconds // 60
