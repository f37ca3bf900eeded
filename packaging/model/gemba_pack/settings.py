"""Every number of the recipe in one place; a run is reproducible from these values and the data alone."""

from dataclasses import asdict, dataclass
import hashlib
import json


@dataclass(frozen=True)
class Settings:
    """What may be varied. Units are in the comments; lengths are in pixels, shares between 0 and 1."""

    name: str = "gemba-small"
    version: str = "0.1.0"
    seed: int = 20261123
    threads: int = 2

    # data
    tiers: str = "ABCD"  # site photos of these tiers of terms are used
    held_out: float = 0.10  # share of the training groups kept from the towers, for every choice made here
    image_size: int = 224
    views: int = 6  # squash, mirror, and that many minus two random crops a photo
    max_tokens: int = 32

    # shape of the shared space
    dims: int = 384
    image_hidden: int = 512
    text_hidden: int = 512
    token_dims: int = 128
    token_grid: int = 2

    # both stages of training
    temperature: float = 0.05
    label_texts: float = 0.30  # share of a batch's site texts that are one bare label
    image_dropout: float = 0.4
    text_dropout: float = 0.2

    # first stage: projections over frozen towers
    frozen_epochs: int = 20
    frozen_batch: tuple[int, int] = (320, 192)  # captioned photos, site photos
    frozen_rate: float = 1e-3
    weight_decay: float = 0.05

    # second stage: the image tower's tail, MiniLM's upper layers and the projections together
    tuned_steps: int = 480
    tuned_horizon: int = 480  # steps of the rate's cosine; more than the steps run, if a run is cut short
    tuned_layers: int = 3  # words that training never shows keep what MiniLM's lower layers know of them
    tuned_batch: tuple[int, int] = (112, 80)
    tuned_rates: tuple[float, float, float] = (1e-4, 5e-5, 3e-4)  # tail, MiniLM, projections
    word_masking: float = 0.10
    clip_norm: float = 1.0
    average_decay: float = 0.99  # of the running mean of the weights

    # hub term and calibration
    hub_bank: int = 1500
    hub_site_share: float = 0.3
    hub_k: int = 10
    background: int = 500
    negation_beta: float = 0.8
    negation_beta_worn: float = 0.7  # see docs/evaluation.md, Negation
    false_alarm_confident: float = 0.05
    false_alarm_possible: float = 0.25
    calibration_pool: int = 100

    def digest(self, *fields: str) -> str:
        """A short name for a cached stage that depends on the given fields only."""
        chosen = {k: v for k, v in asdict(self).items() if k in fields}
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:10]
