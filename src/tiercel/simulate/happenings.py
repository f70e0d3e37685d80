"""What happened, before anyone logs it: one row a happening, in columns that name no product.

A kind is a table. Every row has `uptime` (where), `time` (when, true time) and the columns of its kind. The records/
modules turn these rows into events of Sysmon, of the Security log and of Defender, each with its own gaps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KINDS", "Happenings", "process_columns"]

_SESSION = {
    "domain": pa.string(),
    "user": pa.string(),
    "sid": pa.string(),
    "logon_id": pa.int64(),
    "number": pa.int64(),
    "logon_time": pa.int64(),
}
_PROCESS = {
    "pid": pa.int64(),
    "start": pa.int64(),
    "image": pa.string(),
    "command_line": pa.string(),
    "integrity": pa.string(),
    **_SESSION,
}
_WHERE = {"uptime": pa.int32(), "time": pa.int64()}


def process_columns(prefix: str) -> dict[str, Any]:
    """The columns that describe a process, and the session it runs in, under a prefix."""
    return {f"{prefix}_{name}": kind for name, kind in _PROCESS.items()}


_SESSION_OF = {f"session_{name}": kind for name, kind in _SESSION.items()}
_PEER = {"remote_ip": pa.string(), "remote_port": pa.int64()}

KINDS: dict[str, dict[str, Any]] = {
    "start": {**_WHERE, **process_columns("process"), **process_columns("parent"), **process_columns("grandparent")},
    "end": {**_WHERE, **process_columns("process")},
    "connection": {
        **_WHERE,
        "initiated": pa.bool_(),
        "local_ip": pa.string(),
        "local_port": pa.int64(),
        **_PEER,
        **process_columns("process"),
        **process_columns("parent"),
    },
    "logon": {
        **_WHERE,
        "logon_type": pa.int64(),
        "package": pa.string(),
        **_PEER,
        "workstation": pa.string(),
        **_SESSION_OF,
        **process_columns("process"),
    },
    "share": {**_WHERE, "share": pa.string(), "file": pa.string(), "mask": pa.string(), **_PEER, **_SESSION_OF},
    "pipe": {
        **_WHERE,
        "created": pa.bool_(),
        "remote": pa.bool_(),
        "pipe": pa.string(),
        **process_columns("process"),
        **process_columns("parent"),
    },
    "service": {
        **_WHERE,
        "service": pa.string(),
        "image_path": pa.string(),
        "start_type": pa.string(),
        "account": pa.string(),
        **_SESSION_OF,
        **process_columns("process"),
    },
    "registry": {
        **_WHERE,
        "key": pa.string(),
        "value": pa.string(),
        "data": pa.string(),
        **process_columns("process"),
        **process_columns("parent"),
    },
    "file": {
        **_WHERE,
        "path": pa.string(),
        "share": pa.string(),
        **_PEER,
        **_SESSION_OF,
        **process_columns("process"),
    },
    "subscription": {**_WHERE, "part": pa.string(), "name": pa.string(), "text": pa.string(), **_SESSION_OF},
    "image": {
        **_WHERE,
        "image": pa.string(),
        "signature": pa.string(),
        **process_columns("process"),
        **process_columns("parent"),
    },
    "task": {**_WHERE, "task": pa.string(), "content": pa.string(), **_SESSION_OF, **process_columns("process")},
    "call": {
        **_WHERE,
        "interface": pa.string(),
        "interface_name": pa.string(),
        "operation": pa.int64(),
        "operation_name": pa.string(),
        "local_ip": pa.string(),
        "local_port": pa.int64(),
        **_PEER,
        **_SESSION_OF,
        **process_columns("process"),
    },
}
"""The columns of each kind of happening, in order."""


@dataclass
class Happenings:
    """Rows of every kind, collected batch by batch."""

    batches: dict[str, list[Any]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def add(self, kind: str, columns: dict[str, Any], n: int) -> None:
        """Keep n rows of a kind; columns that are not given are null, plain values are the same in every row."""
        arrays = []
        for name, arrow_type in KINDS[kind].items():
            value = columns.get(name)
            if value is None:
                arrays.append(pa.nulls(n, arrow_type))
            elif isinstance(value, pa.Array):
                arrays.append(value if value.type == arrow_type else value.cast(arrow_type))
            else:
                arrays.append(pa.repeat(pa.scalar(value, arrow_type), n))
        self.batches[kind].append(pa.Table.from_arrays(arrays, schema=pa.schema(list(KINDS[kind].items()))))

    def extend(self, other: Happenings) -> None:
        """Take over all rows of another collection."""
        for kind, tables in other.batches.items():
            self.batches[kind].extend(tables)

    def table(self, kind: str) -> Any:
        """All rows of a kind, by time and then by uptime."""
        schema = pa.schema(list(KINDS[kind].items()))
        if not self.batches[kind]:
            return schema.empty_table()
        return (
            pa.concat_tables(self.batches[kind])
            .combine_chunks()
            .sort_by([("time", "ascending"), ("uptime", "ascending")])
        )

    def split(self, owners: Sequence[int]) -> dict[int, Happenings]:
        """The rows of each owner of uptimes, by owner; this collection is empty afterwards, to hold nothing twice.

        Args:
            owners: whose each uptime is, by row of the fleet's uptimes.

        """
        owner_of = pa.array(owners, pa.int32())
        shares: dict[int, Happenings] = {}
        for kind in KINDS:
            table = self.table(kind)
            self.batches[kind] = []
            table = table.append_column("owner", owner_of.take(table.column("uptime").combine_chunks()))
            order = [("owner", "ascending"), ("time", "ascending"), ("uptime", "ascending")]
            table = table.take(pc.sort_indices(table, order))
            counts = table.group_by("owner", use_threads=False).aggregate([("owner", "count")])
            first = 0
            for owner, count in zip(
                counts.column("owner").to_pylist(), counts.column("owner_count").to_pylist(), strict=True
            ):
                share = table.slice(first, count).drop_columns("owner")
                shares.setdefault(owner, Happenings()).batches[kind].append(share)
                first += count
        return shares
