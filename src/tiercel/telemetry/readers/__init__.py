"""Readers: what a stream's first bytes say it is, and its records as lines of JSON text in Arrow.

Holds the formats and one reader a format. Takes a `Document`; gives `Records`, or rows of a table for Defender's own
exports. May import telemetry's inputs, tables and errors. `evtx` is imported in evtx.py alone.
"""
