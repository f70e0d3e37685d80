"""A fleet of Windows hosts: who they are, when they were on, who sits before them, what they log.

Columns, not objects: one row a host, and one row an *uptime* (a host from one boot to the next). A process id, a logon
id and a start time mean something within one uptime only, so everything that happens names an uptime, never a host.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tiercel.simulate.chance import Chance
from tiercel.simulate.standing import STANDING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["DOMAIN", "NETBIOS", "Fleet", "HostPlan", "Senses", "Uptime", "build_fleet", "host_plans", "lay_out"]

DOMAIN = "corp.example.com"
NETBIOS = "CORP"
SECOND = 1_000_000
"""Times are microseconds since 1970, UTC."""

_FIRST = (  # noqa: SIM905 - seventy names read better as a sentence
    "anna ben carla david elena felix greta henrik ines jonas karin lars maria nils olga paul rosa sven tina uwe "
    "vera walter xenia yusuf zoe amir bela clara dario emma farid gina hugo irma jan"
).split()
_LAST = (  # noqa: SIM905 - as above
    "adler brandt conrad dietz ebert fuchs graf haas iversen jung keller lang meier naumann ott peters quast richter "
    "sauer thoma ulrich vogel wagner xander yilmaz zimmer arndt busch cordes diehl"
).split()


@dataclass(frozen=True, slots=True)
class Senses:
    """What is logged on a host, and how its sensors write.

    `skew` shifts Sysmon 3's UtcTime by so many microseconds; `swapped` is the Sysmon before late 2019, which writes
    the local side of an inbound connection as Source; `without_ids` is a shipper that loses Sysmon's process ids;
    `bare` is a Windows whose 4688 names neither command line nor parent.
    """

    sysmon: bool = True
    security: bool = True
    defender: bool = True
    skew: int = 0
    swapped: bool = False
    without_ids: bool = False
    bare: bool = False


@dataclass(frozen=True, slots=True)
class HostPlan:
    """A host before its day begins."""

    name: str
    role: str
    ip: str
    ipv6: str
    user: str = ""
    senses: Senses = Senses()

    @property
    def fqdn(self) -> str:
        """Its full name in the domain."""
        return f"{self.name}.{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Uptime:
    """A host from one boot to the next; `logged_on` is when the desktop's user logs on, or 0 for nobody."""

    host: int
    boot: int
    end: int
    logged_on: int = 0


@dataclass(frozen=True)
class Fleet:
    """Hosts and uptimes as Arrow tables, from `start` to `end`; `plans` and `times` are the same as objects."""

    plans: tuple[HostPlan, ...]
    times: tuple[Uptime, ...]
    seed: int
    start: int
    end: int
    hosts: Any
    uptimes: Any

    def rebooted(self, uptime: int, at: int) -> Fleet:
        """The same fleet with one uptime cut short: its host is rebooted then, and its next uptime is the last row."""
        before = self.times[uptime]
        after = Uptime(before.host, at + 25 * SECOND, before.end)
        times = (*self.times[:uptime], replace(before, end=at), *self.times[uptime + 1 :], after)
        return lay_out(self.plans, times, self.seed, self.start, self.end)

    def of_role(self, *roles: str) -> list[int]:
        """The uptimes of hosts of these roles, in order."""
        host_roles = self.hosts.column("role").to_pylist()
        return [row for row, host in enumerate(self.uptimes.column("host").to_pylist()) if host_roles[host] in roles]

    def column(self, name: str, uptimes: Any) -> Any:
        """A column of the hosts or of the uptimes, for each of the given uptimes (a row index each)."""
        if name in self.uptimes.column_names:
            return _flat(self.uptimes.column(name)).take(uptimes)
        return _flat(self.hosts.column(name)).take(_flat(self.uptimes.column("host")).take(uptimes))


