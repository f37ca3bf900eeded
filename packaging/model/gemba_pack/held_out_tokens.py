"""What the index would hold of photos, and what a search would know of texts: vectors, hub terms and stored tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from .hub import hub_term
from .photos import Photo, PhotoBytes
from .pixels import decode, deployed_view, to_input
from .runtime import session
from .tokens import pad_ids


@dataclass
class StoredPhotos:
    """Photos as the index keeps them."""

    photos: Sequence[Photo]
    vectors: np.ndarray  # [N, D] mean over views
    plain: np.ndarray  # [N, D] unit, first view
    hub: np.ndarray  # [N]
    tokens: np.ndarray  # [N, cells, T] as they read back from int8


@dataclass
class AskedTexts:
    """Texts as a search has them; rows of `ids` and `tokens` are padded with zeros."""

    vectors: np.ndarray  # [Q, D]
    ids: np.ndarray  # [Q, L]
    tokens: np.ndarray  # [Q, L, T]


def through_int8(tokens: np.ndarray) -> np.ndarray:
    """tokens [N, cells, T] -> the same after storing: one scale a clip, rounded half away from zero."""
    largest = np.abs(tokens).max((1, 2), keepdims=True).clip(1e-12)
    scaled = tokens / largest * 127
    return (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5) * (largest / 127)).astype(np.float32)


class PackFolder:
    """A finished pack, run as a device runs it."""

    def __init__(self, folder: Path, threads: int):
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        m = self.manifest
        self._vision = session(folder / m["image"]["file"], threads)
        self._text = session(folder / m["text"]["file"], threads)
        self.tokenizer = Tokenizer.from_file(str(folder / m["text"]["tokenizer"]))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(m["text"]["max_length"])
        self._bank = np.load(folder / m["hub"]["file"]).astype(np.float32)

    def photos(self, photos: Sequence[Photo], content: PhotoBytes, batch: int = 16) -> StoredPhotos:
        """Encode photos view by view."""
        views, size = self.manifest["image"]["views"], self.manifest["image"]["width"]
        vectors, plain, tokens = [], [], []
        for at in range(0, len(photos), batch):
            images = [decode(content.of(p)) for p in photos[at : at + batch]]
            sums = None
            for k, view in enumerate(views):
                pixels = to_input(np.stack([deployed_view(i, view, size) for i in images]))
                embedding, cells = self._vision.run(["embedding", "tokens"], {"pixels": pixels})
                if k == 0:
                    sums = np.zeros_like(embedding)
                    plain.append(embedding)
                    tokens.append(cells)
                sums = sums + embedding
            vectors.append(sums / len(views))
        mean = np.concatenate(vectors)
        hub = hub_term(mean, self._bank, self.manifest["hub"]["k"])
        return StoredPhotos(photos, mean, np.concatenate(plain), hub, through_int8(np.concatenate(tokens)))

    def texts(self, words: Sequence[str], batch: int = 64) -> AskedTexts:
        """Encode texts; rows in the order given."""
        rows = [e.ids for e in self.tokenizer.encode_batch(list(words))]
        ids, mask = pad_ids(rows)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        dims, width = self.manifest["dims"], self.manifest["tokens"]["dims"]
        vectors = np.zeros((len(rows), dims), np.float32)
        tokens = np.zeros((*ids.shape, width), np.float32)
        for at in range(0, len(order), batch):
            chosen = order[at : at + batch]
            longest = max(len(rows[i]) for i in chosen)
            feed = {"input_ids": ids[chosen, :longest], "attention_mask": mask[chosen, :longest]}
            vectors[chosen], tokens[chosen, :longest] = self._text.run(["embedding", "tokens"], feed)
        return AskedTexts(vectors, ids, tokens)
