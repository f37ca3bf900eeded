"""What the frozen parts of the towers say about every photo and text, computed once and kept in the work folder."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
import hashlib
import logging
from pathlib import Path

import numpy as np
import torch

from .lite0 import FEATURE_CHANNELS, MAP_CHANNELS, load_lite0
from .minilm import WIDTH, load_minilm
from .photos import Photo, PhotoBytes
from .pixels import decode, to_input, training_view
from .runtime import export, session
from .settings import Settings
from .tokens import load_tokenizer, pad_ids
from .towers import mean_words

log = logging.getLogger(__name__)


class MapAndFeature(torch.nn.Module):
    """pixels [N, 3, H, W] -> map after the trunk [N, 192, 7, 7] and pooled feature of the frozen tail [N, 1280]."""

    def __init__(self, image_size: int):
        super().__init__()
        self.trunk, self.tail = load_lite0(image_size)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        maps = self.trunk(pixels)
        return maps, self.tail(maps).mean((2, 3))


class PhotoFeatures:
    """Frozen features of every photo and training view.

    maps(view): float16 [photos, 192, 7, 7], memory-mapped; pooled(view): float16 [photos, 1280].
    A view that was computed before is read from the work folder.
    """

    def __init__(self, settings: Settings, photos: Sequence[Photo], data: Path, work: Path):
        self._settings, self._photos, self._data = settings, photos, data
        self._folder = work / f"photos-{settings.digest('tiers', 'image_size')}"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._bytes: PhotoBytes | None = None
        self._session = None

    def maps(self, view: int) -> np.ndarray:
        return self._load("maps", view)

    def pooled(self, view: int) -> np.ndarray:
        return self._load("pooled", view)

    def _load(self, kind: str, view: int) -> np.ndarray:
        path = self._folder / f"{kind}{view}.npy"
        if not path.exists():
            self._compute(view)
        return np.load(path, mmap_mode="r")

    def _compute(self, view: int) -> None:
        size, n = self._settings.image_size, len(self._photos)
        if self._session is None:
            graph = self._folder / "trunk.onnx"
            if not graph.exists():
                pixels = {"pixels": torch.zeros(1, 3, size, size)}
                axes = {name: {0: "n"} for name in ("pixels", "map", "feature")}
                export(MapAndFeature(size), pixels, ["map", "feature"], axes, graph)
            self._session = session(graph, self._settings.threads)
            self._bytes = PhotoBytes(self._data)
        log.info("features of view %d of %d photos", view, n)
        maps = np.empty((n, MAP_CHANNELS, 7, 7), np.float16)
        pooled = np.empty((n, FEATURE_CHANNELS), np.float16)

        def pixels_of(at: int) -> np.ndarray:
            batch = self._photos[at : at + 32]
            return np.stack([training_view(decode(self._bytes.of(p)), p.name, view, size) for p in batch])

        with ThreadPoolExecutor(self._settings.threads) as pool:
            starts = range(0, n, 32)
            ahead = [pool.submit(pixels_of, at) for at in starts[:8]]
            for k, at in enumerate(starts):
                if k + 8 < len(starts):
                    ahead.append(pool.submit(pixels_of, starts[k + 8]))
                pixels = ahead[k].result()
                ahead[k] = None
                maps[at : at + 32], pooled[at : at + 32] = self._session.run(None, {"pixels": to_input(pixels)})
        for kind, array in (("pooled", pooled), ("maps", maps)):
            partial = self._folder / f"{kind}{view}.partial.npy"
            np.save(partial, array)
            partial.replace(self._folder / f"{kind}{view}.npy")


def text_features(settings: Settings, words: Sequence[str], work: Path) -> np.ndarray:
    """Unit mean hidden state of the frozen MiniLM for every text: float32 [texts, 384], kept in the work folder."""
    key = hashlib.sha256(("\n".join(words) + str(settings.max_tokens)).encode()).hexdigest()[:10]
    path = work / f"texts-{key}.npy"
    if path.exists():
        return np.load(path)
    log.info("features of %d texts", len(words))
    tokenizer, net = load_tokenizer(settings.max_tokens), load_minilm()
    rows = [e.ids for e in tokenizer.encode_batch(list(words))]
    found = np.empty((len(rows), WIDTH), np.float32)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    with torch.inference_mode():
        for at in range(0, len(order), 256):
            chosen = order[at : at + 256]
            ids, mask = (torch.from_numpy(x) for x in pad_ids([rows[i] for i in chosen]))
            found[chosen] = mean_words(net(ids, mask), mask).numpy()
    partial = path.with_suffix(".partial.npy")
    np.save(partial, found)
    partial.replace(path)
    return found
