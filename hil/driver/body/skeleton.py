"""Bones: from rotations to the matrices that move the vertices. Linear blend skinning, the kinematics of the asset's source."""

import numpy as np
from numpy.typing import NDArray

from hil.driver.body.asset import Asset
from hil.driver.body.identity import Identity

Array = NDArray[np.float64]


class Skeleton:
    """The bones of one person, posed one by one from the trunk outwards.

    A bone's matrix (3 x 4) brings the rest frame to the vehicle frame. ``set`` gives a bone its whole rotation, ``follow`` one
    relative to its parent; the joint stays where the parent has it.
    """

    def __init__(self, asset: Asset, person: Identity) -> None:
        self.index = {name: i for i, name in enumerate(asset.bones)}
        self._parents = asset.parents
        self._heads = person.heads
        count = len(asset.bones)
        self.rotations = np.tile(np.eye(3), (count, 1, 1))
        self.matrices = np.zeros((count, 3, 4))

    def joint(self, bone: int) -> Array:
        """Where the parent has this bone's joint."""
        parent = self._parents[bone]
        matrix = self.matrices[parent if parent >= 0 else bone]
        return np.asarray(matrix[:, :3] @ self._heads[bone] + matrix[:, 3], dtype=np.float64)

    def place(self, bone: int, rotation: Array, joint: Array) -> None:
        """Put a bone's joint somewhere, with a rotation."""
        self.rotations[bone] = rotation
        self.matrices[bone, :, :3] = rotation
        self.matrices[bone, :, 3] = joint - rotation @ self._heads[bone]

    def set(self, bone: int, rotation: Array) -> None:
        """Whole rotation; the joint follows the parent."""
        self.place(bone, rotation, self.joint(bone))

    def follow(self, bone: int, turn: Array | None = None) -> None:
        """The parent's rotation, after an own turn in the rest frame's axes."""
        parent = self.rotations[self._parents[bone]]
        self.set(bone, parent if turn is None else parent @ turn)

    def shift(self, by: Array) -> None:
        """Move everything."""
        self.matrices[:, :, 3] += by

    def carry(self, bone: int, point: Array) -> Array:
        """A rest-frame point as a bone moves it."""
        return np.asarray(self.matrices[bone, :, :3] @ point + self.matrices[bone, :, 3], dtype=np.float64)