def _flat(column: Any) -> Any:
    """A chunked column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _machine_sid(seed: int) -> str:
    """The domain's SID, drawn from the seed."""
    digest = hashlib.blake2b(f"sid{seed}".encode(), digest_size=12).digest()
    parts = [str(int.from_bytes(digest[i : i + 4], "big")) for i in (0, 4, 8)]
    return "S-1-5-21-" + "-".join(parts)


def host_plans(count: int, seed: int) -> list[HostPlan]:
    """A fleet of that many hosts: domain controllers and servers first, then workstations, each with a user.

    A fifth of the sensors is an old Sysmon, and a third of the Sysmon clocks is off by more than 1.5 s, a few by hours:
    the shares that public captures show.
    """
    draw = Chance(seed, "hosts").scalars()
    controllers = 1 if count < 10 else max(2, count // 800)
    servers = _server_names(max(0, round(count * 0.2) - min(controllers, 2)))
    plans = []
    for i in range(count):
        if i < controllers:
            name, role, network = f"DC{i + 1:02d}", "dc", 0
        elif i - controllers < len(servers):
            (name, role), network = servers[i - controllers], 1
        else:
            name, role, network = f"WS{i - controllers - len(servers) + 1:05d}", "workstation", 8
        offset = i + 10
        address = f"10.20.{network + offset // 250}.{offset % 250 + 1}"
        user = f"{draw.choice(_FIRST)}.{draw.choice(_LAST)}{i}" if role == "workstation" else ""
        senses = Senses(skew=_skew(draw), swapped=draw.random() < 0.2)
        plans.append(
            HostPlan(name, role, address, f"fd00:20::{network + offset // 250:x}:{offset % 250 + 1:x}", user, senses)
        )
    return plans


def _server_names(count: int) -> list[tuple[str, str]]:
    """Names and roles of that many servers; the first ones are those that a small fleet has too."""
    first = [
        ("FS01", "files"),
        ("APP01", "office"),
        ("MON01", "monitoring"),
        ("DEPLOY01", "deployment"),
        ("PRN01", "print"),
        ("DEPLOY02", "deployment"),
        ("APP02", "office"),
        ("BKP01", "backup"),
    ]
    cycle = [
        ("SRV", "server"),
        ("SRV", "server"),
        ("SQL", "server"),
        ("WEB", "server"),
        ("FS", "files"),
        ("APP", "office"),
    ]
    more = [
        (f"{cycle[i % len(cycle)][0]}{i + 10:03d}", cycle[i % len(cycle)][1]) for i in range(max(0, count - len(first)))
    ]
    return (first + more)[:count]


def _skew(draw: random.Random) -> int:
    """How far a host's Sysmon 3 clock is off, in microseconds."""
    kind = draw.random()
    if kind < 0.67:
        return round(draw.gauss(0, 0.35) * SECOND)
    sign = 1 if draw.random() < 0.5 else -1
    if kind < 0.92:
        return sign * round(draw.uniform(1.5, 12.0) * SECOND)
    return sign * round(draw.uniform(1.0, 8.0) * 3600 * SECOND)


def build_fleet(count: int, days: int, seed: int, start: datetime) -> Fleet:
    """A fleet of `count` hosts: servers run throughout, workstations are switched on in the morning."""
    plans = host_plans(count, seed)
    draw = Chance(seed, "uptimes").scalars()
    began = round(start.timestamp()) * SECOND
    day = 86_400 * SECOND
    uptimes: list[Uptime] = []
    for index, plan in enumerate(plans):
        if plan.role != "workstation":
            uptimes.append(Uptime(index, began - round(draw.uniform(2, 40) * day), began + days * day))
            continue
        if draw.random() < 0.25:  # a laptop that is only ever suspended
            boot = began - round(draw.uniform(0.6, 6) * day)
            uptimes.append(Uptime(index, boot, began + days * day, boot + round(draw.uniform(20, 200) * SECOND)))
            continue
        for number in range(days):
            boot = began + number * day + round(draw.gauss(8.0, 0.6) * 3600 * SECOND)
            end = began + number * day + round(draw.gauss(17.5, 0.8) * 3600 * SECOND)
            uptimes.append(Uptime(index, boot, end, boot + round(draw.uniform(25, 240) * SECOND)))
    return lay_out(plans, uptimes, seed, began, began + days * day)


def lay_out(plans: Sequence[HostPlan], uptimes: Sequence[Uptime], seed: int, start: int, end: int) -> Fleet:
    """The fleet of these hosts and uptimes as columns: ids, logon sessions and ports are drawn from the seed."""
    domain_sid = _machine_sid(seed)
    rids = {name: 1_100 + i for i, name in enumerate(dict.fromkeys(plan.user for plan in plans if plan.user))}
    fqdn = [plan.fqdn for plan in plans]
    hosts = pa.table(
        {
            "name": [plan.name for plan in plans],
            "fqdn": fqdn,
            "role": [plan.role for plan in plans],
            "ip": [plan.ip for plan in plans],
            "ipv6": [plan.ipv6 for plan in plans],
            "machine": [hashlib.blake2b(f"{seed}{name}".encode(), digest_size=4).hexdigest() for name in fqdn],
            "device_id": [hashlib.blake2b(f"{seed}{name}".encode(), digest_size=20).hexdigest() for name in fqdn],
            "machine_sid": [f"{domain_sid}-{100_000 + i}" for i in range(len(plans))],
            "user": [plan.user for plan in plans],
            "user_sid": [f"{domain_sid}-{rids[plan.user]}" if plan.user else "" for plan in plans],
            "sysmon": [plan.senses.sysmon for plan in plans],
            "security": [plan.senses.security for plan in plans],
            "defender": [plan.senses.defender for plan in plans],
            "skew": pa.array([plan.senses.skew for plan in plans], pa.int64()),
            "swapped": [plan.senses.swapped for plan in plans],
            "without_ids": [plan.senses.without_ids for plan in plans],
            "bare": [plan.senses.bare for plan in plans],
        }
    )
    chance = Chance(seed, "standing")
    n = len(uptimes)
    columns: dict[str, Any] = {
        "host": pa.array([uptime.host for uptime in uptimes], pa.int32()),
        "boot": pa.array([uptime.boot for uptime in uptimes], pa.int64()),
        "end": pa.array([uptime.end for uptime in uptimes], pa.int64()),
        "logged_on": pa.array([uptime.logged_on for uptime in uptimes], pa.int64()),
        "desktop_logon_id": chance.whole(n, 0x30000, 0x4FFFFF),
        "desktop_number": chance.whole(n, 1, 2),
    }
    columns |= _standing_columns(uptimes, chance, n)
    return Fleet(tuple(plans), tuple(uptimes), seed, start, end, hosts, pa.table(columns))


def _standing_columns(uptimes: Sequence[Uptime], chance: Chance, n: int) -> dict[str, Any]:
    """Process id, start time and RPC port of every standing process, one column each."""
    columns: dict[str, Any] = {}
    for rank, process in enumerate(STANDING.values()):
        spread = chance.whole(n, 0, 11).to_pylist()
        pids = [process.pid or 4 * (110 + 17 * rank + shift) for shift in spread]
        late = chance.span(n, 0.0, 0.3).to_pylist()
        columns[f"{process.name}_pid"] = pa.array(pids, pa.int64())
        columns[f"{process.name}_start"] = pa.array(
            [
                (uptime.logged_on if process.desktop else uptime.boot) + round(process.after_boot * SECOND) + jitter
                for uptime, jitter in zip(uptimes, late, strict=True)
            ],
            pa.int64(),
        )
        if process.rpc:
            columns[f"{process.name}_port"] = pa.array([49_664 + rank * 3 + shift % 3 for shift in spread], pa.int64())
    return columns
