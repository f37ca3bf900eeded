"""python -m gemba_pack.refine: fit the refinement of a finished pack and put it into the pack.

Everything is chosen on the held-out part of train, which the towers never saw; `val` is measured once at the end and
written down. What does not gain on the held-out part stays out: with all factors zero the pack says `identity`.
"""

import argparse
from dataclasses import dataclass
import json
import logging
import os
from pathlib import Path

import numpy as np
import torch

from .held_out_tokens import AskedTexts, PackFolder, StoredPhotos
from .manifest import check_manifest, write_manifest
from .metrics import average_precision, ranks, recalls
from .photos import Photo, PhotoBytes, read_photos
from .refine_graph import INPUTS, LAMBDA, OUTPUTS, RefineGraph, Weights, attend, export_refine
from .runtime import session
from .settings import Settings

log = logging.getLogger("gemba_pack")

TOP = 100
FACTORS = tuple(round(0.05 * i, 2) for i in range(9)) + (0.5, 0.6, 0.8, 1.0, 1.5)
MIN_POSITIVES = 5


@dataclass
class Asked:
    """Texts asked over photos: first-stage scores [Q, N], their support L [Q, N], and what is right [Q, N]."""

    first: np.ndarray
    support: np.ndarray
    positive: np.ndarray

    def scores(self, factor: float) -> np.ndarray:
        """Scores after refining the top of every question: those stay above all others."""
        scores = self.first.astype(np.float64)
        k = min(TOP, scores.shape[1])
        top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        refined = np.take_along_axis(scores + factor * self.support, top, 1)
        np.put_along_axis(scores, top, refined + 100.0, 1)
        return scores


def document_frequency(pack: PackFolder, captions: list[str]) -> np.ndarray:
    """Inverse document frequency of every token over captions; special tokens 0."""
    counts = np.zeros(pack.tokenizer.get_vocab_size(), np.int64)
    for encoding in pack.tokenizer.encode_batch(captions):
        counts[list({i for i, special in zip(encoding.ids, encoding.special_tokens_mask) if not special})] += 1
    idf = np.log((len(captions) + 1) / (counts + 1)).astype(np.float32)
    for token, number in pack.tokenizer.get_vocab().items():
        if token.startswith("[") and token.endswith("]") and len(token) > 3:
            idf[number] = 0
    return idf


def word_weights(idf: np.ndarray, texts: AskedTexts) -> np.ndarray:
    """[Q, L], each row adds up to 1 (or is 0)."""
    weights = idf[texts.ids] * (np.abs(texts.tokens).max(-1) > 0)
    return (weights / weights.sum(1, keepdims=True).clip(1e-9)).astype(np.float32)


@torch.inference_mode()
def word_support(texts: AskedTexts, photos: StoredPhotos, keep: np.ndarray) -> np.ndarray:
    """sup of every word that `keep` [Q, L] has, over all photos: [words, N]."""
    visual = torch.from_numpy(photos.tokens)
    mask = torch.ones(visual.shape[:2])
    words = torch.from_numpy(texts.tokens[keep])
    parts = [attend(words[at : at + 64], visual, mask)[0].T for at in range(0, len(words), 64)]
    return torch.cat(parts).numpy()


def ask(pack: PackFolder, idf: np.ndarray, photos: StoredPhotos, texts: list[str], alpha: float, positive: np.ndarray) -> Asked:
    asked = pack.texts(texts)
    weights = word_weights(idf, asked)
    keep = weights > 0
    support = np.zeros((len(texts), len(photos.photos)), np.float32)
    np.add.at(support, np.nonzero(keep)[0], word_support(asked, photos, keep) * weights[keep][:, None])
    return Asked(asked.vectors @ photos.vectors.T - alpha * photos.hub, support, positive)


def captions_over(pack: PackFolder, idf: np.ndarray, photos: StoredPhotos) -> Asked:
    """Every distinct caption over all photos of its source."""
    texts = list(dict.fromkeys(c for p in photos.photos for c in p.captions))
    number = {c: q for q, c in enumerate(texts)}
    positive = np.zeros((len(texts), len(photos.photos)), bool)
    for i, p in enumerate(photos.photos):
        positive[[number[c] for c in p.captions], i] = True
    return ask(pack, idf, photos, texts, pack.manifest["hub"]["alpha_sentence"], positive)


def labels_over(pack: PackFolder, idf: np.ndarray, photos: StoredPhotos) -> Asked:
    """Every label that enough photos carry, by its own words."""
    every = sorted({label for p in photos.photos for label in p.labels})
    positive = np.array([[label in p.labels for p in photos.photos] for label in every])
    enough = positive.sum(1) >= MIN_POSITIVES
    texts = [label for label, ok in zip(every, enough) if ok]
    return ask(pack, idf, photos, texts, pack.manifest["hub"]["alpha_word"], positive[enough])


