"""An activation that is refused: port 135 is reached, the caller logs on, and no server starts."""

from __future__ import annotations

from tiercel.simulate.scenario import Scenario, Strength
from tiercel.simulate.scenarios.parts import ACTIVATION
from tiercel.simulate.story import Story

SCENARIO = Scenario(
    name="like-failed-activation",
    title="DCOM activation refused",
    description="The caller may not activate the class (System event 10016): nothing starts, nothing accepts it.",
    techniques=(),
    strength=Strength.NONE,
    story=Story("refused activation", ACTIVATION[:3]),
)
