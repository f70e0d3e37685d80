"""Filters proposed from alerts that people closed as benign, written so that the filters' own reader takes them."""

from __future__ import annotations

from datetime import date

import pytest
from tests.acceptance import captures

import tiercel
from tiercel.alerts import AlertStore, State, Verdict
from tiercel.alerts.suggestion import HOLDS, as_yaml, suggest
from tiercel.filters import read_filter_document

from .found import NOON, finding

TODAY = date(2026, 7, 14)


@pytest.fixture
def empty(sqlite_url):
    with AlertStore.open(sqlite_url) as store:
        yield store


def found(number, *, device="ws1", peer="10.0.0.5", line="deploy.exe /id {}", child="deploy.exe", **more):
    columns = {
        "Timestamp": "2026-07-14T12:00:00Z", "DeviceId": f"id-{device}", "DeviceName": device, "Severity": "high",
        "ReportId": number, "RemoteIP": peer, "RemotePort": 50_000 + number, "ChildFileName": child,
        "ChildCommandLine": line.format(number), "_Source": "a#1", "ServiceName": "",
    }  # fmt: skip
    return finding(number * 5000, device=device, peer=peer, child=(child, number), columns=columns, **more)


def close(store, *findings, verdict=Verdict.BENIGN, comment="software distribution"):
    numbers = [alert.id for each in findings for alert in store.record([each], at=NOON).new]
    store.set_state(numbers, State.CLOSED, verdict=verdict, comment=comment, who="ann")
    return numbers


def test_of_one_alert_everything_that_tells_is_asked_for(empty):
    numbers = close(empty, found(7))
    (suggestion,) = suggest(empty)
    assert suggestion.predicate.split("\n  and ") == [
        'DeviceName =~ "ws1"',
        'RemoteIP =~ "10.0.0.5"',
        'ChildFileName =~ "deploy.exe"',
        'ChildCommandLine =~ "deploy.exe /id 7"',
    ]
    assert (suggestion.benign, suggestion.owners, suggestion.comments) == (
        tuple(numbers), ("ann",), ("software distribution",),
    )  # fmt: skip


def test_of_several_what_they_have_in_common(empty):
    close(empty, found(1), found(22, device="WS2"), found(333, device="ws3"))
    (suggestion,) = suggest(empty)
    assert suggestion.predicate.split("\n  and ") == [
        'DeviceName in~ ("ws1", "WS2", "ws3")',
        'RemoteIP =~ "10.0.0.5"',
        'ChildFileName =~ "deploy.exe"',
        'ChildCommandLine startswith "deploy.exe /id "',
    ]


def test_of_many_devices_none_is_listed(empty):
    close(empty, *(found(number, device=f"ws{number}") for number in range(12)))
    (suggestion,) = suggest(empty)
    assert "DeviceName" not in suggestion.predicate


def test_each_caller_and_program_has_a_filter_of_its_own_the_largest_first(empty):
    close(empty, found(1), found(2, peer="10.0.0.6"), found(3), found(4, child="other.exe"))
    assert [each.benign for each in suggest(empty)] == [(1, 3), (4,), (2,)]
    assert suggest(empty, "no-such-rule") == ()


def test_a_filter_that_would_have_taken_an_attack_is_not_proposed(empty):
    close(empty, found(1), found(2))
    close(empty, found(9), verdict=Verdict.TRUE_POSITIVE)
    (suggestion,) = suggest(empty)
    assert suggestion.refused == "it would have taken alert 3, closed as a true positive"
    text = as_yaml([suggestion], TODAY)
    assert "# Not proposed for scm-remote-service, alerts 1, 2: it would have taken alert 3" in text
    assert read_filter_document(text, "f.yaml").filters == ()


def test_alerts_that_nobody_closed_are_named_where_it_would_take_them(empty):
    close(empty, found(1), found(2))
    (alert,) = empty.record([found(9)], at=NOON).new
    (suggestion,) = suggest(empty)
    assert (suggestion.others, suggestion.refused) == ((alert.id,), "")
    assert f"It would take alert {alert.id} too" in as_yaml([suggestion], TODAY)


def test_too_little_in_common_is_no_filter(empty):
    close(empty, finding(child=("cmd.exe", 1), columns={"DeviceName": "ws6.example.org"}))
    (suggestion,) = suggest(empty)
    assert "too little" in suggestion.refused


def test_false_positives_and_open_alerts_propose_nothing(empty):
    close(empty, found(1), verdict=Verdict.FALSE_POSITIVE)
    empty.record([found(2)], at=NOON)
    assert suggest(empty) == ()
    read = read_filter_document(as_yaml([], TODAY), "f.yaml")
    assert (read.filters, read.issues) == ((), ())


HOSTILE = [
    '"; drop', "a\nfilters: []\n  - id: evil", "\\", '\\"', "\x1b[31m", "\0", "\u202e", "# no comment", "{}{{}}",
    "\U0001f600", "a: b", "' or 1", "\u2028", "%s", "x" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_an_attacker_wrote_stays_a_text_of_the_predicate(empty, text):
    close(empty, found(1, line=text.replace("{", "{{").replace("}", "}}"), child=f"a{text}"[:200]), comment=text)
    written = as_yaml(suggest(empty), TODAY)
    read = read_filter_document(written, "f.yaml")
    assert [issue.message for issue in read.issues] == []
    (one,) = read.filters
    assert (one.rules, one.expires) == (("scm-remote-service",), TODAY + HOLDS)
    assert all(character == "\n" or character.isprintable() for character in written)


def test_what_is_proposed_takes_what_it_was_made_of(empty, tmp_path, real_data):
    """The whole way on a capture: hunted, stored, closed, proposed, hunted again with what was proposed."""

    capture = next(each for each in captures(real_data) if "excel4macro-allowed" in str(each))
    result = tiercel.hunt(capture.path, attribution=False)
    recorded = empty.record(result.by_rule, at=NOON)
    assert recorded.new
    empty.set_state([alert.id for alert in recorded.new], State.CLOSED, verdict=Verdict.BENIGN, who="ann")
    path = tmp_path / "proposed.yaml"
    path.write_text(as_yaml(suggest(empty), date(2099, 1, 1)), encoding="utf-8")
    again = tiercel.hunt(capture.path, filters=path, attribution=False)
    assert (len(again.findings), again.is_complete) == (0, True)
    assert len(again.suppressed) == len(result.by_rule)