@dataclass
class Questions:
    """The questions of one part of the data."""

    free: Asked
    site: Asked
    labels: Asked

    def figures(self, factor: float) -> dict[str, float]:
        free, site = (recalls(ranks(a.scores(factor), a.positive)) for a in (self.free, self.site))
        found = [average_precision(row, right) for row, right in zip(self.labels.scores(factor), self.labels.positive)]
        return {
            "captions_r1": free["r1"], "captions_r10": free["r10"],
            "site_captions_r1": site["r1"], "site_captions_r10": site["r10"],
            "labels_map": round(float(np.mean(found)), 4),
        }  # fmt: skip

    def per_question(self, factor: float) -> list[np.ndarray]:
        """Reciprocal ranks of both kinds of captions and average precision of labels, question by question, in percent.

        Recall at 1 moves in jumps of single questions; these move with every place and choose more steadily.
        """
        found = [average_precision(row, right) for row, right in zip(self.labels.scores(factor), self.labels.positive)]
        return [100 / ranks(a.scores(factor), a.positive) for a in (self.free, self.site)] + [100 * np.array(found)]

    def merit(self, factor: float) -> float:
        """The mean over the three kinds of questions."""
        return float(np.mean([x.mean() for x in self.per_question(factor)]))

    def gain(self, factor: float, seed: int, resamples: int = 2000) -> tuple[float, float, float]:
        """How much merit a factor adds: the mean, and the interval of 95 % of paired resamples."""
        rng = np.random.default_rng(seed)
        change = [b - a for a, b in zip(self.per_question(0.0), self.per_question(factor))]
        drawn = [np.mean([rng.choice(c, len(c)).mean() for c in change]) for _ in range(resamples)]
        low, high = np.quantile(drawn, [0.025, 0.975])
        return round(float(np.mean([c.mean() for c in change])), 3), round(float(low), 3), round(float(high), 3)


def support_threshold(pack: PackFolder, idf: np.ndarray, photos: StoredPhotos) -> tuple[float, float]:
    """The support that best tells a caption's words over its own photo from the same words over the next ones.

    Returns threshold and area under the curve. Words of every second caption; those in more than 5 % of the captions
    (idf below 3) say little about a picture and don't count.
    """
    chosen = [(i, p.captions[0]) for i, p in enumerate(photos.photos) if p.captions]
    texts = pack.texts([c for _, c in chosen])
    keep = (idf[texts.ids] > 3) & (np.abs(texts.tokens).max(-1) > 0)
    support = word_support(texts, photos, keep)
    owner = np.array([i for i, _ in chosen])[np.nonzero(keep)[0]]
    rows = np.arange(len(owner))
    own, other = support[rows, owner], support[rows, (owner + len(photos.photos) // 2) % len(photos.photos)]
    cuts = np.linspace(-0.2, 1.0, 241)
    balance = [(own >= c).mean() + (other < c).mean() for c in cuts]
    area = ((own[:, None] > other[None]).mean() + (own[:, None] == other[None]).mean() / 2)
    return round(float(cuts[int(np.argmax(balance))]), 3), round(float(area), 3)


def used_inputs(path: Path) -> dict[str, str]:
    """The inputs that the graph really takes, for the manifest."""
    names = {i.name for i in session(path, 1).get_inputs()}
    return {name: name for name in INPUTS if name in names}


def main() -> None:
    parser = argparse.ArgumentParser(prog="gemba_pack.refine", description="Fit a pack's refinement and write it into the pack.")
    parser.add_argument("--pack", type=Path, default=Path("packaging/pack"))
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("GEMBA_DATA", "../shared/data")))
    args = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    settings = Settings()
    torch.set_num_threads(settings.threads)

    pack = PackFolder(args.pack, settings.threads)
    photos = read_photos(args.data, settings.held_out, settings.tiers)
    content = PhotoBytes(args.data)
    idf = document_frequency(pack, sorted({c for p in photos if p.part in ("fit", "choose") for c in p.captions}))

    def stored(part: str, site: bool) -> StoredPhotos:
        chosen: list[Photo] = [p for p in photos if p.part == part and p.site == site]
        return pack.photos(chosen, content)

    def questions(free: StoredPhotos, site: StoredPhotos) -> Questions:
        return Questions(captions_over(pack, idf, free), captions_over(pack, idf, site), labels_over(pack, idf, site))

    free, site = stored("choose", False), stored("choose", True)
    held_out = questions(free, site)
    merits = {f: held_out.merit(f) for f in FACTORS}
    for f, m in merits.items():
        log.info("b = %.2f: merit %.3f %s", f, m, held_out.figures(f))
    factor = max(FACTORS, key=lambda f: (round(merits[f], 3), -f))
    gain = held_out.gain(factor, settings.seed)
    log.info("b = %s adds %.3f (%.3f to %.3f) to the held-out merit", factor, *gain)
    threshold, area = support_threshold(pack, idf, free)
    log.info("b = %s; support threshold %s, area under the curve %s", factor, threshold, area)
    val = questions(stored("val", False), stored("val", True))
    measured = {
        "held_out": {"first_stage": held_out.figures(0.0), "refined": held_out.figures(factor)},
        "val": {"first_stage": val.figures(0.0), "refined": val.figures(factor)},
        "held_out_gain": {"mean": gain[0], "low": gain[1], "high": gain[2]},
        "support_area": area,
    }
    log.info("%s", json.dumps(measured))

    weights = Weights(factor)
    m = pack.manifest
    path = args.pack / "refine.onnx"
    export_refine(RefineGraph(weights), m["tokens"]["dims"], m["dims"], path)
    np.save(args.pack / "idf.npy", idf.astype(np.float16))
    m["refine"] = {
        "file": path.name,
        "idf": "idf.npy",
        "top": TOP,
        "inputs": used_inputs(path),
        "outputs": {name: name for name in OUTPUTS},
        "support": {"threshold": threshold},
        "identity": weights.identity,
        "terms": {"late_interaction": factor, "lambda": LAMBDA, "gates": list(weights.gates), "linear": weights.terms},
        "measured": measured,
    }
    write_manifest(args.pack, {k: v for k, v in m.items() if k != "files"})
    if wrong := check_manifest(args.pack):
        raise SystemExit("the pack does not hold together: " + "; ".join(wrong))
    log.info("wrote %s, %s and the manifest", path, args.pack / "idf.npy")


if __name__ == "__main__":
    main()
