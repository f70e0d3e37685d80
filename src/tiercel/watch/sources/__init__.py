"""Sources: where telemetry comes from while a watcher runs, each read on from where the lake says it was read to.

Holds the landing folder (and with it Defender's streaming layout) and the Kafka-protocol topic. Takes what the lake
knows of an item; gives files to import and how far they reach. May import telemetry and tables.lake.
"""

from __future__ import annotations

from tiercel.watch.sources.folder import FolderSource
from tiercel.watch.sources.source import Source, Taken

__all__ = ["FolderSource", "Source", "Taken"]
