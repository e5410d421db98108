"""Observation stream to DriverState: rules over time, with every threshold from a profile and no clock of its own."""

from dms.assessment.assessor import Assessor
from dms.assessment.cabins import load_cabin

__all__ = ["Assessor", "load_cabin"]
