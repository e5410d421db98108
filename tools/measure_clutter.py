"""Pictures without a face: how often one is seen in them, and how unsure the head-pose network is of what the mesh took for one.

    python tools/measure_clutter.py [--count 200] [PICTURE ...]

Made-up clutter (``tools/training/augment.py``, background) and your own pictures without faces. Each is looked at as a single
picture.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.training.answer import answered, needs

needs("cv2", "onnxruntime", extra="cpu")

from dms.camera.pictures import Pictures  # noqa: E402
from dms.inference.engine_set import EngineSet  # noqa: E402
from dms.perception.pipeline import FACE_SLOTS, Perception  # noqa: E402
from dms.perception.trained import Trained  # noqa: E402
from dms.records import Frame  # noqa: E402
from tools.training.augment import background  # noqa: E402

SIZE = (480, 640)


def pictures(count: int, paths: list[Path]) -> list[NDArray[np.uint8]]:
    """Grey pictures, h x w."""
    made = [background(np.random.default_rng(seed), *SIZE) for seed in range(count)]
    return made + [frame.grey for path in paths for frame in Pictures(path).frames()]


def main() -> int:
    """Prints the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, nargs="*", metavar="PICTURE")
    parser.add_argument("--count", type=int, default=200, help="made-up pictures")
    args = parser.parse_args()
    every = pictures(args.count, args.pictures)
    meshes, bare, spreads = 0, 0, []
    with EngineSet(FACE_SLOTS) as engines:
        chain, networks = Perception(engines), Trained(engines)
        for grey in every:
            sight = chain.see(Frame(grey=grey, t=0.0), independent=True)
            face = sight.observation.face
            if face is None or not face.present or face.box_px is None:
                continue
            meshes, bare = meshes + (sight.mesh is not None), bare + (sight.mesh is None)
            spreads.append(networks.head_spread(grey, face.box_px))
    print(f"{len(every)} pictures without a face: a face with a mesh in {meshes}, without one in {bare}")
    if spreads:
        low, middle = np.percentile(spreads, (10, 50))
        print(f"head-pose network's spread there, deg: least {min(spreads):.0f}, tenth {low:.0f}, median {middle:.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(answered(main))
