"""Remote execution that repeats is marked, whatever filters took of it, and nothing but the sentence changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tiercel.findings import Finding, Process, Recurrence, as_arrow, as_json, from_json, with_recurrence

START = datetime(2026, 1, 1, 8, 0, tzinfo=UTC)


def found(device="a", caller="10.0.0.5", image="Agent.exe", after=timedelta(0), strength="execution"):
    child = Process(image, 7) if image else None
    values = dict.fromkeys(("id", "rule_id", "title", "severity", "confidence", "summary"), "")
    time = START + after
    return Finding(
        **values, techniques=(), tactics=(), device=device, device_id=None, peer_ip=caller, peer_name=None,
        account=None, first_time=time, last_time=time, server=None, child=child, evidence=(), strength=strength,
    )  # fmt: skip


FIVE_DEVICES = [found(device) for device in "abcde"]
FIVE_HOURS = [found(after=timedelta(hours=hour)) for hour in range(5)]


@pytest.mark.parametrize(
    ("findings", "marked"),
    [
        (FIVE_DEVICES, 5),
        (FIVE_HOURS, 5),
        ([*FIVE_DEVICES, found("A", image="AGENT.EXE")], 6),  # names in any case
        (FIVE_DEVICES[:4], 0),
        ([*FIVE_DEVICES[:4], found("A")], 0),  # one device, twice
        ([found(after=timedelta(minutes=minute)) for minute in range(0, 50, 5)], 0),  # ten times in one hour
        ([found(device, caller=f"10.0.0.{at}") for at, device in enumerate("abcde")], 0),
        ([found(device, image=f"{device}.exe") for device in "abcde"], 0),
        ([found(device, image=None, strength="access") for device in "abcde"], 0),
        ([found(device, caller=None) for device in "abcde"], 0),
        ([replace(each, first_time=None) for each in FIVE_DEVICES], 0),
    ],
)
def test_what_is_marked(findings, marked):
    told = with_recurrence(findings)
    assert [each.recurring is not None for each in told].count(True) == marked
    unmarked = [replace(each, recurring=None, summary="") for each in told]
    assert unmarked == findings


def test_what_filters_took_counts_too():
    (shown,) = with_recurrence(FIVE_DEVICES[:1], FIVE_DEVICES[1:])
    assert shown.recurring == Recurrence("10.0.0.5", "agent.exe", 5, 5, START, START)
    assert "on 5 devices" in shown.summary


def test_it_goes_through_json_and_arrow():
    shown = with_recurrence(FIVE_HOURS)[0]
    assert from_json(as_json(shown)) == shown
    assert as_arrow([shown]).column("recurring").to_pylist()[0]["times"] == 5
