"""Telemetry in: files of Windows events and Defender exports become rows of the tables.

Holds the readers, the mappings (one file an event kind) and the importer that conducts them. Takes paths and a DuckDB
connection; gives filled tables and an `ImportReport`. May import tables and errors.
"""
