"""Two rules, as the engine runs them, beside the same rules by hand, as written, and beside the bare reading.

The rules: the source's SCM rule (the shipped one where that is not at hand) and the shipped DCOM hunt, over 20
million network events and 2 million process starts in a lake. All give the same rows, or the measurement fails. By
hand: SQL of somebody who knows that time belongs into the key. As written: the same plan without the pass that puts
it there. The bare reading: the columns that the rule needs, of the rows that its filters keep, each table once. The
better of three runs in turn counts; as written runs once. TIERCEL_BENCH_SCALE sets another number of network events,
in whole millions.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb

import tiercel.rules
from bench import fleet
from bench.result import Result
from tiercel.evidence import open_telemetry
from tiercel.hunt import choose_rules
from tiercel.kql import Source
from tiercel.plan import PASSES, compile_text
from tiercel.tables import TABLES
from tiercel.tables.lake import Dataset
from tiercel.telemetry.lake import attach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from tiercel.hunt import Telemetry
    from tiercel.rules import Rule

ROWS: Final = int(os.environ.get("TIERCEL_BENCH_SCALE", "20000000"))
ROUNDS: Final = 3

_INBOUND: Final = "lower(ActionType) = 'inboundconnectionaccepted'"
_CREATED: Final = "lower(ActionType) = 'processcreated'"
_OF_SERVICES: Final = "lower(InitiatingProcessFileName) = 'services.exe'"
_OF_RPCSS: Final = f"""{_INBOUND} AND LocalPort = 135 AND lower(InitiatingProcessFileName) = 'svchost.exe'
    AND (InitiatingProcessCommandLine = '' OR lower(InitiatingProcessCommandLine) LIKE '%rpcss%')
    AND RemoteIP NOT IN ('', '::1') AND RemoteIP != LocalIP AND RemoteIP NOT LIKE '127.%'"""


@dataclass(frozen=True, slots=True)
class _ByHand:
    """What somebody who knows the data writes instead of the rule, and the bare reading of what it needs."""

    sql: str
    """Gives one row for each of the rule's, under the names in `columns`."""
    columns: tuple[str, ...]
    """What both give; rows are compared by them."""
    reading: tuple[tuple[str, str, str], ...]
    """Table, columns, filter."""


_SCM: Final = _ByHand(
    f"""
    WITH called AS (SELECT *, "Timestamp" AS CallTime FROM DeviceNetworkEvents WHERE {_INBOUND} AND {_OF_SERVICES}),
    started AS (SELECT "Timestamp" AS TimestampChild, DeviceId, FileName, ProcessCommandLine, SHA1, InitiatingProcessId,
        InitiatingProcessCreationTime AS Boot FROM DeviceProcessEvents WHERE {_CREATED} AND {_OF_SERVICES}
        AND lower(ProcessCommandLine) != 'msiexec.exe /v'),
    keyed AS (SELECT *, epoch_us(CallTime) // 20000000 AS b FROM called
        UNION ALL SELECT *, epoch_us(CallTime) // 20000000 + 1 FROM called
            WHERE epoch_us(CallTime) % 20000000 > 8000000),
    pairs AS (SELECT keyed.*, TimestampChild, FileName, ProcessCommandLine, SHA1 FROM keyed JOIN started
        ON keyed.DeviceId = started.DeviceId AND keyed.InitiatingProcessId = started.InitiatingProcessId
        AND b = epoch_us(TimestampChild) // 20000000
        WHERE datediff('second', CallTime, TimestampChild) BETWEEN 0 AND 10 AND datediff('second', Boot, CallTime) > 60)
    SELECT * FROM pairs WHERE lower(FileName) = 'cmd.exe' OR SHA1 IN (SELECT SHA1 FROM pairs
        WHERE SHA1 NOT IN (SELECT SHA1 FROM DeviceFileCertificateInfo) GROUP BY SHA1 HAVING count(*) < 100)""",
    ("DeviceId", "RemoteIP", "TimestampChild", "FileName"),
    (
        ("DeviceNetworkEvents", "*", f"{_INBOUND} AND {_OF_SERVICES}"),
        (
            "DeviceProcessEvents",
            "Timestamp DeviceId FileName ProcessCommandLine SHA1 InitiatingProcessId InitiatingProcessCreationTime",
            f"{_CREATED} AND {_OF_SERVICES}",
        ),
    ),
)

