"""Events on their way into the tables: lines told apart, the used ones parsed into one staged table a family of kinds.

A line that no mapping uses costs one regular expression; only the others are parsed, once, and only for the fields that
their family declares. All come in batches, so that memory does not grow with the files.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from tiercel.tables.arrow import integers, repeated, texts
from tiercel.telemetry.mappings.kind import Family
from tiercel.telemetry.shapes import (
    DEFENDER_RECORD,
    ENVELOPE,
    EVENT_DUMP,
    FIRST_OF_WRAPPING,
    FLATTENED_DATA,
    FLATTENED_WINLOG,
    HEADER,
    SHAPES,
    Shape,
    event_number,
    structure,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiercel.telemetry.mappings.kind import Channel, Kind
    from tiercel.telemetry.readers.records import Records

__all__ = ["DEFENDER", "NOT_JSON", "NO_EVENT", "UNUSED", "UNUSED_KEY", "Staging"]

DEFENDER: Final = "stage_defender"
"""The staged table of Defender's streaming records: file, record, line."""

NOT_JSON: Final = "not JSON"
NO_EVENT: Final = "no Windows event"
UNUSED: Final = "event id not used"
UNUSED_KEY: Final = "registry value of neither a service nor WMI"
_KEPT: Final = "kept"
_EMPTY: Final = "empty"

_BATCH: Final = 64 << 20
_HELD: Final = 256 << 20
_ROW: Final = 64
"""What a line that is only counted takes, about."""
_REPAIRED_AT_MOST: Final = 10_000
_KEY: Final = r'"(?:winlog\.)?(?:EventID|event_id|EventId)"\s*:\s*'
_NUMBER: Final = r'(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)?"(?:#text|[$]t|_|Value|value|text)"\s*:\s*)?"?0*(%s)\b'
"""The event id, plain or beside its qualifiers; the number itself is group 1."""
_CHANNEL_TESTS: Final = {
    "sysmon": "channel ILIKE '%sysmon%'",
    "security": "lower(channel) = 'security'",
    "system": "lower(channel) = 'system'",
    "wmi": "channel ILIKE '%wmi-activity%'",
}
_REGISTRY_ID: Final = 13
"""Sysmon's event of a registry value that was set; the other channels use no such number."""
_TELLING_KEY: Final = r"(?i)\\services\\|wmiprvse"
"""A value of a service, in any spelling, or one that WMI's registry provider set."""
_DEFENDER_SHAPE: Final = -1
_UNWRAPPED: Final = rf"""CASE
    WHEN regexp_matches(line, '{FLATTENED_WINLOG}') THEN
        replace(replace(replace(replace(replace(replace(line, '"winlog.event_data.', '"'), '"winlog.user_data.', '"'),
            '"winlog.channel"', '"Channel"'), '"winlog.event_id"', '"EventID"'),
            '"winlog.computer_name"', '"Computer"'), '"winlog.record_id"', '"EventRecordID"')
    WHEN regexp_matches(line, '{FLATTENED_DATA}') THEN replace(line, '"event_data.', '"')
    WHEN regexp_matches(line, '{ENVELOPE}') THEN
        CASE WHEN json_valid(line) THEN coalesce(json_extract(line, '$._source')::VARCHAR, line) ELSE line END
    ELSE line END"""
"""A line as its shape wants it: flattened keys without their prefix, an Elasticsearch hit without its envelope."""


