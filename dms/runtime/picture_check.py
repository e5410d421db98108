"""Is a picture what the camera agreed to deliver: its size, its time, its order. Decided before it is judged."""

from dms.records import Frame

FUTURE_S = 0.1
"""A picture cannot be taken later than now; so much may two clocks of one machine differ."""


class PictureCheck:
    """Looks at every picture of one stream.

    Args:
        late_s: older on arrival than this is no evidence; the limit at which the bus calls a sample stale.
    """

    def __init__(self, late_s: float) -> None:
        self._late_s = late_s
        self._size: tuple[int, int] | None = None
        self._last: float | None = None

    def expect(self, width: int, height: int) -> None:
        """The size agreed on; without it that of the first picture."""
        self._size = (width, height)

    def fault(self, frame: Frame, now: float, told: float | None) -> str | None:
        """Why the picture cannot be judged, or ``None``.

        Args:
            frame: as it came.
            now: time of arrival, s.
            told: time up to which the chain has already been told that nothing came, s.
        """
        fault = self._size_fault(frame) or self._time_fault(frame.t, now, told)
        if fault is None:
            self._size, self._last = (frame.width, frame.height), frame.t
        return fault

    def _size_fault(self, frame: Frame) -> str | None:
        if self._size in (None, (frame.width, frame.height)):
            return None
        assert self._size is not None
        return f"pictures are {frame.width}x{frame.height}, not {self._size[0]}x{self._size[1]}"

    def _time_fault(self, t: float, now: float, told: float | None) -> str | None:
        if t > now + FUTURE_S:
            return f"picture from {t - now:.2f} s in the future"
        if now - t > self._late_s:
            return f"picture {now - t:.2f} s old on arrival"
        if self._last is not None and t <= self._last:
            return "picture not newer than the one before"
        if told is not None and t < told:
            return "picture older than what is known already"
        return None
