"""A saved result as the page's context: everything that the templates show, ready to be read."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from tiercel.report.context import Facet, Fact, Page
from tiercel.report.events import EVENT_BYTES, LONGEST_EVENT, Events
from tiercel.report.finding_view import LEVELS, rank_of, view_finding
from tiercel.report.hosts import Hosts
from tiercel.report.movement import graph_data, longest_path, view_movement, view_paths
from tiercel.report.shell import shell
from tiercel.report.telemetry_view import (
    caution_of,
    view_failure,
    view_issue,
    view_rule,
    view_suppressed,
    view_telemetry,
)
from tiercel.report.words import LONGEST, clock_time, day, listed, text
from tiercel.rules import read_catalog
from tiercel.shown import moment, plural
from tiercel.telemetry.originals import read_originals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tiercel.findings import Finding
    from tiercel.report.context import FindingView
    from tiercel.rules import Rule
    from tiercel.saved import Saved
    from tiercel.telemetry.originals import Original

__all__ = ["originals_of", "read_page"]


_MOST_FINDINGS: Final = 1000
"""A page of more findings is read by nobody, and slowly by a browser: the worst ones are shown."""


def originals_of(
    saved: Saved, folders: Sequence[Path], *, progress: Callable[[str], None] | None = None
) -> dict[str, Original]:
    """The raw events that the page of a result leads to, by source.

    Args:
        saved: the result.
        folders: where files that the result names relatively are looked for.
        progress: called with the name of each file before it is read.

    """
    sources = (source for finding in _worst(saved.result.findings) for source in _sources(finding))
    return read_originals(sources, folders, longest=LONGEST_EVENT, progress=progress)


def read_page(
    saved: Saved, originals: Mapping[str, Original], *, longest: int = LONGEST, event_bytes: int = EVENT_BYTES
) -> Page:
    """The page of a result.

    Args:
        saved: the result.
        originals: the raw events, as `originals_of` gives them.
        longest: so many characters a command line or sentence of an event may take; the raw event has the rest.
        event_bytes: so many bytes the raw events may take.

    """
    result = saved.result
    shown_findings = _worst(result.findings)
    events = Events(originals)
    rules = {run.rule.id: run.rule for run in result.rules_run}
    names = _technique_names([*read_catalog().rules, *rules.values()])
    hosts = Hosts(name for finding in shown_findings for name in _host_names(finding))
    findings = tuple(
        view_finding(each, rules, names, clocks=result.report.clocks, hosts=hosts, events=events, longest=longest)
        for each in shown_findings
    )
    return Page(
        shell=shell(_json(graph_data(findings)), events.packed(event_bytes)),
        title=_title(findings, shown_findings),
        headline=_headline(findings),
        summary=(*_summary(findings, shown_findings), *longest_path(result.paths, hosts)),
        facts=tuple(_facts(findings)),
        made=f"Made by Tiercel {version('tiercel')} on {moment(datetime.now(UTC))[:-7]} UTC; "
        f"hunted as of {moment(result.now)[:-4]} UTC.",
        caution=(*_left_out(len(result.findings), len(findings)), *caution_of(saved)),
        findings=findings,
        severities=_facets((each.severity for each in findings), LEVELS),
        techniques=_facets(technique.id for each in findings for technique in each.techniques),
        devices=_facets(name for each in findings for name in {each.target, each.source}),
        movement=view_movement(findings),
        paths=view_paths(result.paths, findings, hosts),
        telemetry=view_telemetry(saved),
        rules=tuple(view_rule(each, is_known=saved.is_whole) for each in result.rules_run),
        failures=tuple(view_failure(each) for each in result.rules_failed),
        warnings=tuple(view_issue(each) for each in (*result.filter_issues, *result.warnings)),
        suppressed=view_suppressed(result),
    )


def _worst(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that the page shows, in their order."""
    if len(findings) <= _MOST_FINDINGS:
        return tuple(findings)
    ranked = sorted(range(len(findings)), key=lambda index: (rank_of(findings[index].severity), index))
    return tuple(findings[index] for index in sorted(ranked[:_MOST_FINDINGS]))


def _left_out(all_of_them: int, shown: int) -> Iterator[str]:
    if shown < all_of_them:
        yield f"This page shows the {shown:,} worst of {all_of_them:,} findings; the saved result holds all of them."


