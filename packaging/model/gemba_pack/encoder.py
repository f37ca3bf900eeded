"""A pack as its users run it: views of images to vectors, sentences to vectors, both by ONNX Runtime."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .pixels import deployed_view, to_input
from .runtime import run_batched, session
from .tokens import load_tokenizer, pad_ids


class PackEncoder:
    """The two graphs of a pack."""

    def __init__(self, vision: Path, text: Path, threads: int, max_tokens: int):
        self._vision, self._text = session(vision, threads), session(text, threads)
        self._tokenizer = load_tokenizer(max_tokens)

    def views(self, images: Sequence, views: Sequence[str]) -> np.ndarray:
        """RGB images -> unit vectors float32 [images, views, D]."""
        found = []
        for at in range(0, len(images), 32):
            pixels = np.stack([deployed_view(i, v) for i in images[at : at + 32] for v in views])
            embedding, _ = self._vision.run(None, {"pixels": to_input(pixels)})
            found.append(embedding.reshape(-1, len(views), embedding.shape[1]))
        return np.concatenate(found)

    def pixels(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [N, H, W, 3] -> embedding [N, D], tokens [N, cells, T]."""
        return tuple(run_batched(self._vision, {"pixels": to_input(pixels)}))

    def texts(self, words: Sequence[str]) -> np.ndarray:
        """Sentences -> unit vectors float32 [texts, D]."""
        rows = [e.ids for e in self._tokenizer.encode_batch(list(words))]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        found = None
        for at in range(0, len(order), 64):
            chosen = order[at : at + 64]
            ids, mask = pad_ids([rows[i] for i in chosen])
            embedding, _ = self._text.run(None, {"input_ids": ids, "attention_mask": mask})
            if found is None:
                found = np.empty((len(rows), embedding.shape[1]), np.float32)
            found[chosen] = embedding
        return found
