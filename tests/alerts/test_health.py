"""Health and metrics as a monitor asks for them; logs as lines of JSON."""

from __future__ import annotations

import io
import json
import socket
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tiercel.alerts import AlertStore, Recorded
from tiercel.alerts.delivery import Delivered
from tiercel.alerts.health import HealthServer
from tiercel.alerts.logs import JsonLog
from tiercel.alerts.metrics import Metrics
from tiercel.alerts.outbox import Standing
from tiercel.errors import TiercelError

from .found import NOON, finding


@pytest.mark.parametrize(
    ("checks", "status", "told"),
    [
        ({}, 200, {"status": "ok", "checks": {}}),
        ({"store": None, "lake": None}, 200, {"status": "ok", "checks": {"store": "ok", "lake": "ok"}}),
        ({"store": "away", "lake": None}, 503, {"status": "failing", "checks": {"store": "away", "lake": "ok"}}),
    ],
)
def test_health_is_what_the_checks_say(checks, status, told):
    with HealthServer(lambda: checks, Metrics()) as server:
        answer = httpx.get(f"{server.url}/healthz")
        assert (answer.status_code, answer.json()) == (status, told)
        assert httpx.head(f"{server.url}/healthz").status_code == status


def test_a_check_that_fails_is_told_as_failing():
    def broken():
        raise RuntimeError("no disk")

    with HealthServer(broken, Metrics()) as server:
        answer = httpx.get(f"{server.url}/healthz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"checks": "RuntimeError: no disk"})


def test_only_this_machine_is_answered_and_only_two_pages_are_there():
    with HealthServer(dict, Metrics()) as server:
        assert urlsplit(server.url).hostname == "127.0.0.1"
        assert httpx.get(f"{server.url}/").status_code == 404
        assert httpx.get(f"{server.url}/../../etc/passwd").status_code == 404
        assert httpx.post(f"{server.url}/metrics").status_code == 501


def test_a_port_that_is_taken_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TiercelError, match=f"127.0.0.1:{port}"):
            HealthServer(dict, Metrics(), port=port)


def test_metrics_are_read_by_prometheus_own_parser():
    metrics = Metrics()
    metrics.rows("DeviceProcessEvents", 7)
    metrics.rule_ran('hostile"\n\\rule', 0.2, 3)
    metrics.rule_failed("b")
    metrics.lag("b", 12.5)
    metrics.delivered(Delivered("soc", delivered=4, failed=1))
    metrics.waiting(Standing("soc", 2, NOON, "down"), NOON + timedelta(minutes=5))
    metrics.waiting(Standing("siem", 0, None, None), NOON)
    metrics.recorded(Recorded())
    with HealthServer(dict, metrics) as server:
        answer = httpx.get(f"{server.url}/metrics")
    told = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert told["tiercel_rows_total", "DeviceProcessEvents"] == 7
    assert told["tiercel_findings_total", 'hostile"\n\\rule'] == 3
    assert told["tiercel_rule_seconds_count", 'hostile"\n\\rule'] == 1
    assert told["tiercel_rule_failures_total", "b"] == 1
    assert told["tiercel_lag_seconds", "b"] == 12.5
    assert told["tiercel_deliveries_total", "delivered", "soc"] == 4
    assert told["tiercel_deliveries_total", "failed", "soc"] == 1
    assert told["tiercel_delivery_waiting", "soc"] == 2
    assert told["tiercel_delivery_oldest_seconds", "soc"] == 300
    assert told["tiercel_delivery_oldest_seconds", "siem"] == 0


def test_what_recording_did_is_counted(sqlite_url):
    metrics = Metrics()
    with AlertStore.open(sqlite_url) as store:
        metrics.recorded(store.record([finding()], at=NOON))
        metrics.recorded(store.record([finding()], at=NOON))
    assert metrics.registry.get_sample_value("tiercel_alerts_total", {"change": "new"}) == 1
    assert metrics.registry.get_sample_value("tiercel_alerts_total", {"change": "seen"}) == 1


@pytest.mark.parametrize("text", ["\x1b[31m", "\n{}", "\u202e", "\x9b", "\x7f", "\ud800", '"', "\u2028"])
def test_a_log_line_is_one_line_of_plain_ascii_json(text):
    lines = io.StringIO()
    JsonLog(lines).warning("import", path=text, at_time=NOON, items=(1, None))
    (line,) = lines.getvalue().splitlines()
    assert all(" " <= character < "\x7f" for character in line)
    told = json.loads(line)
    assert (told["path"], told["level"], told["at_time"]) == (
        text.replace("\ud800", "\ufffd"),
        "warning",
        "2026-07-14T12:00:00.000Z",
    )