def _sources(finding: Finding) -> Iterator[str]:
    """The raw events that a finding's part of the page leads to."""
    attribution = finding.attribution
    places: list[Any] = [*finding.evidence]
    if attribution:
        places += [attribution.caller, *attribution.mirrors, *attribution.followed]
        places += [*attribution.tree, *attribution.caller_tree]
        places += [attribution.logon] if attribution.logon else []
    yield from (place.source for place in places if place.source)


def _host_names(finding: Finding) -> Iterator[str | None]:
    """Every name that the finding has for a host."""
    yield from (finding.device, finding.peer_name)
    if finding.attribution:
        yield finding.attribution.caller.device


def _technique_names(rules: Iterable[Rule]) -> dict[str, str]:
    """ATT&CK's names by id, as rule documents give them."""
    return {row.attack_id: row.name.replace(" - ", ": ") for rule in rules for row in rule.attack if row.name}


def _facets(values: Iterable[str], order: Sequence[str] = ()) -> tuple[Facet, ...]:
    """Each value with its count: in the order given, else the most frequent first."""
    counts = Counter(value for value in values if value)
    ranked = sorted(
        counts.items(), key=lambda pair: (order.index(pair[0]) if pair[0] in order else 99, -pair[1], pair[0])
    )
    return tuple(Facet(value, value, count) for value, count in ranked)


def _title(views: Sequence[FindingView], findings: Sequence[Finding]) -> str:
    if not views:
        return "Nothing found"
    first = min((each.first_time for each in findings if each.first_time), default=None)
    return text(
        f"{plural(len(views), 'finding')} on {listed(_targets(views), 2)}{', ' + day(first) if first else ''}", 200
    )


def _targets(views: Iterable[FindingView]) -> list[str]:
    return list(dict.fromkeys(each.target for each in views))


def _headline(views: Sequence[FindingView]) -> str:
    """What was found, in one sentence."""
    if not views:
        return "No lateral movement was found in this telemetry."
    ran = sum(each.has_run for each in views)
    targets, sources = _targets(views), list(dict.fromkeys(each.source for each in views))
    if len(targets) <= 2 and len(sources) <= 2:
        reached = f"{listed(sources)} reached {listed(targets)}"
    else:
        callers = listed(sources) if len(sources) <= 2 else plural(len(sources), "caller")
        reached = f"{plural(len(targets), 'host')} {'was' if len(targets) == 1 else 'were'} reached from {callers}"
    if not ran:
        return f"{reached}; nothing was seen to run there."
    if ran == len(views):
        return f"{reached}, and something was run there{'' if ran == 1 else ' each time'}."
    return f"{reached}; something was run there in {ran:,} of {len(views):,} cases."


def _summary(views: Sequence[FindingView], findings: Sequence[Finding]) -> Iterator[str]:
    """The rest in a few sentences."""
    if not views:
        yield "That is an answer about this telemetry alone: see below what was imported and which rules ran."
        return
    first = min((each.first_time for each in findings if each.first_time), default=None)
    last = max((each.last_time for each in findings if each.last_time), default=None)
    if first and last:
        ended = (
            f"at {clock_time(last)[:-4]}" if day(first) == day(last) else f"on {day(last)} at {clock_time(last)[:-4]}"
        )
        yield f"It began on {day(first)} at {clock_time(first)[:-4]}; the last event of it is {ended} UTC."
    accounts = list(dict.fromkeys(each.account for each in views if each.account))
    if accounts:
        yield f"{'The account used is' if len(accounts) == 1 else 'The accounts used are'} {listed(accounts)}."
    rank = min(rank_of(each.severity) for each in views)
    worst = [each for each in views if rank_of(each.severity) == rank]
    sure = sum(each.confidence == "high" for each in views)
    severity = worst[0].severity if len(worst) == len(views) else f"{worst[0].severity} in {len(worst):,}"
    if len(views) == 1:
        yield f"Its severity is {views[0].severity}, the confidence {views[0].confidence}."
    else:
        yield f"Of {len(views):,} findings the severity is {severity}, the confidence high in {sure:,}."


def _facts(views: Sequence[FindingView]) -> Iterator[Fact]:
    """The numbers at the top."""
    yield Fact("findings", f"{len(views):,}")
    yield Fact("targets", f"{len(set(_targets(views))):,}")
    yield Fact("callers", f"{len({each.source for each in views}):,}")
    yield Fact("accounts", f"{len({each.account for each in views if each.account}):,}")


def _json(value: object) -> Markup:
    """JSON that cannot end the script element it stands in, nor open a comment there."""
    raw = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return Markup(raw.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S704  nothing of HTML is left in it
