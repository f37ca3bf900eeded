"""The graphs' shapes and promises, with tiny stand-ins for the pre-trained parts."""

import torch
from torch import nn

from gemba_pack.basis import token_basis
from gemba_pack.minilm import MiniLM
from gemba_pack.settings import Settings
from gemba_pack.tokens import pad_ids
from gemba_pack.towers import ImageTower, TextGraph, TextTower, VisionGraph
from gemba_pack.train_tuned import MASK_TOKEN, RunningMean, embed_texts, mask_words, rate_at

import numpy as np

SETTINGS = Settings(dims=32, image_hidden=8, text_hidden=8, token_dims=8)


def image_tower():
    torch.manual_seed(1)
    return ImageTower(SETTINGS, nn.Conv2d(192, 1280, 1)).eval()


def text_tower():
    torch.manual_seed(2)
    return TextTower(SETTINGS, MiniLM()).eval()


def basis():
    rows = nn.functional.normalize(torch.randn(64, SETTINGS.dims), dim=1)
    return token_basis(rows, rows, SETTINGS.token_dims)


def test_basis_is_orthonormal_and_keeps_what_lies_in_it():
    torch.manual_seed(0)
    flat = torch.zeros(50, 32)
    flat[:, :5] = nn.functional.normalize(torch.randn(50, 5), dim=1)
    found = token_basis(flat, flat, 8)
    assert torch.allclose(found.T @ found, torch.eye(8), atol=1e-5)
    assert torch.allclose((flat @ found).norm(dim=1), torch.ones(50), atol=1e-4)


@torch.inference_mode()
def test_vision_graph_answers_as_the_tower_and_gives_unit_tokens():
    tower = image_tower()
    maps = torch.randn(3, 192, 7, 7)
    embedding, tokens = VisionGraph(nn.Identity(), tower, basis(), 2)(maps)
    assert torch.allclose(embedding, tower(maps), atol=1e-5)
    assert tokens.shape == (3, 4, 8)
    assert torch.allclose(tokens.norm(dim=2), torch.ones(3, 4), atol=1e-4)


@torch.inference_mode()
def test_padding_changes_nothing_and_its_tokens_are_zero():
    graph = TextGraph(text_tower(), basis())
    short, long = [101, 2000, 102], [101, 2000, 3000, 4000, 5000, 102]
    ids, mask = (torch.from_numpy(x) for x in pad_ids([short, long]))
    together, tokens = graph(ids, mask)
    alone, _ = graph(ids[:1, :3], mask[:1, :3])
    assert torch.allclose(together[0], alone[0], atol=1e-5)
    assert (tokens[0, 3:] == 0).all()
    assert torch.allclose(tokens[1].norm(dim=1), torch.ones(6), atol=1e-4)


@torch.inference_mode()
def test_texts_keep_their_order_through_chunks_of_like_length():
    tower = text_tower()
    rows = [[101] + [2000 + i] * n + [102] for i, n in enumerate((5, 1, 9, 3, 7))]
    found = embed_texts(tower, rows, 0.0, np.random.default_rng(0))
    for row, vector in zip(rows, found):
        ids, mask = (torch.from_numpy(x) for x in pad_ids([row]))
        assert torch.allclose(tower(ids, mask)[0], vector, atol=1e-5)


def test_masking_spares_special_tokens():
    ids = np.array([[101, 2000, 3000, 102, 0]] * 50)
    masked = mask_words(ids, 0.5, np.random.default_rng(0))
    assert (masked[:, [0, 3, 4]] == ids[:, [0, 3, 4]]).all()
    assert 0.3 < (masked[:, 1:3] == MASK_TOKEN).mean() < 0.7


def test_running_mean_follows_and_rate_warms_up_and_falls():
    module = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(module.weight)
    mean = RunningMean(module, 0.5)
    nn.init.ones_(module.weight)
    for step in range(40):
        mean.update(module, step)
    assert abs(mean.module.weight.item() - 1) < 1e-3
    rates = [rate_at(s, 100) for s in range(100)]
    assert rates[0] < rates[4] and max(rates) <= 1.0 and rates[-1] < 0.05
