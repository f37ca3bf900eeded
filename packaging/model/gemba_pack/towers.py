"""The two towers as they are trained and exported."""

import torch
from torch import nn
from torch.nn import functional as F

from .lite0 import FEATURE_CHANNELS
from .minilm import WIDTH, MiniLM
from .projection import Projection, unit
from .settings import Settings


class ImageTower(nn.Module):
    """Tail and projection: map [N, 192, 7, 7] -> embedding [N, dims] of unit length."""

    def __init__(self, settings: Settings, tail: nn.Module):
        super().__init__()
        self.tail = tail
        self.projection = Projection(FEATURE_CHANNELS, settings.image_hidden, settings.dims, settings.image_dropout)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return unit(self.projection(self.tail(maps).mean((2, 3))))

    def cells(self, features: torch.Tensor) -> torch.Tensor:
        """Feature map [N, 1280, 7, 7] -> unit cell vectors in the shared space [N, 49, dims]."""
        return unit(self.projection(features.flatten(2).transpose(1, 2)))


def mean_words(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Hidden states [B, L, W] and mask [B, L] -> unit mean over the words [B, W]."""
    weights = mask[:, :, None].to(hidden.dtype)
    return unit((hidden * weights).sum(1) / weights.sum(1).clamp_min(1.0))


class TextTower(nn.Module):
    """MiniLM and projection: ids and mask [B, L] -> embedding [B, dims] of unit length."""

    def __init__(self, settings: Settings, minilm: MiniLM):
        super().__init__()
        self.minilm = minilm
        self.projection = Projection(WIDTH, settings.text_hidden, settings.dims, settings.text_dropout)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return unit(self.projection(mean_words(self.minilm(ids, mask), mask)))


class VisionGraph(nn.Module):
    """What vision.onnx computes: pixels [N, 3, H, W] -> embedding [N, dims], tokens [N, grid*grid, token_dims].

    Tokens are the cells of the 7x7 map brought to the shared space, averaged over a coarse grid, turned by a fixed PCA
    and made unit length, so that a dot product with a word token is a cosine.
    """

    def __init__(self, trunk: nn.Module, tower: ImageTower, basis: torch.Tensor, grid: int):
        super().__init__()
        self.trunk, self.tower, self.grid = trunk, tower, grid
        self.register_buffer("basis", basis)  # [dims, token_dims]

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.tower.tail(self.trunk(pixels))
        # The whole photo's mean goes through the projection as one more cell: one set of weights in the file.
        rows = torch.cat([features.mean((2, 3))[:, None], features.flatten(2).transpose(1, 2)], 1)
        projected = unit(self.tower.projection(rows))
        embedding, cells = projected[:, 0], projected[:, 1:].transpose(1, 2)
        side = features.shape[-1]
        window = side - side // self.grid  # 7 cells, grid 2: windows of 4 that share the middle row
        stride = (side - window) // max(self.grid - 1, 1)
        pooled = F.avg_pool2d(cells.reshape(-1, cells.shape[1], side, side), window, stride)
        return embedding, unit(pooled.flatten(2).transpose(1, 2) @ self.basis)


class TextGraph(nn.Module):
    """What text.onnx computes: ids and mask [B, L] -> embedding [B, dims], tokens [B, L, token_dims]; padding is zero."""

    def __init__(self, tower: TextTower, basis: torch.Tensor):
        super().__init__()
        self.tower = tower
        self.register_buffer("basis", basis)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        hidden = self.tower.minilm(input_ids, attention_mask)
        rows = torch.cat([mean_words(hidden, attention_mask)[:, None], unit(hidden)], 1)
        projected = unit(self.tower.projection(rows))
        tokens = unit(projected[:, 1:] @ self.basis) * attention_mask[:, :, None].to(hidden.dtype)
        return projected[:, 0], tokens
