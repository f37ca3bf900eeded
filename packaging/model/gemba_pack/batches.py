"""Batches of both sources: a fixed number of captioned photos and of site photos each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import random

import numpy as np

from .photos import Photo
from .targets import batch_targets
from .texts import TextPool


@dataclass(frozen=True)
class Batch:
    """n pairs: photo numbers, the view of each, text numbers, target weights and ignored pairs [n, n]."""

    photos: np.ndarray
    views: np.ndarray
    texts: np.ndarray
    weights: np.ndarray
    ignored: np.ndarray


class _Endless:
    """The members of a list in random order, shuffled anew each time round."""

    def __init__(self, members: Sequence[int], rng: random.Random):
        self._members, self._rng, self._queue = list(members), rng, []

    def take(self, n: int) -> list[int]:
        taken: list[int] = []
        while len(taken) < n and self._members:
            if not self._queue:
                self._queue = self._members[:]
                self._rng.shuffle(self._queue)
            taken.append(self._queue.pop())
        return taken


def steps_per_epoch(photos: Sequence[Photo], captioned: int) -> int:
    """An epoch is one pass over the captioned photos that the towers may see."""
    return sum(p.part == "fit" and not p.site for p in photos) // captioned


def batches(
    photos: Sequence[Photo], pool: TextPool, sizes: tuple[int, int], views: int, label_share: float, seed: int
) -> Iterator[Batch]:
    """Batches without end, the same ones for the same seed."""
    rng = random.Random(seed)
    captioned = _Endless([i for i, p in enumerate(photos) if p.part == "fit" and not p.site], rng)
    site = _Endless([i for i, p in enumerate(photos) if p.part == "fit" and p.site], rng)
    while True:
        chosen = captioned.take(sizes[0]) + site.take(sizes[1])
        drawn = [pool.draw(i, label_share, rng) for i in chosen]
        weights, ignored = batch_targets(
            [pool.texts[t] for t in drawn], [photos[i].labels for i in chosen], [photos[i].source for i in chosen]
        )
        yield Batch(
            np.array(chosen), np.array([rng.randrange(views) for _ in chosen]), np.array(drawn), weights, ignored
        )