class Staging:
    """Keeps the records that a kind uses and parses them; counts the others by reason, file by file."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, kinds: Sequence[Kind], channels: frozenset[Channel]
    ) -> None:
        self.kinds = tuple(kind for kind in kinds if kind.channel in channels)
        self.read: Counter[int] = Counter()
        self.skipped: dict[int, Counter[str]] = {}
        self.replaced: set[int] = set()
        self._connection = connection
        self._batch: list[pa.RecordBatch] = []
        self._batch_size = 0
        self._known: list[pa.RecordBatch] = []
        self._known_size = 0
        ids = sorted({number for kind in self.kinds for number in kind.event_ids})
        self._used = _KEY + _NUMBER % "|".join(map(str, ids))
        connection.execute("SET preserve_insertion_order = true")
        columns = "file INTEGER, record BIGINT, verdict VARCHAR, line VARCHAR, shape INTEGER, id INTEGER"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE told ({columns})")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {DEFENDER} (file INTEGER, record BIGINT, line VARCHAR)")
        for family in Family:
            names = ", ".join(f'"{name}" VARCHAR' for name in _columns(kind for kind in kinds if kind.family is family))
            connection.execute(
                f"CREATE OR REPLACE TEMP TABLE {family.stage} (file INTEGER, record BIGINT, event_id INTEGER,"
                " computer VARCHAR, event_record BIGINT, written VARCHAR, clock VARCHAR, stamp VARCHAR, sid VARCHAR,"
                f" header_pid BIGINT, nxlog BOOLEAN, {names})"
            )

    def add(self, file: int, records: Records) -> None:
        """Takes records of a file; they may be parsed at once or later."""
        skipped = self.skipped.setdefault(file, Counter())
        for reason, count in records.skipped.items():
            self.read[file] += count
            skipped[reason] += count
        if records.replaced:
            self.replaced.add(file)
        if not len(records.lines):
            return
        if records.event_ids:
            ids = integers(records.event_ids, pa.int32())
            self._known.append(_numbered(file, records.numbers, records.lines).append_column("id", ids))
            self._known_size += records.lines.nbytes
            if self._known_size >= _HELD:
                self._parse_known()
            return
        self._batch.append(_numbered(file, records.numbers, records.lines))
        self._batch_size += records.lines.nbytes
        if self._batch_size >= _BATCH:
            self._tell_batch()

    def finish(self) -> None:
        """Parses what is still held."""
        self._parse_known()
        self._tell_batch()
        self._parse_told()
        self._connection.execute("DROP TABLE told")

    def kept(self) -> Counter[int]:
        """Records that reached a staged table, by file."""
        names = [family.stage for family in Family] + [DEFENDER]
        union = " UNION ALL ".join(f"SELECT file FROM {name}" for name in names)
        rows = self._connection.execute(f"SELECT file, count(*) FROM ({union}) GROUP BY file").fetchall()
        return Counter({int(file): int(count) for file, count in rows})

    def _parse_known(self) -> None:
        """Parses the collected lines whose event id is known: they are sound, used, and all of one shape."""
        if not self._known:
            return
        self._connection.register("incoming", pa.Table.from_batches(self._known))
        self._known, self._known_size = [], 0
        try:
            telling = f"CASE WHEN id = {_REGISTRY_ID} THEN regexp_matches(line, '{_TELLING_KEY}') ELSE true END"
            counted = f"SELECT file, count(*), count_if({telling}) FROM incoming GROUP BY file"
            for file, count, kept in self._connection.execute(counted).fetchall():
                self.read[file] += count
                if count > kept:
                    self.skipped[file][UNUSED_KEY] += count - kept
            shaped = f"(SELECT file, record, line, id, {EVENT_DUMP} AS shape FROM incoming)"
            self._parse(shaped, "record", telling)
        finally:
            self._connection.unregister("incoming")

    def holds_events(self) -> bool:
        """Whether there are Windows events, and not Defender's records alone."""
        union = " UNION ALL ".join(f"(SELECT 1 FROM {family.stage} LIMIT 1)" for family in Family)
        return self._connection.execute(union).fetchone() is not None

    def _tell_batch(self) -> None:
        """Tells the collected lines apart, and parses what was told apart once it is enough to be worth it."""
        if not self._batch:
            return
        incoming = pa.Table.from_batches(self._batch)
        self._batch, self._batch_size = [], 0
        self._tell_apart(incoming)
        size = f"SELECT {_ROW} * count(*) + coalesce(sum(strlen(line)), 0) FROM told"
        if self._connection.execute(size).fetchall()[0][0] >= _HELD:
            self._parse_told()

    def _tell_apart(self, incoming: pa.Table) -> None:
        """Adds to `told` each line with its verdict, its text where that is still wanted, its shape and its event id.

        A used line counts as kept before anybody has looked whether it is JSON: that shows when it is parsed.
        """
        first = " ".join(
            f"WHEN starts_with(first, '{shape.opening}') AND {shape.confirmed} THEN {index}"
            for index, shape in enumerate(SHAPES)
            if shape.opening
        )
        tested = " ".join(f"WHEN {shape.test} THEN {index}" for index, shape in enumerate(SHAPES))
        flat = len(SHAPES) - 1
        # Each level names what the next one uses more than once: every expression over a line is a pass over all bytes.
        self._connection.register("incoming", incoming)
        self._connection.execute(
            f"""INSERT INTO told SELECT file, record, verdict,
                CASE WHEN shape = {flat} AND first <> '' OR starts_with(first, '"_source"') THEN {_UNWRAPPED}
                    WHEN verdict IN ('{_KEPT}', '{NOT_JSON}') THEN line END, shape, id
            FROM (SELECT *, CASE WHEN verdict <> '{_KEPT}' THEN NULL WHEN first = '' THEN {flat} {first}
                WHEN regexp_matches(line, '{DEFENDER_RECORD}') THEN {_DEFENDER_SHAPE}
                WHEN regexp_matches(line, '{FLATTENED_WINLOG}') OR regexp_matches(line, '{FLATTENED_DATA}') THEN {flat}
                {tested} END AS shape
            FROM (SELECT *, CASE WHEN verdict = '{_KEPT}' THEN regexp_extract(line, '{FIRST_OF_WRAPPING}') END AS first
            FROM (SELECT *, CASE
                    WHEN id = {_REGISTRY_ID} AND NOT regexp_matches(line, '{_TELLING_KEY}') THEN '{UNUSED_KEY}'
                    WHEN id IS NOT NULL THEN '{_KEPT}'
                    WHEN regexp_matches(line, '"EventI|event_id"') THEN '{UNUSED}'
                    WHEN regexp_matches(line, '{DEFENDER_RECORD}') THEN
                        CASE WHEN json_valid(line) THEN '{_KEPT}' ELSE '{NOT_JSON}' END
                    WHEN trim(line, ' \t\r\n\x00') = '' THEN '{_EMPTY}'
                    WHEN json_valid(line) THEN '{NO_EVENT}'
                    ELSE '{NOT_JSON}' END AS verdict
            FROM (SELECT *, try_cast(regexp_extract(line, '{self._used}', 1) AS INTEGER) AS id FROM incoming))))"""
        )
        self._connection.unregister("incoming")

    def _parse_told(self, *, is_again: bool = False) -> None:
        """Parses what is kept in `told`, counts it all file by file, and empties it."""
        kept = f"verdict = '{_KEPT}' AND shape IS NOT NULL"
        self._connection.begin()
        try:
            self._parse("told", "record", kept)
        except duckdb.InvalidInputException:
            self._connection.rollback()
            self._connection.execute(
                f"UPDATE told SET verdict = '{NOT_JSON}' WHERE verdict = '{_KEPT}' AND NOT json_valid(line)"
            )
            self._parse("told", "record", kept)
        else:
            self._connection.commit()
        unsound = 0
        counted = self._connection.execute("SELECT file, verdict, count(*) FROM told GROUP BY ALL").fetchall()
        for file, verdict, count in counted:
            if verdict == _EMPTY:
                continue
            self.read[file] += count
            if verdict != _KEPT:
                self.skipped.setdefault(file, Counter())[verdict] += count
                unsound += count if verdict == NOT_JSON else 0
        rows = []
        if unsound and not is_again:
            query = f"SELECT file, record, line FROM told WHERE verdict = '{NOT_JSON}' LIMIT {_REPAIRED_AT_MOST}"
            rows = self._connection.execute(query).fetchall()
        self._connection.execute("TRUNCATE told")
        if repaired := self._repaired(rows):
            self._tell_apart(pa.Table.from_batches(repaired))
            self._parse_told(is_again=True)

    def _repaired(self, rows: Sequence[tuple[int, int, str]]) -> list[pa.RecordBatch]:
        """The lines that are JSON but for lone surrogates or raw control characters, which events can hold."""
        repaired = []
        for file, record, line in rows:
            try:
                value = json.loads(line, strict=False)
            except (ValueError, RecursionError):
                continue
            text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
            repaired.append(_numbered(file, [record], texts([text])))
            self.skipped[file][NOT_JSON] -= 1
            self.read[file] -= 1
        return repaired

    def _parse(self, source: str, record: str, where: str) -> None:
        """Parses the kept lines of `source` into the staged tables."""
        present = self._connection.execute(f"SELECT DISTINCT shape, id FROM {source} WHERE {where}").fetchall()
        for shape in sorted({shape for shape, _ in present}):
            if shape == _DEFENDER_SHAPE:
                chosen = f"SELECT file, {record}, line FROM {source} WHERE {where} AND shape = {_DEFENDER_SHAPE}"
                self._connection.execute(f"INSERT INTO {DEFENDER} {chosen}")
                continue
            ids = {number for index, number in present if index == shape}
            for family in Family:
                kinds = tuple(kind for kind in self.kinds if kind.family is family and ids & set(kind.event_ids))
                if kinds:
                    chosen = f"shape = {shape} AND {where}"
                    self._connection.execute(
                        _parsing(family, kinds, SHAPES[shape], where=chosen, source=source, record=record)
                    )


