"""The watcher: step after step, telemetry in, rules over what is new, alerts out."""

from __future__ import annotations

import os
import socket
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from tiercel.errors import Issue, Severity, TiercelError
from tiercel.tables.lake import Dataset, create_lake, is_lake
from tiercel.watch.intake import Arrived, newest_ingestion, take_in
from tiercel.watch.ledger import LeaseLostError, Ledger, Progress
from tiercel.watch.running import Ran, Runner
from tiercel.watch.schedule import schedule_of
from tiercel.watch.upkeep import keep_up
from tiercel.watch.windows import Span, Window, spans_of, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tiercel.alerts import Alert, AlertStore, Recorded
    from tiercel.filters import Filters
    from tiercel.rules import Rule
    from tiercel.tables.lake import Commit
    from tiercel.tables.places import Place
    from tiercel.watch.ledger import Found
    from tiercel.watch.schedule import Schedule
    from tiercel.watch.sources.source import Source

__all__ = ["Options", "Stepped", "Tell", "Watcher"]

_WINDOWS_AT_ONCE: Final = 48
"""Missed windows of a rule that are made up for in one step; the others follow in the next ones."""
_ROUNDS: Final = 64
"""Commits of one step, so that rules run now and then while a long backlog is imported."""
_FORGET_EVERY: Final = 288


