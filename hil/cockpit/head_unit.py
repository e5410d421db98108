"""What the head unit is and does: menu, media, map, climate, calls. A pure state machine; functions come from gestures."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dms.gesture.commands import Context

MENU: tuple[Context, ...] = ("media", "map", "climate", "home")
TRACKS = ("Nightdrive", "Autobahn at Dawn", "Rain on Glass", "Long Way Home", "Blue Tunnel")
VOLUME_STEP, DEGREE_STEP, PAN_STEP = 4, 0.5, 40.0
ZOOM_RANGE = (3, 18)
DEGREES_RANGE = (16.0, 28.0)
LOG = 8


@dataclass(slots=True)
class HeadUnit:
    """State as shown. ``apply`` does a function; ``False``: it has no meaning here."""

    context: Context = "home"
    volume: int = 40
    muted: bool = False
    playing: bool = True
    track: int = 0
    zoom: int = 12
    pan: tuple[float, float] = (0.0, 0.0)
    degrees: float = 21.0
    chosen: int = 0
    caller: str | None = None
    log: list[str] = field(default_factory=list)
    """The last things done, newest first."""
    _before: Context = "home"

    def apply(self, function: str) -> bool:
        """Do it.

        Args:
            function: a word of ``dms.gesture.commands.FUNCTIONS``.
        """
        action = _ACTIONS.get(function)
        done = action is not None and action(self) is not False
        self.note(function if done else f"{function}: not here")
        return done

    def note(self, text: str) -> None:
        """For the page."""
        self.log = [text, *self.log][:LOG]

    def ring(self, caller: str) -> None:
        """A call comes in."""
        if self.context not in ("call_incoming", "call_active"):
            self._before = self.context
        self.context, self.caller = "call_incoming", caller

    def hang_up(self) -> bool:
        """The call is over, taken or not."""
        if self.context not in ("call_incoming", "call_active"):
            return False
        self.context, self.caller = self._before, None
        return True

    def take_call(self) -> bool:
        """Speak."""
        if self.context != "call_incoming":
            return False
        self.context = "call_active"
        return True

    def louder(self, steps: int) -> None:
        """And no longer muted."""
        self.volume, self.muted = max(0, min(100, self.volume + steps * VOLUME_STEP)), False

    def skip(self, steps: int) -> None:
        """To another track."""
        self.track, self.playing = (self.track + steps) % len(TRACKS), True

    def zoom_by(self, steps: int) -> bool:
        """The map only."""
        if self.context == "map":
            self.zoom = max(ZOOM_RANGE[0], min(ZOOM_RANGE[1], self.zoom + steps))
        return self.context == "map"

    def pan_by(self, x: float, y: float) -> bool:
        """The map only."""
        if self.context == "map":
            self.pan = (self.pan[0] + x * PAN_STEP, self.pan[1] + y * PAN_STEP)
        return self.context == "map"

    def warmer(self, steps: int) -> None:
        """Within what the heating can do."""
        self.degrees = max(DEGREES_RANGE[0], min(DEGREES_RANGE[1], self.degrees + steps * DEGREE_STEP))

    def choose(self, steps: int) -> bool:
        """The next line of the menu."""
        if self.context == "menu":
            self.chosen = (self.chosen + steps) % len(MENU)
        return self.context == "menu"

    def open_menu(self) -> bool:
        """Not during a call."""
        if self.context in ("call_incoming", "call_active"):
            return False
        self.context = "menu"
        return True

    def select(self) -> bool:
        """The chosen line of the menu."""
        if self.context != "menu":
            return False
        self.context = MENU[self.chosen]
        return True

    def back(self) -> bool:
        """To the home page."""
        if self.context in ("call_incoming", "call_active"):
            return False
        self.context = "home"
        return True

    def toggle(self, what: str) -> None:
        """Play or pause, sound or none."""
        setattr(self, what, not getattr(self, what))


_ACTIONS: dict[str, Callable[[HeadUnit], bool | None]] = {
    "media_play_pause": lambda h: h.toggle("playing"),
    "media_next": lambda h: h.skip(1),
    "media_previous": lambda h: h.skip(-1),
    "volume_up": lambda h: h.louder(1),
    "volume_down": lambda h: h.louder(-1),
    "volume_mute": lambda h: h.toggle("muted"),
    "map_zoom_in": lambda h: h.zoom_by(1),
    "map_zoom_out": lambda h: h.zoom_by(-1),
    "map_pan_left": lambda h: h.pan_by(-1, 0),
    "map_pan_right": lambda h: h.pan_by(1, 0),
    "map_pan_up": lambda h: h.pan_by(0, -1),
    "map_pan_down": lambda h: h.pan_by(0, 1),
    "temperature_up": lambda h: h.warmer(1),
    "temperature_down": lambda h: h.warmer(-1),
    "call_accept": HeadUnit.take_call,
    "call_reject": HeadUnit.hang_up,
    "menu_open": HeadUnit.open_menu,
    "menu_next": lambda h: h.choose(1),
    "menu_previous": lambda h: h.choose(-1),
    "menu_select": HeadUnit.select,
    "menu_back": HeadUnit.back,
}
