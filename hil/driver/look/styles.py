"""Hair styles as data: where hair grows, how long it is, which way it goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hil.driver.look.families import HairStyle

Flow = Literal["down", "side", "forward", "back", "out", "tied", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """One hair style.

    Attributes:
        hairline_deg, temples_deg, crown: as in ``regions.scalp``.
        fade_mm: how soft the painted hairline is; ``root_cover``: 0 dots .. 1 closed paint; ``root_strength``: how dark.
        bald_shadow: shaven stubble where hair would grow.
        flow: which way the hair goes; ``tied``: to a knot at the back.
        top, side, back, fringe: length, mm.
        lift: 0 flat .. 1 standing off at the root; ``gravity``: how soon it falls.
        curl_mm, curl_turns: size and number of curls along a strand; ``messy``: 0..1 scatter of the direction.
        shell_mm: thickness of the closed layer below the strands on top; ``shell_side_mm``: at the sides.
        strands: how many ribbons; ``wide_mm``: their width; ``points``: of each.
        tail: what the tied hair ends in; ``parted``: hair goes to both sides of a parting.
    """

    hairline_deg: float = 0.0
    temples_deg: float = 0.0
    crown: float = 0.0
    fade_mm: float = 9.0
    root_cover: float = 0.75
    root_strength: float = 0.9
    bald_shadow: float = 0.0
    flow: Flow = "side"
    top: float = 50.0
    side: float = 20.0
    back: float = 25.0
    fringe: float = 50.0
    lift: float = 0.3
    gravity: float = 0.1
    curl_mm: float = 0.0
    curl_turns: float = 0.0
    messy: float = 0.15
    shell_mm: float = 6.0
    shell_side_mm: float = 2.5
    strands: int = 500
    wide_mm: float = 7.0
    points: int = 8
    tail: Literal["none", "pony", "bun", "braids"] = "none"
    parted: bool = False


STYLES: Mapping[HairStyle, Style] = {
    "bald": Style(flow="none", root_strength=0.0, strands=0, shell_mm=0, shell_side_mm=0),
    "shaved": Style(flow="none", root_cover=0.15, root_strength=0.5, bald_shadow=0.25, strands=0, shell_mm=0, shell_side_mm=0),
    "buzz": Style(flow="none", fade_mm=12, root_cover=0.9, root_strength=0.92, strands=0, shell_mm=2.2, shell_side_mm=1.2),
    "short_side": Style(flow="side", top=58, side=16, back=18, fringe=62, lift=0.28, shell_mm=8, strands=960, parted=True,
                    wide_mm=4.8, points=6),
    "messy": Style(flow="forward", top=52, side=28, back=30, fringe=56, lift=0.55, messy=0.6, shell_mm=9, shell_side_mm=5,
                   curl_mm=3, curl_turns=0.7, strands=980, wide_mm=4.6, points=6),
    "crop": Style(flow="forward", top=38, side=10, back=12, fringe=46, lift=0.2, messy=0.25, gravity=0.22, shell_mm=7,
                    strands=980, wide_mm=4.2, points=6),
    "slick_back": Style(flow="back", top=85, side=45, back=40, fringe=100, lift=0.16, messy=0.05, shell_mm=8, shell_side_mm=3.5,
                        strands=680, wide_mm=6.5, points=9),
    "bob": Style(flow="down", top=215, side=165, back=160, fringe=205, lift=0.12, messy=0.08, gravity=0.5, shell_mm=9,
                    shell_side_mm=7,
                 strands=500, wide_mm=9.5, points=12, parted=True),
    "long_straight": Style(flow="down", top=380, side=330, back=330, fringe=370, lift=0.1, messy=0.05, gravity=0.55, shell_mm=9,
                           shell_side_mm=7, strands=500, wide_mm=10, points=13, parted=True),
    "ponytail": Style(flow="tied", top=190, side=150, back=110, fringe=230, lift=0.06, messy=0.04, shell_mm=6, shell_side_mm=4,
                      strands=420, wide_mm=9, points=11, tail="pony", bald_shadow=0.0),
    "afro": Style(flow="out", top=52, side=42, back=46, fringe=34, lift=1.0, gravity=0.0, curl_mm=5, curl_turns=1.1, messy=0.5,
                  shell_mm=34, shell_side_mm=26, strands=1000, wide_mm=6.5, points=6),
    "receding": Style(flow="back", hairline_deg=7, temples_deg=20, top=34, side=16, back=18, fringe=30, lift=0.22, shell_mm=3.5,
                      root_cover=0.4, root_strength=0.75, fade_mm=18, strands=900, wide_mm=3.6, points=6),
    "curly": Style(flow="down", top=150, side=120, back=130, fringe=120, lift=0.75, gravity=0.3, curl_mm=9, curl_turns=4,
                    messy=0.45,
                   shell_mm=20, shell_side_mm=15, strands=430, wide_mm=5.0, points=15),
    "quiff": Style(flow="back", top=62, side=12, back=14, fringe=72, lift=0.62, messy=0.12, gravity=0.06, shell_mm=11,
                   strands=880, wide_mm=5, points=6),
    "long_wavy": Style(flow="down", top=340, side=290, back=300, fringe=320, lift=0.3, gravity=0.5, curl_mm=11,
                    curl_turns=2.4, messy=0.15,
                       shell_mm=13, shell_side_mm=9, strands=430, wide_mm=10, points=15, parted=True),
    "bun": Style(flow="tied", top=180, side=140, back=110, fringe=220, lift=0.05, messy=0.03, shell_mm=6, shell_side_mm=4,
                 strands=420, wide_mm=9, points=11, tail="bun"),
    "braids": Style(flow="tied", top=190, side=150, back=120, fringe=220, lift=0.02, messy=0.0, shell_mm=4, shell_side_mm=3,
                    strands=90, wide_mm=7, points=12, tail="braids", root_cover=0.35),
    "undercut": Style(flow="side", top=88, side=5, back=6, fringe=98, lift=0.45, messy=0.12, gravity=0.15, shell_mm=9,
                    shell_side_mm=1.0,
                      strands=700, wide_mm=6, points=8, root_cover=0.5),
    "horseshoe": Style(flow="back", crown=0.78, top=22, side=20, back=22, fringe=20, lift=0.25, shell_mm=3, shell_side_mm=3,
                       root_cover=0.5, root_strength=0.8, fade_mm=14, strands=900, wide_mm=3.4, bald_shadow=0.05, points=6),
    "pixie": Style(flow="forward", top=72, side=48, back=42, fringe=62, lift=0.2, messy=0.22, gravity=0.3, shell_mm=8,
                    shell_side_mm=5,
                   strands=860, wide_mm=5.5, points=7),
}  # fmt: skip