_DCOM: Final = _ByHand(
    f"""
    WITH called AS (SELECT "Timestamp" AS ConnectionTime, ReportId, DeviceId, DeviceName, RemoteIP, RemotePort, LocalIP,
        LocalPort, InitiatingProcessId AS RpcssProcessId FROM DeviceNetworkEvents WHERE {_OF_RPCSS}),
    started AS (SELECT "Timestamp" AS ServerTime, DeviceId, FileName AS ServerFileName, ProcessId AS ServerProcessId,
        ProcessCommandLine AS ServerCommandLine FROM DeviceProcessEvents WHERE {_CREATED}
        AND lower(InitiatingProcessFileName) = 'svchost.exe'
        AND lower(InitiatingProcessCommandLine) LIKE '%dcomlaunch%' AND lower(FileName) NOT IN ('tiworker.exe',
        'dllhost.exe', 'backgroundtaskhost.exe', 'mobsync.exe', 'wmiprvse.exe', 'runtimebroker.exe', 'smartscreen.exe',
        'sppextcomobj.exe',
        'usocoreworker.exe', 'browser_broker.exe', 'ssoncom.exe', 'wsmprovhost.exe', 'winrshost.exe')),
    boots AS (SELECT DISTINCT DeviceId, InitiatingProcessCreationTime AS BootTime FROM DeviceProcessEvents
        WHERE {_CREATED} AND {_OF_SERVICES} AND InitiatingProcessCreationTime IS NOT NULL),
    keyed AS (SELECT *, epoch_us(ServerTime) // 5000000 AS b FROM started
        UNION ALL SELECT *, epoch_us(ServerTime) // 5000000 - 1 FROM started
            WHERE epoch_us(ServerTime) % 5000000 < 3000000),
    activations AS (SELECT called.*, keyed.* EXCLUDE (DeviceId, b) FROM keyed JOIN called
        ON keyed.DeviceId = called.DeviceId
        AND b = epoch_us(ConnectionTime) // 5000000
        WHERE datediff('second', ConnectionTime, ServerTime) BETWEEN 0 AND 2 AND NOT EXISTS (FROM boots
            WHERE boots.DeviceId = keyed.DeviceId AND ServerTime BETWEEN BootTime AND BootTime + INTERVAL 5 MINUTE)),
    children AS (SELECT a.*, p."Timestamp" AS ChildTime, p.FileName, p.FolderPath, p.ProcessId,
        p.ProcessCommandLine, p.SHA1,
        p.AccountDomain, p.AccountName FROM activations AS a JOIN DeviceProcessEvents AS p ON p.DeviceId = a.DeviceId
        AND p.InitiatingProcessId = ServerProcessId AND lower(p.InitiatingProcessFileName) = lower(ServerFileName)
        WHERE lower(p.ActionType) = 'processcreated' AND lower(p.FileName) != 'csc.exe' AND p."Timestamp" >= ServerTime
        AND (p.InitiatingProcessCreationTime IS NULL
            OR abs(datediff('second', ServerTime, p.InitiatingProcessCreationTime)) <= 1))
    SELECT * FROM children QUALIFY row_number() OVER (PARTITION BY DeviceId, ServerProcessId, ServerTime, RemoteIP
        ORDER BY ChildTime) = 1""",
    ("DeviceId", "RemoteIP", "ServerTime", "ServerFileName", "ChildTime", "FileName"),
    (
        (
            "DeviceNetworkEvents",
            "Timestamp ReportId DeviceId DeviceName RemoteIP RemotePort LocalIP LocalPort InitiatingProcessId",
            _OF_RPCSS,
        ),
        (
            "DeviceProcessEvents",
            (
                "Timestamp DeviceId FileName FolderPath SHA1 ProcessId ProcessCommandLine AccountDomain AccountName "
                "InitiatingProcessFileName InitiatingProcessCommandLine InitiatingProcessId "
                "InitiatingProcessCreationTime"
            ),
            _CREATED,
        ),
    ),
)


