"""What a program that hunts for months counts, as Prometheus reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

if TYPE_CHECKING:
    from datetime import datetime

    from tiercel.alerts.alert import Recorded
    from tiercel.alerts.delivery import Delivered
    from tiercel.alerts.outbox import Standing

__all__ = ["CONTENT_TYPE", "Metrics"]

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_SECONDS: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)


class Metrics:
    """Counters and gauges with a registry of their own; safe to use from several threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._rows = self._counter("rows", "Rows that were imported.", "table")
        self._findings = self._counter("findings", "Findings that rules gave, repeats included.", "rule")
        self._alerts = self._counter("alerts", "What recording findings did to alerts.", "change")
        self._failures = self._counter("rule_failures", "Runs of rules that failed.", "rule")
        self._deliveries = self._counter(
            "deliveries", "Messages that were delivered, and attempts that failed.", "target", "outcome"
        )
        self._seconds = Histogram(
            "tiercel_rule_seconds", "How long a rule ran.", ["rule"], buckets=_SECONDS, registry=self.registry
        )
        self._lag = self._gauge("lag_seconds", "How far a rule's newest hunted window lies behind the clock.", "rule")
        self._waiting = self._gauge("delivery_waiting", "Messages that wait for a target.", "target")
        self._oldest = self._gauge("delivery_oldest_seconds", "For how long the oldest of them waits.", "target")

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"tiercel_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"tiercel_{name}", words, labels, registry=self.registry)

    def rows(self, table: str, count: int) -> None:
        """Rows of a table were imported."""
        self._rows.labels(table).inc(count)

    def rule_ran(self, rule: str, seconds: float, findings: int) -> None:
        """A rule ran so long and gave so many findings."""
        self._seconds.labels(rule).observe(seconds)
        self._findings.labels(rule).inc(findings)

    def rule_failed(self, rule: str) -> None:
        """A rule did not run to its end."""
        self._failures.labels(rule).inc()

    def lag(self, rule: str, seconds: float) -> None:
        """A rule's newest hunted window ends so long before now."""
        self._lag.labels(rule).set(seconds)

    def recorded(self, recorded: Recorded) -> None:
        """Findings were recorded."""
        for change in ("new", "updated", "seen", "reopened", "merged", "withdrawn"):
            self._alerts.labels(change).inc(len(getattr(recorded, change)))

    def delivered(self, done: Delivered) -> None:
        """A pass over a target's messages ended."""
        self._deliveries.labels(done.target, "delivered").inc(done.delivered)
        self._deliveries.labels(done.target, "failed").inc(done.failed)

    def waiting(self, standing: Standing, now: datetime) -> None:
        """So many messages wait for a target."""
        self._waiting.labels(standing.target).set(standing.waiting)
        age = max((now - standing.oldest).total_seconds(), 0.0) if standing.oldest else 0.0
        self._oldest.labels(standing.target).set(age)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)
