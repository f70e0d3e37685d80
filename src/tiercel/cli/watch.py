"""`tiercel watch`: hunting that goes on, over what comes in."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tiercel.cli.amounts import DURATION
from tiercel.cli.issues import show_issues
from tiercel.cli.options import INSTANT, rules_option, store_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.errors import Issue, TiercelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from tiercel.alerts import AlertStore
    from tiercel.alerts.delivery import Deliverer
    from tiercel.rules import Rule
    from tiercel.watch.sources import Source
    from tiercel.watch.watcher import Options, Stepped, Tell, Watcher

__all__ = ["watch_command"]

_EXIT_FAILED: Final = 3


@click.command("watch", short_help="Hunt what comes in, day and night; keep alerts.")
@click.option(
    "--lake",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="The lake that is hunted, and that the sources' telemetry goes into.",
)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="A source: a folder where files appear, grow and rotate, or Defender's streaming layout. May be repeated.",
)
@click.option("--topic", "topics", multiple=True, metavar="NAME", help="A source: a Kafka topic or event hub.")
@click.option("--brokers", metavar="HOST:PORT,...", help="Where the topics are: host:9093 of an Event Hubs namespace.")
@click.option(
    "--kafka",
    "kafka_settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of librdkafka, such as security.protocol=SASL_SSL. A value @FILE is read from that file.",
)
@rules_option
@store_option
@click.option("--every", type=DURATION, default="5m", show_default=True, help="How often a step is taken.")
@click.option(
    "--lateness",
    type=DURATION,
    default="7d",
    show_default=True,
    help="How late a row may come in to be hunted still. Later ones are kept in the lake.",
)
@click.option("--once", is_flag=True, help="Take one step, until nothing waits, and end.")
@click.option("--from", "begin", metavar="TIME", type=INSTANT, help="Replay history: rows ingested from then on.")
@click.option("--to", "end", metavar="TIME", type=INSTANT, help="Replay history: rows ingested before then.")
@click.option(
    "--deliver",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also tell the targets in FILE of alerts, as `tiercel alerts deliver` does.",
)
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the log.")
def watch_command(
    *,
    lake: Path,
    rules: tuple[Path, ...],
    store: str | None,
    begin: datetime | None,
    end: datetime | None,
    once: bool,
    deliver: Path | None,
    log: str,
    **given: Any,
) -> int:
    """Hunt what comes into a lake, step after step, and keep what is found as alerts, each once.

    A step reads the sources to their end, runs the rules that are due over what is new and all it may belong to,
    records their findings, and keeps the lake's small files few. Whatever is killed at whatever moment goes on where it
    was. Several watchers may be started for one lake and store: one works, the others stand by.

    \b
    tiercel watch --lake lake/ --folder /var/log/winlogbeat --store alerts.db
    tiercel watch --lake lake/ --topic advancedhunting --brokers soc.servicebus.windows.net:9093 \\
        --kafka security.protocol=SASL_SSL --kafka sasl.mechanism=PLAIN \\
        --kafka 'sasl.username=$ConnectionString' --kafka sasl.password=@secret
    tiercel watch --lake lake/ --from 2026-07-01 --to 2026-07-08 --store replayed.db

    A rule says in a section `Schedule` how often it is due and how far its events lie apart (`**Every:** 1h`,
    `**Look-back:** 2h`); of others the query's timespans tell. Stop it with Ctrl-C or SIGTERM: the step is finished.

    \b
    Exit codes: 0 stopped or done, 2 wrong use, 3 something failed in the only step, or the store cannot be used.
    """  # noqa: D301  click's mark for lines that keep their shape
    from tiercel.alerts import AlertStore  # noqa: PLC0415  sqlalchemy is slow to import
    from tiercel.hunt import choose_rules  # noqa: PLC0415  as the engine is
    from tiercel.watch.watcher import Options  # noqa: PLC0415  as above

    words = console(sys.stderr)
    tell = _JsonWords() if log == "json" else _TextWords()
    options = Options(every=given["every"], lateness=given["lateness"])
    if options.every.total_seconds() <= 0:
        raise UsageError("--every is longer than nothing: 5m, 1h")
    collection = choose_rules(rules or None)
    for document in collection.failed:
        show_issues(words, document.issues)
    if not collection.rules:
        raise UsageError("there is no rule to run")
    with AlertStore.open(store) as opened:
        if begin is not None or end is not None:
            return _replay(lake, collection.rules, opened, options, begin=begin, end=end, tell=tell)
        sources = list(_sources(given["folders"], given["topics"], given["brokers"], given["kafka_settings"]))
        return _watch(lake, collection.rules, opened, options, sources=sources, deliver=deliver, once=once, tell=tell)


def _sources(
    folders: tuple[Path, ...], topics: tuple[str, ...], brokers: str | None, settings: tuple[str, ...]
) -> Iterator[Source]:
    from tiercel.watch.sources import FolderSource  # noqa: PLC0415  the importer is slow to load

    yield from (FolderSource(folder) for folder in folders)
    if bool(topics) != bool(brokers):
        raise UsageError("--topic and --brokers belong together")
    if topics and brokers:
        from tiercel.watch.sources.kafka import KafkaSource  # noqa: PLC0415  an extra, and slow to load

        chosen = dict(_setting(each) for each in settings)
        yield from (KafkaSource(brokers, topic, chosen) for topic in topics)


def _setting(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise UsageError(f"{text!r} is no setting; write security.protocol=SASL_SSL")
    if value.startswith("@"):
        try:
            value = Path(value[1:]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"{value[1:]}: {error.strerror}") from error
    return key, value


def _watch(
    lake: Path,
    rules: tuple[Rule, ...],
    store: AlertStore,
    options: Options,
    *,
    sources: list[Source],
    deliver: Path | None,
    once: bool,
    tell: Tell,
) -> int:
    from tiercel.watch.watcher import Watcher  # noqa: PLC0415  the engine is slow to load

    stop = threading.Event()
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {each: signal.signal(each, lambda *_: stop.set()) for each in signals}
    watcher = Watcher(lake, rules, store, sources=sources, options=options, tell=tell)
    deliverer = _deliverer(store, deliver)
    tell("started", lake=str(lake), rules=len(rules), sources=len(sources), every=options.every, store=store.name)
    try:
        failed = _steps(watcher, deliverer, options.every, stop=stop, once=once, tell=tell)
    finally:
        watcher.close()
        for each, handler in before.items():
            signal.signal(each, handler)
        if deliverer is not None:
            deliverer.close()
    tell("stopped")
    return _EXIT_FAILED if failed and once else 0


def _deliverer(store: AlertStore, config: Path | None) -> Deliverer | None:
    if config is None:
        return None
    from tiercel.alerts.delivery import Deliverer, read_targets  # noqa: PLC0415  httpx is slow to import

    return Deliverer(store, read_targets(config))


def _steps(
    watcher: Watcher,
    deliverer: Deliverer | None,
    every: timedelta,
    *,
    stop: threading.Event,
    once: bool,
    tell: Tell,
) -> bool:
    """Whether the last step failed. Steps begin `every` apart; after one that takes longer the next begins at once."""
    while True:
        begun = time.monotonic()
        stepped = None
        failed = True
        try:
            stepped = watcher.step()
            failed = stepped.failed
        except TiercelError as error:
            tell("issue", issue=Issue("watch-step", str(error), hint="the step is taken again"))
        if deliverer is not None:
            for done in deliverer.step():
                if done.error:
                    message = f"{done.target}: {done.error}"
                    tell("issue", issue=Issue("watch-deliver", message, hint="it is tried again"))
        _tell_step(stepped, time.monotonic() - begun, tell)
        if stop.is_set():
            return failed
        if stepped is not None and stepped.is_behind:
            continue
        if once and (stepped is None or not stepped.waits_for):
            return failed
        pause = 1.0 if once else every.total_seconds() - (time.monotonic() - begun)
        if stepped is not None and stepped.waits_for:
            pause = min(pause, watcher.options.lease.total_seconds() / 2)
        if stop.wait(max(pause, 0.0)):
            return failed


def _tell_step(stepped: Stepped | None, seconds: float, tell: Tell) -> None:
    if stepped is None:
        return
    if stepped.waits_for:
        tell("standing-by", watcher=stepped.waits_for)
        return
    facts = {"rows": stepped.arrived.rows, "rules": len(stepped.ran), "new": len(stepped.new)}
    tell("step", **facts, updated=len(stepped.updated), seconds=round(seconds, 3))


def _replay(
    lake: Path,
    rules: tuple[Rule, ...],
    store: AlertStore,
    options: Options,
    *,
    begin: datetime | None,
    end: datetime | None,
    tell: Tell,
) -> int:
    from tiercel.watch.replay import replay  # noqa: PLC0415  the engine is slow to load

    if begin is None or end is None:
        raise UsageError("a replay needs both --from and --to")
    failed = False
    count = 0
    for stepped in replay(lake, rules, store, options, begin=begin.replace(tzinfo=None), end=end.replace(tzinfo=None)):
        count += len(stepped.new)
        failed |= stepped.failed
        for ran in stepped.ran:
            for issue in ran.issues if ran.failed else ():
                tell("issue", issue=issue, rule=ran.rule.id)
        for alert in stepped.new:
            tell("alert", alert=alert)
        if stepped.ran:
            tell("replayed", now=stepped.now, rules=len(stepped.ran), new=len(stepped.new))
    console(sys.stderr).print(f"{plural(count, 'new alert')} in {shown(store.name)}", style="bold")
    return _EXIT_FAILED if failed else 0


class _TextWords:
    """The log for people: a line an event."""

    def __init__(self) -> None:
        self._words = console(sys.stderr)

    def __call__(self, event: str, /, **facts: Any) -> None:
        """Write the event down."""
        from datetime import UTC, datetime  # noqa: PLC0415  only here

        if event in {"ran", "replayed"} and not facts.get("findings"):
            return  # every rule at every step would drown what matters
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if (issue := facts.pop("issue", None)) is not None:
            self._words.print(f"{at} {shown(str(issue))}")
            return
        if (alert := facts.pop("alert", None)) is not None:
            facts = {"alert": alert.id, "severity": alert.finding.severity, "summary": alert.finding.summary}
            event = "new" if event == "alert" else event
        told = " ".join(f"{key}={shown(str(value))}" for key, value in facts.items())
        self._words.print(f"{at} {event} {told}".rstrip())


class _JsonWords:
    """The log for programs: an object of JSON a line."""

    def __init__(self) -> None:
        from tiercel.alerts.logs import JsonLog  # noqa: PLC0415  only where it is asked for

        self._log = JsonLog(sys.stderr)

    def __call__(self, event: str, /, **facts: Any) -> None:
        """Write the event down."""
        if (issue := facts.pop("issue", None)) is not None:
            place = {"place": str(issue.span)} if issue.span else {}
            write = self._log.error if issue.severity == "error" else self._log.warning
            write(issue.code, message=issue.message, hint=issue.hint, **place, **facts)
            return
        if (alert := facts.pop("alert", None)) is not None:
            facts = {"alert": alert.id, "fingerprint": alert.fingerprint, "summary": alert.finding.summary}
        self._log.info(
            event, **{key: value if isinstance(value, int | float) else str(value) for key, value in facts.items()}
        )
