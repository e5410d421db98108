"""Families of looks: each word belongs to training or to test drivers, never to both, so a test driver wears nothing seen before.

What is not listed here (colours, sizes, collars, beards, ageing) is drawn freely by both.
"""

from collections.abc import Mapping
from typing import Literal

from hil.driver.split import Split

HairStyle = Literal[
    "bald", "buzz", "short_side", "messy", "crop", "slick_back", "bob", "long_straight", "ponytail", "afro", "receding", "curly",
    "shaved", "quiff", "long_wavy", "bun", "braids", "undercut", "horseshoe", "pixie",
]  # fmt: skip
EyewearModel = Literal[
    "none", "round", "square", "aviator", "rimless", "half_rim", "thick", "sports_wrap", "reading", "oversized",
    "cat_eye", "panto", "wayfarer", "browline", "hexagon", "oval",
]  # fmt: skip
Headwear = Literal["none", "cap", "beanie", "hijab", "hood", "cap_backwards", "turban", "wide_hat", "shawl"]
MaskStyle = Literal["none", "surgical", "cloth", "ffp2"]
Pattern = Literal["plain", "hoops", "check", "pinstripe", "print", "knit"]
LightFamily = Literal[
    "night", "overcast", "sun_left", "dusk", "street_lamps", "noon", "low_sun", "sun_right", "tunnel", "headlights",
]  # fmt: skip

HAIR: Mapping[Split, tuple[HairStyle, ...]] = {
    "train": (
        "bald", "buzz", "short_side", "messy", "crop", "slick_back", "bob", "long_straight", "ponytail", "afro", "receding",
        "curly",
    ),
    "test": ("shaved", "quiff", "long_wavy", "bun", "braids", "undercut", "horseshoe", "pixie"),
}  # fmt: skip
EYEWEAR: Mapping[Split, tuple[EyewearModel, ...]] = {
    "train": ("round", "square", "aviator", "rimless", "half_rim", "thick", "sports_wrap", "reading", "oversized"),
    "test": ("cat_eye", "panto", "wayfarer", "browline", "hexagon", "oval"),
}
HEADWEAR: Mapping[Split, tuple[Headwear, ...]] = {
    "train": ("cap", "beanie", "hijab", "hood"),
    "test": ("cap_backwards", "turban", "wide_hat", "shawl"),
}
MASKS: Mapping[Split, tuple[MaskStyle, ...]] = {"train": ("surgical", "cloth"), "test": ("ffp2",)}
PATTERNS: Mapping[Split, tuple[Pattern, ...]] = {"train": ("plain", "hoops", "check"), "test": ("pinstripe", "print", "knit")}
LIGHTS: Mapping[Split, tuple[LightFamily, ...]] = {
    "train": ("night", "overcast", "sun_left", "dusk", "street_lamps"),
    "test": ("noon", "low_sun", "sun_right", "tunnel", "headlights"),
}
"""Light of a whole recording; the light code says what each word means."""
