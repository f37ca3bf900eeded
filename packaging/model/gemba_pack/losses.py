"""The contrastive loss with graded positives."""

import torch


def soft_contrastive(
    image: torch.Tensor, text: torch.Tensor, weights: torch.Tensor, ignored: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Mean of both directions' cross entropies against the weights made to sum to 1.

    image, text: unit rows [n, D]; weights float [n texts, n photos]; ignored bool of the same shape.
    """
    logits = (text @ image.T / temperature).masked_fill(ignored, float("-inf"))

    def direction(scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        log = torch.log_softmax(scores, dim=1).masked_fill(target == 0, 0.0)
        return -(target / target.sum(1, keepdim=True) * log).sum(1).mean()

    return (direction(logits, weights) + direction(logits.T, weights.T)) / 2