def _numbered(file: int, numbers: Sequence[int], lines: pa.Array) -> pa.RecordBatch:
    """Lines of a file with their numbers, as they are collected."""
    files = repeated(file, len(lines), pa.int32())
    return pa.record_batch({"file": files, "record": integers(numbers, pa.int64()), "line": lines})


def _parsing(family: Family, kinds: Sequence[Kind], shape: Shape, *, where: str, source: str, record: str) -> str:
    """The statement that parses the lines of a family's kinds in one shape into the family's staged table."""
    ids = ", ".join(kind.ids for kind in kinds)
    where = f"id IN ({ids}) AND {where}"
    fields = [f'{_field(kinds, shape, key, column)} AS "{column}"' for column, key in _columns(kinds).items()]
    casts = {
        "event_id": event_number(shape.header["event_id"]),
        "event_record": f"try_cast({shape.header['event_record']} AS BIGINT)",
        "header_pid": f"try_cast({shape.header['header_pid']} AS BIGINT)",
    }
    head = [f"{casts.get(name, shape.header[name])} AS {name}" for name in HEADER if name != "channel"]
    names = tuple(dict.fromkeys(name for kind in kinds for name in kind.fields))
    tests = {kind.channel: [other.ids for other in kinds if other.channel is kind.channel] for kind in kinds}
    channels = " ".join(
        f"WHEN event_id IN ({', '.join(numbers)}) THEN {_CHANNEL_TESTS[channel]}" for channel, numbers in tests.items()
    )
    # DuckDB may test what stands in a parsed line before what chooses the lines: it must not parse all of them for that.
    line = f"CASE WHEN {where} THEN line END"
    data = _user_data(shape, tuple(kind for kind in kinds if kind.user_data))
    # MATERIALIZED: else DuckDB writes the parsing out in several places, and parses each line as often (three times the
    # time, of one event log's 1,900 log-ons).
    return f"""INSERT INTO {family.stage} BY NAME
        WITH parsed AS MATERIALIZED (
            SELECT file, {record} AS record, line, id, from_json({line}, '{structure(shape, names)}') AS j{data}
            FROM {source} WHERE {where})
        SELECT * EXCLUDE (channel) FROM (
            SELECT file, record, {shape.header["channel"]} AS channel, {", ".join([*head, *fields])} FROM parsed)
        WHERE CASE {channels} ELSE false END"""


