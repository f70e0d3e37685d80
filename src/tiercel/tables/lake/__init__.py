"""The lake: the tables as sorted Parquet parts under one folder, with a log that says which parts live.

Holds the layout, the commit log, writing, compaction and cleaning. Takes Arrow rows, a table at a time, and a folder.
Gives `Dataset` (what stands in a lake, frozen) and `Transaction` (what is added as one). May import tiercel.tables and
tiercel.errors; knows Arrow and Parquet, and no engine.
"""

from __future__ import annotations

from tiercel.tables.lake.cleaning import KEEP, Cleaned, clean
from tiercel.tables.lake.compaction import Compacted, compact
from tiercel.tables.lake.dataset import Dataset
from tiercel.tables.lake.log import create_lake, is_lake
from tiercel.tables.lake.records import Commit, Input, Operation, Part, Reached
from tiercel.tables.lake.schema import arrow_schema, with_ingestion_time
from tiercel.tables.lake.transaction import Overlap, Transaction

__all__ = [
    "KEEP",
    "Cleaned",
    "Commit",
    "Compacted",
    "Dataset",
    "Input",
    "Operation",
    "Overlap",
    "Part",
    "Reached",
    "Transaction",
    "arrow_schema",
    "clean",
    "compact",
    "create_lake",
    "is_lake",
    "with_ingestion_time",
]
