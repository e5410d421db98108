"""From one taken picture to its label: what body, look, renderer and camera know, put together."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.driver.body.posed import Posed
from hil.driver.camera.pipeline import CameraModel, Picture
from hil.driver.look.look import Look
from hil.driver.pose import Moment
from hil.driver.truth.from_body import seen_hands, seen_head, seen_things
from hil.driver.truth.geometry import View, pinhole
from hil.driver.truth.labels import Truth
from hil.driver.truth.maker import Take, make_truth
from hil.driver.truth.seen import Exposure, Person, Seen, Wear

if TYPE_CHECKING:
    from dms.records.cabin import Camera
    from hil.driver.render.renderer import Picture3


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Filmed:
    """One picture with everything that led to it.

    Attributes:
        moment, posed: what was to be shown; ``posed`` is ``None`` when nobody sits there.
        picture, taken: what the renderer drew and what the camera made of it.
        view: the camera.
        look, person: who.
    """

    moment: Moment
    posed: Posed | None
    picture: "Picture3"
    taken: Picture
    view: View
    look: Look
    person: Person

    def label(self, scenario: str, index: int) -> Truth:
        """What is true about the picture."""
        posed, taken = self.posed, self.taken
        seen = Seen(
            head=None if posed is None else seen_head(posed),
            hands=() if posed is None else seen_hands(posed),
            things=() if posed is None else seen_things(posed, self.moment),
            ids=self.picture.ids,
            depth_mm=self.picture.depth_mm,
            wear=_wear(self.look),
            exposure=Exposure(exposure_us=1e6 * taken.exposure_s, gain=taken.gain, saturated=taken.saturated_share),
        )
        take = Take(scenario=scenario, person=self.person, view=self.view)
        return make_truth(self.moment, seen, take, taken.grey, index)


def view_of(
    model: CameraModel, drawn: "Camera", velocity_px_s: tuple[float, float] = (0.0, 0.0), shaken: "Camera | None" = None
) -> View:
    """The camera for labels: ``drawn`` is the pinhole camera of the renderer, the finished picture is bent and may be skewed.

    ``shaken``: the same camera with its shake, where the picture was moved after drawing.
    """
    seen_with = shaken or drawn
    return View(
        camera=model.rig.camera,
        pose=model.rig.pose,
        project=lambda points: model.place(pinhole(seen_with, points), velocity_px_s),
        drawn=drawn,
    )


def _wear(look: Look) -> Wear:
    worn, eyewear = look.worn, look.eyewear
    dark = eyewear.model != "none" and eyewear.lens == "sun_opaque"
    return Wear(glasses=eyewear.model, sunglasses=dark, mask="none" if worn.mask_low else worn.mask, hat=worn.headwear)
