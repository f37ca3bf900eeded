"""Both stages of training, each kept in the work folder."""

from collections.abc import Sequence
import logging
from pathlib import Path

import torch
from torch import nn

from .features import PhotoFeatures, text_features
from .lite0 import load_lite0
from .minilm import load_minilm
from .photos import Photo
from .settings import Settings
from .texts import TextPool
from .towers import ImageTower, TextTower
from .train_frozen import train_frozen
from .train_tuned import train_tuned

log = logging.getLogger(__name__)

_DATA = ("seed", "tiers", "held_out", "image_size", "views", "max_tokens", "dims", "image_hidden", "text_hidden")
_COMMON = ("temperature", "label_texts", "image_dropout", "text_dropout", "weight_decay")
_FROZEN = _DATA + _COMMON + ("frozen_epochs", "frozen_batch", "frozen_rate")
_TUNED = _FROZEN + ("tuned_steps", "tuned_horizon", "tuned_layers", "tuned_batch", "tuned_rates")
_TUNED += ("word_masking", "clip_norm", "average_decay")


def new_towers(settings: Settings) -> nn.ModuleDict:
    """Both towers with pre-trained encoders and untrained projections, the same ones for the same seed."""
    torch.manual_seed(settings.seed)
    _, tail = load_lite0(settings.image_size)
    return nn.ModuleDict({"image": ImageTower(settings, tail), "text": TextTower(settings, load_minilm())})


def trained_towers(
    settings: Settings, stage: str, photos: Sequence[Photo], pool: TextPool, features: PhotoFeatures, work: Path
) -> tuple[nn.ModuleDict, dict[str, list[tuple[int, float]]]]:
    """Towers after the stage `frozen` or `tuned`, and the loss curves by stage; trained only if not kept already."""
    fields = {"frozen": _FROZEN, "tuned": _TUNED}[stage]
    path = work / f"{stage}-{settings.digest(*fields)}.pt"
    towers = new_towers(settings)
    if path.exists():
        state = torch.load(path)
        towers.load_state_dict(state["towers"])
        return towers.eval(), state["curves"]
    if stage == "frozen":
        feats = text_features(settings, [t.words for t in pool.texts], work)
        curve = train_frozen(settings, photos, pool, features, feats, towers["image"], towers["text"])
        curves = {stage: curve}
    else:
        towers, curves = trained_towers(settings, "frozen", photos, pool, features, work)
        checkpoint = path.with_suffix(".checkpoint")
        towers, curve = train_tuned(
            settings, photos, pool, features, towers["image"], towers["text"], checkpoint
        )
        curves = curves | {stage: curve}
    partial = path.with_suffix(".partial")
    torch.save({"towers": towers.state_dict(), "curves": curves}, partial)
    partial.replace(path)
    return towers.eval(), curves
