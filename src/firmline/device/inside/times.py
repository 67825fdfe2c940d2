"""The two times of a unit: the world's, and the one that its processor has reached.

In lock step they are the same. With physics a busy processor runs ahead of the world, and what it
says or logs then has its own time, not the world's.
"""

from __future__ import annotations

from firmline.device.physics.physics import Physics


class UnitTime:
    """Where a unit is in time.

    Args:
        physics: What things cost; ``None``: lock step.

    Attributes:
        now_s: The world's time, as far as the unit has come.
        physics: As given.
    """

    def __init__(self, physics: Physics | None) -> None:
        self.now_s = 0.0
        self.physics = physics

    @property
    def cpu_s(self) -> float:
        """The time that the processor has reached."""
        return self.now_s if self.physics is None else self.physics.cpu_s
