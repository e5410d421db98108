"""What is asked of the chain on real pictures: the figures that decide, each with its aim."""

from dataclasses import dataclass

from measuring.spread import Figure


@dataclass(frozen=True)
class Aim:
    """A value that a figure must not be above, below, or both."""

    least: float | None = None
    most: float | None = None

    def met(self, value: float | None) -> bool:
        """A figure without a value meets nothing."""
        if value is None:
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        if self.least is not None and self.most is not None:
            return f"{self.least:g}..{self.most:g}"
        return f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"


AIMS: dict[tuple[str, str, str], Aim] = {
    ("headpose", "yaw to 60", "whole turn, deg"): Aim(most=5.2),
    ("headpose", "yaw to 60", "within 10 deg, of all"): Aim(least=0.91),
    ("headpose", "yaw over 60", "within 10 deg, of all"): Aim(least=0.35),
    ("headpose", "yaw over 60", "side right, of all"): Aim(least=0.97),
    ("headpose_nir", "yaw to 60", "whole turn, deg"): Aim(most=5.5),
    ("gaze", "as it comes", "error, deg"): Aim(most=5.5),
    ("gaze", "as it comes", "yaw slope"): Aim(least=0.9, most=1.1),
    ("gaze", "as it comes", "pitch slope"): Aim(least=0.9, most=1.1),
    ("gaze", "after calibration", "error, deg"): Aim(most=2.5),
    ("eyes_face", "all", "balanced accuracy"): Aim(least=0.975),
    ("eyes_face_nir", "all", "balanced accuracy"): Aim(least=0.95),
    ("eyes_crop", "light colour", "balanced accuracy"): Aim(least=0.993),
    ("eyes_crop", "light near-ir", "balanced accuracy"): Aim(least=0.95),
    ("yawn", "all", "F1"): Aim(least=0.95),
    ("yawn", "all", "false alarms"): Aim(most=0.03),
    ("yawn_nir", "all", "recall"): Aim(least=0.85),
    ("nir_cabin", "all", "face found"): Aim(least=1.0),
    ("hands", "all", "found"): Aim(least=0.953),
    ("hands", "all", "fingers right, of all"): Aim(least=0.925),
    ("hands", "all", "other hands a picture"): Aim(most=0.02),
    ("hands_nir", "all", "found"): Aim(least=0.95),
    ("hands_nir", "all", "fingers right, of all"): Aim(least=0.88),
    ("hands_nir", "all", "other hands a picture"): Aim(most=0.02),
    ("no_face", "all", "hands reported a picture"): Aim(most=0.02),
}
COVERED = Aim(most=0.02)
"""Covered eyes that are called visible, for each cover."""


def aim_of(figure: Figure) -> Aim | None:
    """The aim of a figure, if it has one."""
    if figure.topic == "covered_eyes" and figure.name == "covered, called visible":
        return COVERED
    return AIMS.get((figure.topic, figure.part, figure.name))
