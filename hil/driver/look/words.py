"""The words of scenario files for looks: ``eyewear: sunglasses_clear`` instead of two attributes.

=============  ==============================================================================================================
``eyewear``    ``none``, ``clear`` (any model), ``sunglasses_clear`` (dark to the eye, clear in infrared), ``sunglasses_opaque``,
               or a model (``aviator``, ``thick`` ...)
``hair``       a style; ``beard``: a style; ``hat``: a head cover; ``mask``: a style; ``collar``: of the clothes
``age``        0 young adult .. 1 very old
dotted names   any attribute of ``hil.driver.look.look.Look``, such as ``eyewear.slide_mm``
=============  ==============================================================================================================
"""

from collections.abc import Mapping
from typing import get_args

from dms.errors import InputError
from hil.driver.look import families
from hil.driver.look.look import BeardStyle, Collar, Lens, Look, look_for

Word = str | float | bool
LENSES: Mapping[str, Lens] = {"clear": "clear", "sunglasses_clear": "sun_clear", "sunglasses_opaque": "sun_opaque"}
STYLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "hair": ("hair.style", get_args(families.HairStyle)),
    "beard": ("beard.style", get_args(BeardStyle)),
    "hat": ("worn.headwear", get_args(families.Headwear)),
    "mask": ("worn.mask", get_args(families.MaskStyle)),
    "collar": ("cloth.collar", get_args(Collar)),
}
"""Word to attribute and what it may be."""


def look_of(seed: int, words: Mapping[str, Word]) -> Look:
    """The looks of a driver, changed by the words of a scenario.

    Raises:
        InputError: a word that is not there, or not with this value; with what is.
    """
    plain = look_for(seed)
    overrides: dict[str, Word] = {}
    for word, value in words.items():
        if word == "eyewear":
            overrides.update(_eyewear(plain, str(value)))
        elif word in STYLES:
            name, allowed = STYLES[word]
            overrides[name] = _one_of(word, str(value), allowed)
        elif word == "age" or "." in word:
            overrides[word] = value
        else:
            raise InputError(f"look: there is no '{word}'; there are eyewear, {', '.join(STYLES)}, age and dotted names")
    try:
        return look_for(seed, None, overrides)
    except (ValueError, TypeError) as error:
        raise InputError(f"look: {error}") from None


def _eyewear(plain: Look, value: str) -> dict[str, Word]:
    models = get_args(families.EyewearModel)
    if value not in LENSES:
        return {"eyewear.model": _one_of("eyewear", value, (*models, *LENSES))}
    model = plain.eyewear.model
    if model == "none":
        own = families.EYEWEAR[plain.split]
        model = own[int(plain.stream(90).integers(len(own)))]
    return {"eyewear.model": model, "eyewear.lens": LENSES[value]}


def _one_of(word: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InputError(f"look: {word} cannot be '{value}'; there are {', '.join(allowed)}")
    return value
