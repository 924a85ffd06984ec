"""Weights rounded to a grid: symmetric, one bf16 scale for each group of neighbouring inputs of an output.

The scheme is round-to-nearest with absolute maxima (Dettmers et al., arXiv 2208.07339, by group as in arXiv 2110.02861).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Grid:
    """bits of a weight, group: inputs that share a scale."""

    bits: int
    group: int

    @property
    def top(self) -> int:
        """The largest level; the smallest is its negative."""
        return int(2 ** (self.bits - 1) - 1)

    def padded(self, inputs: int) -> int:
        """Inputs of a row as it is kept: whole groups, of 64 whatever the grid."""
        return -(-inputs // 64) * 64

    def round(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Levels (outputs, padded inputs) int8 and scales (outputs, groups) bf16 of weight (outputs, inputs)."""
        outputs, inputs = weight.shape
        groups = F.pad(weight.float(), (0, self.padded(inputs) - inputs)).view(outputs, -1, self.group)
        scales = (groups.abs().amax(dim=-1) / self.top).to(torch.bfloat16)
        inverse = torch.where(scales > 0, 1.0 / scales.float(), 0.0)
        levels = (groups * inverse.unsqueeze(-1)).round_().clamp_(-self.top, self.top)
        return levels.to(torch.int8).view(outputs, -1), scales

    def restore(self, weight: Tensor) -> Tensor:
        """The weight as the grid keeps it, (outputs, inputs) in its own dtype."""
        levels, scales = self.round(weight)
        groups = levels.view(len(weight), -1, self.group).float() * scales.float().unsqueeze(-1)
        return groups.view(len(weight), -1)[:, : weight.shape[1]].to(weight.dtype)


INT8 = Grid(8, 64)
INT4 = Grid(4, 32)
