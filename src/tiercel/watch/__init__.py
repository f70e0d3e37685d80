"""Continuous hunting: telemetry comes in, rules run on their schedules, alerts go out; nothing twice, nothing lost.

Holds sources and how far they were read, schedules, windows, the ledger of what rules found, and the watcher's step.
Takes a lake, rules, sources and a store of alerts. Gives alerts in that store and a step's report. May import all rooms
but the command line; sqlalchemy and confluent_kafka are loaded only when a watcher starts.
"""

from __future__ import annotations