class Tell(Protocol):
    """Takes what happens, for a log: the event's name and its facts."""

    def __call__(self, event: str, /, **facts: Any) -> None:
        """Write it down."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """How a watcher works.

    `lateness` bounds how late a row may be to be hunted still. `patience` is how long a step waits for rules; those
    that take longer go on beside the next steps (None: it waits for all). `lease` is how long a watcher that was killed
    keeps others from working.
    """

    every: timedelta = timedelta(minutes=5)
    lateness: timedelta = timedelta(days=7)
    patience: timedelta | None = timedelta(minutes=1)
    lease: timedelta = timedelta(minutes=2)
    workers: int = max(2, os.cpu_count() or 2)
    keeps_up: bool = True


@dataclass(slots=True)
class Stepped:
    """What a step did."""

    now: datetime
    arrived: Arrived = field(default_factory=Arrived)
    ran: list[Ran] = field(default_factory=list)
    recorded: Recorded | None = None
    issues: list[Issue] = field(default_factory=list)
    waits_for: str | None = None
    """The watcher that works, where this one stands by."""
    is_behind: bool = False
    """Whether there is more to do at once."""

    @property
    def new(self) -> tuple[Alert, ...]:
        """Alerts that were raised."""
        return self.recorded.new if self.recorded else ()

    @property
    def updated(self) -> tuple[Alert, ...]:
        """Alerts that were known, and tell more now."""
        return self.recorded.updated if self.recorded else ()

    @property
    def failed(self) -> bool:
        """Whether something must be tried again."""
        return any(ran.failed for ran in self.ran) or any(each.severity is Severity.ERROR for each in self.issues)


@dataclass(slots=True)
class _Task:
    """A rule at work on its windows."""

    rule: Rule
    future: Future[list[Ran]]


class Watcher:
    """Watches one lake with some rules. `step` does what is due; call it every so often, from one thread."""

    def __init__(
        self,
        lake: Place,
        rules: Sequence[Rule],
        store: AlertStore,
        *,
        sources: Sequence[Source] = (),
        options: Options | None = None,
        filters: Filters | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.lake = lake
        self.options = options or Options()
        self.rules = {rule.id: rule for rule in rules}
        self.schedules = {rule.id: schedule_of(rule, self.options.every) for rule in rules}
        # Rules of one reach follow each other, since they look at the same views.
        self._order = sorted(self.rules, key=lambda name: (self.schedules[name].reach, name))
        self._sources = sources
        self._tell: Tell = tell or _silent
        self._runner = Runner(self.options.lateness, filters, frozenset(self.rules))
        self._pools: list[ThreadPoolExecutor] = []
        self._tasks: dict[str, _Task] = {}
        self._spans: dict[int, tuple[Span, ...]] = {}
        self._newest: datetime | None = None
        self._known: Dataset | None = None
        self._compactions = self._steps = 0
        self._warned: set[Issue] = set()
        self.holder = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        if not is_lake(lake):
            create_lake(lake)
        self._ledger = Ledger(
            store, str(lake.resolve() if isinstance(lake, Path) else lake), lease=self.options.lease, holder=self.holder
        )
        self._progress: dict[str, Progress] = {}

    def close(self) -> None:
        """Let go of sources and workers, and of the lease, so that another watcher takes over at once."""
        self._runner.interrupt()
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)
        self._runner.close()
        for source in self._sources:
            source.close()
        self._ledger.release()

    def lags(self, now: datetime) -> dict[str, float]:
        """How many seconds ago each rule last looked at all that was there, by its id."""
        ran = {name: each.ran for name, each in self._progress.items() if each.ran is not None}
        return {name: max((now - moment).total_seconds(), 0.0) for name, moment in ran.items()}

    def failing(self) -> dict[str, str]:
        """Why each rule that fails does, by its id."""
        return {name: each.error for name, each in self._progress.items() if each.failures}

    def step(self, now: datetime | None = None) -> Stepped:
        """What was done: sources read, due rules run, their findings recorded, the lake kept small.

        `now` is UTC without a zone; the real time where it is not given. What fails is told in the report and tried
        again by the next step. Raises StoreError where the store itself cannot be used.
        """
        stepped = Stepped(now or datetime.now(UTC).replace(tzinfo=None))
        stepped.waits_for = self._ledger.acquire(datetime.now(UTC))
        if stepped.waits_for is not None:
            self._forget_all()
            return stepped
        try:
            self._take_in(stepped)
            self._renew()
            self._hunt(stepped)
            self._renew()
            self._keep_up(stepped)
        except LeaseLostError as error:
            self._forget_all()
            stepped.issues.append(Issue("watch-lease", str(error), severity=Severity.WARNING))
        if stepped.failed:  # whatever was wrong, what is known of the lake is not what the next step rests on
            self._known = None
        self._told(stepped)
        self._steps += 1
        return stepped

    def _renew(self) -> None:
        """The lease goes on. Raises LeaseLostError where it ended and another watcher works by now."""
        other = self._ledger.acquire(datetime.now(UTC))
        if other is not None:
            raise LeaseLostError(f"the watcher {other} has taken over; what this step read is in the lake")

    def _forget_all(self) -> None:
        """Another watcher works: what this one knows of progress and offsets is of no use any more."""
        self._progress = {}
        self._known = None
        for source in self._sources:
            source.again()

    def _opened(self) -> Dataset:
        """The lake as it stands now: its log is read on from where it was read before, not from its beginning."""
        self._known = Dataset.open(self.lake) if self._known is None else self._known.newer()
        return self._known

    def _take_in(self, stepped: Stepped) -> None:
        """Reads the sources to their end, as far as one step goes."""
        if self._newest is None:
            self._newest = newest_ingestion(self._opened())
        if self._newest is not None and stepped.now < self._newest:
            gap = self._newest - stepped.now
            message = f"the clock is {gap} behind the newest row of the lake: it was set back, or another one is fast"
            hint = "rows go on being numbered by the lake's commits, so none is missed; now() stays at the newest row"
            if gap > timedelta(seconds=5):
                stepped.issues.append(Issue("watch-clock", message, hint=hint, severity=Severity.WARNING))
            stepped.now = self._newest
        if not self._sources:
            return
        total = Arrived()
        for _ in range(_ROUNDS):
            try:
                arrived = take_in(self.lake, self._sources, stepped.now, self._known)
            except TiercelError as error:
                hint = "nothing of it was kept by half; it is tried again at the next step"
                total = replace(total, issues=(*total.issues, Issue("watch-import", str(error), hint=hint)))
                break
            if arrived.commit is not None:
                self._newest = arrived.commit.ingestion_time
                stepped.issues += self._too_late(arrived.commit, stepped.now)
            total = Arrived(
                total.records + arrived.records,
                total.rows + arrived.rows,
                total.known + arrived.known,
                total.bytes + arrived.bytes,
                arrived.is_behind,
                (*total.issues, *(each for each in arrived.issues if each not in total.issues)),
                arrived.commit or total.commit,
                Counter(total.tables) + Counter(arrived.tables),
            )
            if not arrived.is_behind:
                break
            self._renew()
        stepped.arrived = total
        stepped.is_behind = total.is_behind
        stepped.issues += total.issues

    def _too_late(self, commit: Commit, now: datetime) -> Iterator[Issue]:
        """A warning where rows came in that are not hunted any more."""
        oldest = now - self.options.lateness
        rows = sum(part.rows for part in commit.adds if part.last is not None and part.last < oldest)
        if rows:
            message = f"{rows:,} rows happened before {oldest:%Y-%m-%d %H:%M} UTC: they are in the lake and not hunted"
            hint = "a longer --lateness hunts them as they come in; `tiercel hunt` on the lake hunts all of it"
            yield Issue("watch-too-late", message, hint=hint, severity=Severity.WARNING)

    def _hunt(self, stepped: Stepped) -> None:
        """Runs the rules that are due, and records what those found that came to their end."""
        dataset = self._opened()
        stepped.issues += dataset.issues
        if not self._progress:
            self._progress = self._ledger.progress()
        self._runner.follow(list(self.rules.values()), self.schedules, dataset, stepped.now)
        self._hire()
        for name in self._order:
            if name in self._tasks:
                continue
            windows = self._windows(name, dataset, stepped.now)
            if windows:
                stepped.is_behind |= len(windows) > _WINDOWS_AT_ONCE
                self._start(name, windows[:_WINDOWS_AT_ONCE], dataset)
        patience = self.options.patience
        wait(
            [task.future for task in self._tasks.values()],
            timeout=patience.total_seconds() if patience is not None else None,
        )
        ended = {name: task for name, task in self._tasks.items() if task.future.done()}
        for name in self._tasks.keys() - ended.keys():
            self._tell("slow", rule=name, words="goes on beside the next steps")
        for name in ended:
            del self._tasks[name]
        self._record({name: task.future.result() for name, task in ended.items()}, stepped)

    def _windows(self, name: str, dataset: Dataset, now: datetime) -> list[Window]:
        """The windows that the rule has not looked at yet; none where it is not due."""
        progress = self._progress.get(name)
        if progress is None or progress.ran is None or progress.version + 1 < dataset.oldest_commit:
            oldest = now - self.options.lateness
            parts = (part for parts in dataset.tables.values() for part in parts if part.day)
            spans = together(Span(part.first, part.last) for part in parts if part.first and part.last)
            recent = tuple(span for span in spans if span.last >= oldest)
            return [Window(now, recent, dataset.version)] if recent else []
        schedule = self.schedules[name]
        if now < progress.ran + schedule.every and not progress.failures:
            return []
        return list(self._missed(name, progress, schedule, dataset, now))

    def _missed(
        self, name: str, progress: Progress, schedule: Schedule, dataset: Dataset, now: datetime
    ) -> Iterator[Window]:
        """One window for each period of the rule's schedule in which something came in, oldest first."""
        begun = progress.ran or now
        current, spans, version = 0, list[Span](), progress.version
        is_new = False
        # What came in after the last whole period belongs to it: a rule that is due has one window, not one and a rest.
        last = max(int((now - begun) / schedule.every) - 1, 0)
        for commit in self._commits(progress.version, dataset):
            ingested = commit.ingestion_time or commit.at
            # A clock that was set back makes no window older than the one before: commits come in their own order.
            period = int((ingested - begun) / schedule.every) if ingested > begun else current
            number = max(current, min(period, last))
            if number > current and spans:
                yield Window(min(begun + (current + 1) * schedule.every, now), together(spans), version)
                spans = []
            current = number
            spans += self._relevant(commit.version, name)
            version = commit.version
            is_new = True
        if is_new:
            yield Window(now, together(spans), version)

    def _relevant(self, version: int, rule: str) -> tuple[Span, ...]:
        """When those rows of a commit happened that the rule can use; when all did where that is not known."""
        recent = self._runner.recent
        spans = recent.spans(version, rule) if recent is not None else None
        return self._spans[version] if spans is None else spans

    def _commits(self, since: int, dataset: Dataset) -> Iterator[Commit]:
        """The commits that brought rows, read once each; what their parts span is remembered."""
        for commit in dataset.commits(since):
            spans = self._spans.setdefault(commit.version, spans_of(commit))
            if spans:
                yield commit

    def _start(self, name: str, windows: Sequence[Window], dataset: Dataset) -> None:
        """Sets a worker to the rule."""
        rule, schedule = self.rules[name], self.schedules[name]
        self._tasks[name] = _Task(rule, self._pools[-1].submit(self._run, rule, schedule, windows, dataset))

    def _hire(self) -> None:
        """Sees that slow rules of earlier steps leave a worker to the others."""
        if len(self._tasks) >= self.options.workers * len(self._pools):
            self._pools.append(ThreadPoolExecutor(self.options.workers, "tiercel-rule"))

    def _run(self, rule: Rule, schedule: Schedule, windows: Sequence[Window], dataset: Dataset) -> list[Ran]:
        """The rule's runs, window after window, up to the first that fails."""
        done = []
        for window in windows:
            done.append(self._runner.run(rule, schedule, window, dataset))
            if done[-1].failed:
                break
        return done

    def _record(self, ended: Mapping[str, Sequence[Ran]], stepped: Stepped) -> None:
        """Writes down what was found and how far the rules have come, all in one."""
        if not ended:
            return
        found: dict[str, list[Found]] = {}
        progress: dict[str, Progress] = {}
        for name, runs in ended.items():
            stepped.ran += runs
            found[name] = [each for ran in runs for each in ran.found]
            reached = self._progress.get(name) or Progress(0)
            for ran in runs:
                if ran.failed:
                    error = next((str(each) for each in ran.issues if each.severity is Severity.ERROR), "")
                    reached = replace(reached, failures=reached.failures + 1, error=error)
                else:
                    reached = Progress(ran.window.version, ran.window.now)
            progress[name] = reached
        stepped.recorded = self._ledger.record(found, progress, at=stepped.now.replace(tzinfo=UTC))
        self._progress |= progress
        oldest = min(each.version for each in self._progress.values())
        for version in [each for each in self._spans if each <= oldest]:
            del self._spans[version]
        if self._runner.recent is not None:
            self._runner.recent.forget(oldest)

    def _keep_up(self, stepped: Stepped) -> None:
        """Merges small parts where there are many, and forgets pieces that no look will come back to."""
        if self.options.keeps_up:
            try:
                done = keep_up(self.lake, self._opened(), self._compactions)
            except TiercelError as error:
                hint = "the lake is as it was; it is tried again at the next step"
                stepped.issues.append(Issue("watch-upkeep", str(error), hint=hint, severity=Severity.WARNING))
            else:
                if done is not None:
                    self._compactions += 1
                    stepped.issues += done.issues
                    self._tell("compacted", parts=done.merged, deleted=done.deleted)
        if self._steps % _FORGET_EVERY == 0:
            reach = max((each.reach for each in self.schedules.values()), default=timedelta())
            self._ledger.forget(stepped.now - self.options.lateness - 3 * reach)

    def _told(self, stepped: Stepped) -> None:
        """Tells of the step: what came in, each rule, each new alert, what is wrong."""
        arrived = stepped.arrived
        if arrived.commit is not None:
            self._tell("imported", records=arrived.records, rows=arrived.rows, known=arrived.known, bytes=arrived.bytes)
        for ran in stepped.ran:
            findings = len({piece.id for each in ran.found for piece in each.pieces})
            facts = {"rows": ran.rows, "findings": findings, "seconds": round(ran.seconds, 3)}
            self._tell("failed" if ran.failed else "ran", rule=ran.rule.id, now=ran.window.now, **facts)
            for one, rows in ran.taken.items():
                self._tell("filtered", filter=one, rule=ran.rule.id, rows=rows)
            for issue in ran.issues:
                if issue.severity is Severity.ERROR or issue not in self._warned:
                    self._tell("issue", issue=issue, rule=ran.rule.id)
            self._warned |= {issue for issue in ran.issues if issue.severity is Severity.WARNING}
        for what, alerts in (("alert", stepped.new), ("updated", stepped.updated)):
            for alert in alerts:
                self._tell(what, alert=alert)
        for issue in stepped.issues:
            self._tell("issue", issue=issue)


def _silent(_: str, /, **__: Any) -> None:
    """Nobody listens."""
