"""refine.onnx: the formula, its properties, and the block against the reference values."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gemba_pack.refine_block import Block
from gemba_pack.refine_graph import INPUTS, OUTPUTS, RefineGraph, Weights, export_refine
from gemba_pack.runtime import session

GOLDEN = Path(__file__).parents[3] / "testdata" / "golden" / "refine_block.json"
TOKENS, DIMS = 16, 24


def problem(rng, k=5, n=8, l=4):
    def unit(x):
        return x / np.linalg.norm(x, axis=-1, keepdims=True)

    f = np.float32
    mask = np.ones((k, n), f)
    mask[1, n // 2 :] = 0
    weights = rng.random(l).astype(f)
    return {
        "word_tokens": unit(rng.normal(size=(l, TOKENS))).astype(f),
        "word_weights": weights / weights.sum(),
        "text": unit(rng.normal(size=DIMS)).astype(f),
        "visual_tokens": unit(rng.normal(size=(k, n, TOKENS))).astype(f),
        "visual_mask": mask,
        "vectors": unit(rng.normal(size=(k, DIMS))).astype(f),
        "first_stage": rng.normal(size=k).astype(f),
        "hub": rng.random(k).astype(f),
    }


def block():
    torch.manual_seed(3)
    return Block(TOKENS, TOKENS, DIMS, width=16, heads=2, hidden=32)


WEIGHTS = {
    "support": Weights(0.4),
    "terms": Weights(0.4, {"strongest": 0.3, "plain_cosine": -0.2, "hub": 0.1}),
    "block": Weights(0.4, gates=(0.5, -0.3)),
    "identity": Weights(),
}


@pytest.fixture(params=WEIGHTS, scope="module")
def run(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "refine.onnx"
    export_refine(RefineGraph(WEIGHTS[request.param], block()), TOKENS, DIMS, path)
    sess = session(path, 1)
    call = lambda p: dict(zip(OUTPUTS, sess.run(list(OUTPUTS), {i.name: p[i.name] for i in sess.get_inputs()})))
    call.name = request.param
    return call


def test_formula(run):
    p = problem(np.random.default_rng(1))
    got = run(p)
    for k in range(5):
        n = int(p["visual_mask"][k].sum())
        u, w = p["visual_tokens"][k, :n].astype(float), p["word_tokens"].astype(float)
        a = np.exp(25 * w @ u.T)
        a /= a.sum(1, keepdims=True)
        ctx = a @ u
        support = (w * ctx).sum(1) / np.linalg.norm(ctx, axis=1)
        np.testing.assert_allclose(got["support"][k], support, atol=2e-6)
        np.testing.assert_allclose(got["attention"][k, :, :n], a, atol=2e-6)
        assert (got["attention"][k, :, n:] == 0).all()
        want = p["first_stage"][k] + (0 if run.name == "identity" else 0.4) * (support * p["word_weights"]).sum()
        if run.name == "terms":
            want += 0.3 * ((w @ u.T).max(1) * p["word_weights"]).sum() - 0.2 * p["vectors"][k] @ p["text"] + 0.1 * p["hub"][k]
        if run.name != "block":
            assert got["score"][k] == pytest.approx(want, abs=3e-6)
    if run.name == "identity":
        assert (got["score"] == p["first_stage"]).all()


def test_a_pair_stands_alone(run):
    p = problem(np.random.default_rng(2), k=7)
    together = run(p)["score"]
    for k in range(7):
        alone = run({n: v[k : k + 1] if n not in ("word_tokens", "word_weights", "text") else v for n, v in p.items()})
        assert alone["score"][0] == pytest.approx(together[k], abs=1e-6)


def test_padding_does_not_matter(run):
    p = problem(np.random.default_rng(3))
    before = run(p)["score"]
    for junk in (1e6, np.nan, np.inf):
        p["visual_tokens"][1, 4:] = junk
        np.testing.assert_array_equal(run(p)["score"], before)


def test_order_of_cells_does_not_matter(run):
    p = problem(np.random.default_rng(4))
    before = run(p)["score"]
    p["visual_tokens"][0] = p["visual_tokens"][0, ::-1]
    np.testing.assert_allclose(run(p)["score"], before, atol=1e-6)


def test_block_against_reference():
    """The block in float64, on the cases whose end of text is the last word and that have no padding."""
    checked = 0
    for case in json.loads(GOLDEN.read_text())["cases"]:
        d = case["dims"]
        b = Block(d["Dv"], d["Dt"], d["D"], d["Da"], d["heads"], d["F"]).double()
        with torch.no_grad():
            for name, values in case["weights"].items():
                module = b
                for part in reference_path(name):
                    module = getattr(module, part)
                for key, value in values.items():
                    getattr(module, key).copy_(torch.tensor(value, dtype=torch.float64))
        visual = torch.tensor(case["visual_tokens"], dtype=torch.float64)[None]
        words = torch.tensor(case["text_tokens"], dtype=torch.float64)[None, : d["text_valid"]]
        if d["eot_index"] != d["text_valid"] - 1:
            continue
        r_v, r_t = b(visual, torch.ones(visual.shape[:2], dtype=torch.float64), words)
        for got, want in ((r_v, case["expect"]["r_v"]), (r_t, case["expect"]["r_t"])):
            np.testing.assert_allclose(got[0].detach().numpy(), want, atol=1e-10)
        checked += 1
    assert checked > 0


def reference_path(name):
    stream, _, part = name.partition(".")
    if not part:
        return [name.replace("ln_in_", "ln_")]
    inner = {"q": "attention", "k": "attention", "v": "attention", "o": "attention", "gate": "feed", "up": "feed", "down": "feed"}
    return [stream, *([inner[part]] if part in inner else []), part]
