"""The people of the asset: principal components of the shapes, with the coefficients of each person the generator knows."""

import numpy as np
from mesh import Floats

FAR_FROM_FACE = 0.2
"""Weight of a vertex without head or neck: arms and trunk vary a lot and are seen little."""


def components(shapes: Floats, heads: Floats, tails: Floats, eyes: Floats, face: Floats, count: int) -> dict[str, np.ndarray]:
    """Mean, components, coefficients over vertices, bone heads and tails, eye centres, radii; the first shape is the template.

    Components are int16 with one scale each (mm a step, per unit coefficient of one standard deviation).
    """
    people = len(shapes)
    radii = np.zeros((people, 2, 3))
    radii[:, :, 0] = eyes[:, :, 3]
    everything = np.concatenate([shapes, heads, tails, eyes[:, :, :3], radii], axis=1)
    weight = np.concatenate([np.maximum(face, FAR_FROM_FACE), np.full(everything.shape[1] - len(face), 1.0)])
    mean = everything[1:].mean(axis=0)
    moved = ((everything[1:] - mean) * weight[:, None]).reshape(people - 1, -1)
    u, s, vt = np.linalg.svd(moved, full_matrices=False)
    scale = s[:count] / np.sqrt(people - 1)
    basis = (vt[:count] * scale[:, None]).reshape(count, -1, 3) / weight[:, None]
    coefficients = u[:, :count] * np.sqrt(people - 1)
    left = everything[1:] - mean - np.einsum("pk,kvd->pvd", coefficients, basis)
    on_face = np.r_[face > 0.9, np.zeros(len(weight) - len(face), bool)]
    face_mm, all_mm = (np.sqrt((part**2).sum(axis=2).mean()) for part in (left[:, on_face], left))
    print(f"components: error of the face {face_mm:.2f} mm rms, of everything {all_mm:.2f} mm")
    step = np.abs(basis).reshape(count, -1).max(axis=1) / 32000
    return {
        "shape/mean": mean.astype(np.float32), "shape/template": everything[0].astype(np.float32),
        "shape/components": np.round(basis / step[:, None, None]).astype(np.int16), "shape/step": step.astype(np.float32),
        "shape/people": np.round(coefficients * 1000).astype(np.int16),
    }  # fmt: skip
