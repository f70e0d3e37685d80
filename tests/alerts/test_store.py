"""What recording, states and questions do, in SQLite and in PostgreSQL alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tiercel.alerts import AlertStore, State, Verdict, Wanted
from tiercel.errors import UsageError
from tiercel.findings import merge

from .found import NOON, at, finding

APART = [finding(0, child=("cmd.exe", 1)), finding(1100, child=("cmd.exe", 2))]
"""Two attacks by one caller, further apart than what counts as one."""


def close(store, number, verdict=Verdict.BENIGN):
    return store.set_state([number], State.CLOSED, who="ann", verdict=verdict, comment="known tool", at=at(50))


def test_a_finding_becomes_an_alert_and_seen_again_is_counted_not_raised(store):
    first = store.record([finding(child=("cmd.exe", 9028))], at=at(60))
    again = store.record([finding(child=("cmd.exe", 9028))], at=at(120))
    assert [len(first.new), len(again.new), len(again.seen)] == [1, 0, 1]
    (alert,) = store.alerts()
    assert (alert.state, alert.seen, alert.raised_at, alert.seen_at) == (State.NEW, 2, at(60), at(120))
    assert alert.finding.child.pid == 9028
    assert alert.fingerprint == merge([finding(child=("cmd.exe", 9028))])[0].id


def test_a_run_that_was_recorded_is_not_recorded_again(store):
    assert store.record([finding()], at=NOON, run="scm 12:00").new
    again = store.record([finding(), finding(peer="10.0.0.9")], at=NOON, run="scm 12:00")
    assert again.is_repeat
    assert [alert.seen for alert in store.alerts()] == [1]


def test_the_name_of_a_run_is_forgotten_after_a_month(store):
    store.record([], at=NOON, run="old")
    store.record([], at=NOON + timedelta(days=31), run="new")
    assert not store.record([], at=NOON + timedelta(days=31), run="old").is_repeat


@pytest.mark.parametrize("letters", [str.upper, str.lower, str.title])
def test_letter_case_of_names_makes_no_other_alert(store, letters):
    store.record([finding(child=("cmd.exe", 9028))], at=NOON)
    other = finding(
        child=(letters("cmd.exe"), 9028), device=letters("ws6.example.org"), server=(letters("services.exe"), 704)
    )
    recorded = store.record([other], at=NOON)
    assert (len(recorded.new), len(store.alerts())) == (0, 1)


def test_state_comments_who_and_when_are_kept(store):
    (alert,) = store.record([finding()], at=NOON).new
    store.set_state([alert.id], State.ACKNOWLEDGED, who="ann", at=at(10))
    store.comment(alert.id, "asked the admins", who="bob", at=at(20))
    (closed,) = store.set_state([alert.id], State.CLOSED, who="bob", verdict=Verdict.BENIGN, comment="SCCM", at=at(30))
    assert (closed.state, closed.verdict, closed.closed_at) == (State.CLOSED, Verdict.BENIGN, at(30))
    told = [(line.who, line.action, line.before, line.after, line.text, line.at) for line in store.history(alert.id)]
    assert told == [
        ("tiercel", "raised", None, "new", alert.finding.summary, NOON),
        ("ann", "state", "new", "acknowledged", None, at(10)),
        ("bob", "comment", None, None, "asked the admins", at(20)),
        ("bob", "state", "acknowledged", "closed (benign)", "SCCM", at(30)),
    ]


@pytest.mark.parametrize(
    ("state", "verdict"),
    [(State.CLOSED, None), (State.NEW, Verdict.BENIGN), (State.ACKNOWLEDGED, Verdict.BENIGN), (State.MERGED, None)],
)
def test_a_state_that_makes_no_sense_is_refused(store, state, verdict):
    (alert,) = store.record([finding()], at=NOON).new
    with pytest.raises(UsageError):
        store.set_state([alert.id], state, verdict=verdict, who="ann")


def test_of_several_alerts_all_change_or_none(store):
    (alert,) = store.record([finding()], at=NOON).new
    with pytest.raises(UsageError, match="there is no alert 99"):
        store.set_state([alert.id, 99], State.ACKNOWLEDGED, who="ann")
    assert store.alerts()[0].state is State.NEW


def test_a_closed_alert_seen_again_stays_closed_and_counts(store):
    (alert,) = store.record([finding()], at=NOON).new
    close(store, alert.id)
    recorded = store.record([finding()], at=at(3600))
    assert not recorded.new
    assert not recorded.reopened
    (alert,) = store.alerts()
    assert (alert.state, alert.verdict, alert.seen, alert.seen_closed) == (State.CLOSED, Verdict.BENIGN, 2, 1)


def test_a_closed_alert_that_goes_further_is_new_again_and_says_why(store):
    (alert,) = store.record([finding()], at=NOON).new
    close(store, alert.id)
    recorded = store.record([finding(child=("cmd.exe", 9028))], at=at(3600))
    assert [each.id for each in recorded.reopened] == [alert.id]
    (alert,) = store.alerts()
    assert (alert.state, alert.verdict, alert.closed_at) == (State.NEW, None, None)
    last = store.history(alert.id)[-1]
    assert (last.action, last.before, last.after) == ("reopened", "closed (benign)", "new")
    assert last.text == "strength access -> execution, started cmd.exe"


def test_more_of_the_same_on_a_closed_alert_does_not_reopen_it(store):
    (alert,) = store.record([finding()], at=NOON).new
    close(store, alert.id)
    store.record([finding(300, rule="another-rule")], at=at(600))
    (alert,) = store.alerts()
    assert (alert.state, alert.seen_closed, alert.finding.rules) == (
        State.CLOSED,
        1,
        ("scm-remote-service", "another-rule"),
    )


def test_two_alerts_that_later_evidence_ties_become_one_and_keep_their_history(store):
    store.record(APART, at=NOON)
    old, young = sorted(store.alerts(), key=lambda alert: alert.id)
    store.comment(young.id, "looking", who="ann")
    recorded = store.record([finding(550, rule="c")], at=at(1200))
    assert [each.id for each in recorded.merged] == [young.id]
    (alert,) = store.alerts()
    assert alert.id == old.id
    gone = store.find(str(young.id))
    assert (gone.state, gone.merged_into) == (State.MERGED, old.id)
    assert [line.text for line in store.history(young.id)][-2:] == ["looking", f"into {old.id}"]
    with pytest.raises(UsageError, match=f"went on as alert {old.id}"):
        store.set_state([young.id], State.ACKNOWLEDGED, who="ann")


@pytest.mark.parametrize(
    ("old", "young", "expected"),
    [
        (State.NEW, State.NEW, State.NEW),
        (State.CLOSED, State.NEW, State.NEW),
        (State.CLOSED, State.ACKNOWLEDGED, State.ACKNOWLEDGED),
        (State.CLOSED, State.CLOSED, State.CLOSED),
        (State.ACKNOWLEDGED, State.NEW, State.ACKNOWLEDGED),
    ],
)
def test_of_two_alerts_that_become_one_the_more_open_state_stays(store, old, young, expected):
    store.record(APART, at=NOON)
    for alert, state in zip(sorted(store.alerts(), key=lambda each: each.id), (old, young), strict=True):
        verdict = Verdict.BENIGN if state is State.CLOSED else None
        store.set_state([alert.id], state, verdict=verdict, who="ann")
    store.record([finding(550, rule="c")], at=at(1200))
    assert [alert.state for alert in store.alerts()] == [expected]


def test_what_a_fuller_look_no_longer_finds_is_withdrawn_and_comes_back(store):
    only = finding()
    (alert,) = store.record([only], at=NOON, gone=()).new
    recorded = store.record([], at=at(60), gone=[only.id])
    assert [each.id for each in recorded.withdrawn] == [alert.id]
    assert store.alerts() == []
    assert store.find(str(alert.id)).state is State.WITHDRAWN
    back = store.record([only], at=at(120), gone=())
    assert ([each.id for each in back.reopened], back.new) == ([alert.id], ())
    assert [each.state for each in store.alerts()] == [State.NEW]


def test_what_a_person_closed_stays_closed_when_it_is_no_longer_found(store):
    only = finding()
    (alert,) = store.record([only], at=NOON, gone=()).new
    close(store, alert.id, Verdict.TRUE_POSITIVE)
    store.record([], at=at(60), gone=[only.id])
    assert [each.verdict for each in store.alerts()] == [Verdict.TRUE_POSITIVE]


def test_an_alert_goes_on_in_the_finding_that_replaces_its_own(store):
    part, whole = finding(), finding(child=("cmd.exe", 9028))
    (alert,) = store.record([part], at=NOON, gone=()).new
    recorded = store.record([whole], at=at(60), gone=[part.id])
    assert (recorded.new, recorded.withdrawn, recorded.merged) == ((), (), ())
    assert [(each.id, each.fingerprint) for each in store.alerts()] == [(alert.id, merge([whole])[0].id)]


def test_an_error_in_a_transaction_undoes_all_of_it(store):
    class StopError(Exception):
        pass

    def record_and_stop():
        with store.transaction() as transaction:
            transaction.record([finding()], at=NOON, run="r")
            transaction.put("offset", 7)
            raise StopError

    with pytest.raises(StopError):
        record_and_stop()
    assert store.alerts() == []
    with store.transaction() as transaction:
        assert transaction.items() == {}
        assert not transaction.record([finding()], at=NOON, run="r").is_repeat


def test_a_watchers_keys(store):
    with store.transaction() as transaction:
        transaction.put("window/a", {"until": "2026-07-14"})
        transaction.put("window/b_", 1)
        transaction.put("window/b_", 2)
        transaction.put("other", None)
    with store.transaction() as transaction:
        assert transaction.get("window/a") == {"until": "2026-07-14"}
        assert transaction.items("window/") == {"window/a": {"until": "2026-07-14"}, "window/b_": 2}
        assert transaction.items("window/b_") == {"window/b_": 2}
        transaction.delete("window/a")
        assert transaction.get("window/a") is None


def test_alerts_are_found_by_number_fingerprint_and_finding(store):
    part = finding()
    (alert,) = store.record([part], at=NOON).new
    for name in (str(alert.id), alert.fingerprint, alert.fingerprint[:8], part.id.upper()):
        assert store.find(name).id == alert.id
    assert store.find("ffffffffffffffff") is None
    assert store.find("%") is None


QUESTIONS = {
    "all": (Wanted(), [2, 1, 0]),
    "state": (Wanted(states=(State.ACKNOWLEDGED,)), [1]),
    "severity": (Wanted(least_severity="high"), [2, 0]),
    "device by full name": (Wanted(device="WS1.example.org"), [1]),
    "device by short name": (Wanted(device="ws1"), [1]),
    "part of a name is no device": (Wanted(device="ws"), []),
    "a wildcard is no device": (Wanted(device="ws%"), []),
    "rule": (Wanted(rule="other"), [2]),
    "since": (Wanted(since=at(1000)), [2, 1]),
    "until": (Wanted(until=at(1000)), [0]),
    "limit": (Wanted(limit=2), [2, 1]),
    "verdict": (Wanted(verdicts=(Verdict.BENIGN,)), []),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions(store, name):
    given = [
        finding(0, device="ws0.example.org"),
        finding(1000, device="ws1.example.org", severity="low"),
        finding(2000, device="ws2.example.org", rule="other", severity="critical"),
    ]
    for each in given:
        store.record([each], at=NOON)
    numbers = {alert.finding.device: alert.id for alert in store.alerts()}
    store.set_state([numbers["ws1.example.org"]], State.ACKNOWLEDGED, who="ann")
    wanted, expected = QUESTIONS[name]
    assert [int(alert.finding.device[2]) for alert in store.alerts(wanted)] == expected


def test_hostile_text_is_kept_as_text(store):
    text = "a\0b\ud800'; DROP TABLE alerts; --%_\x1b[31m\u202e"
    hostile = replace(
        finding(device="ws'--"), summary=text.replace("\ud800", ""), title="\0", device="d\0", device_id=None
    )
    store.record([hostile], at=NOON)
    store.comment(1, text, who=text)
    (alert,) = store.alerts()
    assert alert.finding.summary == hostile.summary
    assert store.history(1)[-1].text == text.replace("\0", "\ufffd").replace("\ud800", "\ufffd\ufffd\ufffd")


def test_many_findings_at_once(store):
    several = [finding(second * 5000, device=f"ws{second % 7}", child=("cmd.exe", second)) for second in range(150)]
    assert len(store.record(several, at=NOON).new) == 150
    assert len(store.record(several, at=NOON).seen) == 150
    assert {alert.fingerprint for alert in store.alerts()} == {each.id for each in merge(several)}


def test_an_alert_that_never_ends_stays_of_bounded_size(sqlite_url):
    with AlertStore.open(sqlite_url) as store:
        for start in range(0, 1200, 100):
            several = [finding(300 * n, rule=f"r{n}") for n in range(start, start + 100)]
            store.record(several, at=NOON)
        (alert,) = store.alerts()
        assert alert.finding.first_time == at(0)
        assert alert.finding.last_time == at(300 * 1199)
        with store.database.reading() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM sightings")).scalar() <= 201
