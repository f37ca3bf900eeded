"""The fixed basis in which tokens are stored: an uncentred PCA of cells and words in the shared space."""

import torch

from .towers import ImageTower, TextTower
from .projection import unit


def token_basis(cells: torch.Tensor, words: torch.Tensor, dims: int) -> torch.Tensor:
    """Unit rows cells [N, D] and words [M, D] -> basis [D, dims] with orthonormal columns.

    Both kinds count alike, so that neither a cell nor a word loses what the other could meet. It is not centred: the
    dot product of two vectors is then kept as far as it lies in the basis.
    """
    moment = cells.T @ cells / len(cells) + words.T @ words / len(words)
    _, vectors = torch.linalg.eigh(moment.double())
    return vectors.flip(1)[:, :dims].float().contiguous()


@torch.inference_mode()
def project_cells(tower: ImageTower, maps: torch.Tensor, batch: int = 64) -> torch.Tensor:
    """Maps after the trunk [N, 192, 7, 7] -> unit cell vectors [N * 49, D]."""
    parts = [tower.cells(tower.tail(maps[at : at + batch].float())).flatten(0, 1) for at in range(0, len(maps), batch)]
    return torch.cat(parts)


@torch.inference_mode()
def project_words(tower: TextTower, ids: torch.Tensor, mask: torch.Tensor, batch: int = 64) -> torch.Tensor:
    """ids and mask [N, L] -> unit word vectors of all that is not padding [M, D]."""
    parts = []
    for at in range(0, len(ids), batch):
        i, m = ids[at : at + batch], mask[at : at + batch]
        parts.append(unit(tower.projection(unit(tower.minilm(i, m))))[m.bool()])
    return torch.cat(parts)
