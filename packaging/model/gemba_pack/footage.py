"""Finding video files by sentence, as a check that photos teach something about cameras.

Frames come from the ffmpeg command: two a second, shorter side 288; eight of them form a clip of four seconds.
"""

import csv
from collections.abc import Sequence
import json
from pathlib import Path
import subprocess

import numpy as np
from PIL import Image

from .encoder import PackEncoder
from .hub import hub_term
from .metrics import average_precision

FRAMES_A_SECOND, FRAMES_A_CLIP, SHORT_SIDE = 2, 8, 288


def frames_of(path: Path) -> list[Image.Image]:
    """The sampled frames of a video file."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "json"]
    stream = json.loads(subprocess.check_output([*probe, str(path)]))["streams"][0]
    scale = min(1.0, SHORT_SIDE / min(stream["width"], stream["height"]))
    width, height = round(stream["width"] * scale), round(stream["height"] * scale)
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", f"fps={FRAMES_A_SECOND},scale={width}:{height}:flags=area"]
    raw = subprocess.check_output([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    frames = np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3)
    return [Image.fromarray(f) for f in frames]


def clip_vectors(frame_vectors: np.ndarray) -> np.ndarray:
    """Unit frame vectors [frames, views, D] -> clip vectors [clips, D]: per view the unit mean, then the views' mean."""
    clips = []
    for at in range(0, len(frame_vectors), FRAMES_A_CLIP):
        mean = frame_vectors[at : at + FRAMES_A_CLIP].mean(0)
        clips.append((mean / np.linalg.norm(mean, axis=1, keepdims=True)).mean(0))
    return np.stack(clips)


def read_truth(path: Path) -> list[tuple[str, list[str]]]:
    """Queries and the files that show them; an empty list where nothing does."""
    with open(path, newline="", encoding="utf-8") as file:
        return [(row["query"], [f for f in row["relevant"].split("|") if f]) for row in csv.DictReader(file)]


def rank_files(queries: np.ndarray, clips: dict[str, np.ndarray], bank: np.ndarray, k: int, alpha: float) -> list[list[str]]:
    """For every query vector [Q, D] the files, best first, each by its best clip."""
    names = sorted(clips)
    best = np.stack([(queries @ clips[n].T - alpha * hub_term(clips[n], bank, k)).max(1) for n in names], 1)
    return [[names[i] for i in np.argsort(-row, kind="stable")] for row in best]


def measure(truth: Sequence[tuple[str, list[str]]], ranking: Sequence[list[str]]) -> dict:
    """top1, top3 (numbers of queries), mean reciprocal rank, mean average precision, and each query's rank."""
    items, precision = [], []
    for (query, relevant), files in zip(truth, ranking):
        if not relevant:
            continue
        positive = np.array([f in relevant for f in files])
        rank = int(np.flatnonzero(positive)[0]) + 1
        items.append({"query": query, "rank": rank, "first": files[0]})
        precision.append(average_precision(-np.arange(len(files), dtype=float), positive))
    ranks = np.array([i["rank"] for i in items])
    return {
        "queries": len(items),
        "top1": int((ranks == 1).sum()),
        "top3": int((ranks <= 3).sum()),
        "mrr": round(float((1 / ranks).mean()), 3),
        "map": round(float(np.mean(precision)), 3),
        "items": items,
    }


def encode_files(folder: Path, names: Sequence[str], encoder: PackEncoder, views: Sequence[str]) -> dict[str, np.ndarray]:
    """Clip vectors of each file."""
    return {n: clip_vectors(encoder.views(frames_of(folder / n), views)) for n in names}