def run() -> Iterator[Result]:
    """The ratios, rule by rule."""
    lake = fleet.lake_of(ROWS)
    telemetry = open_telemetry([lake])
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    attach(Dataset.open(lake), connection)
    for name, document, hand in (
        ("SCM rule", scm_document(), _SCM),
        ("DCOM hunt", shipped_document("dcom-remote-activation"), _DCOM),
    ):
        yield from _compared(
            f"{name}, {ROWS / 1e6:g} M", telemetry, connection, choose_rules([document]).rules[0], hand
        )


def scm_document() -> Path:
    """The source's SCM rule where its document lies beside the captures, else the shipped one."""
    captures = Path(os.environ.get("TIERCEL_REAL_DATA") or "../shared/telemetry")
    seeds = (Path(__file__).resolve().parent.parent / captures).resolve().parent / "seeds"
    return next(iter(sorted(seeds.glob("0xFF-0083*.md"))), shipped_document("scm-remote-service-start"))


def shipped_document(name: str) -> Path:
    """The document of the shipped rule with that id."""
    return Path(tiercel.rules.__file__).parent / "catalog" / f"{name}.md"


def _compared(
    name: str, telemetry: Telemetry, connection: duckdb.DuckDBPyConnection, rule: Rule, hand: _ByHand
) -> Iterator[Result]:
    ours, by_hand, bare = [], [], []
    for _ in range(ROUNDS):
        seconds, rows = taken(lambda: _run(telemetry, rule))
        ours.append(seconds)
        seconds, other = taken(lambda: connection.sql(hand.sql).to_arrow_table())
        by_hand.append(seconds)
        require_same(name, rows, other, hand.columns)
        bare.append(taken(lambda: [_read(connection, *one) for one in hand.reading])[0])
    note = f"{min(ours):.2f} s to {min(by_hand):.2f} s, {rows.num_rows} rows each"
    yield Result(f"{name}: to SQL by hand", min(ours) / min(by_hand), "x", 2, note=note)
    note = f"{min(ours):.2f} s to {min(bare):.2f} s"
    yield Result(f"{name}: to the bare reading", min(ours) / min(bare), "x", 3, note=note)
    seconds, other = taken(lambda: _run(telemetry, rule, passes=False))
    require_same(name, rows, other, hand.columns)
    note = f"{seconds:.1f} s to {min(ours):.2f} s"
    yield Result(f"{name}: as written, to this", seconds / min(ours), "x", 50, at_least=True, note=note)


def _run(telemetry: Telemetry, rule: Rule, *, passes: bool = True) -> pa.Table:
    """The rule's rows, compiled and run."""
    source = Source(rule.query.text, rule.path, rule.query.first_line)
    compiled = compile_text(source, now=telemetry.now, tables=TABLES, passes=PASSES if passes else ())
    if compiled.plan is None:
        raise RuntimeError(f"{rule.path}: {compiled.issues}")
    return telemetry.engine.run(compiled.plan)


def _read(connection: duckdb.DuckDBPyConnection, table: str, columns: str, condition: str) -> None:
    """Every value of the columns in the rows that the filter keeps, looked at once."""
    names = [column.name for column in TABLES[table].columns] if columns == "*" else columns.split()
    values = ", ".join(f'max("{name}")' for name in names)
    connection.execute(f"SELECT {values} FROM {table} WHERE {condition}").fetchall()


def require_same(name: str, rows: pa.Table, other: pa.Table, columns: tuple[str, ...]) -> None:
    """Raises RuntimeError unless both hold the same rows, as far as these columns tell."""
    found, wanted = (sorted(map(repr, each.select(list(columns)).to_pylist())) for each in (rows, other))
    if found != wanted:
        raise RuntimeError(f"{name}: {len(found)} rows and {len(wanted)} rows that are not the same")


def taken(work: Callable[[], pa.Table | None]) -> tuple[float, pa.Table | None]:
    """How long it took, and what came of it."""
    begun = time.perf_counter()
    result = work()
    return time.perf_counter() - begun, result
