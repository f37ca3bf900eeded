"""From a tower's feature to the shared space: a linear map plus a small MLP over standardised features."""

import torch
from torch import nn


class Projection(nn.Module):
    """[..., width] -> [..., dims], not yet unit length.

    The linear path carries the gain on little data; the MLP adds what is left. Mean and deviation of the training
    features are constants of the module, so that every dimension starts alike.
    """

    def __init__(self, width: int, hidden: int, dims: int, dropout: float):
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("deviation", torch.ones(width))
        self.linear = nn.Linear(width, dims)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, dims)
        self.dropout = nn.Dropout(dropout)

    def standardise(self, features: torch.Tensor) -> None:
        """Take mean and deviation from training features [N, width]."""
        self.mean.copy_(features.mean(0))
        self.deviation.copy_(features.std(0).clamp_min(1e-3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dropout((x - self.mean) / self.deviation)
        return self.linear(x) + self.down(self.dropout(nn.functional.gelu(self.up(x))))


def unit(x: torch.Tensor) -> torch.Tensor:
    """[..., D] -> the same, each row of length 1 (an all-zero row stays zero)."""
    return x / x.norm(dim=-1, keepdim=True).clamp_min(1e-6)
