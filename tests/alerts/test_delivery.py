"""Messages reach their targets: all of them, in order per device, also when receivers or deliverers die."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from tiercel.alerts import AlertStore, State, Verdict
from tiercel.alerts.delivery import Deliverer, DeliveryError, Retry, Target
from tiercel.alerts.delivery.folder import Folder
from tiercel.alerts.delivery.webhook import SIGNATURE, Webhook
from tiercel.alerts.outbox import KEEP, KINDS, Outbox

from .found import NOON, at, finding
from .receiver import Receiver


def raise_alerts(store, devices=3, each=4, prefix="ws"):
    """So many alerts on so many devices, one after the other; their numbers in order, by device."""
    expected = {}
    for number in range(each):
        for device in range(devices):
            name = f"{prefix}{device}"
            (alert,) = store.record([finding(number * 5000, device=name, child=("cmd.exe", number))], at=NOON).new
            expected.setdefault(name, []).append(alert.id)
    return expected


OPENED = []


@pytest.fixture(autouse=True)
def _closed():
    yield
    while OPENED:
        OPENED.pop().close()


def chance(seed):
    return random.Random(seed)  # noqa: S311  it guards nothing


def always(status):
    return lambda _: status


def deliverer(store, sender, name="soc", **more):
    OPENED.append(Deliverer(store, [Target(name, sender, **more)], randomness=chance(1)))
    return OPENED[-1]


NEVER = always(None)


class Kept:
    """A sender that keeps what it sends; `fails(message)` says what goes wrong."""

    def __init__(self, fails=NEVER):
        self.sent = []
        self.fails = fails

    def send(self, message):
        if error := self.fails(message):
            raise error
        self.sent.append(message)

    def close(self):
        pass


def test_a_new_alert_is_posted_signed_with_its_key(store):
    raise_alerts(store, 1, 1)
    with Receiver() as receiver:
        webhook = Webhook(receiver.url, b"secret", {"Authorization": "Bearer t"}, clock=lambda: 1_700_000_000.9)
        (done,) = deliverer(store, webhook).step(NOON)
        webhook.close()
    assert (done.delivered, done.failed, done.again) == (1, 0, None)
    ((headers, raw),) = receiver.requests
    body = json.loads(raw)
    expected = hmac.new(b"secret", b"1700000000." + raw, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"t=1700000000,v1={expected}"
    assert headers["Idempotency-Key"] == body["key"]
    assert headers["Authorization"] == "Bearer t"
    assert (headers["Tiercel-Event"], body["kind"]) == ("alert.new", "alert.new")
    assert body["alert"]["finding"]["device"] == "ws0"
    assert len(body["alert"]["finding"]["evidence"]) == 2


def test_what_was_delivered_is_not_delivered_again(store):
    expected = raise_alerts(store)
    kept = Kept()
    line = deliverer(store, kept)
    assert line.step(NOON)[0].delivered == 12
    assert line.step(at(1))[0].delivered == 0
    line.close()
    assert deliverer(store, kept).step(at(2))[0].delivered == 0
    assert len(kept.sent) == sum(map(len, expected.values()))


def test_a_receiver_down_for_an_hour_gets_everything_once_it_is_back_in_order(store):
    expected = raise_alerts(store)
    with Receiver() as receiver:
        receiver.answers = always(503)
        webhook = Webhook(receiver.url, b"s")
        line = deliverer(store, webhook)
        now, tries = NOON, 0
        while now < NOON + timedelta(hours=1):
            (done,) = line.step(now)
            assert done.delivered == 0
            tries += done.failed
            assert done.again > now
            assert line.step(now)[0].failed == 0, "what is not due is not tried"
            if tries == 5:  # alerts that are raised meanwhile wait behind the others
                more = finding(90_000, device="ws1", child=("cmd.exe", 99))
                expected["ws1"] += [alert.id for alert in store.record([more], at=now).new]
            now = done.again
        assert len(receiver.requests) == tries
        assert 15 < tries < 40, "ever less often, at most every five minutes"
        receiver.answers = always(200)
        (done,) = line.step(now)
        webhook.close()
    assert (done.delivered, done.again) == (13, None)
    assert receiver.devices == expected
    assert len(receiver.taken) == 13
    assert line.standings()[0].waiting == 0


def test_nobody_listening_is_a_failure_that_is_tried_again(store):
    raise_alerts(store, 1, 1)
    with Receiver() as receiver:
        port = receiver.port
    webhook = Webhook(f"http://user:secret@127.0.0.1:{port}/token/abc")
    line = deliverer(store, webhook)
    (done,) = line.step(NOON)
    assert (done.failed, done.error.partition(": ")[0]) == (1, f"http://127.0.0.1:{port}")
    assert "secret" not in done.error
    assert "abc" not in done.error
    with Receiver(port) as receiver:
        assert line.step(done.again)[0].delivered == 1
    webhook.close()


def test_a_device_whose_message_is_refused_waits_and_the_others_do_not(store):
    expected = raise_alerts(store)
    with Receiver() as receiver:
        refused = expected["ws1"][1]
        receiver.answers = lambda body: 400 if body["alert"]["id"] == refused else 200
        webhook = Webhook(receiver.url)
        line = deliverer(store, webhook)
        (done,) = line.step(NOON)
        assert (done.delivered, done.failed) == (9, 1)
        assert receiver.devices == {**expected, "ws1": expected["ws1"][:1]}
        receiver.answers = always(200)
        assert line.step(done.again)[0].delivered == 3
        webhook.close()
    assert receiver.devices == expected


def test_a_message_can_be_skipped_by_hand(store):
    expected = raise_alerts(store, 1, 3)
    refused = expected["ws0"][0]
    kept = Kept(lambda message: DeliveryError("no", is_refused=True) if message.alert["id"] == refused else None)
    line = deliverer(store, kept)
    (done,) = line.step(NOON)
    assert done.delivered == 0
    outbox = Outbox(store.database, "soc", KINDS)
    first = next(outbox.waiting())
    assert outbox.skip(first.sequence, at(1))
    assert not outbox.skip(first.sequence, at(1))
    assert line.step(done.again)[0].delivered == 2


@pytest.mark.parametrize("status", [301, 302, 408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_speaks_of_the_moment_stops_the_whole_target(store, status):
    raise_alerts(store, 3, 1)
    with Receiver() as receiver:
        receiver.answers = always((status, {"Location": receiver.url, "Retry-After": "120"}))
        webhook = Webhook(receiver.url)
        (done,) = deliverer(store, webhook).step(NOON)
        webhook.close()
    assert (done.failed, len(receiver.requests)) == (1, 1)
    assert done.again == NOON + timedelta(seconds=120)


@pytest.mark.parametrize("told", ["", "soon", "-5", "99999999999999999999", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_wait_that_makes_no_sense_is_bounded(store, told):
    raise_alerts(store, 1, 1)
    with Receiver() as receiver:
        receiver.answers = always((503, {"Retry-After": told}))
        webhook = Webhook(receiver.url)
        (done,) = deliverer(store, webhook).step(NOON)
        webhook.close()
    assert NOON < done.again <= NOON + timedelta(hours=1)


def test_waits_double_up_to_the_most_and_are_spread():
    retry = Retry(2, 60)
    waits = [[retry.wait(failures, chance(seed)) for seed in range(50)] for failures in range(1, 12)]
    assert [max(each) <= min(60, 2**number) for number, each in enumerate(waits, 1)] == [True] * 11
    assert all(min(each) >= min(60, 2**number) / 2 for number, each in enumerate(waits, 1))
    assert all(len(set(each)) > 40 for each in waits)
    assert retry.wait(10**9, chance(1)) <= 60


def test_only_the_kinds_and_severities_that_are_asked_for(store):
    store.record([finding(0, severity="low")], at=NOON)
    (alert,) = store.record([finding(0, device="ws7", severity="high")], at=NOON).new
    store.set_state([alert.id], State.CLOSED, verdict=Verdict.BENIGN, who="ann")
    store.record([finding(0, device="ws7", child=("cmd.exe", 1), severity="high")], at=at(60))
    told = Kept()
    deliverer(store, told).step(NOON)
    assert [(each.kind, each.device) for each in told.sent] == [
        ("alert.new", "ws6.example.org"),
        ("alert.new", "ws7"),
        ("alert.reopened", "ws7"),
    ]
    severe = Kept()
    deliverer(store, severe, "severe", least_severity=3, kinds=("alert.new",)).step(NOON)
    assert [(each.kind, each.device) for each in severe.sent] == [("alert.new", "ws7")]


def test_two_deliverers_at_once_take_turns_and_never_reorder(url):
    """One sends while the other looks: the other finds the target taken, until the first is gone."""
    with AlertStore.open(url) as one, AlertStore.open(url) as two:
        raise_alerts(one)
        kept = Kept()
        first, second = deliverer(one, kept), deliverer(two, kept)
        looks = []
        kept.fails = lambda _: looks.append(second.step(NOON)[0].is_elsewhere)
        assert first.step(NOON)[0].delivered == 12
        assert looks == [True] * 12
        raise_alerts(two, 1, 2, "late")
        first.close()
        kept.fails = always(None)
        assert second.step(at(1))[0].delivered == 2
        assert first.step(at(2))[0].is_elsewhere
        second.close()
    assert [each.sequence for each in kept.sent] == sorted(each.sequence for each in kept.sent)


def test_several_deliverers_in_threads_deliver_all_in_order(url):
    with AlertStore.open(url) as store, Receiver() as receiver:
        stop = threading.Event()
        stores = [AlertStore.open(url) for _ in range(3)]
        lines = [Deliverer(each, [Target("soc", Webhook(receiver.url), retry=Retry(0.01, 0.05))]) for each in stores]
        failing = chance(3)
        receiver.answers = lambda _: failing.choice([200, 200, 503, 400])
        threads = [threading.Thread(target=line.run, args=(stop,)) for line in lines]
        for thread in threads:
            thread.start()
        expected = raise_alerts(store)
        outbox = Outbox(store.database, "soc", ("alert.new", "alert.reopened"))
        for _ in range(3000):
            if len(receiver.taken) >= 12 and not list(outbox.waiting()):
                break
            stop.wait(0.02)
        stop.set()
        for thread in threads:
            thread.join()
        for each in stores:
            each.close()
    assert receiver.devices == expected


KILLED = """
import os, sys
from tiercel.alerts import AlertStore
from tiercel.alerts.delivery import Deliverer, Target
from tiercel.alerts.delivery.webhook import Webhook
with AlertStore.open(sys.argv[1]) as store:
    for done in Deliverer(store, [Target("soc", Webhook(sys.argv[2]))]).step():
        print(done.delivered, done.is_elsewhere, flush=True)
