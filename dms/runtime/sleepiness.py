"""The drowsiness engine as the estimator the assessment asks for."""

import math

from dms.assessment.lid_history import Features
from dms.assessment.sleepiness import Estimate, Estimator
from dms.inference.base import Engine, Options
from dms.inference.engine_set import EngineSet

SLOT = "drowsiness"


class EngineEstimator:
    """Runs the engine of the slot ``drowsiness``."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        """Exchanged when the engines are loaded again."""

    def __call__(self, features: Features) -> Estimate:
        """Estimate.

        Raises:
            EngineFailed: the back end failed.
        """
        out = self.engine.run(features)
        microsleep, sleep, nod = (float(p) for p in out["events"][0])
        return Estimate(float(out["kss"][0, 0]), math.exp(0.5 * float(out["log_var"][0, 0])), microsleep, sleep, nod)


def open_estimator() -> Estimator:
    """The shipped engine on the default back end.

    Raises:
        BackendUnavailable: this installation cannot run engines.
        InputError: the file is missing or damaged.
    """
    return EngineEstimator(EngineSet((SLOT,), options=Options(warmup=0))[SLOT])
