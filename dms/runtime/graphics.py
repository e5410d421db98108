"""Can this machine draw the synthetic driver: OpenGL without a display, tried in a process of its own so that a broken driver
cannot take ours down.
"""

import importlib.util
import subprocess
import sys

from dms.errors import BackendUnavailable

PIP = "pip install 'dms[synth]'"
APT = "on Debian or Ubuntu: apt install libegl1 libgl1-mesa-dri"
TIMEOUT_S = 60.0
_TRY = """
import moderngl
context = moderngl.create_context(standalone=True, backend="egl", require=330)
print(context.info["GL_RENDERER"], "|", context.info["GL_VERSION"])
"""


def probe_renderer() -> str:
    """What draws, e.g. ``llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5``.

    Raises:
        BackendUnavailable: moderngl, EGL or an OpenGL driver is missing; ``hint`` is the command that mends it.
    """
    if importlib.util.find_spec("moderngl") is None:
        raise BackendUnavailable("the renderer needs moderngl, which is not installed", PIP)
    try:
        done = subprocess.run([sys.executable, "-c", _TRY], capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise BackendUnavailable(f"the renderer's OpenGL did not answer within {TIMEOUT_S:g} s", APT) from None
    except OSError as error:
        raise BackendUnavailable(f"the renderer cannot be tried: {error.strerror}", APT) from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"ended with code {done.returncode}"])[-1]
        raise BackendUnavailable(f"the renderer cannot open OpenGL through EGL ({last})", APT)
    renderer, _, version = done.stdout.strip().partition(" | ")
    return f"{renderer}, OpenGL {version.split()[0] if version else 'of unknown version'}"
