"""The gaze network: a reader of the patches, readers of the mesh's points, and how they are mixed."""

import numpy as np
import torch
from eyes import MARKS
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dms.perception.gaze_net import EYE_VALUES, TURNED, VALUES
from tools.training.trunk import Trunk

MEMBERS = 3
"""Readers of the points, all alike but for chance."""

ANSWERS = 8
"""Yaw and pitch of both, left, right; log std of yaw and pitch."""

FEATURES = 96

SHARE = (0.8, 0.4)
"""Of the patches' reading in yaw and in pitch, the rest is the points'. On rendered drivers the patches read both better, on real
people a mixture does (``card.md``)."""


class Patches(nn.Module):
    """Trunk of an eye-landmark network shared by both eyes (it has seen real eyes), marks of each eye, and the line of sight.

    It is symmetric: a mirrored driver gives the mirrored answer, exactly.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk("eye_landmarks", "prelu_152")
        self.squeeze = nn.Conv2d(128, 48, 1)
        self.eye = nn.Linear(48 * 40, 160)
        self.marks = nn.Linear(160, MARKS)
        self.features = nn.Linear(160 + MARKS, FEATURES)
        self.pair = nn.Sequential(nn.Linear(2 * FEATURES + TURNED, 160), nn.ReLU(), nn.Linear(160, ANSWERS))
        nn.init.constant_(self.pair[-1].bias[6:], 2.0)

    def forward(self, left: Tensor, right: Tensor, turned: Tensor) -> tuple[Tensor, Tensor]:
        """n x 1 x h x w twice and n x ``TURNED`` to n x ``ANSWERS`` and marks 2n x ``MARKS`` (left eyes first)."""
        marks, features = self._eyes(torch.cat([left, right]))
        l_eye, r_eye = features.chunk(2)
        turned = 0.1 * turned
        straight = self.pair(torch.cat([l_eye, r_eye, turned], 1))
        mirrored = self.pair(torch.cat([r_eye, l_eye, turned * flip_turned(turned)], 1))
        return both_ways(straight, mirrored), marks

    def _eyes(self, patches: Tensor) -> tuple[Tensor, Tensor]:
        x = F.relu(self.squeeze(self.trunk(patches))).flatten(1)
        x = F.dropout(F.relu(self.eye(x)), 0.1, self.training)
        marks = self.marks(x)
        return marks, F.relu(self.features(torch.cat([x, 0.1 * marks], 1)))


class PointsReader(nn.Module):
    """A dense network on the points, scaled; as symmetric as the other."""

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("scale", scale)
        self.reader = nn.Sequential(nn.Linear(VALUES, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, ANSWERS))
        nn.init.constant_(self.reader[-1].bias[6:], 2.0)

    def forward(self, points: Tensor) -> Tensor:
        """n x ``VALUES`` to n x ``ANSWERS``."""
        values = (points - self.mean) / self.scale
        turned = values[:, 2 * EYE_VALUES :]
        swapped = [values[:, EYE_VALUES : 2 * EYE_VALUES], values[:, :EYE_VALUES], turned * flip_turned(turned)]
        return both_ways(self.reader(values), self.reader(torch.cat(swapped, 1)))


class GazeNet(nn.Module):
    """What is shipped: ``angles`` n x 6 and ``log_std`` n x 2, degrees."""

    def __init__(self, patches: nn.Module, readers: list[nn.Module]) -> None:
        super().__init__()
        self.patches, self.readers = patches, nn.ModuleList(readers)
        self.register_buffer("share", torch.tensor(SHARE), persistent=False)

    def forward(self, left: Tensor, right: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """As the engine's file says. Readings that differ make the answer less sure."""
        by_patches, _ = self.patches(left, right, points[:, 2 * EYE_VALUES :])
        by_points = torch.stack([reader(points) for reader in self.readers]).mean(0)
        share = self.share.repeat(3)
        angles = share * by_patches[:, :6] + (1 - share) * by_points[:, :6]
        spreads = [out[:, 6:].clamp(-1, 4).exp() for out in (by_patches, by_points)]
        apart = (by_patches[:, :2] - by_points[:, :2]).abs() / 2
        return angles, torch.log(self.share * spreads[0] + (1 - self.share) * spreads[1] + apart)


def flip_turned(turned: Tensor) -> Tensor:
    """Sideways parts of the head's forward and up axes change sign in a mirror."""
    return turned.new_tensor([-1.0, 1, 1, -1, 1, 1])


def both_ways(straight: Tensor, mirrored: Tensor) -> Tensor:
    """Mean of the answer and of what the mirror image's answer says here."""
    back = torch.cat([mirrored[:, :2], mirrored[:, 4:6], mirrored[:, 2:4], mirrored[:, 6:]], 1)
    return (straight + back * back.new_tensor([-1.0, 1, -1, 1, -1, 1, 1, 1])) / 2


def scaling(values: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of the points, the same for both eyes and in the mirror: nothing may spoil the symmetry."""
    eyes = np.concatenate([values[:, :EYE_VALUES], values[:, EYE_VALUES : 2 * EYE_VALUES]])
    turned = values[:, 2 * EYE_VALUES :]
    turned = np.concatenate([turned, turned * np.array([-1, 1, 1, -1, 1, 1], np.float32)])
    mean, spread = (np.concatenate([f(eyes), f(eyes), f(turned)]) for f in (lambda v: v.mean(0), lambda v: v.std(0) + 1e-3))
    return torch.from_numpy(mean.astype(np.float32)), torch.from_numpy(spread.astype(np.float32))
