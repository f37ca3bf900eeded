"""refine.onnx: the whole formula that re-orders the best clips of the first stage, as one graph.

    score = first_stage + b * L + (v1 . t1 - v0 . t0) + sum of w_i * term_i

L is the support of the question's words by the clip's cells (late interaction). Parts whose weights are zero are not
in the graph; with all of them zero the score is first_stage itself, and devices don't run the graph at all.
"""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from .projection import unit
from .refine_block import Block
from .runtime import export

LAMBDA = 25.0
TERMS = ("strongest", "plain_cosine", "hub")  # beside L; see pair_terms
INPUTS = ("word_tokens", "word_weights", "text", "visual_tokens", "visual_mask", "vectors", "first_stage", "hub")
OUTPUTS = ("score", "support", "attention")


@dataclass(frozen=True)
class Weights:
    """The learned factors. `gates` are before their tanh; the block counts only where one of them is not 0."""

    late_interaction: float = 0.0
    terms: dict[str, float] = field(default_factory=dict)
    gates: tuple[float, float] = (0.0, 0.0)

    @property
    def identity(self) -> bool:
        return self.late_interaction == 0 and self.gates == (0.0, 0.0) and not any(self.terms.values())


def attend(
    words: torch.Tensor, visual: torch.Tensor, mask: torch.Tensor, sharpness: float = LAMBDA
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """words [L, T], visual [K, N, T] with zeros where mask [K, N] is 0 -> support [K, L], attention and cosines [K, L, N]."""
    cells = unit(visual)
    cosine = unit(words) @ cells.transpose(1, 2)
    logits = torch.where(mask[:, None] > 0, sharpness * cosine, torch.full_like(cosine, -1e30))
    attention = torch.softmax(logits, -1)
    context = attention @ cells
    # |ctx| does not depend on the question but through the attention; no cell at all gives 0.
    support = (attention * cosine).sum(-1) / context.norm(dim=-1).clamp_min(1e-6)
    return support, attention, cosine


class RefineGraph(nn.Module):
    """What refine.onnx computes, with the inputs and outputs of INPUTS and OUTPUTS."""

    def __init__(self, weights: Weights, block: Block | None = None, sharpness: float = LAMBDA):
        super().__init__()
        if unknown := set(weights.terms) - set(TERMS):
            raise ValueError(f"unknown terms {sorted(unknown)}; known are {', '.join(TERMS)}")
        if any(weights.gates) and block is None:
            raise ValueError("gates that are open need a block")
        self.weights, self.sharpness = weights, sharpness
        self.block = block if any(weights.gates) else None
        if self.block is not None:
            self.register_buffer("gates", torch.tanh(torch.tensor(weights.gates, dtype=next(block.parameters()).dtype)))

    def forward(self, word_tokens, word_weights, text, visual_tokens, visual_mask, vectors, first_stage, hub):
        # Whatever stands in padding, even what is no number, must not matter.
        visual = torch.where(visual_mask[:, :, None] > 0, visual_tokens, torch.zeros_like(visual_tokens))
        support, attention, cosine = attend(word_tokens, visual, visual_mask, self.sharpness)
        w = self.weights
        score = first_stage
        if w.late_interaction:
            score = score + w.late_interaction * (support * word_weights).sum(-1)
        plain = (vectors * text).sum(-1) if w.terms.get("plain_cosine") or self.block is not None else None
        if w.terms.get("strongest"):
            best = torch.where(visual_mask[:, None] > 0, cosine, torch.full_like(cosine, -1.0)).amax(-1)
            score = score + w.terms["strongest"] * (best * word_weights).sum(-1)
        if w.terms.get("plain_cosine"):
            score = score + w.terms["plain_cosine"] * plain
        if w.terms.get("hub"):
            score = score + w.terms["hub"] * hub
        if self.block is not None:
            words = word_tokens[None].expand(visual.shape[0], -1, -1)
            r_v, r_t = self.block(visual, visual_mask, words)
            v1, t1 = unit(vectors + self.gates[0] * r_v), unit(text + self.gates[1] * r_t)
            score = score + ((v1 * t1).sum(-1) - plain)
        return score, support, attention


def export_refine(graph: RefineGraph, token_dims: int, dims: int, path: Path) -> None:
    """Write refine.onnx with any number of words L, candidates K and cells N."""
    inputs = {
        "word_tokens": torch.randn(5, token_dims),
        "word_weights": torch.full((5,), 0.2),
        "text": torch.randn(dims),
        "visual_tokens": torch.randn(3, 8, token_dims),
        "visual_mask": torch.ones(3, 8),
        "vectors": torch.randn(3, dims),
        "first_stage": torch.zeros(3),
        "hub": torch.zeros(3),
    }
    axes = {"word_tokens": {0: "l"}, "word_weights": {0: "l"}, "visual_tokens": {0: "k", 1: "n"}, "visual_mask": {0: "k", 1: "n"}}
    axes |= {name: {0: "k"} for name in ("vectors", "first_stage", "hub", "score")}
    axes |= {"support": {0: "k", 1: "l"}, "attention": {0: "k", 1: "l", 2: "n"}}
    export(graph, inputs, OUTPUTS, axes, path)
