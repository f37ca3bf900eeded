"""From trained towers to the files of a pack, their settings and their measured quality."""

from collections.abc import Sequence
from dataclasses import dataclass
import logging
from pathlib import Path
import random
import shutil

import numpy as np
import torch

from .basis import project_cells, project_words, token_basis
from .calibration import Calibration, calibrate
from .encoder import PackEncoder
from .evaluation import Gallery, TextVectors, gallery, label_precision, mean_precision, sentence_recall
from .features import PhotoFeatures
from .footage import encode_files, measure, rank_files, read_truth
from .hub import bank_texts, choose_alpha
from .lite0 import load_lite0
from .photos import Photo, PhotoBytes
from .pixels import decode, deployed_view, to_input
from .quantise import image_to_int8, text_to_int8
from .runtime import export
from .settings import Settings
from .texts import TextPool
from .tokens import load_tokenizer, pad_ids, write_tokenizer
from .towers import ImageTower, TextGraph, TextTower, VisionGraph

log = logging.getLogger(__name__)

ALPHAS = tuple(round(0.1 * i, 1) for i in range(11))


@dataclass
class Context:
    """What every step needs."""

    settings: Settings
    photos: Sequence[Photo]
    pool: TextPool
    features: PhotoFeatures
    data: Path
    work: Path


def export_float(context: Context, image: ImageTower, text: TextTower, folder: Path) -> None:
    """Write vision.onnx and text.onnx in float32."""
    s = context.settings
    rng = random.Random(s.seed)
    fit = [i for i, p in enumerate(context.photos) if p.part == "fit"]
    chosen = sorted(rng.sample(fit, min(600, len(fit))))
    maps = torch.from_numpy(np.stack([context.features.maps(0)[i] for i in chosen]))
    words = [context.pool.texts[context.pool.draw(i, s.label_texts, rng)].words for i in chosen]
    ids, mask = (torch.from_numpy(x) for x in pad_ids([e.ids for e in load_tokenizer(s.max_tokens).encode_batch(words)]))
    basis = token_basis(project_cells(image, maps), project_words(text, ids, mask), s.token_dims)
    trunk, _ = load_lite0(s.image_size)
    export(
        VisionGraph(trunk, image, basis, s.token_grid),
        {"pixels": torch.zeros(2, 3, s.image_size, s.image_size)},
        ["embedding", "tokens"],
        {name: {0: "n"} for name in ("pixels", "embedding", "tokens")},
        folder / "vision.onnx",
    )
    export(
        TextGraph(text, basis),
        {"input_ids": ids[:2], "attention_mask": mask[:2]},
        ["embedding", "tokens"],
        {n: {0: "b", 1: "l"} for n in ("input_ids", "attention_mask", "tokens")} | {"embedding": {0: "b"}},
        folder / "text.onnx",
    )


def quantise(context: Context, float_folder: Path, folder: Path) -> None:
    """Write the int8 versions of both graphs; calibrated on photos that the towers saw."""
    s = context.settings
    fit = [p for p in context.photos if p.part == "fit"]
    chosen = random.Random(s.seed).sample(fit, min(192, len(fit)))
    content = PhotoBytes(context.data)
    pixels = np.stack([deployed_view(decode(content.of(p)), "squash", s.image_size) for p in chosen])
    folder.mkdir(parents=True, exist_ok=True)
    image_to_int8(float_folder / "vision.onnx", folder / "vision.onnx", to_input(pixels))
    text_to_int8(float_folder / "text.onnx", folder / "text.onnx")


class Measurer:
    """Measures one pair of graphs: galleries of the held-out part and of val, hub bank, alphas."""

    def __init__(self, context: Context, vision: Path, text: Path, views: Sequence[str]):
        s = context.settings
        self.context, self.views = context, tuple(views)
        self.encoder = PackEncoder(vision, text, s.threads, s.max_tokens)
        self.texts = TextVectors(self.encoder.texts)
        self.bank = self.texts.of(bank_texts(s, context.photos))
        self._bytes = PhotoBytes(context.data)

    def gallery(self, part: str, site: bool, views: Sequence[str] | None = None) -> Gallery:
        """The photos of one part and source."""
        chosen = [p for p in self.context.photos if p.part == part and p.site == site]
        vectors = self.encoder.views([decode(self._bytes.of(p)) for p in chosen], views or self.views).mean(1)
        return gallery(chosen, vectors, self.bank, self.context.settings.hub_k)

    def choose_alphas(self, free: Gallery, site: Gallery) -> tuple[float, float]:
        """Alpha for sentences by recall at 1 plus recall at 10 over captions of both sources, for words by label precision."""

        def sentences(alpha: float) -> float:
            found = [sentence_recall(g, self.texts, alpha)["text_to_image"] for g in (free, site)]
            return sum(f["r1"] + f["r10"] for f in found)

        def words(alpha: float) -> float:
            return mean_precision(label_precision(site, self.texts, alpha))

        return choose_alpha(sentences, ALPHAS), choose_alpha(words, ALPHAS)

    def report(self, free: Gallery, site: Gallery, alpha_sentence: float, alpha_word: float) -> dict:
        """The figures of a pair of galleries, without and with the hub term."""
        labels = label_precision(site, self.texts, alpha_word)
        return {
            "captions": {
                "items": len(free.photos),
                "plain": sentence_recall(free, self.texts, 0.0),
                "with_hub": sentence_recall(free, self.texts, alpha_sentence),
            },
            "site_captions": {
                "items": len(site.photos),
                "with_hub": sentence_recall(site, self.texts, alpha_sentence)["text_to_image"],
            },
            "labels": {
                "items": len(site.photos),
                "classes": len(labels),
                "map_plain": mean_precision(label_precision(site, self.texts, 0.0)),
                "map": mean_precision(labels),
                "by_label": {k: round(v, 2) for k, v in sorted(labels.items(), key=lambda kv: -kv[1])},
            },
        }

    def footage(self, alpha: float, views: Sequence[str] | None = None) -> dict:
        """The questions over the sample footage."""
        folder = self.context.data / "footage"
        truth = read_truth(folder / "truth.csv")
        names = sorted(p.name for p in folder.glob("*.mp4"))
        clips = encode_files(folder, names, self.encoder, views or self.views)
        ranking = rank_files(self.texts.of([q for q, _ in truth]), clips, self.bank, self.context.settings.hub_k, alpha)
        return measure(truth, ranking)


