"""A topic, read from librdkafka's own mock cluster: offsets are the lake's, nothing twice, nothing lost."""

from __future__ import annotations

import json

import pytest

from tiercel.errors import InputError
from tiercel.tables.lake import Dataset

from .conftest import NOW, at

kafka = pytest.importorskip("confluent_kafka")

from tiercel.watch.sources.kafka import KafkaSource  # noqa: E402  it needs the extra

TOPIC = "advancedhunting"


@pytest.fixture(scope="module")
def cluster():
    """A mock cluster of one broker, which lives as long as its first client."""
    owner = kafka.Producer({"bootstrap.servers": "ignored", "test.mock.num.brokers": 1}, logger=Quiet())
    owner.list_topics(timeout=10)
    brokers = ",".join(f"{broker.host}:{broker.port}" for broker in owner.list_topics(timeout=10).brokers.values())
    yield brokers
    owner.flush(5)


class Quiet:
    def log(self, *_):
        pass


class Topic:
    """A topic of the cluster, and a producer that fills it."""

    def __init__(self, brokers, name):
        self.brokers, self.name = brokers, name
        self.producer = kafka.Producer({"bootstrap.servers": brokers}, logger=Quiet())
        self.open = []

    def says(self, *values, partition=0):
        for value in values:
            self.producer.produce(self.name, value, partition=partition)
        assert self.producer.flush(10) == 0

    def source(self):
        self.open.append(KafkaSource(self.brokers, self.name))
        return self.open[-1]


@pytest.fixture
def topic(cluster, request):
    topic = Topic(cluster, request.node.name[:60])
    yield topic
    for source in topic.open:
        source.close()


def look(source, known, tmp_path, room=1 << 20):
    """The new records by partition and its first offset, after the lake took them."""
    folder = tmp_path / f"look-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    taken = source.take(known, folder, room)
    known.update({one.item: one.after for one in taken.reached})
    told = {
        taken.pieces[path].name: [json.loads(line) for line in path.read_text().splitlines()] for path in taken.files
    }
    return told, taken


def test_messages_of_every_form_are_records_and_are_read_once(topic, tmp_path):
    topic.says(b'{"n": 1}', b'{"records": [{"n": 2}, {"n": 3}]}', b'{"n": 4}\n{"n": 5}\n', b'[{"n": 6}]')
    known, source = {}, topic.source()
    told, _ = look(source, known, tmp_path)
    name = f"kafka:{topic.name}/0@0"
    assert told == {name: [{"n": number} for number in range(1, 7)]}
    assert known["0"] == "4"
    assert look(source, known, tmp_path)[0] == {}
    topic.says(b'{"n": 7}')
    assert look(source, known, tmp_path)[0] == {f"kafka:{topic.name}/0@4": [{"n": 7}]}


def test_another_process_reads_on_from_the_lakes_offsets(topic, tmp_path):
    topic.says(b'{"n": 1}', b'{"n": 2}')
    known = {"0": "1"}
    assert look(topic.source(), known, tmp_path)[0] == {f"kafka:{topic.name}/0@1": [{"n": 2}]}


def test_what_was_not_committed_is_read_again(topic, tmp_path):
    topic.says(b'{"n": 1}')
    source = topic.source()
    first, _ = look(source, {}, tmp_path)
    source.again()
    assert look(source, {}, tmp_path)[0] == first


def test_room_bounds_a_look_and_nothing_is_passed_over(topic, tmp_path):
    topic.says(*(json.dumps({"n": number}).encode() for number in range(500)))
    known, source, numbers = {}, topic.source(), []
    while True:
        told, taken = look(source, known, tmp_path, room=1500)
        numbers += [each["n"] for records in told.values() for each in records]
        if not taken.is_behind:
            break
    assert numbers == list(range(500))


def test_offsets_beyond_the_topics_end_are_told(topic, tmp_path):
    topic.says(b'{"n": 1}')
    known = {"0": "9"}
    told, taken = look(topic.source(), known, tmp_path)
    assert [issue.code for issue in taken.issues] == ["watch-topic-anew"]
    assert len(told) == 1


def test_a_broker_that_is_away_is_an_error_with_its_address(tmp_path, monkeypatch):
    monkeypatch.setattr("tiercel.watch.sources.kafka._CONNECT", 0.5)
    source = KafkaSource("127.0.0.1:9", TOPIC)
    with pytest.raises(InputError, match=r"no broker answers at 127\.0\.0\.1:9"):
        source.take({}, tmp_path, 1000)
    source.close()


def test_a_watched_topic_ends_in_an_alert_and_a_message_twice_in_nothing(topic, house):
    topic.says(house.connection.encode())
    watcher = house.watcher(sources=[topic.source()])
    assert len(watcher.step(NOW).new) == 1
    topic.says(json.dumps({"records": [json.loads(house.child), json.loads(house.connection)]}).encode())
    stepped = watcher.step(NOW.replace(minute=30))
    assert (stepped.arrived.rows, stepped.arrived.known) == (1, 1)
    topic.says(at(house.child, ReportId=50).encode())
    again = house.watcher(sources=[topic.source()])
    assert again.step(NOW.replace(minute=40)).arrived.rows == 1
    assert house.alerts() == [(1, "execution", "new")]
    offsets = {item: text for (_, item), text in Dataset.open(house.lake).offsets.items()}
    assert offsets == {"0": "3", "1": "0", "2": "0", "3": "0"}
