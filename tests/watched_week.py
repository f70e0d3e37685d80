"""A simulated week, watched in steps of five minutes and hunted at once: the alerts must be the same, none twice.

`python -m tests.watched_week [--hosts N] [--days N] [--every MINUTES] [--kills N] [--watchers N] [--keep FOLDER]`.
Rows arrive as Defender streams them, in blobs that grow with the hour; 5 % of them come up to six hours late and 3 % a
second time. Meanwhile the watcher is killed with SIGKILL at random moments of its import, its rules, its store and its
delivery, or several watchers share lake and store. Alerts go to a webhook whose receiver is down now and then. The exit
code is 1 where the alerts are not those of one hunt, or where what the receiver got is not what the store told.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from tests.killing import Hook, killed, say_line

from tiercel.alerts import AlertStore
from tiercel.alerts.delivery import Deliverer, Target, read_targets
from tiercel.alerts.tables import outbox
from tiercel.hunt import choose_rules, hunt
from tiercel.simulate import DEFAULT_START, SCENARIOS, Format, simulate
from tiercel.tables.lake import Dataset
from tiercel.watch.sources import FolderSource
from tiercel.watch.watcher import Options, Watcher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.killing import Board

    from tiercel.watch.watcher import Stepped

PLANTED = tuple(scenario.name for scenario in SCENARIOS.values() if not scenario.look_alike)
BEGIN = DEFAULT_START.replace(tzinfo=None)
LATE = 0.05
AGAIN = 0.03
LATEST = timedelta(hours=6)
MINUTE = timedelta(minutes=1)
EVENTS = "[new, updated, reopened, merged, withdrawn]"
REPLAYED = "feed"


class Week:
    """A fleet's records in the order in which they arrive, and a landing folder that fills step by step."""

    def __init__(self, folder: Path, *, every: timedelta, fine_days: float | None = None) -> None:
        self.folder, self.every, self.fine_days = folder, every, fine_days
        self.landing, self.lake, self.store = folder / "landing", folder / "lake", folder / "alerts.db"
        self._index: dict[int, dict[str, int]] = {}
        self.steps = 0

    @property
    def clean(self) -> Path:
        return self.folder / "clean" / "defender"

    def make(self, *, hosts: int, days: int, attacks: Sequence[str] = PLANTED, seed: int = 7) -> int:
        """How many records there are, after the fleet was told and its records were put in order of arrival."""
        told = simulate(
            self.folder / "clean", hosts=hosts, days=days, attacks=attacks, seed=seed, written_as=Format.DEFENDER
        )
        chance = random.Random(seed)  # noqa: S311  who is late is no secret
        shares: Counter[str] = Counter()
        blobs: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        for path in sorted(self.clean.glob("*.jsonl")):
            table = path.name.rsplit("-", 1)[0]
            with path.open("rb") as lines:
                for line in lines:
                    happened = _timestamp(line)
                    several = _arrivals(happened, chance)
                    shares.update(records=1, late=several[0] - happened > MINUTE, again=len(several) - 1)
                    for arrives in several:
                        step = max(0, (arrives - BEGIN) // self.every)
                        hour = BEGIN + timedelta(hours=(step * self.every) // timedelta(hours=1))
                        blobs[_blob(table, hour)].append((step, line))
        for name, lines_of in blobs.items():
            lines_of.sort(key=lambda each: each[0])
            target = self.folder / REPLAYED / name
            target.parent.mkdir(parents=True)
            size = 0
            with target.open("wb") as file:
                for step, line in lines_of:
                    size += file.write(line)
                    self._index.setdefault(step, {})[name] = size
        self.steps = max(self._index) + 1
        (self.folder / "index.json").write_text(json.dumps({"steps": self.steps, "index": self._index}))
        late, again = (100 * shares[name] / shares["records"] for name in ("late", "again"))
        say_line(f"{shares['records']:,} records, {late:.2f} % more than a minute late, {again:.2f} % twice")
        return told.records

    def open(self) -> Week:
        """The same week, read from its folder."""
        values = json.loads((self.folder / "index.json").read_text())
        self.steps = values["steps"]
        self._index = {int(step): sizes for step, sizes in values["index"].items()}
        return self

    def feed(self, step: int) -> None:
        """What arrives up to a step lies in the landing folder; to do it again changes nothing."""
        with self._alone():
            for each in range(max(step - self._stride(step), -1) + 1, step + 1):
                self._feed(each)

    @property
    def fine(self) -> int:
        """So many steps are taken one by one; after them an hour at a time."""
        return self.steps if self.fine_days is None else int(timedelta(days=self.fine_days) / self.every)

    def _stride(self, step: int) -> int:
        return 1 if step <= self.fine else max(1, timedelta(hours=1) // self.every)

    def _reach(self, step: int) -> int:
        """The step that is to be taken now, by whoever shares the week."""
        place = self.folder / "reached"
        with self._alone():
            furthest = max(step, int(place.read_text()) if place.exists() else 0)
            _write(place, str(furthest))
        return furthest

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _feed(self, step: int) -> None:
        for name, size in self._index.get(step, {}).items():
            target = self.landing / name
            target.parent.mkdir(parents=True, exist_ok=True)
            there = target.stat().st_size if target.exists() else 0
            with (self.folder / REPLAYED / name).open("rb") as source, target.open("ab") as file:
                source.seek(there)
                file.write(source.read(max(size - there, 0)))

    def moment(self, step: int) -> datetime:
        """The time at a step's end."""
        return BEGIN + (step + 1) * self.every

    def watcher(self, store: AlertStore, **options: Any) -> Watcher:
        """A watcher of the landing folder."""
        chosen = Options(**{"every": self.every, "patience": None, **options})
        return Watcher(self.lake, choose_rules(None).rules, store, sources=[FolderSource(self.landing)], options=chosen)

    def watch(self, *, until: int | None = None, say: bool = False, **options: Any) -> Counter[str]:
        """What the steps did, from where the last one left off to the end."""
        done: Counter[str] = Counter()
        with AlertStore.open(self.store) as store:
            watcher = self.watcher(store, **options)
            deliverer = Deliverer(store, self._targets())
            step = self._reach(0)
            last = self.steps + 1 if until is None else min(until, self.steps + 1)
            begun = time.perf_counter()
            while step < last:
                self.feed(step)
                told = _until_done(watcher, self.moment(step))
                deliverer.step(self.moment(step).replace(tzinfo=UTC))
                done.update(rows=told.arrived.rows, known=told.arrived.known, new=len(told.new), steps=1)
                failures = [issue for ran in told.ran if ran.failed for issue in ran.issues]
                for issue in [*told.issues, *failures]:
                    if issue.code != "watch-clock":  # several watchers do not take the same step at the same time
                        say_line(f"step {step}: {issue}")
                is_last = step == last - 1
                further = step + 1 if step < self.fine else step + self._stride(step + 1)
                step = self._reach(further if is_last else min(further, last - 1))
                if say and done["steps"] % 72 == 0:
                    self._say_rate(done, time.perf_counter() - begun)
            deliverer.close()
            watcher.close()
        return done

    @property
    def taken(self) -> Path:
        """What the webhook's receiver took, a message a line."""
        return self.folder / "taken.jsonl"

    def telling(self, url: str) -> None:
        """Alerts are told to the webhook from now on."""
        retry = "{first: 1s, most: 60s}"
        told = f"  - name: told\n    webhook: {{url: {url}}}\n    events: {EVENTS}\n    retry: {retry}\n"
        _write(self.folder / "targets.yaml", f"targets:\n{told}")

    def _say_rate(self, done: Counter[str], spent: float) -> None:
        """A line about how fast it went since the run began, and what stands on disk now."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        told = done["steps"] * self.every
        by_clock, by_processor = (told.total_seconds() / each for each in (spent, usage.ru_utime + usage.ru_stime))
        dataset = Dataset.open(self.lake)
        live = sum(len(parts) for parts in dataset.tables.values())
        files = sum(path.is_file() for path in self.lake.rglob("*"))
        size = sum(path.stat().st_size for path in self.lake.rglob("*") if path.is_file())
        store = sum(path.stat().st_size for path in self.folder.glob("alerts.db*"))
        say_line(
            f"{told / timedelta(days=1):.2f} days in {spent:,.0f} s: {by_clock:.0f} times real time by the clock,"
            f" {by_processor:.0f} by the processor ({usage.ru_maxrss >> 10:,} MB); {dict(done)}; {live} live parts,"
            f" {files:,} files of {size:,} bytes in the lake; store {store:,} bytes"
        )

    def _targets(self) -> tuple[Target, ...]:
        place = self.folder / "targets.yaml"
        return read_targets(place) if place.exists() else ()

    def tell_the_rest(self) -> None:
        """What waits still is delivered."""
        with AlertStore.open(self.store) as store, Deliverer(store, self._targets()) as deliverer:
            for number in range(60):
                deliverer.step(self.moment(self.steps + 1 + number).replace(tzinfo=UTC))

    def messages(self) -> dict[str, str]:
        """The messages that the store had for the receiver, in order: their devices by their keys."""
        query = sa.select(outbox.c.key, outbox.c.device_key).order_by(outbox.c.id)
        with AlertStore.open(self.store) as store, store.database.reading() as connection:
            return {row.key: row.device_key for row in connection.execute(query)}

    def alerts(self) -> Counter[str]:
        """The alerts that stand, by fingerprint, and how often each does."""
        with AlertStore.open(self.store) as store:
            return Counter(alert.fingerprint for alert in store.alerts())

    def at_once(self) -> dict[str, Any]:
        """What one hunt over the clean week finds, by fingerprint."""
        return {finding.id: finding for finding in hunt([self.clean]).findings}


def _until_done(watcher: Watcher, now: datetime) -> Stepped:
    while True:
        stepped = watcher.step(now)
        lost = any(issue.code == "watch-lease" for issue in stepped.issues)
        if stepped.waits_for is None and not stepped.is_behind and not lost:
            return stepped
        if stepped.waits_for:
            time.sleep(0.05)


def _write(path: Path, text: str) -> None:
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(text)
    new.replace(path)


def _timestamp(line: bytes) -> datetime:
    begin = line.index(b'"Timestamp":"') + len(b'"Timestamp":"')
    return datetime.fromisoformat(line[begin : line.index(b'"', begin)].decode()).replace(tzinfo=None)


def _arrivals(happened: datetime, chance: random.Random) -> list[datetime]:
    """When a record arrives: within a minute, 5 % up to six hours late; 3 % arrive a second time."""
    late = chance.random() < LATE
    times = [happened + (LATEST * chance.random() if late else timedelta(seconds=60 * chance.random()))]
    if chance.random() < AGAIN:
        times.append(times[0] + LATEST * chance.random())
    return times


def _blob(table: str, hour: datetime) -> str:
    place = f"insights-logs-advancedhunting-{table.lower()}/tenantId=6a9d1d6e"
    return f"{place}/y={hour.year}/m={hour.month:02}/d={hour.day:02}/h={hour.hour:02}/m=00/PT1H.json"


def made_apart(week: Week, **told: Any) -> None:
    """The week is there; made by another process, so that this one can be forked: it has started no threads."""
    process = multiprocessing.get_context("fork").Process(target=week.make, kwargs=told)
    process.start()
    process.join()
    if process.exitcode:
        raise AssertionError("the week could not be made")


def killed_at_random(week: Week, kills: int) -> Counter[str]:
    """How many watchers died in each phase before the week was over."""

    def left() -> int:
        reached = week.folder / "reached"
        return week.fine - (int(reached.read_text()) if reached.exists() else 0)

    def live(_: Board) -> None:
        week.watch(lease=timedelta(0), workers=1)

    return killed(live, kills, left=left)


def side_by_side(week: Week, watchers: int) -> None:
    """Several watchers of one lake and one store, each at its own pace."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_one_of_several, args=(week,)) for _ in range(watchers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise AssertionError("a watcher failed")


def _one_of_several(week: Week) -> None:
    week.watch(lease=timedelta(seconds=3), workers=1)


def compare(week: Week) -> int:
    """1 where the alerts are not those of one hunt, after saying how they differ."""
    expected, found = week.at_once(), week.alerts()
    missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    twice = [name for name, count in found.items() if count > 1]
    say_line(f"{len(expected)} findings at once, {len(found)} alerts of the watcher, {len(twice)} of them twice")
    for name in sorted(missing):
        finding = expected[name]
        say_line(f"  missing {name} {finding.rules} {finding.first_time} {finding.device}: {finding.summary}")
    with AlertStore.open(week.store) as store:
        for alert in store.alerts():
            if alert.fingerprint in extra:
                finding = alert.finding
                told = f"{finding.rules} {finding.first_time} {finding.device}: {finding.summary}"
                say_line(f"  too many {alert.fingerprint} {told}")
        raised = {alert.id for alert in store.alerts()}
    wrong = _compare_told(week, raised)
    dataset = Dataset.open(week.lake)
    parts = sum(len(each) for each in dataset.tables.values())
    rows = sum(map(dataset.rows, dataset.tables))
    say_line(f"lake: {parts} live parts, {rows:,} rows; store: {week.store.stat().st_size:,} bytes")
    return int(bool(missing or extra or twice or wrong))


def _compare_told(week: Week, raised: set[int]) -> int:
    """How much of what the receiver took is wrong: lost, told as new twice, out of order; after saying it."""
    week.tell_the_rest()
    messages = week.messages()
    taken = [json.loads(line) for line in week.taken.read_text().splitlines()]
    first = list(dict.fromkeys(each["key"] for each in taken))
    new = Counter({each["key"]: each["alert"] for each in taken if each["kind"] == "alert.new"}.values())
    lost, unknown = messages.keys() - set(first), set(first) - messages.keys()
    doubled, untold = [alert for alert, count in new.items() if count > 1], raised - new.keys()
    in_order = {device: [key for key in messages if messages[key] == device] for device in messages.values()}
    astray = [device for device, keys in in_order.items() if [key for key in first if key in set(keys)] != keys]
    say_line(
        f"{len(messages)} messages of the store, {len(first)} taken, {len(taken) - len(first)} of them more than once"
        f" under the same key; {len(lost)} lost, {len(unknown)} unknown, {len(astray)} devices out of order"
    )
    say_line(f"{len(new)} alerts told as new, {len(doubled)} of them under two keys, {len(untold)} that stand were not")
    return len(lost) + len(unknown) + len(astray) + len(doubled) + len(untold)


def main() -> int:
    """The week, watched and compared, in lines for people."""
    parser = argparse.ArgumentParser(prog="python -m tests.watched_week", description=__doc__)
    parser.add_argument("--hosts", type=int, default=60)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--every", type=int, default=5, help="minutes")
    parser.add_argument("--fine-days", type=float, help="after so many days, in which all kills fall, steps of an hour")
    parser.add_argument("--attack", action="append", help="plant these instead of one of each")
    parser.add_argument("--until", type=int, help="only so many steps, for a rate")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--watchers", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="use this folder and leave it there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        every = timedelta(minutes=arguments.every)
        week = Week(arguments.keep or Path(folder), every=every, fine_days=arguments.fine_days)
        if not (week.folder / "index.json").exists():
            made_apart(week, hosts=arguments.hosts, days=arguments.days, attacks=arguments.attack or PLANTED)
        week.open()
        say_line(f"{arguments.hosts} devices, {week.steps:,} steps")
        hook = Hook(week.taken)
        week.telling(hook.url)
        begun = time.perf_counter()
        if arguments.watchers:
            side_by_side(week, arguments.watchers)
        elif arguments.kills:
            died = killed_at_random(week, arguments.kills)
            say_line(f"{died.total()} watchers were killed: {dict(died.most_common())}")
        else:
            done = week.watch(until=arguments.until, say=True)
            say_line(f"{dict(done)}")
        spent = time.perf_counter() - begun
        steps = arguments.until or week.steps
        rate = steps * week.every.total_seconds() / spent
        say_line(f"{steps:,} steps in {spent:,.0f} s: {rate:,.0f} times real time")
        wrong = 0 if arguments.until else compare(week)
        hook.close()
        return wrong


if __name__ == "__main__":
    sys.exit(main())
