"""A topic of a broker that speaks Kafka's protocol, as Event Hubs does: Defender's streaming records in messages.

The offsets are the lake's, committed with the rows; the broker's own consumer groups are not used, so that a message is
neither lost nor imported twice, whenever the watcher ends. A message holds one record, several lines of them, or
`{"records": [...]}` as Defender sends to Event Hubs (Microsoft Learn, stream Microsoft Defender XDR events).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from tiercel.errors import InputError, Issue, Severity, UsageError
from tiercel.tables.lake import Reached
from tiercel.telemetry.inputs import Piece
from tiercel.watch.sources.source import Taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["KafkaSource"]

_MESSAGES_AT_ONCE: Final = 500
_POLL: Final = 0.5
_SILENT: Final = 15.0
"""Seconds without a message, where some are to come, after which they are left to the next look."""
_CONNECT: Final = 15.0


class KafkaSource:
    """One topic, all its partitions."""

    def __init__(self, brokers: str, topic: str, settings: Mapping[str, str] | None = None) -> None:
        try:
            import confluent_kafka  # noqa: PLC0415  an extra, and slow to load
        except ModuleNotFoundError as error:
            raise UsageError("a topic needs confluent-kafka: pip install 'tiercel[kafka]'") from error
        self._kafka: Any = confluent_kafka
        self._brokers, self._topic = brokers, topic
        self._at: dict[int, int] = {}
        self._consumer: Any = confluent_kafka.Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": "tiercel",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
                "allow.auto.create.topics": False,
                **(settings or {}),
            },
            logger=_Silent(),
        )

    @property
    def name(self) -> str:
        """`kafka:` and the topic. Brokers come and go under other addresses; the topic stays."""
        return f"kafka:{self._topic}"

    def again(self) -> None:
        """Every partition is read on from where the lake says."""
        self._at.clear()

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def take(self, known: Mapping[str, str], folder: Path, room: int) -> Taken:
        """The messages that the lake does not have. Raises InputError where the broker cannot be reached."""
        taken = Taken()
        begins, ends = self._begin(known, taken)
        records: dict[int, list[bytes]] = {}
        until = dict(begins)
        heard = time.monotonic()
        while any(until[partition] < end for partition, end in ends.items()):
            if taken.bytes >= room or time.monotonic() - heard > _SILENT:
                taken.is_behind = taken.bytes >= room
                break
            for message in self._consumer.consume(_MESSAGES_AT_ONCE, _POLL):
                heard = time.monotonic()
                partition = message.partition()
                if message.error():
                    self._failed(message, until, taken)
                    continue
                until[partition] = message.offset() + 1
                for record in _records(message.value()):
                    records.setdefault(partition, []).append(record)
                    taken.bytes += len(record)
        for partition, end in until.items():
            self._at[partition] = end
            item = str(partition)
            if end != begins[partition] or item not in known:
                taken.reached.append(Reached(self.name, item, known.get(item), str(end)))
            if lines := records.get(partition):
                copy = folder / f"topic-{partition:06d}.json"
                copy.write_bytes(b"\n".join(lines) + b"\n")
                taken.files.append(copy)
                taken.pieces[copy] = Piece(f"{self.name}/{partition}@{begins[partition]}", 0)
        return taken

    def _begin(self, known: Mapping[str, str], taken: Taken) -> tuple[dict[int, int], dict[int, int]]:
        """Where each partition is read on from, after the consumer was put there, and where it ends by now."""
        try:
            described = self._consumer.list_topics(self._topic, timeout=_CONNECT).topics[self._topic]
            if described.error is not None:
                message = f"the topic {self._topic} cannot be read at {self._brokers}: {described.error.str()}"
                raise InputError(message, path=self.name)
            begins, ends = {}, {}
            for partition in sorted(described.partitions):
                place = self._kafka.TopicPartition(self._topic, partition)
                low, high = self._consumer.get_watermark_offsets(place, timeout=_CONNECT)
                ends[partition] = high
                begins[partition] = self._resumed(partition, known.get(str(partition)), low, high, taken)
        except self._kafka.KafkaException as error:
            reason = error.args[0].str()
            raise InputError(f"no broker answers at {self._brokers}: {reason}", path=self.name) from error
        if begins != self._at:
            self._consumer.assign(
                [self._kafka.TopicPartition(self._topic, partition, at) for partition, at in begins.items()]
            )
        return begins, ends

    def _resumed(self, partition: int, known: str | None, low: int, high: int, taken: Taken) -> int:
        """The offset to read on from: what the lake says, as far as the topic still holds it."""
        if known is None:
            return low
        at = int(known)
        if at < low:
            message = f"{low - at:,} messages of {self._topic}/{partition} were deleted before they were read"
            hint = "the topic's retention is shorter than the watcher was away"
            taken.issues.append(Issue("watch-messages-gone", message, hint=hint))
            return low
        if at > high:
            message = f"{self._topic}/{partition} ends at {high:,}, before the {at:,} it was read to"
            hint = "the topic was made anew; it is read from its beginning"
            taken.issues.append(Issue("watch-topic-anew", message, hint=hint, severity=Severity.WARNING))
            return low
        return at

    def _failed(self, message: Any, until: dict[int, int], taken: Taken) -> None:
        """Takes what is no message: the end of a partition, which may lie behind the last message, or an error."""
        error = message.error()
        if error.code() == self._kafka.KafkaError._PARTITION_EOF:  # noqa: SLF001  the library's own name for it
            until[message.partition()] = max(until[message.partition()], message.offset())
        else:
            taken.issues.append(Issue("watch-topic", f"{self._topic}/{message.partition()}: {error.str()}"))


def _records(value: bytes | None) -> Iterator[bytes]:
    """The records of a message, each as one line of JSON; what is no JSON goes on as it is, to be counted as such."""
    if not value:
        return
    try:
        message = orjson.loads(value)
    except ValueError:
        yield from (line for line in value.splitlines() if line.strip())
        return
    several = message.get("records") if isinstance(message, dict) else message
    if isinstance(several, list):
        yield from (orjson.dumps(each) for each in several)
    else:
        yield orjson.dumps(message)


class _Silent:
    """Takes librdkafka's own lines, which are for its developers: errors come with the messages."""

    def log(self, *_: object) -> None:
        """Nothing."""
