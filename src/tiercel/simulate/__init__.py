"""A fleet of Windows hosts and what happens on it, as telemetry. Data only: nothing here acts on any host.

Holds the fleet, its noise, attack scenarios and the formats they are written in. Takes a seed and the names of
scenarios. Gives a folder of records and ground-truth.json. May import tiercel.tables and tiercel.errors.
"""

from __future__ import annotations

from tiercel.simulate.intrusion import INTRUSIONS, Intrusion
from tiercel.simulate.matrix import write_matrix
from tiercel.simulate.scenario import Scenario, Strength, Variant
from tiercel.simulate.scenarios import ALIASES, SCENARIOS
from tiercel.simulate.simulation import DEFAULT_START, Format, Written, find_scenario, simulate

__all__ = [
    "ALIASES",
    "DEFAULT_START",
    "INTRUSIONS",
    "SCENARIOS",
    "Format",
    "Intrusion",
    "Scenario",
    "Strength",
    "Variant",
    "Written",
    "find_scenario",
    "simulate",
    "write_matrix",
]
