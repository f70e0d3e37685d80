"""Happenings as records: Windows events in Winlogbeat's JSON, and rows of Defender's tables.

Holds one module a source or a file format. Takes a fleet and what happened on it. Gives files in a folder. May import
tiercel.tables and the modules of tiercel.simulate that describe a fleet and its happenings.
"""

from __future__ import annotations

from tiercel.simulate.records.defender import defender_tables
from tiercel.simulate.records.lake import write_lake
from tiercel.simulate.records.parquet import write_parquet
from tiercel.simulate.records.streaming import write_streaming
from tiercel.simulate.records.winlogbeat import write_winlogbeat

__all__ = ["defender_tables", "write_lake", "write_parquet", "write_streaming", "write_winlogbeat"]
