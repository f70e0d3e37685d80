"""Every scenario, one small file each.

Holds attacks and their look-alikes as stories with their truth. Takes nothing. Gives `SCENARIOS` and `ALIASES`. May
import tiercel.simulate.story and tiercel.simulate.scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.simulate.scenarios import dcom_mmc20, scm_tcp

if TYPE_CHECKING:
    from tiercel.simulate.scenario import Scenario

__all__ = ["ALIASES", "SCENARIOS"]

SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        dcom_mmc20,
        scm_tcp,
    )
}
"""Every scenario by its name, attacks first."""

ALIASES = {"dcom": "dcom-mmc20", "scm": "scm-tcp"}
"""Short names of the plainest scenario of each technique."""
