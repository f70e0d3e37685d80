"""What the store makes of findings seen again, and of those that overlapping windows saw only in part.

A *sighting* is what one rule by itself found. A window that ends in the middle of an attack gives a sighting that
tells less than the next window's; neither may become an alert of its own beside the other.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Final

from tiercel.findings.merge import MOST_STEPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from tiercel.findings import Finding, Process, Step

__all__ = ["device_key", "fuller", "heirs", "united"]

_PROCESS_FACTS: Final = ("name", "pid", "start")


def device_key(finding: Finding) -> str:
    """What stands for the finding's device, in one letter case."""
    return (finding.device_id or finding.device or "").casefold()


def fuller(known: Finding, again: Finding) -> Finding:
    """Two sightings with one id as one: every step of both, and the words of the one that begins earlier.

    Where both begin at once, the one with more steps speaks, and of two alike the one that was known.
    """
    steps = _steps([*known.evidence, *again.evidence])
    speaks = min((known, again), key=lambda each: (each.first_time is None, each.first_time, -len(each.evidence)))
    other = again if speaks is known else known
    evidence = tuple(steps if len(steps) <= MOST_STEPS else [*steps[: MOST_STEPS - 1], steps[-1]])
    first = [each.first_time for each in (known, again) if each.first_time]
    last = [each.last_time for each in (known, again) if each.last_time]
    return replace(
        speaks,
        evidence=evidence,
        first_time=min(first, default=None),
        last_time=max(last, default=None),
        rows=max(known.rows, again.rows),
        server=_completed(speaks.server, other.server),
        child=_completed(speaks.child, other.child),
        account=speaks.account or other.account,
        peer_name=speaks.peer_name or other.peer_name,
    )


def united(sightings: Iterable[Finding]) -> dict[str, Finding]:
    """The sightings by id, those with one id made one."""
    by_id: dict[str, Finding] = {}
    for each in sightings:
        by_id[each.id] = fuller(by_id[each.id], each) if each.id in by_id else each
    return by_id


def heirs(sightings: Mapping[str, Finding], found: Collection[str], known: Collection[str]) -> dict[str, str]:
    """The sightings that tell only part of what another one of the same rule tells, and the id of that one.

    Either a known one that this look did not find again beside a found one that tells more, or a found one that is new
    beside a known one that tells more and was not found: a window in which only a part of the attack lies. What one
    look finds side by side stays side by side.
    """
    alike: dict[tuple[str, str], list[tuple[Finding, frozenset[Any]]]] = defaultdict(list)
    for name in sorted(sightings):
        each = sightings[name]
        alike[each.rule_id, device_key(each)].append((each, _step_keys(each)))
    inheritance: dict[str, str] = {}
    for together in alike.values():
        for each, steps in together:
            if not steps or (each.id in found and each.id in known):
                continue
            for other, more in together:
                is_apart = (each.id in found) != (other.id in found)
                if is_apart and steps <= more and _agrees(each, other) and inheritance.get(other.id) != each.id:
                    inheritance[each.id] = other.id
                    break
    return {name: _last(inheritance, name) for name in inheritance}


def _last(inheritance: Mapping[str, str], name: str) -> str:
    """Who inherits in the end: an heir may have one of its own."""
    for _ in inheritance:
        name = inheritance.get(name, name)
    return name


def _agrees(less: Finding, more: Finding) -> bool:
    """Whether `more` says the same wherever `less` says anything; of two that name no process nobody can say it."""
    if not any((less.server, less.child, more.server, more.child)):
        return False
    return all(one is None or one == other for one, other in zip(_facts(less), _facts(more), strict=True))


def _facts(finding: Finding) -> list[Any]:
    told: list[Any] = [finding.peer_ip]
    for process in (finding.server, finding.child):
        told += [getattr(process, name) if process else None for name in _PROCESS_FACTS]
    return [fact.lower() if isinstance(fact, str) else fact for fact in told]


def _steps(steps: Iterable[Step]) -> list[Step]:
    """Every step once, by time. Of one told twice, from two copies of its raw event, the first is kept."""
    once: dict[Any, Step] = {}
    for step in steps:
        once.setdefault(_step_key(step), step)
    return sorted(once.values(), key=lambda step: (step.time, step.step))


def _step_keys(finding: Finding) -> frozenset[Any]:
    return frozenset(map(_step_key, finding.evidence))


def _step_key(step: Step) -> tuple[Any, ...]:
    """What makes two steps one: where the event stands is left out, since an event may be stored twice."""
    return (step.step, step.role, step.time, (step.device or "").lower(), step.process_id, step.peer)


def _completed(process: Process | None, other: Process | None) -> Process | None:
    if process is None or other is None:
        return process or other
    if process.pid != other.pid:
        return process
    return replace(
        process,
        **{
            field.name: getattr(other, field.name)
            for field in fields(process)
            if getattr(process, field.name) is None and getattr(other, field.name) is not None
        },
    )
