"""What else is in the cabin: the renderer for it, a passenger who sits still, a telephone in its holder."""

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from dms.records.cabin import Cabin
from hil.driver.behaviour.parts import Phone
from hil.driver.behaviour.scenario import Passenger, Scenario
from hil.driver.body.figure import Figure
from hil.driver.look.look import Look, look_for
from hil.driver.pose import Grip, Hand, Pose

if TYPE_CHECKING:
    from hil.driver.render.drawable import Mesh
    from hil.driver.render.renderer import Renderer

REAR_MM = (-830.0, -10.0)
"""Forward and up from the driver's eyes to those of somebody on the middle of the rear bench."""


def renderer_for(scenario: Scenario, cabin: Cabin, seed: int, look: Look) -> "tuple[Renderer, list[Mesh]]":
    """The renderer of a scenario's cabin, and what stands in the cabin for the driver's sake.

    Raises:
        HardwareError: no renderer on this machine, with the command that mends it.
    """
    from hil.driver.render.renderer import Renderer

    renderer = Renderer.for_cabin(cabin, seed)
    if scenario.passenger is not None:
        _seat(renderer, cabin, scenario.passenger)
    return renderer, _holder(cabin, look) if _wants_holder(scenario) else []


def _wants_holder(scenario: Scenario) -> bool:
    return any(isinstance(part, Phone) and part.place == "mount" for part in scenario.parts)


def _seat(renderer: "Renderer", cabin: Cabin, passenger: Passenger) -> None:
    """Somebody in another seat, hands in the lap, looking out, ahead or at the driver."""
    from hil.driver.look.wardrobe import dress

    x, y, z = cabin.ocular_point_mm
    eyes = (x, -y, z) if passenger.seat == "front" else (x + REAR_MM[0], 0.0, z + REAR_MM[1])
    seat = msgspec.structs.replace(cabin, ocular_point_mm=eyes)
    figure = Figure(passenger.seed, seat)
    rng = np.random.Generator(np.random.PCG64([passenger.seed, 57]))
    towards = -1.0 if y > 0 else 1.0  # shown yaw from the middle of the car towards the driver
    yaw = float(rng.choice([0.0, 30.0 * towards, -40.0 * towards]) + rng.normal(0, 8))
    lap = Hand(end=Grip("lap", "relaxed"))
    target = (eyes[0] + 3000.0, eyes[1] - 3000.0 * float(np.tan(np.radians(yaw))), z - 200.0)
    pose = Pose(yaw_deg=yaw, pitch_deg=float(rng.normal(-5, 6)), gaze_target_mm=target, left_hand=lap, right_hand=lap)
    renderer.set_passenger(figure.pose(pose), *dress(look_for(passenger.seed), figure.person.coarse, figure.asset))


def _holder(cabin: Cabin, look: Look) -> "list[Mesh]":
    """A telephone on the dash where the vehicle file has its zone, facing the driver."""
    from hil.driver.look.props import mounted_phone

    box = next((box for box in cabin.zones if box.zone == "phone"), None)
    if box is None:
        return []
    middle = (np.asarray(box.low_mm, float) + np.asarray(box.high_mm, float)) / 2
    normal = np.asarray(cabin.ocular_point_mm, float) - middle
    normal /= np.linalg.norm(normal)
    side = np.cross(np.array([0.0, 0.0, 1.0]), normal)
    side /= np.linalg.norm(side)
    place = np.eye(4)
    place[:3, :3] = np.stack([np.cross(normal, side), side, normal], axis=1)
    place[:3, 3] = middle
    return mounted_phone(place, look)
