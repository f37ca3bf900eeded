"""The tokenizer: MiniLM's own file with truncation and padding switched off, so that the device decides both."""

from collections.abc import Sequence
import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from .minilm import model_folder


def write_tokenizer(path: Path) -> None:
    """Write tokenizer.json for the pack."""
    content = json.loads((model_folder() / "tokenizer.json").read_text(encoding="utf-8"))
    content["truncation"] = None
    content["padding"] = None
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def load_tokenizer(max_length: int) -> Tokenizer:
    """A tokenizer that truncates to `max_length` tokens, special ones included, and does not pad."""
    tokenizer = Tokenizer.from_file(str(model_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)
    return tokenizer


def pad_ids(rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of token ids -> ids and mask, int64 [B, longest row]; padding is 0 in both."""
    length = max(len(row) for row in rows)
    ids = np.zeros((len(rows), length), dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask
