"""From scores to "confident", "possible" and "no match".

Scores of different queries are not comparable. A query's scores over a fixed background of photos give its own mean
and deviation. z = (best score - mean of the best hundredth of the background) / deviation + 3 says how far the best hit
stands out: the few background photos that nearly fit tell more than the mean of all. The thresholds are set on
held-out photos: a query is asked over a pool of photos that has its photo, and over the same pool without it.
"""

from dataclasses import dataclass
import random

import numpy as np

from .evaluation import Gallery, TextVectors
from .metrics import area_under_curve
from .settings import Settings


TAIL_Z = 3.0  # where the best hundredth stands by definition: its plain z on average


@dataclass(frozen=True)
class Calibration:
    """Thresholds on z, and what they do on the held-out photos (shares of queries)."""

    confident: float
    possible: float
    area: float
    found_confident: float
    found_possible: float


def z_scores(best: np.ndarray, background_scores: np.ndarray) -> np.ndarray:
    """best [Q] and scores over the background [Q, M] -> z [Q]. As `level` in index/query does."""
    tail = background_scores.shape[1] // 100
    std = background_scores.std(1).clip(1e-4)
    if not tail:
        return (best - background_scores.mean(1)) / std
    return (best - np.sort(background_scores, axis=1)[:, -tail:].mean(1)) / std + TAIL_Z


def calibrate(settings: Settings, asked: Gallery, background: Gallery, texts: TextVectors, alpha: float) -> Calibration:
    """`asked` and `background` are disjoint held-out photos.

    Each caption of an asked photo is a query. Its pool is `calibration_pool` asked photos drawn at random of which
    none other states what the caption states: for site photos none that shares a label, for others none of the same
    photo. "Confident" lets through `false_alarm_confident` of the queries whose photo is not there, "possible"
    `false_alarm_possible`.
    """
    rng = random.Random(settings.seed)
    words, owners = [], []
    for i, p in enumerate(asked.photos):
        for caption in p.captions[:2]:
            words.append(caption)
            owners.append(i)
    queries = texts.of(words)
    scores = queries @ asked.vectors.T - alpha * asked.hub
    over_background = queries @ background.vectors.T - alpha * background.hub
    present, absent = np.empty(len(words)), np.empty(len(words))
    everyone = range(len(asked.photos))
    for q, owner in enumerate(owners):
        labels = asked.photos[owner].labels
        others = [i for i in everyone if i != owner and not (labels & asked.photos[i].labels)]
        pool = rng.sample(others, min(settings.calibration_pool, len(others)))
        absent[q] = scores[q, pool].max()
        present[q] = max(absent[q], scores[q, owner])
    z_present, z_absent = z_scores(present, over_background), z_scores(absent, over_background)
    confident = float(np.quantile(z_absent, 1 - settings.false_alarm_confident))
    possible = float(np.quantile(z_absent, 1 - settings.false_alarm_possible))
    return Calibration(
        confident=round(confident, 3),
        possible=round(possible, 3),
        area=round(area_under_curve(z_present, z_absent), 3),
        found_confident=round(float((z_present > confident).mean()), 3),
        found_possible=round(float((z_present > possible).mean()), 3),
    )
