"""The OpenGL context of this process (EGL, no display), and the frame buffers pictures are drawn into.

Radiance and label word are two channels of one float16 target: whole numbers up to 2048 are exact there.
"""

import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dms.errors import HardwareError

if TYPE_CHECKING:
    import moderngl

Size = tuple[int, int]
Box = tuple[int, int, int, int]
_NO_MODULE = "drawing the synthetic driver needs moderngl; run: pip install 'dms[synth]'"
_NO_EGL = "no OpenGL 3.3 by EGL here ({}); run: apt install libegl1 libgl1-mesa-dri"


@dataclass(frozen=True, slots=True)
class Gl:
    """A context, the module, and the thread it belongs to."""

    ctx: "moderngl.Context"
    module: Any
    thread: int

    def check_thread(self) -> None:
        """Refuse calls from elsewhere; OpenGL would draw nothing and say nothing.

        Raises:
            HardwareError: called from another thread.
        """
        if threading.get_ident() != self.thread:
            raise HardwareError("the synthetic driver is drawn from another thread than it was made in; make it where it is used")


@cache
def open_context() -> Gl:
    """The one context of this process; made at the first call, in the calling thread.

    Raises:
        HardwareError: moderngl or EGL is missing, with the command that mends it.
    """
    try:
        import moderngl
    except ImportError:
        raise HardwareError(_NO_MODULE) from None
    try:
        how: Any = {"standalone": True, "backend": "egl"}
        ctx = moderngl.create_context(require=330, **how)
    except Exception as error:  # glcontext raises bare Exception
        raise HardwareError(_NO_EGL.format(" ".join(str(error).split()) or type(error).__name__)) from None
    ctx.gc_mode = "auto"
    ctx.front_face = "cw"
    return Gl(ctx, moderngl, threading.get_ident())


class Target:
    """A frame buffer: radiance and ID (float16 x 2) and depth."""

    def __init__(self, gl: Gl, size: Size) -> None:
        self.size = size
        self.colour = gl.ctx.texture(size, 2, dtype="f2")
        self.colour.filter = (gl.module.NEAREST, gl.module.NEAREST)
        self.depth = gl.ctx.depth_texture(size)
        self.depth.compare_func = ""
        self.depth.filter = (gl.module.NEAREST, gl.module.NEAREST)
        self.frame = gl.ctx.framebuffer([self.colour], self.depth)

    def start(self, box: Box, clear: bool = True) -> None:
        """Draw into it from now on, only inside ``box`` (left, top, width, height)."""
        self.frame.use()
        self.frame.scissor = box
        if clear:
            self.frame.clear(depth=1.0)

    def whole(self) -> None:
        """Take the box of ``start`` back."""
        self.frame.scissor = (0, 0, *self.size)

    def write_only(self, radiance: bool) -> None:
        """Let what follows change only the radiance, or only the words; the depth stays."""
        self.frame.color_mask = (True, False, False, False) if radiance else (False, True, False, False)
        self.frame.depth_mask = False
        self.frame.use()  # masks count from here on

    def write_all(self) -> None:
        """Take ``write_only`` back."""
        self.frame.color_mask = (True, True, True, True)
        self.frame.depth_mask = True
        self.frame.use()

    def read(self) -> NDArray[np.float16]:
        """Height x width x 2: radiance and ID."""
        width, height = self.size
        data = self.frame.read(components=2, dtype="f2", alignment=1)
        return np.frombuffer(data, np.float16).reshape(height, width, 2)

    def read_depth(self) -> NDArray[np.float32]:
        """Height x width, depth buffer values 0..1."""
        width, height = self.size
        data = self.frame.read(components=1, attachment=-1, dtype="f4", alignment=1)
        return np.frombuffer(data, np.float32).reshape(height, width)
