"""Retrieval measures: recall at rank, textbook average precision, area under the curve."""

import numpy as np


def ranks(scores: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """scores [Q, N], positive bool [Q, N] -> 1-based rank of each query's best positive; ties count against it."""
    best = np.where(positive, scores, -np.inf).max(1, keepdims=True)
    return ((scores >= best) & ~positive).sum(1) + 1


def recalls(rank: np.ndarray) -> dict[str, float]:
    """Recall at 1, 5 and 10 in percent, and the median rank."""
    found = {f"r{k}": round(float((rank <= k).mean() * 100), 1) for k in (1, 5, 10)}
    return found | {"median_rank": float(np.median(rank))}


def average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    """Textbook average precision of one query: scores [N], positive bool [N] with at least one True."""
    hits = positive[np.argsort(-scores, kind="stable")]
    at = np.flatnonzero(hits)
    return float(((np.arange(len(at)) + 1) / (at + 1)).mean())


def area_under_curve(positive: np.ndarray, negative: np.ndarray) -> float:
    """Probability that a value of the first kind is above one of the second; ties count half."""
    difference = positive[:, None] - negative[None, :]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())
