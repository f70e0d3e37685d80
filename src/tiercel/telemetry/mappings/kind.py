"""What a mapping declares: an event kind, the fields it needs, and the rows it becomes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Channel", "Family", "Kind", "Rows"]


class Channel(StrEnum):
    """The event logs that are read."""

    SYSMON = "sysmon"
    SECURITY = "security"
    SYSTEM = "system"
    WMI = "wmi"

    @property
    def provider(self) -> str:
        """Who writes the events that are read from this log."""
        return {
            Channel.SYSMON: "Microsoft-Windows-Sysmon",
            Channel.SECURITY: "Microsoft-Windows-Security-Auditing",
            Channel.SYSTEM: "Service Control Manager",
            Channel.WMI: "Microsoft-Windows-WMI-Activity",
        }[self]


class Family(StrEnum):
    """Kinds that are parsed together, into one table: few statements, and narrow tables for what comes in masses."""

    IMAGE = "image"
    CONNECTION = "connection"
    SYSMON = "sysmon"
    AUDIT = "audit"

    @property
    def stage(self) -> str:
        """The table that holds the family's events as parsed."""
        return f"stage_{self.value}"

    @property
    def events(self) -> str:
        """The table that holds the family's events with device, time and acting process settled."""
        return f"family_{self.value}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table: SQL by column name over the kind's events as `e`, which of them, and what else is joined.

    `events` names the table that `e` stands for where that is not the kind's own.
    """

    table: str
    values: Mapping[str, str]
    where: str = "true"
    joins: str = ""
    events: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: its channel and ids, the fields read from it, and its rows.

    `fields` are the event's own names. Where an event's text may hold a field that the shipper dropped, `in_message`
    gives the label before it, a regular expression; `parsed_if` names a field that is there whenever the shipper took
    the text apart at all, so that only `dropped` fields are looked for in the text while it is. `also` names columns
    for keys that differ from a field in case alone. `user_data` says that the fields stand in `UserData` where the
    shape has that.
    """

    name: str
    family: Family
    channel: Channel
    event_ids: tuple[int, ...]
    fields: tuple[str, ...]
    rows: tuple[Rows, ...] = ()
    in_message: Mapping[str, str] = field(default_factory=dict)
    parsed_if: str = ""
    dropped: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=dict)
    user_data: bool = False

    @staticmethod
    def sysmon_text(*fields: str) -> dict[str, str]:
        """How Sysmon's message labels these fields: each on a line of its own, under its own name."""
        return {name: rf"\n{name}: ?" for name in fields}

    @property
    def events(self) -> str:
        """The view of the family's events that are of this kind."""
        return f"event_{self.name}"

    @property
    def ids(self) -> str:
        """The event ids, as SQL lists them."""
        return ", ".join(map(str, self.event_ids))
