"""`tiercel watch`: hunting that goes on, over what comes in."""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import click

from tiercel.cli.amounts import DURATION
from tiercel.cli.issues import show_issues
from tiercel.cli.options import INSTANT, LAKE, filters_option, rules_option, store_option
from tiercel.cli.terminal import console, plural, shown
from tiercel.errors import Issue, TiercelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiercel.alerts import AlertStore
    from tiercel.alerts.delivery import Deliverer
    from tiercel.alerts.metrics import Metrics
    from tiercel.filters import Filters
    from tiercel.rules import Rule
    from tiercel.tables.places import Place
    from tiercel.watch.sources import Source
    from tiercel.watch.watcher import Options, Stepped, Tell, Watcher

__all__ = ["watch_command"]

_EXIT_FAILED: Final = 3


@click.command("watch", short_help="Hunt what comes in, day and night; keep alerts.")
@click.option(
    "--lake",
    required=True,
    metavar="DIR|URL",
    type=LAKE,
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
@filters_option
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
@click.option(
    "--health",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    help="Serve /healthz and /metrics at this port, to this machine.",
)
@click.option("--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Form of the log.")
def watch_command(
    *,
    lake: Place,
    rules: tuple[Path, ...],
    store: str | None,
    begin: datetime | None,
    end: datetime | None,
    once: bool,
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
    from tiercel.watch.watcher import Options, Watcher  # noqa: PLC0415  as above

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
    filters = None
    if given["filters"]:
        from tiercel.filters import read_filters  # noqa: PLC0415  filters need the compiler

        filters = read_filters(given["filters"])
        show_issues(words, filters.issues)
    with AlertStore.open(store) as opened:
        if begin is not None or end is not None:
            span = (begin, end)
            return _replay(lake, collection.rules, opened, options, span=span, filters=filters, tell=tell)
        sources = list(_sources(given["folders"], given["topics"], given["brokers"], given["kafka_settings"]))
        with _Stop() as stop:
            watcher = Watcher(
                lake, collection.rules, opened, sources=sources, options=options, filters=filters, tell=tell
            )
            facts = {"lake": lake, "store": opened.name, "every": options.every}
            tell("started", **facts, rules=len(watcher.rules), sources=len(sources))
            with _Beside(watcher, opened, given["deliver"], given["health"], tell) as beside:
                failed = _steps(watcher, beside, stop=stop.event, once=once, tell=tell)
    tell("stopped")
    return _EXIT_FAILED if failed and once else 0


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


class _Stop:
    """Set by SIGTERM and Ctrl-C, so that the step at hand is finished."""

    def __enter__(self) -> Self:
        self.event = threading.Event()
        signals = (signal.SIGTERM, signal.SIGINT)
        self._before = {each: signal.signal(each, lambda *_: self.event.set()) for each in signals}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)


class _Beside:
    """What goes on beside the steps: alerts are delivered, health and metrics are served."""

    def __init__(self, watcher: Watcher, store: AlertStore, config: Path | None, port: int | None, tell: Tell) -> None:
        self._watcher, self._tell = watcher, tell
        self._open = ExitStack()
        self._deliverer: Deliverer | None = None
        self._metrics: Metrics | None = None
        self._open.callback(watcher.close)
        if config is not None:
            from tiercel.alerts.delivery import Deliverer, read_targets  # noqa: PLC0415  httpx is slow to import

            self._deliverer = Deliverer(store, read_targets(config))
            self._open.callback(self._deliverer.close)
        if port is not None:
            from tiercel.alerts.health import HealthServer  # noqa: PLC0415  only where it is asked for
            from tiercel.alerts.metrics import Metrics  # noqa: PLC0415  as above

            self._metrics = Metrics()
            server = self._open.enter_context(HealthServer(self._checks, self._metrics, port=port))
            tell("health", url=server.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _checks(self) -> dict[str, str | None]:
        """Each rule, and why it fails."""
        failing = self._watcher.failing()
        return {name: failing.get(name) for name in self._watcher.rules}

    def after(self, stepped: Stepped | None) -> None:
        """Deliver what waits, and count what the step did."""
        told = self._deliverer.step() if self._deliverer is not None else ()
        for done in told:
            if done.error:
                issue = Issue("watch-deliver", f"{done.target}: {done.error}", hint="it is tried again")
                self._tell("issue", issue=issue)
        if self._metrics is None:
            return
        for done in told:
            self._metrics.delivered(done)
        for standing in self._deliverer.standings() if self._deliverer is not None else ():
            self._metrics.waiting(standing, datetime.now(UTC))
        for rule, seconds in self._watcher.lags(datetime.now(UTC).replace(tzinfo=None)).items():
            self._metrics.lag(rule, seconds)
        if stepped is None:
            return
        for table, rows in stepped.arrived.tables.items():
            self._metrics.rows(table, rows)
        if stepped.recorded is not None:
            self._metrics.recorded(stepped.recorded)
        for ran in stepped.ran:
            findings = sum(len(found.pieces) for found in ran.found)
            self._metrics.rule_ran(ran.rule.id, ran.seconds, findings)
            if ran.failed:
                self._metrics.rule_failed(ran.rule.id)


def _steps(watcher: Watcher, beside: _Beside, *, stop: threading.Event, once: bool, tell: Tell) -> bool:
    """Whether the last step failed. Steps begin `every` apart; after one that takes longer the next begins at once."""
    every = watcher.options.every.total_seconds()
    while True:
        begun = time.monotonic()
        stepped = None
        try:
            stepped = watcher.step()
        except TiercelError as error:
            tell("issue", issue=Issue("watch-step", str(error), hint="the step is taken again"))
        failed = stepped is None or stepped.failed
        beside.after(stepped)
        _tell_step(stepped, time.monotonic() - begun, tell)
        if stop.is_set():
            return failed
        if stepped is not None and stepped.is_behind:
            continue
        waits = stepped is not None and stepped.waits_for is not None
        if once and not waits:
            return failed
        pause = 1.0 if once else every - (time.monotonic() - begun)
        if waits:
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
    lake: Place,
    rules: tuple[Rule, ...],
    store: AlertStore,
    options: Options,
    *,
    span: tuple[datetime | None, datetime | None],
    filters: Filters | None,
    tell: Tell,
) -> int:
    from tiercel.watch.replay import replay  # noqa: PLC0415  the engine is slow to load

    begin, end = (moment.astimezone(UTC).replace(tzinfo=None) if moment else None for moment in span)
    if begin is None or end is None:
        raise UsageError("a replay needs both --from and --to")
    failed = False
    count = 0
    for stepped in replay(lake, rules, store, options, begin=begin, end=end, filters=filters):
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
