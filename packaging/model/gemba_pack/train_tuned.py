"""Second stage of training: the image tower's tail, MiniLM's upper layers and both projections together.

It starts from the first stage's projections and works on the cached maps before the tail, so the expensive trunk is
never run. A running mean of the weights is what the stage delivers: it generalises better than the last step's.
"""

from collections.abc import Iterable, Sequence
import copy
import logging
import math
from pathlib import Path
import time

import numpy as np
import torch
from torch import nn

from .batches import Batch, batches
from .features import PhotoFeatures
from .losses import soft_contrastive
from .photos import Photo
from .settings import Settings
from .texts import TextPool
from .tokens import load_tokenizer, pad_ids
from .towers import ImageTower, TextTower

log = logging.getLogger(__name__)

MASK_TOKEN, SPECIAL_BELOW = 103, 999  # ids up to 998 are special or unused in MiniLM's vocabulary
CHECKPOINT_EVERY = 40
LENGTH_CHUNKS = 3


def rate_at(step: int, steps: int, warm_up: float = 0.05) -> float:
    """Factor on the learning rates: linear warm-up, then a cosine down to 2 %."""
    if step < warm_up * steps:
        return (step + 1) / (warm_up * steps)
    progress = (step - warm_up * steps) / (steps * (1 - warm_up))
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * progress))


def mask_words(ids: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Replace a share of the words (never special tokens) by the mask token."""
    return np.where((rng.random(ids.shape) < share) & (ids >= SPECIAL_BELOW), MASK_TOKEN, ids)


def embed_texts(tower: TextTower, rows: Sequence[Sequence[int]], masking: float, rng: np.random.Generator) -> torch.Tensor:
    """Token rows -> unit vectors [B, D] in their order; computed in chunks of like length, which saves padding."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    parts = []
    for chunk in np.array_split(np.array(order), LENGTH_CHUNKS):
        if len(chunk):
            ids, mask = pad_ids([rows[i] for i in chunk])
            parts.append(tower(torch.from_numpy(mask_words(ids, masking, rng)), torch.from_numpy(mask)))
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(parts)[back]


class RunningMean:
    """Exponential mean of a module's parameters."""

    def __init__(self, module: nn.Module, decay: float):
        self.module, self._decay = copy.deepcopy(module), decay

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self._decay, (1 + step) / (10 + step))
        for mean, now in zip(self.module.parameters(), module.parameters()):
            if now.requires_grad:
                mean.lerp_(now, 1 - decay)


def train_tuned(
    settings: Settings,
    photos: Sequence[Photo],
    pool: TextPool,
    features: PhotoFeatures,
    image: ImageTower,
    text: TextTower,
    checkpoint: Path,
) -> tuple[nn.Module, list[tuple[int, float]]]:
    """Train both towers; returns ModuleDict(image, text) of averaged weights and (step, loss) points.

    State is written to `checkpoint` every 40 steps; a run that was cut short goes on from there and ends with the same
    number of steps.
    """
    torch.manual_seed(settings.seed)
    towers = nn.ModuleDict({"image": image, "text": text}).train()
    text.minilm.requires_grad_(False)
    upper = text.minilm.layers[-settings.tuned_layers :].requires_grad_(True)
    tuned = [p for p in towers.parameters() if p.requires_grad]
    image.tail.to(memory_format=torch.channels_last)
    mean = RunningMean(towers, settings.average_decay)
    tail, words, heads = settings.tuned_rates
    optimiser = torch.optim.AdamW(
        [
            {"params": list(image.tail.parameters()), "lr": tail},
            {"params": list(upper.parameters()), "lr": words},
            {"params": [*image.projection.parameters(), *text.projection.parameters()], "lr": heads},
        ],
        weight_decay=settings.weight_decay,
    )
    peak = [group["lr"] for group in optimiser.param_groups]
    curve: list[tuple[int, float]] = []
    start = 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        towers.load_state_dict(state["towers"])
        mean.module.load_state_dict(state["mean"])
        optimiser.load_state_dict(state["optimiser"])
        start, curve = state["step"], state["curve"]
        torch.set_rng_state(state["rng"])
        log.info("tuned stage: going on at step %d", start)
    maps = [features.maps(v) for v in range(settings.views)]
    rows = [e.ids for e in load_tokenizer(settings.max_tokens).encode_batch([t.words for t in pool.texts])]
    source: Iterable[Batch] = batches(
        photos, pool, settings.tuned_batch, settings.views, settings.label_texts, settings.seed + 1
    )
    began = time.monotonic()
    for step, batch in zip(range(settings.tuned_steps), source):
        if step < start:
            continue
        for group, rate in zip(optimiser.param_groups, peak):
            group["lr"] = rate * rate_at(step, settings.tuned_horizon)
        stack = np.stack([maps[v][i] for i, v in zip(batch.photos, batch.views)])
        u = image(torch.from_numpy(stack).float().contiguous(memory_format=torch.channels_last))
        rng = np.random.default_rng((settings.seed, step))
        t = embed_texts(text, [rows[i] for i in batch.texts], settings.word_masking, rng)
        loss = soft_contrastive(
            u, t, torch.from_numpy(batch.weights), torch.from_numpy(batch.ignored), settings.temperature
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tuned, settings.clip_norm)
        optimiser.step()
        mean.update(towers, step)
        if step % 10 == 0 or step == settings.tuned_steps - 1:
            curve.append((step, float(loss.detach())))
            log.info(
                "tuned stage: step %d of %d, loss %.3f, %.2f s a step",
                step, settings.tuned_steps, curve[-1][1], (time.monotonic() - began) / (step - start + 1),
            )
        if (step + 1) % CHECKPOINT_EVERY == 0:
            state = {
                "towers": towers.state_dict(),
                "mean": mean.module.state_dict(),
                "optimiser": optimiser.state_dict(),
                "step": step + 1,
                "curve": curve,
                "rng": torch.get_rng_state(),
            }
            partial = checkpoint.with_suffix(".partial")
            torch.save(state, partial)
            partial.replace(checkpoint)
    return mean.module.eval(), curve