def _user_data(shape: Shape, kinds: Sequence[Kind]) -> str:
    """SQL for `u`, the fields that such kinds log as user data: in an object there, or in its only member."""
    if not kinds or not shape.user_data:
        return ""
    path = "$" + shape.user_data.replace("/", ".")
    inner = f"json_extract(line, '{path}.*')[1]"
    found = f"CASE WHEN json_type({inner}) = 'OBJECT' THEN {inner} ELSE json_extract(line, '{path}') END"
    members = ", ".join(f'"{name}": "VARCHAR"' for kind in kinds for name in kind.fields)
    chosen = ", ".join(kind.ids for kind in kinds)
    return f", from_json(CASE WHEN id IN ({chosen}) THEN {found} END, '{{{members}}}') AS u"


def _columns(kinds: Iterable[Kind]) -> dict[str, str]:
    """The staged columns of the kinds and the keys they come from."""
    return {
        column: key for kind in kinds for column, key in {**{name: name for name in kind.fields}, **kind.also}.items()
    }


def _field(kinds: Sequence[Kind], shape: Shape, key: str, column: str) -> str:
    """SQL for one of the events' own fields: from its place in the shape, from user data, or from the message."""
    path = ".".join(("j", *shape.within))
    value = f'{path}."{key}"'
    if any(column in kind.also for kind in kinds):
        value = f"json_extract_string(line, '{'/'.join(('', *shape.within, key))}')"
    if shape.user_data and any(kind.user_data and column in kind.fields for kind in kinds):
        value = f'coalesce({value}, u."{key}")'
    if shape.message is None:
        return value
    message = f"json_extract_string(line, '/{shape.message}')"
    cases = []
    for kind in kinds:
        label = kind.in_message.get(column)
        if label is not None:
            absent = f' AND {path}."{kind.parsed_if}" IS NULL' if kind.parsed_if and column not in kind.dropped else ""
            found = f"nullif(trim(regexp_extract({message}, '{label}([^\\r\\n]*)', 1)), '')"
            cases.append(f"WHEN id IN ({kind.ids}){absent} THEN {found}")
    return f"CASE WHEN {value} IS NOT NULL THEN {value} {' '.join(cases)} END" if cases else value
