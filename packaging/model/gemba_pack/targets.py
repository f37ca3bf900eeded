"""What counts as a match inside a batch: the target of the contrastive loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Text:
    """A text drawn for a photo. `labels` is empty for free captions; `everyday`: it may well be true of other sources."""

    words: str
    labels: frozenset[str] = frozenset()
    everyday: bool = False


def overlap(stated: frozenset[str], labels: frozenset[str]) -> float:
    """How well labels that a text states fit a photo's labels: 0 unless all are there, else intersection over union."""
    if not stated or not stated <= labels:
        return 0.0
    return len(stated) / len(labels)


def batch_targets(
    texts: Sequence[Text], labels: Sequence[frozenset[str]], sources: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Weights float32 [texts, photos] (text i was drawn for photo i) and a mask bool [texts, photos] of ignored pairs.

    A site text matches every photo whose labels contain its own, by their overlap; its own photo counts at least half.
    Labels are incomplete: an everyday text ("a person") is no negative for photos of other sources, whose labels do
    not speak of it.
    """
    n = len(texts)
    weights = np.eye(n, dtype=np.float32)
    ignored = np.zeros((n, n), dtype=bool)
    for i, text in enumerate(texts):
        if not text.labels:
            continue
        for j in range(n):
            weight = overlap(text.labels, labels[j])
            if i == j:
                weights[i, j] = max(weight, 0.5)
            elif weight > 0:
                weights[i, j] = weight
            elif text.everyday and sources[i] != sources[j]:
                ignored[i, j] = True
    return weights, ignored