"""


def test_killed_between_sending_and_marking_it_sends_again_with_the_same_key(url):
    with AlertStore.open(url) as store, Receiver() as receiver:
        expected = raise_alerts(store, 2, 3)
        command = [sys.executable, "-c", KILLED, url, receiver.url]
        for kill_at in (1, 3):
            sent = len(receiver.taken)
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            # The receiver has the message and does not answer: the sender cannot have marked it when it dies.
            receiver.before_answer = lambda sent=sent, kill_at=kill_at, process=process: (
                process.kill() if len(receiver.taken) == sent + kill_at else None
            )
            process.communicate(timeout=60)
            assert process.returncode == -9
        receiver.before_answer = lambda: None
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout.split()[1] == "False", "the lock of a killed process is free"
        assert list(Outbox(store.database, "soc", KINDS).waiting()) == []
    assert receiver.devices == expected
    keys = [key for key, _ in receiver.taken]
    assert len(keys) > len(set(keys)) == 6
    numbers = {}
    for key, body in receiver.taken:
        assert numbers.setdefault(key, body["alert"]["id"]) == body["alert"]["id"]


def test_a_folder_holds_each_message_whole_under_a_name_that_sorts(store, tmp_path):
    raise_alerts(store)
    folder = Folder(tmp_path / "out")
    deliverer(store, folder).step(NOON)
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 12
    told = [json.loads((tmp_path / "out" / name).read_text()) for name in names]
    assert [each["alert"]["id"] for each in told] == sorted(each["alert"]["id"] for each in told)
    # A repeat writes the same file.
    folder.send(next(Outbox(store.database, "other", KINDS, 0).waiting(), None) or _first(store))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names


def _first(store):
    outbox = Outbox(store.database, "again", KINDS)
    outbox.register(NOON)
    return next(outbox.waiting())


def test_a_folder_that_cannot_be_written_is_a_failure(store, tmp_path):
    raise_alerts(store, 1, 1)
    (tmp_path / "out").write_text("a file stands here")
    (done,) = deliverer(store, Folder(tmp_path / "out")).step(NOON)
    assert (done.delivered, done.failed) == (0, 1)
    assert str(tmp_path / "out") in done.error


def test_what_was_told_long_ago_is_forgotten_and_what_waits_is_not(store):
    raise_alerts(store, 1, 2)
    down = deliverer(store, Kept(lambda _: DeliveryError("down")), "down")
    up = deliverer(store, Kept(), "up")
    down.step(NOON)
    up.step(NOON)
    later = NOON + KEEP - timedelta(hours=1)
    down.step(later)
    outbox = Outbox(store.database, "down", KINDS)
    outbox.register(later)
    Outbox(store.database, "up", KINDS).settle(NOON + KEEP + timedelta(hours=1))
    assert len(list(outbox.waiting())) == 2
    Outbox(store.database, "up", KINDS).settle(NOON + 3 * KEEP)
    assert list(outbox.waiting()) == [], "a target that nobody has asked for in a month keeps nothing"


def test_a_store_that_goes_away_stops_no_deliverer(tmp_path):
    told, stop = [], threading.Event()
    path = tmp_path / "a.db"
    with AlertStore.open(path) as store:
        raise_alerts(store, 1, 1)
        line = Deliverer(store, [Target("soc", Kept())], told=lambda done: (told.append(done), stop.set()))
        path.unlink()
        path.mkdir()
        line.run(stop)
    assert "cannot be opened" in told[0].error


def test_an_error_of_our_own_in_one_target_stops_no_other(sqlite_url):
    told, kept = {}, Kept()
    stop = threading.Event()

    def tell(done):
        told[done.target] = done
        if len(told) == 2:
            stop.set()

    def broken(message):
        raise RuntimeError(f"no {message.kind}")

    with AlertStore.open(sqlite_url) as store:
        raise_alerts(store, 1, 1)
        Deliverer(store, [Target("bad", Kept(broken)), Target("good", kept)], told=tell).run(stop)
    assert "RuntimeError: no alert.new" in told["bad"].error
    assert (told["good"].delivered, len(kept.sent)) == (1, 1)


def test_headers_that_cannot_be_sent_are_a_failure(store):
    raise_alerts(store, 1, 1)
    webhook = Webhook("http://127.0.0.1:1/", headers={"X-Name": "\u20ac"})
    (done,) = deliverer(store, webhook).step(NOON)
    webhook.close()
    assert (done.delivered, done.failed) == (0, 1)


def test_a_clock_that_is_set_back_holds_nothing_up(store):
    raise_alerts(store, 2, 1)
    fails = [DeliveryError("down", after=1800), DeliveryError("no", is_refused=True, after=1800)]
    kept = Kept(lambda _: fails.pop(0) if fails else None)
    line = deliverer(store, kept)
    assert line.step(NOON)[0].failed == 1
    earlier = NOON - timedelta(hours=2)
    (done,) = line.step(earlier)
    assert (done.delivered, done.failed) == (1, 1)
    assert line.step(earlier - timedelta(hours=2))[0].delivered == 1


def test_a_clock_that_is_set_back_loses_and_doubles_no_alert(store):
    store.record([finding()], at=NOON, run="a")
    assert store.record([finding()], at=NOON - timedelta(days=40), run="a").is_repeat
    store.record([finding()], at=NOON - timedelta(days=40), run="b")
    (alert,) = store.alerts()
    assert (alert.seen, alert.seen_at, alert.raised_at) == (2, NOON, NOON)
