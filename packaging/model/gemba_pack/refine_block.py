"""The gated cross-attention block of the refinement head: words and cells of one pair correct each other."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head attention; keys whose mask is 0 get weight exactly 0."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.heads = heads

    def forward(self, query: torch.Tensor, key: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """query [P, A, W], key [P, B, W], mask [P, B] -> [P, A, W]."""
        width = query.shape[-1] // self.heads

        def split(x: torch.Tensor) -> torch.Tensor:
            return x.reshape(x.shape[0], x.shape[1], self.heads, width).transpose(1, 2)

        q, k, v = split(self.q(query)), split(self.k(key)), split(self.v(key))
        logits = q @ k.transpose(2, 3) / width**0.5
        if mask is not None:
            logits = torch.where(mask[:, None, None] > 0, logits, torch.full_like(logits, -1e30))
        return self.o((torch.softmax(logits, -1) @ v).transpose(1, 2).flatten(2))


class GatedFeedForward(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.gate, self.up, self.down = nn.Linear(width, hidden), nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        return self.down(F.gelu(self.gate(h)) * self.up(h))


class Stream(nn.Module):
    """Attention, add, norm, gated feed-forward, add, norm."""

    def __init__(self, width: int, heads: int, hidden: int):
        super().__init__()
        self.attention, self.feed = Attention(width, heads), GatedFeedForward(width, hidden)
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, own: torch.Tensor, other: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        h = self.ln1(own + self.attention(own, other, mask))
        return self.ln2(h + self.feed(h))


class Block(nn.Module):
    """Both streams, pooling and output projections; residuals stay on a stream's own modality."""

    def __init__(self, visual: int, text: int, shared: int, width: int = 256, heads: int = 4, hidden: int = 512):
        super().__init__()
        self.ln_v, self.ln_t = nn.LayerNorm(visual), nn.LayerNorm(text)
        self.in_v, self.in_t = nn.Linear(visual, width), nn.Linear(text, width)
        self.v, self.t = Stream(width, heads, hidden), Stream(width, heads, hidden)
        self.out_v, self.out_t = nn.Linear(width, shared), nn.Linear(width, shared)

    def forward(self, visual: torch.Tensor, mask: torch.Tensor, words: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """visual [P, N, V], mask [P, N], words [P, L, T] -> r_v, r_t [P, D]. The last word row is the end of the text."""
        x, y = self.in_v(self.ln_v(visual)), self.in_t(self.ln_t(words))
        refined = self.v(x, y, None) * mask[:, :, None]
        z_v = refined.sum(1) / mask.sum(1, keepdim=True).clamp_min(1.0)
        z_t = self.t(y[:, -1:], x, mask)[:, 0]
        return self.out_v(z_v), self.out_t(z_t)
