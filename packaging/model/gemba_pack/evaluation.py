"""How well vectors find photos: by sentence, by bare label, on both sources."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .hub import hub_term
from .metrics import average_precision, ranks, recalls
from .photos import Photo

MIN_POSITIVES = 5  # labels with fewer photos are too noisy to count


@dataclass
class Gallery:
    """Photos with their vectors (mean over views, length at most 1) and hub terms."""

    photos: Sequence[Photo]
    vectors: np.ndarray  # [N, D]
    hub: np.ndarray  # [N]


def gallery(photos: Sequence[Photo], vectors: np.ndarray, bank: np.ndarray, k: int) -> Gallery:
    return Gallery(photos, vectors, hub_term(vectors, bank, k))


class TextVectors:
    """Vectors of texts by their words, each encoded once."""

    def __init__(self, encode):
        self._encode, self._known = encode, {}

    def of(self, words: Sequence[str]) -> np.ndarray:
        new = list(dict.fromkeys(w for w in words if w not in self._known))
        if new:
            self._known.update(zip(new, self._encode(new)))
        return np.stack([self._known[w] for w in words])


def sentence_recall(g: Gallery, texts: TextVectors, alpha: float) -> dict[str, dict[str, float]]:
    """Text to image and image to text over all captions of the gallery's photos.

    Equal captions share their photos as positives. The hub term depends on the photo alone, so it matters for text to
    image only; image to text is by cosine.
    """
    words = [c for p in g.photos for c in p.captions]
    owner = np.array([i for i, p in enumerate(g.photos) for _ in p.captions])
    distinct = {w: k for k, w in enumerate(dict.fromkeys(words))}
    number = np.array([distinct[w] for w in words])
    owned = np.zeros((len(distinct), len(g.photos)), dtype=bool)
    owned[number, owner] = True
    cosine = texts.of(words) @ g.vectors.T
    return {
        "text_to_image": recalls(ranks(cosine - alpha * g.hub, owned[number])),
        "image_to_text": recalls(ranks(cosine.T, owned[number].T)),
    }


def label_precision(g: Gallery, texts: TextVectors, alpha: float) -> dict[str, float]:
    """Average precision of every label with enough photos, asked by its own words over all photos of the gallery."""
    counts: dict[str, int] = {}
    for p in g.photos:
        for label in p.labels:
            counts[label] = counts.get(label, 0) + 1
    asked = sorted(label for label, n in counts.items() if n >= MIN_POSITIVES)
    if not asked:
        return {}
    scores = texts.of(asked) @ g.vectors.T - alpha * g.hub
    return {
        label: average_precision(row, np.array([label in p.labels for p in g.photos])) for label, row in zip(asked, scores)
    }


def mean_precision(found: dict[str, float]) -> float:
    return round(float(np.mean(list(found.values()))), 3) if found else float("nan")
