"""First stage of training: both projections over features of frozen towers. Takes half a minute."""

from collections.abc import Sequence
import logging

import numpy as np
import torch

from .batches import batches, steps_per_epoch
from .features import PhotoFeatures
from .losses import soft_contrastive
from .photos import Photo
from .projection import Projection, unit
from .settings import Settings
from .texts import TextPool
from .towers import ImageTower, TextTower

log = logging.getLogger(__name__)


def train_frozen(
    settings: Settings,
    photos: Sequence[Photo],
    pool: TextPool,
    features: PhotoFeatures,
    text_feats: np.ndarray,
    image: ImageTower,
    text: TextTower,
) -> list[tuple[int, float]]:
    """Train the towers' projections in place; returns (step, loss) points."""
    torch.manual_seed(settings.seed)
    fit = [i for i, p in enumerate(photos) if p.part == "fit"]
    stacked = torch.from_numpy(np.stack([features.pooled(v) for v in range(settings.views)], 1))  # [photos, V, 1280]
    texts = torch.from_numpy(text_feats)
    image.projection.standardise(stacked[fit, 0].float())
    text.projection.standardise(texts)
    projections: list[Projection] = [image.projection.train(), text.projection.train()]
    optimiser = torch.optim.AdamW(
        [p for m in projections for p in m.parameters()], settings.frozen_rate, weight_decay=settings.weight_decay
    )
    steps = settings.frozen_epochs * steps_per_epoch(photos, settings.frozen_batch[0])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.frozen_rate, total_steps=steps, pct_start=0.1)
    source = batches(photos, pool, settings.frozen_batch, settings.views, settings.label_texts, settings.seed)
    curve = []
    for step, batch in zip(range(steps), source):
        u = unit(image.projection(stacked[batch.photos, batch.views].float()))
        t = unit(text.projection(texts[batch.texts]))
        loss = soft_contrastive(
            u, t, torch.from_numpy(batch.weights), torch.from_numpy(batch.ignored), settings.temperature
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 10 == 0 or step == steps - 1:
            curve.append((step, float(loss.detach())))
        if step % 50 == 0:
            log.info("frozen stage: step %d of %d, loss %.3f", step, steps, float(loss.detach()))
    image.eval(), text.eval()
    return curve
