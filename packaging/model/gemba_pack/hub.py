"""The hub term: how near a photo is to everything.

Some photos are near every sentence and crowd the first ranks. `h`, the mean of the k highest dot products with a
fixed bank of training captions, measures that, and `score = cosine - alpha * h` takes it back.
"""

from collections.abc import Callable, Sequence
import random

import numpy as np

from .photos import Photo
from .settings import Settings


def hub_term(vectors: np.ndarray, bank: np.ndarray, k: int) -> np.ndarray:
    """vectors [N, D], bank [B, D] -> mean of each row's k highest dot products with the bank, [N]."""
    k = min(k, len(bank))
    return np.partition(vectors @ bank.T, -k, axis=1)[:, -k:].mean(1)


def bank_texts(settings: Settings, photos: Sequence[Photo]) -> list[str]:
    """The captions of the bank: of photos that the towers see, both sources, no caption twice, in a fixed order."""
    rng = random.Random(settings.seed)
    site = sorted({c for p in photos if p.part == "fit" and p.site for c in p.captions})
    free = sorted({c for p in photos if p.part == "fit" and not p.site for c in p.captions})
    from_site = min(len(site), round(settings.hub_bank * settings.hub_site_share))
    return rng.sample(site, from_site) + rng.sample(free, min(len(free), settings.hub_bank - from_site))


def choose_alpha(measure: Callable[[float], float], candidates: Sequence[float]) -> float:
    """The alpha of the best measure; of equal ones the smallest, which changes scores least."""
    return max(candidates, key=lambda alpha: (round(measure(alpha), 6), -alpha))