def split_held_out(settings: Settings, free: Gallery, site: Gallery) -> tuple[Gallery, Gallery]:
    """The held-out photos as (background, asked): disjoint, both sources in both."""
    photos = list(free.photos) + list(site.photos)
    vectors, hub = np.concatenate([free.vectors, site.vectors]), np.concatenate([free.hub, site.hub])
    order = list(range(len(photos)))
    random.Random(settings.seed).shuffle(order)

    def part(chosen: list[int]) -> Gallery:
        return Gallery([photos[i] for i in chosen], vectors[chosen], hub[chosen])

    cut = min(settings.background, len(order) // 2)
    return part(order[:cut]), part(order[cut:])


@dataclass
class Finished:
    """What the manifest says beyond the files."""

    alpha_sentence: float
    alpha_word: float
    calibration: Calibration
    quality: dict


def finish(context: Context, graphs: Path, views: Sequence[str], out: Path) -> Finished:
    """Choose on the held-out part, measure on val, and write everything but manifest and card into `out`."""
    s = context.settings
    m = Measurer(context, graphs / "vision.onnx", graphs / "text.onnx", views)
    free, site = m.gallery("choose", False), m.gallery("choose", True)
    alpha_sentence, alpha_word = m.choose_alphas(free, site)
    background, asked = split_held_out(s, free, site)
    calibration = calibrate(s, asked, background, m.texts, alpha_sentence)
    quality = {
        "held_out": m.report(free, site, alpha_sentence, alpha_word),
        "val": m.report(m.gallery("val", False), m.gallery("val", True), alpha_sentence, alpha_word),
        "footage": m.footage(alpha_sentence),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name in ("vision.onnx", "text.onnx"):
        shutil.copyfile(graphs / name, out / name)
    write_tokenizer(out / "tokenizer.json")
    np.save(out / "hub_bank.npy", m.bank.astype(np.float16))
    np.save(out / "background.npy", background.vectors.astype(np.float32))
    return Finished(alpha_sentence, alpha_word, calibration, quality)


def describe(context: Context, views: Sequence[str], done: Finished, training: dict) -> dict:
    """The manifest without its `files` section."""
    s = context.settings
    return {
        "format": 1,
        "name": s.name,
        "version": s.version,
        "license": "Apache-2.0 for the pre-trained parts and the recipe; trained in part on photos under research terms, see card.md",
        "provenance": "packaging/model: EfficientNet-Lite0 and MiniLM-L6 aligned on Flickr8k and labelled site photos",
        "dims": s.dims,
        "image": {
            "file": "vision.onnx",
            "input": "pixels",
            "width": s.image_size,
            "height": s.image_size,
            "mean": [127, 127, 127],
            "std": [128, 128, 128],
            "resize": "bilinear-antialias",
            "views": list(views),
            "outputs": {"embedding": "embedding", "tokens": "tokens"},
        },
        "text": {
            "file": "text.onnx",
            "inputs": {"ids": "input_ids", "mask": "attention_mask"},
            "outputs": {"embedding": "embedding", "tokens": "tokens"},
            "max_length": s.max_tokens,
            "tokenizer": "tokenizer.json",
            "lowercase": True,
        },
        "tokens": {"cells": [s.token_grid, s.token_grid], "dims": s.token_dims},
        "hub": {
            "file": "hub_bank.npy",
            "k": s.hub_k,
            "alpha_sentence": done.alpha_sentence,
            "alpha_word": done.alpha_word,
        },
        "background": {"file": "background.npy"},
        "calibration": {
            "confident": done.calibration.confident,
            "possible": done.calibration.possible,
            "held_out_auc": done.calibration.area,
            "found_confident": done.calibration.found_confident,
            "found_possible": done.calibration.found_possible,
            "false_alarm_confident": s.false_alarm_confident,
            "false_alarm_possible": s.false_alarm_possible,
        },
        "negation": {"beta": s.negation_beta, "beta_worn": s.negation_beta_worn},
        "quality": done.quality,
        "training": training,
    }
