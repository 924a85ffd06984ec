"""A sigmoid gate over the first channels of a row."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

# torch's vectorised sigmoid and its scalar one for left-over elements differ in the last bit; rows of 64 leave nothing over.
_WIDTH = 64


class Gate(nn.Module):
    """sigmoid(W x[:, :channels]): x (rows, n_embd) to (rows, gates) in float32. W is kept padded with zero rows."""

    def __init__(self, channels: int, gates: int) -> None:
        super().__init__()
        self.channels = channels
        self.gates = gates
        self.linear = nn.Linear(channels, -(-gates // _WIDTH) * _WIDTH, bias=False)

    def set_weight(self, weight: Tensor) -> None:
        """Take a checkpoint's weight (gates, channels), padded to the width that is computed."""
        padding = self.linear.out_features - self.gates
        self.linear.weight = nn.Parameter(F.pad(weight, (0, 0, 0, padding)), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        pre: Tensor = self.linear(x[:, : self.channels])
        return pre.float().sigmoid()[:, : self.gates]
